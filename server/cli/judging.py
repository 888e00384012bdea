"""The `judge` command at the terminal: a question, its documents, and the keys to answer with."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from embedder.errors import RequestError
from embedder.judging import GRADES, Judging, Step
from embedder.records import Hit
from server.cli.console import make_console

_MEANINGS = (
    "nothing in it is about the question",
    "it is about the same matter, and does not answer",
    "it answers a part of the question, or leaves it to be concluded",
    "somebody who asks this should read it",
)
_KEYS = {
    **{
        str(grade): f"{name}: {meaning}"
        for grade, (name, meaning) in enumerate(zip(GRADES, _MEANINGS, strict=True))
    },
    "n": "none of these answers the question: 0 for those without a grade",
    "s": "skip this document; the next run asks about it again",
    "b": "back: take the last answer back",
    "q": "quit; every answer is kept already",
    "?": "this list, and the documents again",
}
_AT_THE_END = ("b", "q")


def judge(judging: Judging, out: Path) -> None:
    """Ask for grades until all documents have one, or the person quits or ends the input.

    Raises SourceError if the grades cannot be written.
    """
    console = make_console()
    shown = 0
    try:
        while (step := judging.next_step()) is not None or judging.can_go_back:
            if step is None:
                key = _ask("All documents have been shown", _AT_THE_END)
            else:
                if step.number != shown:
                    _print_question(console, step, len(judging.queries))
                    shown = step.number
                key = _ask(f"Grade of document {step.at + 1}", tuple(_KEYS))
            if key == "q":
                break
            if key == "?":
                _print_keys(console)
                shown = 0
            else:
                _act(judging, step, key)
    except click.Abort:  # Ctrl+C, or the end of standard input
        click.echo()
    _print_end(console, judging, out)


def _act(judging: Judging, step: Step | None, key: str) -> None:
    try:
        if key == "b" or step is None:
            judging.back()
        elif key == "n":
            judging.none_answers(step)
        elif key == "s":
            judging.skip(step)
        else:
            judging.grade(step, int(key))
    except RequestError as error:
        click.echo(f"Not done: {error.message}")


def _ask(what: str, keys: tuple[str, ...]) -> str:
    def read(answer: str) -> str:
        key = answer.strip().lower()
        if key not in keys:
            raise click.UsageError(f"this is none of the keys {' '.join(keys)}")
        return key

    answer: str = click.prompt(f"{what} ({' '.join(keys)})", value_proc=read)
    return answer


def _print_question(console: Console, step: Step, total: int) -> None:
    """Print a question and all its documents: who says that none answers has seen them."""
    text = escape(" ".join(step.query.text.split()))
    console.print(f"\n[bold]Question {step.number} of {total}: {text}[/]")
    for number, hit in enumerate(step.hits, start=1):
        _print_document(console, number, hit, step.grades.get(hit.document.id))
    names = ", ".join(f"{grade} {name}" for grade, name in enumerate(GRADES))
    console.print(f"\n[dim]{names}; n none does; ? all keys[/]")


def _print_document(console: Console, number: int, hit: Hit, grade: int | None) -> None:
    """Print what a person judges by. Rank, cosine and verdict are left out: they would persuade."""
    document = hit.document
    graded = "" if grade is None else f" [dim](has the grade {grade})[/]"
    console.print(f"\n[bold]{number}. {escape(document.title or document.id)}[/]{graded}")
    facts = [str(document.year or ""), ", ".join(document.countries)]
    lines = [escape(" · ".join(fact for fact in facts if fact))]
    lines += [f"[italic]“{escape(sentence.text)}”[/]" for sentence in hit.evidence]
    for line in filter(None, lines):
        console.print(Padding(line, (0, 0, 0, 3)))


def _print_keys(console: Console) -> None:
    for key, meaning in _KEYS.items():
        console.print(Padding(f"[bold]{key}[/]  {meaning}", (0, 0, 0, 3)))


def _print_end(console: Console, judging: Judging, out: Path) -> None:
    judged = judging.judged
    if not judged:
        console.print("Nothing is judged yet.")
        return
    unanswered = sum(not query.answerable for query in judged)
    console.print(
        f"{len(judged)} of {len(judging.queries)} questions have judgements; "
        f"no document answers {unanswered} of them."
    )
    # Echoed, for a path that is folded at the end of a line cannot be copied.
    click.echo(f"Measure with: fingerpost evaluate --queries {out}")
