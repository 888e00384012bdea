"""Stand-ins for the readers of our space: their vectors agree, and they know what they read."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence

import numpy as np

from embedder.encoders.encoder import DEFAULT_OPTIONS, EncodeOptions, Encoder
from embedder.encoders.loading import DEFAULT_MODEL, SPACE_MODELS
from embedder.encoders.readers import DIM, ReaderName, recorded_name
from embedder.encoders.space import SpaceEncoder
from embedder.errors import ModelNotFound
from embedder.records import Passage, Precision
from embedder.vectors import Float32Array, PassageVectors, normalise
from tests.support.words import WordEncoder, number_word

# How many tokens each reads; of the stand-ins, words.
ROOM: dict[ReaderName, int] = {"full": 40, "quick": 30, "languages": 20}


class StandInReader(WordEncoder):
    """A reader: a text's vector is the sum of its words', whichever reader reads it."""

    dim = DIM

    def __init__(self, name: ReaderName, precision: Precision) -> None:
        super().__init__(recorded_name(name))
        self.precision = precision
        self.max_tokens = ROOM[name]
        self.prompts = {"document": f"{name}: "}
        self.backend = f"stand-in for {name}"
        self.queries: list[str] = []
        self.documents: list[str] = []
        self.passages: list[str] = []
        self.reproducible: list[bool] = []
        self.options: list[EncodeOptions] = []

    def encode_queries(self, texts: Sequence[str], *, reproducible: bool = False) -> Float32Array:
        self.queries += texts
        self.reproducible.append(reproducible)
        return _rows(texts)

    def encode_documents(
        self, texts: Sequence[str], options: EncodeOptions = DEFAULT_OPTIONS
    ) -> Float32Array:
        self.documents += texts
        self.options.append(options)
        return _rows(texts)

    def encode_passages(self, passages: Sequence[Passage]) -> list[PassageVectors]:
        self.passages += [each.text for each in passages]
        return [
            PassageVectors(
                _rows([each.text])[0],
                _rows([each.text[start:end] for start, end in each.offsets]),
            )
            for each in passages
        ]


def _rows(texts: Sequence[str]) -> Float32Array:
    rows = [sum(map(number_word, text.lower().split()), number_word("")) for text in texts]
    return normalise(np.tile(np.asarray(rows, np.float32).reshape(-1, 16), DIM // 16))


class Readers:
    """Loads stand-ins, as `loading.load_reader` loads readers, and knows which.

    Those of `missing` cannot be had; `seconds` is what loading takes, `precision` what a reader
    chooses itself.
    """

    def __init__(
        self,
        missing: Collection[ReaderName] = (),
        seconds: float = 0.0,
        precision: Precision = "f32",
    ) -> None:
        self.loaded: list[tuple[ReaderName, Precision | None]] = []
        self._readers: dict[ReaderName, StandInReader] = {}
        self._missing, self._seconds, self._precision = missing, seconds, precision

    @property
    def names(self) -> list[ReaderName]:
        """The readers that were loaded, in their order."""
        return [name for name, _ in self.loaded]

    def __call__(self, name: ReaderName, precision: Precision | None) -> Encoder:
        self.loaded.append((name, precision))
        time.sleep(self._seconds)
        if name in self._missing:
            raise ModelNotFound(f"the reader {name} is not here. Get it.")
        reader = self._readers[name] = StandInReader(name, precision or self._precision)
        return reader

    def __getitem__(self, name: ReaderName) -> StandInReader:
        """Return a reader that was loaded."""
        return self._readers[name]

    def load(
        self,
        model: str = DEFAULT_MODEL,
        /,
        *,
        precision: Precision | None = None,
        reader: ReaderName | None = None,
    ) -> Encoder:
        """Load one of our models, as `loading.load_encoder` does."""
        documents = SPACE_MODELS[model]
        return SpaceEncoder(model, documents, reader or documents, self, precision)
