from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embedder.errors import LibraryDamaged
from embedder.index.approximate import (
    ApproximateIndex,
    NearestVectors,
    measure,
    recall,
    training_size,
    write_index,
)
from embedder.index.dense import DenseIndex, PositionFilter
from embedder.index.exact import ExactIndex
from tests.conftest import in_threads

DIM = 24
TASKS = Path("/proc/self/task")
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
def test_the_nearest_are_those_of_numpy(query: Any, limit: Any, index: DenseIndex) -> None:
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
def test_the_nearest_allowed_are_those_of_numpy(
    allowed: Any, limit: Any, index: DenseIndex
) -> None:
    for query in QUERIES:
        positions, scores = index.search(query, limit, PositionFilter.of(allowed))
        wanted, products = nearest(query, limit, allowed)
        assert positions.tolist() == wanted
        assert scores.tolist() == pytest.approx(products, abs=1e-6)


def test_a_limit_above_the_count_gives_all(index: DenseIndex) -> None:
    positions, scores = index.search(QUERIES[0], 10 * COUNT)
    assert sorted(positions.tolist()) == list(range(COUNT))
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
def test_nothing_is_found_where_nothing_may_be(limit: int, allowed: Any, index: DenseIndex) -> None:
    positions, scores = index.search(
        QUERIES[0], limit, allowed if allowed is None else PositionFilter.of(allowed)
    )
    assert (positions.shape, positions.dtype) == ((0,), np.int64)
    assert (scores.shape, scores.dtype) == ((0,), np.float32)


def test_an_empty_index_finds_nothing() -> None:
    empty = ExactIndex(np.empty((0, DIM), dtype=np.float32))
    positions, scores = empty.search(QUERIES[0], 10)
    assert (positions.tolist(), scores.tolist()) == ([], [])
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
def test_ties_fill_the_places_left_the_same_way_each_time(limit: int, tied: int) -> None:
    index = ExactIndex(HALVES)
    positions, scores = index.search(FIRST, limit)
    assert positions[0] == 1
    assert scores.tolist() == [1.0] + [0.5] * tied
    assert len(set(positions.tolist()) & {0, 2, 5}) == tied
    for _ in range(5):
        assert index.search(FIRST, limit)[0].tolist() == positions.tolist()


@pytest.mark.parametrize("limit", [1, 3, 200])
def test_of_equal_vectors_the_first_are_found(limit: int) -> None:
    for count in (300, 12_000):  # looked through, and by the sketch
        index = ExactIndex(np.repeat(HALVES[1:2], count, axis=0))
        assert index.search(FIRST, limit)[0].tolist() == list(range(limit))


def test_ties_beyond_the_mask_are_not_found() -> None:
    mask = np.asarray([False, False, True, True, False, True])
    positions, scores = ExactIndex(HALVES).search(FIRST, 3, PositionFilter.of(mask))
    assert set(positions[:2].tolist()) == {2, 5}
    assert (positions[2], scores.tolist()) == (3, [0.5, 0.5, 0.0])


def test_copies_of_one_vector_are_all_found() -> None:
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
def test_within_takes_in_its_threshold(threshold: float, found: list[Any] | list[int]) -> None:
    positions = ExactIndex(HALVES).within(FIRST, threshold)
    assert positions.dtype == np.int64
    assert sorted(positions.tolist()) == found


@pytest.mark.parametrize("threshold", [-0.3, 0.0, 0.1, 0.4, 0.99])
def test_within_is_that_of_numpy(threshold: float, index: DenseIndex) -> None:
    for query in QUERIES:
        wanted = np.flatnonzero(VECTORS.astype(np.float64) @ query >= threshold)
        assert sorted(index.within(query, threshold).tolist()) == wanted.tolist()


def test_within_agrees_with_search_to_the_last_bit(index: DenseIndex) -> None:
    positions, scores = index.search(QUERIES[0], 50)
    found = index.within(QUERIES[0], float(scores[-1]))
    assert sorted(found.tolist()) == sorted(positions.tolist())


@pytest.mark.parametrize(
    "positions",
    [[5], [9, 3, 700], [4, 4, 4], list(range(COUNT)), []],
    ids=["one", "any order", "repeated", "all", "none"],
)
def test_similarities_are_in_the_order_of_the_positions(positions: Any, index: DenseIndex) -> None:
    found = index.similarities(QUERIES[1], np.asarray(positions, dtype=np.int64))
    assert (found.shape, found.dtype) == ((len(positions),), np.float32)
    wanted = VECTORS[positions].astype(np.float64) @ QUERIES[1] if positions else np.empty(0)
    assert found.tolist() == pytest.approx(wanted.tolist(), abs=1e-6)


@pytest.mark.parametrize("positions", [[5], [9, 3, 3], []], ids=["one", "any order", "none"])
def test_vectors_are_those_put_in(positions: list[int] | list[Any], index: DenseIndex) -> None:
    found = index.vectors(np.asarray(positions, dtype=np.int64))
    assert (found.shape, found.dtype) == ((len(positions), DIM), np.float32)
    assert found.tolist() == [VECTORS[at].tolist() for at in positions]


