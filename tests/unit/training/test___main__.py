from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from embedder.encoders.readers import ReaderName
from training import __main__ as command
from training.material import Material
from training.steps import Options


@pytest.fixture
def folders(bases: Mapping[ReaderName, Path]) -> list[str]:
    names: dict[ReaderName, str] = {"full": "--mpnet", "quick": "--minilm", "languages": "--e5"}
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


def test_a_base_model_that_is_not_given_is_looked_for(
    folders: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_for: list[tuple[str, Path]] = []

    @contextmanager
    def found(name: str, scratch: Path) -> Iterator[Path]:
        looked_for.append((name, scratch))
        yield tmp_path / "found"

    given: list[Options] = []
    monkeypatch.setattr(command, "base_folder", found)
    monkeypatch.setattr(command, "step_train", lambda _, __, options: given.append(options))
    assert command.main(["languages", *folders[:2], "--work", str(tmp_path)]) == 0
    assert looked_for == [("multilingual-e5-small", tmp_path / "bases")]
    assert given[0].bases == {"full": Path(folders[1]), "languages": tmp_path / "found"}


def test_a_folder_without_a_model_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["full", "--mpnet", str(tmp_path), "--work", str(tmp_path / "work")]
    assert command.main(arguments) == 2
    assert str(tmp_path) in capsys.readouterr().err


def test_an_unknown_step_is_refused() -> None:
    with pytest.raises(SystemExit):
        command.main(["everything"])
