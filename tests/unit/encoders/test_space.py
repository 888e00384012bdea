"""The readers of a library: each text by the one that reads it, loaded when it is needed."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from embedder.build.pipeline import index
from embedder.encoders.encoder import EncodeOptions, Encoder
from embedder.encoders.loading import SPACE_MODELS
from embedder.encoders.readers import DIM, ReaderName
from embedder.encoders.space import SpaceEncoder
from embedder.errors import EncoderError
from embedder.library import Library
from embedder.records import Document, Passage, Precision, Report, Span
from tests.conftest import Silent, in_threads
from tests.support.readers import ROOM, Readers

ENGLISH = "How are victims of trafficking referred to a shelter near them?"
FRENCH = "Comment les victimes de la traite sont-elles orientées vers un refuge ?"
ARABIC = "كيف تتم إحالة ضحايا الاتجار بالبشر إلى مأوى قريب منهم؟"


def space(
    load: Readers,
    documents: ReaderName = "full",
    queries: ReaderName = "full",
    precision: Precision | None = "f32",
) -> SpaceEncoder:
    return SpaceEncoder(f"fingerpost-{documents}", documents, queries, load, precision)


# What is loaded, and when.


def test_the_reader_of_questions_is_loaded_at_once_and_the_others_when_they_are_needed() -> None:
    load = Readers()
    encoder = space(load, queries="quick")
    assert load.names == ["quick"]
    encoder.encode_queries([ENGLISH])
    encoder.for_queries("en").encode_queries([ENGLISH])
    assert load.names == ["quick"]
    assert encoder.max_tokens == ROOM["full"]
    assert load.names == ["quick", "full"]
    encoder.encode_queries([FRENCH])
    assert load.names == ["quick", "full", "languages"]
    encoder.encode_queries([ENGLISH, ARABIC])
    encoder.encode_documents([ENGLISH, FRENCH])
    assert load.names == ["quick", "full", "languages"]


def test_one_reader_of_both_is_loaded_once() -> None:
    load = Readers()
    encoder = space(load, precision=None)
    assert encoder.for_queries("en") is encoder.for_documents("en") is load["full"]
    assert load.loaded == [("full", None)]


def test_the_precision_is_that_of_the_reader_of_documents() -> None:
    load = Readers(precision="bf16")
    encoder = space(load, queries="quick", precision=None)
    encoder.for_queries("fr")
    assert encoder.precision == "bf16"
    assert load.loaded == [("full", None), ("quick", "bf16"), ("languages", "bf16")]


def test_a_question_in_english_does_not_wait_for_another_languages_reader() -> None:
    begun, go_on = threading.Event(), threading.Event()

    class Slow(Readers):
        def __call__(self, name: ReaderName, precision: Precision | None) -> Encoder:
            if name == "languages":
                begun.set()
                assert go_on.wait(20)
            return super().__call__(name, precision)

    encoder = space(Slow())
    asks_in_french = threading.Thread(target=lambda: encoder.for_queries("fr"))
    asks_in_french.start()
    assert begun.wait(20)
    answered: list[Encoder] = []
    asks_in_english = threading.Thread(target=lambda: answered.append(encoder.for_queries("en")))
    asks_in_english.start()
    asks_in_english.join(20)
    assert [each.name for each in answered] == ["fingerpost/full"]
    go_on.set()
    asks_in_french.join(20)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_several_that_need_a_reader_load_it_once(language: str) -> None:
    load = Readers(seconds=0.05)
    encoder = space(load, queries="quick")
    found = in_threads(6, lambda _: encoder.for_documents(language))
    assert len(load.names) == 2
    assert all(each is found[0] for each in found)


# Which reads what.


@pytest.mark.parametrize(
    ("language", "queries", "documents"),
    [
        ("en", "quick", "full"),
        ("fr", "languages", "languages"),
        ("ar", "languages", "languages"),
        ("so", "languages", "languages"),
    ],
)
def test_a_language_has_its_reader(
    language: str, queries: ReaderName, documents: ReaderName
) -> None:
    load = Readers()
    encoder = space(load, queries="quick")
    assert encoder.for_queries(language) is load[queries]
    assert encoder.for_documents(language) is load[documents]


def test_texts_are_read_by_the_reader_of_their_language_and_come_back_in_their_order() -> None:
    load = Readers()
    encoder = space(load, queries="quick")
    texts = [ARABIC, ENGLISH, FRENCH, f"{ENGLISH} Again."]
    wanted = np.concatenate([encoder.encode_queries([text]) for text in texts])
    load["quick"].queries.clear()
    load["languages"].queries.clear()
    rows = encoder.encode_queries(texts, reproducible=True)
    assert rows.shape == (4, DIM)
    assert rows.dtype == np.float32
    np.testing.assert_array_equal(rows, wanted)
    assert len({row.tobytes() for row in rows}) == 4
    assert load["quick"].queries == [ENGLISH, f"{ENGLISH} Again."]
    assert sorted(load["languages"].queries) == sorted([ARABIC, FRENCH])
    assert load["quick"].reproducible[-1]
    assert load["languages"].reproducible[-1]


def test_documents_are_read_by_the_reader_of_documents_with_its_options() -> None:
    load = Readers()
    encoder = space(load, queries="quick")
    options = EncodeOptions(prompt="p: ", normalise=False)
    np.testing.assert_array_equal(
        encoder.encode_documents([FRENCH, ENGLISH], options),
        encoder.encode_queries([FRENCH, ENGLISH]),
    )
    assert (load["full"].documents, load["languages"].documents) == ([ENGLISH], [FRENCH])
    assert load["full"].options == load["languages"].options == [options]


def test_nothing_to_encode_gives_nothing() -> None:
    encoder = space(Readers())
    assert encoder.encode_queries([]).shape == encoder.encode_documents([]).shape == (0, DIM)
    assert encoder.encode_passages([]) == []


def a_passage(text: str, reader: str = "") -> Passage:
    return Passage(text, (Span("abstract", 0, len(text)),), ((0, len(text)),), reader)


def test_passages_are_read_by_the_reader_that_they_name_and_come_back_in_their_order() -> None:
    load = Readers()
    encoder = space(load)
    passages = [
        a_passage("un", "fingerpost/languages"),
        a_passage("one"),
        a_passage("two", "fingerpost/full"),
        a_passage("three", "fingerpost/quick"),
        a_passage("deux", "fingerpost/languages"),
    ]
    found = encoder.encode_passages(passages)
    assert load["languages"].passages == ["un", "deux"]
    assert load["full"].passages == ["one", "two"]
    assert load["quick"].passages == ["three"]
    for passage, vectors in zip(passages, found, strict=True):
        (wanted,) = load["full"].encode_documents([passage.text])
        np.testing.assert_array_equal(vectors.passage, wanted)


@pytest.mark.parametrize("name", ["fingerpost/another", "full", "all-MiniLM-L6-v2"])
def test_a_passage_of_another_reader_is_refused(name: str) -> None:
    with pytest.raises(EncoderError) as caught:
        space(Readers()).encode_passages([a_passage("one", name)])
    assert caught.value.message == (
        f"no reader is called {name!r}; there are full, quick, languages"
    )


def test_tokens_and_prompts_are_those_of_the_reader_of_documents() -> None:
    load = Readers()
    encoder = space(load, documents="quick", queries="full")
    assert encoder.max_tokens == ROOM["quick"]
    assert encoder.prompts == {"document": "quick: "}
    assert encoder.count_tokens(["one two", "three"]) == [2, 1]
    with pytest.raises(EncoderError, match="the stand-in has no tokens"):
        encoder.decode([1])
    assert encoder.backend == "stand-in for full"  # which answers


# The reader of other languages may be missing.


def test_without_it_english_readers_read_all_languages_and_that_is_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    load = Readers(missing=["languages"])
    encoder = space(load, queries="quick")
    assert encoder.for_queries("fr") is load["quick"]
    assert encoder.for_documents("ar") is load["full"]
    np.testing.assert_array_equal(
        encoder.encode_queries([FRENCH]), load["quick"].encode_queries([FRENCH])
    )
    assert load.names.count("languages") == 1
    (line,) = caplog.messages
    assert line == (
        "Texts in other languages than English are read by the quick reader, which understands "
        "them much less: the reader languages is not here. Get it."
    )


def test_a_library_whose_passages_it_read_is_not_read_otherwise() -> None:
    encoder = space(Readers(missing=["languages"]))
    with pytest.raises(EncoderError, match="the reader languages is not here"):
        encoder.encode_passages([a_passage("un", "fingerpost/languages")])


def test_another_reader_cannot_be_missing() -> None:
    with pytest.raises(EncoderError, match="the reader quick is not here"):
        space(Readers(missing=["quick"]), queries="quick")


# Fingerprints.


def test_a_fingerprint_is_of_the_reader_of_documents_and_the_precision() -> None:
    readers: tuple[ReaderName, ...] = ("full", "quick")
    precisions: tuple[Precision, ...] = ("f32", "bf16")
    found = {
        (documents, precision): {
            space(Readers(), documents, queries, precision).fingerprint for queries in readers
        }
        for documents in readers
        for precision in precisions
    }
    assert all(len(each) == 1 for each in found.values())
    assert len(set.union(*found.values())) == 4


def test_a_fingerprint_does_not_depend_on_which_readers_can_be_had() -> None:
    without = space(Readers(missing=["languages"]))
    without.for_documents("fr")
    assert without.fingerprint == space(Readers()).fingerprint


# Libraries.

DOCUMENTS = [
    Document(id="shelter", title="A shelter", abstract="Victims find a place to sleep there."),
    Document(id="refuge", title="Un refuge", abstract=f"{FRENCH} Elles y trouvent un lit."),
    Document(id="nurses", title="A guide for nurses", abstract="Signs of harm, and whom to call."),
]


def build(folder: Path, load: Readers, model: str = "fingerpost-full") -> Report:
    return index(folder, DOCUMENTS, Silent(), model, load=load.load)


@pytest.mark.slow
def test_a_document_in_french_is_read_by_the_reader_of_languages(tmp_path: Path) -> None:
    load = Readers()
    build(tmp_path / "v", load)
    assert load["full"].passages == [
        "A shelter\nVictims find a place to sleep there.",
        "A guide for nurses\nSigns of harm, and whom to call.",
    ]
    assert load["languages"].passages == [f"Un refuge\n{FRENCH} Elles y trouvent un lit."]
    library = Library(tmp_path / "v", load=load.load)
    _, manifest = library.status()
    assert manifest.model == "fingerpost-full"
    assert manifest.readers == {"fingerpost/full": 2, "fingerpost/languages": 1}
    assert manifest.dim == DIM
    assert library.verify() == []


@pytest.mark.slow
def test_without_the_reader_of_languages_it_is_read_by_that_of_documents(tmp_path: Path) -> None:
    build(tmp_path / "v", Readers(missing=["languages"]))
    _, manifest = Library(tmp_path / "v").status()
    assert manifest.readers == {"fingerpost/full": 3}


@pytest.mark.slow
@pytest.mark.parametrize("documents", SPACE_MODELS)
def test_a_library_is_asked_with_another_reader_and_nothing_is_embedded_again(
    tmp_path: Path, documents: str
) -> None:
    assert build(tmp_path / "v", Readers(), documents).embedded == 3
    answers = []
    readers: tuple[ReaderName, ...] = ("full", "quick")
    for reader in readers:
        load = Readers()
        library = Library(tmp_path / "v", load=load.load, reader=reader)
        answer = library.search("a place to sleep", mode="semantic", expand=False)
        answers.append(answer.as_dict())
        assert answers[-1]["hits"][0]["document"]["id"] == "shelter"
        assert load.names == [reader]
        assert "a place to sleep" in load[reader].queries
        assert load[reader].passages == []
        assert build(tmp_path / "v", Readers(), documents).embedded == 0
    first, second = ([hit["score"] for hit in answer["hits"]] for answer in answers)
    assert first == second


@pytest.mark.slow
def test_another_reader_of_documents_embeds_them_again(tmp_path: Path) -> None:
    build(tmp_path / "v", Readers())
    load = Readers()
    assert build(tmp_path / "v", load, "fingerpost-quick").embedded == 3
    assert len(load["quick"].passages) == 2
    _, manifest = Library(tmp_path / "v").status()
    assert manifest.readers == {"fingerpost/quick": 2, "fingerpost/languages": 1}