def test_searching_changes_neither_query_nor_mask(index: DenseIndex) -> None:
    query, mask = QUERIES[0].copy(), SOME.copy()
    index.search(query, 10, PositionFilter.of(mask))
    assert query.tolist() == QUERIES[0].tolist()
    assert mask.tolist() == SOME.tolist()


# Large ones.

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
        positions, found = large.search(
            query, limit, None if share == 1.0 else PositionFilter.of(allowed)
        )
        assert positions.tolist() == wanted
        np.testing.assert_allclose(found, scores[wanted], atol=1e-6)


def test_what_may_be_found_is_counted_and_listed() -> None:
    for mask in (ALL, SOME, only(), only(0, 8, COUNT - 1), np.ones(12_345, dtype=bool)):
        allowed = PositionFilter.of(mask)
        assert allowed.count == mask.sum()
        assert allowed.positions().tolist() == np.flatnonzero(mask).tolist()
    assert PositionFilter.of(ALL).few is not None
    assert PositionFilter.of(np.ones(12_345, dtype=bool)).few is None


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(np.repeat(MANY[:5], 4000, axis=0), id="copies"),
        pytest.param(
            unit(MANY[:1] + 0.02 * np.random.default_rng(8).normal(size=(20_000, 32))),
            id="all close together",
        ),
        pytest.param(
            unit(np.random.default_rng(9).standard_cauchy((19_001, 7))), id="odd and wild"
        ),
        pytest.param(np.eye(8, dtype=np.float32)[np.arange(16_000) % 8], id="axes"),
    ],
)
@pytest.mark.parametrize("limit", [1, 20, 1250])
def test_a_large_exact_index_is_exact_however_the_vectors_lie(rows: np.ndarray, limit: int) -> None:
    index = ExactIndex(rows)
    mask = np.random.default_rng(1).random(len(rows)) < 0.8
    for query in (rows[0], rows[-1], unit(np.ones(rows.shape[1]))):
        for allowed in (np.ones(len(rows), dtype=bool), mask):
            scores = np.where(allowed, rows.astype(np.float64) @ query, -2)
            positions, found = index.search(query, limit, PositionFilter.of(allowed))
            assert len(set(positions.tolist())) == limit
            assert allowed[positions].all()
            np.testing.assert_allclose(found, np.sort(scores)[::-1][:limit], atol=1e-6)
            np.testing.assert_allclose(found, scores[positions], atol=1e-6)


def test_a_large_exact_index_gives_all_for_a_limit_above_the_count(large: ExactIndex) -> None:
    assert sorted(large.search(MANY[3], 10**6)[0].tolist()) == list(range(len(MANY)))
    half = np.arange(len(MANY)) % 2 == 0
    assert len(large.search(MANY[3], 10**6, PositionFilter.of(half))[0]) == half.sum()


@pytest.fixture(scope="module")
def inverted(tmp_path_factory: pytest.TempPathFactory) -> tuple[ApproximateIndex, float]:
    """An inverted file of clustered vectors, made in two blocks, and its measured recall."""
    path = tmp_path_factory.mktemp("dense") / "index"
    write_index(path, [CLOSE[:9000], CLOSE[9000:]], CLOSE[: training_size(len(CLOSE))], len(CLOSE))
    queries = CLOSE[::100]
    nearest = NearestVectors(queries)
    nearest.add(CLOSE[:5000])
    nearest.add(CLOSE[5000:])
    assert nearest.positions[:, 0].tolist() == list(range(0, len(CLOSE), 100))
    probes, found = measure(path, queries, nearest.positions)
    return ApproximateIndex.read(path, probes), found


CENTRES = np.random.default_rng(4).normal(size=(60, 32))
CLOSE = unit(
    np.repeat(CENTRES, 200, axis=0) + 0.6 * np.random.default_rng(6).normal(size=(12_000, 32))
)


def exact(query: np.ndarray, allowed: np.ndarray, limit: int) -> list[int]:
    scores = np.where(allowed, CLOSE @ query, -2)
    return np.argsort(-scores, kind="stable")[:limit].tolist()


@pytest.mark.parametrize("share", [1.0, 0.5, 0.05, 0.002])
def test_an_inverted_file_finds_nearly_all_whatever_the_filter(
    inverted: tuple[ApproximateIndex, float], share: float
) -> None:
    index, measured = inverted
    assert measured >= 0.98
    random = np.random.default_rng(7)
    allowed = random.random(len(CLOSE)) < share
    shares = []
    for at in random.integers(0, len(CLOSE), 40):
        positions, scores = index.search(
            CLOSE[at], 10, None if share == 1.0 else PositionFilter.of(allowed)
        )
        assert allowed[positions].all()
        assert (np.diff(scores) <= 0).all()
        shares.append(np.isin(exact(CLOSE[at], allowed, 10), positions).mean())
    assert np.mean(shares) >= 0.98


