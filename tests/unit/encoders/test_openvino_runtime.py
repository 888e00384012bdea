"""A converted model's network: what runs it fastest, and what becomes of damaged files."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest

from embedder.encoders.openvino_encoder import OpenVinoEncoder
from embedder.encoders.openvino_runtime import Network, Precision
from embedder.errors import EncoderError
from tests.unit.encoders.test_openvino_encoder import least_cosine
from tests.unit.encoders.test_torch_encoder import TEXTS

pytestmark = pytest.mark.slow  # models are compiled


@pytest.mark.parametrize(
    ("seconds", "chosen"),
    [
        ({"f32": 3.0, "bf16": 1.0, "int8": 1.0}, "bf16"),
        ({"f32": 3.0, "bf16": 5.0, "int8": 2.0}, "int8"),
        ({"f32": 3.0, "bf16": 2.9, "int8": 2.8}, "f32"),
        ({"f32": 3.0, "bf16": 2.0, "int8": 1.0}, "int8"),
    ],
)
def test_the_precision_is_what_a_trial_found_fastest(
    place: Path, monkeypatch: pytest.MonkeyPatch, seconds: dict[Precision, float], chosen: str
) -> None:
    for each in (place / "compiled").glob("*.precision"):
        each.unlink()
    tried = []

    def measure(network: OpenVinoEncoder, _: object) -> float:
        tried.append(network.precision)
        return seconds[network.precision]

    monkeypatch.setattr("embedder.encoders.openvino_runtime._seconds", measure)
    first = OpenVinoEncoder("m", place, "")
    assert first.precision == (chosen if chosen in tried else "int8")
    count = len(tried)
    assert OpenVinoEncoder("m", place, "").precision == first.precision
    assert len(tried) == count >= 2  # it is kept
    for each in (place / "compiled").glob("*.precision"):
        each.write_text("f64")
    assert OpenVinoEncoder("m", place, "").precision == first.precision
    assert len(tried) == 2 * count


def test_questions_are_read_in_rows_of_few_lengths(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths = set()
    run = Network._run

    def look(network: Network, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        lengths.add(arrays["input_ids"].shape)
        return run(network, arrays)

    monkeypatch.setattr(Network, "_run", look)
    encoder = OpenVinoEncoder("m", place, "", "f32")
    for words in range(1, 100):
        encoder.encode_queries(["word " * words, "another word"])
    assert lengths == {(1, 32), (1, 64), (1, 128)}


# What was compiled.


def blobs(place: Path) -> list[Path]:
    return sorted((place / "compiled").glob("*.blob"))


@pytest.mark.parametrize("damage", ["a byte", "half"])
def test_a_damaged_compiled_model_is_compiled_again(
    tmp_path: Path, place: Path, damage: str
) -> None:
    place = shutil.copytree(place, tmp_path / "place")
    for each in blobs(place):
        each.unlink()
    wanted = OpenVinoEncoder("m", place, "", "f32").encode_queries(TEXTS[:2])
    (blob,) = blobs(place)
    good = blob.read_bytes()
    middle = len(good) // 2
    bad = good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1 :]
    blob.write_bytes(bad if damage == "a byte" else good[:middle])
    found = OpenVinoEncoder("m", place, "", "f32")
    assert least_cosine(found.encode_queries(TEXTS[:2]), wanted) > 0.99999
    mended = blobs(place)[0].read_bytes()
    assert hashlib.sha256(mended[32:]).digest() == mended[:32]


@pytest.mark.parametrize(
    ("name", "precision"),
    [
        ("model.bin", "f32"),
        ("model.xml", "f32"),
        ("int8.bin", "int8"),
        ("tokenizer.json", None),
    ],
)
def test_a_damaged_file_is_never_used(
    tmp_path: Path, place: Path, name: str, precision: Precision | None
) -> None:
    place = shutil.copytree(place, tmp_path / "place")
    for blob in blobs(place):
        blob.unlink()
    content = bytearray((place / name).read_bytes())
    content[len(content) // 2] ^= 1
    (place / name).write_bytes(content)
    with pytest.raises(EncoderError, match="is not as it was written"):
        OpenVinoEncoder("m", place, "", precision)
