"""Importing changes nothing in a process: every module is imported in a fresh interpreter."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

# What is looked at, as a program that runs after numpy was imported: its own effects are not ours.
WATCH = """
import csv, importlib, json, locale, logging, os, signal, sys, threading
import numpy, threadpoolctl

def state():
    ours = logging.getLogger("fingerpost")
    return {
        "environment": sorted(os.environ.items()),
        "csv limit": csv.field_size_limit(),
        "threads": [each.name for each in threading.enumerate()],
        "thread limits": sorted(
            (each["internal_api"], each["num_threads"])
            for each in threadpoolctl.threadpool_info()
            if each["user_api"] == "blas" and "numpy" in each["filepath"]
        ),
        "blocked modules": sorted(name for name, each in sys.modules.items() if each is None),
        "root logger": (logging.root.level, len(logging.root.handlers)),
        "disabled logging": logging.root.manager.disable,
        "our logger": (ours.level, len(ours.handlers)),
        "signals": [str(signal.getsignal(each)) for each in (signal.SIGINT, signal.SIGTERM)],
        "working directory": os.getcwd(),
        "recursion limit": sys.getrecursionlimit(),
        "switch interval": sys.getswitchinterval(),
        "locale": locale.setlocale(locale.LC_ALL),
        "path": sys.path,
        "float errors": numpy.geterr(),
    }

for module in sys.argv[1:]:
    child = os.fork()  # a fresh interpreter for each, that has imported nothing of ours
    if child:
        ended = os.waitpid(child, 0)[1]
        if ended:
            sys.exit(f"{module} cannot be imported")
        continue
    before = state()
    importlib.import_module(module)
    after = state()
    changed = {name: [before[name], after[name]] for name in before if before[name] != after[name]}
    print(json.dumps([module, changed]), flush=True)
    os._exit(0)
"""
# Libraries that set something when they are imported themselves; each is imported by these modules
# of ours alone, and only when a model is run by torch or converted.
TORCH = {"embedder.encoders.torch_encoder", "embedder.encoders.openvino_export"}


def modules() -> list[str]:
    found = []
    for package in ("fingerpost", "embedder", "server"):
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found.append(name.removesuffix(".__init__"))
    return found


def changed_by_importing(*names: str) -> dict[str, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-c", WATCH, *names], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(line) for line in done.stdout.splitlines())


def test_the_list_of_modules_is_that_of_the_tree() -> None:
    assert len(modules()) > 100
    assert {"fingerpost", "embedder.index.exact", "server.cli.commands"} <= set(modules())


def test_what_a_module_changes_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "guilty.py").write_text(
        "import csv, os, sys\n"
        "csv.field_size_limit(7)\n"
        "os.environ['GUILTY'] = '1'\n"
        "sys.modules['nothing_at_all'] = None\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert set(changed_by_importing("guilty")["guilty"]) == {
        "environment",
        "csv limit",
        "blocked modules",
    }


@pytest.mark.slow
def test_importing_a_module_changes_nothing() -> None:
    found = changed_by_importing(*(each for each in modules() if each not in TORCH))
    assert len(found) == len(modules()) - len(TORCH)
    assert {module: changed for module, changed in found.items() if changed} == {}


@pytest.mark.slow
def test_importing_torch_changes_what_torch_changes() -> None:
    """What these modules leave behind is what sentence-transformers leaves, imported alone."""
    found = changed_by_importing(*sorted(TORCH), "sentence_transformers")
    theirs = found.pop("sentence_transformers")
    for module, ours in found.items():
        assert {name: after for name, (_, after) in ours.items()} == {
            name: after for name, (_, after) in theirs.items()
        }, module
