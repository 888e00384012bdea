"""Read all passage vectors once: for the dense index, its recall, and the calibration."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from embedder.build.calibration import (
    BestCosines,
    calibrate,
    embed_everyday_questions,
    embed_own_sentences,
)
from embedder.build.context import BuildContext
from embedder.index import approximate, float16_files
from embedder.index import exact as exact_index
from embedder.records import Manifest
from embedder.store import generations
from embedder.vectors import Float32Array, PassageIds

# The approximate index is made again when a larger share of its vectors is gone, or was added.
_MAX_GONE, _MAX_ADDED = 0.1, 0.3

_EXACT = {"kind": "exact", "recall": 1.0}


def survey(
    context: BuildContext, folder: Path, base: Manifest | None
) -> tuple[dict[str, Any], dict[str, float]]:
    """Return what the manifest says of the dense index, and the calibration.

    The index is written into `folder` if the library is too large for an exact one in memory.
    """
    ids, _ = context.writer.passages()
    questions = embed_everyday_questions(context)
    everyday = BestCosines(questions)
    exact = len(ids) <= exact_index.EXACT_UP_TO
    extend = base if not exact and base and _can_extend(folder, ids) else None
    write = not exact and not extend
    asked = np.concatenate((questions, embed_own_sentences(context))) if write else questions
    nearest = approximate.NearestVectors(asked)

    with context.progress.step("Comparing", len(ids)) as advance:

        def blocks() -> Iterator[Float32Array]:
            for block in context.writer.passage_vectors(
                context.encoder.fingerprint, context.encoder.dim
            ):
                everyday.add(block)
                if write:
                    nearest.add(block)
                advance(len(block))
                yield block

        if write:
            dense = _write_index(context, folder, ids, blocks(), nearest, asked)
        else:
            for _ in blocks():
                pass
            dense = dict(extend.dense) if extend else dict(_EXACT)
    if extend:
        _extend_index(context, folder, ids)
    return dense, calibrate(everyday.best)


def _write_index(
    context: BuildContext,
    folder: Path,
    ids: PassageIds,
    blocks: Iterator[Float32Array],
    nearest: approximate.NearestVectors,
    queries: Float32Array,
) -> dict[str, Any]:
    """Write an approximate index with its passages' ids beside it, and measure its recall."""
    size = approximate.training_size(len(ids))
    chosen = np.sort(np.random.default_rng(0).permutation(len(ids))[:size])
    model, dim = context.encoder.fingerprint, context.encoder.dim
    sample = np.concatenate(list(context.writer.passage_vectors(model, dim, ids[chosen].tolist())))
    folder.mkdir()
    approximate.write_index(folder / generations.INDEX, blocks, sample, len(ids))
    np.save(folder / generations.SLOTS, ids, allow_pickle=False)
    probes, recall = approximate.measure(folder / generations.INDEX, queries, nearest.slots)
    return {"kind": "approximate", "recall": round(recall, 4), "probes": probes}


def _base_folder(folder: Path) -> Path:
    """Return the folder of the base generation's dense index."""
    generation = folder.parent
    return generation.with_name(str(int(generation.name) - 1)) / generations.DENSE


def _can_extend(folder: Path, ids: PassageIds) -> bool:
    """Return whether the base's index can take in the new passages, or is better made again."""
    base = _base_folder(folder)
    if not (base / generations.SLOTS).is_file():
        return False
    slots = np.load(base / generations.SLOTS, allow_pickle=False)
    added = len(np.setdiff1d(ids, slots))
    gone = len(slots) + added - len(ids)
    few_files = len(float16_files.files(base)) < float16_files.MAX_FILES
    return few_files and gone <= _MAX_GONE * len(slots) and added <= _MAX_ADDED * len(slots)


def _extend_index(context: BuildContext, folder: Path, ids: PassageIds) -> None:
    """Write the base's index with the new passages added to it."""
    base = _base_folder(folder)
    slots = np.load(base / generations.SLOTS, allow_pickle=False)
    missing = np.setdiff1d(ids, slots)
    model, dim = context.encoder.fingerprint, context.encoder.dim
    folder.mkdir()
    for file in float16_files.files(base):
        generations.link(file, folder / file.name)
    added = context.writer.passage_vectors(model, dim, missing.tolist())
    no_sample = np.empty((0, dim), dtype=np.float32)
    approximate.write_index(
        folder / generations.INDEX, added, no_sample, 0, base / generations.INDEX
    )
    np.save(folder / generations.SLOTS, np.concatenate((slots, missing)), allow_pickle=False)
