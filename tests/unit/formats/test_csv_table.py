"""CSV: what is read, what is refused, and what is written, as Python's csv module reads it."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from embedder.errors import SourceError
from embedder.formats import csv_table
from embedder.formats.csv_table import COLUMNS, FORMULA_STARTS, defuse, restore
from embedder.records import Document
from tests.support.documents import PLAIN, generated, seeds, written

KNOWN = (
    "rename or remove it. Known columns: id, title, abstract, authors, year, topics, "
    "countries, country_codes, regions, category, sources"
)
# Some of the columns of Zotero's export, in its order.
ZOTERO = (
    *("Key", "Item Type", "Publication Year", "Author", "Title", "Publication Title", "ISBN"),
    *("Url", "Abstract Note", "Date", "Pages", "Type", "Extra", "Notes", "Manual Tags"),
    *("Automatic Tags", "Editor", "Country", "Number"),
)


def write(folder: Path, text: str) -> Path:
    path = folder / "library.csv"
    path.write_bytes(text.encode())
    return path


def read(folder: Path, text: str) -> list[Document]:
    return [entry.document for entry in csv_table.read(write(folder, text))]


def zotero(**cells: str) -> str:
    """A row as Zotero writes it."""
    row = {name: cells.get(name.replace(" ", "_").lower(), "") for name in ZOTERO}
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, ZOTERO, quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerow(row)
    return "\ufeff" + out.getvalue()


# What is read.


def test_what_zotero_writes(tmp_path: Path) -> None:
    text = zotero(
        key="ABCD2345",
        item_type="report",
        publication_year="2010",
        author="Surtees, Rebecca; World Health Organization",
        title='A "title"',
        abstract_note="One.\n\nTwo, three; four.",
        date="2010-05",
        type="A report",
        country="Lebanon",
        manual_tags="Children; Health",
        automatic_tags="Health; Law",
        editor="Else, Somebody",
    )
    assert read(tmp_path, text) == [
        Document(
            id="",
            title='A "title"',
            abstract="One.\n\nTwo, three; four.",
            authors=("Rebecca Surtees", "World Health Organization"),
            year=2010,
            topics=("Children", "Health", "Law"),
            sources=("library.csv",),
        )
    ]


def test_zoteros_editors_and_date_are_read_where_others_are_missing(tmp_path: Path) -> None:
    (found,) = read(tmp_path, zotero(title="a", editor="Ash, Ann; Bo, Ben", date="5/2011"))
    assert (found.authors, found.year) == (("Ann Ash", "Ben Bo"), 2011)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_what_excel_writes(separator: str, ends: str, mark: str, tmp_path: Path) -> None:
    rows = [
        ["Title", "Abstract", "YEAR", "Country Codes", "ID"],
        ['"A, b; c\td"', '"He said ""x""\ny"', "2014", "lb", "12"],
        ["", "", "", "", ""],
        ["عنوان", "é", "", "", ""],
    ]
    text = mark + "".join(separator.join(row) + ends for row in rows)
    first, second = read(tmp_path, text)
    assert first == Document(
        id="12",
        title="A, b; c\td",
        abstract='He said "x"\ny',
        year=2014,
        country_codes=("LBN",),
        sources=("library.csv",),
    )
    assert second == Document("", "عنوان", "é", sources=("library.csv",))


@pytest.mark.parametrize("separator", [",", ";", "|", "\t"])
def test_a_line_of_excel_may_name_the_separator(separator: str, tmp_path: Path) -> None:
    path = write(tmp_path, f'sep={separator}\r\nTitle{separator}Text\r\n"a,;|"{separator}b\r\n')
    (entry,) = csv_table.read(path)
    assert (entry.line, entry.document.title, entry.document.abstract) == (3, "a,;|", "b")


def test_a_table_of_one_column(tmp_path: Path) -> None:
    assert [each.title for each in read(tmp_path, "title\na\nb; c\n")] == ["a", "b; c"]


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("_id", "id"),
        ("ID", "id"),
        ("text", "abstract"),
        ("Abstract ", "abstract"),
        ("Category", "category"),
    ],
)
def test_text_columns_may_have_other_names(header: str, field: str, tmp_path: Path) -> None:
    (found,) = read(tmp_path, f"title,{header}\nt,x y\n")
    assert getattr(found, field) == "x y"


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Keywords", "topics"),
        ("keyword", "topics"),
        ("tags", "topics"),
        ("Topic", "topics"),
        ("authors", "authors"),
        ("region", "regions"),
        ("Country", "countries"),
        ("source files", "sources"),
    ],
)
def test_list_columns_may_have_other_names(header: str, field: str, tmp_path: Path) -> None:
    (found,) = read(tmp_path, f'title,{header}\nt,"a, b;  c\\;d ;"\n')
    assert getattr(found, field) == ("a, b", "c;d")


@pytest.mark.parametrize(
    ("header", "authors"),
    [("author", ("Ann Ash", "Ben Bo")), ("authors", ("Ash, Ann", "Bo, Ben", ","))],
)
def test_names_of_reference_managers_are_put_in_order(
    header: str, authors: tuple[str, ...], tmp_path: Path
) -> None:
    (found,) = read(tmp_path, f'title,{header}\nt,"Ash, Ann; Bo, Ben; ,"\n')
    assert found.authors == authors


@pytest.mark.parametrize("year", ["2014", " 2014 ", "2014.0", "12/05/2014", "2014-05-12"])
def test_a_year_is_found(year: str, tmp_path: Path) -> None:
    assert read(tmp_path, f"title,Publication Year\nt,{year}\n")[0].year == 2014


@pytest.mark.parametrize(
    ("cell", "text"),
    [("'=x", "=x"), ("''=x", "'=x"), ("'tis", "'tis"), ("'\tx", "\tx"), ("=x", "=x")],
)
def test_the_apostrophe_before_a_formula_is_removed(cell: str, text: str, tmp_path: Path) -> None:
    assert read(tmp_path, f'title,text\n"{cell}",b\n')[0].title == text


def test_rows_begin_at_their_lines(tmp_path: Path) -> None:
    text = '\ntitle,text\n"a\nb","c\n\nd"\n\n,\ne,f\n'
    for each in (text, text.replace("\n", "\r\n")):
        path = write(tmp_path, each)
        assert [entry.line for entry in csv_table.read(path)] == [3, 9]


def test_a_cell_may_be_very_long(tmp_path: Path) -> None:
    before = csv.field_size_limit()
    assert read(tmp_path, f"title\n{'x' * 300_000}\n")[0].title == "x" * 300_000
    assert csv.field_size_limit() == before


def test_a_larger_limit_of_the_program_is_kept(tmp_path: Path) -> None:
    before = csv.field_size_limit(1_000_000)
    try:
        assert read(tmp_path, "title\na\n")[0].title == "a"
        assert csv.field_size_limit() == 1_000_000
    finally:
        csv.field_size_limit(before)


def test_reading_a_small_table_lowers_no_limit_for_another_thread(tmp_path: Path) -> None:
    paths = []
    for number, length in enumerate([300_000, 10, 300_000, 10]):
        path = tmp_path / f"{number}.csv"
        path.write_text("title\n" + f"{'x' * length}\n" * 20)
        paths.append((path, length))
    before = csv.field_size_limit()

    def lengths(path: Path, length: int) -> bool:
        return all(
            len(entry.document.title) == length for _ in range(5) for entry in csv_table.read(path)
        )

    with ThreadPoolExecutor(len(paths)) as pool:
        assert all(pool.map(lengths, *zip(*paths, strict=True)))
    assert csv.field_size_limit() == before


def test_importing_changes_no_limit() -> None:
    code = "import csv, embedder.formats.csv_table; print(csv.field_size_limit())"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert result.stdout.strip() == b"131072"


# What is refused.


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("title,titel\na,b\n", f"1: unknown column 'titel'; {KNOWN}", id="unknown"),
        pytest.param("\ntitle,\na,b\n", f"2: unknown column 2 without a name; {KNOWN}", id="blank"),
        pytest.param(
            "abstract,text\na,b\n",
            "1: the columns ['abstract', 'text'] are both 'abstract'; keep one of them",
            id="two of one",
        ),
        pytest.param("title\n", "1: the table has no row below its column names", id="no rows"),
        pytest.param(",,\n", "1: the table has no row below its column names", id="no cells"),
        pytest.param(
            "title,text\na,b\na,b,c\n",
            "3: the row that begins here has 3 cells, but the first line names 2 columns. "
            "Put a cell with a separator in quotation marks",
            id="too many cells",
        ),
        pytest.param(
            "title,text\na\n",
            "2: the row that begins here has 1 cells, but the first line names 2 columns. "
            "Put a cell with a separator in quotation marks",
            id="too few cells",
        ),
        pytest.param(
            'title,text\na,"b\nc,d\ne,f\n',
            "2: the row that begins here cannot be read: unexpected end of data. Inside a cell in "
            "quotation marks, double them; after it, put a separator",
            id="an open quotation",
        ),
        pytest.param(
            'title,text\na,"b"c\n',
            "2: the row that begins here cannot be read: ',' expected after '\"'. Inside a cell in "
            "quotation marks, double them; after it, put a separator",
            id="text after a quotation",
        ),
        pytest.param(
            "title,year\na,14\n",
            "2: year: '14' has no year of four digits, from 1000 to 2999; correct it or remove it",
            id="year",
        ),
        pytest.param(
            "id\na/similar\n", "2: id: an id cannot end in '/similar'", id="a URL of the API"
        ),
        pytest.param(
            "title,country_codes\na,QQQ\n",
            "2: country_codes.0: Value error, 'QQQ' is not a country code",
            id="unknown code",
        ),
        pytest.param("\n \n", "1: the file is empty", id="empty"),
    ],
)
def test_what_cannot_be_read_is_refused(text: str, problem: str, tmp_path: Path) -> None:
    path = write(tmp_path, text)
    with pytest.raises(SourceError) as caught:
        list(csv_table.read(path))
    assert caught.value.message == f"{path}:{problem}"


def test_a_table_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "library.csv"
    path.write_bytes("title\ncafé\n".encode("latin-1"))
    with pytest.raises(SourceError, match=r"csv:2: byte 0xe9 is not UTF-8; save the file as UTF-8"):
        list(csv_table.read(path))


# What is written.


def rows(*documents: Document) -> list[dict[str, str]]:
    """Read as a spreadsheet does: without the byte order mark."""
    text = written("csv", *documents).encode().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_a_table_has_this_form() -> None:
    assert written("csv", PLAIN).encode() == (
        b"\xef\xbb\xbfid,title,abstract,authors,year,topics,"
        b"countries,country_codes,regions,category,sources\r\n"
        b"health-mekong,Health & Human Trafficking,"
        b'"A study.\nIn 50% of cases: \xe2\x80\x9ccare\xe2\x80\x9d.",'
        b"C. Zimmerman et al.; International Organization for Migration (IOM),2014,"
        b"Trafficking; Health\\; care,"
        b'"Thailand; Congo, Democratic Republic of the",THA; COD,Asia and the Pacific,'
        b"Reports,000.txt; 004.txt\r\n"
    )


def test_the_csv_module_reads_the_seeds() -> None:
    documents = seeds()
    for document, row in zip(documents, rows(*documents), strict=True):
        assert tuple(row) == COLUMNS
        assert (row["id"], row["title"]) == (document.id, document.title)
        assert row["abstract"] == document.abstract
        assert row["year"] == str(document.year)
        assert row["countries"].split("; ") == list(document.countries)


def test_the_csv_module_finds_one_row_per_document_with_any_text() -> None:
    documents = generated(200)
    found = rows(*documents)
    assert [restore(row["id"]) for row in found] == [each.id for each in documents]
    assert [restore(row["abstract"]) for row in found] == [each.abstract for each in documents]
    assert all(None not in row and None not in row.values() for row in found)


def test_no_cell_is_a_formula() -> None:
    odd = [replace(PLAIN, title=f"{start}cmd", topics=(f"{start}x",)) for start in "=+-@\t\r\n＝"]
    for row in rows(*odd, *generated(200)):
        assert not any(cell.startswith(tuple(FORMULA_STARTS)) for cell in row.values())


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+49", "'+49"),
        ("-x", "'-x"),
        ("@SUM", "'@SUM"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("\nx", "'\nx"),
        ("＝1", "'＝1"),
        ("'=1", "''=1"),
        ("''-", "'''-"),
        ("'tis", "'tis"),
        ("'", "'"),
        ("''x", "''x"),
        ("a=1", "a=1"),
        ("", ""),
    ],
)
def test_an_apostrophe_is_added_and_removed(text: str, cell: str) -> None:
    assert defuse(text) == cell
    assert restore(cell) == text