def test_an_inverted_files_numbers_are_nearly_those_of_the_vectors(
    inverted: tuple[ApproximateIndex, float],
) -> None:
    index, _ = inverted
    some = np.asarray([5, 11_999, 0])
    np.testing.assert_allclose(index.vectors(some), CLOSE[some], atol=1e-3)
    np.testing.assert_allclose(
        index.similarities(CLOSE[7], some), CLOSE[some] @ CLOSE[7], atol=1e-3
    )
    assert index.vectors(np.asarray([], dtype=np.int64)).shape == (0, 32)


def test_an_inverted_file_gives_all_that_are_near_enough(
    inverted: tuple[ApproximateIndex, float],
) -> None:
    index, _ = inverted
    found = set(index.within(CLOSE[3], 0.7).tolist())
    assert set(np.flatnonzero(CLOSE @ CLOSE[3] >= 0.701)) <= found
    assert found <= set(np.flatnonzero(CLOSE @ CLOSE[3] >= 0.699))


def test_vectors_are_added_to_an_inverted_file(tmp_path: Path) -> None:
    write_index(tmp_path / "one", [CLOSE[:11_000]], CLOSE[:5000], len(CLOSE))
    nothing = np.empty((0, 32), dtype=np.float32)
    write_index(tmp_path / "two", [CLOSE[11_000:]], nothing, 0, base=tmp_path / "one")
    index = ApproximateIndex.read(tmp_path / "two", 32)
    for at in (0, 10_999, 11_000, 11_999):
        assert index.search(CLOSE[at], 1)[0].tolist() == [at]


def test_nothing_is_found_where_nothing_may_be_in_an_inverted_file(
    inverted: tuple[ApproximateIndex, float],
) -> None:
    index, _ = inverted
    assert (
        index.search(CLOSE[0], 10, PositionFilter.of(np.zeros(len(CLOSE), dtype=bool)))[0].tolist()
        == []
    )


def test_a_damaged_inverted_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "index").write_bytes(b"no index")
    with pytest.raises(LibraryDamaged, match="fingerpost index"):
        ApproximateIndex.read(tmp_path / "index", 1)


def test_an_inverted_file_without_all_its_vectors_is_refused(tmp_path: Path) -> None:
    write_index(tmp_path / "index", [CLOSE[:2000]], CLOSE[:2000], 2000)
    assert ApproximateIndex.read(tmp_path / "index", 1).search(CLOSE[7], 1)[0].tolist() == [7]
    content = (tmp_path / "0.f16").read_bytes()
    (tmp_path / "0.f16").write_bytes(content[:-64])
    with pytest.raises(LibraryDamaged, match="2000 vectors, the files beside it 1999"):
        ApproximateIndex.read(tmp_path / "index", 1)
    (tmp_path / "0.f16").write_bytes(content[:-1])
    with pytest.raises(LibraryDamaged, match="fingerpost index"):
        ApproximateIndex.read(tmp_path / "index", 1)
    (tmp_path / "0.f16").unlink()
    with pytest.raises(LibraryDamaged, match="fingerpost index"):
        ApproximateIndex.read(tmp_path / "index", 1)


def test_an_inverted_file_gives_all_for_a_limit_above_the_count(
    inverted: tuple[ApproximateIndex, float],
) -> None:
    index, _ = inverted
    assert sorted(index.search(CLOSE[3], 10**6)[0].tolist()) == list(range(len(CLOSE)))
    many = PositionFilter.of(np.arange(len(CLOSE)) >= 3000)
    positions, scores = index.search(CLOSE[3], 8999, many)
    assert (len(positions), len(scores), positions.min()) == (8999, 8999, 3000)
    assert index.search(CLOSE[3], 0)[0].tolist() == []


def test_an_inverted_file_gives_as_many_as_are_wanted_though_few_cells_are_searched(
    inverted: tuple[ApproximateIndex, float],
) -> None:
    index, _ = inverted
    narrow = ApproximateIndex(index._index, index._halves, 1)
    assert len(narrow.search(CLOSE[3], 4000)[0]) == 4000


def test_an_inverted_file_finds_the_same_each_time(
    inverted: tuple[ApproximateIndex, float],
) -> None:
    index, _ = inverted
    first = index.search(CLOSE[11], 300)
    for _ in range(3):
        again = index.search(CLOSE[11], 300)
        assert again[0].tolist() == first[0].tolist()
        assert again[1].tolist() == first[1].tolist()
    np.testing.assert_allclose(first[1], CLOSE[first[0]] @ CLOSE[11], atol=1e-3)


def test_recall_is_the_share_of_the_nearest_that_is_found() -> None:
    found = np.asarray([[1, 2, 3], [4, 5, 6]])
    assert recall(found, np.asarray([[1, 2, 9], [6, 5, 4]])) == pytest.approx((2 / 3 + 1) / 2)


# Threads.


@pytest.mark.skipif(not TASKS.is_dir(), reason="threads are listed by Linux")
def test_a_search_starts_no_other_thread_wherever_it_runs(large: ExactIndex) -> None:
    def started(_: int) -> int:
        before = len(list(TASKS.iterdir()))
        large.search(MANY[0], 1000)
        large.similarities(MANY[0], np.arange(5000))
        large.within(MANY[0], 0.5)
        return len(list(TASKS.iterdir())) - before

    assert in_threads(1, started) == [0]
