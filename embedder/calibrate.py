"""How sure an answer is: figures taken from the library itself, and the verdict they give.

What a cosine means depends on the model and on how alike the library's documents are. So at
build the library is asked its own sentences: against the document a sentence comes from, and
against all others, as if that document were not there. A question whose best document is no
nearer than the others usually are to a foreign sentence has no answer here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from embedder.encode import Rows
from embedder.records import Verdict

SAMPLE = 2000
# Quantiles of the cosines of sentences with passages of other documents.
QUANTILES = {"unrelated_median": 0.5, "unrelated_high": 0.95}


def calibrate(passages: Rows, documents: np.ndarray[Any, np.dtype[np.int64]]) -> dict[str, float]:
    """Measure how alike unrelated texts of the library are.

    `passages` is float32 (n, dim), unit rows, `documents` int64 (n,) their documents. Returns
    quantiles of the cosine over pairs of passages from different documents; a library with
    fewer than two documents gives 0 for each. The sample is the same for the same library.
    """
    chosen = np.random.default_rng(0).permutation(len(passages))[:SAMPLE]
    cosines = passages[chosen] @ passages[chosen].T
    unrelated = cosines[documents[chosen][:, None] != documents[chosen][None, :]]
    if not unrelated.size:
        return dict.fromkeys(QUANTILES, 0.0)
    return {name: float(np.quantile(unrelated, at)) for name, at in QUANTILES.items()}


@dataclass(frozen=True, slots=True)
class Signals:
    """What speaks for an answer: `best` is the cosine of the question with the best document."""

    best: float


def decide(signals: Signals | None, calibration: Mapping[str, float]) -> Verdict:
    """Give the verdict for an answer (None: there is no document)."""
    if signals is None or signals.best < calibration["unrelated_median"]:
        return "none"
    return "strong" if signals.best >= calibration["unrelated_high"] else "possible"
