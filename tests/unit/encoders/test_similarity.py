"""How alike texts are: cosines in order, in range, and nothing cut unsaid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer
from sentence_transformers.util import cos_sim

from embedder.encoders.encoder import Encoder
from embedder.encoders.loading import load_encoder
from embedder.encoders.model_files import BUNDLED_MODEL, find_model
from embedder.encoders.similarity import compare
from embedder.vectors import cosine, normalise
from tests.unit.encoders.test_torch_encoder import PROMPTS, make_model

pytestmark = pytest.mark.slow

SOURCE = "A nurse meets a person who was trafficked."
TEXTS = [
    "A health worker sees a victim of trafficking.",
    "The harvest of olives begins in October.",
    SOURCE,
    "A nurse meets a person.",
]


def test_cosines_are_those_of_sentence_transformers(encoder: Encoder) -> None:
    model = SentenceTransformer(str(find_model(BUNDLED_MODEL)), device="cpu")
    wanted = cos_sim(model.encode([SOURCE]), model.encode(TEXTS))[0].tolist()
    assert compare(encoder, SOURCE, TEXTS).similarities == pytest.approx(wanted, abs=1e-5)


def test_the_nearer_text_has_the_larger_cosine(encoder: Encoder) -> None:
    near, far, same, _ = compare(encoder, SOURCE, TEXTS).similarities
    assert far < 0.2
    assert 0.5 < near < same


def test_a_text_and_itself_have_cosine_one_and_no_more(encoder: Encoder) -> None:
    texts = [SOURCE, "x", "ß", "Zwei Sätze. Two sentences.", "word " * 200]
    for text in texts:
        (found,) = compare(encoder, text, [text]).similarities
        assert 1.0 - 1e-6 <= found <= 1.0


def test_the_order_of_a_pair_is_no_matter(encoder: Encoder) -> None:
    for text in TEXTS:
        one = compare(encoder, SOURCE, [text]).similarities
        other = compare(encoder, text, [SOURCE]).similarities
        assert one == pytest.approx(other, abs=1e-6)


def test_cosines_stand_in_the_order_of_the_texts(encoder: Encoder) -> None:
    forth = compare(encoder, SOURCE, TEXTS).similarities
    back = compare(encoder, SOURCE, TEXTS[::-1]).similarities
    assert forth == pytest.approx(back[::-1], abs=1e-5)
    assert len(set(forth)) == len(TEXTS)


def test_a_text_given_twice_is_answered_twice(encoder: Encoder) -> None:
    one, other = compare(encoder, SOURCE, [TEXTS[0], TEXTS[0]]).similarities
    assert one == pytest.approx(other, abs=1e-6)


def test_a_cosine_does_not_depend_on_the_other_texts(encoder: Encoder) -> None:
    many = compare(encoder, SOURCE, [*TEXTS, "word " * 200, *TEXTS * 9])
    assert many.similarities[0] == pytest.approx(
        compare(encoder, SOURCE, TEXTS[:1]).similarities[0], abs=1e-5
    )


def test_nothing_to_compare_gives_nothing(encoder: Encoder) -> None:
    assert compare(encoder, SOURCE, []).similarities == ()


def test_texts_longer_than_the_model_reads_are_named(encoder: Encoder) -> None:
    fits = " ".join(["word"] * encoder.max_tokens)
    over = f"{fits} more"
    found = compare(encoder, SOURCE, [fits, over, "x", over + over])
    assert found.truncated == (1, 3)
    assert found.similarities[0] == pytest.approx(found.similarities[1], abs=1e-5)


def test_a_source_longer_than_the_model_reads_is_named_first(encoder: Encoder) -> None:
    over = " ".join(["word"] * (encoder.max_tokens + 1))
    assert compare(encoder, over, ["x", over]).truncated == (-1, 1)
    assert compare(encoder, SOURCE, TEXTS).truncated == ()


def test_both_sides_are_read_as_documents(tmp_path: Path) -> None:
    encoder = load_encoder(str(make_model(tmp_path, prompts=PROMPTS)))
    plain = load_encoder(str(make_model(tmp_path / "plain")))  # the same weights
    found = compare(encoder, SOURCE, TEXTS).similarities
    wanted = compare(plain, f"passage: {SOURCE}", [f"passage: {text}" for text in TEXTS])
    assert found == pytest.approx(wanted.similarities, abs=1e-5)


# The arithmetic below it.


def test_normalise_scales_rows_and_leaves_zeros() -> None:
    rows = np.array([[3, 4], [0, 0], [1e-15, 0], [-5, 0]], dtype=np.float32)
    wanted = np.array([[0.6, 0.8], [0, 0], [1, 0], [-1, 0]], dtype=np.float32)
    np.testing.assert_allclose(normalise(rows), wanted, rtol=1e-6)
    assert normalise(rows).dtype == np.float32


@pytest.mark.parametrize("shape", [(0, 3), (1, 3), (3,)])
def test_normalise_keeps_the_shape(shape: tuple[int, ...]) -> None:
    assert normalise(np.ones(shape, dtype=np.float32)).shape == shape


def test_cosine_stays_in_range_where_rounding_would_leave_it() -> None:
    row = normalise(np.random.default_rng(1).standard_normal((200, 384)).astype(np.float32))
    found = cosine(row, row)
    assert found.shape == (200, 200)
    assert found.max() <= 1.0
    np.testing.assert_allclose(np.diag(found), 1.0, atol=1e-6)
    np.testing.assert_allclose(cosine(row, -row).min(axis=1), -1.0, atol=1e-6)
