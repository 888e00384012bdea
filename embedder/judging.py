"""Collect a person's grades of the first hits of questions: what the `judge` command asks for.

The grades lie in a file that `evaluate` reads, which is written after each answer. What is asked
next follows from the grades alone: a second run goes on where the first stopped, and asks about
documents that have become first hits since.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from embedder import measures, trec_files
from embedder.errors import RequestError, SourceError
from embedder.library import Library
from embedder.records import Hit, Question
from embedder.search.validation import validate_query
from embedder.trec_files import UNANSWERABLE, Qrels, Query
from embedder.verdict_measures import ANSWERS

# What a document is to a question, by its grade, 0 to 3.
GRADES = ("unrelated", "related", "answers in part", "answers")


@dataclass(frozen=True, slots=True)
class Step:
    """The document to grade next, `hits[at]`, and its query, the `number`th, from 1.

    `hits` are the query's first hits, in an order that says nothing of their ranks; `grades` has
    the grades that they have by now, by document id.
    """

    query: Query
    number: int
    hits: tuple[Hit, ...]
    at: int
    grades: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _State:
    """What was answered so far: what the file holds, and the (query, document) ids passed over."""

    queries: Mapping[str, Query]
    qrels: Qrels
    skipped: frozenset[tuple[str, str]] = frozenset()


class Judging:
    """The grading of the first hits of questions, document by document.

    A query whose hits all have a grade, 0 or 1, is kept as one that no document answers.
    """

    def __init__(self, library: Library, questions: Path, out: Path, limit: int = 10) -> None:
        """Read the questions, and the grades that are in `out` already.

        The first `limit` hits of each question, 1 to 100, are graded. Grades that stand beside the
        questions are taken over.

        Raises SourceError for a file that cannot be used, RequestError for `limit`.
        """
        queries, given = trec_files.read_questions(questions)
        _check_questions(questions, queries, limit)
        kept, grades = _read_kept(out, questions)
        _check_kept(out, kept, queries)
        self.queries: Sequence[Query] = queries
        self._library = library
        self._out = out
        self._limit = limit
        judged = [query for query in queries if query.id in given or not query.answerable]
        self._state = _State(
            {query.id: query for query in (*judged, *kept)},
            measures.by_id(given | grades, library.documents()),
        )
        self._earlier: list[_State] = []
        self._hits: dict[str, tuple[Hit, ...]] = {}

    @property
    def judged(self) -> list[Query]:
        """The questions that have grades or are known as unanswerable, with their kinds by now."""
        kept = self._state.queries
        return [kept[query.id] for query in self.queries if query.id in kept]

    @property
    def can_go_back(self) -> bool:
        """Whether there is an answer of this run to take back."""
        return bool(self._earlier)

    def next_step(self) -> Step | None:
        """Return the first document without a grade that was not skipped; None if there is none."""
        for number, query in enumerate(self.queries, start=1):
            grades = self._state.qrels.get(query.id, {})
            hits = self._first_hits(query)
            for at, hit in enumerate(hits):
                key = hit.document.id
                if key not in grades and (query.id, key) not in self._state.skipped:
                    return Step(query, number, hits, at, grades)
        return None

    def grade(self, step: Step, grade: int) -> None:
        """Give the document of a step a grade, 0 to 3, and write it.

        Raises SourceError if the file cannot be written.
        """
        self._add(step, {step.hits[step.at].document.id: grade})

    def none_answers(self, step: Step) -> None:
        """Say that no document answers the step's question: all that have no grade get 0.

        Raises RequestError if one of them has a grade that says it does, SourceError if the file
        cannot be written.
        """
        if _has_answer(step.grades):
            raise RequestError(
                "grade",
                "a document of this question has a 2 or a 3. Grade the others one by one, or go "
                "back and change it.",
            )
        self._add(step, dict.fromkeys(_ungraded(step.hits, step.grades), 0))

    def skip(self, step: Step) -> None:
        """Pass over the document of a step; a later run asks about it again."""
        pair = (step.query.id, step.hits[step.at].document.id)
        self._move(replace(self._state, skipped=self._state.skipped | {pair}))

    def back(self) -> None:
        """Take back the last answer of this run.

        Raises RequestError if there is none, SourceError if the file cannot be written.
        """
        if not self._earlier:
            raise RequestError("grade", "nothing has been answered in this run.")
        self._write(self._earlier[-1])
        self._state = self._earlier.pop()

    def _add(self, step: Step, new: Mapping[str, int]) -> None:
        grades = {**step.grades, **new}
        kept = self._state.queries.get(step.query.id, step.query).kind
        query = replace(step.query, kind=_kind(step, grades, kept))
        state = replace(
            self._state,
            queries={**self._state.queries, query.id: query},
            qrels={**self._state.qrels, query.id: grades},
        )
        self._write(state)
        self._move(state)

    def _move(self, state: _State) -> None:
        self._earlier.append(self._state)
        self._state = state

    def _write(self, state: _State) -> None:
        trec_files.write_queries(self._out, state.queries.values(), state.qrels)

    def _first_hits(self, query: Query) -> tuple[Hit, ...]:
        if query.id not in self._hits:
            hits = self._library.ask(Question(query.text, limit=self._limit)).hits
            # People judge a document by what stands before it (Eisenberg, Barry 1988), and take a
            # rank for an opinion. A hash of both texts is an order without meaning, and in another
            # run the same.
            self._hits[query.id] = tuple(
                sorted(hits, key=lambda hit: _hash(f"{query.text}\n{hit.document.id}"))
            )
        return self._hits[query.id]


def _kind(step: Step, grades: Mapping[str, int], kept: str) -> str:
    """Return the kind of a step's query once its documents have these grades.

    `kept` is what it has by now: one that no document answered stays so until one does.
    """
    query = step.query
    if _has_answer(grades):
        return query.kind if query.answerable else ""
    if query.answerable and not _ungraded(step.hits, grades):
        return UNANSWERABLE
    return kept


def _has_answer(grades: Mapping[str, int]) -> bool:
    return any(grade >= ANSWERS for grade in grades.values())


def _ungraded(hits: Sequence[Hit], grades: Mapping[str, int]) -> list[str]:
    return [hit.document.id for hit in hits if hit.document.id not in grades]


def _read_kept(out: Path, questions: Path) -> tuple[list[Query], Qrels]:
    # A file is empty where the only answer was taken back.
    if not out.is_file() or not out.stat().st_size:
        return [], {}
    if out.samefile(questions):
        raise SourceError(out, None, "these are the questions. Name another file for the grades.")
    return trec_files.read_queries(out)


def _check_questions(path: Path, queries: Sequence[Query], limit: int) -> None:
    """Raise an error for questions that cannot be asked, before a person has begun."""
    texts: dict[str, str] = {}
    for number, query in enumerate(queries, start=1):
        try:
            validate_query(Question(query.text, limit=limit))
        except RequestError as error:
            if error.field == "limit":
                raise
            raise SourceError(path, None, f"question {number}: {error.message}") from error
        if texts.setdefault(query.id, query.text) != query.text:
            raise SourceError(
                path, None, f"question {number} has the id of another. Give it one of its own."
            )


def _check_kept(out: Path, kept: Sequence[Query], queries: Sequence[Query]) -> None:
    """Raise SourceError if grades would be mixed with those of another question."""
    texts = {query.id: query.text for query in queries}
    for query in kept:
        if texts.get(query.id, query.text) != query.text:
            problem = (
                f"the grades under the id {query.id!r} are of another question. "
                "Name another file for the grades, or give the question another id."
            )
            raise SourceError(out, None, problem)


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
