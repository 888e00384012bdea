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
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import torch

from embedder.encoders.openvino_encoder import OpenVinoEncoder
from embedder.encoders.openvino_package import (
    COMPILED,
    CONFIG,
    MODEL,
    MODEL_INT8,
    PACKED,
    TEXT,
    TOKENIZER,
    TOKENS,
    ModelConfig,
    write_config,
)
from embedder.encoders.openvino_runtime import import_openvino
from embedder.encoders.torch_encoder import TorchEncoder
from embedder.errors import EncoderError
from embedder.files import file_sha256
from embedder.vectors import Float32Array

_QUIET = threading.Lock()
# The least cosine of a text's vector to the model's own, at full precision, and with bytes for
# weights. Another reading of positions, or a token that sees a neighbour's text, gives less.
_SAME = 0.99999
_ALIKE = 0.998
# The example that a network is traced with: two rows.
_EXAMPLE = ("a short text", "a text that is longer than the first one")
_INPUTS = {"input_ids", "attention_mask", "token_type_ids"}
_TRIAL = (
    "trafficking",
    "What works in prevention programmes?",
    "A woman of 23 came to us. She was promised a job abroad, but her employer took her passport.",
    "Réfugiés, العربية, 人口贩运. " + "One sentence of several, and then another one. " * 12,
    "word " * 600,
)


def convert(
    encoder: TorchEncoder, target: Path, reach: Callable[[int], None] = lambda _stage: None
) -> None:
    """Write a loaded model as an OpenVINO package (see `openvino_package`) into a folder.

    `reach` is called with each stage that is done: 1 converted, 2 compared, 3 compressed,
    4 compiled. Where one way to trace the model fails, they begin again with the next.

    Raises EncoderError, saying why, if it cannot be converted or the result is not the same.
    """
    _check(encoder)
    target.parent.mkdir(parents=True, exist_ok=True)
    problem = EncoderError("there is no way to convert it")
    with tempfile.TemporaryDirectory(dir=target.parent) as aside:
        for number, network in enumerate(_networks(encoder)):
            folder = Path(aside) / str(number)
            folder.mkdir()
            try:
                _write(encoder, network, folder, reach)
            except EncoderError as error:
                problem = error
                continue
            shutil.rmtree(target, ignore_errors=True)
            folder.replace(target)
            return
    raise problem


@dataclass(frozen=True, slots=True)
class _Form:
    """One way to trace a model: its inputs, with an example, and a packed text's first position."""

    module: torch.nn.Module
    example: dict[str, torch.Tensor]
    outputs: tuple[str, ...]
    first: int = 0


