"""The front door: its names, its examples, and what only it does."""

from __future__ import annotations

import doctest
import inspect
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import fingerpost
from embedder.encoders.encoder import Encoder
from embedder.encoders.readers import ReaderName
from embedder.errors import FingerpostError
from embedder.records import Precision
from fingerpost import (
    Document,
    DocumentNotFound,
    Library,
    LibraryMissing,
    ModelNotFound,
    RequestError,
    SourceError,
    UnknownValue,
)
from tests.conftest import ROOT
from tests.support.words import load_words, returns

NAMES = [
    "Answer",
    "Document",
    "DocumentNotFound",
    "EncoderError",
    "Evidence",
    "FacetCount",
    "Filters",
    "FingerpostError",
    "Hit",
    "Legs",
    "Library",
    "LibraryBusy",
    "LibraryDamaged",
    "LibraryError",
    "LibraryMismatch",
    "LibraryMissing",
    "Matched",
    "ModelChanged",
    "ModelNotFound",
    "Progress",
    "Question",
    "Report",
    "RequestError",
    "SourceError",
    "SuggestedFilter",
    "Understood",
    "UnknownValue",
    "__version__",
    "configure",
]
A1 = Document(id="a1", title="A guide for nurses", abstract="How to refer a person.")
B2 = Document(id="b2", title="Fishing", abstract="Boats at sea.", countries=("Lebanon",), year=2015)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library(tmp_path / "vectors", load=load_words) as opened:
        yield opened


# Its names


def test_the_public_names_are_these() -> None:
    assert fingerpost.__all__ == NAMES
    assert all(hasattr(fingerpost, name) for name in NAMES)


def test_every_public_error_is_a_fingerpost_error() -> None:
    errors = [
        each
        for each in vars(fingerpost).values()
        if inspect.isclass(each) and issubclass(each, Exception)
    ]
    assert len(errors) == 13
    assert all(issubclass(each, FingerpostError) for each in errors)


def test_its_types_are_marked_as_complete() -> None:
    for package in ("fingerpost", "embedder", "server"):
        assert (ROOT / package / "py.typed").is_file()


# Its examples


def public_methods() -> list[str]:
    return [
        name
        for name, each in vars(Library).items()
        if not name.startswith("_")
        and (inspect.isfunction(each) or isinstance(each, classmethod | property))
    ]


def test_every_public_method_has_an_example() -> None:
    assert len(public_methods()) > 15
    for name in public_methods():
        assert ">>> " in (inspect.getdoc(getattr(Library, name)) or ""), name


def test_every_public_class_and_function_has_an_example() -> None:
    for name in set(NAMES) - {"__version__"}:
        assert ">>> " in (inspect.getdoc(getattr(fingerpost, name)) or ""), name


def examples() -> list[doctest.DocTest]:
    finder = doctest.DocTestFinder(recurse=True, exclude_empty=True)
    found: dict[str, doctest.DocTest] = {}
    for name in NAMES:
        each = getattr(fingerpost, name)
        if inspect.isclass(each) or inspect.isfunction(each):
            module = inspect.getmodule(each)
            for test in finder.find(each, name, module=module):
                found[test.name] = test
    return list(found.values())


@pytest.mark.slow
@pytest.mark.parametrize("example", examples(), ids=lambda each: each.name)
def test_the_example_gives_what_it_says(
    example: doctest.DocTest, seed_vectors: Path, encoder: Encoder, tmp_path: Path
) -> None:
    folder = shutil.copytree(
        seed_vectors, tmp_path / "vectors", ignore=shutil.ignore_patterns("*-shm")
    )
    library = Library(folder, load=returns(encoder))
    answer = library.search("How are victims referred?", limit=3, countries=["LBN"])
    if example.name == "Library.remove":
        library.add(A1)
    known: dict[str, Any] = {each: getattr(fingerpost, each) for each in NAMES}
    example.globs = {**known, "folder": folder, "library": library, "answer": answer}
    failures: list[str] = []
    flags = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL
    doctest.DocTestRunner(optionflags=flags).run(example, out=failures.append)
    assert failures == []


def test_the_guide_and_the_readme_show_the_same_five_lines() -> None:
    lines = re.search(
        r"(?ms)^    from fingerpost import Document, Library$.*?print\(.*?$",
        fingerpost.__doc__ or "",
    )
    assert lines
    for page in ("README.md", "docs/python.md"):
        assert lines[0] in (ROOT / page).read_text("utf-8"), page


# What only it does


