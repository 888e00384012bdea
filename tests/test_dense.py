from __future__ import annotations

import numpy as np
import pytest

from embedder.dense import DenseIndex, ExactIndex

DIM = 24
COUNT = 1003  # no multiple of eight: masks travel as bits


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


RANDOM = np.random.default_rng(11)
VECTORS = unit(RANDOM.normal(size=(COUNT, DIM)))
QUERIES = unit(RANDOM.normal(size=(5, DIM)))
SOME = RANDOM.random(COUNT) < 0.3


@pytest.fixture(scope="module")
def index() -> DenseIndex:
    return ExactIndex(VECTORS)


def nearest(query: np.ndarray, limit: int, allowed: np.ndarray) -> tuple[list[int], list[float]]:
    """Search with plain numpy, in double precision."""
    scores = VECTORS.astype(np.float64) @ query.astype(np.float64)
    order = [int(at) for at in np.argsort(-scores, kind="stable") if allowed[at]][:limit]
    return order, [float(scores[at]) for at in order]


def only(*positions: int) -> np.ndarray:
    mask = np.zeros(COUNT, dtype=bool)
    mask[list(positions)] = True
    return mask


ALL = np.ones(COUNT, dtype=bool)


@pytest.mark.parametrize("limit", [1, 10, 99, 100, 500, COUNT])
@pytest.mark.parametrize("query", QUERIES, ids=lambda _: "query")
def test_the_nearest_are_those_of_numpy(query, limit, index):
    positions, scores = index.search(query, limit)
    assert (positions.dtype, scores.dtype) == (np.int64, np.float32)
    wanted, products = nearest(query, limit, ALL)
    assert positions.tolist() == wanted
    assert scores.tolist() == pytest.approx(products, abs=1e-6)


@pytest.mark.parametrize("limit", [1, 10, 150, COUNT])
@pytest.mark.parametrize(
    "allowed",
    [
        pytest.param(ALL, id="all"),
        pytest.param(SOME, id="some"),
        pytest.param(~SOME, id="the others"),
        pytest.param(only(0), id="the first"),
        pytest.param(only(COUNT - 1), id="the last"),
        pytest.param(only(7, 8, 9, 15, 16), id="about the edges of bytes"),
        pytest.param(np.arange(COUNT) < 500, id="the first half"),
    ],
)
def test_the_nearest_allowed_are_those_of_numpy(allowed, limit, index):
    for query in QUERIES:
        positions, scores = index.search(query, limit, allowed)
        wanted, products = nearest(query, limit, allowed)
        assert positions.tolist() == wanted
        assert scores.tolist() == pytest.approx(products, abs=1e-6)


def test_a_limit_above_the_count_gives_all(index):
    positions, scores = index.search(QUERIES[0], 10 * COUNT)
    assert sorted(positions.tolist()) == list(range(COUNT))
    assert len(scores) == COUNT
    assert index.search(QUERIES[0], 10 * COUNT, only(4, 2))[0].shape == (2,)


@pytest.mark.parametrize(
    ("limit", "allowed"),
    [
        pytest.param(10, only(), id="a mask that allows nothing"),
        pytest.param(0, None, id="limit 0"),
        pytest.param(-1, None, id="limit below 0"),
        pytest.param(0, ALL, id="limit 0 with a mask"),
    ],
)
def test_nothing_is_found_where_nothing_may_be(limit, allowed, index):
    positions, scores = index.search(QUERIES[0], limit, allowed)
    assert (positions.shape, positions.dtype) == ((0,), np.int64)
    assert (scores.shape, scores.dtype) == ((0,), np.float32)


def test_an_empty_index_finds_nothing():
    empty = ExactIndex(np.empty((0, DIM), dtype=np.float32))
    positions, scores = empty.search(QUERIES[0], 10)
    assert (positions.tolist(), scores.tolist()) == ([], [])
    assert empty.search(QUERIES[0], 10, np.empty(0, dtype=bool))[0].tolist() == []
    assert empty.within(QUERIES[0], -1.0).tolist() == []


# Exact in float32: halves, and their sums.
HALVES = np.asarray(
    [
        [0.5, 0.5, 0.5, 0.5],
        [1.0, 0.0, 0.0, 0.0],
        [0.5, 0.5, -0.5, -0.5],
        [0.0, 1.0, 0.0, 0.0],
        [-1.0, 0.0, 0.0, 0.0],
        [0.5, -0.5, 0.5, 0.5],
    ],
    dtype=np.float32,
)
FIRST = HALVES[1]


