"""A sentence-transformers model to a network that runs without torch.

Pooling and everything after it are part of the network. What was made is compared with what it
was made from before it is used.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from embedder.encode_openvino import (
    MODEL,
    TEXT,
    TOKENIZER,
    TOKENS,
    Card,
    OpenVinoEncoder,
    openvino,
    write_card,
)
from embedder.encode_torch import TorchEncoder
from embedder.errors import EncoderError
from embedder.filehash import file_sha256

# The least cosine of a text's two vectors. bfloat16, which some processors use, gives 0.9999.
_ALIKE = 0.999
_QUIET = threading.Lock()
_INPUTS = {"input_ids", "attention_mask", "token_type_ids"}
_TRIAL = (
    "trafficking",
    "What works in prevention programmes?",
    "A woman of 23 came to us. She was promised a job abroad, but her employer took her passport.",
    "Réfugiés, العربية, 人口贩运. " + "One sentence of several, and then another one. " * 12,
    "word " * 600,
)


def convert(encoder: TorchEncoder, target: Path) -> None:
    """Write a loaded model in the form that `encode_openvino` reads, into the folder `target`.

    Raises EncoderError, saying why, if it cannot be converted or the result is not the same.
    """
    _check(encoder)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as aside:
        folder = Path(aside) / "model"
        folder.mkdir()
        inputs = _write_network(encoder, folder / MODEL)
        encoder.tokenizer.backend_tokenizer.save(str(folder / TOKENIZER))
        files = {each.name: file_sha256(each).hex() for each in sorted(folder.iterdir())}
        card = Card(
            dim=encoder.dim,
            reads=encoder.reads,
            max_tokens=encoder.max_tokens,
            query_prompt=encoder.query_prompt,
            document_prompt=encoder.document_prompt,
            averages=encoder.averages_tokens(),
            inputs=inputs,
            files=files,
        )
        write_card(folder, card)
        _compare(encoder, OpenVinoEncoder(encoder.name, folder, encoder.fingerprint))
        shutil.rmtree(target, ignore_errors=True)
        folder.replace(target)


class _Whole(torch.nn.Module):
    """The model with inputs and outputs by place, as a trace wants them."""

    def __init__(self, model: Any, inputs: tuple[str, ...]) -> None:
        super().__init__()
        self.model = model
        self.inputs = inputs

    def forward(self, *given: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        out = self.model(dict(zip(self.inputs, given, strict=True)))
        return out["token_embeddings"], out["sentence_embedding"]


def _check(encoder: TorchEncoder) -> None:
    """Raise EncoderError for a model that reads more than the tokens it is given."""
    first = type(encoder.model[0]).__name__
    if first != "Transformer":
        raise EncoderError(f"its first part is {first}, not a transformer")
    prompts = encoder.query_prompt or encoder.document_prompt
    if prompts and not getattr(encoder.model[1], "include_prompt", True):
        raise EncoderError("it leaves its prompts out of the average")


def _write_network(encoder: TorchEncoder, path: Path) -> tuple[str, ...]:
    example = encoder.tokenizer(
        ["a short text", "a text that is longer than the first one"],
        padding=True,
        return_tensors="pt",
    )
    inputs = tuple(example)
    if not set(inputs) <= _INPUTS:
        raise EncoderError(f"it reads {', '.join(inputs)}")
    try:
        with torch.inference_mode(), _quiet():
            network = openvino.convert_model(
                _Whole(encoder.model, inputs), example_input=tuple(example.values())
            )
        for place, name in zip(network.inputs, inputs, strict=True):
            place.tensor.set_names({name})
        for place, name in zip(network.outputs, (TOKENS, TEXT), strict=True):
            place.tensor.set_names({name})
        network.reshape({name: [-1, -1] for name in inputs})
        openvino.save_model(network, path, compress_to_fp16=False)
    # Whatever goes wrong in another program's conversion: the model runs on torch then.
    except Exception as error:
        raise EncoderError(f"{type(error).__name__}: {error}") from error
    return inputs


def _compare(encoder: TorchEncoder, converted: OpenVinoEncoder) -> None:
    """Raise EncoderError unless both give the same vectors, texts alone and with others."""
    expected = encoder.encode_queries(_TRIAL)
    together = converted.encode_queries(_TRIAL)
    alone = np.concatenate([converted.encode_queries([text]) for text in _TRIAL])
    least = float(
        min((expected * together).sum(axis=1).min(), (expected * alone).sum(axis=1).min())
    )
    if not least >= _ALIKE:
        raise EncoderError(f"converted, its vectors are others: cosine {least:.4f}")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep a trace's warnings off standard error: they are of padding, which `_compare` tries.

    What is warned and logged is settled for the whole process. So one is quiet at a time: of two
    that overlap, the later would put back what the earlier had set.
    """
    with _QUIET, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = logging.root.manager.disable
        logging.disable(max(before, logging.WARNING))
        try:
            yield
        finally:
            logging.disable(before)
