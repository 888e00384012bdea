"""Every recipe of docs/api.md runs as it stands, against a real server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.support.app import Running

BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^## (.*)$", re.MULTILINE)
ADDRESS = "http://127.0.0.1:8000"


def recipes() -> list[tuple[str, str, str]]:
    """Each block with its heading and language."""
    text = (ROOT / "docs" / "api.md").read_text("utf-8")
    return [
        (HEADING.findall(text, 0, each.start())[-1], each[1], each[2])
        for each in BLOCK.finditer(text)
    ]


def test_there_are_recipes() -> None:
    assert len(recipes()) >= 18


@pytest.mark.parametrize(
    ("language", "block"),
    [pytest.param(language, block, id=heading) for heading, language, block in recipes()],
)
def test_a_recipe_runs_as_it_stands(running: Running, language: str, block: str) -> None:
    assert ADDRESS in block
    text = block.replace(ADDRESS, running.address.rstrip("/"))
    if language == "python":
        done = subprocess.run(
            [sys.executable, "-c", text],
            check=False,
            capture_output=True,
            text=True,
            env={name: value for name, value in os.environ.items() if name != "HF_HUB_OFFLINE"},
        )
        assert done.returncode == 0, done.stderr
        return
    if shutil.which("curl") is None:
        pytest.skip("there is no curl here")
    for line in text.strip().split("\n"):
        done = subprocess.run(
            ["/bin/sh", "-ec", line.replace("curl -s", "curl -s -f")],
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, line
        assert done.stdout
