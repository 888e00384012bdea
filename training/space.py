"""The space: vectors of the full reader, which the other readers learn to come to.

They are computed once and kept in files under the folder of the run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from training.general import General
from training.lora import merge_lora
from training.material import QUESTIONS, Entry
from training.networks import Base, Reader, load_base, read

# Texts that are read before their vectors are written.
_TEXTS_A_FILE = 2048


@dataclass(frozen=True, slots=True)
class Space:
    """Vectors of the entries' texts, float32 unit rows.

    `vectors` has, for each kind of question, `near` and `document`, one row for each entry.
    `general` has the rows of texts of other fields, by kind. `name` tells this space apart from
    others: it is a hash of texts and weights.
    """

    name: str
    vectors: Mapping[str, Tensor]
    general: Mapping[str, Tensor] = field(default_factory=dict)

    @property
    def dim(self) -> int:
        """How many numbers a vector has."""
        return int(self.vectors["document"].shape[1])


def texts_by_kind(entries: Sequence[Entry]) -> dict[str, list[str]]:
    """Return the English texts of the entries: each kind of question, near misses, documents."""
    texts = {kind: [entry.questions[kind] for entry in entries] for kind in QUESTIONS}
    texts["near"] = [entry.near for entry in entries]
    texts["document"] = [entry.document for entry in entries]
    return texts


def tuned_reader(folder: Path, adapter: Mapping[str, Any] | None) -> tuple[Base, Reader]:
    """Load the base of the full reader from a folder, with the adapter's weights added.

    Without an adapter it is the untuned model.
    """
    base = load_base(folder, "full")
    if adapter is not None:
        merge_lora(base.net, adapter)
    reader = Reader(base.net, base.pad).eval()
    for parameter in reader.parameters():
        parameter.requires_grad_(False)
    return base, reader


def name_of(folder: Path, adapter: Mapping[str, Any] | None, texts: Sequence[str]) -> str:
    """Return a hash (16 hex digits) of a model's file, an adapter and the texts to read."""
    digest = hashlib.sha256()
    with (folder / "model.safetensors").open("rb") as file:
        digest.update(hashlib.file_digest(file, "sha256").digest())
    for name, tensor in sorted((adapter or {}).items()):
        digest.update(name.encode())
        digest.update(torch.as_tensor(tensor).float().numpy().tobytes())
    digest.update("\0".join(texts).encode())
    return digest.hexdigest()[:16]


def make_space(
    folder: Path,
    adapter: Mapping[str, Any] | None,
    entries: Sequence[Entry],
    work: Path,
    device: torch.device,
    *,
    bfloat16: bool = False,
    general: General | None = None,
) -> Space:
    """Read all texts of the entries, or take their vectors from `work` if they were read before.

    Texts of other fields are read if they are given.
    """
    of_entries = texts_by_kind(entries)
    of_others = {kind: texts for kind, texts in (general or General()).texts.items() if texts}

    def vectors(name: str, texts: Mapping[str, Sequence[str]]) -> dict[str, Tensor]:
        named = name_of(folder, adapter, _flat(texts))
        read_all = _Reading(folder, adapter, work / f"{name}-{named}", device, bfloat16)
        return {
            kind: read_all(kind, values, "document" if kind == "document" else "query")
            for kind, values in texts.items()
        }

    return Space(
        name_of(folder, adapter, [*_flat(of_entries), *_flat(of_others)]),
        vectors("space", of_entries),
        vectors("general", of_others),
    )


def _flat(texts: Mapping[str, Sequence[str]]) -> list[str]:
    return [text for of_kind in texts.values() for text in of_kind]


class _Reading:
    """Reads texts with the full reader, which is loaded when the first vector is missing."""

    def __init__(
        self,
        folder: Path,
        adapter: Mapping[str, Any] | None,
        kept: Path,
        device: torch.device,
        bfloat16: bool,
    ) -> None:
        self.load: Callable[[], tuple[Base, Reader]] = lambda: tuned_reader(folder, adapter)
        self.loaded: tuple[Base, Reader] | None = None
        self.kept, self.device, self.bfloat16 = kept, device, bfloat16

    def __call__(self, name: str, texts: Sequence[str], kind: str) -> Tensor:
        """Return the vectors of texts: float32 (n, dim) on the device."""
        rows = [
            self._part(f"{name}-{start}", texts[start : start + _TEXTS_A_FILE], kind)
            for start in range(0, len(texts), _TEXTS_A_FILE)
        ]
        return torch.cat(rows).to(self.device)

    def _part(self, name: str, texts: Sequence[str], kind: str) -> Tensor:
        path = self.kept / f"{name}.safetensors"
        if not path.is_file():
            print(f"the full reader reads {len(texts)} texts ({name})", flush=True)
            self.loaded = self.loaded or self.load()
            base, reader = self.loaded
            with torch.no_grad():
                vectors = read(
                    reader.to(self.device), base.tokenise(texts, kind), bfloat16=self.bfloat16
                )
            path.parent.mkdir(parents=True, exist_ok=True)
            aside = path.with_suffix(".new")
            save_file({"vectors": vectors.cpu().contiguous()}, aside)
            aside.replace(path)
        return load_file(path)["vectors"]
