"""BibTeX: what is read, what is refused, and what is written, as bibtexparser reads it."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bibtexparser.entrypoint import parse_string
from bibtexparser.library import Library
from bibtexparser.middlewares import LatexDecodingMiddleware, SeparateCoAuthors, SplitNameParts
from bibtexparser.middlewares.middleware import Middleware

from embedder.build.diff import document_id
from embedder.errors import SourceError
from embedder.formats import bibtex
from embedder.records import Document
from tests.support.documents import PLAIN, generated, seeds, written

# As Zotero writes (its BibLaTeX has `date` for `year`), between a string and a comment.
ZOTERO = r"""
@string{iom = "International Organization for Migration"}
BibTeX ignores text between entries.
@report{surtees_health_2010,
	location = {Geneva},
	title = {Trafficking in {Lebanon}: a {\textquotedblleft}study{\textquotedblright} \& more},
	rights = {© {WHO}},
	abstract = {Line one, wrapped
   here: 50\% of {US}\$ 5 \textless{} 6.

Second paragraph, see \url{http://x.org/~a_b}.},
	author = {M{\"u}ller, J{\'o}rg and von Hagen, Mark\'eta and {World Health Organization}
		and King, Jr., Martin and Rebecca Surtees and others},
	date = {2010-05-03},
	keywords = {Human trafficking, {Health, mental}, {WHO}},
	month = jan,
	file = {a.pdf:/home/a.pdf:application/pdf}
}

@book(second, editor = "Ann Ash and " # "Ben", title = "Quoted {B}races", year = 1999)
"""

NO_ENTRY = "there is no entry in this file; an entry begins with '@', its type and a brace"


def write(folder: Path, text: str) -> Path:
    path = folder / "library.bib"
    path.write_bytes(text.encode())
    return path


def read(folder: Path, text: str) -> list[Document]:
    return [entry.document for entry in bibtex.read(write(folder, text))]


def read_one(folder: Path, fields: str) -> Document:
    (found,) = read(folder, f"@misc{{key,\n{fields}\n}}\n")
    return found


# What is read.


def test_what_zotero_writes(tmp_path: Path) -> None:
    text = ZOTERO.replace('"Ann Ash and " # "Ben"', "iom")
    first, second = read(tmp_path, text)
    assert first == Document(
        id="",
        title="Trafficking in Lebanon: a “study” & more",
        abstract="Line one, wrapped here: 50% of US$ 5 < 6.\n\n"
        "Second paragraph, see http://x.org/~a_b.",
        authors=(
            "Jórg Müller",
            "Markéta von Hagen",
            "World Health Organization",
            "Martin King Jr.",
            "Rebecca Surtees et al.",
        ),
        year=2010,
        topics=("Human trafficking", "Health, mental", "WHO"),
        sources=("library.bib",),
    )
    assert second == Document(
        id="",
        title="Quoted Braces",
        abstract="",
        authors=("International Organization for Migration",),
        year=1999,
        sources=("library.bib",),
    )


def test_entries_begin_at_their_lines(tmp_path: Path) -> None:
    text = ZOTERO.replace('"Ann Ash and " # "Ben"', "iom")
    lines = text.split("\n")
    assert (lines[3][:7], lines[19][:5]) == ("@report", "@book")
    for each in (text, text.replace("\n", "\r\n"), "\ufeff" + text):
        assert [entry.line for entry in bibtex.read(write(tmp_path, each))] == [4, 20]


def test_keys_and_field_names_may_be_in_any_case(tmp_path: Path) -> None:
    text = "@ARTICLE{a, TITLE = {One}}\n@article{a, Title = {Two}}\n@Misc{A, title={Three}}"
    assert [each.title for each in read(tmp_path, text)] == ["One", "Two", "Three"]


def test_a_key_is_not_an_id(tmp_path: Path) -> None:
    first, second = read(tmp_path, "@misc{a, title={One}}\n@misc{b, title={One}}")
    assert (first.id, second.id) == ("", "")
    assert document_id(first) == document_id(second)


@pytest.mark.parametrize(
    ("keywords", "topics"),
    [
        ("{a, b,c}", ("a", "b", "c")),
        ("{a; b, c; d}", ("a", "b, c", "d")),
        ("{{a, b}, {c; d}, e}", ("a, b", "c; d", "e")),
        (r"{R\&D, \{x, y\}}", ("R&D", "{x", "y}")),
        ("{a,, b, }", ("a", "b")),
        ("{}", ()),
    ],
)
def test_keywords_are_split(
    keywords: str, topics: tuple[str, ...] | tuple[Any, ...], tmp_path: Path
) -> None:
    assert read_one(tmp_path, f"keywords = {keywords}").topics == topics


@pytest.mark.parametrize(
    ("author", "authors"),
    [
        ("{others}", ("others",)),
        ("{{Simon and Schuster} and {A, B}}", ("Simon and Schuster", "A, B")),
        ("{A, B and A, B}", ("B A",)),
        ("{}", ()),
        (r"{\'Eluard, Paul}", ("Paul Éluard",)),
    ],
)
def test_authors_are_split(
    author: str, authors: tuple[str, ...] | tuple[Any, ...], tmp_path: Path
) -> None:
    assert read_one(tmp_path, f"author = {author}").authors == authors


@pytest.mark.parametrize("year", ["2014", "{2014}", '"2014"', "{c. 2014}", "{2014-05}"])
def test_a_year_is_found(year: str, tmp_path: Path) -> None:
    assert read_one(tmp_path, f"year = {year}").year == 2014


def test_a_year_in_words_is_none(tmp_path: Path) -> None:
    assert read_one(tmp_path, "year = {in press}").year is None


def test_fields_that_are_not_read_may_have_any_value(tmp_path: Path) -> None:
    assert read_one(tmp_path, "title = {a}, month = foo, note = a # b").title == "a"


# What is refused.


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param(
            "no entry",
            f"1: {NO_ENTRY}",
            id="none",
        ),
        pytest.param(
            "@comment{x}",
            f"1: {NO_ENTRY}",
            id="one",
        ),
        pytest.param(
            "\n@misc{a, title={x}, title={y}, year=1, year=2}",
            "2: the entry that begins here has fields twice: title, year. Keep one of each",
            id="fields twice",
        ),
        pytest.param(
            "\n\n@misc{a,\n title={x",
            "3: the entry that begins here cannot be read: Unexpectedly reached end of file.",
            id="cut off",
        ),
        pytest.param(
            "@misc{a, title={x}}\n@misc{b title={y}}",
            "2: the entry that begins here cannot be read: "
            "Expected comma after entry key, but found =",
            id="no comma",
        ),
        pytest.param(
            "@misc{a,\n title = foo}",
            "2: title: no @string defines 'foo'; put text in braces",
            id="no string",
        ),
        pytest.param(
            "@misc{a,\n\n title = {x} # foo}",
            "3: title: values joined with '#' cannot be read; write one value",
            id="joined",
        ),
        pytest.param(
            "@misc{a,\n year = {14}}",
            "1: year: '14' has no year of four digits, from 1000 to 2999; correct it or remove it",
            id="year",
        ),
        pytest.param(
            r"@misc{a, title = {\href{x}}}",
            r"1: title: the LaTeX of '\\href{x}' cannot be read; write it as plain text",
            id="LaTeX",
        ),
        pytest.param(
            "@misc{a, fingerpostid = {a/similar}}",
            "1: id: an id cannot end in '/similar'",
            id="a URL of the API",
        ),
        pytest.param(
            "@misc{a, countrycodes = {QQQ}}",
            "1: country_codes.0: Value error, 'QQQ' is not a country code",
            id="unknown code",
        ),
        pytest.param(" ", "1: the file is empty", id="empty"),
    ],
)
def test_what_cannot_be_read_is_refused(
    text: str, problem: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path, text)
    with caplog.at_level(logging.CRITICAL), pytest.raises(SourceError) as caught:
        list(bibtex.read(path))
    assert caught.value.message == f"{path}:{problem}"


def test_bibtexparser_prints_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SourceError):
        read(tmp_path, "@misc{a,\n title={x")
    assert capfd.readouterr() == ("", "")


# What is written.


def parse(text: str, *more: Middleware) -> Library:
    library = parse_string(text, append_middleware=more)
    assert library.failed_blocks == []
    assert library.comments == []
    return library


def test_an_entry_has_this_form() -> None:
    assert written("bibtex", PLAIN) == (
        "@techreport{health-mekong,\n"
        "  fingerpostid = {health-mekong},\n"
        "  title = {Health \\& Human Trafficking},\n"
        "  author = {{C. Zimmerman et al.} and"
        " {International Organization for Migration (IOM)}},\n"
        "  year = {2014},\n"
        "  abstract = {A study.{\n}In 50\\% of cases: “care”.},\n"
        "  keywords = {Trafficking, {Health; care}},\n"
        "  countries = {Thailand, {Congo, Democratic Republic of the}},\n"
        "  countrycodes = {THA, COD},\n"
        "  regions = {Asia and the Pacific},\n"
        "  category = {Reports},\n"
        "  sources = {000.txt, 004.txt},\n"
        "}\n\n"
    )


def test_bibtexparser_reads_the_seeds() -> None:
    documents = seeds()
    entries = parse(written("bibtex", *documents), LatexDecodingMiddleware()).entries
    for document, entry in zip(documents, entries, strict=True):
        assert entry.entry_type == "techreport"
        assert entry["fingerpostid"] == document.id
        assert (entry["title"], entry["abstract"]) == (document.title, document.abstract)
        assert entry["year"] == str(document.year)
        assert entry.get("category") is None


@pytest.mark.parametrize(
    "text",
    [
        "50% & $5 #1 a_b ~ x",
        "a -- b --- c ``d'' 'e'",
        "{a} and {{b}}",
        "{a}} {b",
        "} and {",
        "one\n\ntwo\tthree  four ",
        "\\textbf{x} \\\\ C:\\temp",
        "الاتجار بالأشخاص",
        "@misc{x, title = {y}}",
    ],
)
def test_bibtexparser_decodes_exactly(text: str) -> None:
    odd = Document(id="a", title=text, abstract=f"x\n{text}")
    (entry,) = parse(written("bibtex", odd, PLAIN), LatexDecodingMiddleware()).entries[:1]
    assert (entry["title"], entry["abstract"]) == (text, f"x\n{text}")


def test_bibtexparser_finds_one_entry_per_document_with_any_text() -> None:
    documents = generated(200)
    entries = parse(written("bibtex", *documents)).entries
    assert len(entries) == 200
    keys = [entry.key for entry in entries]
    assert len({key.casefold() for key in keys}) == 200
    assert all(re.fullmatch("[A-Za-z0-9-]+", key) for key in keys)


def test_braces_are_balanced_for_bibtex_itself() -> None:
    # BibTeX also counts a brace after a backslash; bibtexparser does not.
    for document in generated(200):
        depth = 0
        for brace in re.findall("[{}]", written("bibtex", document)):
            depth += 1 if brace == "{" else -1
            assert depth >= 0
        assert depth == 0


def test_no_author_is_split() -> None:
    names = (
        "International Organization for Migration (IOM)",
        "Ministry of Labour, Invalids and Social Affairs",
        "Simon and Schuster",
        "Rebecca Surtees",
    )
    text = written("bibtex", replace(PLAIN, authors=names))
    (entry,) = parse(text, SeparateCoAuthors(), SplitNameParts()).entries
    assert [name.last for name in entry["author"]] == [[f"{{{name}}}"] for name in names]
    assert [(name.first, name.von, name.jr) for name in entry["author"]] == [([], [], [])] * 4


def test_keys_are_made_from_ids_and_are_unique() -> None:
    ids = ["Ärzte/2019#1", "arzte 2019 1", "عربي", "日本", "document", "a,b={c}", "%"]
    entries = parse(written("bibtex", *(Document(each, "t", "") for each in ids))).entries
    keys = [entry.key for entry in entries]
    assert keys[0] == "Arzte-2019-1"
    assert re.fullmatch("arzte-2019-1-[0-9a-f]{8}", keys[1])
    assert keys[2] == "document"
    assert keys[5] == "a-b-c"
    assert len({key.casefold() for key in keys}) == len(ids)


def test_the_same_id_twice_has_two_keys() -> None:
    entries = parse(written("bibtex", PLAIN, PLAIN, PLAIN)).entries
    assert len({entry.key for entry in entries}) == 3
