"""Judged questions asked of a library: what the `evaluate` command does."""

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
from embedder.trec_files import Run

_TRUE = {"yes": True, "no": False, "true": True, "false": False}
# A query that nothing can answer has no place in a mean of ranks.
_UNANSWERABLE = "none"


@dataclass(frozen=True, slots=True)
class Setting:
    """How questions are asked when they are measured."""

    mode: Mode = "hybrid"
    expand: bool = True
    weights: RankingWeights = field(default_factory=RankingWeights)

    def changed(self, given: Sequence[str]) -> Setting:
        """Return these settings with `name=value` changes: `mode`, `expand`, ranking weights.

        Raises RequestError for a name or value that is none.
        """
        setting = self
        known = {each.name: each.type for each in fields(RankingWeights)}
        for each in given:
            name, _, value = each.partition("=")
            if name == "mode" and value in MODES:
                setting = replace(setting, mode=value)
            elif name == "expand" and value in _TRUE:
                setting = replace(setting, expand=_TRUE[value])
            elif known.get(name) == "bool" and value in _TRUE:
                setting = replace(setting, weights=replace(setting.weights, **{name: _TRUE[value]}))
            elif known.get(name) == "float":
                part: dict[str, Any] = {name: _number(name, value)}
                setting = replace(setting, weights=replace(setting.weights, **part))
            else:
                names = ", ".join(("mode", "expand", *known))
                raise RequestError("set", f"{each!r} is no setting. NAME=VALUE with: {names}")
        return setting


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was measured, the run that it was measured on, and a comparison if one was asked."""

    measured: tuple[Measured, ...]
    run: Run
    compared: tuple[Compared, ...]

    def write_run(self, path: Path) -> None:
        """Write the run in trec_eval's form."""
        trec_files.write_run(path, self.run, "fingerpost")

    def as_dict(self) -> dict[str, Any]:
        """Return the measures as a JSON object."""
        return {
            "measures": [asdict(each) for each in self.measured],
            "compared": [asdict(each) for each in self.compared],
        }


def evaluate_library(
    library: Library, queries: Path, qrels: Path | None, setting: Setting, other: str | None
) -> Evaluation:
    """Ask judged questions and measure the answers.

    `qrels` is needed unless the queries carry their judgements; `other` is a TREC run or
    settings to compare with. Queries of the kind `none` are left out.

    Raises SourceError for a file of another form, RequestError for unusable settings or
    queries without judgements.
    """
    asked, judged = trec_files.read_queries(queries)
    if qrels is not None:
        judged = trec_files.read_qrels(qrels)
    judged = measures.by_id(judged, {each.title: each.id for each in library.documents()})
    asked = [each for each in asked if each.kind != _UNANSWERABLE and judged.get(each.id)]
    if not asked:
        raise RequestError("qrels", "no query has a judgement. Give them with --qrels FILE.")
    judged = {each.id: judged[each.id] for each in asked}
    run = _run(library, asked, setting)
    compared: list[Compared] = []
    if other is not None:
        second = _run(library, asked, setting.changed(other.split(","))) if "=" in other else None
        against = second if second is not None else trec_files.read_run(Path(other))
        compared = measures.compare(against, run, judged)
    return Evaluation(tuple(measures.summarise(asked, run, judged)), run, tuple(compared))


def _run(library: Library, queries: Sequence[trec_files.Query], setting: Setting) -> Run:
    def ask(text: str, limit: int) -> list[str]:
        question = Question(text, limit=limit, mode=setting.mode, expand=setting.expand)
        return [hit.document.id for hit in library.ask(question, setting.weights).hits]

    return measures.make_run(queries, ask)


def _number(name: str, value: str) -> float:
    try:
        return float(value)
    except ValueError as error:
        raise RequestError("set", f"{name}={value!r}: a number is expected") from error
