"""The steps from base models and material to packed weights and their figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from embedder.encoders.packed_weights import unpack
from embedder.encoders.readers import READERS, ReaderName
from embedder.files import file_sha256
from embedder.vectors import Float32Array
from training.devices import has_bfloat16
from training.full import train_full
from training.general import General
from training.heads import Run
from training.languages import train_languages
from training.loop import Plan
from training.material import Material, Part
from training.measure import (
    Collection,
    Reading,
    Score,
    in_english,
    measure,
    of_entries,
    of_libraries,
)
from training.networks import Base, Reader, load_base, read, set_weights
from training.pack import pack_checked
from training.quick import train_quick
from training.space import Space, make_space, tuned_reader

# The weights that come with the program.
SHIPPED = READERS["full"].weights.parent

# What each reader is trained with, unless options say otherwise.
PLANS: dict[ReaderName, Plan] = {
    "full": Plan(steps=300, batch=64, rate=5e-4, every=5),
    "quick": Plan(steps=1500, batch=80, rate=3e-4),
    "languages": Plan(steps=1500, batch=64, rate=4e-4),
}


@dataclass(frozen=True, slots=True)
class Options:
    """What a step works with.

    `bases` are folders of base models by reader. `plan` changes fields of a reader's plan.
    `teacher` and `begin` are files of weights, packed or not: the full reader that teaches the
    others, and weights to go on from. `weights` is where packed weights are put and measured.
    """

    work: Path
    bases: Mapping[ReaderName, Path]
    weights: Path
    plan: Mapping[str, Any]
    device: torch.device
    teacher: Path | None = None
    begin: Path | None = None
    seeds: int = 1
    precision: str = "auto"
    dropout: float | None = None


def step_train(name: ReaderName, material: Material, options: Options) -> None:
    """Train a reader, pack its weights and print what packing changes."""
    run = Run(
        plan=replace(PLANS[name], **options.plan),
        work=options.work,
        device=options.device,
        precision=options.precision,
        seeds=options.seeds,
        begin={} if options.begin is None else _tensors(options.begin),
        dropout=options.dropout,
    )
    folder = options.bases[name]
    if name == "full":
        path = train_full(folder, material, _space(material, options, None, General()), run)
    else:
        space = _space(material, options, find_teacher(options), material.general)
        train = train_quick if name == "quick" else train_languages
        path = train(folder, material, space, run)
    step_pack(name, path, material, options)


def _tensors(path: Path) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(array) for name, array in unpack(path).items()}


def find_teacher(options: Options) -> dict[str, Float32Array]:
    """Return the adapter of the full reader that teaches the others.

    It is `options.teacher`, else the one trained in the same folder, else the one that comes with
    the program; which one is printed.
    """
    places = [options.weights / "full.safetensors", SHIPPED / "full.safetensors"]
    path = options.teacher or next((place for place in places if place.is_file()), places[-1])
    print(f"the space is that of {path}", flush=True)
    return unpack(path)


def _space(
    material: Material,
    options: Options,
    adapter: Mapping[str, Float32Array] | None,
    general: General,
) -> Space:
    return make_space(
        options.bases["full"],
        adapter,
        material.entries,
        options.work,
        options.device,
        bfloat16=options.precision != "float32" and has_bfloat16(options.device),
        general=general,
    )


def load_reader(
    name: ReaderName, folder: Path, weights: Mapping[str, Float32Array]
) -> tuple[Base, Reader]:
    """Load a base model with the weights of our reader `name`, ready to read."""
    if name == "full":
        return tuned_reader(folder, weights)
    base = load_base(folder, name)
    reader = Reader(base.net, base.pad, weights["head.bias"].shape[0])
    set_weights(reader, weights)
    return base, reader.eval()


def read_as(name: str, base: Base, reader: Reader, kind: str, texts: Sequence[str]) -> Float32Array:
    """Read texts of a kind, `query` or `document`: float32 (n, dim) unit rows."""
    print(f"{name} reads {len(texts)} texts", flush=True)
    with torch.no_grad():
        vectors = read(reader, base.tokenise(texts, kind))
    return np.asarray(vectors.cpu().numpy(), dtype=np.float32)


def step_pack(name: ReaderName, path: Path, material: Material, options: Options) -> None:
    """Pack a file of weights as int8 if that changes no vector of a development question.

    Prints the size, the SHA-256 that the program checks, and the cosines to the vectors of the
    weights as they were trained.
    """
    asked = [
        query.text
        for query in of_entries(material.entries, material.of(Part.DEVELOPMENT), "").queries
        if name == "languages" or in_english(query)
    ]

    def vectors(weights: Mapping[str, Float32Array]) -> Float32Array:
        base, reader = load_reader(name, options.bases[name], weights)
        return read_as(name, base, reader.to(options.device), "query", asked)

    target = options.weights / f"{name}.safetensors"
    packed = pack_checked(path, target, vectors)
    print(f"{name}: {packed}\nSHA-256 of {target}: {file_sha256(target).hex()}", flush=True)


def step_measure(material: Material, options: Options) -> list[Score]:
    """Measure the packed readers of `options.weights` whose base models are given.

    The full reader is always needed, as the reader of documents.
    """
    collections = [
        of_entries(material.entries, material.of(part), f"{part} entries")
        for part in (Part.DEVELOPMENT, Part.TEST)
    ]
    collections += of_libraries()
    adapter = unpack(options.weights / "full.safetensors")
    documents = _Kept(*tuned_reader(options.bases["full"], adapter), "full", options.device)
    scores: list[Score] = []
    for name in READERS:
        path = options.weights / f"{name}.safetensors"
        if name in options.bases and path.is_file():
            reader = documents
            if name != "full":
                loaded = load_reader(name, options.bases[name], unpack(path))
                reader = _Kept(*loaded, name, options.device)
            for collection in collections:
                scores += _measure_one(collection, reader, documents)
    return scores


class _Kept:
    """A reader that reads the same texts once."""

    def __init__(self, base: Base, reader: Reader, name: str, device: torch.device) -> None:
        self.base, self.reader, self.name = base, reader.to(device), name
        self.known: dict[tuple[str, tuple[str, ...]], Float32Array] = {}

    def queries(self, texts: Sequence[str]) -> Float32Array:
        return self._read("query", texts)

    def documents(self, texts: Sequence[str]) -> Float32Array:
        return self._read("document", texts)

    def _read(self, kind: str, texts: Sequence[str]) -> Float32Array:
        key = (kind, tuple(texts))
        if key not in self.known:
            self.known[key] = read_as(self.name, self.base, self.reader, kind, texts)
        return self.known[key]


def _measure_one(collection: Collection, reader: _Kept, documents: _Kept) -> list[Score]:
    """Measure a reader of questions with documents of the full reader, and with its own."""
    asks = None if reader.name == "languages" else in_english
    scores: list[Score] = []
    for by in dict.fromkeys((documents, reader)):
        reading = Reading(reader.name, by.name, reader.queries, by.documents)
        scores += measure(collection, reading, asks or (lambda _: True))
    return scores
