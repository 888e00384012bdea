"""FAISS: on one thread while it searches, and filtered by bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from embedder.index.dense import PositionFilter, all_slots
from embedder.index.exact import ExactIndex
from embedder.index.faiss_library import all_cores, faiss, id_selector, use_one_thread
from embedder.runtime import CORES
from tests.conftest import in_threads

TASKS = Path("/proc/self/task")
ROWS = np.random.default_rng(3).normal(size=(25_000, 32)).astype(np.float32)


@pytest.fixture(scope="module")
def large() -> ExactIndex:
    return ExactIndex(ROWS / np.linalg.norm(ROWS, axis=1, keepdims=True))


@pytest.mark.skipif(not TASKS.is_dir(), reason="threads are listed by Linux")
def test_a_search_starts_no_other_thread_wherever_it_runs(large: ExactIndex) -> None:
    def started(_: int) -> int:
        before = len(list(TASKS.iterdir()))
        large.search(ROWS[0], 1000)
        large.similarities(ROWS[0], all_slots(5000))
        large.within(ROWS[0], 0.5)
        return len(list(TASKS.iterdir())) - before

    assert in_threads(1, started) == [0]


def test_all_cores_are_used_inside_and_one_thread_after_an_error() -> None:
    def fail() -> None:
        with all_cores():
            assert faiss.omp_get_max_threads() == CORES
            raise ValueError("stop")

    use_one_thread()
    assert faiss.omp_get_max_threads() == 1
    with pytest.raises(ValueError, match="stop"):
        fail()
    assert faiss.omp_get_max_threads() == 1


@pytest.mark.parametrize("allowed", [[], [0], [7, 8, 12], list(range(13))])
def test_a_selector_has_just_the_slots_of_the_filter(allowed: list[int]) -> None:
    mask = np.zeros(13, dtype=np.bool_)
    mask[allowed] = True
    selector = id_selector(PositionFilter.of(mask))
    assert [slot for slot in range(13) if selector.is_member(slot)] == allowed


def test_without_a_filter_there_is_no_selector() -> None:
    assert id_selector(None) is None
