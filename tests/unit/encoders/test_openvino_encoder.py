"""The fast backend gives the plain way's vectors, and the cache is made, checked and mended."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from embedder.encoders.encoder import Encoder
from embedder.encoders.model_files import BUNDLED_MODEL, find_model, fingerprint
from embedder.encoders.openvino_encoder import OpenVinoEncoder
from embedder.encoders.openvino_export import convert
from embedder.encoders.openvino_package import read_config
from embedder.encoders.torch_encoder import TorchEncoder
from embedder.errors import EncoderError
from embedder.records import Precision
from embedder.vectors import Float32Array
from tests.conftest import in_threads
from tests.unit.encoders.test_torch_encoder import KINDS, TEXTS, a_passage, make_model

pytestmark = pytest.mark.slow  # models are converted or compiled

LONG = "They were promised work on a farm. Their passports were taken away. " * 12
MANY = [f"{text} {number}" for number in range(30) for text in (*TEXTS[:4], LONG)]


def plain(folder: Path) -> TorchEncoder:
    return TorchEncoder(str(folder), folder, fingerprint(folder))


def fast(
    torch_encoder: TorchEncoder, place: Path, precision: Precision | None = None
) -> OpenVinoEncoder:
    convert(torch_encoder, place)
    return OpenVinoEncoder(torch_encoder.name, place, "", precision)


@pytest.fixture(scope="module")
def torch_encoder() -> TorchEncoder:
    return plain(find_model(BUNDLED_MODEL))


def least_cosine(one: Float32Array, other: Float32Array) -> float:
    return float((one * other).sum(axis=-1).min())


def test_the_default_model_runs_without_torch(encoder: Encoder) -> None:
    assert encoder.backend.startswith("openvino, ")


LEAST: dict[Precision, float] = {"f32": 0.999999, "bf16": 0.9995, "int8": 0.995}


@pytest.mark.parametrize("precision", [None, "f32", "int8"])
def test_vectors_are_the_plain_ways(
    torch_encoder: TorchEncoder, place: Path, precision: Precision | None
) -> None:
    found = OpenVinoEncoder("m", place, "", precision)
    least = LEAST[found.precision]
    for texts in (TEXTS[:4], [LONG], MANY):
        assert (
            least_cosine(found.encode_queries(texts), torch_encoder.encode_queries(texts)) > least
        )
    passages = [a_passage("A title", "One sentence.", text, LONG[:300]) for text in TEXTS[:4]]
    for one, other in zip(
        found.encode_passages(passages), torch_encoder.encode_passages(passages), strict=True
    ):
        assert least_cosine(one.passage, other.passage) > least
        assert least_cosine(one.sentences, other.sentences) > least


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "prompts left out of the mean"])
def test_every_kind_of_model_is_converted(kind: str, tmp_path: Path) -> None:
    torch_encoder = plain(make_model(tmp_path, **KINDS[kind]))
    found = fast(torch_encoder, tmp_path / "place", "f32")
    assert (found.dim, found.max_tokens) == (torch_encoder.dim, torch_encoder.max_tokens)
    for method in ("encode_queries", "encode_documents"):
        rows, wanted = (getattr(each, method)(TEXTS[:4]) for each in (found, torch_encoder))
        np.testing.assert_allclose(rows, wanted, atol=1e-5)
    passage = a_passage("A title", "The first one.", "And a second one.")
    (one,), (other,) = found.encode_passages([passage]), torch_encoder.encode_passages([passage])
    np.testing.assert_allclose(one.passage, other.passage, atol=1e-5)
    np.testing.assert_allclose(one.sentences, other.sentences, atol=1e-5)


def test_vectors_for_programs_are_the_plain_ways_to_the_last_digits(
    torch_encoder: TorchEncoder, encoder: Encoder
) -> None:
    texts = [*TEXTS, LONG]
    found, wanted = encoder.encode_documents(texts), torch_encoder.encode_documents(texts)
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_rows_and_sentences_have_length_one(encoder: Encoder) -> None:
    found = encoder.encode_passages([a_passage("A title", "The first one.", "A second one.")])
    for rows in (encoder.encode_queries(TEXTS), found[0].passage[None], found[0].sentences):
        assert rows.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-6)


def test_passages_come_back_in_their_order(encoder: Encoder) -> None:
    passages = [a_passage("", f"{'Much more of it. ' * (at % 7)}Number {at}.") for at in range(60)]
    together = encoder.encode_passages(passages)
    for at in (0, 6, 13, 59):
        (alone,) = encoder.encode_passages([passages[at]])
        assert least_cosine(together[at].passage, alone.passage) > 0.9995


def test_a_text_is_read_up_to_the_limit_and_no_further(place: Path) -> None:
    encoder = OpenVinoEncoder("m", place, "", "f32")
    words = ["word"] * (encoder.max_tokens - 1)
    fits, over = " ".join([*words, "end"]), " ".join([*words, "end", *["more"] * 300])
    rows = encoder.encode_queries([fits, over, " ".join(words)])
    assert least_cosine(rows[0], rows[1]) > 0.99999
    assert least_cosine(rows[0], rows[2]) < 0.9999
    assert encoder.count_tokens([over]) == [encoder.max_tokens + 300]


def test_a_longer_passage_is_refused_not_cut(encoder: Encoder) -> None:
    passage = a_passage("", " ".join(["word"] * (encoder.max_tokens + 1)))
    with pytest.raises(EncoderError, match="is longer than the 254 that"):
        encoder.encode_passages([passage])


def test_nothing_to_encode_gives_nothing(encoder: Encoder) -> None:
    assert encoder.encode_queries([]).shape == (0, encoder.dim)
    assert encoder.encode_passages([]) == []
    assert encoder.count_tokens([]) == []


def test_many_threads_encode_as_one_does(encoder: Encoder) -> None:
    texts = ["short", "a text of some more words", LONG]
    wanted = encoder.encode_queries(texts)

    def work(own: int) -> None:
        for _ in range(15):
            rows = encoder.encode_queries([texts[own % 3], texts[(own + 1) % 3]])
            assert least_cosine(rows, wanted[[own % 3, (own + 1) % 3]]) >= 0.9995

    in_threads(8, work)


@pytest.mark.parametrize("precision", ["f32", "int8"])
def test_texts_in_one_row_do_not_see_one_another(place: Path, precision: Precision) -> None:
    encoder = OpenVinoEncoder("m", place, "", precision)
    assert read_config(place).packed
    for others in (TEXTS[1:4], [LONG], ["x"] * 40):
        together = encoder.encode_queries([TEXTS[0], *others])
        alone = encoder.encode_queries([TEXTS[0]])
        assert least_cosine(together[:1], alone) > (0.999999 if precision == "f32" else 0.999)


@pytest.mark.parametrize(("kind", "first"), [("roberta", 1), ("mpnet", 2)])
def test_a_model_whose_positions_begin_behind_its_padding_is_packed(
    tmp_path: Path, kind: Literal["roberta", "mpnet"], first: int
) -> None:
    torch_encoder = plain(make_model(tmp_path, kind=kind))
    found = fast(torch_encoder, tmp_path / "place", "f32")
    config = read_config(tmp_path / "place")
    assert (config.packed, config.first) == (True, first)
    rows, wanted = (each.encode_queries(TEXTS[:4]) for each in (found, torch_encoder))
    np.testing.assert_allclose(rows, wanted, atol=1e-5)


@pytest.mark.parametrize("kind", ["head", "head and prompts", "mpnet"])
def test_a_linear_head_or_a_bias_of_positions_is_no_reason_to_pad(
    tmp_path: Path, kind: str
) -> None:
    torch_encoder = plain(make_model(tmp_path, **KINDS[kind]))
    found = fast(torch_encoder, tmp_path / "place", "f32")
    config = read_config(tmp_path / "place")
    assert (config.packed, config.averages) == (True, True)
    for others in (TEXTS[1:4], [LONG], ["x"] * 40):
        rows = found.encode_queries([TEXTS[0], *others])
        assert least_cosine(rows[:1], torch_encoder.encode_queries(TEXTS[:1])) > 0.999999


def test_a_model_that_does_more_than_pool_is_padded(tmp_path: Path) -> None:
    fast(plain(make_model(tmp_path, dense=True)), tmp_path / "place")
    assert not read_config(tmp_path / "place").packed


@pytest.mark.parametrize("precision", ["f32", "int8"])
def test_vectors_are_the_same_to_the_last_digit_whoever_else_asks(
    place: Path, precision: Precision
) -> None:
    encoder = OpenVinoEncoder("m", place, "", precision)
    asked = [[f"{text} {at}", TEXTS[at % 4]] for at, text in enumerate(TEXTS[:4] * 3)]
    alone = [encoder.encode_queries(each) for each in asked]

    def ask(_: int) -> list[Float32Array]:
        return [encoder.encode_queries(each) for each in asked]

    for found in in_threads(8, ask):
        for one, other in zip(found, alone, strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_model_that_cannot_have_bytes_for_weights_runs_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise TypeError("not this one")

    monkeypatch.setattr("nncf.compress_weights", fail)
    found = fast(plain(make_model(tmp_path)), tmp_path / "place")
    assert found.precision in ("bf16", "f32")
    assert not [name for name in read_config(tmp_path / "place").files if "int8" in name]


def test_equal_passages_have_equal_vectors(place: Path) -> None:
    encoder = OpenVinoEncoder("m", place, "")
    cats, dogs = a_passage("Cats. ", "Cats sleep."), a_passage("Dogs. ", "Dogs run at night.")
    found = encoder.encode_passages([cats, dogs, cats, cats, dogs, cats, cats])
    for one, others in ((0, (2, 3, 5, 6)), (1, (4,))):
        for other in others:
            np.testing.assert_array_equal(found[one].passage, found[other].passage)
            np.testing.assert_array_equal(found[one].sentences, found[other].sentences)
    assert not np.array_equal(found[0].passage, found[1].passage)
