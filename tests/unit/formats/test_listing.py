# ruff: noqa: E501 - titles are citations, one exact line each.
from __future__ import annotations

import codecs
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from embedder.build.diff import find_changes, identify
from embedder.errors import SourceError
from embedder.formats import listing
from embedder.records import Document, Entry
from tests.conftest import SEEDS

PAGES = sorted(SEEDS.glob("*.txt"))

PAGE_0, PAGE_1, PAGE_2, PAGE_3, PAGE_4 = (
    "000_7dcb1351ec7842b8.txt",
    "001_f14cff413b8cafab.txt",
    "002_d928f7a9413ea7ac.txt",
    "003_f005a1423787d539.txt",
    "004_6620e883614441ff.txt",
)
TRAFFICKING = ("Trafficking",)
REFERRAL = ("Referral Mechanisms",)
BOTH = ("Trafficking", "Referral Mechanisms")
WORLDWIDE = ("Worldwide",)
NO_CODE = ()
NOBODY = ()
ASIA = ("Asia and the Pacific",)
MENA = ("Middle East and North Africa",)
WEST_AFRICA = ("West and Central Africa",)
HORN = ("East Africa and the Horn of Africa",)
EAST_EUROPE = ("South-Eastern Europe, Eastern Europe and Central Asia",)
CENTRAL_AMERICA = ("Central and North America and the Caribbean",)


class Row(NamedTuple):
    title: str
    countries: tuple[str, ...]
    codes: tuple[str, ...]
    regions: tuple[str, ...]
    authors: tuple[str, ...]
    year: int | None
    topics: tuple[str, ...]
    sources: tuple[str, ...]


