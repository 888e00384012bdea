"""A generation is loaded from its files and the store, or refused with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from embedder.encoders.encoder import Encoder
from embedder.errors import LibraryMismatch, LibraryMissing
from embedder.index import lexical
from embedder.index.approximate import ApproximateIndex
from embedder.index.exact import ExactIndex
from embedder.records import Manifest
from embedder.search.loading import check_rules, load
from embedder.search.served import ServedGeneration
from embedder.store.database import Store
from embedder.store.snapshot import Snapshot
from embedder.text import passages
from embedder.vectors import DocumentPositions, DocumentRows
from tests.conftest import write_jsonl
from tests.support.words import WordEncoder, a_document, build_words
from tests.unit.search.conftest import WORDS, load_words, serving


@contextmanager
def opened(folder: Path) -> Iterator[tuple[Snapshot, Manifest]]:
    with Store(folder).snapshot() as snapshot:
        yield snapshot, snapshot.manifest(snapshot.generation())


def vectors_by_passage(served: ServedGeneration, snapshot: Snapshot) -> dict[int, list[float]]:
    """The vector in the store of each passage, by id."""
    ids, _ = snapshot.passages()
    blocks = snapshot.passage_vectors(served.manifest.model_sha256, served.manifest.dim)
    return dict(zip(ids.tolist(), np.concatenate(list(blocks)).tolist(), strict=True))


def assert_slots_hold_their_documents(served: ServedGeneration, snapshot: Snapshot) -> None:
    """Check that each document's slots have the vectors of its passages, in the order of ids."""
    ids, rows = snapshot.passages()
    stored = vectors_by_passage(served, snapshot)
    positions = served.facets.positions(DocumentRows(rows))
    for position in np.unique(positions):
        slots, _ = served.passages.slots_of(DocumentPositions(np.asarray([position])))
        wanted = [stored[passage] for passage in ids[positions == position].tolist()]
        assert np.abs(served.dense.vectors(slots) - np.asarray(wanted)).max() < 1e-3
        assert served.passages.positions_of(slots).tolist() == [position] * len(slots)


def test_what_is_loaded_belongs_to_the_manifest(words_folder: Path) -> None:
    with serving(words_folder) as (served, snapshot):
        assert served.generation == 1
        assert served.manifest == snapshot.manifest(1)
        assert served.encoder.fingerprint == served.manifest.model_sha256
        assert len(served.facets.rows) == len(WORDS)
        assert served.document_map is not None
        assert len(served.document_map.ids) == len(WORDS) - 1
        assert served.speller.uses("herons")
        assert served.lexical.size == len(WORDS)


def test_slots_of_an_exact_index_are_in_the_canonical_order(words_folder: Path) -> None:
    with serving(words_folder) as (served, snapshot):
        assert isinstance(served.dense, ExactIndex)
        count = served.manifest.passages
        assert served.passages.ordered.tolist() == list(range(count))
        assert (np.diff(served.passages.documents) >= 0).all()
        assert_slots_hold_their_documents(served, snapshot)


def test_an_approximate_index_keeps_its_slots_and_drops_removed_passages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("embedder.build.generation.FULL_REBUILD_UP_TO", 0)
    monkeypatch.setattr("embedder.index.exact.EXACT_UP_TO", 50)
    documents = [a_document(f"d{number:03}") for number in range(60)]
    source = tmp_path / "s.jsonl"
    build_words(tmp_path / "v", write_jsonl(source, *documents))
    build_words(tmp_path / "v", write_jsonl(source, *documents[3:], a_document("a first one")))
    with serving(tmp_path / "v") as (served, snapshot):
        assert isinstance(served.dense, ApproximateIndex)
        assert len(served.passages.live) == 61
        assert int(served.passages.live.sum()) == 58
        assert_slots_hold_their_documents(served, snapshot)
        everything = np.ones(len(served.facets.rows), dtype=np.bool_)
        allowed = served.passages.filter_of(everything)
        assert allowed is not None
        assert allowed.count == 58


def test_the_sample_stands_for_the_passages_in_canonical_order(words_folder: Path) -> None:
    with serving(words_folder) as (served, _):
        assert served.sample.shape == (served.manifest.passages, 16)
        assert (served.sample == served.dense.vectors(served.passages.ordered)).all()


def test_a_library_without_text_is_loaded(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "s.jsonl", {"id": "a", "title": "", "abstract": ""})
    build_words(tmp_path / "v", source)
    with serving(tmp_path / "v") as (served, _):
        assert served.passages.has_passages.tolist() == [False]
        assert served.sample.shape == (0, 16)
        assert not served.speller.uses("herons")


# What is refused.


def test_an_empty_library_says_how_to_build_one(words_folder: Path) -> None:
    with opened(words_folder) as (snapshot, _), pytest.raises(LibraryMissing) as error:
        load(snapshot, words_folder, 0, load_words)
    assert str(error.value) == "the library is empty. Build it: fingerpost index"


def test_another_model_is_refused_with_both_fingerprints(words_folder: Path) -> None:
    other = WordEncoder("other")
    with opened(words_folder) as (snapshot, manifest), pytest.raises(LibraryMismatch) as error:
        load(snapshot, words_folder, 1, lambda _: cast("Encoder", other))
    assert str(error.value) == (
        f"the library's model is {manifest.model_sha256!r}, but {other.fingerprint!r} is needed. "
        "Rebuild with: fingerpost index"
    )


@pytest.mark.parametrize(
    ("field", "what", "wanted"),
    [
        ("passage_rule", "passage rule", passages.RULE_VERSION),
        ("lexical_rule", "keyword rule", lexical.RULE_VERSION),
    ],
)
def test_other_rules_are_refused_with_both_versions(
    field: str, what: str, wanted: int, words_folder: Path
) -> None:
    with opened(words_folder) as (_, manifest):
        check_rules(manifest)
        other: dict[str, Any] = {field: 99}
        with pytest.raises(LibraryMismatch) as error:
            check_rules(replace(manifest, **other))
    assert str(error.value) == (
        f"the library's {what} is 99, but {wanted} is needed. Rebuild with: fingerpost index"
    )
