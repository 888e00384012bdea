from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from training import __main__ as command
from training.material import Material


@pytest.fixture
def folders(bases: Mapping[str, Path]) -> list[str]:
    names = {"full": "--mpnet", "quick": "--minilm", "languages": "--e5"}
    return [part for name, path in bases.items() for part in (names[name], str(path))]


@pytest.mark.slow
def test_all_steps_run_and_a_rerun_does_nothing_twice(
    folders: list[str],
    material: Material,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(command, "read_material", lambda: material)
    card = tmp_path / "model.md"
    card.write_text("<!-- quality -->\n<!-- /quality -->\n", encoding="utf-8")
    work = tmp_path / "work"
    arguments = ["all", *folders, "--work", str(work), "--steps", "2", "--batch", "8"]
    arguments += ["--precision", "float32", "--threads", "1", "--card", str(card)]
    assert command.main(arguments) == 0
    weights = sorted(path.name for path in (work / "weights").iterdir())
    assert weights == ["full.safetensors", "languages.safetensors", "quick.safetensors"]
    scores = json.loads((work / "measures.json").read_text(encoding="utf-8"))["scores"]
    assert {score["reader"] for score in scores} == {"full", "quick", "languages"}
    assert "| languages | full | plain, fr | 2 |" in card.read_text(encoding="utf-8")

    capsys.readouterr()
    first = (work / "weights" / "quick.safetensors").read_bytes()
    assert command.main(arguments) == 0
    assert "quick-1: goes on from step 2" in capsys.readouterr().out
    assert (work / "weights" / "quick.safetensors").read_bytes() == first


def test_a_missing_folder_is_named(
    folders: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["languages", *folders[:2], "--work", str(tmp_path)]
    assert command.main(arguments) == 2
    assert "the folder of multilingual-e5-small is not given" in capsys.readouterr().err


def test_a_folder_without_a_model_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["full", "--mpnet", str(tmp_path), "--work", str(tmp_path / "work")]
    assert command.main(arguments) == 2
    assert str(tmp_path) in capsys.readouterr().err


def test_an_unknown_step_is_refused() -> None:
    with pytest.raises(SystemExit):
        command.main(["everything"])
