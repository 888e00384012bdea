"""Runs a converted model with OpenVINO: the fast way on a CPU, without torch.

`convert.py` writes the folder that is read here:

    model.xml, model.bin   the network: token ids to tokens' vectors and the text's vector
    tokenizer.json         the model's own tokenizer
    card.json              what the encoder must know, and the hashes of the files
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
from tokenizers import Encoding, Tokenizer

from embedder.batches import by_tokens, round_up
from embedder.encode import CORES, PassageVectors, Rows, normalise
from embedder.errors import EncoderError
from embedder.pooling import check_lengths, pool
from embedder.records import Passage
from embedder.together import Together

# Importing OpenVINO tells its maker so over the network and leaves a number of this machine in
# the home folder, unless the package that does it cannot be imported.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
import openvino as _openvino  # noqa: E402

openvino: Any = _openvino  # its stubs miss what it adds to its C++ classes

CARD = "card.json"
MODEL = "model.xml"
TOKENIZER = "tokenizer.json"
COMPILED = "compiled"
# Names of the network's outputs.
TOKENS, TEXT = "tokens", "text"

_BATCH_TOKENS = 4096
# More texts than this are documents or words, for which all cores work together.
_QUESTIONS = 64
# For each new shape OpenVINO compiles, which takes as long as reading; so shapes are few, and
# rows are as long as a multiple of so many tokens.
_COLUMNS = 16
_Ids = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Card:
    """What the encoder must know of a converted model.

    `reads` is how many tokens one reading takes, special ones and prompts counted, `max_tokens`
    without; `inputs` are the network's; `averages` says whether a text's vector is the plain
    average of its tokens'; `files` holds the SHA-256 (hex) of each file.
    """

    dim: int
    reads: int
    max_tokens: int
    query_prompt: str
    document_prompt: str
    averages: bool
    inputs: tuple[str, ...]
    files: dict[str, str]


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
            same = hash_of(folder / name) == card.files[name]
        except OSError as error:
            raise EncoderError(f"{folder / name} cannot be read: {error}") from error
        if not same:
            raise EncoderError(f"{folder / name} is not as it was written")


def hash_of(path: Path) -> str:
    """Give a file's SHA-256 (hex)."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class OpenVinoEncoder:
    """A converted model on the CPU; see `encode.Encoder`."""

    def __init__(
        self, name: str, folder: Path, fingerprint: str, precision: str | None = None
    ) -> None:
        """Load the converted model in `folder`.

        `precision` is `bf16`, `f16` or `f32`; without it, what the processor does fastest
        without losing any answer: bf16 where it has instructions for it.

        Raises EncoderError if it is damaged or this processor cannot run it.
        """
        self.name, self.fingerprint = name, fingerprint
        self._card = read_card(folder)
        check_files(folder, self._card, (TOKENIZER,))
        self.dim, self.max_tokens = self._card.dim, self._card.max_tokens
        # Tokenizers keep how they cut, so the one that counts is another than the one that reads.
        self._counter = _tokenizer(folder)
        self._tokenizer = _tokenizer(folder)
        self._tokenizer.enable_truncation(self._card.reads)
        self._folder = folder
        self._hints = {"INFERENCE_PRECISION_HINT": precision} if precision else {}
        # One question runs on one core: with more, questions asked at once only collide.
        self._asking = _Network(folder, self._card, CORES, self._hints)
        self._together = Together(lambda texts: self._rows(self._asking, texts), _QUESTIONS, CORES)
        self.backend = f"openvino, {self._asking.precision}"

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count each text's tokens; see `encode.Encoder`."""
        if len(texts) == 1:  # without the cost of starting threads
            return [len(self._counter.encode(texts[0], add_special_tokens=False).ids)]
        encoded = self._counter.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(each.ids) for each in encoded]

    def encode_queries(self, texts: Sequence[str]) -> Rows:
        """Encode questions; see `encode.Encoder`."""
        return self._encode([self._card.query_prompt + text for text in texts])

    def encode_documents(self, texts: Sequence[str]) -> Rows:
        """Encode documents; see `encode.Encoder`.

        These vectors leave the house, so they are read at full precision: programs compare them
        with those of other servers.
        """
        if not texts:
            return np.empty((0, self.dim), dtype=np.float32)
        return self._rows(self._exact, [self._card.document_prompt + text for text in texts])

    def encode_passages(self, passages: Sequence[Passage]) -> list[PassageVectors]:
        """Encode passages and their sentences; see `encode.Encoder`.

        A model that averages its tokens gives a sentence's vector by `pooling`; others read
        each sentence again, alone.
        """
        counts = self.count_tokens([each.text for each in passages])
        check_lengths(passages, counts, self.max_tokens, self.name)
        if self._card.averages:
            return self._late(passages)
        prompt = self._card.document_prompt
        whole = self._encode([prompt + each.text for each in passages])
        texts = [prompt + each.text[a:b] for each in passages for a, b in each.offsets]
        rows = iter(self._encode(texts))
        return [
            PassageVectors(vector, np.stack([next(rows) for _ in each.offsets]))
            for vector, each in zip(whole, passages, strict=True)
        ]

    @cached_property
    def _building(self) -> _Network:
        """The model on all cores; a server that only answers never loads it."""
        return _Network(self._folder, self._card, 1, self._hints)

    @cached_property
    def _exact(self) -> _Network:
        """The model at full precision, for programs that want vectors; loaded when one does."""
        return _Network(self._folder, self._card, CORES, {"INFERENCE_PRECISION_HINT": "f32"})

    def _encode(self, texts: Sequence[str]) -> Rows:
        if not texts:
            return np.empty((0, self.dim), dtype=np.float32)
        return (
            self._together(texts) if len(texts) <= _QUESTIONS else self._rows(self._building, texts)
        )

    def _rows(self, network: _Network, texts: Sequence[str]) -> Rows:
        # sentence-transformers strips texts before it reads them.
        encoded = self._tokenizer.encode_batch([text.strip() for text in texts])
        rows = np.empty((len(texts), self.dim), dtype=np.float32)
        for batch in by_tokens([len(each.ids) for each in encoded], _BATCH_TOKENS):
            rows[batch] = network.run([encoded[at] for at in batch])[1]
        return normalise(rows)

    def _late(self, passages: Sequence[Passage]) -> list[PassageVectors]:
        prompt = self._card.document_prompt
        encoded = self._tokenizer.encode_batch([prompt + each.text for each in passages])
        vectors: dict[int, PassageVectors] = {}
        for batch in by_tokens([len(each.ids) for each in encoded], _BATCH_TOKENS):
            tokens, rows = self._building.run([encoded[at] for at in batch])
            whole = normalise(rows)
            for row, at in enumerate(batch):
                offsets = np.asarray(encoded[at].offsets)
                places = np.asarray(passages[at].offsets) + len(prompt)
                own = tokens[row, : len(offsets)]
                vectors[at] = PassageVectors(whole[row], pool(own, offsets, places, whole[row]))
        return [vectors[at] for at in range(len(passages))]


