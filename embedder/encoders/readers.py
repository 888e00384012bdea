"""The readers of our space: three models that put texts into the same 768 numbers.

The *full* reader, all-mpnet-base-v2 with an adapter of ours, makes the space. The *quick* one, of
the size of MiniLM, and the one for other *languages*, multilingual-e5-small, were taught to read
into it (`training/`, docs/model.md). So one index serves all: a library read by one is asked by
another.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from safetensors.numpy import load_file, save_file

from embedder.encoders.base_weights import WEIGHTS, base_folder
from embedder.encoders.model_files import ModelFiles, cache_folder
from embedder.encoders.model_folder import write_head
from embedder.encoders.packed_weights import unpack
from embedder.errors import ModelChanged, ModelNotFound
from embedder.files import file_sha256
from embedder.vectors import Float32Array

ReaderName = Literal["full", "quick", "languages"]

DIM = 768
_SECONDS_A_DAY = 86_400
_FOLDER = Path(__file__).with_name("weights")
_NOT_COPIED = shutil.ignore_patterns(WEIGHTS, "*.md", "*.ini", "onnx", "openvino")
# The form of what `assemble` writes: raise it when its vectors change.
_RULE = 1


@dataclass(frozen=True, slots=True)
class Reader:
    """A reader, and the model that it is made from.

    `max_tokens` is what it reads at most, special tokens included.
    """

    name: ReaderName
    base: str
    max_tokens: int
    query_prompt: str = ""
    document_prompt: str = ""

    @property
    def sha256(self) -> str:
        """The SHA-256 (hex) of our weights."""
        return _SHA256[self.name]

    @property
    def weights(self) -> Path:
        """The file of our weights."""
        return _FOLDER / f"{self.name}.safetensors"

    @property
    def fingerprint(self) -> str:
        """A SHA-256 (hex) of what its vectors depend on."""
        facts = (self.base, self.sha256, self.max_tokens, self.query_prompt, self.document_prompt)
        return hashlib.sha256(repr((*facts, _RULE)).encode()).hexdigest()


# Of our weights; `training.pack` prints them.
_SHA256: dict[ReaderName, str] = {
    "full": "398d419ce442a9725446c4e47a6d43b67ccadf8ded013095ef01d041c1630c5b",
    "quick": "3e0cc108654ac6e9bb24da21750259c7f295c9f9c6a3857b3c139fe0a1a98290",
    "languages": "8062c02fe1ad57fae3124d806eb2957c16e318597de319a59a8a12a8cee54f94",
}
READERS: dict[ReaderName, Reader] = {
    reader.name: reader
    for reader in (
        Reader("full", "all-mpnet-base-v2", 384),
        Reader("quick", "all-MiniLM-L6-v2", 256),
        Reader("languages", "multilingual-e5-small", 512, "query: ", "passage: "),
    )
}


def space_fingerprint(documents: ReaderName) -> str:
    """Return a SHA-256 (hex) of what the vectors of a library depend on.

    `documents` names the reader of its documents in English. Who reads questions does not matter.
    """
    facts = (READERS[documents].fingerprint, READERS["languages"].fingerprint)
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def recorded_name(name: ReaderName) -> str:
    """Return the name by which a library records a reader."""
    return f"fingerpost/{name}"


def locate_reader(name: ReaderName) -> ModelFiles:
    """Return the files of a reader, which are put together when they are opened.

    Opening them raises ModelNotFound or ModelChanged if the base model cannot be had.
    """
    reader = READERS[name]
    return ModelFiles(recorded_name(name), reader.fingerprint, lambda: _assembled(reader))


@contextmanager
def _assembled(reader: Reader) -> Iterator[Path]:
    """Put a reader together as a sentence-transformers folder, gone at the end of the block."""
    scratch = _scratch()
    with tempfile.TemporaryDirectory(dir=scratch, ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary) / reader.name
        with base_folder(reader.base, scratch) as base:
            assemble(reader, base, folder)
        yield folder


def _scratch() -> Path:
    """Return where large files may lie for a while: in the cache, if it can be written to."""
    folder = cache_folder() / "scratch"
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    if not (folder.is_dir() and os.access(folder, os.W_OK)):
        return Path(tempfile.gettempdir())
    _remove_leftovers(folder)
    return folder


def _remove_leftovers(scratch: Path) -> None:
    """Remove what a process that was killed has left behind, up to 900 MB each.

    Putting a model together takes minutes, so nothing that is a day old is still in use.
    """
    yesterday = time.time() - _SECONDS_A_DAY
    for each in scratch.iterdir():
        with suppress(OSError):
            if each.stat().st_mtime < yesterday:
                shutil.rmtree(each)


def assemble(reader: Reader, base: Path, folder: Path) -> None:
    """Write a reader as a sentence-transformers folder, from its base model's folder.

    Raises ModelChanged if our weights are not those of this version, or not for this base model,
    ModelNotFound if they are missing.
    """
    _check(reader)
    # Where there is a head too, the transformer is the reader's `net`.
    own = {name.removeprefix("net."): each for name, each in unpack(reader.weights).items()}
    tensors = load_file(base / WEIGHTS)
    head_weight, head_bias = own.pop("head.weight", None), own.pop("head.bias", None)
    shutil.copytree(base, folder, ignore=_NOT_COPIED)
    _write_settings(reader, folder)
    # A reader is what its weights are as float16: its files then have half the size.
    halves = {name: each.astype(np.float16) for name, each in merge(tensors, own).items()}
    save_file(halves, folder / WEIGHTS)
    if head_weight is not None and head_bias is not None:
        write_head(folder, head_weight.astype(np.float16), head_bias.astype(np.float16))


def merge(
    tensors: dict[str, Float32Array], own: dict[str, Float32Array]
) -> dict[str, Float32Array]:
    """Return a base model's tensors with ours: adapters are added, others take the place.

    An adapter of `NAME.weight` (out, in) is `NAME.a` (rank, in) and `NAME.b` (out, rank), and
    what is added is b a: Hu et al., "LoRA", 2021, arXiv:2106.09685, with its scale in b.

    Raises ModelChanged if the base model lacks a tensor of ours, or has it in another shape.
    """
    merged = dict(tensors)
    for name, value in own.items():
        module, _, kind = name.rpartition(".")
        if kind == "a":
            _put(merged, f"{module}.weight", own[f"{module}.b"] @ value, add=True)
        elif kind != "b":
            _put(merged, name, value, add=False)
    return merged


def _put(tensors: dict[str, Float32Array], name: str, value: Float32Array, *, add: bool) -> None:
    """Put a tensor in the place of the one of this name, or add it to that one."""
    before = tensors.get(name)
    if before is None or before.shape != value.shape:
        raise ModelChanged(f"the base model has no tensor {name} of shape {value.shape}")
    tensors[name] = before + value if add else value


def _write_settings(reader: Reader, folder: Path) -> None:
    """Write what a reader reads at most, and its prompts, over its base model's."""
    reads = {"max_seq_length": reader.max_tokens, "do_lower_case": False}
    prompts = {"query": reader.query_prompt, "document": reader.document_prompt}
    kept = {use: prompt for use, prompt in prompts.items() if prompt}
    for name, content in (
        ("sentence_bert_config.json", reads),
        ("config_sentence_transformers.json", {"prompts": kept, "default_prompt_name": None}),
    ):
        (folder / name).write_text(json.dumps(content), encoding="utf-8")


def _check(reader: Reader) -> None:
    try:
        found = file_sha256(reader.weights).hex()
    except OSError as error:
        raise ModelNotFound(
            f"{reader.weights} cannot be read ({error.strerror}). Install fingerpost again."
        ) from error
    if found != reader.sha256:
        raise ModelChanged(
            f"{reader.weights} has SHA-256 {found}, not {reader.sha256}. Install fingerpost again."
        )
