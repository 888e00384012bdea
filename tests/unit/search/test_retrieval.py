"""Candidates: by meaning and by keywords, within filters, best first."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from embedder.index.facets import FacetFilter
from embedder.library import Library
from embedder.records import Filters, Mode, Question, RankingWeights
from embedder.search import query, retrieval
from embedder.search.retrieval import (
    Candidates,
    KeywordMatches,
    find_candidates,
    nearest_documents,
    similarities_of,
)
from embedder.search.served import FilteredSet, ServedGeneration
from embedder.vectors import DocumentPositions, Float32Array, PassageSlots
from tests.conftest import write_jsonl
from tests.support.words import a_document, build_words
from tests.unit.search.conftest import positions_by_id, serving, without_time

pytestmark = pytest.mark.slow


def at(*values: int) -> DocumentPositions:
    return DocumentPositions(np.asarray(values, dtype=np.int64))


def floats(*values: float) -> Float32Array:
    return np.asarray(values, dtype=np.float32)


MATCHES = KeywordMatches(at(7, 5, 2, 9, 4), floats(3, 2, 2, 2, 1))
NO_MATCHES = KeywordMatches(at(), floats())


# Keyword matches.


def test_matches_are_looked_up_by_position() -> None:
    assert MATCHES.scores_at(at(4, 0, 7, 9, 12)).tolist() == [1, 0, 3, 2, 0]
    assert MATCHES.scores_at(at()).tolist() == []
    assert NO_MATCHES.scores_at(at(1, 2)).tolist() == [0, 0]


def test_matches_are_kept_within_a_mask() -> None:
    mask = np.zeros(10, dtype=np.bool_)
    mask[[2, 7]] = True
    within = MATCHES.within(mask)
    assert (within.positions.tolist(), within.scores.tolist()) == ([7, 2], [3, 2])
    assert MATCHES.within(np.zeros(10, dtype=np.bool_)).positions.tolist() == []


@pytest.mark.parametrize(
    ("count", "positions"),
    [
        (1, [7]),
        (2, [7, 2]),
        (3, [7, 2, 5]),
        (4, [7, 2, 5, 9]),
        (5, [7, 5, 2, 9, 4]),
        (9, [7, 5, 2, 9, 4]),
    ],
)
def test_of_equal_matches_those_with_the_lowest_positions_are_best(
    count: int, positions: list[int]
) -> None:
    best = MATCHES.best(count)
    assert best.positions.tolist() == positions
    assert best.scores.tolist() == [3, 2, 2, 2, 1][:count]


def test_there_is_no_best_of_no_matches() -> None:
    assert NO_MATCHES.best(3).positions.tolist() == []


# Candidates.


@pytest.fixture
def candidates(served: ServedGeneration) -> Candidates:
    everything = served.filtered_set(FacetFilter())
    return Candidates(
        everything,
        at(3, 1, 2, 0),
        similarities=floats(0.1, 0.2, 0.2, 0.9),
        keyword_scores=floats(1, 2, 3, 4),
        scores=floats(0.5, 0.5, 0.5, 0.4),
    )


def test_candidates_are_ranked_by_score_then_similarity_then_position(
    candidates: Candidates,
) -> None:
    ranked = candidates.ranked()
    assert ranked.positions.tolist() == [1, 2, 3, 0]
    assert ranked.keyword_scores.tolist() == [2, 3, 1, 4]
    assert ranked.filtered is candidates.filtered


def test_candidates_are_selected_by_a_slice(candidates: Candidates) -> None:
    assert candidates.select(slice(1, 3)).positions.tolist() == [1, 2]
    assert len(candidates.select(slice(9, None))) == 0


def test_candidates_behind_others_have_lower_scores(candidates: Candidates) -> None:
    first, others = candidates.select([3]), candidates.select([0, 1])
    both = first.followed_by(others)
    assert both.positions.tolist() == [0, 3, 1]
    assert both.keyword_scores.tolist() == [4, 1, 2]
    assert both.similarities.tolist() == pytest.approx([0.9, 0.1, 0.2])
    assert both.scores.tolist() == pytest.approx([0.4, 0.3996, 0.3996])
    nothing = candidates.select(slice(0))
    assert first.followed_by(nothing).scores.tolist() == first.scores.tolist()
    assert nothing.followed_by(others).positions.tolist() == [3, 1]


# Searching, with the stand-in model.


def found_ids(folder: Path, question: Question) -> list[str]:
    with serving(folder) as (served, snapshot):
        encoded = query.encode(served, question, RankingWeights())
        candidates = find_candidates(served, question, encoded, 0.75)
        ids = {position: key for key, position in positions_by_id(served, snapshot).items()}
        assert candidates.filtered.total >= len(candidates)
        return [ids[position] for position in candidates.positions.tolist()]


@pytest.mark.parametrize(
    ("mode", "found"),
    [("keyword", {"herons"}), ("semantic", {"cats", "dogs", "fish", "herons"})],
)
def test_each_mode_has_its_own_candidates(mode: Mode, found: set[str], words_folder: Path) -> None:
    ids = found_ids(words_folder, Question("herons", mode=mode, expand=False))
    assert ids[0] == "herons"
    assert set(ids) == found


def test_keywords_that_no_document_has_find_nothing(words_folder: Path) -> None:
    assert found_ids(words_folder, Question("zebras", mode="keyword", expand=False)) == []


@pytest.mark.parametrize("mode", ["hybrid", "semantic", "keyword"])
def test_a_filter_that_allows_nothing_finds_nothing(mode: Mode, words_folder: Path) -> None:
    filters = Filters(year_from=2020)
    assert found_ids(words_folder, Question("fish", mode=mode, filters=filters)) == []


def test_a_minimum_similarity_narrows_the_hit_set(words_folder: Path) -> None:
    question = Question("Fish Fish swim in rivers.", mode="semantic", min_similarity=0.9)
    assert found_ids(words_folder, question) == ["fish"]
    assert found_ids(words_folder, Question("fish", min_similarity=1.01)) == []


def test_hybrid_candidates_are_of_both_ways_each_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = [a_document(f"d{number:02}") for number in range(30)]
    build_words(tmp_path / "v", write_jsonl(tmp_path / "s.jsonl", *documents))
    with serving(tmp_path / "v") as (served, _):

        def two_nearest(
            generation: ServedGeneration, vector: Float32Array, filtered: FilteredSet, _: int
        ) -> tuple[DocumentPositions, Float32Array]:
            return nearest_documents(generation, vector, filtered, 2)

        monkeypatch.setattr(retrieval, "nearest_documents", two_nearest)
        question = Question("d17 abstract", expand=False)
        encoded = query.encode(served, question, RankingWeights())
        candidates = find_candidates(served, question, encoded, 0.5)
        assert len(candidates) == len(set(candidates.positions.tolist())) == 30
        vector = encoded.vector
        wanted = similarities_of(served, vector, candidates.positions)
        assert candidates.similarities.tolist() == pytest.approx(wanted.tolist())
        assert (candidates.keyword_scores > 0).all()


# The nearest documents.


@pytest.fixture
def everything(served: ServedGeneration) -> FilteredSet:
    return served.filtered_set(FacetFilter())


def by_numpy(served: ServedGeneration, vector: Float32Array) -> dict[int, float]:
    """The best cosine of each document's passages, computed one by one."""
    best: dict[int, float] = {}
    for slot, position in enumerate(served.passages.documents.tolist()):
        cosine = float(served.dense.vectors(PassageSlots(np.asarray([slot])))[0] @ vector)
        best[position] = max(cosine, best.get(position, -1.0))
    return best


