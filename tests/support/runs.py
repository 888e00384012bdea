"""Runs and judgements for tests of measures and of TREC files."""

from __future__ import annotations

import numpy as np

from embedder.trec_files import Qrels, Run


def ranked(*documents: str) -> dict[str, float]:
    """Return documents with falling scores."""
    return {document: 1.0 / rank for rank, document in enumerate(documents, start=1)}


def made_up(number: int) -> tuple[Run, Qrels]:
    """Return a random run of 20 queries, and judgements for it; the same for the same number."""
    random = np.random.default_rng(number)
    run = {
        f"q{query}": {
            f"d{document}": float(score)
            for document, score in zip(
                random.permutation(300)[:150], random.random(150), strict=True
            )
        }
        for query in range(20)
    }
    qrels = {
        f"q{query}": {
            f"d{document}": int(random.integers(0, 4)) for document in random.permutation(300)[:15]
        }
        for query in range(20)
    }
    return run, qrels
