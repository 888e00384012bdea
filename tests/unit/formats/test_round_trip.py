"""What our own writers write, our own readers read back unchanged."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedder.records import Document
from tests.support.documents import PLAIN, generated, read_back, seeds

READ_BACK = ["ris", "bibtex", "csv"]


@pytest.mark.parametrize("form", READ_BACK)
def test_the_seeds_are_read_back(form: str, tmp_path: Path) -> None:
    documents = seeds()
    assert len(documents) == 41
    assert tuple(read_back(form, tmp_path, *documents)) == documents


@pytest.mark.parametrize("form", READ_BACK)
def test_generated_documents_are_read_back(form: str, tmp_path: Path) -> None:
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
    "a byte order mark": "\ufeffa",
    "LaTeX": "{\\relax} \\symbol{13} {\\textbackslash} \\&",
    "long": "word " * 40_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("form", READ_BACK)
def test_hostile_text_is_read_back(form: str, text: str, tmp_path: Path) -> None:
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
def test_an_id_is_read_back(form: str, key: str, tmp_path: Path) -> None:
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
