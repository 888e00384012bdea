"""Take from a library what its cosines are compared with.

What a cosine means depends on the model and on what the library is about. So every library is asked
200 everyday questions of other fields when it is built (`everyday_questions.txt`): how near do
questions come that it does not answer? A library may answer a few of them, so their median counts,
and the spread below their upper quartile, not the highest.

Verdicts are decided by the median (`embedder.search.signals`), scores are fused by the highest that
comes about by chance (`embedder.search.fusion`).

The same documents give the same calibration, whatever was indexed before: all cosines are computed
exactly (see `BestCosines`).
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from embedder.build.context import BuildContext
from embedder.text.sentences import split_sentences
from embedder.vectors import Float32Array, Float64Array

OWN_SENTENCES = 200
# The documents that sentences are chosen from, in a large library.
SENTENCE_DOCUMENTS = 2000

# Deviations above the median of the everyday questions. Of a normal distribution 99.9 % lie
# below; cosines have a longer tail than that.
_DEVIATIONS = 3.2
# The upper quartile of a normal distribution lies this many deviations above its median.
_QUARTILE = 0.6745
# Passages per matrix product: the product of 200 questions then takes 7 MB.
_PASSAGES_PER_PRODUCT = 4096


def everyday_questions() -> list[str]:
    """Return the 200 questions that a library most likely does not answer."""
    text = Path(__file__).with_name("everyday_questions.txt").read_text(encoding="utf-8")
    return [line for line in text.split("\n") if line]


def embed_everyday_questions(context: BuildContext) -> Float32Array:
    """Embed the everyday questions: float32 (200, dim), or none for an empty library."""
    everyday = everyday_questions() if context.writer.count() else []
    return context.embed_texts("Asking", everyday).astype(np.float32)


def embed_own_sentences(context: BuildContext) -> Float32Array:
    """Choose sentences of the library and embed them: float32 (n, dim).

    They stand for questions that it does answer. They are chosen by a hash of their document's id.
    """
    return context.embed_texts("Asking", _chosen_sentences(context)).astype(np.float32)


def _chosen_sentences(context: BuildContext) -> list[str]:
    documents = sample(context.writer.ids(), SENTENCE_DOCUMENTS)
    texts: dict[str, str] = {}
    for document in context.writer.documents(sorted(row for row, _ in documents)).values():
        for number, (start, end) in enumerate(split_sentences(document.abstract)):
            texts[f"{document.id}\0{number}"] = document.abstract[start:end]
    return [texts[key] for _, key in sample(((0, key) for key in texts), OWN_SENTENCES)]


def sample(keyed: Iterable[tuple[int, str]], size: int) -> list[tuple[int, str]]:
    """Choose at most `size` of (number, key), those whose keys have the smallest hashes.

    The choice depends on the set of keys alone, and when a few keys are added or removed few of
    the chosen change. Returned by ascending hash.
    """
    return heapq.nsmallest(size, keyed, key=lambda pair: (_hash(pair[1]), pair[1]))


def _hash(key: str) -> bytes:
    return hashlib.blake2b(key.encode(), digest_size=8).digest()


class BestCosines:
    """The best cosine of each question with a passage.

    Vectors are rounded to float16 and multiplied as float64. A product of two float16 numbers of
    magnitude at most 1 is a multiple of 2^-48, so sums below 32 are exact: the result does not
    depend on the order of the passages, on block sizes or on the processor.
    """

    def __init__(self, questions: Float32Array) -> None:
        """Ask float32 (n, dim), unit length."""
        self._questions = _exact(questions)
        self._best: Float64Array = np.full(len(questions), -np.inf)

    def add(self, passages: Float32Array) -> None:
        """Compare with float32 (m, dim), unit length."""
        for start in range(0, len(passages), _PASSAGES_PER_PRODUCT):
            cosines = self._questions @ _exact(passages[start : start + _PASSAGES_PER_PRODUCT]).T
            self._best = np.maximum(self._best, cosines.max(axis=1, initial=-np.inf))

    @property
    def best(self) -> Float64Array:
        """The best cosines: float64 (n,), or none if no passage was compared with."""
        return np.clip(self._best[np.isfinite(self._best)], -1.0, 1.0)


def _exact(vectors: Float32Array) -> Float64Array:
    return vectors.astype(np.float16).astype(np.float64)


def calibrate(everyday: Float64Array) -> dict[str, float]:
    """Return the `median` of cosines, float64 (n,), and the highest one that comes by `chance`.

    The cosines are each everyday question's best with a passage. An empty library takes every
    question for answered.
    """
    if not len(everyday):
        return {"median": -1.0, "chance": -1.0}
    median, quartile = np.quantile(everyday, (0.5, 0.75))
    chance = median + _DEVIATIONS * (quartile - median) / _QUARTILE
    return {"median": float(median), "chance": float(chance)}
