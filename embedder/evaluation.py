"""Measure a library on judged questions: what the `evaluate` command does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from embedder import measures, trec_files
from embedder.errors import RequestError
from embedder.library import Library
from embedder.measures import Compared, Measured
from embedder.records import MODES, Mode, Question, RankingWeights
from embedder.trec_files import Query, Run

_BOOLEANS = {"yes": True, "no": False, "true": True, "false": False}
# The kind of queries that no document answers: they have no place in a mean of ranks.
_UNANSWERABLE = "none"


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
    """The measures, the run that they were computed from, and the comparison if there is one."""

    measured: tuple[Measured, ...]
    run: Run
    compared: tuple[Compared, ...]

    def write_run(self, path: Path) -> None:
        """Write the run in trec_eval's format."""
        trec_files.write_run(path, self.run, "fingerpost")

    def as_dict(self) -> dict[str, Any]:
        """Return the measures and the comparison as a JSON object."""
        return {
            "measures": [asdict(measured) for measured in self.measured],
            "compared": [asdict(compared) for compared in self.compared],
        }


def evaluate_library(
    library: Library,
    queries: Path,
    qrels: Path | None,
    settings: SearchSettings,
    baseline: str | None,
) -> Evaluation:
    """Ask judged questions and measure the answers.

    `qrels` is needed unless the queries have their judgements; `baseline` is a TREC run, or
    changes to the settings separated by commas, to compare with. Queries of the kind `none` are
    left out.

    Raises SourceError for a file that is not in the expected format, RequestError for unusable
    settings or queries without judgements.
    """
    asked, judged = trec_files.read_queries(queries)
    if qrels is not None:
        judged = trec_files.read_qrels(qrels)
    ids = {document.title: document.id for document in library.documents()}
    judged = measures.by_id(judged, ids)
    asked = [query for query in asked if query.kind != _UNANSWERABLE and judged.get(query.id)]
    if not asked:
        raise RequestError("qrels", "no query has a judgement. Give them with --qrels FILE.")
    judged = {query.id: judged[query.id] for query in asked}
    run = _run(library, asked, settings)
    compared: list[Compared] = []
    if baseline is not None:
        compared = measures.compare(_baseline(library, asked, settings, baseline), run, judged)
    return Evaluation(tuple(measures.summarise(asked, run, judged)), run, tuple(compared))


def _baseline(
    library: Library, queries: Sequence[Query], settings: SearchSettings, baseline: str
) -> Run:
    if "=" in baseline:
        return _run(library, queries, settings.changed(baseline.split(",")))
    return trec_files.read_run(Path(baseline))


def _run(library: Library, queries: Sequence[Query], settings: SearchSettings) -> Run:
    def ask(text: str, limit: int) -> list[str]:
        question = Question(text, limit=limit, mode=settings.mode, expand=settings.expand)
        return [hit.document.id for hit in library.ask(question, settings.weights)]

    return measures.make_run(queries, ask)


def _number(name: str, value: str) -> float:
    try:
        return float(value)
    except ValueError as error:
        raise RequestError("set", f"{name}={value!r}: a number is expected") from error
