"""The exact index against plain numpy: which are nearest, which may be found, and ties."""

from __future__ import annotations

import numpy as np
import pytest

from embedder.index.dense import DenseIndex, PositionFilter
from embedder.index.exact import ExactIndex
from embedder.vectors import BoolArray, Float32Array, PassageSlots

DIM = 24
COUNT = 1003  # not a multiple of eight: filters are made of bits


def unit(rows: np.ndarray) -> Float32Array:
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / lengths, dtype=np.float32)


RANDOM = np.random.default_rng(11)
VECTORS = unit(RANDOM.normal(size=(COUNT, DIM)))
QUERIES = unit(RANDOM.normal(size=(5, DIM)))
SOME = RANDOM.random(COUNT) < 0.3


@pytest.fixture(scope="module")
def index() -> DenseIndex:
    return ExactIndex(VECTORS)


def nearest(query: Float32Array, limit: int, allowed: BoolArray) -> tuple[list[int], list[float]]:
    """Search with plain numpy, in double precision."""
    scores = VECTORS.astype(np.float64) @ query.astype(np.float64)
    order = [int(at) for at in np.argsort(-scores, kind="stable") if allowed[at]][:limit]
    return order, [float(scores[at]) for at in order]


def only(*slots: int) -> BoolArray:
    mask = np.zeros(COUNT, dtype=np.bool_)
    mask[list(slots)] = True
    return mask


ALL = np.ones(COUNT, dtype=bool)


@pytest.mark.parametrize("limit", [1, 10, 99, 100, 500, COUNT])
@pytest.mark.parametrize("query", QUERIES, ids=lambda _: "query")
def test_the_nearest_are_those_of_numpy(query: Float32Array, limit: int, index: DenseIndex) -> None:
    slots, scores = index.search(query, limit)
    assert slots.dtype == np.int64
    assert scores.dtype == np.float32
    wanted, products = nearest(query, limit, ALL)
    assert slots.tolist() == wanted
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
        pytest.param(only(7, 8, 9, 15, 16), id="around the edges of bytes"),
        pytest.param(np.arange(COUNT) < 500, id="the first half"),
    ],
)
def test_the_nearest_allowed_are_those_of_numpy(
    allowed: BoolArray, limit: int, index: DenseIndex
) -> None:
    for query in QUERIES:
        slots, scores = index.search(query, limit, PositionFilter.of(allowed))
        wanted, products = nearest(query, limit, allowed)
        assert slots.tolist() == wanted
        assert scores.tolist() == pytest.approx(products, abs=1e-6)


def test_a_limit_above_the_count_gives_all(index: DenseIndex) -> None:
    slots, scores = index.search(QUERIES[0], 10 * COUNT)
    assert sorted(slots.tolist()) == list(range(COUNT))
    assert len(scores) == COUNT
    assert index.search(QUERIES[0], 10 * COUNT, PositionFilter.of(only(4, 2)))[0].shape == (2,)


@pytest.mark.parametrize(
    ("limit", "allowed"),
    [
        pytest.param(10, only(), id="a mask that allows nothing"),
        pytest.param(0, None, id="limit 0"),
        pytest.param(-1, None, id="limit below 0"),
        pytest.param(0, ALL, id="limit 0 with a mask"),
    ],
)
def test_nothing_is_found_where_nothing_is_allowed(
    limit: int, allowed: BoolArray | None, index: DenseIndex
) -> None:
    slots, scores = index.search(
        QUERIES[0], limit, allowed if allowed is None else PositionFilter.of(allowed)
    )
    assert (slots.shape, scores.shape) == ((0,), (0,))
    assert slots.dtype == np.int64
    assert scores.dtype == np.float32


def test_an_empty_index_finds_nothing() -> None:
    empty = ExactIndex(np.empty((0, DIM), dtype=np.float32))
    slots, scores = empty.search(QUERIES[0], 10)
    assert (slots.tolist(), scores.tolist()) == ([], [])
    assert (
        empty.search(QUERIES[0], 10, PositionFilter.of(np.empty(0, dtype=bool)))[0].tolist() == []
    )
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


