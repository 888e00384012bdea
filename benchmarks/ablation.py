"""What each part of the search gives: every set of questions asked with and without each of them.

python -m benchmarks.ablation --out ablation.md
python -m benchmarks.ablation --model NAME_OR_PATH --collections seeds,plain --libraries FOLDER
python -m benchmarks.ablation --base dense_weight=0.9,acronyms=no --out ablation.md

Each library is built once; then only the settings change, so a table takes minutes. With
`--libraries` the libraries stay in that folder for the next run. `--base` changes what all rows
are compared with, in the form of `fingerpost evaluate --set`; rows that are the base itself are
left out. A base with several parts off shows what each gives alone. Beside the page, a file of
the same name that ends in .json holds all figures.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from benchmarks.ablation_settings import Setting, settings_around
from benchmarks.ablation_table import ALL, MEASURE, Ablation, Effect, page
from benchmarks.asking import Libraries, answerable, by_language, qrels_by_id, run_of
from benchmarks.judged import JudgedSet
from benchmarks.options import add_options, add_page_options, chosen, model_label, write_page
from embedder import measures
from embedder.errors import FingerpostError
from embedder.evaluation import SearchSettings
from embedder.measures import Compared, Measured


def main() -> None:
    """Measure every setting on every set, and write the page and the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_options(parser)
    add_page_options(parser, "ablation.md")
    parser.add_argument(
        "--languages",
        choices=("english", "others", "all"),
        default="english",
        help="the languages of the questions (default: english)",
    )
    arguments = parser.parse_args()
    try:
        settings = list(settings_around(SearchSettings().changed(arguments.base)))
        with chosen(arguments) as (libraries, sets):
            in_languages = list(by_language(sets, arguments.languages))
            ablation = measure(libraries, in_languages, arguments.base, settings)
    except FingerpostError as error:
        parser.error(error.message)
    write_page(arguments, page(ablation, model_label(arguments)), ablation.as_dict())


def measure(
    libraries: Libraries,
    sets: Sequence[JudgedSet],
    base: Sequence[str],
    settings: Sequence[Setting],
) -> Ablation:
    """Ask every set with the base and with every setting, and compare them.

    Raises RequestError for a setting that does not exist.
    """
    measured: dict[str, list[Measured]] = {}
    effects: list[Effect] = []
    for judged in sets:
        own = _SetMeasures(libraries, judged, SearchSettings().changed(base))
        measured[judged.name] = own.base
        for setting in settings:
            effect = own.effect(setting)
            effects.append(effect)
            compared = effect.by_group[ALL]
            print(f"{judged.name}: {setting.label}: {compared.difference:+.4f}", flush=True)
    return Ablation(tuple(base), measured, effects)


class _SetMeasures:
    """What is measured on one set: the base, and the effects of settings."""

    def __init__(self, libraries: Libraries, judged: JudgedSet, settings: SearchSettings) -> None:
        self._judged, self._settings = judged, settings
        self._library = libraries.of(judged)
        self._qrels = qrels_by_id(self._library, judged)
        queries = answerable(judged)
        run = run_of(self._library, judged, settings)
        summary = measures.summarise(queries, run, self._qrels)
        self.base = [each for each in summary if each.measure == MEASURE]
        self._before = measures.per_query(run, self._qrels)[MEASURE]
        self._groups = {ALL: list(self._before)} | {
            each.kind: [query.id for query in queries if query.kind == each.kind]
            for each in self.base[1:]
        }

    def effect(self, setting: Setting) -> Effect:
        """Ask all questions with a setting, and compare it with the base, group by group."""
        settings = self._settings.changed(setting.changes)
        run = run_of(self._library, self._judged, settings)
        after = measures.per_query(run, self._qrels)[MEASURE]
        by_group = {
            group: _compared(self._before, after, queries)
            for group, queries in self._groups.items()
        }
        return Effect(setting, self._judged.name, by_group)


def _compared(
    before: Mapping[str, float], after: Mapping[str, float], queries: Sequence[str]
) -> Compared:
    first = {query: before[query] for query in queries if query in before}
    return measures.compare_values(MEASURE, first, {query: after[query] for query in first})


if __name__ == "__main__":
    main()
