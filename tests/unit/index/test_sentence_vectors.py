"""The vectors of sentences in files: what is read, what is added, and what is damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from embedder.errors import LibraryDamaged
from embedder.index.float16_files import files
from embedder.index.sentence_vectors import PassageIndexes, SentenceVectors, runs, write
from embedder.vectors import Float32Array

DIM = 6


def some_vectors(count: int, seed: int) -> Float32Array:
    return np.random.default_rng(seed).normal(size=(count, DIM)).astype(np.float32)


def indexes(*values: int) -> PassageIndexes:
    return PassageIndexes(np.asarray(values, dtype=np.int64))


@pytest.fixture
def passages() -> dict[int, Float32Array]:
    """Vectors by passage: of three sentences, of one, of none and of two."""
    return {id_: some_vectors(count, id_) for id_, count in ((3, 3), (7, 1), (8, 0), (20, 2))}


@pytest.fixture
def folder(tmp_path: Path, passages: dict[int, Float32Array]) -> Path:
    write(tmp_path, passages.items())
    return tmp_path


def assert_holds(
    found: SentenceVectors, passages: dict[int, Float32Array], wanted: list[int]
) -> None:
    vectors, counts = found.of(indexes(*np.searchsorted(found.passages, wanted).tolist()))
    assert counts.tolist() == [len(passages[each]) for each in wanted]
    assert vectors.dtype == np.float32
    expected = np.concatenate([passages[each] for each in wanted])
    np.testing.assert_allclose(vectors, expected, rtol=1e-3)


@pytest.mark.parametrize("wanted", [[3, 7, 8, 20], [20, 3], [8], [7, 7]])
def test_vectors_are_read_as_they_were_written(
    folder: Path, passages: dict[int, Float32Array], wanted: list[int]
) -> None:
    found = SentenceVectors(folder, DIM)
    assert found.passages.tolist() == [3, 7, 8, 20]
    assert_holds(found, passages, wanted)


def test_no_passages_have_no_vectors(folder: Path) -> None:
    vectors, counts = SentenceVectors(folder, DIM).of(indexes())
    assert (vectors.shape, counts.shape) == ((0, DIM), (0,))


def test_a_library_may_have_no_passages(tmp_path: Path) -> None:
    write(tmp_path, [])
    assert len(SentenceVectors(tmp_path, DIM).passages) == 0


def test_each_addition_is_written_into_a_new_file(
    folder: Path, passages: dict[int, Float32Array]
) -> None:
    before = files(folder)[0].read_bytes()
    for number in range(21, 33):
        passages[number] = some_vectors(number % 3, number)
        write(folder, [(number, passages[number])], SentenceVectors(folder, DIM))
    assert [each.name for each in files(folder)] == [f"{number}.f16" for number in range(13)]
    assert files(folder)[0].read_bytes() == before
    assert_holds(SentenceVectors(folder, DIM), passages, [32, 3, 25, 20, 31, 7])


def test_a_changed_byte_is_noticed_where_it_lies(
    folder: Path, passages: dict[int, Float32Array]
) -> None:
    (file,) = files(folder)
    content = bytearray(file.read_bytes())
    content[3 * DIM * 2] ^= 1  # the first of passage 7
    file.write_bytes(content)
    found = SentenceVectors(folder, DIM)
    assert_holds(found, passages, [3, 20])
    with pytest.raises(
        LibraryDamaged, match=r"passage 7 do not match their checksum\. Rebuild with"
    ):
        found.of(indexes(0, 1))


@pytest.mark.parametrize("name", ["passages.npy", "begins.npy", "checks.npy", "0.f16"])
def test_a_file_that_is_cut_or_gone_is_damage(folder: Path, name: str) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) - DIM * 2])
    with pytest.raises(LibraryDamaged, match="Rebuild with: fingerpost index"):
        SentenceVectors(folder, DIM)
    (folder / name).unlink()
    with pytest.raises(LibraryDamaged, match="Rebuild with: fingerpost index"):
        SentenceVectors(folder, DIM)


def test_runs_are_the_numbers_between() -> None:
    numbers, begins = runs(np.asarray([5, 9, 2]), np.asarray([7, 9, 5]))
    assert numbers.tolist() == [5, 6, 2, 3, 4]
    assert begins.tolist() == [0, 2, 2]
    assert runs(np.empty(0, np.int64), np.empty(0, np.int64))[0].tolist() == []
