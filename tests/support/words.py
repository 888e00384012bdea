"""A stand-in for a model, where none is needed: a text's vector is the sum of its words'."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from embedder.build.pipeline import index
from embedder.encoders.encoder import DEFAULT_OPTIONS, EncodeOptions, Encoder, ReadsAllLanguages
from embedder.encoders.loading import LoadEncoder
from embedder.encoders.readers import ReaderName
from embedder.errors import EncoderError
from embedder.library import Library
from embedder.progress import NoProgress
from embedder.records import Document, Passage, Precision, Report
from embedder.vectors import Float32Array, PassageVectors, normalise


@cache
def number_word(word: str) -> Float32Array:
    """Sixteen numbers for a word, always the same."""
    digest = hashlib.sha256(word.encode()).digest() + hashlib.sha512(word.encode()).digest()
    return np.asarray(np.frombuffer(digest[:32], dtype="<i2") / 32768, dtype=np.float32)


class WordEncoder(ReadsAllLanguages):
    """The stand-in; see `Encoder`. The class itself is what loads it."""

    dim = 16
    max_tokens = 40
    backend = "words"
    prompts: Mapping[str, str] = {}
    precision: Precision = "f32"

    def __init__(
        self,
        name: str = "words",
        /,
        *,
        precision: Precision | None = None,
        reader: ReaderName | None = None,
    ) -> None:
        del precision, reader
        self.name = name
        self.fingerprint = hashlib.sha256(name.encode()).hexdigest()
        self.encoded = 0

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def decode(self, ids: Sequence[int]) -> str:
        raise EncoderError(f"the stand-in has no tokens such as {list(ids)}")

    def encode_queries(self, texts: Sequence[str], *, reproducible: bool = False) -> Float32Array:
        del reproducible
        return self.encode_documents(texts)

    def encode_documents(
        self,
        texts: Sequence[str],
        options: EncodeOptions = DEFAULT_OPTIONS,  # noqa: ARG002
    ) -> Float32Array:
        rows = np.zeros((len(texts), self.dim), dtype=np.float32)
        for index_of_row, text in enumerate(texts):
            for word in (self.name, *text.lower().split()):
                rows[index_of_row] += number_word(word)
        return normalise(rows)

    def encode_passages(self, passages: Sequence[Passage]) -> list[PassageVectors]:
        self.encoded += len(passages)
        return [
            PassageVectors(
                self.encode_documents([each.text])[0],
                self.encode_documents([each.text[start:end] for start, end in each.offsets]),
            )
            for each in passages
        ]


def returns(encoder: Encoder) -> LoadEncoder:
    """What loads this very encoder, whatever it is asked for."""

    def load(
        _: str, /, *, precision: Precision | None = None, reader: ReaderName | None = None
    ) -> Encoder:
        del precision, reader
        return encoder

    return load


class Remembering:
    """Loads one encoder, and remembers the names that it was asked for."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self.asked: list[str] = []

    def __call__(
        self, name: str, /, *, precision: Precision | None = None, reader: ReaderName | None = None
    ) -> Encoder:
        del precision, reader
        self.asked.append(name)
        return self.encoder


def load_nothing(
    name: str, /, *, precision: Precision | None = None, reader: ReaderName | None = None
) -> Encoder:
    """Fail: no model is to be loaded."""
    raise AssertionError(name, precision, reader)


def load_words(
    _: str, /, *, precision: Precision | None = None, reader: ReaderName | None = None
) -> Encoder:
    """Load the stand-in, whatever model is named."""
    return WordEncoder(precision=precision, reader=reader)


def build_words(folder: Path, *sources: Path | Document, replace: bool = False) -> Report:
    """Build with the stand-in."""
    return index(folder, list(sources), NoProgress(), replace=replace, load=load_words)


def read_words(folder: Path) -> Library:
    """Open what the stand-in built."""
    return Library(folder, load=load_words)


def a_document(key: str, **more: Any) -> dict[str, Any]:
    return {"id": key, "title": f"Title {key}", "abstract": f"Abstract of {key}. More.", **more}
