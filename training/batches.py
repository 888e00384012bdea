"""Batches: which texts are read together, and which a step learns from."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Example:
    """A text to learn: its tokens, the row of the vector to come to, and its document.

    `document` is the position of the document that it should find among all that are told apart,
    None if it should find none.
    """

    tokens: Sequence[int]
    target: int
    document: int | None


@dataclass(frozen=True, slots=True)
class Pool:
    """Examples that are drawn with equal chance, and the share of the pool among pools."""

    name: str
    share: float
    examples: Sequence[Example]


def generator(seed: int, step: int) -> random.Random:
    """Return the random numbers of one step, the same whether or not a run was interrupted."""
    return random.Random(f"{seed} {step}")  # noqa: S311 - nothing here is secret


def draw(pools: Sequence[Pool], count: int, rng: random.Random) -> list[Example]:
    """Draw `count` examples: a pool by its share, then one of its examples.

    Raises ValueError if there is nothing to draw from.
    """
    filled = [pool for pool in pools if pool.examples and pool.share > 0]
    if not filled:
        raise ValueError("there is no text to learn from")
    chosen = rng.choices(filled, [pool.share for pool in filled], k=count)
    return [rng.choice(pool.examples) for pool in chosen]


def windows(entries: Sequence[int], count: int, rng: random.Random, width: int = 4) -> list[int]:
    """Draw `count` different entries as windows of neighbours: siblings are hard negatives.

    Returns all entries if there are not more. `entries` are in the order of the material.
    """
    count = min(count, len(entries))
    chosen: dict[int, None] = {}
    while len(chosen) < count:
        start = rng.randrange(len(entries))
        chosen.update(dict.fromkeys(entries[start : start + width]))
    return list(chosen)[:count]
