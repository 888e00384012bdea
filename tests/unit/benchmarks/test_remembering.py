"""Each question is read once; what a build stores is always read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.remembering import RememberingEncoder, loading
from embedder.encoders.encoder import Encoder
from embedder.records import Passage, Span
from embedder.vectors import Float32Array
from tests.support.words import WordEncoder


class Counting(WordEncoder):
    """Remembers which queries it encoded, call by call; another encoder reads French."""

    def __init__(self, name: str = "words", french: Encoder | None = None) -> None:
        super().__init__(name)
        self.calls: list[list[str]] = []
        self._french = french

    def for_queries(self, language: str) -> Encoder:
        return self._french if self._french and language == "fr" else self

    def encode_queries(self, texts: Sequence[str], *, reproducible: bool = False) -> Float32Array:
        self.calls.append(list(texts))
        return super().encode_queries(texts, reproducible=reproducible)


def test_a_question_is_encoded_once() -> None:
    inner = Counting()
    encoder = RememberingEncoder(inner)
    first = encoder.encode_queries(["fish", "cats", "fish"])
    second = encoder.encode_queries(["dogs", "cats"])
    assert inner.calls == [["fish", "cats"], ["dogs"]]
    wanted = WordEncoder().encode_queries(["fish", "cats", "fish", "dogs"])
    assert first.tolist() == wanted[:3].tolist()
    assert second.tolist() == wanted[[3, 1]].tolist()
    assert first.dtype == np.float32
    assert first.shape == (3, 16)


def test_no_question_has_no_vectors() -> None:
    assert RememberingEncoder(Counting()).encode_queries([]).shape == (0, 16)


def test_what_is_stored_is_encoded_each_time() -> None:
    inner = Counting()
    encoder = RememberingEncoder(inner)
    for _ in range(2):
        encoder.encode_queries(["fish"], reproducible=True)
    assert inner.calls == [["fish"], ["fish"]]


def test_the_encoder_of_a_language_remembers_too() -> None:
    french = Counting("mots")
    inner = Counting(french=french)
    encoder = RememberingEncoder(inner)
    assert encoder.for_queries("en") is encoder
    reader = encoder.for_queries("fr")
    assert encoder.for_queries("fr") is reader
    for _ in range(2):
        vectors = reader.encode_queries(["poisson"])
    assert (inner.calls, french.calls) == ([], [["poisson"]])
    assert vectors.tolist() == WordEncoder("mots").encode_queries(["poisson"]).tolist()
    # A word of both languages is another vector in each.
    assert encoder.encode_queries(["poisson"]).tolist() != vectors.tolist()
    assert encoder.for_documents("fr") is encoder


def test_all_else_is_the_encoders() -> None:
    inner = WordEncoder("inner")
    encoder: Encoder = RememberingEncoder(inner)
    assert (encoder.name, encoder.fingerprint, encoder.dim) == ("inner", inner.fingerprint, 16)
    assert (encoder.max_tokens, encoder.backend, encoder.precision) == (40, "words", "f32")
    assert encoder.prompts == {}
    assert encoder.count_tokens(["two words"]) == [2]
    texts = ["A text."]
    assert encoder.encode_documents(texts).tolist() == inner.encode_documents(texts).tolist()
    passage = Passage("A text.", (Span("abstract", 0, 7),), ((0, 7),))
    (vectors,) = encoder.encode_passages([passage])
    assert vectors.passage.tolist() == inner.encode_documents(texts)[0].tolist()


def test_loading_gives_the_encoder_whatever_is_asked_for() -> None:
    encoder = WordEncoder()
    assert loading(encoder)("another", precision="int8") is encoder
