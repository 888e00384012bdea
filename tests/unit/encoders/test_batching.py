from __future__ import annotations

import numpy as np
import pytest

from embedder.encoders.batching import batch_by_length, pack_rows, round_down, round_up


def random_lengths(seed: int, count: int) -> list[int]:
    return [int(length) for length in np.random.default_rng(seed).integers(1, 257, count)]


@pytest.mark.parametrize("seed", range(5))
def test_every_text_is_in_one_batch(seed: int) -> None:
    lengths = random_lengths(seed, 300)
    batches = list(batch_by_length(lengths, 2048))
    assert sorted(index for batch in batches for index in batch) == list(range(300))


@pytest.mark.parametrize("seed", range(5))
def test_at_most_a_twentieth_or_a_few_tokens_are_padding(seed: int) -> None:
    lengths = random_lengths(seed, 300)
    for batch in batch_by_length(lengths, 4096):
        size = max(lengths[index] for index in batch) * len(batch)
        assert size - sum(lengths[index] for index in batch) <= max(0.05 * size, 72)


def test_of_many_texts_less_than_a_tenth_is_padding() -> None:
    lengths = random_lengths(1, 256)
    read = sum(
        max(lengths[index] for index in batch) * len(batch)
        for batch in batch_by_length(lengths, 4096)
    )
    assert read <= 1.1 * sum(lengths)


def test_a_few_short_texts_are_one_batch() -> None:
    assert list(batch_by_length([23, 10, 8, 3], 4096)) == [[0, 1, 2, 3]]
    assert list(batch_by_length([120, 10, 8], 4096)) == [[0], [1, 2]]


@pytest.mark.parametrize("max_tokens", [256, 1000, 4096])
def test_a_batch_with_its_padding_keeps_to_the_limit(max_tokens: int) -> None:
    lengths = random_lengths(7, 200)
    for batch in batch_by_length(lengths, max_tokens):
        assert max(lengths[index] for index in batch) * len(batch) <= max_tokens


def test_a_text_longer_than_the_limit_is_a_batch_of_its_own() -> None:
    assert list(batch_by_length([5, 100, 5], 50)) == [[1], [0, 2]]


def test_equal_texts_share_batches_as_full_as_can_be() -> None:
    assert [len(batch) for batch in batch_by_length([10] * 10, 45)] == [4, 4, 2]


def test_longest_come_first_and_equal_ones_in_their_order() -> None:
    assert list(batch_by_length([9, 10, 10, 9], 1000)) == [[1, 2, 0, 3]]


def test_all_batches_but_the_last_have_one_of_few_sizes() -> None:
    *batches, _ = batch_by_length(random_lengths(3, 500), 2048)
    assert len(batches) > 10
    assert all(round_up(len(batch)) == len(batch) for batch in batches)


def test_sizes_are_powers_of_two_and_the_middles_between_them() -> None:
    sizes = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64]
    for count in range(1, 65):
        assert round_up(count) == min(size for size in sizes if size >= count)
        assert round_down(count) == max(size for size in sizes if size <= count)


def test_texts_without_tokens_go_together() -> None:
    assert list(batch_by_length([0, 0, 0], 10)) == [[0, 1, 2]]


def test_nothing_makes_no_batch() -> None:
    assert list(batch_by_length([], 10)) == []


def test_rows_are_filled_with_what_fits() -> None:
    assert list(pack_rows([10, 200, 60, 40], 256)) == [[1, 3, 0], [2]]
    assert list(pack_rows([300, 5], 256)) == [[0], [1]]
    assert list(pack_rows([], 256)) == []


def test_every_text_stands_in_one_row_and_rows_are_nearly_full() -> None:
    lengths = random_lengths(5, 800)
    rows = list(pack_rows(lengths, 256))
    assert sorted(index for row in rows for index in row) == list(range(800))
    used = [sum(lengths[index] for index in row) for row in rows]
    assert max(used) <= 256
    assert sum(used[:-1]) / (256 * len(used[:-1])) > 0.95
