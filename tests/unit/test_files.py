from __future__ import annotations

from pathlib import Path

import pytest

from embedder.files import file_sha256


# `printf TEXT | sha256sum`, the last one `head -c 1000000 /dev/zero | sha256sum`
@pytest.mark.parametrize(
    ("content", "then", "wanted"),
    [
        (b"", b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (b"one", b"", "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"),
        (b"one", b"2", "dd93289753a50ae7c05d0a77b8311f6e385cbae182778c3cbf3930429a44757f"),
        (bytes(1_000_000), b"", "d29751f2649b32ff572b5e0a9f541ea660a50f94ff0beedfb0b692b924cc8025"),
    ],
    ids=["empty", "one", "one and more", "a million bytes"],
)
def test_a_files_hash_is_that_of_its_content_and_what_comes_after(
    tmp_path: Path, content: bytes, then: bytes, wanted: str
) -> None:
    (tmp_path / "file").write_bytes(content)
    assert file_sha256(tmp_path / "file", then).hex() == wanted


def test_a_file_that_is_not_there_has_no_hash(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        file_sha256(tmp_path / "gone")
