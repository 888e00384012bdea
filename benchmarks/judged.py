"""The judged questions that quality is measured on: seven sets, to six libraries.

seeds                the first questions to the documents in seeds/
plain                more of them, in the words of people outside the field
kept-out             entries of invented libraries that the encoder did not see
migration-guidance   a library of the field whose questions nobody used while making anything
rural-health         the same in another field
cranfield, cisi      the old collections, in the fields of aerodynamics and of libraries
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from benchmarks.corpora import ROOT
from benchmarks.kept_out import kept_out_entries
from embedder.records import Document
from embedder.text.languages import language_of
from embedder.trec_files import Qrels, Query, read_qrels, read_queries

# What the project was given to measure with; not part of it.
SHARED = ROOT.parent / "shared"
QUESTIONS = ROOT / "tests" / "quality"

ENGLISH = "en"
# The kinds of questions that no document answers: close to the field, and of other subjects.
NEAR, OFF = "near", "off"
_CROSSLINGUAL, _NONE = "crosslingual", "none"
# The highest grade: the document answers the question.
ANSWERS = 3

# Ids of the questions to the seeds that are close to the field but that no document answers.
_NEAR_MISSES = {f"d{number:03}" for number in range(49, 61)} | {
    f"m{number:03}" for number in range(1, 21)
}
# Questions too short for their language to be recognised with certainty.
_LANGUAGES = {
    "mendicité forcée des enfants talibés à Dakar": "fr",
    "formación de inspectores de trabajo para detectar el trabajo forzoso": "es",
    "comadronas indígenas que usan un teléfono para referir complicaciones del embarazo": "es",
    "direitos dos trabalhadores agrícolas imigrantes nas estufas do Alentejo": "pt",
    "حقوق عاملات المنازل المهاجرات في لبنان وجواز السفر لدى صاحب العمل": "ar",
    "chanjo ya mbwa dhidi ya kichaa cha mbwa vijijini": "sw",
    "mifuko isiyopitisha hewa ya kuhifadhia mahindi dhidi ya wadudu": "sw",
    "mwongozo wa wahudumu wa afya ya jamii wa kumtembelea mtoto mchanga nyumbani": "sw",
}


@dataclass(frozen=True, slots=True)
class JudgedQuestion:
    """A question, the kind that it is of, and its language (ISO 639).

    No document answers those of the kinds `near` and `off`.
    """

    id: str
    text: str
    kind: str
    language: str = ENGLISH

    @property
    def group(self) -> str:
        """What it is summarised under: its kind, or its language if that is not English."""
        return self.kind if self.language == ENGLISH else self.language

    @property
    def answerable(self) -> bool:
        """Whether the library has a document that answers it."""
        return self.kind not in (NEAR, OFF)


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


def read_set(name: str, shared: Path = SHARED) -> JudgedSet:
    """Read a set by its name, one of SETS; `shared` is the folder of what is not in the project.

    Raises SourceError, with the file, if it is not there or not in its format.
    """
    return SETS[name](shared)


def _seeds(name: str, file: str, shared: Path) -> JudgedSet:
    del shared
    queries, qrels = read_queries(QUESTIONS / file)
    return JudgedSet(name, "seeds", (ROOT / "seeds",), tuple(map(_judged, queries)), qrels)


def _library(name: str, shared: Path) -> JudgedSet:
    folder = shared / "training" / "libraries" / name
    queries, qrels = read_queries(folder / "questions.jsonl")
    documents = (folder / "documents.jsonl",)
    return JudgedSet(name, name, documents, tuple(map(_judged, queries)), qrels)


def _collection(name: str, shared: Path) -> JudgedSet:
    folder = shared / "data" / name
    queries, _ = read_queries(folder / "queries.jsonl")
    qrels = read_qrels(folder / "qrels.tsv")
    asked = [replace(_judged(each), kind="question") for each in queries if each.id in qrels]
    return JudgedSet(name, name, (folder / "corpus.jsonl",), tuple(asked), qrels)


def _kept_out(shared: Path) -> JudgedSet:
    documents: list[Document] = []
    questions: list[JudgedQuestion] = []
    qrels: Qrels = {}
    for entry in kept_out_entries(shared / "training"):
        documents.append(Document(id=entry.id, title=entry.title, abstract=entry.abstract))
        own = [
            JudgedQuestion(f"{entry.id}-{kind}", text, kind)
            for kind, text in entry.questions.items()
        ]
        own += [
            JudgedQuestion(f"{entry.id}-{language}", text, _CROSSLINGUAL, language)
            for language, text in entry.in_other_languages.items()
        ]
        questions += own
        qrels |= {question.id: {entry.id: ANSWERS} for question in own}
    return JudgedSet("kept-out", "kept-out", documents, questions, qrels)


def _judged(query: Query) -> JudgedQuestion:
    kind = query.kind
    if kind == _NONE:
        kind = NEAR if query.id in _NEAR_MISSES else OFF
    language = ENGLISH
    if kind == _CROSSLINGUAL:
        language = _LANGUAGES.get(query.text) or language_of(query.text) or "unknown"
    return JudgedQuestion(query.id, query.text, kind, language)


SETS: Mapping[str, Callable[[Path], JudgedSet]] = {
    "seeds": partial(_seeds, "seeds", "questions_dev.jsonl"),
    "plain": partial(_seeds, "plain", "questions_plain.jsonl"),
    "kept-out": _kept_out,
    "migration-guidance": partial(_library, "migration-guidance"),
    "rural-health": partial(_library, "rural-health"),
    "cranfield": partial(_collection, "cranfield"),
    "cisi": partial(_collection, "cisi"),
}
