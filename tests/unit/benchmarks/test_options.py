"""The options of the programs on judged questions."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from benchmarks import measure, options
from benchmarks.judged import SETS
from benchmarks.options import add_options, add_page_options, chosen, model_label, write_page
from embedder.encoders.encoder import Encoder
from embedder.errors import EncoderError, SourceError
from tests.support.words import WordEncoder


def parse(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_options(parser)
    return parser.parse_args(arguments)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str | None]]:
    """Load the stand-in; what was asked for."""
    loaded: list[tuple[str, str | None]] = []

    def prepared_encoder(model: str, reader: str | None = None) -> Encoder:
        loaded.append((model, reader))
        return WordEncoder()

    monkeypatch.setattr(options, "prepared_encoder", prepared_encoder)
    return loaded


def test_all_sets_are_chosen_unless_some_are_named() -> None:
    chosen_by = {"development", "other-fields"}
    assert parse().collections == tuple(name for name in SETS if name not in chosen_by)
    assert parse("--collections", "plain,seeds,plain").collections == ("plain", "seeds")


def test_an_unknown_set_is_refused_with_the_names(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse("--collections", "seeds,trec")
    assert "'trec' is none of seeds, plain, kept-out, " in capsys.readouterr().err


def test_a_page_names_its_model_and_is_written_beside_its_figures(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    add_options(parser)
    add_page_options(parser, "page.md")
    out = tmp_path / "a.md"
    arguments = parser.parse_args(
        ["--model", "a-model", "--reader", "quick", "--base", "expand=no,", "--out", str(out)]
    )
    assert arguments.base == ("expand=no",)
    assert model_label(arguments) == "a-model, questions read by quick"
    write_page(arguments, "text", {"figure": 1})
    assert out.read_text() == "text"
    assert json.loads(out.with_suffix(".json").read_text()) == {
        "model": "a-model",
        "reader": "quick",
        "figure": 1,
    }
    arguments = parser.parse_args(["--model", "a-model"])
    assert (arguments.base, arguments.out) == ((), Path("page.md"))
    assert model_label(arguments) == "a-model"


def test_the_chosen_are_read_and_their_model_is_loaded(
    asked: list[tuple[str, str | None]], data: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "kept"
    arguments = parse(
        *("--model", "a-model", "--reader", "quick", "--collections", "seeds,cisi"),
        *("--data", str(data), "--libraries", str(folder)),
    )
    with chosen(arguments) as (libraries, sets):
        assert [judged.name for judged in sets] == ["seeds", "cisi"]
        assert libraries.of(sets[1]).encoder.name == "words"
    assert asked == [("a-model", "quick")]
    assert (folder / "cisi" / "library.sqlite").is_file()


def test_libraries_are_not_kept_unless_a_folder_is_named(
    asked: list[tuple[str, str | None]],
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = set(tmp_path.iterdir())
    with chosen(parse("--collections", "cisi", "--data", str(data))) as (libraries, sets):
        libraries.of(sets[0])
        assert set(tmp_path.iterdir()) != before
    assert set(tmp_path.iterdir()) == before
    assert len(asked) == 1


def test_a_folder_without_the_sets_is_an_error(
    asked: list[tuple[str, str | None]], tmp_path: Path
) -> None:
    arguments = parse("--collections", "cranfield", "--data", str(tmp_path))
    with pytest.raises(SourceError), chosen(arguments):
        pass
    assert asked == []


def test_a_model_of_one_reader_has_no_other() -> None:
    with pytest.raises(EncoderError, match="none called 'quick'"):
        measure.prepared_encoder("all-MiniLM-L6-v2", "quick")
