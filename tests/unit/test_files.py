"""Hashes of files, and the text of UTF-8 files."""

from __future__ import annotations

import codecs
import errno
from pathlib import Path

import pytest

from embedder.errors import SourceError
from embedder.files import file_sha256, read_text, replace_text


# `printf TEXT | sha256sum`, the last one `head -c 1000000 /dev/zero | sha256sum`
@pytest.mark.parametrize(
    ("content", "suffix", "wanted"),
    [
        (b"", b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (b"one", b"", "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"),
        (b"one", b"2", "dd93289753a50ae7c05d0a77b8311f6e385cbae182778c3cbf3930429a44757f"),
        (bytes(1_000_000), b"", "d29751f2649b32ff572b5e0a9f541ea660a50f94ff0beedfb0b692b924cc8025"),
    ],
    ids=["empty", "one", "one and more", "a million bytes"],
)
def test_a_hash_is_of_the_content_and_the_suffix(
    tmp_path: Path, content: bytes, suffix: bytes, wanted: str
) -> None:
    (tmp_path / "file").write_bytes(content)
    assert file_sha256(tmp_path / "file", suffix).hex() == wanted


def test_a_missing_file_has_no_hash(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        file_sha256(tmp_path / "gone")


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"one\ntwo\n", "one\ntwo\n"),
        (b"one\r\ntwo\rthree", "one\ntwo\nthree"),
        (codecs.BOM_UTF8 + b"one", "one"),
        ("Café العربية".encode(), "Café العربية"),
        # Other line ends of Unicode are text.
        ("a\x0bb\x85c\u2028d".encode(), "a\x0bb\x85c\u2028d"),
    ],
)
def test_a_text_has_line_feeds_and_no_byte_order_mark(
    raw: bytes, text: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(raw)
    assert read_text(tmp_path / "file") == text


@pytest.mark.parametrize("raw", [b"", b" \r\n\t", codecs.BOM_UTF8, codecs.BOM_UTF8 + b"\n"])
def test_an_empty_file_is_refused(raw: bytes, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(raw)
    with pytest.raises(SourceError) as caught:
        read_text(tmp_path / "file")
    assert caught.value.message == f"{tmp_path / 'file'}:1: the file is empty"


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_the_line_that_is_not_utf8_is_named(end: bytes, mark: bytes, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(mark + b"one" + end + end + b"caf\xe9" + end)
    with pytest.raises(SourceError) as caught:
        read_text(tmp_path / "file")
    problem = "byte 0xe9 is not UTF-8; save the file as UTF-8"
    assert caught.value.message == f"{tmp_path / 'file'}:3: {problem}"


def test_a_missing_file_has_no_text(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        read_text(tmp_path / "gone")
    assert caught.value.message == f"{tmp_path / 'gone'}: cannot be read: No such file or directory"
    assert caught.value.line is None


# Writing.


def test_a_file_is_replaced_by_a_text(tmp_path: Path) -> None:
    for text in ("Café\n", "two\n", ""):
        replace_text(tmp_path / "file", text)
        assert (tmp_path / "file").read_bytes() == text.encode()
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_file_that_is_replaced_keeps_its_permissions_and_its_links(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    (tmp_path / "file").chmod(0o600)
    (tmp_path / "link").symlink_to("file")
    replace_text(tmp_path / "link", "new")
    assert (tmp_path / "file").read_text() == "new"
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "link").is_symlink()


def test_a_write_that_fails_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_text(tmp_path / "file", "old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(SourceError) as caught:
        replace_text(tmp_path / "file", "new")
    assert (
        caught.value.message == f"{tmp_path / 'file'}: cannot be written: No space left on device"
    )
    assert (tmp_path / "file").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be written: No such file or directory"):
        replace_text(tmp_path / "none" / "file", "x")
