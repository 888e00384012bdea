"""The judged questions that quality is measured on, by the names of their sets.

- `seeds`: the first questions to the documents in seeds/;
- `plain`: more of them, in the words of people outside the field;
- `kept-out`: to entries of invented libraries that our readers were not trained on;
- `development`: more of these, by which settings of the training were chosen;
- `other-fields`: to invented documents of many other fields; our small readers were trained on
  them, `full` was not;
- `migration-guidance`: to a library of the field, by which nothing was chosen;
- `rural-health`: the same in another field;
- `cranfield`, `cisi`: the old collections, in the fields of aerodynamics and of libraries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from benchmarks.corpora import DATA, ROOT
from embedder.records import Document
from embedder.text.languages import ENGLISH, language_of
from embedder.trec_files import NEAR, OFF, UNANSWERABLE, Qrels, Query, read_qrels, read_queries
from training.general import QUESTIONS as GENERAL_QUESTIONS
from training.general import read_general
from training.material import LIBRARIES, MATERIAL, Entry, Part, read_entries, split

QUESTIONS = ROOT / "tests" / "quality"

_CROSSLINGUAL = "crosslingual"
# The highest grade: the document answers the question.
HIGHEST_GRADE = 3

# Ids of the questions to the seeds that are close to the field but that no document answers.
_NEAR_MISSES = {f"d{number:03}" for number in range(49, 61)} | {
    f"m{number:03}" for number in range(1, 21)
}


@dataclass(frozen=True, slots=True)
class JudgedQuestion(Query):
    """A query, and its language (ISO 639). No document answers those of the kinds `near`, `off`."""

    language: str = ENGLISH

    @property
    def group(self) -> str:
        """What it is summarised under: its kind, or its language if that is not English."""
        return self.kind if self.language == ENGLISH else self.language


@dataclass(frozen=True, slots=True)
class JudgedSet:
    """Questions to one library, and which documents answer them.

    `library` names the library, which several sets may share; `documents` are what it is built
    from. `qrels` are by the ids or titles of documents.
    """

    name: str
    library: str
    documents: Sequence[Path | Document]
    questions: Sequence[JudgedQuestion]
    qrels: Qrels

    def only(self, name: str, which: Callable[[JudgedQuestion], bool]) -> JudgedSet:
        """Return the set, by another name, with some of its questions."""
        questions = tuple(question for question in self.questions if which(question))
        kept = {question.id for question in questions}
        qrels = {query: grades for query, grades in self.qrels.items() if query in kept}
        return replace(self, name=name, questions=questions, qrels=qrels)


def in_english(judged: JudgedSet) -> JudgedSet:
    """Return the set with its questions in English alone."""
    return judged.only(judged.name, lambda question: question.language == ENGLISH)


def in_other_languages(judged: JudgedSet) -> JudgedSet:
    """Return the set, named so, with its questions in other languages; it may have none."""
    name = f"{judged.name}, other languages"
    return judged.only(name, lambda question: question.language != ENGLISH)


def read_set(name: str, data: Path = DATA) -> JudgedSet:
    """Read a set by its name, one of SETS; `data` has the folders of the old collections.

    Raises SourceError, with the file, if it is not there or not in its format.
    """
    return SETS[name](data)


def _seeds(name: str, file: str, _: Path) -> JudgedSet:
    queries, qrels = read_queries(QUESTIONS / file)
    return JudgedSet(name, "seeds", (ROOT / "seeds",), tuple(map(_judged, queries)), qrels)


def _library(name: str, _: Path) -> JudgedSet:
    folder = LIBRARIES / name
    queries, qrels = read_queries(folder / "questions.jsonl")
    documents = (folder / "documents.jsonl",)
    return JudgedSet(name, name, documents, tuple(map(_judged, queries)), qrels)


def _collection(name: str, data: Path) -> JudgedSet:
    folder = data / name
    queries, _ = read_queries(folder / "queries.jsonl")
    qrels = read_qrels(folder / "qrels.tsv")
    asked = [replace(_judged(each), kind="question") for each in queries if each.id in qrels]
    return JudgedSet(name, name, (folder / "corpus.jsonl",), tuple(asked), qrels)


def _entries(name: str, part: Part, _: Path) -> JudgedSet:
    """Read the questions to one part of the entries; all that are not trained on are the library.

    Each entry alone answers its questions.
    """
    entries = read_entries()
    untrained = [
        (entry, own)
        for entry, own in zip(entries, split(entries), strict=True)
        if own is not Part.TRAINING
    ]
    documents = tuple(
        Document(id=entry_id(entry), title=entry.title, abstract=entry.abstract)
        for entry, _ in untrained
    )
    questions: list[JudgedQuestion] = []
    qrels: Qrels = {}
    for entry, own in untrained:
        if own is part:
            asked = list(questions_of(entry))
            questions += asked
            qrels |= {question.id: {entry_id(entry): HIGHEST_GRADE} for question in asked}
    return JudgedSet(name, "entries", documents, questions, qrels)


def _other_fields(name: str, _: Path) -> JudgedSet:
    entries = read_general(MATERIAL).entries
    documents = []
    questions: list[JudgedQuestion] = []
    qrels: Qrels = {}
    for number, entry in enumerate(entries, 1):
        own = f"general-{number}"
        documents.append(Document(id=own, title=entry["title"], abstract=entry["abstract"]))
        for kind in GENERAL_QUESTIONS:
            questions.append(JudgedQuestion(f"{own}-{kind}", entry[kind], kind))
            qrels[f"{own}-{kind}"] = {own: HIGHEST_GRADE}
    return JudgedSet(name, name, documents, questions, qrels)


def questions_of(entry: Entry) -> Iterator[JudgedQuestion]:
    """Yield the questions of an entry, in English by kind and the plain one by language."""
    for kind, text in entry.questions.items():
        yield JudgedQuestion(f"{entry_id(entry)}-{kind}", text, kind)
    for language, text in entry.others.items():
        yield JudgedQuestion(f"{entry_id(entry)}-{language}", text, _CROSSLINGUAL, language)


def entry_id(entry: Entry) -> str:
    """Return the id of an entry as a document."""
    return f"{entry.file}-{entry.line + 1}"


def _judged(query: Query) -> JudgedQuestion:
    kind = query.kind
    if kind == UNANSWERABLE:
        kind = NEAR if query.id in _NEAR_MISSES else OFF
    language = ENGLISH
    if kind == _CROSSLINGUAL:
        language = language_of(query.text)
    return JudgedQuestion(query.id, query.text, kind, language)


SETS: Mapping[str, Callable[[Path], JudgedSet]] = {
    "seeds": partial(_seeds, "seeds", "questions_dev.jsonl"),
    "plain": partial(_seeds, "plain", "questions_plain.jsonl"),
    "kept-out": partial(_entries, "kept-out", Part.TEST),
    "development": partial(_entries, "development", Part.DEVELOPMENT),
    "other-fields": partial(_other_fields, "other-fields"),
    "migration-guidance": partial(_library, "migration-guidance"),
    "rural-health": partial(_library, "rural-health"),
    "cranfield": partial(_collection, "cranfield"),
    "cisi": partial(_collection, "cisi"),
}
