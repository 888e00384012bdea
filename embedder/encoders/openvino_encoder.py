"""Encode with a converted model: the fast way on a CPU, without torch; see `openvino_package`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TypeVar

import numpy as np
from tokenizers import Encoding, Tokenizer

from embedder.encoders.batching import batch_by_length, pack_rows
from embedder.encoders.encoder import DEFAULT_OPTIONS, EncodeOptions, ReadsAllLanguages
from embedder.encoders.openvino_package import TOKENIZER, check_files, read_config
from embedder.encoders.openvino_runtime import ROW_TOKENS, Network, aligned_width, precision_for
from embedder.encoders.pooling import check_lengths, each_alone, pool
from embedder.encoders.precision import fingerprint_at
from embedder.encoders.tokens import count_tokens, decode, prompts_of
from embedder.records import Passage, Precision
from embedder.runtime import CORES
from embedder.vectors import Float32Array, PassageVectors, normalise

_BATCH_TOKENS = 2048  # of a padded batch
_FEW_TEXTS = 8
_Made = TypeVar("_Made")


class OpenVinoEncoder(ReadsAllLanguages):
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
        # One, which never truncates: that of a multilingual model takes 280 MB.
        self._tokenizer = _tokenizer(folder)
        self._folder = folder
        self.precision: Precision = precision or precision_for(self._config)
        self.fingerprint = fingerprint_at(model_sha256, self.precision)
        self._network = Network(folder, self._config, self.precision)
        self._pool = ThreadPoolExecutor(CORES, "encoder")
        self.backend = f"openvino, {self.precision}"

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return each text's number of tokens; see `encoder.Encoder`."""
        return count_tokens(self._tokenizer, texts)

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of token ids; see `encoder.Encoder`."""
        return decode(self._tokenizer, ids)

    def encode_queries(self, texts: Sequence[str], *, reproducible: bool = False) -> Float32Array:
        """Encode queries; see `encoder.Encoder`."""
        prompted = [self._config.query_prompt + text for text in texts]
        return self._rows(self._network, prompted, aligned=reproducible)

    def encode_documents(
        self, texts: Sequence[str], options: EncodeOptions = DEFAULT_OPTIONS
    ) -> Float32Array:
        """Encode documents; see `encoder.Encoder`.

        Programs compare these vectors with those of other servers, so they are computed at f32.
        """
        prompt = self._config.document_prompt if options.prompt is None else options.prompt
        return self._rows(self._exact, [prompt + text for text in texts], options)

    def encode_passages(self, passages: Sequence[Passage]) -> list[PassageVectors]:
        """Encode passages and their sentences; see `encoder.Encoder`."""
        counts = self.count_tokens([passage.text for passage in passages])
        check_lengths(passages, counts, self.max_tokens, self.name)
        if self._config.averages:
            return self._late(passages)
        prompt = self._config.document_prompt
        return each_alone(
            passages, lambda texts: self._rows(self._network, [prompt + text for text in texts])
        )

    @cached_property
    def _exact(self) -> Network:
        """The model at f32, for programs that want vectors; loaded when one does."""
        return Network(self._folder, self._config, "f32")

    def _rows(
        self,
        network: Network,
        texts: Sequence[str],
        options: EncodeOptions = DEFAULT_OPTIONS,
        *,
        aligned: bool = True,
    ) -> Float32Array:
        if not texts:
            return np.empty((0, self.dim), dtype=np.float32)
        # A space at the end is a token to some models.
        encoded = self._tokenize([text.strip() for text in texts], left=options.truncate_left)
        # A padded network may normalise itself: then its output is not the plain mean.
        averaged = self._config.averages and not options.normalise

        def vector(_index: int, tokens: Float32Array, text: Float32Array) -> Float32Array:
            return tokens.mean(axis=0) if averaged else text

        rows = np.stack(self._read(network, encoded, vector, aligned=aligned))
        return normalise(rows) if options.normalise else rows

    def _tokenize(self, texts: Sequence[str], *, left: bool = False) -> list[Encoding]:
        """Split texts into tokens with the special ones, cut at the end or, with `left`, before.

        A few texts are split without the cost of starting threads.
        """
        tokenizer = self._tokenizer
        if len(texts) <= _FEW_TEXTS:
            encoded = [tokenizer.encode(text, add_special_tokens=False) for text in texts]
        else:
            encoded = tokenizer.encode_batch(list(texts), add_special_tokens=False)
        room = self._config.reads - tokenizer.num_special_tokens_to_add(is_pair=False)
        for each in encoded:
            each.truncate(room, direction="left" if left else "right")
        return [tokenizer.post_process(each) for each in encoded]

    def _late(self, passages: Sequence[Passage]) -> list[PassageVectors]:
        """Encode passages whose sentences' vectors are averages of their tokens' vectors."""
        prompt = self._config.document_prompt
        encoded = self._tokenize([prompt + passage.text for passage in passages])

        def vectors(index: int, tokens: Float32Array, text: Float32Array) -> PassageVectors:
            spans = np.asarray(passages[index].offsets) + len(prompt)
            whole = normalise(text)
            offsets = np.asarray(encoded[index].offsets)
            return PassageVectors(whole, pool(tokens, offsets, spans, whole))

        return self._read(self._network, encoded, vectors, aligned=True)

    def _read(
        self,
        network: Network,
        encoded: Sequence[Encoding],
        make: Callable[[int, Float32Array, Float32Array], _Made],
        *,
        aligned: bool,
    ) -> list[_Made]:
        """Run texts through the network and return what `make` makes of each.

        `make` takes a text's index, its tokens' vectors (t, dim) and its own vector (dim,).
        """
        lengths = [len(each.ids) for each in encoded]
        if self._config.packed:
            widths = [aligned_width(length) for length in lengths] if aligned else lengths
            batches = list(pack_rows(widths, ROW_TOKENS))
        else:
            batches = list(batch_by_length(lengths, _BATCH_TOKENS))

        def work(batch: list[int]) -> list[tuple[int, _Made]]:
            read = network.read([encoded[index] for index in batch], aligned=aligned)
            return [(index, make(index, *each)) for index, each in zip(batch, read, strict=True)]

        # A single batch needs no other thread than the caller's.
        results = map(work, batches) if len(batches) < 2 else self._pool.map(work, batches)
        made = dict(chain.from_iterable(results))
        return [made[index] for index in range(len(encoded))]


def _tokenizer(folder: Path) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer
