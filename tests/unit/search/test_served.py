"""A generation in memory: filtered sets, documents and sentences by position."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from embedder.index.facets import FacetFilter, Facets
from embedder.records import Document, Filters
from embedder.search.served import ServedGeneration
from embedder.store.snapshot import Snapshot
from embedder.vectors import DocumentPositions
from tests.unit.search.conftest import WORDS, positions_by_id, serving


def at(*values: int) -> DocumentPositions:
    return DocumentPositions(np.asarray(values, dtype=np.int64))


def test_a_filtered_set_has_the_documents_with_text_that_a_filter_allows(
    words_folder: Path,
) -> None:
    with serving(words_folder) as (served, snapshot):
        positions = positions_by_id(served, snapshot)
        pets = served.filtered_set(served.facets.resolve(Filters(topics=("Pets",))))
        assert pets.total == 2  # `empty` is a pet without text
        assert np.flatnonzero(pets.mask).tolist() == sorted(
            positions[key] for key in ("cats", "dogs")
        )
        assert [(count.value, count.count) for count in pets.facets["topics"]] == [("Pets", 2)]
        assert pets.passages is not None
        slots = served.passages.slots_of(at(positions["cats"], positions["dogs"]))[0]
        assert pets.passages.slots().tolist() == sorted(slots.tolist())


def test_a_library_without_filter_lets_all_passages_be_found(served: ServedGeneration) -> None:
    everything = served.filtered_set(FacetFilter())
    assert everything.total == len(WORDS) - 1
    assert everything.passages is None


def test_a_filter_that_allows_nothing_has_an_empty_set(served: ServedGeneration) -> None:
    nothing = served.filtered_set(FacetFilter(year_from=2020))
    assert nothing.total == 0
    assert not nothing.mask.any()
    assert nothing.passages is not None
    assert nothing.passages.count == 0
    assert all(counts == () for counts in nothing.facets.values())


def test_a_filtered_set_is_worked_out_once(
    served: ServedGeneration, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = served.filtered_set(FacetFilter(year_to=2000))
    monkeypatch.setattr(Facets, "mask", None)
    assert served.filtered_set(FacetFilter(year_to=2000)) is first


def test_documents_come_with_the_places_of_their_sentences(words_folder: Path) -> None:
    with serving(words_folder) as (served, snapshot):
        row = snapshot.row_of("cats")
        stored = served.documents(snapshot, [row])[row]
        assert stored.document.id == "cats"
        texts = [
            getattr(stored.document, span.field)[span.start : span.end] for span in stored.spans
        ]
        assert texts == ["Cats", "Cats sleep all day.", "They hunt mice at night."]
        assert served.documents(snapshot, []) == {}


def test_documents_shown_lately_are_not_read_again(
    words_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(words_folder) as (served, snapshot):
        cats, dogs = snapshot.row_of("cats"), snapshot.row_of("dogs")
        first = served.documents(snapshot, [cats])
        read: list[int] = []
        documents = Snapshot.documents

        def counted(own: Snapshot, rows: Sequence[int]) -> dict[int, Document]:
            read.extend(rows)
            return documents(own, rows)

        monkeypatch.setattr(Snapshot, "documents", counted)
        both = served.documents(snapshot, [dogs, cats])
        assert read == [dogs]
        assert both[cats] is first[cats]
        assert both[dogs].document.id == "dogs"


def test_a_documents_vector_is_the_mean_of_its_passages(words_folder: Path) -> None:
    with serving(words_folder) as (served, snapshot):
        row = snapshot.row_of("dogs")
        assert served.positions([row]).tolist() == [positions_by_id(served, snapshot)["dogs"]]
        slots, _ = served.passages.slots_of(served.positions([row]))
        mean = np.mean([served.dense.vectors(slots)[index] for index in range(len(slots))], axis=0)
        vector = served.document_vector(row)
        assert vector is not None
        assert vector.tolist() == pytest.approx((mean / np.sqrt((mean**2).sum())).tolist())
        assert len(slots) > 1
        assert served.document_vector(snapshot.row_of("empty")) is None
        assert served.positions([]).tolist() == []


def test_sentences_of_documents_follow_one_another(words_folder: Path) -> None:
    with serving(words_folder) as (served, snapshot):
        positions = positions_by_id(served, snapshot)
        vectors, starts = served.sentences(at(positions["fish"], positions["cats"]))
        assert starts.tolist() == [0, 2]
        texts = ["Fish", "Fish swim in rivers.", "Cats", "Cats sleep all day."]
        wanted = served.encoder.encode_queries(texts)
        assert vectors.shape == (5, 16)
        assert np.abs(vectors[:4] - wanted).max() < 1e-3


def test_a_document_of_several_passages_has_all_their_sentences(words_folder: Path) -> None:
    with serving(words_folder) as (served, snapshot):
        dogs = positions_by_id(served, snapshot)["dogs"]
        slots, _ = served.passages.slots_of(at(dogs))
        assert len(slots) > 1
        vectors, starts = served.sentences(at(dogs))
        assert (len(vectors), starts.tolist()) == (10, [0])