def test_there_must_be_a_library_unless_one_is_to_be_made(tmp_path: Path) -> None:
    with pytest.raises(LibraryMissing, match="there is no library in"):
        Library.open(tmp_path / "none")
    library = Library.open(str(tmp_path / "none"), create=True)
    with pytest.raises(LibraryMissing):
        library.search("anything")
    assert list(tmp_path.iterdir()) == []


def test_a_first_build_that_failed_leaves_a_folder_to_build_in(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        Library(tmp_path / "v", load=load_words).add(tmp_path / "no-such-file.ris")

    def fail(
        _: str, /, *, precision: Precision | None = None, reader: ReaderName | None = None
    ) -> Encoder:
        raise ModelNotFound(f"no model ({precision}, {reader})")

    with pytest.raises(ModelNotFound):
        Library(tmp_path / "v", load=fail).add(A1)
    assert (tmp_path / "v" / "library.sqlite").is_file()
    with pytest.raises(LibraryMissing):
        Library.open(tmp_path / "v")
    assert Library.open(tmp_path / "v", create=True)
    assert Library(tmp_path / "v", load=load_words).add(A1).new == 1


def test_documents_and_files_are_added_and_found(library: Library, tmp_path: Path) -> None:
    (tmp_path / "more.ris").write_text("TY  - RPRT\nTI  - Harvest\nAB  - Olives in May.\nER  - \n")
    report = library.add(A1, str(tmp_path / "more.ris"), B2)
    assert (report.read, report.new, report.documents) == (3, 3, 3)
    assert [each.id for each in library.documents()][:2] == ["a1", "b2"]
    (hit,) = library.search("boats at sea", limit=1, mode="keyword")
    assert hit.document == Document(**{**vars_of(B2), "country_codes": ("LBN",)})
    assert hit.evidence[0].text == "Boats at sea."


def vars_of(document: Document) -> dict[str, Any]:
    return {name: getattr(document, name) for name in document.__slots__}


def test_a_document_without_an_id_is_given_one(library: Library) -> None:
    library.add(Document(title="A guide", abstract="How to refer."))
    (document,) = library.documents()
    assert re.fullmatch(r"a-guide-[0-9a-f]{8}", document.id)
    assert library.add(Document(title="A guide", abstract="How to refer.")).unchanged == 1


def test_a_document_added_again_takes_the_place_of_the_first(library: Library) -> None:
    library.add(A1, B2)
    report = library.add(Document(id="a1", title="Another", abstract="Now about ships."))
    assert (report.changed, report.documents) == (1, 2)
    assert library.document("a1").title == "Another"
    assert library.add(B2).unchanged == 1


def test_replace_forgets_everything_else(library: Library) -> None:
    library.add(A1, B2)
    assert library.add(B2, replace=True).removed == 1
    assert [each.id for each in library.documents()] == ["b2"]


def test_adding_nothing_is_an_error(library: Library) -> None:
    with pytest.raises(RequestError, match="there is nothing to add"):
        library.add()


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (Document(id="a", title="A", abstract="", year=12), "the document 'a': year: "),
        (Document(id="a b\n", title="A", abstract=""), "id: "),
        (Document(id="a/similar", title="A", abstract=""), "an id cannot end in '/similar'"),
        (Document(id="a", title="A", abstract="", country_codes=("XX",)), "'XX' is not a country"),
    ],
)
def test_a_document_that_cannot_be_right_is_an_error(
    document: Document, problem: str, library: Library
) -> None:
    library.add(A1)
    with pytest.raises(RequestError) as error:
        library.add(B2, document)
    assert problem in error.value.message
    assert [each.id for each in library.documents()] == ["a1"]


def test_two_documents_of_one_id_are_an_error(library: Library) -> None:
    with pytest.raises(RequestError, match="2 of the documents have the id 'a1'"):
        library.add(A1, Document(id="a1", title="Another", abstract=""))


def test_a_document_that_a_file_holds_otherwise_is_an_error(
    library: Library, tmp_path: Path
) -> None:
    (tmp_path / "s.jsonl").write_text('{"id": "a1", "title": "From a file"}\n')
    library.add(tmp_path / "s.jsonl")
    with pytest.raises(SourceError, match="stands for another document"):
        library.add(A1)
    assert library.document("a1").title == "From a file"


def test_ids_of_all_kinds_are_told_apart(library: Library) -> None:
    ids = ("a/b", "a//b", "a%2Fb", "a.b", "../a", "é", "العربية")
    library.add(*(Document(id=each, title=f"Title {each}", abstract="") for each in ids))
    assert library.add(Document(id="a//b", title="Changed", abstract="")).changed == 1
    assert {each.id for each in library.documents()} == set(ids)
    assert library.document("a/b").title == "Title a/b"


