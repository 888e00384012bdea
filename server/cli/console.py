"""Output of the command line: answers, tables and progress bars."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from embedder.records import Answer, Document, Hit, Manifest, SuggestedFilter, Verdict
from embedder.search.verdict import cosines
from embedder.text.languages import ENGLISH

if TYPE_CHECKING:
    from embedder.evaluation import Evaluation
    from embedder.measures import Compared, Measured
    from embedder.verdict_measures import VerdictCounts

_VERDICTS: dict[Verdict, str] = {
    "strong": "The answer is probably in the first documents.",
    "possible": "These may help; where a sentence is quoted, check it first.",
    "none": "No clear answer was found, though there may still be one here. The nearest:",
}

_INDEXES = {"exact": "exact, in memory", "approximate": "approximate, recall measured when built"}


class _Speed(ProgressColumn):
    """A column with the items done per second."""

    def render(self, task: Task) -> Text:
        # A step that advanced only once has no measured speed.
        speed = task.finished_speed or task.speed or task.completed / max(task.elapsed or 0, 1e-3)
        return Text(f"{speed:,.0f}/s" if speed else "", style="progress.data.speed")


class Bars:
    """Progress bars on standard error; see `embedder.build.pipeline.Progress`."""

    @contextmanager
    def step(self, name: str, total: int) -> Iterator[Callable[[int], None]]:
        """Show the bar of one step; yields the function that advances it."""
        columns = (
            TextColumn("{task.description:<10}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Speed(),
            TimeRemainingColumn(elapsed_when_finished=True),
        )
        with Progress(*columns, console=Console(stderr=True)) as progress:
            task = progress.add_task(name, total=total)
            yield lambda advance: progress.advance(task, advance)


def print_answer(answer: Answer, question: str) -> None:
    """Print an answer's verdict, what was understood of it and stands in a hit, and the hits."""
    console = make_console()
    if not answer.hits:
        console.print("No document is left with these filters.")
        return
    console.print(f"[bold]{_VERDICTS[answer.verdict]}[/] ({answer.total} documents)")
    if answer.languages != (ENGLISH,):
        console.print(f"[dim]Read as {_named(answer.languages)}.[/]")
    understood = {
        f"{' '.join(question[each.start : each.end].split())} → {each.meaning}"
        for each in answer.understood
        if each.used
    }
    if understood:
        console.print(f"[dim]Understood: {escape('; '.join(sorted(understood)))}[/]")
    suggested = "; ".join(_option(each) for each in answer.suggested_filters if each.count)
    if suggested:
        console.print(f"[dim]Narrow with: {escape(suggested)}[/]")
    missing = [
        place
        for each in answer.suggested_filters
        if not each.count
        for place in each.filters.countries
    ]
    for place in missing:  # each on a line: names of countries have commas
        console.print(f"[dim]No document here is listed under: {escape(place)}.[/]")
    print_hits(answer.hits)


def _option(suggested: SuggestedFilter) -> str:
    """Return the options of `ask` that set a filter: `--country Lebanon (1 document)`."""
    filters = suggested.filters
    options = [
        f"{option} {shlex.quote(str(value))}"
        for option, values in (
            ("--country", filters.countries),
            ("--region", filters.regions),
            ("--author", filters.authors),
            ("--year-from", [filters.year_from]),
            ("--year-to", [filters.year_to]),
        )
        for value in values
        if value
    ]
    noun = "document" if suggested.count == 1 else "documents"
    return f"{' '.join(options)} ({suggested.count} {noun})"


def _named(languages: Sequence[str]) -> str:
    """Return the English names of languages: `French and English`."""
    from babel import Locale
    from babel.lists import format_list

    names = Locale("en").languages
    return format_list([names.get(code, code) for code in languages], locale="en")


def print_hits(hits: Sequence[Hit]) -> None:
    """Print hits with the metadata of their documents and the sentences that match."""
    console = make_console()
    for hit in hits:
        document = hit.document
        console.print(f"\n[bold]{hit.rank}. {escape(document.title or document.id)}[/]")
        facts = [
            str(document.year or ""),
            ", ".join(document.countries),
            "; ".join(document.authors),
            "; ".join(document.topics),
            f"similarity {hit.similarity:.2f}",
            hit.fit or "",
        ]
        console.print(Padding(escape(" · ".join(each for each in facts if each)), (0, 0, 0, 3)))
        for each in hit.evidence if hit.fit != "less likely" else ():
            console.print(Padding(f"[italic]“{escape(each.text)}”[/]", (0, 0, 0, 3)))
        console.print(Padding(f"[dim]{escape(document.id)}[/]", (0, 0, 0, 3)))


