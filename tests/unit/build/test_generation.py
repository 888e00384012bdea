"""Large libraries are built upon what was there; the answers are those of one built anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embedder.build.pipeline import index
from embedder.errors import LibraryDamaged
from embedder.index import document_map
from embedder.index.tsne import lay_out
from embedder.library import Library
from embedder.records import Answer, Filters, Question
from embedder.store import generations
from embedder.store.writer import Writer
from embedder.vectors import Float64Array
from tests.conftest import Silent, write_jsonl
from tests.support.words import WordEncoder, a_document, build_words, read_words, returns

pytestmark = pytest.mark.slow  # libraries are built, several a test

TOPICS = ("Health", "Law", "Work")


def many(first: int, last: int, **more: Any) -> list[dict[str, Any]]:
    return [
        a_document(f"d{at}", topics=[TOPICS[at % 3]], year=2000 + at % 7, authors=[f"A {at % 5}"])
        | more
        for at in range(first, last)
    ]


def many_ids(first: int, last: int) -> list[str]:
    return [f"d{at}" for at in range(first, last)]


@pytest.fixture
def base(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every library is large enough to be built upon."""
    monkeypatch.setattr("embedder.build.generation.FULL_REBUILD_UP_TO", 0)


@pytest.fixture
def inverted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every library of more than 50 passages has an inverted file."""
    monkeypatch.setattr("embedder.index.exact.EXACT_UP_TO", 50)


QUESTIONS = (
    Question("Abstract of d17.", mode="semantic", limit=20),
    Question("Title d33", mode="semantic", filters=Filters(topics=("Law",)), limit=20),
    Question("more", mode="keyword", limit=20),
    Question("d12 d44 more", limit=20, filters=Filters(year_from=2003, authors=("A 2",))),
)


def told(answer: Answer) -> tuple[Any, ...]:
    facets = {
        name: sorted((c.value, c.count) for c in each) for name, each in answer.facets.items()
    }
    return answer.total, facets


def changed_library(folder: Path, tmp_path: Path) -> Library:
    """A library that grew by a file, lost a file, and had some documents changed."""
    one, two, three = (tmp_path / f"{name}.jsonl" for name in ("one", "two", "three"))
    write_jsonl(one, *many(0, 100))
    write_jsonl(two, *many(100, 110))
    build_words(folder, one, two)
    write_jsonl(three, *many(110, 130))
    build_words(folder, three)
    changed = many(0, 96) + many(96, 100, topics=["New"], abstract="Quite other words.")
    write_jsonl(one, *changed)
    write_jsonl(two, *many(200, 203))
    build_words(folder, one, two)
    return read_words(folder)


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize("kind", ["exact", "approximate"])
def test_a_library_built_upon_answers_as_one_built_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    if kind == "approximate":
        monkeypatch.setattr("embedder.index.exact.EXACT_UP_TO", 50)
    grown = changed_library(tmp_path / "v", tmp_path)
    generation, manifest = grown.status()
    assert (generation, manifest.documents, manifest.dense["kind"]) == (3, 123, kind)
    assert grown.verify() == []

    monkeypatch.setattr("embedder.build.generation.FULL_REBUILD_UP_TO", 10_000)
    monkeypatch.setattr("embedder.index.exact.EXACT_UP_TO", 200_000)
    build_words(tmp_path / "w", *(tmp_path / f"{name}.jsonl" for name in ("one", "two", "three")))
    full_rebuild = read_words(tmp_path / "w")
    for question in QUESTIONS:
        one, other = grown.ask(question), full_rebuild.ask(question)
        assert told(one) == told(other)
        if question.mode == "semantic":
            assert [hit.document.id for hit in one.hits[:5]] == [
                hit.document.id for hit in other.hits[:5]
            ]
    assert "New" in {count.value for count in grown.ask(QUESTIONS[0]).facets["topics"]}


@pytest.mark.usefixtures("base", "inverted")
def test_what_is_gone_is_not_found_and_what_is_new_is(tmp_path: Path) -> None:
    grown = changed_library(tmp_path / "v", tmp_path)
    for key in ("d202", "d125", "d50"):
        question = Question(f"Title {key} Abstract of {key}. More.", mode="semantic", limit=3)
        assert grown.ask(question).hits[0].document.id == key
    first = grown.ask(Question("Abstract of d105.", mode="semantic", limit=100))
    everything = [*first.hits, *grown.ask(replace(QUESTIONS[0], offset=100, limit=100)).hits]
    found = {hit.document.id for hit in everything}
    assert not found & {f"d{at}" for at in range(100, 110)}
    (near,) = (hit for hit in grown.similar("d202", limit=100) if hit.rank == 1)
    assert near.document.id != "d202"


@pytest.mark.usefixtures("inverted")
@pytest.mark.parametrize("name", ["index.faiss", "passages.npy", "0.f16"])
def test_a_damaged_index_is_named_and_mended(tmp_path: Path, name: str) -> None:
    source = write_jsonl(tmp_path / "s.jsonl", *many(0, 100))
    build_words(tmp_path / "v", source)
    file = tmp_path / "v" / "generations" / "1" / "dense" / name
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    assert f"'dense/{name}'" in read_words(tmp_path / "v").problems()[0]
    with pytest.raises(LibraryDamaged, match="fingerpost index"):
        read_words(tmp_path / "v").load()
    build_words(tmp_path / "v", source)
    assert read_words(tmp_path / "v").problems() == []
    assert read_words(tmp_path / "v").ask(QUESTIONS[0]).hits


# The map.


def chart_of(folder: Path, generation: int) -> document_map.DocumentMap:
    return document_map.read(generations.folder(folder, generation) / generations.MAP)


def test_the_map_is_a_file_of_the_generation(tmp_path: Path) -> None:
    build_words(tmp_path / "v", write_jsonl(tmp_path / "s.jsonl", *many(0, 30)))
    files = read_words(tmp_path / "v").status()[1].files
    assert files["map.npz"] == generations.hashes(tmp_path / "v" / "generations" / "1")["map.npz"]
    assert chart_of(tmp_path / "v", 1).ids == tuple(sorted(many_ids(0, 30)))


def test_sources_in_another_order_give_the_same_map(tmp_path: Path) -> None:
    one = write_jsonl(tmp_path / "one.jsonl", *many(0, 20))
    two = write_jsonl(tmp_path / "two.jsonl", *many(20, 45)[::-1])
    build_words(tmp_path / "v", one, two)
    build_words(tmp_path / "w", two, one)
    this, other = chart_of(tmp_path / "v", 1), chart_of(tmp_path / "w", 1)
    assert this.ids == other.ids
    assert this.rows.tolist() != other.rows.tolist()
    assert np.array_equal(this.points, other.points)
    assert np.array_equal(this.nearest, other.nearest)


@pytest.mark.parametrize("base", [True, False], ids=["upon", "anew"])
def test_a_map_is_kept_while_its_documents_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, base: bool
) -> None:
    monkeypatch.setattr("embedder.build.generation.FULL_REBUILD_UP_TO", 0 if base else 10_000)
    monkeypatch.setattr("embedder.index.document_map.MAX_DOCUMENTS", 20)
    source = write_jsonl(tmp_path / "one.jsonl", *many(0, 60))
    build_words(tmp_path / "v", source)
    before = chart_of(tmp_path / "v", 1)
    laid_out: list[int] = []
    real = lay_out

    def count(rows: Float64Array, start: Float64Array | None = None) -> Float64Array:
        laid_out.append(len(rows))
        return real(rows, start)

    monkeypatch.setattr(document_map, "lay_out", count)
    out = next(each for each in many(0, 60) if each["id"] not in before.ids)
    changed = [{**each, "year": 1990} if each == out else each for each in many(0, 60)]
    write_jsonl(source, *changed)
    assert build_words(tmp_path / "v", source).changed == 1
    after = chart_of(tmp_path / "v", 2)
    assert np.array_equal(after.points, before.points)
    assert laid_out == []
    shown = next(each for each in many(0, 60) if each["id"] in before.ids)
    write_jsonl(
        source, *({**each, "abstract": "Other."} if each == shown else each for each in changed)
    )
    build_words(tmp_path / "v", source)
    assert laid_out == [20]
    assert chart_of(tmp_path / "v", 3).ids == before.ids


def test_only_the_vectors_of_documents_on_the_map_are_read_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("embedder.index.document_map.MAX_DOCUMENTS", 7)
    asked: list[int] = []
    real = Writer.passage_vectors

    def watch(self: Writer, model: str, dim: int, ids: Any = None) -> Iterator[Any]:
        if ids is not None:
            asked.append(len(ids))
        return real(self, model, dim, ids)

    monkeypatch.setattr(Writer, "passage_vectors", watch)
    report = build_words(tmp_path / "v", write_jsonl(tmp_path / "s.jsonl", *many(0, 60)))
    assert asked == [7]
    assert report.embedded == 60
    assert len(chart_of(tmp_path / "v", 1).ids) == 7


def test_a_map_of_another_model_is_not_gone_on_from(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "s.jsonl", *many(0, 30))
    build_words(tmp_path / "v", source)
    other = WordEncoder("other words")
    for folder in ("v", "w"):
        index(
            tmp_path / folder, [source], Silent(), "other words", replace=True, load=returns(other)
        )
    assert read_words(tmp_path / "v").status()[0] == 2
    grown, full_rebuild = chart_of(tmp_path / "v", 2), chart_of(tmp_path / "w", 1)
    assert np.array_equal(grown.points, full_rebuild.points)


def test_a_library_in_another_language_answers_in_it(tmp_path: Path) -> None:
    source = write_jsonl(
        tmp_path / "french.jsonl",
        {"id": "a", "title": "Les passeports", "abstract": "Un employeur garde les passeports."},
        {
            "id": "b",
            "title": "Les refuges",
            "abstract": "Une femme cherche un refuge pour la nuit.",
        },
    )
    build_words(tmp_path / "vectors", source)
    library = read_words(tmp_path / "vectors")
    found = library.ask(Question("mon employeur a pris mon passeport", mode="keyword"))
    assert [hit.document.id for hit in found.hits] == ["a"]
    # Its words are no English ones: none corrects an English question, and none is near one.
    assert library.ask(Question("my pasport is with a refug worker")).understood == ()
