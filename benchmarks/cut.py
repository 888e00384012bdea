"""Cut libraries of many sizes and subjects out of invented documents, to learn verdicts from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TypeVar

from benchmarks.judged import HIGHEST_GRADE, JudgedQuestion, JudgedSet, entry_id, questions_of
from embedder.records import Document
from embedder.trec_files import NEAR, OFF, Qrels
from training.general import NEAR_MISSES, QUESTIONS, General
from training.material import Entry, Part, split

# How many questions are asked of a cut library, at most: its own, near misses, and others.
_OWN, _NEAR, _OUTSIDE, _OFF = 110, 70, 30, 40

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A document to cut from, its field, the questions it answers, and those it nearly answers."""

    document: Document
    field: str
    questions: Sequence[JudgedQuestion]
    near: Sequence[JudgedQuestion]


def of_other_fields(general: General) -> Iterator[Candidate]:
    """Yield the invented documents of other fields."""
    for number, entry in enumerate(general.entries, 1):
        own = f"general-{number}"
        yield Candidate(
            Document(id=own, title=entry["title"], abstract=entry["abstract"]),
            entry["field"],
            [JudgedQuestion(f"{own}-{kind}", entry[kind], kind) for kind in QUESTIONS],
            [JudgedQuestion(f"{own}-{kind}", entry[kind], NEAR) for kind in NEAR_MISSES],
        )


def untrained(entries: Sequence[Entry]) -> Iterator[Candidate]:
    """Yield the entries that our readers were not trained on."""
    for entry, part in zip(entries, split(entries), strict=True):
        if part is not Part.TRAINING:
            document = Document(id=entry_id(entry), title=entry.title, abstract=entry.abstract)
            near = JudgedQuestion(f"{document.id}-near", entry.near, NEAR)
            yield Candidate(document, entry.file, list(questions_of(entry)), [near])


def cut(
    name: str, pool: Sequence[Candidate], fields: Sequence[str], size: int, others: str = OFF
) -> JudgedSet:
    """Return a library of at most `size` documents of some fields, and questions to it.

    Its own documents answer theirs. Their near misses are `near`, and so are questions of documents
    of these fields that were left out; those of other fields are of the kind `others`. What is
    taken depends on hashes of the ids and the name alone.
    """
    of_fields = [each for each in pool if each.field in fields]
    inside = _some(name, of_fields, size, lambda each: each.document.id)
    ids = {each.document.id for each in inside}
    outside = [each for each in of_fields if each.document.id not in ids]
    off = [each for each in pool if each.field not in fields]
    own = _questions(name, (each.questions for each in inside), _OWN)
    qrels: Qrels = {
        question.id: {each.document.id: HIGHEST_GRADE}
        for each in inside
        for question in each.questions
    }
    near = _questions(name, (each.near for each in inside), _NEAR)
    left_out = _questions(name, (each.questions for each in outside), _OUTSIDE)
    elsewhere = _questions(name, (each.questions for each in off), _OFF)
    asked = [
        *own,
        *near,
        *(replace(each, kind=NEAR) for each in left_out),
        *(replace(each, kind=others) for each in elsewhere),
    ]
    kept = {question.id for question in own}
    return JudgedSet(
        name,
        name,
        tuple(each.document for each in inside),
        tuple(asked),
        {query: grades for query, grades in qrels.items() if query in kept},
    )


def _questions(
    name: str, of_documents: Iterable[Sequence[JudgedQuestion]], count: int
) -> list[JudgedQuestion]:
    questions = chain.from_iterable(of_documents)
    return _some(name, questions, count, lambda question: question.id)


def _some(
    name: str, items: Iterable[_Item], count: int, key: Callable[[_Item], str]
) -> list[_Item]:
    """Return at most `count` items, those whose keys have the smallest hashes."""

    def by_hash(item: _Item) -> bytes:
        return hashlib.blake2b(f"{name}\0{key(item)}".encode()).digest()

    return sorted(items, key=by_hash)[:count]
