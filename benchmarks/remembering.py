"""An encoder that reads each question once, however often it is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from embedder.encoders.encoder import DEFAULT_OPTIONS, EncodeOptions, Encoder
from embedder.encoders.loading import LoadEncoder
from embedder.encoders.readers import ReaderName
from embedder.records import Passage, Precision
from embedder.vectors import Float32Array, PassageVectors


class RememberingEncoder:
    """An encoder that keeps the vectors of queries: every setting asks the same ones.

    What a build stores is encoded anew: the library keeps that itself.
    """

    def __init__(self, encoder: Encoder) -> None:
        """Take in the encoder; see `Encoder` for what is said about it."""
        self._encoder = encoder
        self._vectors: dict[str, Float32Array] = {}
        self._others: dict[int, RememberingEncoder] = {}
        self.name: str = encoder.name
        self.backend: str = encoder.backend
        self.precision: Precision = encoder.precision
        self.fingerprint: str = encoder.fingerprint
        self.dim: int = encoder.dim
        self.max_tokens: int = encoder.max_tokens
        self.prompts: Mapping[str, str] = encoder.prompts

    def for_queries(self, language: str) -> Encoder:
        """Return the model's encoder for queries in a language, remembering too."""
        return self._remembering(self._encoder.for_queries(language))

    def for_documents(self, language: str) -> Encoder:
        """Return the model's encoder for documents in a language, remembering too."""
        return self._remembering(self._encoder.for_documents(language))

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of texts; see `Encoder`."""
        return self._encoder.count_tokens(texts)

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of token ids; see `Encoder`."""
        return self._encoder.decode(ids)

    def encode_queries(self, texts: Sequence[str], *, reproducible: bool = False) -> Float32Array:
        """Encode the queries that were not encoded before: float32 (n, dim), unit rows."""
        if reproducible or not texts:
            return self._encoder.encode_queries(texts, reproducible=reproducible)
        missing = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if missing:
            vectors = self._encoder.encode_queries(missing)
            self._vectors.update(zip(missing, vectors, strict=True))
        return np.stack([self._vectors[text] for text in texts])

    def encode_documents(
        self, texts: Sequence[str], options: EncodeOptions = DEFAULT_OPTIONS
    ) -> Float32Array:
        """Encode documents; see `Encoder`."""
        return self._encoder.encode_documents(texts, options)

    def encode_passages(self, passages: Sequence[Passage]) -> list[PassageVectors]:
        """Encode passages and their sentences; see `Encoder`."""
        return self._encoder.encode_passages(passages)

    def _remembering(self, encoder: Encoder) -> Encoder:
        if encoder is self._encoder:
            return self
        # An encoder that is kept here keeps its identity, so no other takes its place.
        if id(encoder) not in self._others:
            self._others[id(encoder)] = RememberingEncoder(encoder)
        return self._others[id(encoder)]


def loading(encoder: Encoder) -> LoadEncoder:
    """Return what loads this very encoder, whatever it is asked for."""

    def load(
        _: str, /, *, precision: Precision | None = None, reader: ReaderName | None = None
    ) -> Encoder:
        del precision, reader
        return encoder

    return load
