"""The same text gives the same vector bit for bit, whatever else is encoded with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from embedder.encoders.encoder import Encoder
from embedder.encoders.openvino_encoder import OpenVinoEncoder
from embedder.encoders.openvino_export import convert
from embedder.encoders.openvino_package import read_config
from embedder.vectors import Float32Array
from tests.conftest import in_threads
from tests.unit.encoders.test_torch_encoder import KINDS, a_passage, load, make_model

pytestmark = pytest.mark.slow

SENTENCE = "They were promised work on a farm, and their passports were taken away from them."
# Of 2 to 18 tokens, of a whole row, and of more than one.
TEXTS = [" ".join(SENTENCE.split()[:count]) for count in range(16)]
TEXTS += [f"{SENTENCE} {number}. " * (1 + number) for number in range(8)]


# Tiny models, and whether they are packed.
TINY = {"padded": False, "head": True, "mpnet": True}


def find_encoder(kind: str, folder: Path, place: Path) -> Encoder:
    """The bundled model at a precision, or a tiny one; that one may run on torch."""
    if kind == "torch":
        return load(make_model(folder))
    if kind in TINY:
        convert(
            load(make_model(folder, **KINDS["dense" if kind == "padded" else kind])), folder / "p"
        )
        assert read_config(folder / "p").packed is TINY[kind]
        return OpenVinoEncoder("m", folder / "p", "", "f32")
    assert read_config(place).packed
    if kind == "f32":
        return OpenVinoEncoder("m", place, "", "f32")
    return OpenVinoEncoder("m", place, "", "int8" if kind == "int8" else None)


@pytest.fixture(
    scope="module",
    params=["by the rule", "f32", "int8", *TINY, "torch", "our quick one", "our one for languages"],
)
def each_encoder(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    place: Path,
    our_reader: Callable[..., Encoder],
) -> Encoder:
    if request.param.startswith("our "):
        return our_reader("quick" if "quick" in request.param else "languages")
    return find_encoder(request.param, tmp_path_factory.mktemp("model"), place)


@pytest.mark.parametrize("method", ["stored queries", "documents"])
def test_a_text_has_the_vector_that_it_has_alone(each_encoder: Encoder, method: str) -> None:
    def encode(texts: list[str]) -> Float32Array:
        if method == "documents":
            return each_encoder.encode_documents(texts)
        return each_encoder.encode_queries(texts, reproducible=True)

    alone = [encode([text])[0] for text in TEXTS]
    random = np.random.default_rng(1)
    for _ in range(12):
        chosen = random.choice(len(TEXTS), random.integers(2, 30))  # some of them twice
        for index, row in zip(chosen, encode([TEXTS[index] for index in chosen]), strict=True):
            np.testing.assert_array_equal(row, alone[index], err_msg=TEXTS[index])


def test_a_passage_and_its_sentences_have_the_vectors_that_they_have_alone(
    each_encoder: Encoder,
) -> None:
    words = SENTENCE.split()
    passages = [
        a_passage("A title" * (count % 2), " ".join(words[:count]), "Another one.", SENTENCE)
        for count in range(1, 15)
    ]
    alone = [each_encoder.encode_passages([passage])[0] for passage in passages]
    random = np.random.default_rng(2)
    for _ in range(6):
        chosen = random.choice(len(passages), random.integers(2, 20))
        found = each_encoder.encode_passages([passages[index] for index in chosen])
        for index, vectors in zip(chosen, found, strict=True):
            np.testing.assert_array_equal(vectors.passage, alone[index].passage)
            np.testing.assert_array_equal(vectors.sentences, alone[index].sentences)
    assert not np.array_equal(alone[0].passage, alone[1].passage)


def test_vectors_are_the_same_whoever_else_encodes(each_encoder: Encoder) -> None:
    alone = each_encoder.encode_queries(TEXTS, reproducible=True)

    def encode(number: int) -> None:
        chosen = list(range(number % 4, len(TEXTS), 2))
        rows = each_encoder.encode_queries([TEXTS[index] for index in chosen], reproducible=True)
        np.testing.assert_array_equal(rows, alone[chosen])

    in_threads(4, encode)
