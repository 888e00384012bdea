"""What one marked document gives: judged questions asked again with their first hit that fits.

python -m benchmarks.feedback --out feedback.md
python -m benchmarks.feedback --model NAME_OR_PATH --collections seeds,plain --libraries FOLDER
python -m benchmarks.feedback --base dense_weight=0.9 --like-weights 0.5,1 --out feedback.md

Of each question that the library answers, the first of ten hits that is judged relevant is marked
as `like`, as a person would mark it; a question without one is left out. The marked document is
taken out of both answers and of the judgements, so nDCG@10 is of the others: what the mark finds,
not what it is. A question with no other relevant document is left out too. `--base` is as in
benchmarks.ablation. Beside the page, a file of the same name that ends in .json holds all figures.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from benchmarks.ablation_settings import Setting
from benchmarks.ablation_table import ALL, EXPLANATION, MEASURE, Ablation, Effect, effects_table
from benchmarks.asking import Libraries, answerable, by_language, qrels_by_id
from benchmarks.judged import JudgedSet
from benchmarks.options import add_options, add_page_options, chosen, model_label, write_page
from embedder import measures
from embedder.errors import FingerpostError
from embedder.evaluation import SearchSettings
from embedder.library import Library
from embedder.records import Question
from embedder.trec_files import Qrels, Query, Run

# As many as a person looks at, and as nDCG@10 does.
_HITS = 10
LIKE_WEIGHTS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many questions of a set have an answer, a relevant hit among ten, and others besides."""

    answerable: int
    marked: int
    compared: int


@dataclass(frozen=True, slots=True)
class Feedback:
    """What was measured: the questions of each set, and the effects of weights.

    The base of `ablation` is the answer without a mark. A set without a question to compare is not
    in it.
    """

    counts: Mapping[str, Counts]
    ablation: Ablation


@dataclass(frozen=True, slots=True)
class _Marked:
    """A question, the document that is marked, and the others that were found, best first."""

    query: Query
    document: str
    others: Sequence[str]


def main() -> None:
    """Measure one mark on every set, and write the page and the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_options(parser)
    add_page_options(parser, "feedback.md")
    parser.add_argument(
        "--like-weights",
        type=_numbers,
        default=LIKE_WEIGHTS,
        metavar="NUMBER,…",
        help="weights of the marked document (default: %(default)s)",
    )
    arguments = parser.parse_args()
    try:
        with chosen(arguments) as (libraries, sets):
            english = list(by_language(sets, "english"))
            found = measure(libraries, english, arguments.base, arguments.like_weights)
    except FingerpostError as error:
        parser.error(error.message)
    write_page(arguments, page(found, model_label(arguments)), asdict(found))


def measure(
    libraries: Libraries, sets: Sequence[JudgedSet], base: Sequence[str], weights: Sequence[float]
) -> Feedback:
    """Ask every set without a mark, and with one by each weight, and compare them.

    Raises RequestError for a setting that does not exist, or that has no vector to move.
    """
    settings = SearchSettings().changed(base)
    counts, measured, effects = {}, {}, []
    for judged in sets:
        library = libraries.of(judged)
        queries, qrels = answerable(judged), qrels_by_id(library, judged)
        marked = list(_mark(library, queries, qrels, settings))
        rest = _without_marked(qrels, marked)
        run = {each.query.id: measures.by_rank(each.others) for each in marked}
        before = measures.per_query(run, rest)[MEASURE]
        counts[judged.name] = Counts(len(queries), len(marked), len(before))
        if not before:
            print(f"{judged.name}: no question has another relevant document", flush=True)
            continue
        summary = measures.summarise([each.query for each in marked], run, rest)
        measured[judged.name] = [next(each for each in summary if each.measure == MEASURE)]
        for weight in weights:
            setting = Setting("one document marked", (f"like_weight={weight:g}",))
            refined = _refined(library, marked, settings.changed(setting.changes))
            after = measures.per_query(refined, rest)[MEASURE]
            compared = measures.compare_values(MEASURE, before, after)
            effects.append(Effect(setting, judged.name, {ALL: compared}))
            print(f"{judged.name}: {setting.label}: {compared.difference:+.4f}", flush=True)
    return Feedback(counts, Ablation(tuple(base), measured, effects))


def page(found: Feedback, model: str) -> str:
    """Return the whole page, in Markdown; `model` is what `model_label` says of it."""
    lines = [
        f"# What one marked document gives: {model}\n",
        f"With {found.ablation.base_label}. Of each question the first of ten hits that is "
        "relevant is marked. It is",
        "left out of both answers and of the judgements; base is the answer without the mark.",
        EXPLANATION,
        *effects_table(found.ablation),
        "\n## Questions\n",
        "| set | with an answer | with a relevant hit | with others besides |",
        "|---|---:|---:|---:|",
        *(
            f"| {name} | {each.answerable} | {each.marked} | {each.compared} |"
            for name, each in found.counts.items()
        ),
    ]
    return "\n".join(lines) + "\n"


def _mark(
    library: Library, queries: Sequence[Query], qrels: Qrels, settings: SearchSettings
) -> Iterator[_Marked]:
    """Yield the questions with a relevant document among the first hits."""
    for query in queries:
        hits = _ask(library, query, settings)
        grades = qrels.get(query.id, {})
        document = next((each for each in hits[:_HITS] if grades.get(each, 0) > 0), None)
        if document is not None:
            yield _Marked(query, document, _others(hits, document))


def _refined(library: Library, marked: Sequence[_Marked], settings: SearchSettings) -> Run:
    return {
        each.query.id: measures.by_rank(
            _others(_ask(library, each.query, settings, (each.document,)), each.document)
        )
        for each in marked
    }


def _ask(
    library: Library, query: Query, settings: SearchSettings, like: tuple[str, ...] = ()
) -> list[str]:
    """Return the best documents, one more than are measured: the marked one is not."""
    question = Question(
        query.text, limit=_HITS + 1, mode=settings.mode, expand=settings.expand, like=like
    )
    return [hit.document.id for hit in library.ask(question, settings.weights)]


def _others(hits: Sequence[str], document: str) -> list[str]:
    return [each for each in hits if each != document][:_HITS]


def _without_marked(qrels: Qrels, marked: Sequence[_Marked]) -> Qrels:
    """Return the judgements of the marked questions on the other documents."""
    return {
        each.query.id: {
            document: grade
            for document, grade in qrels[each.query.id].items()
            if document != each.document
        }
        for each in marked
    }


def _numbers(value: str) -> tuple[float, ...]:
    try:
        return tuple(float(number) for number in value.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{value!r} is not numbers such as 0.5,1") from error


if __name__ == "__main__":
    main()
