"""Convert a sentence-transformers model to a package that runs without torch.

The converted model is used only if its vectors are those of the original; see `_write`.
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
# The least cosine of a text's vector to the original model's, at f32 and at lower precisions.
# Wrong position ids, or a token that attends to a neighbouring text, give less.
_MIN_COSINE_F32 = 0.99999
_MIN_COSINE = 0.998
# The example that a network is traced with: two rows.
_EXAMPLE = ("a short text", "a text that is longer than the first one")
# Smaller constants belong to the computation.
_WEIGHTS = 32
_POSITIONS_AFTER_PADDING = ("mpnet", "roberta", "xlm-roberta", "camembert")
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
    4 compared at this processor's precision. Where one way to trace the model fails, they begin
    again with the next.

    Raises EncoderError, saying why, if it cannot be converted or the result is not the same.
    """
    _check(encoder)
    target.parent.mkdir(parents=True, exist_ok=True)
    problem = EncoderError("there is no way to convert it")
    with tempfile.TemporaryDirectory(dir=target.parent) as temporary:
        for number, form in enumerate(_forms(encoder)):
            folder = Path(temporary) / str(number)
            folder.mkdir()
            try:
                _write(encoder, form, folder, reach)
            except EncoderError as error:
                problem = error
                continue
            shutil.rmtree(target, ignore_errors=True)
            folder.replace(target)
            return
    raise problem


@dataclass(frozen=True, slots=True)
class _Form:
    """One way to trace a model: module, example inputs, a packed text's first position id."""

    module: torch.nn.Module
    example: dict[str, torch.Tensor]
    outputs: tuple[str, ...]
    first: int = 0


