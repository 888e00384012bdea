"""Preparing a model: the package is made once, mended where it is damaged, and nothing is sent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from embedder.encoders import preparing
from embedder.encoders.loading import load_encoder
from embedder.encoders.model_files import ModelFiles, fingerprint, locate_model, package_folder
from embedder.encoders.openvino_package import read_config
from embedder.encoders.preparing import UNITS, is_prepared, prepare
from embedder.encoders.torch_encoder import TorchEncoder
from embedder.errors import EncoderError, ModelNotFound
from tests.conftest import ROOT, Silent, in_threads
from tests.unit.encoders.test_torch_encoder import KINDS, make_model

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of each test's own."""
    monkeypatch.setenv("FINGERPOST_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def model(tmp_path: Path) -> str:
    """A tiny model."""
    return str(make_model(tmp_path))


def never(*_: object) -> NoReturn:
    raise AssertionError("it was converted")


def forbid_converting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embedder.encoders.openvino_export.convert", never)


def package_of(model: str) -> Path:
    return locate_model(model).package


class Units:
    """Adds up what a step advances by."""

    def __init__(self) -> None:
        self.total = 0

    def __call__(self, units: int) -> None:
        self.total += units


def test_a_model_is_prepared_once(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_prepared(model)
    progress = Silent()
    prepare(model, progress)
    assert progress.steps == [("Preparing", UNITS)]
    assert is_prepared(model)
    forbid_converting(monkeypatch)
    prepare(model, progress)
    assert progress.steps == [("Preparing", UNITS)]  # no second one
    assert load_encoder(model).backend.startswith("openvino, ")


def test_a_package_holds_the_network_and_the_tokenizer(model: str) -> None:
    prepare(model)
    package = package_of(model)
    config = read_config(package)
    assert (config.dim, config.averages, config.packed) == (32, True, True)
    # With int8 weights some processors give this tiny model other vectors: then it has none.
    small = {"int8.xml", "int8.bin"}
    assert set(config.files) - small == {"model.xml", "model.bin", "tokenizer.json"}
    assert set(config.files) & small in (small, set())
    assert {path.name for path in package.iterdir()} == {*config.files, "card.json"}
    assert not list(package.parent.glob("tmp*"))


def test_progress_ends_at_its_total_whichever_way_is_taken(tmp_path: Path) -> None:
    for kind in ("mean", "dense", "prompts left out of the mean"):  # the last one is refused
        units = Units()
        files = locate_model(str(make_model(tmp_path / kind, **KINDS[kind])))
        files.package.parent.mkdir(parents=True, exist_ok=True)
        preparing._prepare(files, preparing._Stages(units))
        assert units.total == (1 if "left out" in kind else UNITS)


@pytest.mark.parametrize("name", ["tokenizer.json", "model.bin", "card.json"])
def test_a_damaged_package_is_converted_again(model: str, name: str) -> None:
    prepare(model)
    package = package_of(model)
    good = (package / name).read_bytes()
    (package / name).write_bytes(good[: len(good) // 2])
    assert not is_prepared(model)
    prepare(model)
    assert is_prepared(model)
    assert len((package / name).read_bytes()) == len(good)
    assert load_encoder(model).backend.startswith("openvino, ")


def test_a_model_that_cannot_be_converted_is_remembered_and_runs_on_torch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    model = str(make_model(tmp_path, **KINDS["prompts left out of the mean"]))
    prepare(model)
    assert "cannot be prepared: it leaves its prompts out of the average" in caplog.text
    assert is_prepared(model)
    forbid_converting(monkeypatch)
    prepare(model)
    caplog.clear()
    assert load_encoder(model).backend == "torch"
    (line,) = caplog.messages
    assert line == (
        f"The model {locate_model(model).name} runs on torch, which is slower: "
        "it leaves its prompts out of the average"
    )


def test_loading_never_converts_and_says_what_to_do(
    model: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    forbid_converting(monkeypatch)
    encoder = load_encoder(model)
    assert (encoder.backend, encoder.precision) == ("torch", "f32")
    (line,) = caplog.messages
    assert line == (
        f"The model {encoder.name} is not prepared for this processor, so it runs on torch, "
        "which is slower. Prepare it with: fingerpost prepare"
    )


def test_torch_stands_in_for_the_precision_of_a_library(model: str) -> None:
    wanted = load_encoder(model, precision="bf16")
    assert (wanted.backend, wanted.precision) == ("torch", "bf16")
    prepare(model)
    found = load_encoder(model, precision="bf16")
    assert (found.backend, found.precision) == ("openvino, bf16", "bf16")
    assert found.fingerprint == wanted.fingerprint
    assert load_encoder(model, precision="f32").fingerprint != wanted.fingerprint


def test_a_cache_that_cannot_be_written_costs_speed_only(
    model: str, empty_cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    empty_cache.write_text("in the way")
    prepare(model)
    assert "cannot be kept: " in caplog.text
    assert not is_prepared(model)
    assert load_encoder(model).backend == "torch"


def test_of_several_at_the_same_time_one_converts(
    model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    converted = []
    prepare_now = preparing._prepare

    def count(*arguments: object) -> None:
        converted.append(arguments)
        prepare_now(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(preparing, "_prepare", count)
    in_threads(3, lambda _: prepare(model))
    assert len(converted) == 1
    assert is_prepared(model)


def test_what_is_no_model_is_an_error_and_not_remembered(tmp_path: Path, empty_cache: Path) -> None:
    with pytest.raises(ModelNotFound, match="no model 'no-such/model'"):
        prepare("no-such/model")
    (tmp_path / "model.safetensors").write_bytes(b"\x08\x00\x00\x00\x00\x00\x00\x00{}      ")
    with pytest.raises(EncoderError, match="are no sentence-transformers model"):
        prepare(str(tmp_path))
    assert not list(empty_cache.rglob("*.refused"))


def test_a_package_is_kept_by_the_files_alone(model: str) -> None:
    files = locate_model(model)
    assert files.sha256 == fingerprint(Path(model))
    assert package_of(model) == package_folder(files.sha256)
    encoder = TorchEncoder("m", Path(model), files.sha256)
    assert encoder.fingerprint != files.sha256


# Our models have several readers.


@pytest.fixture
def readers_prepared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Prepare no reader; the names of those that would be."""
    names: list[str] = []

    def note(files: ModelFiles, reach: Callable[[int], None]) -> None:
        names.append(files.name)
        reach(UNITS)

    monkeypatch.setattr(preparing, "_prepare", note)
    monkeypatch.setattr("embedder.encoders.loading.is_available", lambda _: True)
    return names


def test_all_readers_that_a_library_needs_are_prepared_in_one_step(
    readers_prepared: list[str],
) -> None:
    progress = Silent()
    prepare("fingerpost-full", progress, reader="quick")
    assert readers_prepared == ["fingerpost/full", "fingerpost/quick", "fingerpost/languages"]
    assert progress.steps == [("Preparing", 3 * UNITS)]


def test_a_reader_that_is_prepared_is_not_prepared_again(
    readers_prepared: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "_done", lambda files: files.name == "fingerpost/full")
    progress = Silent()
    prepare("fingerpost-full", progress)
    assert readers_prepared == ["fingerpost/languages"]
    assert progress.steps == [("Preparing", UNITS)]
    assert not is_prepared("fingerpost-full")


# What is not imported, and what is sent to nobody.

PROGRAM = """
import json, socket, sys
calls = []
socket.socket.connect = lambda self, address: calls.append(str(address))
from embedder.encoders.loading import load_encoder
if sys.argv[1:] == ["prepare"]:
    from embedder.encoders.preparing import prepare
    prepare("all-MiniLM-L6-v2")
encoder = load_encoder("all-MiniLM-L6-v2")
encoder.encode_queries(["a question"])
named = ("torch", "transformers", "sentence_transformers")
telemetry = [name for name in sys.modules if name.startswith("openvino_telemetry.")]
print(json.dumps([[name for name in named if name in sys.modules], telemetry, calls]))
"""


@pytest.fixture
def run_alone(tmp_path: Path) -> Callable[..., list[list[str]]]:
    """Run the program above with a home folder and a cache of its own."""

    def run(cache: Path, *arguments: str) -> list[list[str]]:
        environment = {**os.environ, "HOME": str(tmp_path), "FINGERPOST_CACHE": str(cache)}
        out = subprocess.run(
            [sys.executable, "-c", PROGRAM, *arguments],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            check=True,
        )
        found: list[list[str]] = json.loads(out.stdout.decode().strip().split("\n")[-1])
        return found

    return run


@pytest.mark.usefixtures("encoder")  # so that the cache is full
def test_a_prepared_model_is_loaded_without_torch(
    run_alone: Callable[..., list[list[str]]], cache: Path
) -> None:
    assert run_alone(cache) == [[], [], []]


def test_preparing_sends_nothing_and_leaves_nothing_in_the_home_folder(
    run_alone: Callable[..., list[list[str]]], tmp_path: Path
) -> None:
    _, telemetry, calls = run_alone(tmp_path / "empty", "prepare")
    assert (telemetry, calls) == ([], [])
    assert {each.name for each in tmp_path.iterdir()} <= {"empty", ".cache"}
    assert list((tmp_path / "empty").rglob("model.xml"))