# Copied from the pages by hand, in their order; the three documents on two pages once.
# fmt: off
ROWS = [
    Row("IOM Case Data Analysis Human Trafficking", ("Bangladesh",), ("BGD",), ASIA, NOBODY, 2019, BOTH, (PAGE_0, PAGE_2)),
    Row("Combatting Human Trafficking Since Palermo: What Do We Know about What Works?", WORLDWIDE, NO_CODE, WORLDWIDE, ("Katharine Bryant", "Todd Landman"), 2020, TRAFFICKING, (PAGE_0,)),
    Row("Human Trafficking - How To Investigate It? Training Manual for Law Enforcement Officers", WORLDWIDE, NO_CODE, WORLDWIDE, ("Paul David Newton",), 2015, TRAFFICKING, (PAGE_0,)),
    Row("Smuggled South: An Updated Overview of Mixed Migration From the Horn of Africa to Southern Africa With Specific Focus on Protections Risks, Human Smuggling and Trafficking", WORLDWIDE, NO_CODE, HORN, ("Bram Frouws", "Christopher Horwood"), 2017, TRAFFICKING, (PAGE_0,)),
    Row("Report on the National Action Plan to Fight Trafficking in Human Beings of the Republic of Azerbaijan", ("Azerbaijan",), ("AZE",), EAST_EUROPE, ("Ivanka Heinzl",), 2019, BOTH, (PAGE_0, PAGE_2)),
    Row("Trafficking Along Migration Routes to Europe. Bridging the Gap Between Migration, Asylum and Anti-Trafficking", WORLDWIDE, NO_CODE, WORLDWIDE, ("Roberto Forin", "Claire Healy"), 2018, BOTH, (PAGE_0, PAGE_2)),
    Row("The Demand-Side in Anti-Trafficking: Current Measures and Ways Forward", WORLDWIDE, NO_CODE, WORLDWIDE, NOBODY, 2017, TRAFFICKING, (PAGE_0,)),
    Row("The Role of Labour Inspections in Addressing Trafficking for Labour Exploitation", WORLDWIDE, NO_CODE, WORLDWIDE, NOBODY, 2017, TRAFFICKING, (PAGE_0,)),
    Row("How are the War in Syria and the Refugee Crisis Affecting Human Trafficking?", ("Syrian Arab Republic",), ("SYR",), MENA, ("Claire Healy",), 2016, TRAFFICKING, (PAGE_0,)),
    Row("Understanding Human Trafficking In Conflict", WORLDWIDE, NO_CODE, WORLDWIDE, ("Jamille Bigio", "Rachel Vogelstein"), 2019, TRAFFICKING, (PAGE_1,)),
    Row("COVID-19 Impact on Trafficking in Persons - A Protection, Gender & Inclusion (PGI) Technical Guidance Note", WORLDWIDE, NO_CODE, WORLDWIDE, NOBODY, 2020, TRAFFICKING, (PAGE_1,)),
    Row("Smuggling in the Time of COVID-19", WORLDWIDE, NO_CODE, WORLDWIDE, ("Lucia Bird",), 2020, TRAFFICKING, (PAGE_1,)),
    Row("Global Phenomenon, Invisible Cases: Human Trafficking in Sub-Saharan Africa, the Caribbean and the Pacific", WORLDWIDE, NO_CODE, WORLDWIDE, NOBODY, 2011, TRAFFICKING, (PAGE_1,)),
    Row("First Aid Kit for Use by Law Enforcement First Responders in Addressing Human Trafficking", WORLDWIDE, NO_CODE, WORLDWIDE, NOBODY, 2009, TRAFFICKING, (PAGE_1,)),
    Row("Transnational Organized Crime in Central America and The Caribbean. A Threat Assessment", WORLDWIDE, NO_CODE, CENTRAL_AMERICA, NOBODY, 2012, TRAFFICKING, (PAGE_1,)),
    Row("Simulation-Based Training Exercises to Combat Human Trafficking. A Practical Handbook", WORLDWIDE, NO_CODE, WORLDWIDE, NOBODY, 2019, TRAFFICKING, (PAGE_1,)),
    Row("The Global Slavery Index 2018. Europe and Central Asia Report", WORLDWIDE, NO_CODE, WORLDWIDE, ("Walk Free Foundation",), 2018, TRAFFICKING, (PAGE_1,)),
    Row("Measurement Action Freedom. An Independent Assessment of Government Progress Towards Achieving UN Sustainable Development Goal 8.7", WORLDWIDE, NO_CODE, WORLDWIDE, ("Walk Free Foundation",), 2019, TRAFFICKING, (PAGE_1,)),
    Row("Unseen, Unheard: Gender-Based Violence in Disasters Global Study", WORLDWIDE, NO_CODE, WORLDWIDE, NOBODY, 2015, TRAFFICKING, (PAGE_1,)),
    Row("What is Trafficking in Human Beings? Trainer's manual", WORLDWIDE, NO_CODE, WORLDWIDE, ("Madis Vainomaa", "Ivanka Heinzl"), 2019, REFERRAL, (PAGE_2,)),
    Row("How to Prevent Human Trafficking Among People Travelling Along Migration Routes to Europe", WORLDWIDE, NO_CODE, WORLDWIDE, ("Claire Healy",), 2019, REFERRAL, (PAGE_2,)),
    Row("Training-of-Trainers Curriculum on Standard Operating Procedures for Identification and Referral of Trafficked Persons in Lebanon", ("Lebanon",), ("LBN",), MENA, ("Markéta Von Hagen",), 2013, REFERRAL, (PAGE_2,)),
    Row("The Way Forward in Establishing Effective Transnational Referral Mechanisms. A Report Based on Experiences in Cases of Human Trafficking in South-Eastern Europe", WORLDWIDE, NO_CODE, WORLDWIDE, NOBODY, 2012, REFERRAL, (PAGE_2,)),
    Row("Action to Assist and Protect Trafficked Persons.Guidance for European Red Cross National Societies on Assistance and Protection to Victims of Human Trafficking", WORLDWIDE, NO_CODE, WORLDWIDE, NOBODY, 2017, REFERRAL, (PAGE_2,)),
    Row("Hope For the Future: Support For Survivors of Trafficking After the National Referral Mechanism", WORLDWIDE, NO_CODE, WORLDWIDE, NOBODY, 2020, REFERRAL, (PAGE_2,)),
    Row("Framework Document. Developing Standard Operating Procedures to Facilitate the Identificaction and Protection of Victims of Trafficking", WORLDWIDE, NO_CODE, WORLDWIDE, NOBODY, 2020, TRAFFICKING, (PAGE_3,)),
    Row("Anti-Trafficking in Humanitarian Responses: A Brief Overview and Analysis of Current Practices and Challenges in Addressing Trafficking in Persons Based on Interviews with Protection Cluster and AOR Coordinators", WORLDWIDE, NO_CODE, WORLDWIDE, NOBODY, 2018, TRAFFICKING, (PAGE_3,)),
    Row("Beneath the Surface -Methodological Issues in Research and Data Collection with Assisted Trafficking Victims", WORLDWIDE, NO_CODE, WORLDWIDE, ("Rebecca Surtees", "Sarah Craggs"), 2010, TRAFFICKING, (PAGE_3,)),
    Row("UN.GIFT, Human Trafficking and Business: Good Practices to Prevent and Combat Human Trafficking", WORLDWIDE, NO_CODE, WORLDWIDE, ("Philip Hunter",), 2010, TRAFFICKING, (PAGE_3,)),
    Row("Harrowing Journeys: Children and Youth on the Move Across the Mediterranean Sea, at Risk of Trafficking and Exploitation", WORLDWIDE, NO_CODE, WORLDWIDE, NOBODY, 2017, TRAFFICKING, (PAGE_3,)),
    Row("Assessment of Borno and Adamawa States for the Project on Strengthening Response Mechanisms and Accountability to Gender-Based Violence and Trafficking in Persons in North-East Nigeria", ("Nigeria",), ("NGA",), WEST_AFRICA, NOBODY, 2019, TRAFFICKING, (PAGE_3,)),
    Row("Trafficking in Persons Report 20th Edition", WORLDWIDE, NO_CODE, WORLDWIDE, NOBODY, 2020, REFERRAL, (PAGE_4,)),
    Row("Human Trafficking and Exploitation Lessons from Europe", WORLDWIDE, NO_CODE, WORLDWIDE, ("Katie Klaffenböck", "Irina Todorova", "Michela Macchiavello"), 2017, REFERRAL, (PAGE_4,)),
    Row("The Other Migrant Crisis", WORLDWIDE, NO_CODE, MENA, ("Samantha McCormack", "Jacqueline Joudo Larsen (Walk Free Foundation)", "Hana Abul Husn (International Organization For Migration)"), 2015, REFERRAL, (PAGE_4,)),
    Row("Human Trafficking: Interdisciplinary Perspectives (Criminology and Justice Studies)", WORLDWIDE, NO_CODE, WORLDWIDE, ("Mary C. Burke",), 2017, REFERRAL, (PAGE_4,)),
    Row("Harnessing Accumulated Knowledge to Respond to Trafficking in Persons: A Toolkit for Guidance in Designing and Evaluating Counter-Trafficking Programmes", WORLDWIDE, NO_CODE, WORLDWIDE, NOBODY, 2016, REFERRAL, (PAGE_4,)),
    Row("Health and Human Trafficking in the Greater Mekong Subregion", ("Thailand", "Cambodia", "Vietnam"), ("THA", "KHM", "VNM"), ASIA, ("C. Zimmerman et al.",), 2014, REFERRAL, (PAGE_4,)),
    Row("Trafficking in Human Beings and Smuggling of Migrants in ACP Countries: Key Challenges and Ways Forward", WORLDWIDE, NO_CODE, WORLDWIDE, ("Lori J. Mann",), 2018, REFERRAL, (PAGE_4,)),
    Row("Making Your Travel Safe: Tips on Safe Migration Practices for Youth", ("Armenia", "Azerbaijan", "Georgia"), ("ARM", "AZE", "GEO"), EAST_EUROPE, NOBODY, 2013, REFERRAL, (PAGE_4,)),
    Row("Caring for Trafficked Persons Guidance for Health Providers", WORLDWIDE, NO_CODE, WORLDWIDE, NOBODY, 2009, REFERRAL, (PAGE_4,)),
    Row("The Causes and Consequences of Re-trafficking: Evidence from the IOM Human Trafficking Database", WORLDWIDE, NO_CODE, WORLDWIDE, ("Alison Jobe",), 2010, REFERRAL, (PAGE_4,)),
]
# fmt: on


