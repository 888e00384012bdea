"""The `fingerpost` command.

What takes long to import is imported by the command that needs it: `--help` is at once.
"""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from embedder.errors import FingerpostError, LibraryMissing
from embedder.formats.registry import EXPORTS, JSONL
from embedder.records import MODES, Filters, Mode, Question

if TYPE_CHECKING:
    from embedder.encoders.readers import ReaderName
    from fingerpost import Library, Report

SEEDS = Path("seeds")

_vectors = click.option(
    "--vectors",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("vectors"),
    envvar="FINGERPOST_VECTORS",
    show_default=True,
    show_envvar=True,
    help="The folder of the library.",
)
_reader = click.option(
    "--reader",
    type=click.Choice(["full", "quick"]),
    envvar="FINGERPOST_READER",
    show_envvar=True,
    help="What reads the question, where the library's model is ours.  [default: what read the "
    "documents]",
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, as the API gives it.")
_limit = click.option("--limit", type=int, default=10, show_default=True, help="How many hits.")


class _Commands(click.Group):
    """Turns our errors into one line on standard error, and exit status 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except FingerpostError as error:
            _stop(error.message)


def _stop(message: str) -> NoReturn:
    click.echo(f"fingerpost: {' '.join(message.split())}", err=True)
    sys.exit(2)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="fingerpost")
def main() -> None:
    """Ask a document library in your own words."""
    # What takes long is said, and what does not go as it should.
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("fingerpost: %(message)s"))
    log = logging.getLogger("fingerpost")
    log.handlers[:] = [handler]
    log.setLevel(logging.INFO)


@main.command()
@click.argument("sources", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--reader",
    type=click.Choice(["full", "quick"]),
    help="What reads the documents: full is more accurate, quick takes a sixth of the time.",
)
@click.option("--model", help="A sentence-transformers model, by name or path, without readers.")
@click.option("--replace", is_flag=True, help="Forget all sources but these.")
@click.option("--glossary", type=click.Path(path_type=Path), help="A glossary of your own (CSV).")
@_vectors
def index(
    sources: tuple[Path, ...],
    reader: ReaderName | None,
    model: str | None,
    replace: bool,
    glossary: Path | None,
    vectors: Path,
) -> None:
    """Read SOURCES (files or folders; `seeds` by default) into the library."""
    from server.cli.console import Bars

    if reader and model:
        _stop("--reader is for our own model. Leave out --reader or --model.")
    report = _library(vectors).add(
        *(sources or (SEEDS,)),
        model=f"fingerpost-{reader}" if reader else model,
        replace=replace,
        glossary=glossary,
        progress=Bars(),
    )
    click.echo(_summary(report))


@main.command()
@click.option("--model", help="A sentence-transformers model, by name or path.")
@_reader
@_vectors
def prepare(model: str | None, reader: ReaderName | None, vectors: Path) -> None:
    """Convert a model for this processor: the library's, unless another is named.

    It is done once; `index` and `serve` do it too. A model that was not converted runs more
    slowly.
    """
    from embedder.encoders.preparing import prepare as prepare_model
    from server.cli.console import Bars

    if model is None:
        _library(vectors, reader).prepare(Bars())
    else:
        prepare_model(model, Bars(), reader=reader)
    click.echo("The model is prepared.")


@main.command()
@click.argument("question")
@_limit
@click.option("--mode", type=click.Choice(MODES), default="hybrid", show_default=True)
@click.option("--country", multiple=True, help="A name or an ISO code; may be given again.")
@click.option("--region", multiple=True)
@click.option("--topic", multiple=True)
@click.option("--author", multiple=True, help="A name or part of one.")
@click.option("--year-from", type=int)
@click.option("--year-to", type=int)
@click.option("--include-worldwide", is_flag=True, help="Beside the country or region.")
@click.option("--no-expand", is_flag=True, help="Take the words as they stand: no glossary.")
@click.option("--like", multiple=True, metavar="ID", help="More like this document.")
@click.option("--unlike", multiple=True, metavar="ID", help="Less like this one; it comes last.")
@click.option("--ignore", multiple=True, metavar="TERM", help="Do not use what was understood.")
@_reader
@_json
@_vectors
def ask(  # noqa: PLR0913, PLR0917 (one parameter an option)
    question: str,
    limit: int,
    mode: Mode,
    country: tuple[str, ...],
    region: tuple[str, ...],
    topic: tuple[str, ...],
    author: tuple[str, ...],
    year_from: int | None,
    year_to: int | None,
    include_worldwide: bool,
    no_expand: bool,
    like: tuple[str, ...],
    unlike: tuple[str, ...],
    ignore: tuple[str, ...],
    reader: ReaderName | None,
    as_json: bool,
    vectors: Path,
) -> None:
    """Answer QUESTION; `-` reads it from standard input, away from the shell's history."""
    asked = Question(
        text=_read_question(question),
        limit=limit,
        mode=mode,
        expand=not no_expand,
        like=like,
        unlike=unlike,
        ignore=ignore,
        filters=Filters(
            countries=country,
            regions=region,
            topics=topic,
            authors=author,
            year_from=year_from,
            year_to=year_to,
            include_worldwide=include_worldwide,
        ),
    )
    answer = _library(vectors, reader).ask(asked)
    if as_json:
        _print_json(answer.as_dict())
        return
    from server.cli.console import print_answer

    print_answer(answer, asked.text)


@main.command()
@click.argument("document_id", metavar="ID")
@_limit
@_json
@_vectors
def similar(document_id: str, limit: int, as_json: bool, vectors: Path) -> None:
    """Show the documents near the one with this ID."""
    hits = _library(vectors).similar(document_id, limit)
    if as_json:
        _print_json({"hits": [hit.as_dict() for hit in hits]})
        return
    from server.cli.console import print_hits

    print_hits(hits)


@main.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", JSONL.name, *EXPORTS]),
    default="table",
    show_default=True,
)
@_vectors
def documents(form: str, vectors: Path) -> None:
    """List the library."""
    library = _library(vectors)
    as_file = JSONL if form == JSONL.name else EXPORTS.get(form)
    if as_file:
        for piece in as_file.write(library.documents()):
            # Bytes: a terminal's encoding may have no Arabic, and the line ends are the format's.
            click.echo(piece.encode(), nl=False)
        return
    from server.cli.console import print_documents

    listed = list(library.documents())
    print_documents(listed, len(listed))


