"""BibTeX, checked with bibtexparser and its own way of decoding LaTeX."""

from __future__ import annotations

import re
from dataclasses import replace

import bibtexparser
import pytest
from bibtexparser.library import Library
from bibtexparser.middlewares import LatexDecodingMiddleware, SeparateCoAuthors, SplitNameParts
from bibtexparser.middlewares.middleware import Middleware

from embedder.records import Document
from tests.support.documents import PLAIN, generated, seeds, written


def read(text: str, *more: Middleware) -> Library:
    library = bibtexparser.parse_string(text, append_middleware=more)
    assert library.failed_blocks == []
    assert library.comments == []
    return library


def test_an_entry_stands_so() -> None:
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
    entries = read(written("bibtex", *documents), LatexDecodingMiddleware()).entries
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
def test_bibtexparser_decodes_to_the_letter(text: str) -> None:
    odd = Document(id="a", title=text, abstract=f"x\n{text}")
    (entry,) = read(written("bibtex", odd, PLAIN), LatexDecodingMiddleware()).entries[:1]
    assert (entry["title"], entry["abstract"]) == (text, f"x\n{text}")


def test_bibtexparser_finds_one_entry_a_document_whatever_is_in_it() -> None:
    documents = generated(200)
    entries = read(written("bibtex", *documents)).entries
    assert len(entries) == 200
    keys = [entry.key for entry in entries]
    assert len({key.casefold() for key in keys}) == 200
    assert all(re.fullmatch("[A-Za-z0-9-]+", key) for key in keys)


def test_braces_are_balanced_for_bibtex_itself() -> None:
    # BibTeX counts a brace after a backslash too, bibtexparser does not.
    for document in generated(200):
        depth = 0
        for brace in re.findall("[{}]", written("bibtex", document)):
            depth += 1 if brace == "{" else -1
            assert depth >= 0
        assert depth == 0


def test_no_author_is_taken_apart() -> None:
    names = (
        "International Organization for Migration (IOM)",
        "Ministry of Labour, Invalids and Social Affairs",
        "Simon and Schuster",
        "Rebecca Surtees",
    )
    text = written("bibtex", replace(PLAIN, authors=names))
    (entry,) = read(text, SeparateCoAuthors(), SplitNameParts()).entries
    assert [name.last for name in entry["author"]] == [[f"{{{name}}}"] for name in names]
    assert [(name.first, name.von, name.jr) for name in entry["author"]] == [([], [], [])] * 4


def test_keys_are_made_of_ids_and_differ() -> None:
    ids = ["Ärzte/2019#1", "arzte 2019 1", "عربي", "日本", "document", "a,b={c}", "%"]
    entries = read(written("bibtex", *(Document(each, "t", "") for each in ids))).entries
    keys = [entry.key for entry in entries]
    assert keys[0] == "Arzte-2019-1"
    assert re.fullmatch("arzte-2019-1-[0-9a-f]{8}", keys[1])
    assert keys[2] == "document"
    assert keys[5] == "a-b-c"
    assert len({key.casefold() for key in keys}) == len(ids)


def test_the_same_id_twice_has_two_keys() -> None:
    entries = read(written("bibtex", PLAIN, PLAIN, PLAIN)).entries
    assert len({entry.key for entry in entries}) == 3
