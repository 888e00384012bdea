"""The first candidates are scored again by their sentences; the others stay behind them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from embedder.index.facets import FacetFilter
from embedder.records import Question, RankingWeights
from embedder.search import evidence, query, reranking
from embedder.search.query import EncodedQuery
from embedder.search.reranking import best_sentence_cosines, rerank
from embedder.search.retrieval import Candidates, find_candidates
from embedder.search.served import ServedGeneration
from embedder.vectors import DocumentPositions
from tests.unit.search.conftest import positions_by_id, serving

WEIGHTS = RankingWeights()


@pytest.fixture
def loaded(words_folder: Path) -> Iterator[tuple[ServedGeneration, dict[str, int]]]:
    with serving(words_folder) as (served, snapshot):
        yield served, positions_by_id(served, snapshot)


def searched(
    served: ServedGeneration, text: str, weights: RankingWeights = WEIGHTS
) -> tuple[EncodedQuery, Candidates]:
    question = Question(text, mode="semantic", expand=False)
    encoded = query.encode(served, question, weights)
    return encoded, find_candidates(served, question, encoded, 1.0)


def test_nothing_is_reranked_of_nothing(served: ServedGeneration) -> None:
    encoded, candidates = searched(served, "fish")
    none = candidates.select(slice(0))
    assert len(rerank(served, encoded, none, 1.0, WEIGHTS)) == 0


def test_the_best_sentence_of_each_document_is_compared(
    loaded: tuple[ServedGeneration, dict[str, int]],
) -> None:
    served, positions = loaded
    encoded, _ = searched(served, "Herons hunt fish in rivers.")
    order = [positions["cats"], positions["herons"]]
    cosines = best_sentence_cosines(
        served, encoded, DocumentPositions(np.asarray(order, dtype=np.int64))
    )
    assert cosines.shape == (2,)
    for row, position in enumerate(order):
        vectors, _ = served.sentences(DocumentPositions(np.asarray([position], dtype=np.int64)))
        wanted = min(float((vectors @ encoded.vector).max()), 1.0)
        assert cosines[row] == pytest.approx(wanted, abs=1e-5)
    # The question is a sentence of one of the documents.
    assert cosines[0] < cosines[1] == pytest.approx(1.0, abs=1e-3)


def test_the_ranking_takes_no_notice_of_the_questions_parts(words_folder: Path) -> None:
    with serving(words_folder) as (served, snapshot):
        encoded, candidates = searched(served, "Herons wade. Cats hunt. Dogs bark.")
        assert encoded.vectors.shape == (4, 16)
        whole = replace(
            encoded,
            vectors=encoded.vectors[:1],
            part_weights=np.empty(0, dtype=np.float32),
            part_spans=(),
        )
        reranked, by_whole = (
            rerank(served, each, candidates, 1.0, WEIGHTS) for each in (encoded, whole)
        )
        assert reranked.positions.tolist() == by_whole.positions.tolist()
        assert reranked.scores.tolist() == by_whole.scores.tolist()
        # A hit still says which of them it fits.
        hits = evidence.hits(served, snapshot, encoded, reranked, range(len(reranked)))
        matched = {hit.document.id: hit.matched[0].start for hit in hits}
    assert (matched["herons"], matched["cats"], matched["dogs"]) == (0, 13, 24)


def test_a_document_rises_by_its_best_sentence(
    loaded: tuple[ServedGeneration, dict[str, int]],
) -> None:
    served, positions = loaded
    encoded, candidates = searched(served, "Dogs bark at the 8 trees by the river.")
    reranked = rerank(served, encoded, candidates, 1.0, replace(WEIGHTS, sentence_weight=50.0))
    assert reranked.positions[0] == positions["dogs"]
    assert sorted(reranked.positions.tolist()) == sorted(candidates.positions.tolist())


def test_without_weights_the_order_is_that_of_the_passages(served: ServedGeneration) -> None:
    plain = replace(WEIGHTS, sentence_weight=0.0)
    encoded, candidates = searched(served, "Herons wade. Cats hunt.", plain)
    reranked = rerank(served, encoded, candidates, 1.0, plain)
    assert reranked.positions.tolist() == candidates.positions.tolist()
    assert reranked.scores.tolist() == pytest.approx(candidates.scores.tolist(), abs=1e-6)


def test_similarities_and_keyword_scores_stay_with_their_documents(
    served: ServedGeneration,
) -> None:
    encoded, found = searched(served, "Cats hunt mice at night.")
    numbered = np.arange(len(found), dtype=np.float32)
    candidates = Candidates(
        found.filtered, found.positions, found.similarities, numbered, found.scores
    )
    reranked = rerank(served, encoded, candidates, 1.0, WEIGHTS)
    before = {
        position: (similarity, keyword)
        for position, similarity, keyword in zip(
            candidates.positions.tolist(),
            candidates.similarities.tolist(),
            candidates.keyword_scores.tolist(),
            strict=True,
        )
    }
    for index, position in enumerate(reranked.positions.tolist()):
        own = float(reranked.similarities[index]), float(reranked.keyword_scores[index])
        assert own == before[position]


def test_candidates_that_are_not_reranked_stay_behind_in_their_order(
    served: ServedGeneration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reranking, "RERANKED", 2)
    encoded, candidates = searched(served, "Fish swim in rivers.")
    assert len(candidates) == 4
    reranked = rerank(served, encoded, candidates, 1.0, WEIGHTS)
    assert reranked.positions[2:].tolist() == candidates.positions[2:].tolist()
    assert set(reranked.positions[:2].tolist()) == set(candidates.positions[:2].tolist())
    scores = reranked.scores.tolist()
    assert scores == sorted(scores, reverse=True)
    assert scores[2] <= scores[1] * np.float32(0.9990001)
    assert reranked.filtered is candidates.filtered


def test_all_documents_are_reranked_in_a_small_library(served: ServedGeneration) -> None:
    assert served.filtered_set(FacetFilter()).total < reranking.RERANKED
