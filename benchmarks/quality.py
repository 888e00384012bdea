"""Write docs/quality.md: how good the answers are, and what each part of the search is worth.

make quality        (some minutes; the old collections lie in ../shared/data)
python -m benchmarks.quality --model NAME_OR_PATH --collections seeds,plain --out quality.md
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.ablation import measure
from benchmarks.ablation_settings import settings_around
from benchmarks.ablation_table import ALL, EXPLANATION, effects_table
from benchmarks.asking import Libraries, answerable, qrels_by_id, run_of
from benchmarks.corpora import ROOT
from benchmarks.judged import JudgedSet, in_english, in_other_languages
from benchmarks.learn_verdicts import PAGE as VERDICT_PAGE
from benchmarks.options import add_options, chosen, model_label
from benchmarks.verdicts import judge, verdict_lines
from embedder import measures
from embedder.encoders.loading import SPACE_MODELS
from embedder.errors import FingerpostError
from embedder.evaluation import SearchSettings
from embedder.measures import Measured
from embedder.search.verdict import cosines

# Written by hand, the end of the page: what was tried, and what the figures are not.
NOTES = Path(__file__).with_name("quality_notes.md")
MEASURES = ("nDCG@10", "Recall@10", "MRR@10")


def main() -> None:
    """Build the libraries, measure them, and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_options(parser)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "quality.md")
    arguments = parser.parse_args()
    with TemporaryDirectory() as temporary:
        arguments.libraries = arguments.libraries or Path(temporary)
        try:
            lines = list(_lines(arguments))
        except FingerpostError as error:
            parser.error(error.message)
    notes = [path.read_text(encoding="utf-8") for path in (VERDICT_PAGE, NOTES)]
    arguments.out.write_text("\n\n".join(["\n".join(lines), *notes]), encoding="utf-8")
    print(arguments.out)


def _lines(arguments: argparse.Namespace) -> Iterator[str]:
    """Yield the page without its notes."""
    with chosen(arguments) as (libraries, sets):
        yield f"# Quality\n\nOf {model_label(arguments)}. Made by `make quality`."
        yield "\n## The answers, by kind of question and by language\n"
        yield from answers_lines(libraries, sets)
        if arguments.reader is None and SPACE_MODELS.get(arguments.model) == "full":
            yield "\n## The same, asked by the quick reader\n"
            arguments.reader = "quick"
            with chosen(arguments) as (asked_by_quick, _):
                yield from answers_lines(asked_by_quick, sets)
        yield from parts_lines(libraries, sets)
        yield from verdicts_lines(libraries, sets)


def answers_lines(libraries: Libraries, sets: Sequence[JudgedSet]) -> Iterator[str]:
    """Yield the measures of every set by kind and by language, with all parts on."""
    yield "With their 95% bootstrap intervals; nDCG with linear gain, as trec_eval has it.\n"
    yield f"| questions | kind or language | | {' | '.join(MEASURES)} |"
    yield "|---|---|---:|" + "---|" * len(MEASURES)
    for judged in sets:
        summary = by_kind_and_language(libraries, judged)
        for group in dict.fromkeys(each.kind for each in summary):
            row = {each.measure: each for each in summary if each.kind == group}
            cells = [_cell(row[measure]) for measure in MEASURES]
            yield f"| {judged.name} | {group} | {row[MEASURES[0]].queries} | {' | '.join(cells)} |"


def by_kind_and_language(libraries: Libraries, judged: JudgedSet) -> list[Measured]:
    """Measure a set with all parts on: in English, in all and by kind, then by other language."""
    library = libraries.of(judged)
    qrels = qrels_by_id(library, judged)
    run = run_of(library, judged, SearchSettings())
    summary = []
    for languages, part in (
        ("in English", in_english(judged)),
        ("in other languages", in_other_languages(judged)),
    ):
        queries = answerable(part)
        found = measures.summarise(queries, run, qrels) if queries else []
        several = len({query.kind for query in queries}) > 1
        for each in found:
            if each.kind == ALL:
                summary.append(replace(each, kind=f"all {languages}"))
            elif several:
                summary.append(each)
    return summary


def parts_lines(libraries: Libraries, sets: Sequence[JudgedSet]) -> Iterator[str]:
    """Yield the table of what the answers lose without each part."""
    without = [each for each in settings_around(SearchSettings()) if each.leaves_out]
    english = [in_english(judged) for judged in sets]
    yield "\n## What each part gives\n"
    yield "Without one part after the other, all else as it is; questions in English."
    yield "`python -m benchmarks.ablation` also tries other weights.\n"
    yield EXPLANATION
    yield from effects_table(measure(libraries, english, (), without))


def verdicts_lines(libraries: Libraries, sets: Sequence[JudgedSet]) -> Iterator[str]:
    """Yield the thresholds of all libraries, and the verdicts on every set in its own language."""
    yield "\n## Verdicts\n"
    yield "| library | none under | strong from |"
    yield "|---|---:|---:|"
    for judged in {each.library: each for each in sets}.values():
        figures = cosines(libraries.of(judged).status()[1].calibration)
        yield f"| {judged.library} | {figures['none']:.3f} | {figures['strong']:.3f} |"
    for judged in sets:
        yield f"\n### {judged.name}\n"
        yield from verdict_lines(judge(libraries.of(judged), judged))


def _cell(measured: Measured) -> str:
    """Return a mean with its interval; one question has none."""
    if measured.queries == 1:
        return f"{measured.mean:.3f}"
    return f"{measured.mean:.3f} {measured.low:.3f}–{measured.high:.3f}"


if __name__ == "__main__":
    main()