class _Padded(torch.nn.Module):
    """The whole model with inputs and outputs by place, as a trace wants them."""

    def __init__(self, model: Any, inputs: tuple[str, ...]) -> None:
        super().__init__()
        self.model = model
        self.inputs = inputs

    def forward(self, *given: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        out = self.model(dict(zip(self.inputs, given, strict=True)))
        return out["token_embeddings"], out["sentence_embedding"]


class _Packed(torch.nn.Module):
    """The transformer over rows of several texts, of which each token sees its own text alone."""

    def __init__(self, transformer: Any) -> None:
        super().__init__()
        self.transformer = transformer

    def forward(
        self, ids: torch.Tensor, segments: torch.Tensor, positions: torch.Tensor
    ) -> torch.Tensor:
        own = segments[:, None, :, None] == segments[:, None, None, :]
        out = self.transformer(input_ids=ids, attention_mask=own, position_ids=positions)
        tokens: torch.Tensor = out.last_hidden_state
        return tokens


def _networks(encoder: TorchEncoder) -> Iterator[_Form]:
    """Give the ways to trace a model, the best first.

    Whether a model's positions begin at 0 or behind its padding's number, and whether it can be
    packed at all, its vectors tell: whoever uses these compares them.
    """
    example = dict(encoder.tokenizer(list(_EXAMPLE), padding=True, return_tensors="pt"))
    if encoder.pools_by() in ("mean", "cls"):
        ids = example["input_ids"]
        positions = torch.arange(ids.shape[1]).expand_as(ids).contiguous()
        packed = dict(zip(PACKED, (ids, torch.ones_like(ids), positions), strict=True))
        module = _Packed(encoder.model[0].model)
        for first in dict.fromkeys((0, int(encoder.tokenizer.pad_token_id or 0) + 1)):
            yield _Form(module, packed, (TOKENS,), first)
    inputs = tuple(example)
    yield _Form(_Padded(encoder.model, inputs), example, (TOKENS, TEXT))


def _write(encoder: TorchEncoder, form: _Form, folder: Path, reach: Callable[[int], None]) -> None:
    """Write the folder of a converted model.

    Raises EncoderError unless its vectors are the same.
    """
    _write_network(form, folder / MODEL)
    encoder.tokenizer.backend_tokenizer.save(str(folder / TOKENIZER))
    config = ModelConfig(
        dim=encoder.dim,
        reads=encoder.reads,
        max_tokens=encoder.max_tokens,
        query_prompt=encoder.query_prompt,
        document_prompt=encoder.document_prompt,
        averages=encoder.averages_tokens(),
        inputs=tuple(form.example),
        first=form.first,
        files={},
    )
    _write_card(folder, config)
    reach(1)
    expected = encoder.encode_queries(_TRIAL)
    found = _likeness(expected, OpenVinoEncoder("", folder, "", "f32"))
    if not found >= _SAME:
        raise EncoderError(f"converted, its vectors are others: cosine {found:.5f}")
    reach(2)
    try:
        _write_bytes(folder)
        _write_card(folder, config)
        alike = _likeness(expected, OpenVinoEncoder("", folder, "", "int8")) >= _ALIKE
    # Whatever goes wrong there: the model runs at another precision then.
    except Exception:
        alike = False
    if not alike:
        for each in (folder / MODEL_INT8, (folder / MODEL_INT8).with_suffix(".bin")):
            each.unlink(missing_ok=True)
        _write_card(folder, config)
    reach(3)
    # What was compiled so far was of another card; what is now is used.
    shutil.rmtree(folder / COMPILED, ignore_errors=True)
    found = _likeness(expected, OpenVinoEncoder("", folder, ""))
    if not found >= _ALIKE:
        raise EncoderError(f"on this processor its vectors are others: cosine {found:.5f}")
    reach(4)


def _write_card(folder: Path, config: ModelConfig) -> None:
    """Write the card with the hashes of the files that are there."""
    files = sorted(each for each in folder.iterdir() if each.is_file() and each.name != CONFIG)
    write_config(
        folder, replace(config, files={each.name: file_sha256(each).hex() for each in files})
    )


def _check(encoder: TorchEncoder) -> None:
    """Raise EncoderError for a model that reads more than the tokens it is given."""
    first = type(encoder.model[0]).__name__
    if first != "Transformer":
        raise EncoderError(f"its first part is {first}, not a transformer")
    prompts = encoder.query_prompt or encoder.document_prompt
    if prompts and not getattr(encoder.model[1], "include_prompt", True):
        raise EncoderError("it leaves its prompts out of the average")


def _write_network(form: _Form, path: Path) -> None:
    openvino = import_openvino()
    inputs = tuple(form.example)
    if not set(inputs) <= {*_INPUTS, *PACKED}:
        raise EncoderError(f"it reads {', '.join(inputs)}")
    try:
        with torch.inference_mode(), _quiet():
            network = openvino.convert_model(
                form.module, example_input=tuple(form.example.values())
            )
        for place, name in zip(network.inputs, inputs, strict=True):
            place.tensor.set_names({name})
        for place, name in zip(network.outputs, form.outputs, strict=True):
            place.tensor.set_names({name})
        network.reshape({name: [-1, -1] for name in inputs})
        openvino.save_model(network, path, compress_to_fp16=False)
    # Whatever goes wrong in another program's conversion: the model runs on torch then.
    except Exception as error:
        raise EncoderError(f"{type(error).__name__}: {error}") from error


def _write_bytes(folder: Path) -> None:
    """Write the network again with a byte for each weight.

    The words' own vectors stay as they are: looking them up costs no time.
    """
    openvino = import_openvino()
    # Imported here, after OpenVINO, and only when a model is converted: it takes seconds.
    import nncf

    network = openvino.Core().read_model(folder / MODEL)
    kept = nncf.IgnoredScope(types=["Gather"], validate=False)
    with _quiet():
        small = nncf.compress_weights(
            network, mode=nncf.CompressWeightsMode.INT8_SYM, ignored_scope=kept
        )
    openvino.save_model(small, folder / MODEL_INT8, compress_to_fp16=False)


def _likeness(expected: Float32Array, converted: OpenVinoEncoder) -> float:
    """Give the least cosine of the trial's vectors to those expected, alone and together.

    Raises EncoderError if it cannot be run.
    """
    try:
        together = converted.encode_queries(_TRIAL)
        alone = np.concatenate([converted.encode_queries([text]) for text in _TRIAL])
    except RuntimeError as error:  # positions that the model does not have, perhaps
        raise EncoderError(f"converted, it cannot be run: {error}") from error
    return float(min((expected * rows).sum(axis=1).min() for rows in (together, alone)))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep a conversion's warnings, log and bars off the terminal.

    The warnings are of padding, which `_likeness` tries. What is warned, logged and printed is
    settled for the whole process. So one is quiet at a time: of two that overlap, the later would
    put back what the earlier had set.
    """
    with _QUIET, warnings.catch_warnings(), redirect_stdout(StringIO()):
        warnings.simplefilter("ignore")
        before = logging.root.manager.disable
        logging.disable(max(before, logging.WARNING))
        try:
            yield
        finally:
            logging.disable(before)
