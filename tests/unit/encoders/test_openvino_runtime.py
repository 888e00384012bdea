"""A converted model's network: what runs it fastest, and what becomes of damaged files."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embedder.encoders.openvino_encoder import OpenVinoEncoder
from embedder.encoders.openvino_package import read_config, write_config
from embedder.encoders.openvino_runtime import Network, aligned_width
from embedder.errors import EncoderError
from embedder.files import file_sha256
from embedder.records import Precision
from embedder.runtime import CORES
from tests.conftest import ROOT
from tests.unit.encoders.test_torch_encoder import TEXTS

pytestmark = pytest.mark.slow  # models are compiled


def test_the_precision_follows_from_the_processor_and_the_package(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags = {"avx512_vnni"}
    monkeypatch.setattr("embedder.encoders.openvino_runtime.read_cpu_flags", lambda: flags)
    assert OpenVinoEncoder("m", place, "").precision == "int8"
    flags = set()
    encoder = OpenVinoEncoder("m", place, "")
    assert (encoder.precision, encoder.backend) == ("f32", "openvino, f32")


def test_a_package_without_int8_weights_stands_for_int8_at_f32(tmp_path: Path, place: Path) -> None:
    exact = OpenVinoEncoder("m", place, "", "f32").encode_queries(TEXTS)
    place = shutil.copytree(place, tmp_path / "place")
    config = read_config(place)
    files = {name: sha256 for name, sha256 in config.files.items() if "int8" not in name}
    write_config(place, replace(config, files=files))
    encoder = OpenVinoEncoder("m", place, "", "int8")
    assert encoder.precision == "int8"
    np.testing.assert_array_equal(encoder.encode_queries(TEXTS), exact)


def test_questions_are_read_in_rows_of_few_lengths(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths = set()
    run = Network._run

    def look(network: Network, arrays: dict[str, Any]) -> dict[str, Any]:
        lengths.add(arrays["input_ids"].shape)
        return run(network, arrays)

    monkeypatch.setattr(Network, "_run", look)
    encoder = OpenVinoEncoder("m", place, "", "f32")
    for words in range(1, 100):
        encoder.encode_queries(["word " * words, "another word"])
    assert lengths == {(1, 32), (1, 64), (1, 128)}


def test_two_cores_share_a_call_of_a_large_network(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = read_config(place)
    small = Network(place, config, "f32")
    assert small.callers == CORES
    alone = OpenVinoEncoder("m", place, "", "f32").encode_queries(TEXTS)
    monkeypatch.setattr("embedder.encoders.openvino_runtime._LARGE", 10_000_000)
    assert Network(place, config, "f32").callers == max(1, CORES // 2)
    shared = OpenVinoEncoder("m", place, "", "f32").encode_queries(TEXTS)
    np.testing.assert_array_equal(shared, alone)


IMPORT_ROOM = """
import pkgutil, sys
import embedder.encoders
for module in pkgutil.iter_modules(embedder.encoders.__path__, "embedder.encoders."):
    __import__(module.name)
print("openvino" in sys.modules, "openvino_telemetry" in sys.modules)
from embedder.encoders.openvino_runtime import import_openvino
import_openvino()
print("openvino" in sys.modules, sys.modules["openvino_telemetry"])
"""


def test_importing_our_modules_neither_imports_openvino_nor_blocks_its_telemetry() -> None:
    out = subprocess.run(
        [sys.executable, "-c", IMPORT_ROOM], cwd=ROOT, capture_output=True, check=True, text=True
    )
    assert out.stdout.splitlines() == ["False False", "True None"]


FIRST_TYPES = """
import sys, threading
from embedder.encoders.openvino_runtime import import_openvino

sys.setswitchinterval(1e-6)
together = threading.Barrier(8)

def first():
    openvino = import_openvino()
    together.wait()
    openvino.Type.i64.to_dtype()

threads = [threading.Thread(target=first) for _ in range(8)]
for each in threads: each.start()
for each in threads: each.join()
print("all of them")
"""


def test_threads_that_use_openvino_first_and_at_once_do_not_stop_each_other() -> None:
    # Where they do, none of them and nothing else in the process ever goes on.
    out = subprocess.run(
        [sys.executable, "-c", FIRST_TYPES],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
        timeout=300,
    )
    assert out.stdout == "all of them\n"


@pytest.mark.parametrize(
    ("tokens", "width"),
    [(0, 1), (1, 1), (2, 2), (3, 4), (4, 4), (5, 8), (9, 16), (16, 16), (17, 32), (127, 128)],
)
def test_an_aligned_text_takes_a_power_of_two_or_a_multiple_of_sixteen(
    tokens: int, width: int
) -> None:
    assert aligned_width(tokens) == width


# Files.


def test_a_package_is_read_and_never_written_to(tmp_path: Path, place: Path) -> None:
    place = shutil.copytree(place, tmp_path / "place")
    before = {path: path.read_bytes() for path in place.rglob("*")}
    precisions: tuple[Precision | None, ...] = (None, "f32", "int8")
    for precision in precisions:
        OpenVinoEncoder("m", place, "", precision).encode_queries(TEXTS)
    assert {path: path.read_bytes() for path in place.rglob("*")} == before


@pytest.mark.parametrize("name", ["model.bin", "model.xml"])
def test_a_missing_file_is_named(tmp_path: Path, place: Path, name: str) -> None:
    place = shutil.copytree(place, tmp_path / "place")
    (place / name).unlink()
    with pytest.raises(EncoderError, match=rf"place/{re.escape(name)} cannot be read: "):
        OpenVinoEncoder("m", place, "", "f32")


def test_a_network_that_openvino_cannot_read_is_named(tmp_path: Path, place: Path) -> None:
    place = shutil.copytree(place, tmp_path / "place")
    (place / "model.xml").write_text("<net></net>")
    config = read_config(place)
    files = config.files | {"model.xml": file_sha256(place / "model.xml").hex()}
    write_config(place, replace(config, files=files))
    with pytest.raises(EncoderError, match=r"OpenVINO cannot run .*place/model\.xml: "):
        OpenVinoEncoder("m", place, "", "f32")


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
    content = bytearray((place / name).read_bytes())
    content[len(content) // 2] ^= 1
    (place / name).write_bytes(content)
    with pytest.raises(EncoderError, match="is not as it was written"):
        OpenVinoEncoder("m", place, "", precision)
