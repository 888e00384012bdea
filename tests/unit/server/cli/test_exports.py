"""`fingerpost documents --format`, and the way back through `fingerpost index`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from embedder.encoders.encoder import Encoder
from embedder.formats.registry import EXPORTS
from embedder.library import Library
from server.cli.commands import main

Run = Callable[..., Result]


@pytest.fixture
def run(seed_vectors: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run our command over the seeds' library, with the model that is loaded already."""
    monkeypatch.setattr(Library.__init__, "__defaults__", (lambda _, **__: encoder,))
    monkeypatch.setenv("FINGERPOST_VECTORS", str(seed_vectors))
    return lambda *arguments: CliRunner().invoke(main, arguments)


@pytest.mark.parametrize("form", EXPORTS)
def test_a_file_is_the_whole_library_as_utf_8(run: Run, form: str, seed_library: Library) -> None:
    result = run("documents", "--format", form)
    assert (result.exit_code, result.stderr) == (0, "")
    documents = list(seed_library.documents())
    assert len(documents) == 41
    assert result.stdout_bytes == "".join(EXPORTS[form].write(documents)).encode()


@pytest.mark.slow
@pytest.mark.parametrize("form", ["ris", "bibtex", "csv"])
def test_a_file_gives_the_same_library(
    run: Run, form: str, tmp_path: Path, seed_library: Library
) -> None:
    file = tmp_path / f"library.{EXPORTS[form].ending}"
    file.write_bytes(run("documents", "--format", form).stdout_bytes)
    vectors = ("--vectors", str(tmp_path / "vectors"))
    result = run("index", str(file), *vectors)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("41 read, 0 merged, 41 new, ")
    lines = run("documents", "--format", "jsonl", *vectors).stdout.splitlines()
    documents = list(seed_library.documents())
    assert [json.loads(line) for line in lines] == [each.as_dict() for each in documents]


@pytest.mark.parametrize("form", EXPORTS)
def test_without_a_library_nothing_is_written(run: Run, form: str, tmp_path: Path) -> None:
    result = run("documents", "--format", form, "--vectors", str(tmp_path / "none"))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("fingerpost: there is no library in ")


def test_an_unknown_format_is_refused_with_the_known_ones(run: Run) -> None:
    result = run("documents", "--format", "docx")
    assert result.exit_code == 2
    assert "'table', 'jsonl', 'ris', 'bibtex', 'csl-json', 'csv'" in result.stderr


def test_a_broken_file_is_named_with_its_line(run: Run, tmp_path: Path) -> None:
    for name, text, problem in (
        ("a.csv", "title,titel\na,b\n", ":1: unknown column 'titel'; rename or remove it."),
        (
            "a.ris",
            "\nTY  - RPRT\n",
            ":2: the record that begins here has no end: ER, two spaces and a hyphen",
        ),
        ("a.bib", "\n@misc{a, title={b", ":2: the entry that begins here cannot be read: "),
    ):
        file = tmp_path / name
        file.write_text(text)
        result = run("index", str(file), "--vectors", str(tmp_path / "vectors"))
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.splitlines()[-1].startswith(f"fingerpost: {file}{problem}")
