"""A converted model, compiled for this processor: tokens in, vectors out.

Most networks are *packed*: texts stand one behind another in a single row of tokens, each with
positions of its own, and a token sees those of its own text alone. So nothing is padding, and a
question is read at once with its parts and words, in a *block*. Questions that wait at the same
time go into one row, block after block; each begins at a multiple of so many tokens that its
vectors are the same to the last digit, whoever else asks.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from queue import LifoQueue
from typing import Any

import numpy as np
from tokenizers import Encoding

from embedder.encoders.batching import round_up
from embedder.encoders.microbatch import Together
from embedder.encoders.openvino_package import (
    COMPILED,
    MODEL,
    MODEL_INT8,
    PACKED,
    TEXT,
    TOKENS,
    ModelConfig,
    check_files,
)
from embedder.encoders.precision import Precision, choose_precision, read_cpu_flags
from embedder.errors import EncoderError
from embedder.runtime import CORES
from embedder.vectors import Float32Array, UInt8Array

# Tokens of a row of several blocks. A question of several blocks is read on several cores; longer
# rows cost more a token, as each token looks at all of its row.
_ROW_TOKENS = 128
# For each new shape OpenVINO compiles, which takes ten times as long as reading, and for each that
# is not the last one's it prepares, which takes a third; so up to that rows have few lengths.
_ROWS = (32, 64, _ROW_TOKENS)
# Blocks begin at multiples of so many tokens, of the numbers that a processor adds at once: then
# a sum over a row is the same to its last digits wherever a block stands. Longer rows are as long
# as such a multiple.
_COLUMNS = 16
# So many activations share a scale where weights are bytes.
_GROUP = 32
_Ids = np.ndarray[Any, np.dtype[np.int64]]


@cache
def import_openvino() -> Any:
    """Import OpenVINO at its first use, with its telemetry blocked for the rest of the process.

    OpenVINO reports each import over the network and leaves an id of this machine in the home
    folder, unless the package that does so cannot be imported. The conversion of a model imports
    that package again, so it stays blocked.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