class _Padded(torch.nn.Module):
    """The whole model with positional inputs and outputs, as tracing needs them."""

    def __init__(self, model: Any, inputs: tuple[str, ...], head: torch.nn.Module) -> None:
        super().__init__()
        self.model = model
        self.inputs = inputs
        self.head = head

    def forward(self, *tensors: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        out = self.model(dict(zip(self.inputs, tensors, strict=True)))
        return self.head(out["token_embeddings"]), out["sentence_embedding"]


class _Packed(torch.nn.Module):
    """The transformer over rows of several texts, in which a token attends to its own text only."""

    def __init__(self, transformer: Any, head: torch.nn.Module) -> None:
        super().__init__()
        self.transformer = transformer
        self.head = head
        # Attention of the model's own adds the mask to the scores; torch's takes booleans too.
        self.adds_mask = getattr(transformer.config, "_attn_implementation", "") == "eager"

    def forward(
        self, ids: torch.Tensor, segments: torch.Tensor, positions: torch.Tensor
    ) -> torch.Tensor:
        mask = segments[:, None, :, None] == segments[:, None, None, :]
        if self.adds_mask:
            mask = torch.where(mask, 0.0, torch.finfo(torch.float32).min)
        out = self.transformer(input_ids=ids, attention_mask=mask, position_ids=positions)
        tokens: torch.Tensor = self.head(out.last_hidden_state)
        return tokens


def _forms(encoder: TorchEncoder) -> Iterator[_Form]:
    """Yield the ways to trace a model, the best first.

    Whether position ids begin at 0 or after the padding id, and whether the model can be packed
    at all, shows only when the vectors are compared: `_write` does.
    """
    head = encoder.head() or torch.nn.Identity()
    example = dict(encoder.tokenizer(list(_EXAMPLE), padding=True, return_tensors="pt"))
    if encoder.pools_by() in ("mean", "cls"):
        ids = example["input_ids"]
        positions = torch.arange(ids.shape[1]).expand_as(ids).contiguous()
        packed = dict(zip(PACKED, (ids, torch.ones_like(ids), positions), strict=True))
        transformer: Any = encoder.model[0]
        module = _Packed(transformer.model, head)
        firsts = [0, int(encoder.tokenizer.pad_token_id or 0) + 1]
        if transformer.model.config.model_type in _POSITIONS_AFTER_PADDING:
            firsts.reverse()  # the likely one first: tracing takes seconds
        for first in dict.fromkeys(firsts):
            yield _Form(module, packed, (TOKENS,), first)
    inputs = tuple(example)
    yield _Form(_Padded(encoder.model, inputs, head), example, (TOKENS, TEXT))


def _write(encoder: TorchEncoder, form: _Form, folder: Path, reach: Callable[[int], None]) -> None:
    """Write the package of a converted model.

    Raises EncoderError unless its vectors are those of the original.
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
    cosine = _least_cosine(expected, OpenVinoEncoder("", folder, "", "f32"))
    if not cosine >= _MIN_COSINE_F32:
        raise EncoderError(f"converted, its vectors differ: cosine {cosine:.5f}")
    reach(2)
    try:
        _write_int8(folder)
        _write_card(folder, config)
        keep_int8 = _least_cosine(expected, OpenVinoEncoder("", folder, "", "int8")) >= _MIN_COSINE
    # Whatever goes wrong in another library: the model runs at another precision then.
    except Exception:
        keep_int8 = False
    if not keep_int8:
        for path in (folder / MODEL_INT8, (folder / MODEL_INT8).with_suffix(".bin")):
            path.unlink(missing_ok=True)
        _write_card(folder, config)
    reach(3)
    cosine = _least_cosine(expected, OpenVinoEncoder("", folder, ""))
    if not cosine >= _MIN_COSINE:
        raise EncoderError(f"on this processor its vectors differ: cosine {cosine:.5f}")
    reach(4)


def _write_card(folder: Path, config: ModelConfig) -> None:
    """Write the card with the hashes of the files in the folder."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != CONFIG)
    write_config(
        folder, replace(config, files={path.name: file_sha256(path).hex() for path in files})
    )


def _check(encoder: TorchEncoder) -> None:
    """Raise EncoderError for a model that cannot be traced from token ids alone."""
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
        for port, name in zip(network.inputs, inputs, strict=True):
            port.tensor.set_names({name})
        for port, name in zip(network.outputs, form.outputs, strict=True):
            port.tensor.set_names({name})
        network.reshape({name: [-1, -1] for name in inputs})
        openvino.save_model(network, path, compress_to_fp16=_are_half(network))
    # Whatever goes wrong in another library: the model runs on torch then.
    except Exception as error:
        raise EncoderError(f"{type(error).__name__}: {error}") from error


def _are_half(network: Any) -> bool:
    """Return whether all weights are float16 numbers, so that a file of half the size has them.

    It also takes half the memory: weights are mapped from the file. The network has only what it
    uses: a model may have layers besides, which are not in its files.
    """
    weights = (
        operation.data
        for operation in network.get_ops()
        if operation.get_type_name() == "Constant" and operation.data.dtype == np.float32
    )
    return all(
        np.array_equal(each, each.astype(np.float16)) for each in weights if each.size >= _WEIGHTS
    )


def _write_int8(folder: Path) -> None:
    """Write the network again with int8 weights.

    The embedding table stays as it is: looking it up costs no time.
    """
    openvino = import_openvino()
    # Imported here, after OpenVINO, and only when a model is converted: it takes seconds.
    import nncf

    network = openvino.Core().read_model(folder / MODEL)
    embeddings = nncf.IgnoredScope(types=["Gather"], validate=False)
    with _quiet():
        small = nncf.compress_weights(
            network, mode=nncf.CompressWeightsMode.INT8_SYM, ignored_scope=embeddings
        )
    openvino.save_model(small, folder / MODEL_INT8, compress_to_fp16=False)


def _least_cosine(expected: Float32Array, converted: OpenVinoEncoder) -> float:
    """Return the least cosine of the trial texts' vectors to those expected, alone and together.

    Raises EncoderError if it cannot be run.
    """
    try:
        together = converted.encode_queries(_TRIAL)
        alone = np.concatenate([converted.encode_queries([text]) for text in _TRIAL])
    except RuntimeError as error:  # position ids that the model does not have, perhaps
        raise EncoderError(f"converted, it cannot be run: {error}") from error
    return float(min((expected * rows).sum(axis=1).min() for rows in (together, alone)))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep a conversion's warnings, log and progress bars off the terminal.

    The warnings are about padding, which `_least_cosine` checks. These settings belong to the
    whole process, so one caller holds them at a time: of two that overlap, the later would restore
    what the earlier had set.
    """
    with _QUIET, warnings.catch_warnings(), redirect_stdout(StringIO()):
        warnings.simplefilter("ignore")
        before = logging.root.manager.disable
        logging.disable(max(before, logging.WARNING))
        try:
            yield
        finally:
            logging.disable(before)
