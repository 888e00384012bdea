"""The interface of every encoder: texts to vectors.

Each backend (`torch_encoder`, `openvino_encoder`) loads a model. Vectors are normalised here and
nowhere else: every row has length 1, so an inner product is a cosine, unless a program asks for
rows that are not normalised (`EncodeOptions.normalise`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from embedder.records import Passage, Precision
from embedder.vectors import Float32Array, PassageVectors


@dataclass(frozen=True, slots=True)
class EncodeOptions:
    """How texts are encoded.

    `prompt` is put before each text; None means the model's prompt for documents. A text that is
    too long for the model is cut at its end, with `truncate_left` at its beginning, prompt
    included. Without `normalise`, rows keep their length before normalisation: of a model that
    only pools its tokens the pooled vector, of any other the model's own output.
    """

    prompt: str | None = None
    truncate_left: bool = False
    normalise: bool = True


DEFAULT_OPTIONS = EncodeOptions()


class Encoder(Protocol):
    """A loaded model.

    `fingerprint` is a SHA-256 (hex) over the model's files and `precision`, which is what a
    library records: only vectors of one fingerprint are compared. `backend` says what runs the
    model. `prompts` are those that the model has for a `query` and for a `document`, if any.
    """

    name: str
    backend: str
    precision: Precision
    fingerprint: str
    dim: int

    @property
    def max_tokens(self) -> int:
        """How many tokens of a text are read, without special tokens and prompts."""
        ...

    @property
    def prompts(self) -> Mapping[str, str]:
        """The prompts of the model, by their use."""
        ...

    def for_queries(self, language: str) -> Encoder:
        """Return what encodes queries in a language, an ISO 639 code; most models: themselves.

        Its vectors can be compared with those of all encoders that one model returns. Loading it
        may take seconds, the first time.
        """
        ...

    def for_documents(self, language: str) -> Encoder:
        """Return what encodes documents in a language; see `for_queries`."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return each text's number of tokens, without special tokens; may exceed `max_tokens`."""
        ...

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of token ids, without special tokens.

        Raises EncoderError if one is not in the vocabulary.
        """
        ...

    def encode_queries(self, texts: Sequence[str], *, reproducible: bool = False) -> Float32Array:
        """Encode queries: float32 (n, dim), unit rows; text past `max_tokens` is not read.

        In one call, a text's last digits may depend on its neighbours: a question is read with its
        parts and words in the least time. With `reproducible` they do not, which takes longer.
        """
        ...

    def encode_documents(
        self, texts: Sequence[str], options: EncodeOptions = DEFAULT_OPTIONS
    ) -> Float32Array:
        """Encode documents at f32: float32 (n, dim), unit rows; text past `max_tokens` is not read.

        A text's vector is the same bit for bit whatever else is in the call. Programs may ask for
        other `options`.
        """
        ...

    def encode_passages(self, passages: Sequence[Passage]) -> list[PassageVectors]:
        """Encode passages and their sentences, in order.

        Their vectors are the same bit for bit whatever else is in the call. A model that averages
        its tokens gives a sentence's vector from its passage's tokens, see `pooling`; others read
        each sentence again, alone.

        Raises EncoderError for a passage of more than `max_tokens`: nothing is cut in silence.
        """
        ...


class ReadsAllLanguages:
    """For an encoder that reads all languages itself, well or badly."""

    def for_queries(self: Encoder, language: str) -> Encoder:
        """Return the encoder itself."""
        del language
        return self

    def for_documents(self: Encoder, language: str) -> Encoder:
        """Return the encoder itself."""
        del language
        return self
