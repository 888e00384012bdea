"""Our readers themselves: OpenVINO's vectors are torch's, and all of them are in one space."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import numpy as np
import pytest

from embedder.encoders.encoder import Encoder
from embedder.encoders.readers import DIM, READERS, ReaderName, locate_reader
from embedder.encoders.torch_encoder import TorchEncoder
from embedder.vectors import Float32Array
from tests.unit.encoders.test_torch_encoder import a_passage

pytestmark = pytest.mark.slow  # they are converted and loaded

# The same questions in English, Arabic, French and Spanish.
QUESTIONS = [
    (
        "Where can a woman sleep who has fled from her employer?",
        "أين يمكن أن تنام امرأة هربت من صاحب العمل؟",
        "Où peut dormir une femme qui a fui son employeur ?",
        "¿Dónde puede dormir una mujer que ha huido de su empleador?",
    ),
    (
        "How do I get my passport back?",
        "كيف أستعيد جواز سفري؟",
        "Comment récupérer mon passeport ?",
        "¿Cómo recupero mi pasaporte?",
    ),
    (
        "Children are begging at the traffic lights.",
        "أطفال يتسولون عند إشارات المرور.",
        "Des enfants mendient aux feux rouges.",
        "Hay niños que piden limosna en los semáforos.",
    ),
    (
        "What should a nurse ask a patient with burns?",
        "ماذا تسأل الممرضة مريضا مصابا بحروق؟",
        "Que doit demander une infirmière à un patient brûlé ?",
        "¿Qué debe preguntar una enfermera a un paciente con quemaduras?",
    ),
    (
        "The fishermen have not been paid for two years.",
        "لم يتقاض الصيادون أجورهم منذ سنتين.",
        "Les pêcheurs n'ont pas été payés depuis deux ans.",
        "Los pescadores no han cobrado desde hace dos años.",
    ),
]
ENGLISH = [english for english, *_ in QUESTIONS]
LONG = " ".join(ENGLISH * 12)
TEXTS = [*ENGLISH, QUESTIONS[0][1], QUESTIONS[1][2], "x", LONG]


@pytest.fixture(scope="module", params=["quick", "languages"])
def both(
    request: pytest.FixtureRequest, our_reader: Callable[..., Encoder]
) -> Iterator[tuple[Encoder, TorchEncoder]]:
    """A reader at f32, and the same with torch."""
    name: ReaderName = request.param
    converted = our_reader(name, "f32")
    files = locate_reader(name)
    with ExitStack() as stack:
        folder = stack.enter_context(files.open_folder())
        yield converted, TorchEncoder(files.name, folder, files.sha256)


def least_cosine(one: Float32Array, other: Float32Array) -> float:
    return float((one * other).sum(axis=-1).min())


def test_a_converted_reader_has_torchs_vectors(both: tuple[Encoder, TorchEncoder]) -> None:
    converted, on_torch = both
    assert converted.backend == "openvino, f32"
    assert (converted.dim, converted.max_tokens) == (DIM, on_torch.max_tokens)
    assert converted.prompts == on_torch.prompts
    assert converted.count_tokens(TEXTS) == on_torch.count_tokens(TEXTS)
    assert max(converted.count_tokens(TEXTS)) > converted.max_tokens
    for method in ("encode_queries", "encode_documents"):
        found, wanted = (getattr(each, method)(TEXTS) for each in both)
        assert least_cosine(found, wanted) > 0.99999, method
    passages = [a_passage("A title", *ENGLISH), a_passage("", *(each[1] for each in QUESTIONS))]
    for found, wanted in zip(*(each.encode_passages(passages) for each in both), strict=True):
        assert least_cosine(found.passage, wanted.passage) > 0.99999
        assert least_cosine(found.sentences, wanted.sentences) > 0.99999


def test_a_reader_has_the_prompts_and_the_room_that_it_was_taught_with(
    both: tuple[Encoder, TorchEncoder],
) -> None:
    converted, on_torch = both
    reader = READERS["quick" if "quick" in converted.name else "languages"]
    assert on_torch.reads == reader.max_tokens
    assert converted.prompts.get("query", "") == reader.query_prompt
    assert converted.prompts.get("document", "") == reader.document_prompt
    asked = converted.encode_queries(ENGLISH)
    wanted = on_torch.model.encode(
        [reader.query_prompt + text for text in ENGLISH], normalize_embeddings=True
    )
    assert least_cosine(asked, np.asarray(wanted)) > 0.99999


def assert_nearest(rows: Float32Array, translations: Float32Array) -> None:
    """Check that each row is nearer to the one of its own number than to any other."""
    cosines = rows @ translations.T
    assert cosines.argmax(axis=1).tolist() == list(range(len(rows)))
    assert cosines.argmax(axis=0).tolist() == list(range(len(rows)))


@pytest.fixture(scope="module")
def translated(our_reader: Callable[..., Encoder]) -> tuple[Float32Array, list[Float32Array]]:
    """The questions in English by the quick reader, and in each language by that of languages."""
    languages = our_reader("languages")
    asked = [
        languages.encode_queries(list(each)) for each in list(zip(*QUESTIONS, strict=True))[1:]
    ]
    return our_reader("quick").encode_queries(ENGLISH), asked


@pytest.mark.parametrize("language", range(3), ids=["Arabic", "French", "Spanish"])
def test_a_question_is_nearest_to_its_translation_read_by_another_reader(
    translated: tuple[Float32Array, list[Float32Array]], language: int
) -> None:
    english, asked = translated
    assert_nearest(asked[language], english)


@pytest.fixture(scope="module")
def full(our_reader: Callable[..., Encoder]) -> Encoder:
    """The full reader, whose conversion takes longest."""
    return our_reader("full")


def test_the_full_reader_is_in_the_same_space(
    full: Encoder, translated: tuple[Float32Array, list[Float32Array]]
) -> None:
    found = full.encode_documents(ENGLISH)
    assert found.shape == (len(ENGLISH), DIM)
    english, asked = translated
    for rows in (english, *asked):
        assert_nearest(rows, found)


def test_the_full_readers_vectors_do_not_depend_on_what_is_beside_a_text(full: Encoder) -> None:
    texts = [" ".join(ENGLISH)[:length] for length in range(20, 300, 20)]  # 5 to 70 tokens
    alone = [full.encode_queries([text], reproducible=True)[0] for text in texts]
    random = np.random.default_rng(3)
    for _ in range(4):
        chosen = random.permutation(len(texts) * 2) % len(texts)
        rows = full.encode_queries([texts[index] for index in chosen], reproducible=True)
        for index, row in zip(chosen, rows, strict=True):
            np.testing.assert_array_equal(row, alone[index], err_msg=texts[index])