def print_evaluation(evaluation: Evaluation) -> None:
    """Print the measures of each kind with their intervals, verdicts, and a comparison if any."""
    if evaluation.measured:
        _print_measures(evaluation.measured)
    _print_verdicts(evaluation.verdicts)
    if evaluation.compared:
        _print_comparison(evaluation.compared)


def _print_measures(measured: Sequence[Measured]) -> None:
    # Imported here because the measures' library takes a second to import.
    from embedder.measures import NAMES

    table = Table("Kind", "Queries", *NAMES.values())
    for kind in dict.fromkeys(each.kind for each in measured):
        row = [each for each in measured if each.kind == kind]
        cells = [f"{each.mean:.4f} [dim]{each.low:.3f}–{each.high:.3f}[/]" for each in row]
        table.add_row(escape(kind), str(row[0].queries), *cells)
    make_console().print(table)


def _print_verdicts(verdicts: VerdictCounts) -> None:
    table = Table("Questions", *_VERDICTS)
    for name, counts in (
        ("answerable", verdicts.answerable),
        ("unanswerable", verdicts.unanswerable),
    ):
        if any(counts.values()):
            table.add_row(name, *(str(counts[verdict]) for verdict in _VERDICTS))
    make_console().print(table)
    make_console().print(verdicts.summary())


def _print_comparison(compared: Sequence[Compared]) -> None:
    table = Table("Measure", "This", "Other", "Difference", "p (paired permutation)")
    for each in compared:
        table.add_row(
            each.measure,
            f"{each.second:.4f}",
            f"{each.first:.4f}",
            f"{each.difference:+.4f} [dim]{each.low:+.3f} to {each.high:+.3f}[/]",
            f"{each.p:.4f}",
        )
    make_console().print(table)


def print_documents(documents: Sequence[Document], total: int) -> None:
    """Print the library as a table."""
    table = Table("Title", "Year", "Countries", "Topics", "Id", caption=f"{total} documents")
    table.columns[4].overflow = "fold"
    for document in documents:
        table.add_row(
            escape(document.title),
            str(document.year or ""),
            escape(", ".join(document.countries)),
            escape("; ".join(document.topics)),
            escape(document.id),
        )
    make_console().print(table)


def status_dict(
    generation: int, manifest: Manifest, problems: Sequence[str], *, verified: bool
) -> dict[str, Any]:
    """Return the state of a library as a JSON object."""
    facts = asdict(manifest)
    return {
        "generation": generation,
        **{
            name: facts[name]
            for name in ("model", "model_sha256", "precision", "dim", "documents", "passages")
        },
        "readers": facts["readers"],
        **{
            f"verdict {name}": round(cosine, 3)
            for name, cosine in cosines(manifest.calibration).items()
        },
        "index": _INDEXES[manifest.dense["kind"]],
        "recall": manifest.dense["recall"],
        "version": manifest.version,
        "created": manifest.created,
        "verified": verified,
        "problems": list(problems),
    }


def print_status(facts: dict[str, Any]) -> None:
    """Print the state of a library."""
    console = make_console()
    readers = ", ".join(f"{name}: {count} passages" for name, count in facts["readers"].items())
    for name, value in (facts | {"readers": readers}).items():
        if name != "problems":
            console.print(f"{name.replace('_', ' '):<14} {escape(str(value))}")
    for problem in facts["problems"]:
        console.print(f"[bold red]wrong[/]         {escape(problem)}")
    if not facts["problems"]:
        detail = (
            "every checksum matches"
            if facts["verified"]
            else "use --verify to check every checksum"
        )
        console.print(f"{'state':<14} well ({detail})")


def make_console() -> Console:
    """Return a console on standard output that prints texts as they are."""
    # Highlighting would colour the numbers in titles; `:x:` in an id is not an emoji.
    return Console(highlight=False, emoji=False, soft_wrap=False)
