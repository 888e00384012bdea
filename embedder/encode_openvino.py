"""Runs a converted model with OpenVINO: the fast way on a CPU, without torch.

`convert.py` writes the folder that is read here:

    model.xml, model.bin   the network: token ids to tokens' vectors, perhaps texts' vectors too
    int8.xml, int8.bin     the same with weights of a byte each, if its vectors stay alike
    tokenizer.json         the model's own tokenizer
    card.json              what the encoder must know, and the hashes of the files

Most networks are *packed*: texts stand one behind another in a single row of tokens, each with
positions of its own, and a token sees those of its own text alone. So nothing is padding, and a
question is read at once with its parts and words, in a *block*. Questions that wait at the same
time go into one row, block after block; each begins at a multiple of so many tokens that its
vectors are the same to the last digit, whoever else asks.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Literal, TypeVar

import numpy as np
from tokenizers import Encoding, Tokenizer

from embedder.batches import by_tokens, filled, round_up
from embedder.encode import AS_DOCUMENTS, CORES, PassageVectors, Reading, Rows, normalise
from embedder.errors import EncoderError
from embedder.filehash import file_sha256
from embedder.pooling import check_lengths, count_tokens, decode, each_alone, pool, prompts_of
from embedder.records import Passage
from embedder.together import Together

# Importing OpenVINO tells its maker so over the network and leaves a number of this machine in
# the home folder, unless the package that does it cannot be imported.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
import openvino as _openvino  # noqa: E402

openvino: Any = _openvino  # its stubs miss what it adds to its C++ classes

Precision = Literal["bf16", "int8", "f32"]

CARD = "card.json"
MODEL = "model.xml"
MODEL_INT8 = "int8.xml"
TOKENIZER = "tokenizer.json"
COMPILED = "compiled"
# Names of a packed network's inputs, and of the outputs.
PACKED = ("input_ids", "segments", "position_ids")
TOKENS, TEXT = "tokens", "text"

# Tokens of a block, of a row of several, and of a padded batch. A question of several blocks is
# read on several cores; longer rows cost more a token, as each token looks at all of its row.
_BLOCK_TOKENS = 128
_ROW_TOKENS = 256
_BATCH_TOKENS = 2048
_FEW = 8
# For each new shape OpenVINO compiles, which takes as long as reading; so shapes are few, and
# rows are as long as a multiple of so many tokens. A sum over a row does not change in its last
# digits when it begins a multiple of this, of the numbers that a processor adds at once, later.
_COLUMNS = 16
# So many activations share a scale where weights are bytes.
_GROUP = 32
_CPUINFO = Path("/proc/cpuinfo")
# What a precision is tried with, how often, and the share of the time that a less exact one may
# take to be worth it.
_TRIED = "a short question and its terms " * 10
_TRIES = 5
_WORTH = 0.85
_Ids = np.ndarray[Any, np.dtype[np.int64]]
_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True)
class Card:
    """What the encoder must know of a converted model.

    `reads` is how many tokens one reading takes, special ones and prompts counted, `max_tokens`
    without; `inputs` are the network's; `first` is a text's first position in a packed one.
    `averages` says whether a text's vector is the plain average of its tokens' (of a packed
    network it is otherwise the first token's); `files` holds the SHA-256 (hex) of each file.
    """

    dim: int
    reads: int
    max_tokens: int
    query_prompt: str
    document_prompt: str
    averages: bool
    inputs: tuple[str, ...]
    first: int
    files: dict[str, str]

    @property
    def packed(self) -> bool:
        """Whether texts stand one behind another in a row."""
        return tuple(self.inputs) == PACKED


def write_card(folder: Path, card: Card) -> None:
    """Write a card beside the files that it names."""
    (folder / CARD).write_text(json.dumps(asdict(card), indent=1), encoding="utf-8")


def read_card(folder: Path) -> Card:
    """Read a card.

    Raises EncoderError if there is none.
    """
    try:
        return Card(**json.loads((folder / CARD).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise EncoderError(f"{folder} holds no converted model: {error}") from error


def check_files(folder: Path, card: Card, names: Iterable[str]) -> None:
    """Raise EncoderError if a file that the card names is not as it was written."""
    for name in names:
        try:
            same = file_sha256(folder / name).hex() == card.files.get(name)
        except OSError as error:
            raise EncoderError(f"{folder / name} cannot be read: {error}") from error
        if not same:
            raise EncoderError(f"{folder / name} is not as it was written")


class OpenVinoEncoder:
    """A converted model on the CPU; see `encode.Encoder`."""

    def __init__(
        self, name: str, folder: Path, fingerprint: str, precision: Precision | None = None
    ) -> None:
        """Load the converted model in `folder`.

        Without a `precision`, what this processor does fastest of f32, bf16 where it has
        instructions for it, and weights of a byte each (int8) where the model has them; it is
        tried once.

        Raises EncoderError if it is damaged or this processor cannot run it.
        """
        self.name, self.fingerprint = name, fingerprint
        self._card = read_card(folder)
        check_files(folder, self._card, (TOKENIZER,))
        self.dim, self.max_tokens = self._card.dim, self._card.max_tokens
        self.prompts: Mapping[str, str] = prompts_of(
            self._card.query_prompt, self._card.document_prompt
        )
        # Tokenizers keep how they cut, so the one that counts is another than the one that reads.
        self._counter = _tokenizer(folder)
        self._tokenizer = _tokenizer(folder)
        self._tokenizer.enable_truncation(self._card.reads)
        self._folder = folder
        self._network = _Network(folder, self._card, precision or self._fastest())
        self._pool = ThreadPoolExecutor(CORES, "encoder")
        self.precision = self._network.precision
        self.backend = f"openvino, {self.precision}"

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count each text's tokens; see `encode.Encoder`."""
        return count_tokens(self._counter, texts)

    def decode(self, ids: Sequence[int]) -> str:
        """Give tokens' text; see `encode.Encoder`."""
        return decode(self._counter, ids)

    def encode_queries(self, texts: Sequence[str]) -> Rows:
        """Encode questions; see `encode.Encoder`."""
        return self._rows(self._network, [self._card.query_prompt + text for text in texts])

    def encode_documents(self, texts: Sequence[str], reading: Reading = AS_DOCUMENTS) -> Rows:
        """Encode documents; see `encode.Encoder`.

        These vectors leave the house, so they are read at full precision: programs compare them
        with those of other servers.
        """
        prompt = self._card.document_prompt if reading.prompt is None else reading.prompt
        return self._rows(self._exact, [prompt + text for text in texts], reading)

    def encode_passages(self, passages: Sequence[Passage]) -> list[PassageVectors]:
        """Encode passages and their sentences; see `encode.Encoder`.

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
        if self._card.averages:
            return self._late(passages)
        return each_alone(
            passages,
            lambda texts: self._rows(
                self._network, [self._card.document_prompt + each for each in texts]
            ),
        )

    def _fastest(self) -> Precision:
        """Give the precision that this processor does fastest, as it was found the first time.

        Instructions for bf16 are no promise: some processors take longer with them than without.
        """
        core = openvino.Core()
        possible: list[Precision] = ["f32"]
        if "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            possible.append("bf16")
        if MODEL_INT8 in self._card.files:
            possible.append("int8")
        path = self._folder / COMPILED / f"{_key(core, possible, self._card)}.precision"
        with suppress(OSError):
            found = path.read_text(encoding="ascii")
            if found in possible:
                return found
        encoded = self._cut([_TRIED], self._tokenizer)
        times = {
            each: _seconds(_Network(self._folder, self._card, each), encoded) for each in possible
        }
        best = possible[0]
        for each in possible[1:]:
            if times[each] < _WORTH * times[best]:
                best = each
        _keep(path, best.encode("ascii"))
        return best

    @cached_property
    def _exact(self) -> _Network:
        """The model at full precision, for programs that want vectors; loaded when one does."""
        return _Network(self._folder, self._card, "f32")

    @cached_property
    def _from_end(self) -> Tokenizer:
        """The tokenizer that keeps the last tokens of a text; loaded when a program wants them."""
        tokenizer = _tokenizer(self._folder)
        tokenizer.enable_truncation(self._card.reads, direction="left")
        return tokenizer

    def _rows(
        self, network: _Network, texts: Sequence[str], reading: Reading = AS_DOCUMENTS
    ) -> Rows:
        if not texts:
            return np.empty((0, self.dim), dtype=np.float32)
        tokenizer = self._from_end if reading.from_end else self._tokenizer
        # sentence-transformers strips texts before it reads them.
        encoded = self._cut([text.strip() for text in texts], tokenizer)
        # A padded network may normalise itself, so its texts' vectors are no sums of tokens.
        pooled = self._card.averages and not reading.unit

        def vector(_at: int, tokens: Rows, text: Rows) -> Rows:
            return tokens.mean(axis=0) if pooled else text

        rows = np.stack(self._read(network, encoded, vector))
        return normalise(rows) if reading.unit else rows

    def _late(self, passages: Sequence[Passage]) -> list[PassageVectors]:
        prompt = self._card.document_prompt
        encoded = self._cut([prompt + each.text for each in passages], self._tokenizer)

        def vectors(at: int, tokens: Rows, text: Rows) -> PassageVectors:
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
        network: _Network,
        encoded: Sequence[Encoding],
        make: Callable[[int, Rows, Rows], _Made],
    ) -> list[_Made]:
        """Read texts, and give what is made of each one's number, tokens (t, dim) and (dim,)."""
        lengths = [len(each.ids) for each in encoded]
        if self._card.packed:
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


class _Network:
    """A compiled network, for as many callers at a time as there are cores, each on one.

    More cores for one question would only make questions asked at once collide, and many texts
    go through in less time side by side than one after another on all cores.
    """

    def __init__(self, folder: Path, card: Card, precision: Precision) -> None:
        settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": CORES,
            "INFERENCE_NUM_THREADS": CORES,
        }
        if precision == "int8":
            settings["DYNAMIC_QUANTIZATION_GROUP_SIZE"] = _GROUP
        else:
            settings["INFERENCE_PRECISION_HINT"] = precision
        name = MODEL_INT8 if precision == "int8" else MODEL
        compiled = _compiled(folder, card, name, settings)
        self.precision = precision
        self._card = card
        self._together = Together[Sequence[Encoding], list[tuple[Rows, Rows]]](
            self._read, _ROW_TOKENS if card.packed else 0, _width, CORES
        )
        self._requests: SimpleQueue[Any] = SimpleQueue()
        for _ in range(CORES):
            self._requests.put(compiled.create_infer_request())

    def read(self, encoded: Sequence[Encoding]) -> list[tuple[Rows, Rows]]:
        """Read texts as one block or batch: each one's tokens (t, dim) and its own (dim,)."""
        return self._together(encoded)

    def _read(self, blocks: Sequence[Sequence[Encoding]]) -> list[list[tuple[Rows, Rows]]]:
        if not self._card.packed:  # a batch alone
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
                [(each, each.mean(axis=0) if self._card.averages else each[0]) for each in own]
            )
            begin += _width(block)
        return found

    def _run(self, arrays: dict[str, _Ids]) -> dict[str, Rows]:
        request = self._requests.get()
        try:
            results = request.infer(arrays)
            names = (TOKENS,) if self._card.packed else (TOKENS, TEXT)
            return {name: np.array(results[name]) for name in names}
        finally:
            self._requests.put(request)

    def _in_a_row(self, blocks: Sequence[Sequence[Encoding]]) -> dict[str, _Ids]:
        arrays = {name: np.zeros((1, sum(map(_width, blocks))), np.int64) for name in PACKED}
        ids, segments, positions = (arrays[name][0] for name in PACKED)
        base = number = 0
        for block in blocks:
            begin = base
            for each in block:
                number += 1
                end = begin + len(each.ids)
                ids[begin:end] = each.ids
                segments[begin:end] = number
                positions[begin:end] = np.arange(len(each.ids)) + self._card.first
                begin = end
            base += _width(block)
        return arrays

    def _padded(self, encoded: Sequence[Encoding]) -> dict[str, _Ids]:
        longest = max(len(each.ids) for each in encoded)
        width = min(-(-longest // _COLUMNS) * _COLUMNS, self._card.reads)
        shape = (round_up(len(encoded)), width)
        arrays = {name: np.zeros(shape, np.int64) for name in self._card.inputs}
        for row, each in enumerate(encoded):
            columns = {
                "input_ids": each.ids,
                "attention_mask": each.attention_mask,
                "token_type_ids": each.type_ids,
            }
            for name, array in arrays.items():
                array[row, : len(each.ids)] = columns[name]
        return arrays


def _width(block: Sequence[Encoding]) -> int:
    """Give the tokens that a block takes in its row."""
    return -(-sum(len(each.ids) for each in block) // _COLUMNS) * _COLUMNS


def _seconds(network: _Network, encoded: Sequence[Encoding]) -> float:
    """Measure how long a network reads texts, at its best."""
    network.read(encoded)
    times = []
    for _ in range(_TRIES):
        begin = time.perf_counter()
        network.read(encoded)
        times.append(time.perf_counter() - begin)
    return min(times)


def _compiled(folder: Path, card: Card, model: str, settings: dict[str, Any]) -> Any:
    """Compile the network for this processor, or read what was compiled before.

    OpenVINO's own cache does not notice a damaged file, so each file here begins with the
    SHA-256 of the rest.

    Raises EncoderError if the network is damaged or cannot be run.
    """
    core = openvino.Core()
    path = folder / COMPILED / f"{_key(core, settings, model, card)}.blob"
    with suppress(OSError, RuntimeError):
        content = np.fromfile(path, np.uint8)
        if hashlib.sha256(content[32:].data).digest() == content[:32].tobytes():
            return core.import_model(openvino.Tensor(content[32:]), "CPU", settings)
    check_files(folder, card, (model, Path(model).with_suffix(".bin").name))
    try:
        compiled = core.compile_model(str(folder / model), "CPU", settings)
        blob: bytes = compiled.export_model().getvalue()
    except RuntimeError as error:
        raise EncoderError(f"OpenVINO cannot run {folder / model}: {error}") from error
    _keep(path, hashlib.sha256(blob).digest() + blob)
    return compiled


def _key(core: Any, *made_of: Any) -> str:
    """Name what holds for this processor and this OpenVINO alone."""
    of = (
        openvino.__version__,
        core.get_property("CPU", "FULL_DEVICE_NAME"),
        _abilities(),
        *made_of,
    )
    return hashlib.sha256(repr(of).encode()).hexdigest()[:16]


def _abilities() -> str:
    """Give what Linux says that the processor can do: virtual ones of one name differ in it."""
    with suppress(OSError):
        for line in _CPUINFO.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith(("flags", "Features")):
                return line
    return ""


def _keep(path: Path, content: bytes) -> None:
    """Write a file whole, if its folder can be written to: else the next start takes longer."""
    with suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        aside = path.with_suffix(f".{os.getpid()}")
        aside.write_bytes(content)
        aside.replace(path)


def _tokenizer(folder: Path) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer
