"""Every field of a document gets through every format, the store, the merging and the API.

Each test fails if a field is added to `Document` and the module that it tests leaves it out.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from pydantic import TypeAdapter, ValidationError

from embedder.build.diff import find_changes, to_stored_entry
from embedder.formats import bibtex, csv_table, jsonl, registry, ris
from embedder.formats.fields import Fields
from embedder.index.facet_arrays import FACETS
from embedder.records import DOCUMENT_FIELDS, LIST_FIELDS, Document, Entry, Filters
from embedder.store import rows
from server.api.schemas import DocumentField, DocumentOut, FiltersIn, SelectedOut

READ_AND_WRITTEN = [registry.JSONL, registry.RIS, registry.BIBTEX, registry.CSV]


def full(mark: str = "a") -> Document:
    """Return a document with a value of its own in every field, lists with two."""
    hints = get_type_hints(Document)
    values: dict[str, Any] = {
        name: (f"{name} {mark}", f"{name} of both")
        if spec.is_list
        else 2014
        if int in (hints[name], *get_args(hints[name]))
        else f"{name} {mark}"
        for name, spec in DOCUMENT_FIELDS.items()
    }
    values["countries"] = ("Lebanon", "Viet Nam")
    values["country_codes"] = ("LBN", "VNM")
    return Document(**values)


def test_the_table_has_the_fields_of_a_document() -> None:
    hints = get_type_hints(Document)
    assert tuple(DOCUMENT_FIELDS) == tuple(each.name for each in fields(Document))
    assert {name for name, spec in DOCUMENT_FIELDS.items() if spec.is_list} == set(LIST_FIELDS)
    assert set(LIST_FIELDS) == {name for name, hint in hints.items() if hint == tuple[str, ...]}
    # The union of scalars has no meaning, and the first of several lists would lose the others.
    for spec in DOCUMENT_FIELDS.values():
        assert spec.merge == "union" if spec.is_list else spec.merge != "union"


def test_a_full_document_has_no_empty_field() -> None:
    assert all(full().as_dict().values())


@pytest.mark.parametrize("form", READ_AND_WRITTEN, ids=lambda form: form.name)
@pytest.mark.parametrize("document", [full(), Document(id="b", sources=("b.txt",))])
def test_a_format_writes_and_reads_every_field(
    form: registry.Format, document: Document, tmp_path: Path
) -> None:
    path = tmp_path / f"library.{form.ending}"
    path.write_text("".join(form.write([document])), encoding="utf-8", newline="")
    (entry,) = form.read(path)
    assert entry.document == document


def test_csl_json_writes_every_field() -> None:
    (item,) = json.loads("".join(registry.CSL_JSON.write([full()])))
    names = {"author": "authors", "issued": "year"}
    written = {names.get(name, name) for name in (*item, *item["custom"])}
    assert written >= set(DOCUMENT_FIELDS)


def test_each_format_names_every_field() -> None:
    names = set(DOCUMENT_FIELDS)
    assert set(ris.TAGS) == set(bibtex.FIELDS) == set(csv_table.COLUMNS) == names
    assert len(set(ris.TAGS.values())) == len(set(bibtex.FIELDS.values())) == len(names)
    (line,) = jsonl.write([full()])
    assert list(json.loads(line)) == list(DOCUMENT_FIELDS)


def test_a_source_may_have_every_field() -> None:
    # BEIR's `metadata` is read and not kept.
    assert set(Fields.model_fields) == {*DOCUMENT_FIELDS, "metadata"}


def test_the_store_keeps_every_field() -> None:
    record = rows.to_json(full().as_dict())
    assert rows.to_document(record, rows.sha256_of(record.encode())) == full()


def test_merging_keeps_every_field() -> None:
    first, second = full("a"), full("b")
    same = {name: getattr(first, name) for name, spec in DOCUMENT_FIELDS.items() if _is_same(spec)}
    second = dataclasses.replace(second, **same)
    entries = [Entry(first, Path("a.txt"), 1), Entry(second, Path("b.txt"), 1)]
    (merged,) = find_changes(entries, kept=[], stored={}, forgotten=[]).new
    for name, spec in DOCUMENT_FIELDS.items():
        one, two = getattr(first, name), getattr(second, name)
        wanted = tuple(dict.fromkeys((*one, *two))) if spec.merge == "union" else one
        assert getattr(merged, name) == wanted, name
    labels = to_stored_entry(entries[0]).labels
    assert set(labels) == {name for name, spec in DOCUMENT_FIELDS.items() if not _is_same(spec)}


def _is_same(spec: Any) -> bool:
    return bool(spec.merge == "identity")


def test_the_api_describes_every_field() -> None:
    document = full().as_dict()
    assert DocumentOut.model_validate(document).model_dump() == document
    assert list(DocumentOut.model_fields) == list(DOCUMENT_FIELDS)
    assert TypeAdapter(SelectedOut).validate_python(document) == document
    assert TypeAdapter(list[DocumentField]).validate_python(list(DOCUMENT_FIELDS))


def test_the_api_refuses_other_fields() -> None:
    document = full().as_dict()
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        DocumentOut.model_validate({**document, "titel": "x"})
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        TypeAdapter(SelectedOut).validate_python({"id": "a", "titel": "x"})
    with pytest.raises(ValidationError, match="id"):
        TypeAdapter(SelectedOut).validate_python({"title": "x"})
    with pytest.raises(ValidationError):
        TypeAdapter(list[DocumentField]).validate_python(["titel"])


def test_facets_can_be_counted_and_filtered() -> None:
    facets = {name for name, spec in DOCUMENT_FIELDS.items() if spec.facet}
    assert set(FACETS) == facets
    assert facets <= {each.name for each in fields(Filters)}
    assert facets <= set(FiltersIn.model_fields)