@main.command()
@click.option("--verify", is_flag=True, help="Check every checksum.")
@_json
@_vectors
def status(verify: bool, as_json: bool, vectors: Path) -> None:
    """Show what the library holds; exit status 1 if something is wrong."""
    try:
        library = _library(vectors)
        generation, manifest = library.status()
        problems = library.verify() if verify else library.problems()
    except FingerpostError as error:
        click.echo(f"fingerpost: {error.message}", err=True)
        sys.exit(1)
    from server.cli.console import print_status, status_dict

    facts = status_dict(generation, manifest, problems, verified=verify)
    if as_json:
        _print_json(facts)
    else:
        print_status(facts)
    sys.exit(1 if problems else 0)


@main.command()
@click.option(
    "--queries", required=True, type=click.Path(path_type=Path), help="JSON lines: _id, text, kind."
)
@click.option("--qrels", type=click.Path(path_type=Path), help="query-id, corpus-id, score.")
@click.option("--mode", type=click.Choice(MODES), default="hybrid", show_default=True)
@click.option("--no-expand", is_flag=True, help="Take the words as they stand: no glossary.")
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="A part's weight, see docs."
)
@click.option("--run", "run_file", type=click.Path(path_type=Path), help="Write a TREC run here.")
@click.option(
    "--compare",
    metavar="RUN|NAME=VALUE,…",
    help="Test against a TREC run, or against other settings (mode=semantic, expand=no, …).",
)
@_reader
@_json
@_vectors
def evaluate(  # noqa: PLR0913, PLR0917 (one parameter an option)
    queries: Path,
    qrels: Path | None,
    mode: Mode,
    no_expand: bool,
    settings: tuple[str, ...],
    run_file: Path | None,
    compare: str | None,
    reader: ReaderName | None,
    as_json: bool,
    vectors: Path,
) -> None:
    """Measure the answers to judged questions."""
    from embedder.evaluation import SearchSettings, evaluate_library

    search = SearchSettings(mode, expand=not no_expand).changed(settings)
    found = evaluate_library(_library(vectors, reader), queries, qrels, search, compare)
    if run_file:
        found.write_run(run_file)
    if as_json:
        _print_json(found.as_dict())
        return
    from server.cli.console import print_evaluation

    print_evaluation(found)


@main.command()
@click.argument("questions", type=click.Path(path_type=Path))
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file for the grades; a second run goes on with it.",
)
@_limit
@_reader
@_vectors
def judge(questions: Path, out: Path, limit: int, reader: ReaderName | None, vectors: Path) -> None:
    """Grade the first hits of QUESTIONS, one a line or as `evaluate` reads them.

    The grades are written after each answer, in the form that `evaluate --queries` reads.
    """
    from embedder.judging import Judging
    from server.cli.judging import judge as ask_for_grades

    ask_for_grades(Judging(_library(vectors, reader), questions, out, limit), out)


@main.command()
@click.option("--host", help="The address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="The port to listen on.  [default: 8000]")
@_reader
@_vectors
def serve(host: str | None, port: int | None, reader: ReaderName | None, vectors: Path) -> None:
    """Serve the pages and the API; builds the library from `seeds` if there is none."""
    from server.settings import Settings

    settings = Settings.from_environment(host=host, port=port, reader=reader, vectors=vectors)
    from server.cli.console import Bars

    library = _library(settings.vectors, settings.reader)
    try:
        library.status()
    except LibraryMissing:
        click.echo(_summary(library.add(SEEDS, progress=Bars())))
    library.prepare(Bars())
    from server.cli.serve import run

    run(settings)


def _library(vectors: Path, reader: ReaderName | None = None) -> Library:
    """Return the library in a folder; commands say themselves if there is none."""
    from fingerpost import Library, configure

    configure()
    return Library.open(vectors, create=True, reader=reader)


def _read_question(question: str) -> str:
    if question != "-":
        return question
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError:
        _stop("standard input is not UTF-8 text.")


def _summary(report: Report) -> str:
    counts = ", ".join(
        f"{getattr(report, name)} {name}"
        for name in ("read", "merged", "new", "changed", "unchanged", "removed")
    )
    embedded = f"{report.embedded} passages embedded" if report.embedded else "nothing to embed"
    without = f"; {report.without_text} without text, never found" if report.without_text else ""
    return (
        f"{counts}; {embedded}{without}.\n"
        f"Generation {report.generation}: {report.documents} documents, model {report.model}."
    )


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
