"""Measure what tells how sure an answer is, in numbers that mean much the same in every library.

A cosine means something only against others: those of everyday questions, which the library does
not answer (`embedder.build.calibration`), and those of the other documents with this question.
Many more signals were tried, of words and of scores; benchmarks/learn_verdicts.py says which.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from embedder.index.lexical import LexicalIndex
from embedder.index.word_analysis import stems
from embedder.records import FIRST_HITS, Document
from embedder.search.named import count_missing, find_named
from embedder.search.query import EncodedQuery
from embedder.search.retrieval import Candidates
from embedder.search.served import ServedGeneration
from embedder.text.languages import language_of
from embedder.text.words import words
from embedder.vectors import Float32Array, Float64Array

# The hits behind the first ones, whose cosines the best is compared with.
_BEHIND = 10
_MIN_DEVIATION = 1e-3
# To a model that takes all texts for the same, an everyday question is as near as can be.
_MIN_WAY = 1e-3
# Hits are compared with a best one that is at least so near: else all are far.
_MIN_BEST = 0.1
# Two words side by side are a rare phrase if their weights are on average this share of the weight
# of a word that one document has.
_RARE_PHRASE = 0.5


@dataclass(frozen=True, slots=True)
class AnswerSignals:
    """What is measured of an answer by its first hits.

    `nearness`, at most 1, is the best of theirs, and `first` that of the first: see `nearness_of`.
    `gap` is how far the best cosine is above the mean of the ten behind the first hits, in standard
    deviations of the question's cosines with the library. `size` is the logarithm of the number of
    documents. `missing` counts the places, years and numbers of the question that none of the first
    hits has. `literal` tells whether a rare word or phrase of it stands in the first hit's
    abstract.
    """

    nearness: float
    first: float
    gap: float
    size: float
    missing: int
    literal: bool


@dataclass(frozen=True, slots=True)
class HitSignals:
    """What is measured of a hit: its nearness, and this divided by the best of the first hits'."""

    nearness: float
    relative: float


def nearness_of(served: ServedGeneration, cosines: Float32Array) -> Float64Array:
    """Return float32 (n,), cosines, as nearness, float64 (n,).

    That is how far on the way from the best cosine of a median everyday question, 0, to 1 it lies.
    """
    median: float = served.manifest.calibration["median"]
    return (cosines.astype(np.float64) - median) / max(1.0 - median, _MIN_WAY)


def of_answer(
    served: ServedGeneration,
    text: str,
    query: EncodedQuery,
    candidates: Candidates,
    documents: Sequence[Document],
) -> AnswerSignals:
    """Measure an answer: its candidates, best first, whose first ones are these documents.

    `documents` are FIRST_HITS or as many as there are, at least one; `query.ranking_vector` is that
    of the question alone.
    """
    nearness = nearness_of(served, candidates.similarities[: len(documents)])
    return AnswerSignals(
        nearness=float(nearness.max()),
        first=float(nearness[0]),
        gap=_gap(query.sample_cosines, candidates.similarities),
        size=math.log1p(served.lexical.size),
        missing=count_missing(find_named(text, query.languages), documents),
        literal=_is_literal(served, text, query.languages[0], documents[0]),
    )


def of_hits(
    served: ServedGeneration, cosines: Float32Array, answer: AnswerSignals
) -> list[HitSignals]:
    """Measure hits of an answer by their cosines with the question, float32 (n,)."""
    best = max(answer.nearness, _MIN_BEST)
    return [HitSignals(each, each / best) for each in nearness_of(served, cosines).tolist()]


def _gap(sample: Float32Array, similarities: Float32Array) -> float:
    """Return how far the best cosine is above those behind the first hits, in deviations."""
    cosines = np.sort(similarities.astype(np.float64))[::-1]
    behind = cosines[FIRST_HITS : FIRST_HITS + _BEHIND]
    if not len(behind):
        behind = sample.astype(np.float64)
    if not len(sample) or not len(behind):
        return 0.0
    return float((cosines[0] - behind.mean()) / max(float(sample.std()), _MIN_DEVIATION))


def _is_literal(served: ServedGeneration, text: str, language: str, document: Document) -> bool:
    """Return whether a rare word or phrase of a question stands in a document's abstract.

    A phrase is two words side by side, without stop words. A word is rare that one document alone
    has and that the model does not know as a whole, as it knows common ones.
    """
    own = stems(document.abstract, language_of(document.abstract))
    asked = stems(text, language)
    shared = set(pairwise(asked)).intersection(pairwise(own))
    once = _weight_of_one(served.lexical)
    weight = served.lexical.weight
    if any(weight(a) + weight(b) >= 2 * _RARE_PHRASE * once for a, b in shared):
        return True
    rare = {stem for stem in set(asked).intersection(own) if weight(stem) >= once}
    forms = [
        word.written.lower()
        for word in words(text)
        if rare.intersection(stems(word.written, language))
    ]
    encoder = served.encoder.for_queries(language)
    empty, *counts = encoder.count_tokens(["", *forms])
    return any(count > empty + 1 for count in counts)


def _weight_of_one(lexical: LexicalIndex) -> float:
    """Return the weight of a word that one document has."""
    return math.log(1 + (lexical.size - 0.5) / 1.5)