class _Network:
    """A compiled network, for so many callers at a time as it has streams.

    All cores are divided among the streams.
    """

    def __init__(self, folder: Path, card: Card, streams: int, hints: Mapping[str, str]) -> None:
        settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": streams,
            "INFERENCE_NUM_THREADS": CORES,
            **hints,
        }
        compiled = _compiled(folder, card, settings)
        self.precision: str = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        self._requests: SimpleQueue[Any] = SimpleQueue()
        for _ in range(streams):
            self._requests.put(compiled.create_infer_request())
        self._inputs, self._reads = card.inputs, card.reads

    def run(self, encoded: Sequence[Encoding]) -> tuple[Rows, Rows]:
        """Read texts: their tokens' vectors float32 (n, longest, dim), and theirs (n, dim)."""
        longest = max(len(each.ids) for each in encoded)
        shape = (round_up(len(encoded)), min(-(-longest // _COLUMNS) * _COLUMNS, self._reads))
        arrays: dict[str, _Ids] = {name: np.zeros(shape, np.int64) for name in self._inputs}
        for row, each in enumerate(encoded):
            columns = {
                "input_ids": each.ids,
                "attention_mask": each.attention_mask,
                "token_type_ids": each.type_ids,
            }
            for name in self._inputs:
                arrays[name][row, : len(each.ids)] = columns[name]
        request = self._requests.get()
        try:
            results = request.infer(arrays)
            rows = len(encoded)
            return np.array(results[TOKENS][:rows]), np.array(results[TEXT][:rows])
        finally:
            self._requests.put(request)


def _compiled(folder: Path, card: Card, settings: dict[str, Any]) -> Any:
    """Compile the network for this processor, or read what was compiled before.

    OpenVINO's own cache does not notice a damaged file, so each file here begins with the
    SHA-256 of the rest.

    Raises EncoderError if the network is damaged or cannot be run.
    """
    core = openvino.Core()
    made_of = (openvino.__version__, core.get_property("CPU", "FULL_DEVICE_NAME"), settings, card)
    name = hashlib.sha256(repr(made_of).encode()).hexdigest()[:16]
    path = folder / COMPILED / f"{name}.blob"
    with suppress(OSError, RuntimeError):
        content = np.fromfile(path, np.uint8)
        if hashlib.sha256(content[32:].data).digest() == content[:32].tobytes():
            return core.import_model(openvino.Tensor(content[32:]), "CPU", settings)
    check_files(folder, card, (MODEL, Path(MODEL).with_suffix(".bin").name))
    try:
        compiled = core.compile_model(str(folder / MODEL), "CPU", settings)
        blob: bytes = compiled.export_model().getvalue()
    except RuntimeError as error:
        raise EncoderError(f"OpenVINO cannot run {folder / MODEL}: {error}") from error
    # A cache that cannot be written to costs the next start a second, nothing more.
    with suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        aside = path.with_suffix(f".{os.getpid()}")
        aside.write_bytes(hashlib.sha256(blob).digest() + blob)
        aside.replace(path)
    return compiled


def _tokenizer(folder: Path) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer
