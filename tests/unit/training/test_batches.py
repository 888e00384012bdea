from __future__ import annotations

from collections import Counter

import pytest

from training.batches import Example, Pool, draw, generator, windows


def test_a_step_has_the_same_random_numbers_each_time() -> None:
    first, again = generator(1, 7), generator(1, 7)
    assert [first.random() for _ in range(3)] == [again.random() for _ in range(3)]
    assert generator(1, 8).random() != generator(1, 7).random() != generator(2, 7).random()


def test_pools_are_drawn_from_by_their_shares() -> None:
    pools = [
        Pool("often", 3.0, [Example([1], 0, None), Example([2], 1, None)]),
        Pool("seldom", 1.0, [Example([3], 2, 0)]),
        Pool("empty", 9.0, []),
        Pool("never", 0.0, [Example([4], 3, 0)]),
    ]
    drawn = Counter(example.target for example in draw(pools, 4000, generator(1, 0)))
    assert drawn.keys() == {0, 1, 2}
    assert drawn[2] == pytest.approx(1000, abs=100)
    assert drawn[0] == pytest.approx(1500, abs=120)


def test_nothing_to_draw_from_is_refused() -> None:
    with pytest.raises(ValueError, match="no text to learn from"):
        draw([Pool("empty", 1.0, [])], 3, generator(1, 0))


def test_windows_are_of_neighbours_and_without_repetition() -> None:
    entries = list(range(100, 300))
    drawn = windows(entries, 32, generator(1, 0))
    assert len(set(drawn)) == 32
    neighbours = sum(entry + 1 in drawn or entry - 1 in drawn for entry in drawn)
    assert neighbours >= 28
    assert set(drawn) <= set(entries)


def test_a_window_asks_for_no_more_than_there_are() -> None:
    assert sorted(windows([5, 6, 9], 10, generator(1, 0))) == [5, 6, 9]
