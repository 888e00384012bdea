"""What the tests of searching share: libraries, and how to look at answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, cast

import pytest

from embedder.build.pipeline import index
from embedder.encoders.encoder import Encoder
from embedder.library import Library
from embedder.records import Answer, Document, Manifest, Question
from embedder.search.loading import load
from embedder.search.served import ServedGeneration
from embedder.store.database import Store
from embedder.store.snapshot import Snapshot
from tests.conftest import Silent, write_jsonl
from tests.support.words import WordEncoder, build_words

Ask = Callable[..., Answer]

PREVENTION = "What works in prevention programmes against trafficking?"
DISASTERS = "violence against women after earthquakes, and shelters. What about children at sea?"

THINGS = ("cats", "ships", "taxes", "music", "bread", "rivers", "moons", "wars", "books", "fevers")
PLACES = ("Chad", "Peru", "Laos", "Malta", "Nepal", "Oman", "Togo", "Cuba", "Fiji", "Mali")
TIMES = ("in spring", "by night")


@pytest.fixture(scope="session")
def ask(seed_library: Library) -> Ask:
    """Ask the library of the seeds; the same question is searched for once."""
    answer = cache(seed_library.ask)

    def ask_it(text: str, **values: Any) -> Answer:
        return answer(Question(text, **values))

    return ask_it


@pytest.fixture(scope="session")
def seeds(seed_vectors: Path) -> list[Document]:
    with Store(seed_vectors).snapshot() as snapshot:
        return [document for _, document in snapshot.rows()]


@pytest.fixture(scope="session")
def animals(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Library:
    return make(
        tmp_path_factory.mktemp("animals"),
        encoder,
        {"id": "cats", "title": "Cats", "abstract": "Cats sleep. Cats hunt mice at night."},
        {"id": "dogs", "title": "Dogs and wolves bark"},
        {"id": "fish", "title": "", "abstract": "🐟 Fısh — naïve ones swim. They sleep, too."},
        {"id": "stars", "title": "Stars", "abstract": "The sun is a star.", "year": 1999},
    )


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Library:
    """A library of 200 documents: more than are reranked."""
    return make(
        tmp_path_factory.mktemp("large"),
        encoder,
        *(
            {"id": f"d{number}", "title": f"{thing} of {place} {when}", "year": 1000 + number}
            for number, (thing, place, when) in enumerate(product(THINGS, PLACES, TIMES))
        ),
    )


def make(folder: Path, encoder: Encoder, *documents: Mapping[str, Any]) -> Library:
    """Build a library of these documents."""

    def same_encoder(*_: object, **__: object) -> Encoder:
        return encoder

    source = write_jsonl(folder / "made.jsonl", *documents)
    index(folder / "vectors", [source], Silent(), load=same_encoder)
    return Library(folder / "vectors", load=same_encoder)


def ids(answer: Answer) -> list[str]:
    return [hit.document.id for hit in answer.hits]


def without_time(answer: Answer) -> Answer:
    return replace(answer, took_ms=0.0)


def counted(documents: Sequence[Document]) -> dict[str, dict[str | int, int]]:
    """Count by hand what the facets count."""
    years = [document.year for document in documents if document.year]
    return {
        **{
            facet: dict(
                Counter(value for document in documents for value in set(getattr(document, facet)))
            )
            for facet in ("countries", "regions", "topics", "authors")
        },
        "years": dict(Counter(years)),
    }


def facets(answer: Answer) -> dict[str, dict[str | int, int]]:
    return {
        facet: {each.value: each.count for each in counts}
        for facet, counts in answer.facets.items()
    }


# A library of the stand-in model, whose vectors are sums of words.

WORDS: list[dict[str, Any]] = [
    {
        "id": "cats",
        "title": "Cats",
        "abstract": "Cats sleep all day. They hunt mice at night.",
        "topics": ["Pets"],
        "year": 1990,
    },
    {
        "id": "dogs",
        "title": "Dogs",
        "abstract": " ".join(
            f"Dogs bark at the {number} trees by the river." for number in range(9)
        ),
        "topics": ["Pets"],
        "year": 2000,
    },
    {"id": "empty", "title": "", "abstract": "", "topics": ["Pets"]},
    {"id": "fish", "title": "Fish", "abstract": "Fish swim in rivers.", "year": 2010},
    {"id": "herons", "title": "Herons", "abstract": "Herons hunt fish in rivers. They wade."},
]


@pytest.fixture(scope="session")
def words_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a library of WORDS; tests must not write to it."""
    folder = tmp_path_factory.mktemp("words")
    build_words(folder / "vectors", write_jsonl(folder / "words.jsonl", *WORDS))
    return folder / "vectors"


@contextmanager
def serving(folder: Path) -> Iterator[tuple[ServedGeneration, Snapshot]]:
    """Load the newest generation of a library of the stand-in model."""
    with Store(folder).snapshot() as snapshot:
        served = load(snapshot, folder, snapshot.generation(), load_words)
        yield served, snapshot


def load_words(_: Manifest) -> Encoder:
    return cast("Encoder", WordEncoder())


@pytest.fixture
def served(words_folder: Path) -> Iterator[ServedGeneration]:
    with serving(words_folder) as (served_words, _):
        yield served_words


def positions_by_id(served: ServedGeneration, snapshot: Snapshot) -> dict[str, int]:
    """The position of each document of a library."""
    documents = snapshot.documents(served.facets.rows.tolist())
    return {documents[row].id: position for position, row in enumerate(served.facets.rows.tolist())}