class Network:
    """A compiled network, for as many callers at a time as there are cores, each on one.

    More cores for one question would only make questions asked at once collide, and many texts
    go through in less time side by side than one after another on all cores. A precision that
    the processor or the package does not have is computed at f32.
    """

    def __init__(self, folder: Path, config: ModelConfig, precision: Precision) -> None:
        compiled = _compiled(folder, config, *_plan(config, precision))
        self._config = config
        self._together = Together[Sequence[Encoding], list[tuple[Float32Array, Float32Array]]](
            self._read, _ROW_TOKENS if config.packed else 0, _width, CORES
        )
        # The last that was used is the next: what it needs is still in the processor's cache.
        self._requests: LifoQueue[Any] = LifoQueue()
        for _ in range(CORES):
            self._requests.put(compiled.create_infer_request())

    def read(self, encoded: Sequence[Encoding]) -> list[tuple[Float32Array, Float32Array]]:
        """Read texts as one block or batch: each one's tokens (t, dim) and its own (dim,)."""
        return self._together(encoded)

    def _read(
        self, blocks: Sequence[Sequence[Encoding]]
    ) -> list[list[tuple[Float32Array, Float32Array]]]:
        if not self._config.packed:  # a batch alone
            (encoded,) = blocks
            results = self._run(self._padded(encoded))
            rows = zip(encoded, results[TOKENS], results[TEXT], strict=False)
            return [[(tokens[: len(each.ids)], text) for each, tokens, text in rows]]
        tokens = self._run(self._in_a_row(blocks))[TOKENS][0]
        found = []
        begin = 0
        for block in blocks:
            ends = begin + np.cumsum([len(each.ids) for each in block])
            own = np.split(tokens[begin : ends[-1]], ends[:-1] - begin)
            found.append(
                [(each, each.mean(axis=0) if self._config.averages else each[0]) for each in own]
            )
            begin += _width(block)
        return found

    def _run(self, arrays: dict[str, _Ids]) -> dict[str, Float32Array]:
        request = self._requests.get()
        try:
            # Both ways in the place where they lie: what comes out is copied before the next.
            results = request.infer(arrays, share_inputs=True, share_outputs=True)
            names = (TOKENS,) if self._config.packed else (TOKENS, TEXT)
            return {name: np.array(results[name]) for name in names}
        finally:
            self._requests.put(request)

    def _in_a_row(self, blocks: Sequence[Sequence[Encoding]]) -> dict[str, _Ids]:
        arrays = {name: np.zeros((1, _row(sum(map(_width, blocks)))), np.int64) for name in PACKED}
        ids, segments, positions = (arrays[name][0] for name in PACKED)
        base = number = 0
        for block in blocks:
            begin = base
            for each in block:
                number += 1
                end = begin + len(each.ids)
                ids[begin:end] = each.ids
                segments[begin:end] = number
                positions[begin:end] = np.arange(len(each.ids)) + self._config.first
                begin = end
            base += _width(block)
        return arrays

    def _padded(self, encoded: Sequence[Encoding]) -> dict[str, _Ids]:
        longest = max(len(each.ids) for each in encoded)
        width = min(-(-longest // _COLUMNS) * _COLUMNS, self._config.reads)
        shape = (round_up(len(encoded)), width)
        arrays = {name: np.zeros(shape, np.int64) for name in self._config.inputs}
        for row, each in enumerate(encoded):
            columns = {
                "input_ids": each.ids,
                "attention_mask": each.attention_mask,
                "token_type_ids": each.type_ids,
            }
            for name, array in arrays.items():
                array[row, : len(each.ids)] = columns[name]
        return arrays


def precision_for(config: ModelConfig) -> Precision:
    """Return the precision for a model package on this processor; see `precision`."""
    capabilities = import_openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return choose_precision(read_cpu_flags(), capabilities, has_int8=MODEL_INT8 in config.files)


def is_compiled(folder: Path, config: ModelConfig) -> bool:
    """Return whether a package is compiled for this processor, at the precision of the rule."""
    model, settings = _plan(config, precision_for(config))
    return _read_blob(_blob_path(folder, config, model, settings)) is not None


def _plan(config: ModelConfig, precision: Precision) -> tuple[str, dict[str, Any]]:
    """Return the network's file and OpenVINO's settings for a precision."""
    settings: dict[str, Any] = {
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": CORES,
        "INFERENCE_NUM_THREADS": CORES,
    }
    if precision == "int8" and MODEL_INT8 in config.files:
        return MODEL_INT8, settings | {"DYNAMIC_QUANTIZATION_GROUP_SIZE": _GROUP}
    hint = "bf16" if precision == "bf16" else "f32"
    return MODEL, settings | {"INFERENCE_PRECISION_HINT": hint}


def _width(block: Sequence[Encoding]) -> int:
    """Give the tokens that a block takes in its row."""
    return -(-sum(len(each.ids) for each in block) // _COLUMNS) * _COLUMNS


def _row(tokens: int) -> int:
    """Give how long a row of so many tokens is made."""
    return next((each for each in _ROWS if each >= tokens), tokens)


def _compiled(folder: Path, config: ModelConfig, model: str, settings: dict[str, Any]) -> Any:
    """Compile the network for this processor, or read what was compiled before.

    OpenVINO's own cache does not notice a damaged file, so each file here begins with the
    SHA-256 of the rest.

    Raises EncoderError if the network is damaged or cannot be run.
    """
    openvino = import_openvino()
    core = openvino.Core()
    path = _blob_path(folder, config, model, settings)
    with suppress(RuntimeError):
        blob = _read_blob(path)
        if blob is not None:
            return core.import_model(openvino.Tensor(blob), "CPU", settings)
    check_files(folder, config, (model, Path(model).with_suffix(".bin").name))
    try:
        compiled = core.compile_model(str(folder / model), "CPU", settings)
        content: bytes = compiled.export_model().getvalue()
    except RuntimeError as error:
        raise EncoderError(f"OpenVINO cannot run {folder / model}: {error}") from error
    _keep(path, hashlib.sha256(content).digest() + content)
    return compiled


def _read_blob(path: Path) -> UInt8Array | None:
    """Read what was compiled before; None if it is not there or damaged."""
    try:
        content = np.fromfile(path, np.uint8)
    except OSError:
        return None
    sound = hashlib.sha256(content[32:].data).digest() == content[:32].tobytes()
    return content[32:] if sound else None


def _blob_path(folder: Path, config: ModelConfig, model: str, settings: dict[str, Any]) -> Path:
    """Return where the network is kept that is compiled for this processor and OpenVINO alone."""
    openvino = import_openvino()
    parts = (
        openvino.__version__,
        openvino.Core().get_property("CPU", "FULL_DEVICE_NAME"),
        sorted(read_cpu_flags()),  # virtual processors of one name differ in them
        settings,
        model,
        config,
    )
    return folder / COMPILED / f"{hashlib.sha256(repr(parts).encode()).hexdigest()[:16]}.blob"


def _keep(path: Path, content: bytes) -> None:
    """Write a file whole, if its folder can be written to: else the next start takes longer."""
    with suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        aside = path.with_suffix(f".{os.getpid()}")
        aside.write_bytes(content)
        aside.replace(path)
