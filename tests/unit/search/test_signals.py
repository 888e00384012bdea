"""What is measured of an answer and of its hits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from embedder.encoders.encoder import Encoder
from embedder.records import Document, Question
from embedder.search import query, signals
from embedder.search.pipeline import DEFAULT_WEIGHTS
from embedder.search.query import EncodedQuery, from_vector
from embedder.search.retrieval import Candidates
from embedder.search.served import ServedGeneration
from embedder.search.signals import AnswerSignals, HitSignals
from embedder.vectors import DocumentPositions, Float32Array
from tests.support.words import build_words
from tests.unit.search.conftest import serving


def floats(*values: float) -> Float32Array:
    return np.asarray(values, dtype=np.float32)


def calibrated(served: ServedGeneration, median: float) -> ServedGeneration:
    manifest = replace(served.manifest, calibration={"median": median, "chance": 0.9})
    return replace(served, manifest=manifest)


def with_cosines(served: ServedGeneration, *cosines: float) -> Candidates:
    """Candidates with these cosines, best first; nothing else of them is looked at."""
    return Candidates(
        filtered=served.filtered_set_of(np.ones(len(served.facets.rows), dtype=np.bool_)),
        positions=DocumentPositions(np.zeros(len(cosines), dtype=np.int64)),
        similarities=floats(*cosines),
        keyword_scores=np.zeros(len(cosines), dtype=np.float32),
        scores=np.zeros(len(cosines), dtype=np.float32),
    )


def measured(
    served: ServedGeneration,
    text: str,
    *documents: Document,
    cosines: tuple[float, ...] = (0.5,),
    sample: tuple[float, ...] = (),
) -> AnswerSignals:
    encoded = query.encode(served, Question(text), DEFAULT_WEIGHTS)
    encoded = replace(encoded, sample_cosines=floats(*sample))
    return signals.of_answer(served, text, encoded, with_cosines(served, *cosines), documents)


A = Document(id="a", title="Work", abstract="Maids are paid late.")


def test_nearness_is_the_share_of_the_way_from_the_median_to_one(served: ServedGeneration) -> None:
    found = signals.nearness_of(calibrated(served, 0.2), floats(0.2, 0.6, 1.0, -0.6))
    assert found.dtype == np.float64
    assert found.tolist() == pytest.approx([0.0, 0.5, 1.0, -1.0], abs=1e-6)


def test_where_all_texts_are_the_same_nearness_is_a_number(served: ServedGeneration) -> None:
    found = signals.nearness_of(calibrated(served, 1.0), floats(1.0, 0.5))
    assert found[0] == 0.0
    assert np.isfinite(found).all()


def test_the_nearest_of_the_first_hits_counts_and_the_first_by_itself(
    served: ServedGeneration,
) -> None:
    found = measured(
        calibrated(served, 0.0), "maids", A, A, A, cosines=(0.4, 0.6, 0.1, 0.9), sample=(0.0, 0.2)
    )
    assert (found.first, found.nearness) == pytest.approx((0.4, 0.6))
    alone = measured(calibrated(served, 0.0), "maids", A, cosines=(0.4, 0.6, 0.1, 0.9))
    assert (alone.first, alone.nearness) == pytest.approx((0.4, 0.4))


def test_the_gap_is_to_the_ten_behind_the_first_three_in_deviations(
    served: ServedGeneration,
) -> None:
    # The mean of the ten behind is 0.3, the deviation of the sample 0.1.
    behind = (0.2, 0.4) * 5
    cosines = (0.7, 0.9, 0.8, *behind, -1.0)
    found = measured(served, "maids", A, cosines=cosines, sample=(0.1, 0.3))
    assert found.gap == pytest.approx((0.9 - 0.3) / 0.1, rel=1e-5)


def test_without_others_behind_the_gap_is_to_the_sample(served: ServedGeneration) -> None:
    found = measured(served, "maids", A, cosines=(0.7, 0.6), sample=(0.1, 0.3))
    assert found.gap == pytest.approx((0.7 - 0.2) / 0.1, rel=1e-5)
    assert measured(served, "maids", A, cosines=(0.7,)).gap == 0.0
    assert math.isfinite(measured(served, "maids", A, cosines=(0.7,), sample=(0.2, 0.2)).gap)


def test_the_size_is_that_of_the_library(served: ServedGeneration) -> None:
    assert measured(served, "maids", A).size == pytest.approx(math.log(1 + 5))


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("maids", 0),
        ("maids in Lebanon", 0),
        ("maids in Jordan", 1),
        ("maids in Jordan and Lebanon since 2015", 1),
        ("maids in Jordan and Lebanon since 2018", 2),
        ("resolution 1325", 0),
        ("resolution 1326", 1),
        ("Maids in Jordan. I was there in 1999 with 1326 others.", 1),
    ],
)
def test_what_none_of_the_first_hits_has_is_missing(
    text: str, missing: int, served: ServedGeneration
) -> None:
    first = Document(id="b", title="Resolution 1325", countries=("Lebanon",), year=2016)
    assert measured(served, text, A, first, cosines=(0.5, 0.4)).missing == missing


def test_a_hit_is_measured_against_the_nearest_of_the_first(served: ServedGeneration) -> None:
    answer = AnswerSignals(0.5, 0.4, gap=1.0, size=1.0, missing=0, literal=False)
    found = signals.of_hits(calibrated(served, 0.0), floats(0.5, 0.25, -0.5), answer)
    assert found == [HitSignals(0.5, 1.0), HitSignals(0.25, 0.5), HitSignals(-0.5, -1.0)]
    far = replace(answer, nearness=-0.5, first=-0.5)
    assert all(math.isfinite(each.relative) for each in signals.of_hits(served, floats(-0.5), far))
    assert signals.of_hits(served, floats(), answer) == []


# Words that stand in the first hit.

# Each document has words of its own, and words that all have.
FILLED = [
    Document(id=f"d{at}", title=f"Title {at}", abstract=f"Common people {each}. They wait.")
    for at, each in enumerate(("sell quixotry", "buy bread", "mend nets", "rent out rooms", "sing"))
]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("filled")
    build_words(folder / "vectors", *FILLED)
    with ExitStack() as stack:
        served, _ = stack.enter_context(serving(folder / "vectors"))
        yield served


class Tokens:
    """Counts tokens as a model does that knows all words as a whole but these."""

    def __init__(self, encoder: Any, unknown: Mapping[str, int]) -> None:
        self._encoder, self._unknown = encoder, unknown

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)

    def for_queries(self, _: str) -> Tokens:
        return self

    def count_tokens(self, texts: list[str]) -> list[int]:
        return [2 + sum(self._unknown.get(word, 1) for word in text.split()) for text in texts]


def is_literal(served: ServedGeneration, text: str, document: int) -> bool:
    tokens = cast("Encoder", Tokens(served.encoder, {"quixotry": 3, "common": 2}))
    counting = replace(served, encoder=tokens)
    first = FILLED[document]
    return measured(counting, text, first).literal


@pytest.mark.parametrize(
    ("text", "document", "expected"),
    [
        pytest.param("who can mend my nets?", 2, False, id="apart"),
        pytest.param("mend the nets", 2, True, id="a phrase, but for a stop word"),
        pytest.param("nets mend", 2, False, id="the other way round"),
        pytest.param("renting out rooms", 3, True, id="in another form"),
        pytest.param("common people", 1, False, id="a phrase of words that all have"),
        pytest.param("what is quixotry", 0, True, id="a rare word"),
        pytest.param("what is quixotry", 1, False, id="in another document"),
        pytest.param("bread", 1, False, id="rare here, and known to the model"),
        pytest.param("common", 1, False, id="unknown to the model, and not rare here"),
        pytest.param("?", 1, False, id="no words"),
    ],
)
def test_rare_words_and_phrases_of_the_first_abstract(
    text: str, document: int, expected: bool, filled: ServedGeneration
) -> None:
    assert is_literal(filled, text, document) is expected


def test_a_vector_without_words_is_never_literal(filled: ServedGeneration) -> None:
    encoded: EncodedQuery = from_vector(floats(*[0.25] * 16))
    found = signals.of_answer(filled, "", encoded, with_cosines(filled, 0.5), [FILLED[0]])
    assert (found.literal, found.missing) == (False, 0)


def test_a_folder_without_readers_counts_tokens_with_its_one_encoder(words_folder: Path) -> None:
    with serving(words_folder) as (served, _):
        found = measured(served, "herons wade", Document(id="h", abstract="Herons wade here."))
    assert found.literal
