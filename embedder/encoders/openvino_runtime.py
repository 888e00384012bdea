"""Run a converted model with OpenVINO: tokens in, vectors out.

Most networks are *packed*: several texts are put into a single row of tokens, each text with
positions of its own, and a token attends only to tokens of its own text. So little is padding,
and a question is encoded together with its parts and words.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from queue import LifoQueue
from threading import Lock
from typing import Any

import numpy as np
from tokenizers import Encoding

from embedder.encoders.batching import round_up
from embedder.encoders.openvino_package import (
    MODEL,
    MODEL_INT8,
    PACKED,
    TEXT,
    TOKENS,
    ModelConfig,
    check_files,
)
from embedder.encoders.precision import choose_precision, read_cpu_flags
from embedder.errors import EncoderError
from embedder.records import Precision
from embedder.runtime import CORES
from embedder.vectors import Float32Array, Int64Array

# Tokens of a packed row of several texts. Longer rows cost more per token, as each token is
# compared with all of its row, and texts of several rows are read on several cores.
ROW_TOKENS = 128
# OpenVINO compiles for each new shape, which takes ten times as long as reading, and prepares for
# each that is not the last one's, which takes a third; so up to that rows have few lengths.
_ROWS = (32, 64, ROW_TOKENS)
# As many numbers as a processor adds in one instruction. For a text that begins at a multiple of
# it, all sums over the row are made in the same order, so that its vectors are the same bit for
# bit, whatever else is in the row.
ALIGNMENT = 16
# Weights that a token is multiplied with from which on a network is large: MiniLM and E5-small have
# 11 and 21 million, the base models of most families 85 million.
_LARGE = 50_000_000
# The number of activations that share a scale where weights are int8.
_GROUP = 32


_importing = Lock()


@cache
def import_openvino() -> Any:
    """Import OpenVINO at its first use, with its telemetry blocked for the rest of the process.

    OpenVINO reports each import over the network and leaves an id of this machine in the home
    folder, unless the package that does so cannot be imported. The conversion of a model imports
    that package again, so it stays blocked.
    """
    with _importing:
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
        import openvino

        # The first type that becomes one of NumPy's makes the bindings look NumPy up. Two threads
        # that do so at once wait for each other for ever: one has the interpreter's lock, the other
        # that of the look-up.
        openvino.Type.i64.to_dtype()
    return openvino


class Network:
    """A compiled network for several simultaneous callers.

    In a small network each call has a core of its own: with more, simultaneous questions would only
    compete, and many texts take less time side by side than one after another on all cores. In a
    large one two cores share a call: a question then takes little more than half the time, and many
    together few percent more. `callers` is how many are served at a time. A precision that the
    processor or the package does not have is computed at f32.
    """

    def __init__(self, folder: Path, config: ModelConfig, precision: Precision) -> None:
        compiled, self.callers = _compiled(folder, config, *_plan(config, precision))
        self._config = config
        # The one used last is used next: its memory is still in the processor's cache.
        self._requests: LifoQueue[Any] = LifoQueue()
        for _ in range(self.callers):
            self._requests.put(compiled.create_infer_request())

    def read(
        self, encoded: Sequence[Encoding], *, aligned: bool
    ) -> list[tuple[Float32Array, Float32Array]]:
        """Read texts in one row or batch: each one's tokens (t, dim) and its own vector (dim,).

        In a packed row, `aligned` texts begin at multiples of ALIGNMENT, the others directly
        behind one another.
        """
        if not self._config.packed:
            results = self._run(self._padded(encoded))
            rows = zip(encoded, results[TOKENS], results[TEXT], strict=False)
            return [(tokens[: len(each.ids)], text) for each, tokens, text in rows]
        widths = [aligned_width(len(each.ids)) if aligned else len(each.ids) for each in encoded]
        starts = np.cumsum([0, *widths])
        length = _row_length(int(starts[-1]), aligned=aligned)
        tokens = self._run(self._packed(encoded, starts, length))[TOKENS][0]
        own = [
            tokens[start : start + len(each.ids)]
            for each, start in zip(encoded, starts[:-1], strict=True)
        ]
        averages = self._config.averages
        return [(each, each.mean(axis=0) if averages else each[0]) for each in own]

    def _run(self, arrays: dict[str, Int64Array]) -> dict[str, Float32Array]:
        request = self._requests.get()
        try:
            # Nothing is copied on the way in; results are copied before the request is used again.
            results = request.infer(arrays, share_inputs=True, share_outputs=True)
            names = (TOKENS,) if self._config.packed else (TOKENS, TEXT)
            return {name: np.array(results[name]) for name in names}
        finally:
            self._requests.put(request)

    def _packed(
        self, encoded: Sequence[Encoding], starts: Int64Array, length: int
    ) -> dict[str, Int64Array]:
        """Put texts into a row of this length, each at its start; what is behind them is padding.

        The last of `starts` is where they end.
        """
        arrays = {name: np.zeros((1, length), np.int64) for name in PACKED}
        ids, segments, positions = (arrays[name][0] for name in PACKED)
        for number, (each, start) in enumerate(zip(encoded, starts[:-1], strict=True), start=1):
            place = slice(start, start + len(each.ids))
            ids[place] = each.ids
            segments[place] = number
            positions[place] = np.arange(len(each.ids)) + self._config.first
        return arrays

    def _padded(self, encoded: Sequence[Encoding]) -> dict[str, Int64Array]:
        longest = max(len(each.ids) for each in encoded)
        width = min(_up_to_multiple(longest), self._config.reads)
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


def _plan(config: ModelConfig, precision: Precision) -> tuple[str, dict[str, Any]]:
    """Return the network's file and OpenVINO's settings for a precision."""
    settings: dict[str, Any] = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": CORES,
    }
    if precision == "int8" and MODEL_INT8 in config.files:
        return MODEL_INT8, settings | {"DYNAMIC_QUANTIZATION_GROUP_SIZE": _GROUP}
    hint = "bf16" if precision == "bf16" else "f32"
    return MODEL, settings | {"INFERENCE_PRECISION_HINT": hint}


def aligned_width(tokens: int) -> int:
    """Return the tokens that an aligned text takes in a row.

    A multiple of ALIGNMENT, or for fewer tokens a power of two. In a row with the widest first,
    each text then begins at a multiple of its width or of ALIGNMENT.
    """
    if tokens <= ALIGNMENT:
        return 1 << max(tokens - 1, 0).bit_length()
    return _up_to_multiple(tokens)


def _up_to_multiple(tokens: int) -> int:
    """Return the next multiple of ALIGNMENT."""
    return -(-tokens // ALIGNMENT) * ALIGNMENT


def _row_length(tokens: int, *, aligned: bool) -> int:
    """Return the length of the row for this number of tokens.

    Products over rows of another length may add up in another order, so aligned texts are in rows
    of one length; one that is longer has a row to itself, of its own length.
    """
    lengths = (ROW_TOKENS,) if aligned else _ROWS
    return next((each for each in lengths if each >= tokens), _up_to_multiple(tokens))


def _compiled(
    folder: Path, config: ModelConfig, model: str, settings: dict[str, Any]
) -> tuple[Any, int]:
    """Compile a network for this processor; its weights stay mapped from the file.

    Returns it, and how many callers it serves at a time. Raises EncoderError if the network is
    damaged or cannot be run.
    """
    check_files(folder, config, (model, Path(model).with_suffix(".bin").name))
    try:
        core = import_openvino().Core()
        network = core.read_model(str(folder / model))
        cores_per_call = 1 if _multiplied_weights(network) < _LARGE else 2
        streams = max(1, CORES // cores_per_call)
        return core.compile_model(network, "CPU", settings | {"NUM_STREAMS": streams}), streams
    except RuntimeError as error:
        raise EncoderError(f"OpenVINO cannot run {folder / model}: {error}") from error


def _multiplied_weights(network: Any) -> int:
    """Count the weights that each token is multiplied with: all but the embeddings."""
    factors = (each.input(1) for each in network.get_ops() if each.get_type_name() == "MatMul")
    shapes = (factor.get_partial_shape() for factor in factors)
    return sum(math.prod(each.to_shape()) for each in shapes if each.is_static and len(each) == 2)
