"""The options that the programs on judged questions share."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.asking import Libraries
from benchmarks.corpora import DATA
from benchmarks.judged import SETS, JudgedSet, read_set
from benchmarks.measure import prepared_encoder
from embedder import runtime
from embedder.encoders.loading import DEFAULT_MODEL

# Settings are chosen by these, so nothing is measured by them.
CHOSEN_BY = ("development", "other-fields")
MEASURED = tuple(name for name in SETS if name not in CHOSEN_BY)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options: which model, read by what, on which questions, and where they lie."""
    parser.add_argument("--model", default=DEFAULT_MODEL, help="a model by name or path")
    parser.add_argument(
        "--reader",
        choices=("full", "quick"),
        help="what reads the questions, if the model has several",
    )
    parser.add_argument(
        "--collections",
        type=_names,
        default=MEASURED,
        metavar="NAME,…",
        help=f"some of {','.join(SETS)} (default: all but {', '.join(CHOSEN_BY)})",
    )
    parser.add_argument("--data", type=Path, default=DATA, help="where cranfield and cisi lie")
    parser.add_argument("--libraries", type=Path, help="keep the libraries in this folder")


def add_page_options(parser: argparse.ArgumentParser, out: str) -> None:
    """Add the options of a page of comparisons: what with, and the page, `out` by default."""
    parser.add_argument(
        "--base",
        type=_changes,
        default=(),
        metavar="NAME=VALUE,…",
        help="compare with these settings, in the form of `fingerpost evaluate --set`",
    )
    parser.add_argument(
        "--out", type=Path, default=Path(out), help="the page (default: %(default)s)"
    )


def write_page(arguments: argparse.Namespace, page: str, figures: Mapping[str, Any]) -> None:
    """Write a page, and beside it a file that ends in .json with its figures."""
    asked = {"model": arguments.model, "reader": arguments.reader}
    arguments.out.write_text(page, encoding="utf-8")
    arguments.out.with_suffix(".json").write_text(
        json.dumps({**asked, **figures}, indent=1), encoding="utf-8"
    )
    print(arguments.out)


def model_label(arguments: argparse.Namespace) -> str:
    """Return which model was asked for, and what reads the questions if that was said."""
    read_by = f", questions read by {arguments.reader}" if arguments.reader else ""
    return f"{arguments.model}{read_by}"


@contextmanager
def chosen(arguments: argparse.Namespace) -> Iterator[tuple[Libraries, list[JudgedSet]]]:
    """Read the sets that the options name, load the model, and yield them with their libraries.

    Raises SourceError for a set that cannot be read, EncoderError for a model that cannot be used.
    """
    runtime.configure()
    sets = [read_set(name, arguments.data) for name in arguments.collections]
    encoder = prepared_encoder(arguments.model, arguments.reader)
    with ExitStack() as stack:
        folder = arguments.libraries
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        libraries = Libraries(folder, encoder)
        stack.callback(libraries.close)
        yield libraries, sets


def _changes(value: str) -> tuple[str, ...]:
    return tuple(change for change in value.split(",") if change)


def _names(value: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(value.split(",")))
    for name in names:
        if name not in SETS:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(SETS)}")
    return names
