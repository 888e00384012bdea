"""Encodes with a converted model: the fast way on a CPU, without torch; see `converted.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TypeVar

import numpy as np
from tokenizers import Encoding, Tokenizer

from embedder.encoders.batching import by_tokens, filled
from embedder.encoders.encoder import DEFAULT_OPTIONS, EncodeOptions
from embedder.encoders.openvino_package import TOKENIZER, check_files, read_config
from embedder.encoders.openvino_runtime import Network, precision_for
from embedder.encoders.pooling import check_lengths, each_alone, pool
from embedder.encoders.precision import Precision, fingerprint_at
from embedder.encoders.tokens import count_tokens, decode, prompts_of
from embedder.records import Passage
from embedder.runtime import CORES
from embedder.vectors import Float32Array, PassageVectors, normalise

# Tokens of a block, and of a padded batch.
_BLOCK_TOKENS = 128
_BATCH_TOKENS = 2048
_FEW = 8
_Made = TypeVar("_Made")


class OpenVinoEncoder:
    """A converted model on the CPU; see `encoder.Encoder`."""

    def __init__(
        self, name: str, folder: Path, model_sha256: str, precision: Precision | None = None
    ) -> None:
        """Load the converted model in `folder`.

        `model_sha256` is the fingerprint of the files that it was converted from. Without a
        `precision`, it is the one that `precision.choose_precision` names.

        Raises EncoderError if it is damaged or this processor cannot run it.
        """
        self.name = name
        self._config = read_config(folder)
        check_files(folder, self._config, (TOKENIZER,))
        self.dim, self.max_tokens = self._config.dim, self._config.max_tokens
        self.prompts: Mapping[str, str] = prompts_of(
            self._config.query_prompt, self._config.document_prompt
        )
        # Tokenizers keep how they cut, so the one that counts is another than the one that reads.
        self._counter = _tokenizer(folder)
        self._tokenizer = _tokenizer(folder)
        self._tokenizer.enable_truncation(self._config.reads)
        self._folder = folder
        self.precision: Precision = precision or precision_for(self._config)
        self.fingerprint = fingerprint_at(model_sha256, self.precision)
        self._network = Network(folder, self._config, self.precision)
        self._pool = ThreadPoolExecutor(CORES, "encoder")
        self.backend = f"openvino, {self.precision}"

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count each text's tokens; see `encoder.Encoder`."""
        return count_tokens(self._counter, texts)

    def decode(self, ids: Sequence[int]) -> str:
        """Give tokens' text; see `encoder.Encoder`."""
        return decode(self._counter, ids)

    def encode_queries(self, texts: Sequence[str]) -> Float32Array:
        """Encode questions; see `encoder.Encoder`."""
        return self._rows(self._network, [self._config.query_prompt + text for text in texts])

    def encode_documents(
        self, texts: Sequence[str], options: EncodeOptions = DEFAULT_OPTIONS
    ) -> Float32Array:
        """Encode documents; see `encoder.Encoder`.

        These vectors leave the house, so they are read at full precision: programs compare them
        with those of other servers.
        """
        prompt = self._config.document_prompt if options.prompt is None else options.prompt
        return self._rows(self._exact, [prompt + text for text in texts], options)

    def encode_passages(self, passages: Sequence[Passage]) -> list[PassageVectors]:
        """Encode passages and their sentences; see `encoder.Encoder`.

        A model that averages its tokens gives a sentence's vector by `pooling`; others read
        each sentence again, alone.
        """
        # Each text once: where it stands in a row may change its vector's last digits, and equal
        # texts must have equal vectors.
        different = {(each.text, each.offsets): each for each in passages}
        found = self._encode_different(list(different.values()))
        made = dict(zip(different, found, strict=True))
        return [made[each.text, each.offsets] for each in passages]

    def _encode_different(self, passages: Sequence[Passage]) -> list[PassageVectors]:
        counts = self.count_tokens([each.text for each in passages])
        check_lengths(passages, counts, self.max_tokens, self.name)
        if self._config.averages:
            return self._late(passages)
        return each_alone(
            passages,
            lambda texts: self._rows(
                self._network, [self._config.document_prompt + each for each in texts]
            ),
        )

    @cached_property
    def _exact(self) -> Network:
        """The model at full precision, for programs that want vectors; loaded when one does."""
        return Network(self._folder, self._config, "f32")

    @cached_property
    def _from_end(self) -> Tokenizer:
        """The tokenizer that keeps the last tokens of a text; loaded when a program wants them."""
        tokenizer = _tokenizer(self._folder)
        tokenizer.enable_truncation(self._config.reads, direction="left")
        return tokenizer

    def _rows(
        self, network: Network, texts: Sequence[str], options: EncodeOptions = DEFAULT_OPTIONS
    ) -> Float32Array:
        if not texts:
            return np.empty((0, self.dim), dtype=np.float32)
        tokenizer = self._from_end if options.truncate_left else self._tokenizer
        # sentence-transformers strips texts before it reads them.
        encoded = self._cut([text.strip() for text in texts], tokenizer)
        # A padded network may normalise itself, so its texts' vectors are no sums of tokens.
        pooled = self._config.averages and not options.unit

        def vector(_at: int, tokens: Float32Array, text: Float32Array) -> Float32Array:
            return tokens.mean(axis=0) if pooled else text

        rows = np.stack(self._read(network, encoded, vector))
        return normalise(rows) if options.unit else rows

    def _late(self, passages: Sequence[Passage]) -> list[PassageVectors]:
        prompt = self._config.document_prompt
        encoded = self._cut([prompt + each.text for each in passages], self._tokenizer)

        def vectors(at: int, tokens: Float32Array, text: Float32Array) -> PassageVectors:
            places = np.asarray(passages[at].offsets) + len(prompt)
            whole = normalise(text)
            return PassageVectors(
                whole, pool(tokens, np.asarray(encoded[at].offsets), places, whole)
            )

        return self._read(self._network, encoded, vectors)

    @staticmethod
    def _cut(texts: Sequence[str], tokenizer: Tokenizer) -> list[Encoding]:
        """Cut texts into tokens; few of them without the cost of starting threads."""
        if len(texts) <= _FEW:
            return [tokenizer.encode(text) for text in texts]
        return tokenizer.encode_batch(list(texts))

    def _read(
        self,
        network: Network,
        encoded: Sequence[Encoding],
        make: Callable[[int, Float32Array, Float32Array], _Made],
    ) -> list[_Made]:
        """Read texts, and give what is made of each one's number, tokens (t, dim) and (dim,)."""
        lengths = [len(each.ids) for each in encoded]
        if self._config.packed:
            batches = list(filled(lengths, _BLOCK_TOKENS))
        else:
            batches = list(by_tokens(lengths, _BATCH_TOKENS))

        def work(batch: list[int]) -> list[tuple[int, _Made]]:
            read = network.read([encoded[at] for at in batch])  # with others' that wait
            return [(at, make(at, *each)) for at, each in zip(batch, read, strict=True)]

        # A single batch needs no other thread than the caller's.
        done = map(work, batches) if len(batches) < 2 else self._pool.map(work, batches)
        found = dict(chain.from_iterable(done))
        return [found[at] for at in range(len(encoded))]


def _tokenizer(folder: Path) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer
