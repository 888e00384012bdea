"""Encode with torch, as sentence-transformers does: slower, but it runs any model."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling
from tokenizers import Tokenizer
from transformers.utils import logging as _transformers_logging

from embedder.encoders.encoder import DEFAULT_OPTIONS, EncodeOptions, ReadsAllLanguages
from embedder.encoders.families import family_of
from embedder.encoders.pooling import check_lengths, each_alone, pool
from embedder.encoders.precision import fingerprint_at
from embedder.encoders.tokens import count_tokens, decode, prompts_of
from embedder.errors import EncoderError
from embedder.records import Passage, Precision
from embedder.vectors import Float32Array, PassageVectors, normalise

_BATCH = 32

transformers_logging: Any = _transformers_logging  # its functions have no types


class TorchEncoder(ReadsAllLanguages):
    """A sentence-transformers model on the CPU; see `encoder.Encoder`."""

    def __init__(
        self, name: str, folder: Path, model_sha256: str, precision: Precision = "f32"
    ) -> None:
        """Load the model in `folder`.

        `model_sha256` is the fingerprint of its files. torch computes at f32 whatever
        `precision` says: another one is that of a library whose questions it answers.

        Raises EncoderError if they are not a sentence-transformers model with a fast tokenizer.
        """
        self.name, self.backend = name, "torch"
        self.precision: Precision = precision
        self.fingerprint = fingerprint_at(model_sha256, precision)
        # Its progress bars and advice go to standard error, where our messages are expected.
        transformers_logging.disable_progress_bar()
        transformers_logging.set_verbosity_error()
        try:
            self.model = SentenceTransformer(
                str(folder),
                device="cpu",
                local_files_only=True,
                trust_remote_code=False,
                # At f32 whatever the file has: half precision is slow on a CPU.
                model_kwargs={"use_safetensors": True, "dtype": torch.float32},
            )
        except (
            OSError,
            ValueError,
            KeyError,
            ImportError,
            RuntimeError,
            SafetensorError,
        ) as error:
            raise EncoderError(
                f"the files in {folder} are no sentence-transformers model that can be loaded "
                f"({type(error).__name__}: {error})"
            ) from error
        self.tokenizer: Any = self.model.tokenizer
        if not getattr(self.tokenizer, "is_fast", False):
            raise EncoderError(f"the model {name!r} has no fast tokenizer (tokenizer.json)")
        self.dim = int(self.model.get_embedding_dimension() or 0)
        family = family_of(name, folder)
        if family is not None and not (folder / "modules.json").is_file():
            # Without a word on pooling, sentence-transformers averages.
            self.model[1] = Pooling(self.dim, family.pooling)
        self.query_prompt = self._prompt("query")
        self.document_prompt = self._prompt("document", "passage", "corpus")
        if family is not None and not self.query_prompt + self.document_prompt:
            self.query_prompt, self.document_prompt = family.query, family.document
        self.prompts: Mapping[str, str] = prompts_of(self.query_prompt, self.document_prompt)
        # A tokenizer keeps its padding and truncation, so counting has one of its own.
        self._counter = Tokenizer.from_str(self.tokenizer.backend_tokenizer.to_str())
        self._counter.no_padding()
        self._counter.no_truncation()
        self._lock = threading.Lock()
        self.max_tokens = self._room()

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return each text's number of tokens; see `encoder.Encoder`."""
        return count_tokens(self._counter, texts)

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of token ids; see `encoder.Encoder`."""
        return decode(self._counter, ids)

    def encode_queries(self, texts: Sequence[str], *, reproducible: bool = False) -> Float32Array:
        """Encode queries; see `encoder.Encoder`."""
        return self._encode(texts, self.query_prompt, together=not reproducible)

    def encode_documents(
        self, texts: Sequence[str], options: EncodeOptions = DEFAULT_OPTIONS
    ) -> Float32Array:
        """Encode documents; see `encoder.Encoder`."""
        prompt = self.document_prompt if options.prompt is None else options.prompt
        return self._encode(texts, prompt, options)

    def encode_passages(self, passages: Sequence[Passage]) -> list[PassageVectors]:
        """Encode passages and their sentences; see `encoder.Encoder`."""
        counts = self.count_tokens([passage.text for passage in passages])
        check_lengths(passages, counts, self.max_tokens, self.name)
        if self.averages_tokens():
            with self._alone():
                return [self._late(passage) for passage in passages]
        return each_alone(passages, self.encode_documents)

    def _prompt(self, *names: str) -> str:
        """Return the prompt that the model names for a use, else its default one, else none."""
        prompts: dict[str, str | None] = self.model.prompts
        default = self.model.default_prompt_name or ""
        return next((prompt for name in (*names, default) if (prompt := prompts.get(name))), "")

    def _room(self) -> int:
        """Return the number of tokens left for text beside special tokens and the longer prompt."""
        self.reads = int(self.model.max_seq_length or self.tokenizer.model_max_length)
        prompts = max(self.count_tokens([self.query_prompt, self.document_prompt]))
        room = self.reads - int(self.tokenizer.num_special_tokens_to_add()) - prompts
        if room < 1:
            raise EncoderError(
                f"the model {self.name!r} leaves no room for text in {self.reads} tokens"
            )
        return room

    @cached_property
    def _pooled(self) -> SentenceTransformer:
        """The same model without a normalising last module."""
        parts = [module for module in self.model if not isinstance(module, Normalize)]
        return SentenceTransformer(modules=parts, device="cpu")

    def _encode(
        self,
        texts: Sequence[str],
        prompt: str,
        options: EncodeOptions = DEFAULT_OPTIONS,
        *,
        together: bool = False,
    ) -> Float32Array:
        """Encode texts, one at a time unless `together`: in a batch torch adds in another order."""
        if not texts:
            return np.empty((0, self.dim), dtype=np.float32)
        with self._alone():
            model = self.model if options.normalise else self._pooled
            self.tokenizer.truncation_side = "left" if options.truncate_left else "right"
            vectors = model.encode(
                # A space at the end is a token to some models.
                [text.rstrip() if prompt else text.strip() for text in texts],
                prompt=prompt or None,
                batch_size=_BATCH if together else 1,
                show_progress_bar=False,
            )
        rows = np.asarray(vectors, dtype=np.float32)
        return normalise(rows) if options.normalise else rows

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the model for one caller, on one thread.

        Another number of threads gives other last digits, and for one text at a time two threads
        took five to ten times as long as one on a busy machine.
        """
        with self._lock:
            torch.set_num_threads(1)
            yield

    def averages_tokens(self) -> bool:
        """Return whether the model's vector is the plain mean of its token vectors."""
        pooling: Any = self.model[1] if len(self.model) > 1 else None
        return self.pools_by() == "mean" and (pooling.include_prompt or not self.document_prompt)

    def pools_by(self) -> str:
        """Return how token vectors are pooled: `mean`, `cls`, …; empty if the model does more.

        A linear head behind the pooling counts as part of the tokens: see `head`.
        """
        kinds = [type(module).__name__ for module in self.model if module is not self._dense()]
        if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
            return ""
        pooling: Any = self.model[1]
        return str(pooling.pooling_mode)

    def head(self) -> torch.nn.Module | None:
        """Return the linear head behind the pooling, None if there is none.

        The mean of tokens that went through it is what it makes of their mean, so it may stand
        before the pooling too.
        """
        dense = self._dense()
        return None if dense is None else dense.linear

    def _dense(self) -> Any:
        """Return the module of a linear head, third of the model; None if there is none."""
        module: Any = self.model[2] if len(self.model) > 2 else None
        linear = type(module).__name__ == "Dense" and isinstance(
            module.activation_function, torch.nn.Identity
        )
        return module if linear else None

    @torch.inference_mode()
    def _late(self, passage: Passage) -> PassageVectors:
        """Encode a passage whose sentences' vectors are averages of their tokens' vectors."""
        features = self.tokenizer(
            [self.document_prompt + passage.text], return_offsets_mapping=True, return_tensors="pt"
        )
        offsets = features.pop("offset_mapping").numpy()[0]
        out = self.model(dict(features))
        tokens = out["token_embeddings"]
        head = self.head()
        tokens = (tokens if head is None else head(tokens)).numpy()[0]
        whole = normalise(out["sentence_embedding"].numpy()[0])
        spans = np.asarray(passage.offsets) + len(self.document_prompt)
        return PassageVectors(whole, pool(tokens, offsets, spans, whole))
