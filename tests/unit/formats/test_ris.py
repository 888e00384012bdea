"""RIS: what is read, what is refused, and what is written, as rispy reads it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import rispy

from embedder.build.diff import document_id
from embedder.errors import SourceError
from embedder.formats import ris
from embedder.records import Document
from tests.support.documents import PLAIN, generated, seeds, written

# As Zotero writes.
ZOTERO = """\
TY  - RPRT
TI  - Health and trafficking: a review
AU  - Surtees, Rebecca
AU  - Müller-Groß, Jörg
AU  - World Health Organization
AB  - First paragraph.

Second paragraph.
CY  - Geneva
DA  - 2014/05/12/
PY  - 2014
SP  - 12
EP  - 40
LA  - en
PB  - WHO
UR  - http://example.org/a?b=c
Y2  - 2020/01/01/12:00:00
KW  - Children
KW  - Human trafficking
ER  -

"""
# As EndNote writes.
ENDNOTE = """\
TY  - JOUR
AB  - One line
and the next.
AD  - Department of Health, Citation City
AU  - World Health Organization,
AU  - Doe, J.
DO  - 10.1234/5
KW  - citation
reference
  library
N1  - L0
2024-04-01
PY  - 2024
ST  - A short title
T2  - A journal
TI  - A title
that goes on
ID  - 123
ER  -
"""
# As older programs and databases write.
OLD = """\
Record #1 of 2
Provider: Provider

1.
TY  - JOUR
ID  - 1
T1  - One
A1  - Marx, Karl
A2  - Glattauer, Daniel
Y1  - 2014//
N2  - An abstract.
ER  -

2.
TY  - EDBOOK
ID  - 2
BT  - Two
ED  - Glattauer, Daniel
Y1  - n.d.
ER  -
"""

BEGINS = "a record begins with TY, two spaces, a hyphen and its type"


def write(folder: Path, text: str) -> Path:
    path = folder / "library.ris"
    path.write_bytes(text.encode())
    return path


def read(folder: Path, text: str) -> list[Document]:
    return [entry.document for entry in ris.read(write(folder, text))]


def problem_of(folder: Path, text: str) -> str:
    """Return the error, from its line number on."""
    path = write(folder, text)
    with pytest.raises(SourceError) as caught:
        list(ris.read(path))
    assert caught.value.message.startswith(f"{path}:{caught.value.line}: ")
    return caught.value.message.removeprefix(f"{path}:")


# What is read.


def test_what_zotero_writes(tmp_path: Path) -> None:
    assert read(tmp_path, ZOTERO) == [
        Document(
            id="",
            title="Health and trafficking: a review",
            abstract="First paragraph.\n\nSecond paragraph.",
            authors=("Rebecca Surtees", "Jörg Müller-Groß", "World Health Organization"),
            year=2014,
            topics=("Children", "Human trafficking"),
            sources=("library.ris",),
        )
    ]


def test_what_endnote_writes(tmp_path: Path) -> None:
    assert read(tmp_path, ENDNOTE) == [
        Document(
            id="",
            title="A title that goes on",
            abstract="One line and the next.",
            authors=("World Health Organization", "J. Doe"),
            year=2024,
            topics=("citation", "reference", "library"),
            sources=("library.ris",),
        )
    ]


def test_what_older_programs_write(tmp_path: Path) -> None:
    one, two = read(tmp_path, OLD)
    assert (one.title, one.abstract, one.year) == ("One", "An abstract.", 2014)
    assert (one.authors, one.id) == (("Karl Marx",), "")
    assert (two.title, two.authors, two.year) == ("Two", ("Daniel Glattauer",), None)


def test_entries_begin_at_their_lines(tmp_path: Path) -> None:
    assert [OLD.split("\n")[at] for at in (4, 14)] == ["TY  - JOUR", "TY  - EDBOOK"]
    for text, lines in ((OLD, [5, 15]), (ZOTERO + ZOTERO, [1, 22]), ("\n\n" + ENDNOTE, [3])):
        assert [entry.line for entry in ris.read(write(tmp_path, text))] == lines
        again = text.replace("\n", "\r\n")
        assert [entry.line for entry in ris.read(write(tmp_path, again))] == lines


def test_line_ends_and_byte_order_marks_make_no_difference(tmp_path: Path) -> None:
    text = "\ufeff" + ZOTERO.replace("\n", "\r\n")
    assert read(tmp_path, text) == read(tmp_path, ZOTERO)


def test_the_same_document_from_two_programs_has_one_id(tmp_path: Path) -> None:
    # Their own numbers differ, so they are not ids.
    records = [
        f"TY  - RPRT\nTI  - A title\nPY  - 2014\nID  - {number}\nER  - \n" for number in (1, 2)
    ]
    first, second = read(tmp_path, "".join(records))
    assert document_id(first) == document_id(second)


@pytest.mark.parametrize(
    ("lines", "abstract"),
    [
        ("AB  - a\nN2  - a", "a"),
        ("AB  - a\nN2  - b", "a\n\nb"),
        ("N2  - b\nAB  - a", "a\n\nb"),
        ("AB  - a\n\n\n\n  b  \nc\n", "a\n\nb c"),
        ("AB  - \n\na", "a"),
        ("AB  -", ""),
        ("AB  - UN - a hyphen", "UN - a hyphen"),
        ("AB  - a\nAB - no tag: one space", "a AB - no tag: one space"),
    ],
)
def test_an_abstract_may_be_on_several_lines(lines: str, abstract: str, tmp_path: Path) -> None:
    (found,) = read(tmp_path, f"TY  - JOUR\n{lines}\nER  - \n")
    assert found.abstract == abstract


def test_the_year_is_that_of_the_first_date_with_one(tmp_path: Path) -> None:
    (found,) = read(tmp_path, "TY  - JOUR\nDA  - 2016/01/01\nPY  - in press\nY1  - 2015//\nER  - ")
    assert found.year == 2015


def test_an_empty_name_is_not_an_author(tmp_path: Path) -> None:
    (found,) = read(tmp_path, "TY  - JOUR\nAU  - ,\nAU  - \nAU  - A, B\nAU  - A, B\nER  - ")
    assert found.authors == ("B A",)


# Records of ours.


def test_an_edit_by_a_reference_manager_is_kept(tmp_path: Path) -> None:
    text = written("ris", PLAIN)
    assert "C8  - " in text
    changed = text.replace("AB  - A study. In", "AB  - A new study. In")
    (found,) = read(tmp_path, changed)
    assert found.abstract == "A new study. In 50% of cases: “care”."
    assert found.id == PLAIN.id
    (found,) = read(tmp_path, text)
    assert found == PLAIN


def test_without_c8_the_plain_lines_are_read(tmp_path: Path) -> None:
    lines = written("ris", PLAIN).splitlines(keepends=True)
    (found,) = read(tmp_path, "".join(line for line in lines if not line.startswith("C8")))
    assert found.abstract == "A study. In 50% of cases: “care”."
    assert found.countries == PLAIN.countries


def test_our_own_tags_are_not_read_in_records_of_others(tmp_path: Path) -> None:
    text = "TY  - JOUR\nDB  - Medline\nAN  - 42\nC1  - Funding\nC2  - 7\nC8  - x\nTI  - a\nER  - "
    assert read(tmp_path, text) == [Document("", "a", "", sources=("library.ris",))]


@pytest.mark.parametrize(
    "exact", ['{"title": 1}', "[]", "1", '{"countries": ["a", 1]}', '{"id": {}}', '{"x": "y"}']
)
def test_an_unusable_exact_value_is_ignored(exact: str, tmp_path: Path) -> None:
    (found,) = read(tmp_path, f"TY  - RPRT\nDB  - Fingerpost\nTI  - a\nC8  - {exact}\nER  - ")
    assert found == Document("", "a", "", sources=("library.ris",))


# What is refused.


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param(
            "TI  - a\nER  - \n",
            f"1: 'TI' is outside a record; {BEGINS}",
            id="no beginning",
        ),
        pytest.param(
            "TY  - JOUR\nER  - \n\nER  - \n",
            f"4: 'ER' is outside a record; {BEGINS}",
            id="a second end",
        ),
        pytest.param(
            "\nTY  - JOUR\nTI  - a\n",
            "2: the record that begins here has no end: ER, two spaces and a hyphen",
            id="no end",
        ),
        pytest.param(
            "TY  - JOUR\nTI  - a\n\nTY  - JOUR\nER  - ",
            "1: the record that begins here has no end: ER, two spaces and a hyphen",
            id="no end before the next",
        ),
        pytest.param(
            "a\nb",
            f"1: there is no record in this file; {BEGINS}",
            id="no record",
        ),
        pytest.param(
            "TY - JOUR\nER - \n",
            f"1: there is no record in this file; {BEGINS}",
            id="one space",
        ),
        pytest.param(
            "TY  - JOUR\nTI  - a\nT1  - b\nER  - ",
            "1: the record that begins here has two titles; keep one of them: ('a', 'b')",
            id="two titles",
        ),
        pytest.param(
            "TY  - JOUR\nPY  - 14\nER  - ",
            "1: PY: '14' has no year of four digits, from 1000 to 2999; correct it or remove it",
            id="a year of two digits",
        ),
        pytest.param(
            "TY  - RPRT\nDB  - Fingerpost\nC8  - {\nER  - ",
            "1: C8 is not JSON: Expecting property name enclosed in double quotes: "
            "line 1 column 2 (char 1). Correct the line or remove it",
            id="not JSON",
        ),
        pytest.param(
            "TY  - RPRT\nDB  - Fingerpost\nAN  - a/similar\nER  - ",
            "1: id: an id cannot end in '/similar'",
            id="a URL of the API",
        ),
        pytest.param(
            "TY  - RPRT\nDB  - Fingerpost\nC2  - QQQ\nER  - ",
            "1: country_codes.0: Value error, 'QQQ' is not a country code",
            id="unknown code",
        ),
        pytest.param("", "1: the file is empty", id="empty"),
    ],
)
def test_what_cannot_be_read_is_refused(text: str, problem: str, tmp_path: Path) -> None:
    assert problem_of(tmp_path, text) == problem


# What is written.


def parse(*documents: Document) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = rispy.loads(written("ris", *documents))
    return records


def test_a_record_has_this_form() -> None:
    assert written("ris", replace(PLAIN, abstract="A study.")) == (
        "TY  - RPRT\n"
        "DB  - Fingerpost\n"
        "ID  - health-mekong\n"
        "AN  - health-mekong\n"
        "TI  - Health & Human Trafficking\n"
        "AU  - C. Zimmerman et al.\n"
        "AU  - International Organization for Migration (IOM)\n"
        "PY  - 2014\n"
        "AB  - A study.\n"
        "KW  - Trafficking\n"
        "KW  - Health; care\n"
        "C1  - Thailand; Congo, Democratic Republic of the\n"
        "C2  - THA; COD\n"
        "C3  - Asia and the Pacific\n"
        "C4  - Reports\n"
        "C5  - 000.txt; 004.txt\n"
        "ER  - \n\n"
    )


def test_rispy_reads_the_seeds() -> None:
    documents = seeds()
    for document, record in zip(documents, parse(*documents), strict=True):
        assert record["type_of_reference"] == "RPRT"
        assert (record["id"], record["accession_number"]) == (document.id, document.id)
        assert record["title"] == document.title.strip()
        assert record["abstract"] == " ".join(document.abstract.split())
        assert tuple(record.get("authors", ())) == document.authors
        assert record["year"] == str(document.year)
        assert tuple(record["keywords"]) == document.topics
        assert record["custom1"] == "; ".join(document.countries)
        assert "unknown_tag" not in record


def test_rispy_finds_one_record_per_document_with_any_text() -> None:
    documents = generated(200)
    for document, record in zip(documents, parse(*documents), strict=True):
        assert record["accession_number"].split() == document.id.split()
        assert record["name_of_database"] == "Fingerpost"
        assert "unknown_tag" not in record


def test_a_value_that_a_line_cannot_hold_is_also_in_c8() -> None:
    (record,) = parse(PLAIN)
    assert record["abstract"] == "A study. In 50% of cases: “care”."
    assert json.loads(record["custom8"]) == {"abstract": PLAIN.abstract}
    assert record["custom8"].isascii()
    assert "custom8" not in parse(replace(PLAIN, abstract="A study."))[0]


@pytest.mark.parametrize(
    "name", ["International Organization for Migration (IOM)", "Walk Free Foundation", "Ärzte"]
)
def test_a_name_without_a_comma_is_kept_whole(name: str) -> None:
    (record,) = parse(replace(PLAIN, authors=(name,), abstract=""))
    assert record["authors"] == [name]
    assert "custom8" not in record


def test_a_name_with_a_comma_is_also_in_c8() -> None:
    name = "Ministry of Labour, Invalids and Social Affairs"
    (record,) = parse(replace(PLAIN, authors=(name,), abstract=""))
    assert record["authors"] == [name]
    assert json.loads(record["custom8"]) == {"authors": [name]}