def test_documents_are_removed(library: Library) -> None:
    library.add(A1, B2)
    report = library.remove("a1")
    assert (report.removed, report.unchanged, report.documents) == (1, 1, 1)
    assert [each.id for each in library.documents()] == ["b2"]
    assert library.search("nurses", mode="keyword").hits == ()
    assert library.verify() == []


def test_the_last_document_can_be_removed_and_added_again(library: Library) -> None:
    library.add(A1)
    assert library.remove(["a1"]).documents == 0
    assert library.search("nurses").hits == ()
    assert library.add(A1).new == 1


def test_an_id_that_no_document_has_removes_nothing(library: Library) -> None:
    library.add(A1, B2)
    with pytest.raises(DocumentNotFound):
        library.remove(["a1", "none"])
    assert library.page()[0] == 2


def test_removing_from_no_library_makes_none(tmp_path: Path) -> None:
    with pytest.raises(LibraryMissing):
        Library(tmp_path / "none", load=load_words).remove("a1")
    assert list(tmp_path.iterdir()) == []


def test_a_document_that_was_removed_comes_back_when_its_file_changes(
    library: Library, tmp_path: Path
) -> None:
    source = tmp_path / "s.jsonl"
    source.write_text('{"id": "a", "title": "A"}\n{"id": "b", "title": "B"}\n')
    library.add(source)
    library.remove("a")
    assert library.add(source).documents == 1
    source.write_text('{"id": "a", "title": "A"}\n{"id": "b", "title": "B"}\n\n')
    assert library.add(source).documents == 2


def test_the_glossary_of_a_library_is_kept_when_documents_are_removed(
    library: Library, tmp_path: Path
) -> None:
    glossary = tmp_path / "own.csv"
    glossary.write_text("term,acronyms,synonyms,source\nvessel,,boat,ours\n")
    library.add(A1, B2, glossary=str(glossary))
    before = library.status()[1].glossary_sha256
    library.remove("a1")
    assert library.status()[1].glossary_sha256 == before


def test_filters_are_named_as_in_the_api(library: Library) -> None:
    library.add(A1, B2)
    found = library.search("boats", countries=["LBN"], year_from=2015, year_to=2015)
    assert [hit.document.id for hit in found] == ["b2"]
    assert library.search("boats", countries=["LBN"], year_to=2014).total == 0
    with pytest.raises(UnknownValue):
        library.search("boats", topics=["none"])
    with pytest.raises(RequestError, match="countries takes a list"):
        library.search("boats", countries="LBN")


def test_an_answer_is_refined_by_marked_documents(library: Library) -> None:
    library.add(A1, B2)
    assert [hit.document.id for hit in library.search("boats at sea")] == ["b2", "a1"]
    found = library.search("boats at sea", like=["a1"], unlike=["b2"])
    assert [hit.document.id for hit in found] == ["a1", "b2"]
    with pytest.raises(RequestError, match="like takes a list"):
        library.search("boats at sea", like="a1")
    with pytest.raises(RequestError, match="no document has the id 'c3'"):
        library.search("boats at sea", unlike=["c3"])


def test_what_was_understood_can_be_ignored(library: Library) -> None:
    library.add(A1, B2)
    found = library.search("a doctor and her boss", mode="keyword")
    assert [hit.document.id for hit in found] == ["a1"]
    assert [(each.meaning, each.used) for each in found.understood] == [
        ("health care provider", True),
        ("employer", False),
    ]
    left = library.search("a doctor and her boss", mode="keyword", ignore=["Health care provider"])
    assert (left.total, [each.meaning for each in left.understood]) == (0, ["employer"])
    with pytest.raises(RequestError) as caught:
        library.search("a doctor", ignore="health care provider")
    # It is a part of the question, which no message shows.
    assert caught.value.message == "ignore takes a list, not a text."


def test_hits_are_limited_and_skipped(library: Library) -> None:
    library.add(A1, B2)
    assert len(library.search("boats", limit=100)) == 2
    assert [hit.rank for hit in library.search("boats", limit=1, offset=1)] == [2]
    with pytest.raises(RequestError):
        library.search("boats", limit=0)


def test_a_closed_library_opens_again(library: Library) -> None:
    library.add(A1)
    library.close()
    assert library.search("nurses").total == 1
    library.close()
    library.close()


def test_progress_is_shown(library: Library) -> None:
    from tests.conftest import Silent

    shown = Silent()
    library.add(A1, progress=shown)
    assert [name for name, _ in shown.steps][:3] == ["Reading", "Splitting", "Embedding"]
    shown.steps.clear()
    library.remove("a1", progress=shown)
    assert ("Splitting", 0) in shown.steps