@pytest.fixture(scope="module")
def entries() -> list[Entry]:
    return [entry for path in PAGES for entry in listing.read(path)]


@pytest.fixture(scope="module")
def documents(entries: list[Entry]) -> dict[str, Document]:
    found = find_changes(identify(entries), kept=[], stored={}, forgotten=[])
    return {document.title: document for document in found.new}


def raw_lines(path: Path) -> list[str]:
    return path.read_bytes().decode("utf-8").split("\n")


# The seeds.


def test_each_page_gives_its_entries(entries: list[Entry]) -> None:
    counts = {path.name: 0 for path in PAGES}
    for entry in entries:
        counts[entry.path.name] += 1
    assert counts == {PAGE_0: 9, PAGE_1: 10, PAGE_2: 9, PAGE_3: 6, PAGE_4: 10}


def test_44_entries_are_41_documents_in_the_order_of_the_pages(
    entries: list[Entry], documents: dict[str, Document]
) -> None:
    assert len(entries) == 44
    assert list(documents) == [row.title for row in ROWS]
    assert len(documents) == 41
    assert len({document.id for document in documents.values()}) == 41


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.title[:48])
def test_a_seed_document_is_as_on_its_page(row: Any, documents: dict[str, Document]) -> None:
    found = documents[row.title]
    assert row == Row(
        found.title,
        found.countries,
        found.country_codes,
        found.regions,
        found.authors,
        found.year,
        found.topics,
        found.sources,
    )
    assert found.category is None


