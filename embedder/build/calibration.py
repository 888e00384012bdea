"""Take from a library the two cosines that its verdicts are decided with.

What a cosine means depends on the model and on how alike the library's documents are, so two
kinds of questions are asked of every library when it is built:

- How near do questions come that it does not answer? It is asked 200 everyday questions of
  other fields (`everyday_questions.txt`). A library may answer a few of them, so the median and
  the spread below the upper quartile count, not the highest.
- How near do its own sentences come to documents that they are not from? A question that is no
  nearer to its best document may be a near miss.

`embedder.search.verdict` decides by these.

The same documents give the same thresholds, whatever was indexed before: sentences are chosen by
a hash of their document's id, and all cosines are computed exactly (see `BestCosines`).
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from embedder.build.context import BuildContext
from embedder.text.sentences import split_sentences
from embedder.vectors import DocumentRows, Float32Array, Float64Array

OWN_SENTENCES = 200
# The documents that these sentences are chosen from, in a large library.
SENTENCE_DOCUMENTS = 2000

# Deviations above the median of the everyday questions. Of a normal distribution 99.9 % lie
# below; cosines have a longer tail than that.
_DEVIATIONS = 3.2
# The upper quartile of a normal distribution lies this many deviations above its median.
_QUARTILE = 0.6745
# A verdict is `strong` above this quantile of the own sentences' best cosines.
_STRONG_QUANTILE = 0.4
# Passages per matrix product: the product of 400 questions then takes 13 MB.
_PASSAGES_PER_PRODUCT = 4096


@dataclass(frozen=True, slots=True)
class CalibrationQuestions:
    """The questions that are asked of a library when it is built.

    `everyday` (n, dim) and `sentences` (m, dim) are their vectors, float32; `sentence_rows` (m,)
    are the row numbers of the documents that the sentences are from.
    """

    everyday: Float32Array
    sentences: Float32Array
    sentence_rows: DocumentRows


def everyday_questions() -> list[str]:
    """Return the 200 questions that a library most likely does not answer."""
    text = Path(__file__).with_name("everyday_questions.txt").read_text(encoding="utf-8")
    return [line for line in text.split("\n") if line]


def calibration_questions(context: BuildContext) -> CalibrationQuestions:
    """Choose the questions for a library and embed them; an empty library has none."""
    chosen = _chosen_sentences(context)
    everyday = everyday_questions() if context.writer.count() else []
    vectors = context.embed_texts("Asking", [*everyday, *(text for _, text in chosen)])
    rounded = vectors.astype(np.float32)
    rows = np.asarray([row for row, _ in chosen], dtype=np.int64)
    return CalibrationQuestions(
        rounded[: len(everyday)], rounded[len(everyday) :], DocumentRows(rows)
    )


def _chosen_sentences(context: BuildContext) -> list[tuple[int, str]]:
    """Choose sentences by hashes of their documents' ids; return them with the row numbers."""
    documents = sample(context.writer.ids(), SENTENCE_DOCUMENTS)
    rows = {document_id: row for row, document_id in documents}
    texts: dict[str, tuple[int, str]] = {}
    for document in context.writer.documents(sorted(rows.values())).values():
        for number, (start, end) in enumerate(split_sentences(document.abstract)):
            key = f"{document.id}\0{number}"
            texts[key] = rows[document.id], document.abstract[start:end]
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
    """The best cosine of each question with a passage of a document that it is not from.

    Vectors are rounded to float16 and multiplied as float64. A product of two float16 numbers of
    magnitude at most 1 is a multiple of 2^-48, so sums below 32 are exact: the result does not
    depend on the order of the passages, on block sizes or on the processor.
    """

    def __init__(self, questions: Float32Array, own_rows: DocumentRows | None = None) -> None:
        """Ask float32 (n, dim), unit length.

        `own_rows` (n,) are the row numbers of the documents that the questions are from, whose
        passages do not count; None for questions that are from no document.
        """
        self._questions = _exact(questions)
        self._own_rows = own_rows
        self._best: Float64Array = np.full(len(questions), -np.inf)

    def add(self, passages: Float32Array, rows: DocumentRows) -> None:
        """Compare with float32 (m, dim), unit length, passages of the documents in `rows` (m,)."""
        for start in range(0, len(passages), _PASSAGES_PER_PRODUCT):
            end = start + _PASSAGES_PER_PRODUCT
            cosines = self._questions @ _exact(passages[start:end]).T
            if self._own_rows is not None:
                cosines[self._own_rows[:, None] == rows[None, start:end]] = -np.inf
            self._best = np.maximum(self._best, cosines.max(axis=1, initial=-np.inf))

    @property
    def best(self) -> Float64Array:
        """The best cosines of the questions that some passage was compared with: float64 (k,)."""
        return np.clip(self._best[np.isfinite(self._best)], -1.0, 1.0)


def _exact(vectors: Float32Array) -> Float64Array:
    return vectors.astype(np.float16).astype(np.float64)


def thresholds(everyday: Float64Array, foreign: Float64Array) -> dict[str, float]:
    """Return the cosines that divide the verdicts, `none` and `strong`.

    `everyday` is float64 (n,), each everyday question's best cosine with a passage; `foreign`
    float64 (m,), each own sentence's best cosine with a passage of another document. An empty
    library takes every question for answered.
    """
    if not len(everyday):
        return {"none": -1.0, "strong": 1.0}
    median, quartile = np.quantile(everyday, (0.5, 0.75))
    none = float(median + _DEVIATIONS * (quartile - median) / _QUARTILE)
    strong = float(np.quantile(foreign, _STRONG_QUANTILE)) if len(foreign) else none
    return {"none": none, "strong": max(none, strong)}