def test_values_are_exact_where_they_can_be() -> None:
    slots, scores = ExactIndex(HALVES).search(FIRST, 6)
    assert dict(zip(slots.tolist(), scores.tolist(), strict=True)) == {
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
def test_ties_at_the_limit_are_cut_the_same_way_each_time(limit: int, tied: int) -> None:
    index = ExactIndex(HALVES)
    slots, scores = index.search(FIRST, limit)
    assert slots[0] == 1
    assert scores.tolist() == [1.0] + [0.5] * tied
    assert len(set(slots.tolist()) & {0, 2, 5}) == tied
    for _ in range(5):
        assert index.search(FIRST, limit)[0].tolist() == slots.tolist()


@pytest.mark.parametrize("limit", [1, 3, 200])
def test_of_equal_vectors_the_first_are_found(limit: int) -> None:
    for count in (300, 12_000):  # compared one by one, and after a first pass
        index = ExactIndex(np.repeat(HALVES[1:2], count, axis=0))
        assert index.search(FIRST, limit)[0].tolist() == list(range(limit))


def test_ties_beyond_the_mask_are_not_found() -> None:
    mask = np.asarray([False, False, True, True, False, True])
    slots, scores = ExactIndex(HALVES).search(FIRST, 3, PositionFilter.of(mask))
    assert set(slots[:2].tolist()) == {2, 5}
    assert (slots[2], scores.tolist()) == (3, [0.5, 0.5, 0.0])


def test_copies_of_one_vector_are_all_found() -> None:
    copies = ExactIndex(np.repeat(VECTORS[:3], [5, 200, 3], axis=0))
    slots, scores = copies.search(VECTORS[1], 200)
    assert sorted(slots.tolist()) == list(range(5, 205))
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
def test_within_takes_in_its_threshold(threshold: float, found: list[int]) -> None:
    slots = ExactIndex(HALVES).within(FIRST, threshold)
    assert slots.dtype == np.int64
    assert sorted(slots.tolist()) == found


@pytest.mark.parametrize("threshold", [-0.3, 0.0, 0.1, 0.4, 0.99])
def test_within_is_that_of_numpy(threshold: float, index: DenseIndex) -> None:
    for query in QUERIES:
        wanted = np.flatnonzero(VECTORS.astype(np.float64) @ query >= threshold)
        assert sorted(index.within(query, threshold).tolist()) == wanted.tolist()


def test_within_agrees_with_search_to_the_last_bit(index: DenseIndex) -> None:
    slots, scores = index.search(QUERIES[0], 50)
    found = index.within(QUERIES[0], float(scores[-1]))
    assert sorted(found.tolist()) == sorted(slots.tolist())


@pytest.mark.parametrize(
    "slots",
    [[5], [9, 3, 700], [4, 4, 4], list(range(COUNT)), []],
    ids=["one", "any order", "repeated", "all", "none"],
)
def test_similarities_are_in_the_order_of_the_slots(slots: list[int], index: DenseIndex) -> None:
    found = index.similarities(QUERIES[1], PassageSlots(np.asarray(slots, dtype=np.int64)))
    assert found.shape == (len(slots),)
    assert found.dtype == np.float32
    wanted = VECTORS[slots].astype(np.float64) @ QUERIES[1] if slots else np.empty(0)
    assert found.tolist() == pytest.approx(wanted.tolist(), abs=1e-6)


@pytest.mark.parametrize("slots", [[5], [9, 3, 3], []], ids=["one", "any order", "none"])
def test_vectors_are_those_put_in(slots: list[int], index: DenseIndex) -> None:
    found = index.vectors(PassageSlots(np.asarray(slots, dtype=np.int64)))
    assert found.shape == (len(slots), DIM)
    assert found.dtype == np.float32
    assert found.tolist() == [VECTORS[at].tolist() for at in slots]


def test_searching_changes_neither_query_nor_mask(index: DenseIndex) -> None:
    query, mask = QUERIES[0].copy(), SOME.copy()
    index.search(query, 10, PositionFilter.of(mask))
    assert query.tolist() == QUERIES[0].tolist()
    assert mask.tolist() == SOME.tolist()


# Large indexes, with a first pass.

MANY = unit(np.random.default_rng(3).normal(size=(25_000, 32)))


@pytest.fixture(scope="module")
def large() -> ExactIndex:
    return ExactIndex(MANY)


@pytest.mark.parametrize("limit", [1, 10, 1000])
@pytest.mark.parametrize("share", [1.0, 0.9, 0.001])
def test_a_large_exact_index_finds_what_numpy_does(
    large: ExactIndex, limit: int, share: float
) -> None:
    random = np.random.default_rng(5)
    allowed = random.random(len(MANY)) < share
    for query in unit(random.normal(size=(5, 32))):
        scores = MANY @ query
        wanted = [at for at in np.argsort(-scores, kind="stable") if allowed[at]][:limit]
        slots, found = large.search(
            query, limit, None if share == 1.0 else PositionFilter.of(allowed)
        )
        assert slots.tolist() == wanted
        np.testing.assert_allclose(found, scores[wanted], atol=1e-6)


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(np.repeat(MANY[:5], 4000, axis=0), id="copies"),
        pytest.param(
            unit(MANY[:1] + 0.02 * np.random.default_rng(8).normal(size=(20_000, 32))),
            id="all close together",
        ),
        pytest.param(
            unit(np.random.default_rng(9).standard_cauchy((19_001, 7))),
            id="an odd dimension and heavy tails",
        ),
        pytest.param(np.eye(8, dtype=np.float32)[np.arange(16_000) % 8], id="axes"),
    ],
)
@pytest.mark.parametrize("limit", [1, 20, 1250])
def test_a_large_exact_index_is_exact_however_the_vectors_lie(
    rows: Float32Array, limit: int
) -> None:
    index = ExactIndex(rows)
    mask = np.random.default_rng(1).random(len(rows)) < 0.8
    for query in (rows[0], rows[-1], unit(np.ones(rows.shape[1]))):
        for allowed in (np.ones(len(rows), dtype=bool), mask):
            scores = np.where(allowed, rows.astype(np.float64) @ query, -2)
            slots, found = index.search(query, limit, PositionFilter.of(allowed))
            assert len(set(slots.tolist())) == limit
            assert allowed[slots].all()
            np.testing.assert_allclose(found, np.sort(scores)[::-1][:limit], atol=1e-6)
            np.testing.assert_allclose(found, scores[slots], atol=1e-6)


def test_a_large_exact_index_gives_all_for_a_limit_above_the_count(large: ExactIndex) -> None:
    assert sorted(large.search(MANY[3], 10**6)[0].tolist()) == list(range(len(MANY)))
    half = np.arange(len(MANY)) % 2 == 0
    assert len(large.search(MANY[3], 10**6, PositionFilter.of(half))[0]) == half.sum()
