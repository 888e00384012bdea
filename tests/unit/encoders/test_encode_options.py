"""How programs may have texts encoded: cut at the left, with a prompt, not normalised, as tokens.

Checked against sentence-transformers itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize
from tokenizers import Tokenizer

from embedder.encoders.encoder import EncodeOptions, Encoder
from embedder.encoders.loading import load_encoder
from embedder.encoders.model_files import BUNDLED_MODEL, find_model, fingerprint
from embedder.encoders.openvino_encoder import OpenVinoEncoder
from embedder.encoders.preparing import prepare
from embedder.encoders.torch_encoder import TorchEncoder
from embedder.errors import EncoderError
from embedder.vectors import Float32Array, shorten
from tests.unit.encoders.test_torch_encoder import PROMPTS, make_model

pytestmark = pytest.mark.slow

LONG = " ".join(f"Sentence {number} names a shelter, a judge and a border." for number in range(60))
TEXTS = ["Victims are referred to a shelter.", "Zwei Sätze. Two sentences!", LONG]
STRANGE = [
    "Don't stop - it's 5 o'clock, isn't it?",
    "naïve façade; e.g. U.S.A. 🙂 漢字 ünïcode",
    'un[UNK]known and un-hyphen-ated (words) "quoted"',
    "x",
]


def by_torch(model: str = BUNDLED_MODEL) -> TorchEncoder:
    folder = find_model(model)
    return TorchEncoder(model, folder, fingerprint(folder))


@pytest.fixture(scope="module", params=["openvino", "torch"])
def either(request: pytest.FixtureRequest, encoder: Encoder) -> Encoder:
    """The default model by each backend."""
    return by_torch() if request.param == "torch" else encoder


@pytest.fixture
def plain() -> SentenceTransformer:
    """The default model by sentence-transformers alone."""
    return SentenceTransformer(str(find_model(BUNDLED_MODEL)), device="cpu")


def encode(model: SentenceTransformer, texts: list[str]) -> Float32Array:
    return np.asarray(model.encode(texts, show_progress_bar=False))


def test_truncated_left_the_last_tokens_are_read(
    either: Encoder, plain: SentenceTransformer
) -> None:
    found = either.encode_documents(TEXTS, EncodeOptions(truncate_left=True))
    plain.tokenizer.truncation_side = "left"
    np.testing.assert_allclose(found, encode(plain, TEXTS), atol=1e-5)
    usual = either.encode_documents(TEXTS)
    np.testing.assert_allclose(found[:2], usual[:2], atol=1e-5)
    assert float(found[2] @ usual[2]) < 0.999


def test_a_text_truncated_left_does_not_change_how_the_next_is_read(either: Encoder) -> None:
    before = either.encode_documents([LONG])
    either.encode_documents([LONG], EncodeOptions(truncate_left=True))
    np.testing.assert_array_equal(either.encode_documents([LONG]), before)


def test_rows_that_are_not_normalised_are_what_is_pooled(
    either: Encoder, plain: SentenceTransformer
) -> None:
    found = either.encode_documents(TEXTS, EncodeOptions(normalise=False))
    parts: list[Any] = [each for each in plain if not isinstance(each, Normalize)]
    assert len(parts) == len(plain) - 1
    wanted = encode(SentenceTransformer(modules=parts, device="cpu"), TEXTS)
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    lengths = np.linalg.norm(found, axis=1)
    assert (abs(lengths - 1) > 0.1).all()
    scaled = either.encode_documents(TEXTS)
    np.testing.assert_allclose(found / lengths[:, np.newaxis], scaled, atol=1e-5)


@pytest.mark.parametrize("kind", ["torch", "openvino"])
def test_a_prompt_of_the_model_stands_before_the_text(kind: str, tmp_path: Path) -> None:
    folder = str(make_model(tmp_path, prompts=PROMPTS))
    prepare(folder)
    model: Encoder = by_torch(folder) if kind == "torch" else load_encoder(folder)
    assert isinstance(model, TorchEncoder if kind == "torch" else OpenVinoEncoder)
    assert model.prompts == PROMPTS
    wanted = SentenceTransformer(folder, device="cpu")
    for use, prompt in PROMPTS.items():
        np.testing.assert_allclose(
            model.encode_documents(TEXTS[:2], EncodeOptions(prompt)),
            [
                row / np.linalg.norm(row)
                for row in np.asarray(wanted.encode(TEXTS[:2], prompt_name=use))
            ],
            atol=1e-5,
        )
    nothing = model.encode_documents(TEXTS[:1], EncodeOptions(""))
    assert float(nothing[0] @ model.encode_documents(TEXTS[:1])[0]) < 0.9999


def test_a_model_without_prompts_has_none(either: Encoder) -> None:
    assert either.prompts == {}


# Tokens.


@pytest.mark.parametrize("text", STRANGE)
def test_tokens_are_the_text_that_gives_the_same_tokens(either: Encoder, text: str) -> None:
    tokenizer = Tokenizer.from_file(str(find_model(BUNDLED_MODEL) / "tokenizer.json"))
    tokenizer.no_padding()
    ids = tokenizer.encode(text).ids
    again = tokenizer.encode(either.decode(ids)).ids
    assert again == ids
    assert tokenizer.encode(either.decode(ids[1:-1])).ids == ids  # without special ones too


def test_special_tokens_alone_have_no_text(either: Encoder) -> None:
    assert either.decode([]) == either.decode([101, 102]) == either.decode([0, 0]) == ""


@pytest.mark.parametrize("number", [-1, 30522, 2**32 - 1, 2**32, 2**70])
def test_a_token_that_is_not_in_the_vocabulary_is_refused(either: Encoder, number: int) -> None:
    with pytest.raises(EncoderError, match="not in the model's vocabulary of 30522") as caught:
        either.decode([101, number, 102])
    assert str(number) not in caught.value.message.replace("30522", "")


# Shorter vectors.


def test_shortened_rows_are_cut_and_normalised_again() -> None:
    rows = np.array([[0.6, 0.0, 0.8], [0.0, 0.0, 1.0]], dtype=np.float32)
    wanted = np.array([[1, 0], [0, 0]], dtype=np.float32)
    np.testing.assert_allclose(shorten(rows, 2), wanted, atol=1e-7)
    kept = np.array([[0.6, 0], [0, 0]], dtype=np.float32)
    np.testing.assert_allclose(shorten(rows, 2, normalised=False), kept, atol=1e-7)
    np.testing.assert_allclose(shorten(rows, 3), rows, atol=1e-7)


def test_shortened_rows_are_those_of_sentence_transformers(encoder: Encoder) -> None:
    plain = SentenceTransformer(str(find_model(BUNDLED_MODEL)), device="cpu", truncate_dim=64)
    wanted = np.asarray(plain.encode(TEXTS, normalize_embeddings=True))
    np.testing.assert_allclose(shorten(encoder.encode_documents(TEXTS), 64), wanted, atol=1e-5)
