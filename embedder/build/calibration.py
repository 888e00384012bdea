"""How sure an answer is: figures taken from the library itself, and the verdict they give.

What a cosine means depends on the model and on how alike the library's documents are, so two
questions are put to every library when it is built:

- how near do questions come that it does not answer? It is asked 200 everyday questions of
  other fields (`everyday_questions.txt`). A library may answer a few of them, so the median and the
  spread below the upper quartile count, not the highest;
- how near do its own sentences come to documents that they are not from? A question that is no
  nearer to its best document may be a near miss.

A third signal is the question's own words: a short question with a word that the library does
not know, in any form, must come nearer to be believed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from embedder.vectors import Float32Array, cosine

Int64Array = np.ndarray[Any, np.dtype[np.int64]]

# How many of the library's own sentences are asked.
OWN_SENTENCES = 200

# Deviations above the median of everyday questions. Of a normal distribution 99.9% lie below;
# cosines have a longer tail than that.
_DEVIATIONS = 3.2
# For a normal distribution, the upper quartile lies so many deviations above the median.
_QUARTILE = 0.6745
# A question is believed when it is nearer than this share of the library's own sentences.
_FOREIGN_SHARE = 0.4


def everyday_questions() -> list[str]:
    """Give the questions that a library most likely does not answer."""
    text = Path(__file__).with_name("everyday_questions.txt").read_text(encoding="utf-8")
    return [line for line in text.split("\n") if line]


def choose(count: int, most: int) -> Int64Array:
    """Choose at most so many of `count` things, always the same: int64 (n,), ascending."""
    return np.sort(np.random.default_rng(0).permutation(count)[:most])


class BestCosines:
    """The best cosine of each question with a passage, of all but its own document."""

    def __init__(self, questions: Float32Array, own: Int64Array) -> None:
        """Ask float32 (n, dim), unit rows; `own` (n,) are row numbers of documents, or -1."""
        self._questions = questions
        self._own = own
        self.found: Float32Array = np.full(len(questions), -1.0, dtype=np.float32)

    def add(self, block: Float32Array, documents: Int64Array) -> None:
        """Take in float32 (m, dim), passages' vectors, and (m,) their documents' row numbers."""
        cosines = cosine(self._questions, block)
        cosines[self._own[:, None] == documents[None, :]] = -1.0
        self.found = np.maximum(self.found, cosines.max(axis=1, initial=-1.0))


def calibrate(everyday: Float32Array, foreign: Float32Array) -> dict[str, float]:
    """Give the cosines that divide the verdicts.

    `everyday` is float32 (n,), each everyday question's best cosine with a passage; `foreign`
    float32 (m,), each own sentence's best cosine with a passage of another document. An empty
    library, or one of a single document, takes every question for answered.
    """
    if not len(everyday):
        return {"none": -1.0, "strong": 1.0}
    median, quartile = np.quantile(everyday, (0.5, 0.75))
    none = float(median + _DEVIATIONS * (quartile - median) / _QUARTILE)
    strong = float(np.quantile(foreign, _FOREIGN_SHARE)) if len(foreign) else none
    return {"none": none, "strong": max(none, strong)}
