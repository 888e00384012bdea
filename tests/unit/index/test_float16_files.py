"""Memory-mapped float16 matrices: the rows of one file and of several."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from embedder.index.float16_files import Float16Matrix, files, to_float16, write_rows

DIM = 5
ROWS = np.random.default_rng(2).uniform(-1, 1, size=(23, DIM)).astype(np.float32)


@pytest.fixture(params=[[23], [10, 13], [1, 0, 7, 15]], ids=["one file", "two", "one empty"])
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    at = 0
    for count in request.param:
        rows = to_float16(ROWS[at : at + count])
        write_rows(tmp_path, [rows[:4], rows[4:]])
        at += count
    return tmp_path


@pytest.mark.parametrize(
    "wanted",
    [[0], [22, 0, 9, 10], [7, 7, 8], list(range(23)), []],
    ids=lambda rows: f"{len(rows)} rows",
)
def test_rows_come_back_in_the_order_asked_for(folder: Path, wanted: list[int]) -> None:
    found = Float16Matrix(folder, DIM).rows(np.asarray(wanted, dtype=np.int64))
    assert found.shape == (len(wanted), DIM)
    assert found.dtype == np.float32
    assert found.tolist() == ROWS[wanted].astype(np.float16).tolist()
    np.testing.assert_allclose(found, ROWS[wanted], atol=0.00025)


def test_rows_are_the_same_after_a_prefetch(folder: Path) -> None:
    matrix = Float16Matrix(folder, DIM)
    matrix.prefetch(np.asarray([0, 11, 22, 5, 1, 23]), np.asarray([1, 20, 23, 5, 1, 23]))
    assert matrix.rows(np.arange(23)).tolist() == to_float16(ROWS).tolist()
    matrix.prefetch(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))


def test_all_rows_are_counted(folder: Path) -> None:
    assert len(Float16Matrix(folder, DIM)) == 23


def test_an_empty_folder_holds_nothing(tmp_path: Path) -> None:
    assert len(Float16Matrix(tmp_path, DIM)) == 0
    assert Float16Matrix(tmp_path, DIM).rows(np.empty(0, dtype=np.int64)).shape == (0, DIM)


def test_files_are_written_once_and_listed_by_number(tmp_path: Path) -> None:
    for at in range(12):
        write_rows(tmp_path, [to_float16(ROWS[at : at + 1])])
    assert [each.name for each in files(tmp_path)] == [f"{at}.f16" for at in range(12)]
    assert (
        Float16Matrix(tmp_path, DIM).rows(np.arange(12)).tolist() == to_float16(ROWS[:12]).tolist()
    )


def test_a_file_of_part_of_a_row_is_refused(tmp_path: Path) -> None:
    (tmp_path / "0.f16").write_bytes(b"0" * (2 * DIM + 2))
    with pytest.raises(ValueError, match="reshape"):
        Float16Matrix(tmp_path, DIM)


def test_numbers_are_rounded_to_the_nearest_half_precision_number() -> None:
    rows = np.asarray([[1 / 3, -1.0, 0.0, 2.0**-30]], dtype=np.float32)
    found = to_float16(rows)
    assert found.dtype == np.float16
    assert found.tolist() == [[0.333251953125, -1.0, 0.0, 0.0]]
    assert found.tobytes() == b"\x55\x35\x00\xbc\x00\x00\x00\x00"


def test_a_row_that_is_not_there_is_an_error(folder: Path) -> None:
    with pytest.raises(IndexError):
        Float16Matrix(folder, DIM).rows(np.asarray([23]))
