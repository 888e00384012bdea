"""The libraries of judged sets, and the runs of their questions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.judged import JudgedSet, in_english, in_other_languages
from benchmarks.remembering import RememberingEncoder, loading
from embedder import measures
from embedder.build.pipeline import index
from embedder.encoders.encoder import Encoder
from embedder.evaluation import SearchSettings
from embedder.library import Library
from embedder.progress import NoProgress
from embedder.records import Question
from embedder.trec_files import Qrels, Query, Run

# As many as nDCG@10, Recall@10 and MRR@10 look at.
_HITS = 10


class Libraries:
    """The libraries of judged sets, each built once, when it is first asked for.

    They lie in a folder. Where one is there from an earlier run, only what has changed is built.
    """

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        """Name the folder and the model; a library is built when it is asked for."""
        self._folder = folder
        self._load = loading(RememberingEncoder(encoder))
        self._open: dict[str, Library] = {}

    def of(self, judged: JudgedSet) -> Library:
        """Return the library of a set."""
        name = judged.library
        if name not in self._open:
            folder = self._folder / name
            index(folder, judged.documents, NoProgress(), replace=True, load=self._load)
            self._open[name] = Library(folder, load=self._load)
        return self._open[name]

    def close(self) -> None:
        """Close all libraries."""
        for library in self._open.values():
            library.close()
        self._open.clear()


def run_of(library: Library, judged: JudgedSet, settings: SearchSettings) -> Run:
    """Ask the answerable questions of a set, and return the best ten documents of each."""

    def ask(text: str) -> list[str]:
        question = Question(text, limit=_HITS, mode=settings.mode, expand=settings.expand)
        return [hit.document.id for hit in library.ask(question, settings.weights)]

    return {query.id: measures.by_rank(ask(query.text)) for query in answerable(judged)}


def answerable(judged: JudgedSet) -> list[Query]:
    """Return the questions of a set that a document answers, summarised by kind and language."""
    return [
        Query(question.id, question.text, question.group)
        for question in judged.questions
        if question.answerable
    ]


def by_language(sets: Sequence[JudgedSet], languages: str) -> Iterator[JudgedSet]:
    """Yield the sets' questions in English, in `others`, or in both, each a set of its own.

    A set without answerable questions in a language is left out.
    """
    for judged in sets:
        parts = {"english": in_english(judged), "others": in_other_languages(judged)}
        for name, part in parts.items():
            if languages in (name, "all") and answerable(part):
                yield part


def qrels_by_id(library: Library, judged: JudgedSet) -> Qrels:
    """Return the judgements of a set's answerable questions, by document id."""
    asked = {query.id for query in answerable(judged)}
    qrels = {query: grades for query, grades in judged.qrels.items() if query in asked}
    return measures.by_id(qrels, library.documents())
