"""The same documents give the same answers, whatever was indexed before and in which order."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from embedder.library import Library
from embedder.records import Answer, Filters, Hit, Question
from embedder.store.database import Store
from tests.conftest import write_jsonl
from tests.support.words import build_words, read_words

pytestmark = pytest.mark.slow

SUBJECTS = ("shelters", "nurses", "borders", "employers", "courts", "children", "fishermen")
ACTIONS = ("protect", "refer", "identify", "detain", "pay", "train", "interview", "recruit")
TOPICS = ("Health", "Law", "Work")

QUESTIONS = {
    "hybrid": Question("How do shelters protect children?", limit=100),
    "one word": Question("nurses", limit=100),
    "semantic": Question("courts interview fishermen in night", mode="semantic", limit=100),
    "keyword": Question("employers pay, courts detain", mode="keyword", limit=100),
    "several sentences": Question(
        "Nurses came by night. The employers did not pay them! Who protects fishermen?", limit=100
    ),
    "filtered": Question("shelters train", limit=100, filters=Filters(topics=("Law",))),
    "broad filter": Question("borders refer", limit=100, filters=Filters(year_from=2002)),
    "similar enough": Question("children identify courts", limit=100, min_similarity=0.4),
    "misspelt": Question("shelterz and employrs", limit=100),
    "unknown": Question("quokkas wander", limit=100),
    "verbatim": Question("Courts train nurses. They pay.", limit=100, expand=False),
}


def made_up(numbers: Sequence[int], *, twins: bool) -> list[dict[str, Any]]:
    """Documents of one to three passages; with `twins`, each text belongs to two documents."""
    documents = []
    for number in numbers:
        chance = random.Random(number // 2 if twins else number)  # noqa: S311 (no secret)
        sentences = [
            f"The {chance.choice(SUBJECTS)} {chance.choice(ACTIONS)} {chance.choice(SUBJECTS)} by "
            f"{chance.choice(('night', 'day'))} in year {chance.randint(1, 40)}."
            for _ in range(chance.randint(2, 12))
        ]
        documents.append(
            {
                "id": f"d{number * 37 % 401:03}",
                "title": f"{chance.choice(SUBJECTS)} and {chance.choice(SUBJECTS)}",
                "abstract": " ".join(sentences),
                "topics": [TOPICS[chance.randrange(3)]],
                "year": 2000 + chance.randrange(9),
            }
        )
    return documents


def in_one_build(folder: Path, documents: Sequence[dict[str, Any]]) -> None:
    build_words(folder / "v", write_jsonl(folder / "s" / "all.jsonl", *documents))


def file_by_file(folder: Path, documents: Sequence[dict[str, Any]]) -> None:
    """Index thirds of the documents, backwards, with others that are removed again in between."""
    sources = folder / "s"
    third = -(-len(documents) // 3)
    for start in (2 * third, 0, third):
        write_jsonl(sources / f"{start}.jsonl", *reversed(documents[start : start + third]))
        if start == 0:
            write_jsonl(sources / "others.jsonl", *made_up(range(200, 220), twins=False))
        if start == third:
            (sources / "others.jsonl").unlink()
        build_words(folder / "v", sources)


def shown(hits: Sequence[Hit]) -> list[tuple[Any, ...]]:
    """What a hit says, without the names of the files that its document was read from."""
    return [
        (
            hit.rank,
            hit.document.id,
            hit.score,
            hit.similarity,
            asdict(hit.legs),
            [asdict(sentence) for sentence in hit.evidence],
            [asdict(part) for part in hit.matched],
        )
        for hit in hits
    ]


def said(answer: Answer) -> tuple[Any, ...]:
    return (
        answer.verdict,
        answer.total,
        shown(answer.hits),
        {name: [asdict(count) for count in counts] for name, counts in answer.facets.items()},
        answer.understood,
    )


@pytest.fixture(scope="module", params=[False, True], ids=["different texts", "equal texts"])
def folders(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """Two libraries of the same documents that grew in different ways."""
    folder = tmp_path_factory.mktemp("orders")
    documents = made_up(range(60), twins=request.param)
    in_one_build(folder / "one", documents)
    file_by_file(folder / "other", documents)
    return folder / "one" / "v", folder / "other" / "v"


@pytest.fixture(scope="module")
def libraries(folders: tuple[Path, Path]) -> tuple[Library, Library]:
    return read_words(folders[0]), read_words(folders[1])


def test_the_libraries_hold_the_same_documents_in_another_order(
    libraries: tuple[Library, Library], folders: tuple[Path, Path]
) -> None:
    ids = sorted(document["id"] for document in made_up(range(60), twins=False))
    rows = []
    for folder in folders:
        with Store(folder).snapshot() as snapshot:
            rows.append([snapshot.row_of(document_id) for document_id in ids])
    assert rows[0] != rows[1]
    assert [library.load().documents for library in libraries] == [60, 60]


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_answers_do_not_depend_on_the_order_of_indexing(
    question: Question, libraries: tuple[Library, Library]
) -> None:
    one, other = (said(library.ask(question)) for library in libraries)
    assert one == other


def test_similar_documents_do_not_depend_on_the_order_of_indexing(
    libraries: tuple[Library, Library],
) -> None:
    one, other = (shown(library.similar("d000", limit=100)) for library in libraries)
    assert len(one) == 59
    assert one == other


def test_equal_scores_and_similarities_are_in_the_order_of_ids(
    libraries: tuple[Library, Library],
) -> None:
    for library in libraries:
        hits = library.ask(QUESTIONS["hybrid"]).hits
        order = [(-hit.score, -hit.similarity, hit.document.id) for hit in hits]
        assert order == sorted(order)
