"""The approximate index: how much it finds, whatever the filter, and what damages it."""

from __future__ import annotations

from pathlib import Path

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
from embedder.index.dense import PositionFilter
from embedder.vectors import BoolArray, Float32Array, PassageSlots


def unit(rows: np.ndarray) -> Float32Array:
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / lengths, dtype=np.float32)


CENTRES = np.random.default_rng(4).normal(size=(60, 32))
CLOSE = unit(
    np.repeat(CENTRES, 200, axis=0) + 0.6 * np.random.default_rng(6).normal(size=(12_000, 32))
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[ApproximateIndex, float]:
    """An index of clustered vectors, made in two blocks, and its measured recall."""
    path = tmp_path_factory.mktemp("dense") / "index"
    write_index(path, [CLOSE[:9000], CLOSE[9000:]], CLOSE[: training_size(len(CLOSE))], len(CLOSE))
    queries = CLOSE[::100]
    nearest = NearestVectors(queries)
    nearest.add(CLOSE[:5000])
    nearest.add(CLOSE[5000:])
    assert nearest.slots[:, 0].tolist() == list(range(0, len(CLOSE), 100))
    probes, found = measure(path, queries, nearest.slots)
    return ApproximateIndex.read(path, probes), found


def slots_of(*slots: int) -> PassageSlots:
    return PassageSlots(np.asarray(slots, dtype=np.int64))


def exact(query: Float32Array, allowed: BoolArray, limit: int) -> list[int]:
    scores = np.where(allowed, CLOSE @ query, -2)
    slots: list[int] = np.argsort(-scores, kind="stable")[:limit].tolist()
    return slots


@pytest.mark.parametrize("share", [1.0, 0.5, 0.05, 0.002])
def test_nearly_all_are_found_whatever_the_filter(
    built: tuple[ApproximateIndex, float], share: float
) -> None:
    index, measured = built
    assert measured >= 0.98
    random = np.random.default_rng(7)
    allowed = random.random(len(CLOSE)) < share
    shares = []
    for at in random.integers(0, len(CLOSE), 40):
        slots, scores = index.search(
            CLOSE[at], 10, None if share == 1.0 else PositionFilter.of(allowed)
        )
        assert allowed[slots].all()
        assert (np.diff(scores) <= 0).all()
        shares.append(np.isin(exact(CLOSE[at], allowed, 10), slots).mean())
    assert np.mean(shares) >= 0.98


def test_vectors_and_similarities_are_rounded_to_float16(
    built: tuple[ApproximateIndex, float],
) -> None:
    index, _ = built
    some = slots_of(5, 11_999, 0)
    np.testing.assert_allclose(index.vectors(some), CLOSE[some], atol=1e-3)
    np.testing.assert_allclose(
        index.similarities(CLOSE[7], some), CLOSE[some] @ CLOSE[7], atol=1e-3
    )
    assert index.vectors(slots_of()).shape == (0, 32)


def test_all_that_are_near_enough_are_within_a_threshold(
    built: tuple[ApproximateIndex, float],
) -> None:
    index, _ = built
    found = set(index.within(CLOSE[3], 0.7).tolist())
    assert set(np.flatnonzero(CLOSE @ CLOSE[3] >= 0.701)) <= found
    assert found <= set(np.flatnonzero(CLOSE @ CLOSE[3] >= 0.699))


def test_vectors_are_added_to_an_index(tmp_path: Path) -> None:
    write_index(tmp_path / "one", [CLOSE[:11_000]], CLOSE[:5000], len(CLOSE))
    nothing = np.empty((0, 32), dtype=np.float32)
    write_index(tmp_path / "two", [CLOSE[11_000:]], nothing, 0, base=tmp_path / "one")
    index = ApproximateIndex.read(tmp_path / "two", 32)
    for at in (0, 10_999, 11_000, 11_999):
        assert index.search(CLOSE[at], 1)[0].tolist() == [at]


def test_nothing_is_found_where_nothing_is_allowed(
    built: tuple[ApproximateIndex, float],
) -> None:
    index, _ = built
    assert (
        index.search(CLOSE[0], 10, PositionFilter.of(np.zeros(len(CLOSE), dtype=bool)))[0].tolist()
        == []
    )


def test_a_damaged_index_is_refused(tmp_path: Path) -> None:
    (tmp_path / "index").write_bytes(b"no index")
    with pytest.raises(LibraryDamaged, match="fingerpost index"):
        ApproximateIndex.read(tmp_path / "index", 1)


def test_an_index_without_all_its_vectors_is_refused(tmp_path: Path) -> None:
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


def test_a_limit_above_the_count_gives_all(
    built: tuple[ApproximateIndex, float],
) -> None:
    index, _ = built
    assert sorted(index.search(CLOSE[3], 10**6)[0].tolist()) == list(range(len(CLOSE)))
    many = PositionFilter.of(np.arange(len(CLOSE)) >= 3000)
    slots, scores = index.search(CLOSE[3], 8999, many)
    assert (len(slots), len(scores), slots.min()) == (8999, 8999, 3000)
    assert index.search(CLOSE[3], 0)[0].tolist() == []


def test_as_many_are_found_as_wanted_though_few_cells_are_searched(
    built: tuple[ApproximateIndex, float],
) -> None:
    index, _ = built
    narrow = ApproximateIndex(index._index, index._matrix, 1)
    assert len(narrow.search(CLOSE[3], 4000)[0]) == 4000


def test_the_same_are_found_each_time(
    built: tuple[ApproximateIndex, float],
) -> None:
    index, _ = built
    first = index.search(CLOSE[11], 300)
    for _ in range(3):
        again = index.search(CLOSE[11], 300)
        assert again[0].tolist() == first[0].tolist()
        assert again[1].tolist() == first[1].tolist()
    np.testing.assert_allclose(first[1], CLOSE[first[0]] @ CLOSE[11], atol=1e-3)


def test_recall_is_the_share_of_the_nearest_that_is_found() -> None:
    found = [np.asarray([1, 2, 3]), np.asarray([4, 5, 6])]
    assert recall(found, np.asarray([[1, 2, 9], [6, 5, 4]])) == pytest.approx((2 / 3 + 1) / 2)


def test_recall_of_no_queries_is_one() -> None:
    assert recall([], np.empty((0, 10), dtype=np.int64)) == 1.0


def test_the_sample_is_64_vectors_a_cell_or_all() -> None:
    assert [training_size(count) for count in (0, 1, 100, 10_000, 1_000_000)] == [
        *(0, 1, 100, 6400),
        64_000,
    ]


def test_the_nearest_are_found_over_blocks_of_any_size() -> None:
    queries = CLOSE[:3]
    whole = np.argsort(-(queries @ CLOSE[:500].T), axis=1, kind="stable")[:, :10]
    for size in (1, 7, 500):
        nearest = NearestVectors(queries)
        for begin in range(0, 500, size):
            nearest.add(CLOSE[begin : min(begin + size, 500)])
        assert nearest.slots.tolist() == whole.tolist()


def test_fewer_vectors_than_wanted_are_all_nearest() -> None:
    nearest = NearestVectors(CLOSE[:2], 5)
    assert nearest.slots.shape == (2, 0)
    nearest.add(CLOSE[:3])
    assert [sorted(row) for row in nearest.slots.tolist()] == [[0, 1, 2], [0, 1, 2]]
