"""Documents are split for what reads them."""

from __future__ import annotations

import pytest

from embedder.encoders.documents import split_for
from embedder.encoders.readers import ReaderName
from embedder.records import Document
from embedder.text.passages import content_hash
from tests.support.readers import ROOM, Readers
from tests.support.words import WordEncoder

ENGLISH = Document(
    id="e",
    title="A shelter",
    abstract=" ".join(f"Victims find the place number {count} there." for count in range(12)),
)
FRENCH = Document(
    id="f",
    title="Un refuge",
    abstract=" ".join(f"Les victimes y trouvent le lieu numéro {count}." for count in range(12)),
)


def test_a_model_without_readers_is_not_named() -> None:
    encoder = WordEncoder()
    for document in (ENGLISH, FRENCH):
        passages = split_for(encoder, document)
        assert len(passages) > 1
        assert {each.reader for each in passages} == {""}
        assert max(encoder.count_tokens([each.text for each in passages])) <= encoder.max_tokens


@pytest.mark.parametrize(
    ("document", "reader"), [(ENGLISH, "full"), (FRENCH, "languages")], ids=["English", "French"]
)
def test_a_document_is_split_for_the_reader_of_its_language(
    document: Document, reader: ReaderName
) -> None:
    load = Readers()
    passages = split_for(load.load(), document)
    assert {each.reader for each in passages} == {f"fingerpost/{reader}"}
    lengths = [len(each.text.split()) for each in passages]
    assert ROOM[reader] / 2 < max(lengths) <= ROOM[reader]
    assert " ".join(each.text.partition("\n")[2] for each in passages) == document.abstract
    # Another reader's vectors of the same text are others.
    assert content_hash(passages[0]) != content_hash(split_for(WordEncoder(), document)[0])


def test_the_reader_of_questions_splits_nothing() -> None:
    load = Readers()
    split_for(load.load("fingerpost-full", reader="quick", precision="f32"), ENGLISH)
    assert load.names == ["quick", "full"]


def test_without_the_reader_of_languages_the_one_that_reads_it_is_named() -> None:
    passages = split_for(Readers(missing=["languages"]).load(), FRENCH)
    assert {each.reader for each in passages} == {"fingerpost/full"}


def test_a_document_without_text_has_no_passages() -> None:
    assert split_for(Readers().load(), Document(id="a", title="", abstract=" ")) == []
