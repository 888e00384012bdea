"""What the command line shows: answers, tables and progress bars."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from embedder.records import Answer, Document, Hit, Manifest

_VERDICTS = {
    "strong": "The library answers this.",
    "possible": "These may help; check the sentence quoted from each.",
    "none": "Nothing here clearly answers this. The nearest documents:",
}


class Bars:
    """Progress bars on standard error; see `build.Progress`."""

    @contextmanager
    def step(self, name: str, total: int) -> Iterator[Callable[[int], None]]:
        """Show one step."""
        columns = (
            TextColumn("{task.description:<10}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(elapsed_when_finished=True),
        )
        with Progress(*columns, console=Console(stderr=True)) as progress:
            task = progress.add_task(name, total=total)
            yield lambda advance: progress.advance(task, advance)


def print_answer(answer: Answer) -> None:
    """Print an answer's verdict and hits."""
    console = _console()
    if not answer.hits:
        console.print("No document is left with these filters.")
        return
    console.print(f"[bold]{_VERDICTS[answer.verdict]}[/] ({answer.total} documents)")
    print_hits(answer.hits)


def print_hits(hits: Sequence[Hit]) -> None:
    """Print documents with their metadata and the sentence that fits."""
    console = _console()
    for hit in hits:
        document = hit.document
        console.print(f"\n[bold]{hit.rank}. {escape(document.title or document.id)}[/]")
        facts = [
            str(document.year or ""),
            ", ".join(document.countries),
            "; ".join(document.authors),
            "; ".join(document.topics),
            f"similarity {hit.similarity:.2f}",
        ]
        console.print(Padding(escape(" · ".join(each for each in facts if each)), (0, 0, 0, 3)))
        for each in hit.evidence:
            console.print(Padding(f"[italic]“{escape(each.text)}”[/]", (0, 0, 0, 3)))
        console.print(Padding(f"[dim]{escape(document.id)}[/]", (0, 0, 0, 3)))


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
    _console().print(table)


def status_dict(
    generation: int, manifest: Manifest, problems: Sequence[str], *, verified: bool
) -> dict[str, Any]:
    """Give the state of a library as a JSON object."""
    facts = asdict(manifest)
    return {
        "generation": generation,
        **{name: facts[name] for name in ("model", "model_sha256", "dim", "documents", "passages")},
        "index": "exact, in memory",
        "recall": 1.0,
        "version": manifest.version,
        "created": manifest.created,
        "verified": verified,
        "problems": list(problems),
    }


def print_status(facts: dict[str, Any]) -> None:
    """Print the state of a library."""
    console = _console()
    for name, value in facts.items():
        if name != "problems":
            console.print(f"{name.replace('_', ' '):<13} {escape(str(value))}")
    for problem in facts["problems"]:
        console.print(f"[bold red]wrong[/]         {escape(problem)}")
    if not facts["problems"]:
        how = (
            "every checksum matches"
            if facts["verified"]
            else "use --verify to check every checksum"
        )
        console.print(f"{'state':<13} well ({how})")


def _console() -> Console:
    # Highlighting would colour numbers inside titles.
    return Console(highlight=False, soft_wrap=False)
