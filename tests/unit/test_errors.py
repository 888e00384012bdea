from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from embedder import errors
from embedder.errors import (
    DocumentNotFound,
    FingerpostError,
    LibraryMismatch,
    RequestError,
    SourceError,
    UnknownValue,
)

CLASSES = {
    name: found
    for name, found in inspect.getmembers(errors, inspect.isclass)
    if issubclass(found, FingerpostError)
}


def drawn_tree() -> dict[str, str | None]:
    """Return the parent of each class in the drawing at the top of errors.py."""
    parents: dict[str, str | None] = {}
    above: dict[int, str] = {}
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"    ([│├└─ ]*)([A-Z]\w+)(\s{2,}\S|$)", line)
        if found:
            depth = len(found[1]) // 4
            above[depth] = found[2]
            parents[found[2]] = above[depth - 1] if depth else None
    return parents


def test_the_drawn_tree_is_that_of_the_classes() -> None:
    real = {
        name: None if each is FingerpostError else each.__bases__[0].__name__
        for name, each in CLASSES.items()
    }
    assert drawn_tree() == real
    assert len(real) == 13


def test_every_class_has_its_own_kind() -> None:
    kinds = {name: each.kind for name, each in CLASSES.items()}
    assert kinds == {
        "DocumentNotFound": "not_found",
        "EncoderError": "model",
        "FingerpostError": "error",
        "LibraryBusy": "library_busy",
        "LibraryDamaged": "library_damaged",
        "LibraryError": "library",
        "LibraryMismatch": "library_mismatch",
        "LibraryMissing": "library_missing",
        "ModelChanged": "model_changed",
        "ModelNotFound": "model_not_found",
        "RequestError": "invalid",
        "SourceError": "source",
        "UnknownValue": "unknown_value",
    }
    assert len(set(kinds.values())) == len(kinds)


PLAIN = ("EncoderError", "LibraryBusy", "LibraryDamaged", "LibraryError", "LibraryMissing")


@pytest.mark.parametrize("name", ["FingerpostError", "ModelChanged", "ModelNotFound", *PLAIN])
def test_a_plain_error_has_its_message(name: Any) -> None:
    error = CLASSES[name]("what was wrong")
    assert (error.message, str(error)) == ("what was wrong", "what was wrong")


def test_a_source_error_begins_with_file_and_line() -> None:
    error = SourceError(Path("pages/a.txt"), 7, "no year")
    assert error.message == str(error) == "pages/a.txt:7: no year"
    assert (error.path, error.line) == ("pages/a.txt", 7)


def test_a_source_error_may_be_without_a_line() -> None:
    error = SourceError("pages", None, "no such file or folder")
    assert error.message == "pages: no such file or folder"
    assert (error.path, error.line) == ("pages", None)


def test_a_mismatch_shows_both_values_and_the_remedy() -> None:
    error = LibraryMismatch("passage rule", 1, 2, "Rebuild with: fingerpost index")
    assert error.message == (
        "the library's passage rule is 1, but 2 is needed. Rebuild with: fingerpost index"
    )
    assert (error.what, error.stored, error.wanted) == ("passage rule", 1, 2)


def test_a_request_error_names_its_field() -> None:
    error = RequestError("limit", "limit 0 is out of range: 1 to 100.")
    assert (error.field, error.message) == ("limit", "limit 0 is out of range: 1 to 100.")


def test_an_unknown_value_lists_the_nearest() -> None:
    error = UnknownValue("countries", "Lebannon", ["Lebanon", "Azerbaijan"])
    assert error.message == (
        "'Lebannon' is not among the library's countries. "
        "The nearest it has: 'Lebanon', 'Azerbaijan'."
    )
    assert error.field == "countries"
    assert (error.value, error.nearest) == ("Lebannon", ("Lebanon", "Azerbaijan"))


def test_an_unknown_value_of_a_library_without_values() -> None:
    error = UnknownValue("authors", "healy", [])
    assert error.message == "'healy' is not among the library's authors. It has none at all."
    assert error.nearest == ()


def test_a_missing_document_says_where_documents_are_listed() -> None:
    error = DocumentNotFound("no-such-1234")
    assert error.message == (
        "no document has the id 'no-such-1234'. "
        "'fingerpost documents' and GET /api/documents list them all."
    )
    assert error.document_id == "no-such-1234"


def test_a_text_sent_as_an_id_is_not_shown() -> None:
    error = DocumentNotFound("she was " + "x" * 93)
    assert error.message.startswith("no document has that id of 101 characters. ")
    assert error.document_id.startswith("she was")


def test_an_error_keeps_its_template_and_values_for_translation() -> None:
    error = RequestError("query", "{count} words; at most {most}.", count=7, most=5)
    assert error.message == str(error) == "7 words; at most 5."
    assert (error.template, error.values) == (
        "{count} words; at most {most}.",
        {"count": 7, "most": 5},
    )
    assert RequestError("query", "braces {stay}").message == "braces {stay}"
    assert UnknownValue("topics", "Sea", ["{Sea}"]).message.endswith("has: '{Sea}'.")
