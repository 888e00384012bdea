"""What holds of every format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from embedder.errors import SourceError
from embedder.formats.registry import EXPORTS
from embedder.records import Document
from tests.support.documents import PLAIN, generated, read_back, seeds, written

READ_BACK = ["ris", "bibtex", "csv"]


def test_the_formats_are_these() -> None:
    assert [(each.name, each.media_type, each.ending) for each in EXPORTS.values()] == [
        ("ris", "application/x-research-info-systems", "ris"),
        ("bibtex", "application/x-bibtex", "bib"),
        ("csl-json", "application/vnd.citationstyles.csl+json", "json"),
        ("csv", "text/csv", "csv"),
    ]
    assert all(name == each.name for name, each in EXPORTS.items())


def test_the_formats_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        EXPORTS["csv"].name = "tsv"  # type: ignore[misc]
    with pytest.raises(TypeError):
        EXPORTS["tsv"] = EXPORTS["csv"]  # type: ignore[index]


@pytest.mark.parametrize("form", EXPORTS)
def test_a_piece_needs_one_document_only(form: str) -> None:
    taken: list[str] = []

    def documents() -> Iterator[Document]:
        for each in seeds():
            taken.append(each.id)
            yield each

    pieces = EXPORTS[form].write(documents())
    assert taken == []
    for number in (1, 2, 3):
        assert next(pieces)
        assert len(taken) == number


@pytest.mark.parametrize("form", EXPORTS)
def test_nothing_is_written_before_the_first_document_is_there(form: str) -> None:
    def broken() -> Iterator[Document]:
        raise SourceError("library", None, "is not there")
        yield PLAIN

    with pytest.raises(SourceError):
        next(EXPORTS[form].write(broken()))


@pytest.mark.parametrize("form", EXPORTS)
def test_no_documents_are_a_file_too(form: str) -> None:
    empty = {"ris": "", "bibtex": "", "csl-json": "[]\n"}
    assert written(form) == empty.get(form, written("csv", PLAIN).split("\r\n")[0] + "\r\n")


@pytest.mark.parametrize("form", READ_BACK)
def test_the_seeds_come_back(form: str, tmp_path: Path) -> None:
    documents = seeds()
    assert len(documents) == 41
    assert tuple(read_back(form, tmp_path, *documents)) == documents


@pytest.mark.parametrize("form", READ_BACK)
def test_generated_documents_come_back(form: str, tmp_path: Path) -> None:
    documents = generated(400)
    assert len({each.id for each in documents}) == 400
    found = read_back(form, tmp_path, *documents)
    for one, other in zip(documents, found, strict=True):
        assert one == other


HOSTILE = {
    "nothing": "",
    "a space": " ",
    "spaces around": "  two  words  ",
    "tab": "\ta\tb\t",
    "line ends": "\none\n\ntwo\r\nthree\rfour\n",
    "an end of a record": "one\nER  - \n\nTY  - RPRT\nTI  - two",
    "an end of an entry": "one}\n}\n@misc{two, title = {three}",
    "an end of a row": 'one"\r\n"two","three',
    "unbalanced braces": "{a}} {b",
    "closed before opened": "} and {",
    "balanced braces": "{a} {{b}}",
    "backslashes": "\\ \\\\ \\; \\textbf{x} C:\\temp\\",
    "comment": "50% of & $5 and $7 #1 a_b ~ ^",
    "formula": "=HYPERLINK(1)",
    "an apostrophe and a formula": "'=1+1",
    "two of them": "''@SUM(A1)",
    "an apostrophe": "'tis",
    "wide": "＝1",
    "quotes": "\"a\" 'b' ``c'' ,,d,, <<e>>",
    "dashes": "a--b---c - d",
    "Arabic": "الاتجار بالأشخاص في لبنان",
    "accents": "Katie Klaffenböck, Côte d'Ivoire, Viẹt",
    "separators": "a; b;c, d,e;",
    "control": "a\x00b\x1fc\x7f",
    "line ends of Unicode": "a\u2028b\u2029c\x85d\x0be\x0cf",
    "a mark": "\ufeffa",
    "LaTeX": "{\\relax} \\symbol{13} {\\textbackslash} \\&",
    "long": "word " * 40_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("form", READ_BACK)
def test_hostile_text_comes_back(form: str, text: str, tmp_path: Path) -> None:
    value = text.strip() or "x"
    odd = Document(
        id="odd",
        title=text,
        abstract=text,
        countries=(value, "Worldwide"),
        regions=("a", value),
        authors=(value, "b"),
        topics=(value, "c"),
        category=text or None,
        sources=(value,),
    )
    assert read_back(form, tmp_path, odd, PLAIN) == [odd, PLAIN]


@pytest.mark.parametrize("form", READ_BACK)
@pytest.mark.parametrize("key", ["a b", "a  b", "Ärzte/2019#1", "عربي", "12", "-3", "=1", "{", "%"])
def test_an_id_comes_back(form: str, key: str, tmp_path: Path) -> None:
    odd = Document(id=key, title="A title", abstract="", sources=("a.txt",))
    assert read_back(form, tmp_path, odd) == [odd]


@pytest.mark.parametrize("form", READ_BACK)
def test_codes_keep_their_order(form: str, tmp_path: Path) -> None:
    # As merging two sources leaves them.
    odd = Document(
        id="a",
        title="",
        abstract="",
        countries=("Lebanon", "Viet Nam"),
        country_codes=("LBN", "GEO", "VNM"),
        sources=("a.txt",),
    )
    assert read_back(form, tmp_path, odd) == [odd]
