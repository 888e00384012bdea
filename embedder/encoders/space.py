"""Encode with our space: each text by the reader that reads it best, all into the same numbers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from embedder.encoders.encoder import DEFAULT_OPTIONS, EncodeOptions, Encoder
from embedder.encoders.precision import fingerprint_at
from embedder.encoders.readers import (
    DIM,
    READERS,
    ReaderName,
    recorded_name,
    space_fingerprint,
)
from embedder.errors import EncoderError
from embedder.records import Passage, Precision
from embedder.text.languages import ENGLISH, language_of
from embedder.vectors import Float32Array, PassageVectors

LoadReader = Callable[[ReaderName, Precision | None], Encoder]

log = logging.getLogger("fingerpost")


class SpaceEncoder:
    """The readers of one library; see `encoder.Encoder`.

    The reader of questions is loaded at once, the others when they are first needed. Its own
    methods read as the reader of documents does, but texts in other languages by theirs.
    """

    dim = DIM

    def __init__(
        self,
        name: str,
        documents: ReaderName,
        queries: ReaderName,
        load: LoadReader,
        precision: Precision | None = None,
    ) -> None:
        """Load the reader of queries; `documents` names that of documents."""
        self.name = name
        self._load = load
        # One a reader: who asks in English does not wait for another language's reader to load.
        self._locks = {reader: threading.RLock() for reader in READERS}
        self._loaded: dict[ReaderName, Encoder | None] = {}
        self._documents, self._queries = documents, queries
        if precision is None:
            first = load(documents, None)
            self._loaded[documents] = first
            precision = first.precision
        self.precision: Precision = precision
        self.fingerprint = fingerprint_at(space_fingerprint(documents), precision)
        self.backend = self._reader(queries).backend

    @property
    def max_tokens(self) -> int:
        """How many tokens of a document are read."""
        return self._reader(self._documents).max_tokens

    @property
    def prompts(self) -> Mapping[str, str]:
        """The prompts of the reader of documents."""
        return self._reader(self._documents).prompts

    def for_queries(self, language: str) -> Encoder:
        """Return the reader of queries in a language; see `encoder.Encoder`."""
        return self._for(language, self._queries)

    def for_documents(self, language: str) -> Encoder:
        """Return the reader of documents in a language; see `encoder.Encoder`."""
        return self._for(language, self._documents)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return each text's number of tokens for the reader of documents."""
        return self._reader(self._documents).count_tokens(texts)

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of token ids of the reader of documents."""
        return self._reader(self._documents).decode(ids)

    def encode_queries(self, texts: Sequence[str], *, reproducible: bool = False) -> Float32Array:
        """Encode queries, each by the reader of its language; see `encoder.Encoder`."""
        return self._by_language(
            texts,
            self.for_queries,
            lambda reader, own: reader.encode_queries(own, reproducible=reproducible),
        )

    def encode_documents(
        self, texts: Sequence[str], options: EncodeOptions = DEFAULT_OPTIONS
    ) -> Float32Array:
        """Encode documents, each by the reader of its language; see `encoder.Encoder`."""
        return self._by_language(
            texts, self.for_documents, lambda reader, own: reader.encode_documents(own, options)
        )

    def encode_passages(self, passages: Sequence[Passage]) -> list[PassageVectors]:
        """Encode passages, each by the reader that it names; see `encoder.Encoder`."""
        found: dict[int, PassageVectors] = {}
        for name in dict.fromkeys(passage.reader for passage in passages):
            own = [index for index, each in enumerate(passages) if each.reader == name]
            reader = self._reader(_reader_name(name) if name else self._documents)
            found.update(zip(own, reader.encode_passages([passages[i] for i in own]), strict=True))
        return [found[index] for index in range(len(passages))]

    def _for(self, language: str, english: ReaderName) -> Encoder:
        if language == ENGLISH:
            return self._reader(english)
        with self._locks["languages"]:
            if "languages" not in self._loaded:
                try:
                    self._loaded["languages"] = self._load("languages", self.precision)
                except EncoderError as error:
                    self._loaded["languages"] = None
                    log.warning(
                        "Texts in other languages than English are read by the %s reader, which "
                        "understands them much less: %s",
                        english,
                        error.message,
                    )
            return self._loaded["languages"] or self._reader(english)

    def _reader(self, name: ReaderName) -> Encoder:
        with self._locks[name]:
            reader = self._loaded.get(name)
            if reader is None:
                reader = self._loaded[name] = self._load(name, self.precision)
            return reader

    def _by_language(
        self,
        texts: Sequence[str],
        reader_for: Callable[[str], Encoder],
        encode: Callable[[Encoder, list[str]], Float32Array],
    ) -> Float32Array:
        """Encode texts in groups of one language: float32 (n, dim), in the order of the texts."""
        languages = [language_of(text) for text in texts]
        rows = np.empty((len(texts), self.dim), dtype=np.float32)
        for language in dict.fromkeys(languages):
            own = [index for index, each in enumerate(languages) if each == language]
            rows[own] = encode(reader_for(language), [texts[index] for index in own])
        return rows


def _reader_name(name: str) -> ReaderName:
    """Return the reader that a passage names, as `locate_reader` names them."""
    for reader in READERS:
        if name == recorded_name(reader):
            return reader
    raise EncoderError(f"no reader is called {name!r}; there are {', '.join(READERS)}")