def test_values_are_exact_where_they_can_be():
    positions, scores = ExactIndex(HALVES).search(FIRST, 6)
    assert dict(zip(positions.tolist(), scores.tolist(), strict=True)) == {
        0: 0.5,
        1: 1.0,
        2: 0.5,
        3: 0.0,
        4: -1.0,
        5: 0.5,
    }
    assert scores.tolist() == [1.0, 0.5, 0.5, 0.5, 0.0, -1.0]


@pytest.mark.parametrize(
    ("limit", "tied"), [(2, 1), (3, 2), (4, 3)], ids=["one fits", "two fit", "all fit"]
)
def test_ties_fill_the_places_left_the_same_way_each_time(limit, tied):
    index = ExactIndex(HALVES)
    positions, scores = index.search(FIRST, limit)
    assert positions[0] == 1
    assert scores.tolist() == [1.0] + [0.5] * tied
    assert len(set(positions.tolist()) & {0, 2, 5}) == tied
    for _ in range(5):
        assert index.search(FIRST, limit)[0].tolist() == positions.tolist()


def test_ties_beyond_the_mask_are_not_found():
    mask = np.asarray([False, False, True, True, False, True])
    positions, scores = ExactIndex(HALVES).search(FIRST, 3, mask)
    assert set(positions[:2].tolist()) == {2, 5}
    assert (positions[2], scores.tolist()) == (3, [0.5, 0.5, 0.0])


def test_copies_of_one_vector_are_all_found():
    copies = ExactIndex(np.repeat(VECTORS[:3], [5, 200, 3], axis=0))
    positions, scores = copies.search(VECTORS[1], 200)
    assert sorted(positions.tolist()) == list(range(5, 205))
    assert scores.tolist() == pytest.approx([1.0] * 200, abs=1e-6)


@pytest.mark.parametrize(
    ("threshold", "found"),
    [
        (1.5, []),
        (1.0, [1]),
        (0.75, [1]),
        (0.5, [0, 1, 2, 5]),
        (0.25, [0, 1, 2, 5]),
        (0.0, [0, 1, 2, 3, 5]),
        (-0.5, [0, 1, 2, 3, 5]),
        (-1.0, [0, 1, 2, 3, 4, 5]),
        (-2.0, [0, 1, 2, 3, 4, 5]),
    ],
)
def test_within_takes_in_its_threshold(threshold, found):
    positions = ExactIndex(HALVES).within(FIRST, threshold)
    assert positions.dtype == np.int64
    assert sorted(positions.tolist()) == found


@pytest.mark.parametrize("threshold", [-0.3, 0.0, 0.1, 0.4, 0.99])
def test_within_is_that_of_numpy(threshold, index):
    for query in QUERIES:
        wanted = np.flatnonzero(VECTORS.astype(np.float64) @ query >= threshold)
        assert sorted(index.within(query, threshold).tolist()) == wanted.tolist()


def test_within_agrees_with_search_to_the_last_bit(index):
    positions, scores = index.search(QUERIES[0], 50)
    found = index.within(QUERIES[0], float(scores[-1]))
    assert sorted(found.tolist()) == sorted(positions.tolist())


@pytest.mark.parametrize(
    "positions",
    [[5], [9, 3, 700], [4, 4, 4], list(range(COUNT)), []],
    ids=["one", "any order", "repeated", "all", "none"],
)
def test_similarities_are_in_the_order_of_the_positions(positions, index):
    found = index.similarities(QUERIES[1], np.asarray(positions, dtype=np.int64))
    assert (found.shape, found.dtype) == ((len(positions),), np.float32)
    wanted = VECTORS[positions].astype(np.float64) @ QUERIES[1] if positions else np.empty(0)
    assert found.tolist() == pytest.approx(wanted.tolist(), abs=1e-6)


@pytest.mark.parametrize("positions", [[5], [9, 3, 3], []], ids=["one", "any order", "none"])
def test_vectors_are_those_put_in(positions, index):
    found = index.vectors(np.asarray(positions, dtype=np.int64))
    assert (found.shape, found.dtype) == ((len(positions), DIM), np.float32)
    assert found.tolist() == [VECTORS[at].tolist() for at in positions]


def test_searching_changes_neither_query_nor_mask(index):
    query, mask = QUERIES[0].copy(), SOME.copy()
    index.search(query, 10, mask)
    assert query.tolist() == QUERIES[0].tolist()
    assert mask.tolist() == SOME.tolist()
