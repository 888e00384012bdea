"""Measure a library on judged questions: what the `evaluate` command does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from embedder import measures, trec_files, verdict_measures
from embedder.errors import RequestError
from embedder.library import Library
from embedder.measures import Compared, Measured
from embedder.records import MODES, Answer, Mode, Question, RankingWeights
from embedder.trec_files import Qrels, Query, Run
from embedder.verdict_measures import VerdictCounts

_BOOLEANS = {"yes": True, "no": False, "true": True, "false": False}


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """How the judged questions are asked."""

    mode: Mode = "hybrid"
    expand: bool = True
    weights: RankingWeights = field(default_factory=RankingWeights)

    def changed(self, changes: Sequence[str]) -> SearchSettings:
        """Return these settings with changes of the form `name=value`.

        A name is `mode`, `expand` or a field of RankingWeights; a value is a mode, `yes` or `no`,
        or a number.

        Raises RequestError for an unknown name or a value that does not fit it.
        """
        settings = self
        types = {weight.name: weight.type for weight in fields(RankingWeights)}
        for change in changes:
            name, _, value = change.partition("=")
            if name == "mode" and value in MODES:
                settings = replace(settings, mode=value)
            elif name == "expand" and value in _BOOLEANS:
                settings = replace(settings, expand=_BOOLEANS[value])
            elif types.get(name) == "float" or (types.get(name) == "bool" and value in _BOOLEANS):
                weight: dict[str, Any] = {
                    name: _BOOLEANS[value] if types[name] == "bool" else _number(name, value)
                }
                settings = replace(settings, weights=replace(settings.weights, **weight))
            else:
                names = ", ".join(("mode", "expand", *types))
                raise RequestError("set", f"{change!r} is not NAME=VALUE with one of: {names}")
        return settings


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The measures, the run that they were computed from, and the comparison if there is one.

    Without a query that a document answers, `measured` and `run` are empty.
    """

    measured: tuple[Measured, ...]
    verdicts: VerdictCounts
    run: Run
    compared: tuple[Compared, ...]

    def write_run(self, path: Path) -> None:
        """Write the run in trec_eval's format."""
        trec_files.write_run(path, self.run, "fingerpost")

    def as_dict(self) -> dict[str, Any]:
        """Return the measures, the verdicts and the comparison as a JSON object."""
        return {
            "measures": [asdict(measured) for measured in self.measured],
            "verdicts": asdict(self.verdicts),
            "compared": [asdict(compared) for compared in self.compared],
        }


def evaluate_library(
    library: Library,
    queries: Path,
    qrels: Path | None,
    settings: SearchSettings,
    baseline: str | None,
) -> Evaluation:
    """Ask judged questions and measure the answers and their verdicts.

    `qrels` is needed unless the queries have their judgements; `baseline` is a TREC run, or
    changes to the settings separated by commas, to compare with. Queries that no document answers,
    by their kind, count for verdicts alone: they have no place in a mean of ranks.

    Raises SourceError for a file that is not in the expected format, RequestError for unusable
    settings or queries without a judgement above 0.
    """
    queries_read, judged = trec_files.read_queries(queries)
    if qrels is not None:
        judged = trec_files.read_qrels(qrels)
    judged = measures.by_id(judged, library.documents())
    answers = _answer_grade(judged)
    # Lower grades alone, as where a person is not done yet, do not say that there is an answer.
    asked = [
        query
        for query in queries_read
        if query.answerable and max(judged.get(query.id, {}).values(), default=0) >= answers
    ]
    unanswerable = [query for query in queries_read if not query.answerable]
    if not asked and not unanswerable:
        raise RequestError(
            "qrels", "no query has a judgement above 0. Give judgements with --qrels FILE."
        )
    judged = {query.id: judged[query.id] for query in asked}
    run: Run = {}
    verdicts = []
    for query, answer in _answers(library, asked, settings):
        run[query.id] = _scores(answer)
        verdicts.append(verdict_measures.judge_verdict(query, answer, judged[query.id]))
    for query, answer in _answers(library, unanswerable, settings):
        verdicts.append(verdict_measures.judge_verdict(query, answer, {}))
    compared: list[Compared] = []
    if baseline is not None:
        compared = measures.compare(_baseline(library, asked, settings, baseline), run, judged)
    return Evaluation(
        measured=tuple(measures.summarise(asked, run, judged)),
        verdicts=verdict_measures.count_verdicts(verdicts, answers),
        run=run,
        compared=tuple(compared),
    )


def _answer_grade(judged: Qrels) -> int:
    """Return the grade from which a document is an answer: where all are 0 or 1, it is 1."""
    highest = max((grade for grades in judged.values() for grade in grades.values()), default=0)
    return 1 if highest == 1 else verdict_measures.ANSWERS


def _baseline(
    library: Library, queries: Sequence[Query], settings: SearchSettings, baseline: str
) -> Run:
    if "=" in baseline:
        changed = settings.changed(baseline.split(","))
        return {query.id: _scores(answer) for query, answer in _answers(library, queries, changed)}
    return trec_files.read_run(Path(baseline))


def _answers(
    library: Library, queries: Iterable[Query], settings: SearchSettings
) -> Iterator[tuple[Query, Answer]]:
    for query in queries:
        question = Question(
            query.text, limit=measures.DEPTH, mode=settings.mode, expand=settings.expand
        )
        yield query, library.ask(question, settings.weights)


def _scores(answer: Answer) -> dict[str, float]:
    return measures.by_rank([hit.document.id for hit in answer])


def _number(name: str, value: str) -> float:
    try:
        return float(value)
    except ValueError as error:
        raise RequestError("set", f"{name}={value!r}: a number is expected") from error
