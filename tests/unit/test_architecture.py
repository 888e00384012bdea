"""The house's own rules that no linter knows."""

from __future__ import annotations

import re

from tests.conftest import ROOT

ROOMS = ("embedder", "server", "training")


def test_nothing_is_read_or_written_in_pickles() -> None:
    words = re.compile(
        r"^\s*(import|from) (pickle|joblib)\b|torch\.load|allow_pickle=True", re.MULTILINE
    )
    sources = [path for room in ROOMS for path in ROOT.glob(f"{room}/**/*.py")]
    assert sources
    for path in sources:
        assert not words.search(path.read_text(encoding="utf-8")), path


def test_no_room_is_named_after_nothing() -> None:
    for path in (path for room in ROOMS for path in ROOT.glob(f"{room}/**/*.py")):
        assert path.stem not in {"utils", "helpers", "common", "manager", "base", "misc"}, path


def test_every_document_of_the_house_is_there() -> None:
    for name in ("README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml", "constraints.txt"):
        assert (ROOT / name).read_text(encoding="utf-8").strip(), name


def test_torch_is_pinned() -> None:
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert "torch==2.13.0" in pins


# A protocol and a record, which every encoder's tests use.
WITHOUT_TESTS = {"embedder/encoders/encoder.py"}


def test_every_module_has_tests_under_its_own_name() -> None:
    modules = [path for room in ROOMS for path in ROOT.glob(f"{room}/**/*.py")]
    missing = []
    for path in modules:
        module = path.relative_to(ROOT)
        if path.name == "__init__.py" or module.as_posix() in WITHOUT_TESTS:
            continue
        room = (
            module.parent.relative_to("embedder")
            if module.parts[0] == "embedder"
            else module.parent
        )
        if not (ROOT / "tests" / "unit" / room / f"test_{path.name}").is_file():
            missing.append(module.as_posix())
    assert missing == []


def test_every_folder_of_tests_mirrors_a_room() -> None:
    for path in (ROOT / "tests" / "unit").rglob("test_*.py"):
        room = path.parent.relative_to(ROOT / "tests" / "unit")
        assert (ROOT / "embedder" / room).is_dir() or (ROOT / room).is_dir(), path
