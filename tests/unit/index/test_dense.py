"""What both dense indexes share: filters, and the best of scored slots."""

from __future__ import annotations

import numpy as np
import pytest

from embedder.index.dense import MAX_BRUTE_FORCE, PositionFilter, all_slots, no_results, top_k
from embedder.vectors import BoolArray, PassageSlots


def mask(count: int, *allowed: int) -> BoolArray:
    result = np.zeros(count, dtype=np.bool_)
    result[list(allowed)] = True
    return result


@pytest.mark.parametrize(
    "allowed",
    [
        pytest.param(np.ones(1003, dtype=np.bool_), id="all"),
        pytest.param(np.random.default_rng(11).random(1003) < 0.3, id="some"),
        pytest.param(mask(1003), id="none"),
        pytest.param(mask(1003, 0, 8, 1002), id="the first and the last"),
        pytest.param(np.ones(12_345, dtype=np.bool_), id="many"),
        pytest.param(mask(0), id="of no vectors"),
    ],
)
def test_a_filter_counts_and_lists_what_may_be_found(allowed: BoolArray) -> None:
    found = PositionFilter.of(allowed)
    assert found.count == allowed.sum()
    assert found.slots().tolist() == np.flatnonzero(allowed).tolist()
    assert found.slots().dtype == np.int64
    bits = np.unpackbits(found.bits, bitorder="little")[: len(allowed)]
    assert bits.tolist() == allowed.tolist()


@pytest.mark.parametrize("count", [0, 1, MAX_BRUTE_FORCE, MAX_BRUTE_FORCE + 1])
def test_a_filter_lists_its_slots_beforehand_where_they_are_few(count: int) -> None:
    found = PositionFilter.of(np.ones(count, dtype=np.bool_))
    assert (found.few is not None) == (count <= MAX_BRUTE_FORCE)


@pytest.mark.parametrize(
    ("k", "best"), [(1, [7]), (2, [7, 2]), (3, [7, 2, 5]), (4, [7, 2, 5, 9]), (9, [7, 2, 5, 9])]
)
def test_the_best_come_first_and_of_equal_ones_the_lowest_slots(k: int, best: list[int]) -> None:
    slots = PassageSlots(np.asarray([9, 5, 7, 2]))
    scores = np.asarray([0.5, 0.5, 0.9, 0.5], dtype=np.float32)
    found, of_them = top_k(slots, scores, k)
    assert found.tolist() == best
    assert of_them.tolist() == pytest.approx([0.9, 0.5, 0.5, 0.5][:k])
    assert found.dtype == np.int64


def test_no_results_are_empty_arrays() -> None:
    slots, scores = no_results()
    assert (slots.shape, scores.shape) == ((0,), (0,))
    assert slots.dtype == np.int64
    assert scores.dtype == np.float32


def test_all_slots_ascend_from_zero() -> None:
    assert all_slots(3).tolist() == [0, 1, 2]
    assert all_slots(0).dtype == np.int64
