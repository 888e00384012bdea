"""The card of a converted model: written, read, and held against the files."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from embedder.encoders.openvino_package import (
    CONFIG,
    PACKED,
    ModelConfig,
    check_files,
    read_config,
    write_config,
)
from embedder.errors import EncoderError

CARD = ModelConfig(
    dim=384,
    reads=256,
    max_tokens=254,
    query_prompt="query: ",
    document_prompt="",
    averages=True,
    inputs=PACKED,
    first=0,
    files={"a.bin": hashlib.sha256(b"weights").hexdigest()},
)


def test_a_card_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_config(tmp_path, CARD)
    config = read_config(tmp_path)
    assert replace(config, inputs=tuple(config.inputs)) == CARD
    assert config.packed
    write_config(tmp_path, replace(CARD, inputs=("input_ids", "attention_mask")))
    assert not read_config(tmp_path).packed


@pytest.mark.parametrize("content", [None, "", "{", "[]", "{}", '{"dim": 384}'])
def test_a_folder_without_a_sound_card_holds_no_model(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / CONFIG).write_text(content)
    with pytest.raises(EncoderError, match="holds no converted model: "):
        read_config(tmp_path)


def test_files_are_held_against_the_card(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"weights")
    check_files(tmp_path, CARD, ["a.bin"])
    path.write_bytes(b"Weights")
    with pytest.raises(EncoderError) as caught:
        check_files(tmp_path, CARD, ["a.bin"])
    assert caught.value.message == f"{path} is not as it was written"
    path.unlink()
    with pytest.raises(EncoderError, match=r"a\.bin cannot be read: "):
        check_files(tmp_path, CARD, ["a.bin"])


def test_a_file_that_the_card_does_not_name_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "b.bin").write_bytes(b"weights")
    with pytest.raises(EncoderError, match=r"b\.bin is not as it was written"):
        check_files(tmp_path, CARD, ["b.bin"])