@pytest.mark.parametrize("count", [1, 2, 4, 50])
def test_the_nearest_documents_are_those_of_the_best_passages(
    count: int, served: ServedGeneration, everything: FilteredSet
) -> None:
    (vector,) = served.encoder.encode_queries(["herons hunt the trees"])
    positions, cosines = nearest_documents(served, vector, everything, count)
    best = by_numpy(served, vector)
    nearest = sorted(best, key=lambda position: -best[position])[:count]
    assert positions.tolist() == sorted(nearest)
    assert cosines.tolist() == pytest.approx([best[position] for position in sorted(nearest)])


def test_a_document_of_many_passages_does_not_crowd_out_the_others(tmp_path: Path) -> None:
    long = " ".join(f"Dogs bark at the {number} trees." for number in range(200))
    documents = [{"id": "a", "title": "Dogs", "abstract": long}, a_document("b"), a_document("c")]
    build_words(tmp_path / "v", write_jsonl(tmp_path / "s.jsonl", *documents))
    with serving(tmp_path / "v") as (served, _):
        (vector,) = served.encoder.encode_queries(["dogs bark at the trees"])
        allowed = served.filtered_set(FacetFilter())
        assert nearest_documents(served, vector, allowed, 2)[0].tolist().count(0) == 1
        assert len(nearest_documents(served, vector, allowed, 2)[0]) == 2
        assert len(nearest_documents(served, vector, allowed, 3)[0]) == 3


def test_no_documents_are_nearest_in_an_empty_set(served: ServedGeneration) -> None:
    nothing = served.filtered_set(FacetFilter(year_from=2020))
    positions, cosines = nearest_documents(served, served.sample[0], nothing, 5)
    assert (positions.tolist(), cosines.tolist()) == ([], [])


def test_similarities_are_of_the_nearest_passage(served: ServedGeneration) -> None:
    (vector,) = served.encoder.encode_queries(["dogs bark"])
    best = by_numpy(served, vector)
    order = sorted(best, reverse=True)
    found = similarities_of(served, vector, at(*order))
    assert found.tolist() == pytest.approx([best[position] for position in order])
    assert similarities_of(served, vector, at()).tolist() == []


# With the real model.


@pytest.mark.parametrize("mode", ["hybrid", "semantic"])
@pytest.mark.parametrize("depth", [3, 40, 1000], ids=["few", "some", "all"])
@pytest.mark.parametrize("last", [1060, 1120, 1199], ids=["three tenths", "most", "every one"])
def test_a_broad_filter_finds_by_keywords_what_is_found_within_it(
    last: int, depth: int, mode: Mode, large: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrieval, "MAX_CANDIDATES", depth)
    # Without the filter, most documents that it allows match far down the list.
    question = Question(
        "fevers and wars by night, in Mali", filters=Filters(year_to=last), mode=mode, limit=100
    )
    without = large.ask(question)
    monkeypatch.setattr(retrieval, "_BROAD", 0)  # no filter is broad
    within = large.ask(question)
    assert without_time(without) == without_time(within)
    assert any(hit.legs.keyword for hit in without.hits)