def test_titles_and_abstracts_are_exact_lines_of_the_page(entries: list[Entry]) -> None:
    for entry in entries:
        lines = raw_lines(entry.path)
        above, title, blank, abstract, under = lines[entry.line - 2 : entry.line + 3]
        assert (above, blank, under) == ("", "", "Country")
        assert entry.document.title == title
        assert entry.document.abstract == abstract


def test_no_long_line_of_a_page_is_left_out(entries: list[Entry]) -> None:
    prose = {line for path in PAGES for line in raw_lines(path) if len(line) > 220}
    assert prose == {entry.document.abstract for entry in entries}
    assert len(prose) == 41


def test_typography_of_the_pages_is_kept(documents: dict[str, Document]) -> None:
    assert "IOM’s caseload" in documents["IOM Case Data Analysis Human Trafficking"].abstract
    longest = max(documents.values(), key=lambda each: len(each.abstract))
    assert longest.title.startswith("Trafficking Along Migration Routes to Europe.")
    assert "entering EU countries.This situation" in longest.abstract


@pytest.mark.parametrize(
    "rewrite",
    [
        pytest.param(lambda raw: raw.replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(lambda raw: raw.replace(b"\n", b"\r"), id="CR"),
        pytest.param(lambda raw: codecs.BOM_UTF8 + raw, id="BOM"),
        pytest.param(lambda raw: codecs.BOM_UTF8 + raw.replace(b"\n", b"\r\n"), id="BOM and CRLF"),
        pytest.param(lambda raw: raw.rstrip(b"\n"), id="no line end at the end"),
        pytest.param(lambda raw: raw + b"\n\n \n", id="blank lines at the end"),
    ],
)
def test_line_ends_and_byte_order_marks_make_no_difference(
    rewrite: Any, entries: list[Entry], tmp_path: Path
) -> None:
    for page in PAGES:
        copy = tmp_path / page.name
        copy.write_bytes(rewrite(page.read_bytes()))
        found = [(each.line, each.document) for each in listing.read(copy)]
        assert found == [(each.line, each.document) for each in entries if each.path == page]


# Invented pages.

ENTRY = [
    "A title",
    "",
    "An abstract.",
    "Country",
    "Lebanon",
    "Region",
    "Middle East",
    "North Africa",
    "Year",
    "2019",
    "Category",
]


def write_page(folder: Path, *lines: str) -> Path:
    path = folder / "page.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def page_with(folder: Path, *entry: str) -> Path:
    return write_page(folder, "Skip to main content", "", "Trafficking", "", *entry)


def read_one(folder: Path, *entry: str) -> Document:
    (found,) = listing.read(page_with(folder, *entry))
    return found.document


def test_an_entry_has_no_id_but_file_and_line(tmp_path: Path) -> None:
    path = page_with(tmp_path, *ENTRY, "", *ENTRY)
    first, second = listing.read(path)
    assert (first.path, first.line, second.line) == (path, 5, 17)
    assert first.document == second.document
    assert first.document == Document(
        id="",
        title="A title",
        abstract="An abstract.",
        countries=("Lebanon",),
        country_codes=("LBN",),
        regions=("Middle East and North Africa",),
        authors=(),
        year=2019,
        topics=("Trafficking",),
        category=None,
        sources=("page.txt",),
    )


@pytest.mark.parametrize("word", listing.LABELS)
def test_a_label_in_prose_is_not_a_label(word: Any, tmp_path: Path) -> None:
    title, abstract = f"{word} of origin", f"{word} is a word. {word}: {word}"
    found = read_one(tmp_path, title, "", abstract, *ENTRY[3:])
    assert (found.title, found.abstract) == (title, abstract)
    assert (found.countries, found.year) == (("Lebanon",), 2019)


def test_a_label_in_place_of_a_title_is_a_title(tmp_path: Path) -> None:
    _, second = listing.read(page_with(tmp_path, *ENTRY, "", "Region", "", *ENTRY[2:]))
    assert second.document.title == "Region"
    assert second.document.regions == ("Middle East and North Africa",)


def test_the_topic_may_be_directly_below_the_first_line(tmp_path: Path) -> None:
    (found,) = listing.read(write_page(tmp_path, HEAD[0], "Trafficking", "", *ENTRY))
    assert (found.document.topics, found.line) == (("Trafficking",), 4)


def test_labels_may_be_in_any_order(tmp_path: Path) -> None:
    found = read_one(
        tmp_path,
        *ENTRY[:3],
        "Category",
        "Year",
        "2019",
        "Region",
        "Worldwide",
        "Country",
        "Lebanon",
    )
    assert (found.countries, found.regions, found.year) == (("Lebanon",), ("Worldwide",), 2019)


def test_a_category_is_kept(tmp_path: Path) -> None:
    assert read_one(tmp_path, *ENTRY, "Reports").category == "Reports"


def test_spaces_around_labels_and_values_are_dropped_but_not_those_of_a_citation(
    tmp_path: Path,
) -> None:
    found = read_one(
        tmp_path,
        " A  title ",
        " ",
        " An  abstract. ",
        "Country ",
        " Lebanon\t",
        "Region",
        "Worldwide ",
        "Year",
        " 2019 ",
    )
    assert (found.title, found.abstract) == (" A  title ", " An  abstract. ")
    assert (found.countries, found.regions, found.year) == (("Lebanon",), ("Worldwide",), 2019)


@pytest.mark.parametrize(
    "odd", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"], ids=lambda odd: f"U+{ord(odd):04X}"
)
def test_only_line_feeds_end_lines(odd: str, tmp_path: Path) -> None:
    abstract = f"One{odd}two{odd}Country"
    assert read_one(tmp_path, "A title", "", abstract, *ENTRY[3:]).abstract == abstract


HEAD = ["Skip to main content", "", "Trafficking", ""]


def without(label: str, *values: str) -> list[str]:
    return [line for line in ENTRY if line not in (label, *values)]


@pytest.mark.parametrize(
    ("lines", "line", "problem"),
    [
        pytest.param(
            [HEAD[0], "", *ENTRY], 3,
            "the page's topic is missing: an entry is in its place",
            id="no topic",
        ),
        pytest.param(
            [HEAD[0]], 2,
            "the page's topic is missing: the first line is the only one",
            id="first line alone",
        ),
        pytest.param(
            [HEAD[0], "", "Trafficking", "in persons", "", "A title", "", *ENTRY[2:]], 3,
            "the page's topic is missing: an entry is in its place",
            id="topic of two lines",
        ),
        pytest.param(HEAD, 3, "the page has a topic but no entries", id="no entries"),
        pytest.param(
            [*HEAD, *ENTRY, "", "Title", "", *ENTRY[3:]], 19,
            "the label 'Country' is not below an abstract",
            id="label without an abstract",
        ),
        pytest.param(
            [*HEAD, *without("Year", "2019")], 5, "the entry that begins here has no Year", id="no year"
        ),
        pytest.param(
            [*HEAD, *without("2019")], 5, "the entry that begins here has no Year", id="year without value"
        ),
        pytest.param(
            [*HEAD, *ENTRY[:9], "in 2019"], 14, "'in 2019' is not a year from 1000 to 2999", id="year is not a number"
        ),
        pytest.param([*HEAD, *ENTRY[:9], "20199"], 14, "'20199' is not a year from 1000 to 2999", id="five digits"),
        pytest.param([*HEAD, *ENTRY[:9], "0019"], 14, "'0019' is not a year from 1000 to 2999", id="year too early"),
        pytest.param([*HEAD, *ENTRY[:9], "٢٠١٩"], 14, "'٢٠١٩' is not a year from 1000 to 2999", id="year in other digits"),
        pytest.param(
            [*HEAD, *ENTRY[:10], "2020"], 15, "the entry has a second year; keep one of them", id="two years"
        ),
        pytest.param([*ENTRY], 1, "a listing page begins with the line 'Skip to main content'", id="no first line"),
        pytest.param(
            ["", *HEAD, *ENTRY], 1, "a listing page begins with the line 'Skip to main content'", id="blank first line"
        ),
        pytest.param(
            [*HEAD, *ENTRY, "", "Another title"], 17, "the entry has a title but no abstract", id="title alone at the end"
        ),
        pytest.param(
            [*HEAD, *ENTRY[:10], "Country", "Georgia"], 15, "the entry has the label 'Country' twice", id="label twice"
        ),
        pytest.param(
            [*HEAD, *ENTRY[:3], "Publisher", *ENTRY[3:]], 8,
            "expected a label below the abstract: Country, Region, Authors, Year, Category",
            id="unknown line under the abstract",
        ),
        pytest.param(
            [*HEAD, *without("Country", "Lebanon")], 5, "the entry that begins here has no Country", id="no country"
        ),
        pytest.param(
            [*HEAD, *without("Lebanon")], 5, "the entry that begins here has no Country", id="country without value"
        ),
        pytest.param(
            [*HEAD, *without("Region", "Middle East", "North Africa")], 5,
            "the entry that begins here has no Region",
            id="no region",
        ),
        pytest.param(
            [*HEAD, *ENTRY, "", "A title", "of two lines", "", *ENTRY[2:]], 17,
            "expected a title here, one line between blank lines",
            id="title of two lines",
        ),
        pytest.param(
            [*HEAD, *ENTRY[:3], "", *ENTRY[3:]], 5, "the entry that begins here has no Country", id="blank line under the abstract"
        ),
        # Once dropped silently.
        pytest.param(
            [*HEAD, *ENTRY, "Reports", "Manuals"], 17, "the entry has a second category; keep one of them", id="two categories"
        ),
    ],
)  # fmt: skip
def test_a_malformed_page_is_an_error_with_its_line(
    lines: Any, line: int, problem: str, tmp_path: Path
) -> None:
    path = write_page(tmp_path, *lines)
    with pytest.raises(SourceError) as caught:
        list(listing.read(path))
    assert caught.value.message == f"{path}:{line}: {problem}"
    assert (caught.value.path, caught.value.line) == (str(path), line)


PAGE = "\n".join([*HEAD, *ENTRY]) + "\n"


@pytest.mark.parametrize(
    ("raw", "line", "problem"),
    [
        pytest.param(b"", 1, "the file is empty", id="empty"),
        pytest.param(b" \r\n\t\n", 1, "the file is empty", id="white space only"),
        # A byte order mark alone is not text.
        pytest.param(codecs.BOM_UTF8 + b"\n", 1, "the file is empty", id="BOM only"),
        pytest.param(
            PAGE.replace("Lebanon", "Líbano").encode("latin-1"), 9,
            "byte 0xed is not UTF-8; save the file as UTF-8",
            id="latin-1",
        ),
        pytest.param(
            PAGE.replace("Lebanon", "Líbano").replace("\n", "\r\n").encode("latin-1"), 9,
            "byte 0xed is not UTF-8; save the file as UTF-8",
            id="latin-1 with CRLF",
        ),
        # A lone CR ends a line for this error too.
        pytest.param(
            PAGE.replace("Lebanon", "Líbano").replace("\n", "\r").encode("latin-1"), 9,
            "byte 0xed is not UTF-8; save the file as UTF-8",
            id="latin-1 with CR",
        ),
        # The error must count the three bytes of the mark.
        pytest.param(
            codecs.BOM_UTF8 + PAGE.replace("Lebanon", "Ébanon").encode("latin-1"), 9,
            "byte 0xc9 is not UTF-8; save the file as UTF-8",
            id="latin-1 after a BOM",
        ),
        pytest.param(
            PAGE.encode("utf-16"), 1, "byte 0xff is not UTF-8; save the file as UTF-8", id="UTF-16"
        ),
        pytest.param(
            PAGE.encode("utf-16-le"), 1,
            "a listing page begins with the line 'Skip to main content'",
            id="UTF-16 without a mark",
        ),
    ],
)  # fmt: skip
def test_a_page_that_is_not_utf8_is_an_error(
    raw: Any, line: int, problem: str, tmp_path: Path
) -> None:
    path = tmp_path / "page.txt"
    path.write_bytes(raw)
    with pytest.raises(SourceError) as caught:
        list(listing.read(path))
    assert caught.value.message == f"{path}:{line}: {problem}"
    assert caught.value.line == line


def test_a_missing_page_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "page.txt"
    with pytest.raises(SourceError) as caught:
        list(listing.read(path))
    assert caught.value.message == f"{path}: cannot be read: No such file or directory"
    assert caught.value.line is None


# Authors.


@pytest.mark.parametrize(
    ("values", "authors"),
    [
        (["Rebecca Surtees And Sarah Craggs"], ("Rebecca Surtees", "Sarah Craggs")),
        (["Rebecca Surtees and Sarah Craggs"], ("Rebecca Surtees", "Sarah Craggs")),
        (["Mary C. Burke And Seán O’Brien-Smith"], ("Mary C. Burke", "Seán O’Brien-Smith")),
        (["Ann Ash And Ben Birk And Cy Cork"], ("Ann Ash", "Ben Birk", "Cy Cork")),
        (["Edited By Mary C. Burke"], ("Mary C. Burke",)),
        (["edited by Mary C. Burke"], ("Mary C. Burke",)),
        (["Edited By Ann Ash And Ben Birk"], ("Ann Ash", "Ben Birk")),
        (["Zimmerman", "C. Et Al."], ("C. Zimmerman et al.",)),
        (["Zimmerman", "C.A. et al"], ("C.A. Zimmerman et al.",)),
        (["Ann Ash", "Zimmerman", "C. Et Al."], ("Ann Ash", "C. Zimmerman et al.")),
        (["Claire Healy", "C. Et Al."], ("Claire Healy", "C. Et Al.")),
        (["C. Et Al."], ("C. Et Al.",)),
        (["Ann Ash", "Ben Birk", "Ann Ash"], ("Ann Ash", "Ben Birk")),
    ],
    ids=lambda value: " + ".join(value) if isinstance(value, list) else "",
)
def test_garbled_authors_are_corrected(
    values: list[str], authors: tuple[str, ...], tmp_path: Path
) -> None:
    assert read_one(tmp_path, *ENTRY[:8], "Authors", *values, *ENTRY[8:]).authors == authors


@pytest.mark.parametrize(
    "name",
    [
        "United Nations Office On Drugs And Crime",
        "Food And Agriculture Organization",
        "Organization For Security And Co-operation In Europe",
        "Ministry Of Labour And Social Affairs",
        "Gender And Development Network",
        "International Federation Of Red Cross And Red Crescent Societies",
        "Jacqueline Joudo Larsen (Walk Free Foundation)",
        "Hana Abul Husn (International Organization For Migration)",
        "Ann Ash And Unicef",
        # Once split in two: their nouns were not known.
        "Home Affairs And Social Services Department",
        "Legal Aid And Human Rights Association",
        "Red Cross And Red Crescent Societies",
    ],
)
def test_an_organisation_stays_whole(name: str, tmp_path: Path) -> None:
    assert read_one(tmp_path, *ENTRY[:8], "Authors", name, *ENTRY[8:]).authors == (name,)
