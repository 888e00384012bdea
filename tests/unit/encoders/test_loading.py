"""What a name loads: one model with what runs it best, or the readers of our space."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, NoReturn

import pytest

from embedder.encoders import loading
from embedder.encoders.encoder import Encoder
from embedder.encoders.loading import load_encoder
from embedder.encoders.model_files import fingerprint, locate_model
from embedder.encoders.readers import READERS, ReaderName, locate_reader
from embedder.errors import EncoderError, ModelChanged
from embedder.records import Precision
from tests.support.words import WordEncoder
from tests.unit.encoders.test_model_files import pretend_package_holds
from tests.unit.encoders.test_torch_encoder import make_model

pytestmark = pytest.mark.slow  # models are loaded with torch


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model's folder."""
    return make_model(tmp_path_factory.mktemp("tiny"))


# One model.


@pytest.mark.usefixtures("offline")
def test_the_bundled_model_loads_without_a_connection(encoder: Encoder) -> None:
    loaded = load_encoder("sentence-transformers/all-MiniLM-L6-v2")
    assert loaded.name == "all-MiniLM-L6-v2"
    assert loaded.fingerprint == encoder.fingerprint


def test_a_model_in_a_folder_loads(tiny: Path) -> None:
    loaded = load_encoder(str(tiny))
    assert (loaded.name, loaded.dim) == (str(tiny.resolve()), 32)


def test_changed_weights_are_never_loaded(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> NoReturn:
        raise AssertionError("the weights were loaded")

    pretend_package_holds(Path(shutil.copytree(tiny, tmp_path / "changed")), monkeypatch)
    monkeypatch.setattr("embedder.encoders.torch_encoder.SentenceTransformer", refuse)
    monkeypatch.setattr("embedder.encoders.openvino_encoder.OpenVinoEncoder", refuse)
    with pytest.raises(ModelChanged):
        load_encoder("all-MiniLM-L6-v2")


def test_a_model_of_ones_own_has_one_set_of_files(tiny: Path) -> None:
    (files,) = loading.files_of(str(tiny))
    assert (files.name, files.sha256) == (str(tiny.resolve()), fingerprint(tiny))


# The readers of our space.


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Precision | None]]:
    """The readers that were loaded, with the precision asked for; each is a stand-in."""
    found: list[tuple[str, Precision | None]] = []

    def load_reader(name: ReaderName, precision: Precision | None) -> Encoder:
        found.append((name, precision))
        return WordEncoder(f"fingerpost/{name}")

    monkeypatch.setattr(loading, "load_reader", load_reader)
    return found


@pytest.mark.parametrize(
    ("arguments", "readers"),
    [
        ({}, ["full"]),
        ({"model": "fingerpost-full"}, ["full"]),
        ({"model": "fingerpost-quick"}, ["quick"]),
        ({"model": "fingerpost-full", "reader": "quick", "precision": "f32"}, ["quick"]),
        ({"model": "fingerpost-quick", "reader": "full", "precision": "f32"}, ["full"]),
        # The precision of the documents is that of their reader.
        ({"model": "fingerpost-full", "reader": "quick"}, ["full", "quick"]),
    ],
)
def test_one_of_our_names_loads_what_reads_the_questions(
    loaded: list[tuple[str, Precision | None]], arguments: dict[str, Any], readers: list[str]
) -> None:
    encoder = load_encoder(**arguments)
    assert [name for name, _ in loaded] == readers
    assert encoder.name == arguments.get("model", "fingerpost-full")
    assert (encoder.dim, encoder.precision) == (768, "f32")


def test_a_library_keeps_its_precision(loaded: list[tuple[str, Precision | None]]) -> None:
    assert load_encoder("fingerpost-quick", precision="bf16").precision == "bf16"
    assert loaded == [("quick", "bf16")]


@pytest.mark.parametrize(
    ("model", "reader", "readers"),
    [
        ("fingerpost-full", None, ["full", "languages"]),
        ("fingerpost-quick", None, ["quick", "languages"]),
        ("fingerpost-full", "quick", ["full", "quick", "languages"]),
        ("fingerpost-quick", "quick", ["quick", "languages"]),
    ],
)
def test_the_files_of_one_of_our_names_are_those_of_all_its_readers(
    monkeypatch: pytest.MonkeyPatch, model: str, reader: ReaderName | None, readers: list[str]
) -> None:
    monkeypatch.setattr(loading, "is_available", lambda _: True)
    files = loading.files_of(model, reader)
    assert [each.name for each in files] == [f"fingerpost/{name}" for name in readers]


def test_a_reader_of_languages_that_cannot_be_had_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loading, "is_available", lambda base: base != READERS["languages"].base)
    (files,) = loading.files_of("fingerpost-full")
    assert files.name == "fingerpost/full"


def test_a_reader_that_is_not_prepared_runs_on_torch_and_says_so(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(loading, "locate_reader", lambda _: locate_model(str(tiny)))
    reader = loading.load_reader("quick", "bf16")
    assert (reader.backend, reader.precision) == ("torch", "bf16")
    assert "is not prepared for this processor, so it runs on torch" in caplog.text


def test_a_name_that_is_none_of_ours_is_a_models() -> None:
    with pytest.raises(EncoderError, match="no model 'fingerpost-large': it is not a folder"):
        load_encoder("fingerpost-large")


def test_what_prepares_the_quick_reader_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("FINGERPOST_CACHE", str(tmp_path))
    names: tuple[ReaderName, ...] = ("full", "quick")
    for name in names:
        loading._say_that_torch_is_used(locate_reader(name))
    assert [line.rpartition(": ")[2] for line in caplog.messages] == [
        "fingerpost prepare",
        "fingerpost prepare --reader quick",
    ]
