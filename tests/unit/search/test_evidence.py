"""The sentences that a hit is shown with, and the parts of the question that it fits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from embedder.index.lexical import LexicalQuery
from embedder.library import Library
from embedder.records import MODES, Hit, Mode, Question, RankingWeights, Understood
from embedder.search import evidence
from embedder.search.query import EncodedQuery, encode, from_vector
from embedder.search.retrieval import Candidates
from embedder.search.served import ServedGeneration
from embedder.store.snapshot import Snapshot
from embedder.text.sentences import split_sentences
from embedder.vectors import DocumentPositions, Float32Array, normalise
from tests.support.app import WORKERS
from tests.support.words import build_words
from tests.unit.search.conftest import (
    DISASTERS,
    PREVENTION,
    Ask,
    positions_by_id,
    serving,
)

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("text", [PREVENTION, DISASTERS], ids=["one sentence", "two sentences"])
def test_evidence_is_sentences_of_the_document(text: str, mode: Mode, ask: Ask) -> None:
    for hit in ask(text, mode=mode, limit=100).hits:
        assert 1 <= len(hit.evidence) <= 2
        for sentence in hit.evidence:
            assert sentence.text == hit.document.abstract[sentence.start : sentence.end]
            assert sentence.field == "abstract"
            assert (sentence.start, sentence.end) in split_sentences(hit.document.abstract)
            assert -1 <= sentence.similarity <= 1
        values = [sentence.similarity for sentence in hit.evidence]
        assert values == sorted(values, reverse=True)


@pytest.mark.parametrize("mode", MODES)
def test_matched_is_sentences_of_the_question(mode: Mode, ask: Ask) -> None:
    for hit in ask(DISASTERS, mode=mode, limit=100).hits:
        assert 1 <= len(hit.matched) <= 2
        for part in hit.matched:
            assert (part.start, part.end) in split_sentences(DISASTERS)
            assert -1 <= part.similarity <= 1


def test_a_question_of_one_sentence_has_no_matched_part(ask: Ask) -> None:
    assert {hit.matched for hit in ask(PREVENTION, limit=100).hits} == {()}


def test_a_document_without_an_abstract_has_its_title_as_evidence(animals: Library) -> None:
    (hit,) = [h for h in animals.ask(Question("wolves")).hits if h.document.id == "dogs"]
    (evidence,) = hit.evidence
    assert (evidence.field, evidence.start, evidence.text) == ("title", 0, "Dogs and wolves bark")
    assert hit.rank == 1


def test_evidence_holds_around_odd_characters(animals: Library) -> None:
    hits = animals.ask(Question("fish that swim")).hits
    (hit,) = [each for each in hits if each.document.id == "fish"]
    assert hit.evidence
    for each in hit.evidence:
        assert each.text == hit.document.abstract[each.start : each.end]
        assert each.text in ("🐟 Fısh — naïve ones swim.", "They sleep, too.")


def test_the_best_sentence_is_the_evidence(animals: Library) -> None:
    (hit,) = animals.ask(Question("hunting for mice", limit=1)).hits
    assert hit.document.id == "cats"
    assert hit.evidence[0].text == "Cats hunt mice at night."


# With the stand-in model.


def candidates_of(served: ServedGeneration, snapshot: Snapshot, *names: str) -> Candidates:
    """Documents as candidates, whose scores are 0.9, 0.8 and so on."""
    positions = positions_by_id(served, snapshot)
    scores = np.asarray([0.9 - 0.1 * rank for rank in range(len(names))], dtype=np.float32)
    return Candidates(
        filtered=served.filtered_set_of(np.ones(len(served.facets.rows), dtype=np.bool_)),
        positions=DocumentPositions(
            np.asarray([positions[name] for name in names], dtype=np.int64)
        ),
        similarities=scores / np.float32(2),
        keyword_scores=np.where(scores > 0.85, scores, 0).astype(np.float32),
        scores=scores,
    )


def hits_of(folder: Path, query: EncodedQuery, page: range, *names: str) -> list[Hit]:
    with serving(folder) as (served, snapshot):
        candidates = candidates_of(served, snapshot, *names)
        return list(evidence.hits(served, snapshot, query, candidates, page))


@pytest.fixture
def hunting(words_folder: Path) -> Float32Array:
    """The vector of a sentence of the document `herons`."""
    with serving(words_folder) as (served, _):
        vector: Float32Array = served.encoder.encode_queries(["Herons hunt fish in rivers."])[0]
        return vector


def test_a_page_is_a_range_of_the_candidates(words_folder: Path, hunting: Float32Array) -> None:
    names = ("herons", "cats", "fish")
    whole = hits_of(words_folder, from_vector(hunting), range(3), *names)
    assert [hit.document.id for hit in whole] == list(names)
    assert [hit.rank for hit in whole] == [1, 2, 3]
    assert [hit.score for hit in whole] == [0.9, 0.8, 0.7]
    assert [hit.similarity for hit in whole] == [0.45, 0.4, 0.35]
    assert [hit.legs.keyword for hit in whole] == [0.9, None, None]
    assert [hit.legs.semantic for hit in whole] == [0.45, 0.4, 0.35]
    assert hits_of(words_folder, from_vector(hunting), range(1, 3), *names) == whole[1:]


def test_an_empty_page_has_no_hits(words_folder: Path, hunting: Float32Array) -> None:
    assert hits_of(words_folder, from_vector(hunting), range(0), "herons") == []
    assert hits_of(words_folder, from_vector(hunting), range(1, 1), "herons") == []
    assert hits_of(words_folder, from_vector(hunting), range(0)) == []


def test_a_sentence_that_is_the_question_is_evidence_of_similarity_1(
    words_folder: Path, hunting: Float32Array
) -> None:
    (hit,) = hits_of(words_folder, from_vector(hunting), range(1), "herons")
    assert hit.evidence[0].text == "Herons hunt fish in rivers."
    assert hit.evidence[0].similarity == pytest.approx(1.0, abs=1e-3)
    assert hit.matched == ()


def test_a_second_part_is_shown_only_if_it_fits_nearly_as_well(
    words_folder: Path, hunting: Float32Array
) -> None:
    far = normalise(np.asarray(np.roll(hunting, 1) - hunting, dtype=np.float32))
    query = EncodedQuery(
        vectors=np.stack([hunting, far, hunting, hunting]),
        ranking_vector=hunting,
        part_weights=np.asarray([1.0, 1.0, 0.1], dtype=np.float32),
        part_spans=((0, 10), (11, 20), (21, 30)),
        sample_cosines=np.empty(0, dtype=np.float32),
        lexical=LexicalQuery(),
    )
    (hit,) = hits_of(words_folder, query, range(1), "herons")
    # The first part does not fit, the third has too little weight to be shown.
    assert [(part.start, part.end) for part in hit.matched] == [(11, 20)]
    weighty = replace(query, part_weights=np.ones(3, dtype=np.float32))
    (hit,) = hits_of(words_folder, weighty, range(1), "herons")
    assert [(part.start, part.end) for part in hit.matched] == [(11, 20), (21, 30)]


# What was understood.


@pytest.fixture(scope="module")
def workers(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[ServedGeneration, Snapshot]]:
    folder = tmp_path_factory.mktemp("workers")
    build_words(folder, *WORKERS)
    with serving(folder) as opened:
        yield opened


NAMES = ("maids", "trade", "herons")


@pytest.mark.parametrize(
    ("page", "used"),
    [
        (range(3), ["domestic worker", "trafficking in persons"]),
        (range(1), ["domestic worker"]),
        (range(1, 2), ["trafficking in persons"]),
        (range(2, 3), []),
        (range(0), []),
        (range(3, 3), []),
    ],
    ids=str,
)
def test_a_term_is_used_if_a_document_of_the_page_has_a_name_of_it(
    page: range, used: list[str], workers: tuple[ServedGeneration, Snapshot]
) -> None:
    served, snapshot = workers
    question = Question("My nanny heard of THB from her boss. A Nanny?")
    query = encode(served, question, RankingWeights())
    found = evidence.understood(served, query, candidates_of(served, snapshot, *NAMES), page)
    assert [replace(each, used=False) for each in found] == list(query.understood)
    assert [each.meaning for each in found] == [
        "domestic worker",
        "trafficking in persons",
        "employer",
        "domestic worker",
    ]
    assert list(dict.fromkeys(each.meaning for each in found if each.used)) == used


def test_a_corrected_word_is_used_if_it_stands_in_a_document_of_the_page(
    workers: tuple[ServedGeneration, Snapshot],
) -> None:
    served, snapshot = workers
    spellings = ("maid", "houses", "river", "knowing", "worker", "domestic worker", "of")
    query = replace(
        from_vector(served.encoder.encode_queries(["x"])[0]),
        understood=tuple(Understood("spelling", 0, 1, each) for each in spellings),
    )
    candidates = candidates_of(served, snapshot, *NAMES)

    def used(page: range) -> list[str]:
        found = evidence.understood(served, query, candidates, page)
        return [each.meaning for each in found if each.used]

    assert used(range(1)) == ["maid", "houses", "worker", "domestic worker"]
    assert used(range(1, 3)) == ["river"]
    assert used(range(0)) == []


def test_nothing_understood_is_nothing_used(workers: tuple[ServedGeneration, Snapshot]) -> None:
    served, snapshot = workers
    query = encode(served, Question("Herons wade"), RankingWeights())
    candidates = candidates_of(served, snapshot, *NAMES)
    assert evidence.understood(served, query, candidates, range(3)) == ()
