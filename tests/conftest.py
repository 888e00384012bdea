"""What all tests share: the seeds, and one library built from them with the real model."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"  # before any model is loaded: tests never download

from embedder.build.pipeline import Report, index
from embedder.encoders.encoder import Encoder
from embedder.encoders.loading import (
    DEFAULT_MODEL,
    find_model,
    fingerprint,
    load_encoder,
    package_folder,
)
from embedder.encoders.preparing import prepare
from embedder.library import Library

pytest_plugins = ["tests.support.app"]

ROOT = Path(__file__).parent.parent
SEEDS = ROOT / "seeds"

Result = TypeVar("Result")


class Silent:
    """Shows no progress but remembers the steps, as (name, total)."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, int]] = []

    @contextmanager
    def step(self, name: str, total: int) -> Iterator[Callable[[int], None]]:
        self.steps.append((name, total))
        yield lambda _: None


def write_jsonl(path: Path, *documents: Mapping[str, Any]) -> Path:
    """Write a source of these documents, and give its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(each) + "\n" for each in documents), encoding="utf-8")
    return path


def run_sql(folder: Path, statement: str, *values: object) -> None:
    """Change a library's database behind the store's back, as a broken disk would."""
    with closing(sqlite3.connect(folder / "library.sqlite")) as database:
        assert database.execute(statement, values).rowcount != 0, "nothing was changed"
        database.commit()


def in_threads(threads: int, work: Callable[[int], Result]) -> list[Result]:
    """Run `work(0)`, `work(1)` … at once and give what they return, in this order.

    Raises what the first of them raises, when all have ended.
    """
    start = threading.Barrier(threads)

    def begin_together(own: int) -> Result:
        start.wait(20)
        return work(own)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(begin_together, range(threads)))


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of the tests' own: models are converted anew, and the user's stay as they are."""
    folder = tmp_path_factory.mktemp("cache")
    os.environ["FINGERPOST_CACHE"] = str(folder)
    return folder


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """The real default model, prepared and loaded once."""
    prepare(DEFAULT_MODEL)
    return load_encoder()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Path:  # noqa: ARG001
    """A copy of the default model's converted form, for a module to do with what it likes."""
    folder = tmp_path_factory.mktemp("converted") / "place"
    return shutil.copytree(package_folder(fingerprint(find_model(DEFAULT_MODEL))), folder)


@pytest.fixture(scope="session")
def seed_vectors(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Path:
    """The folder of a library built from the seeds; tests must not write to it."""
    folder = tmp_path_factory.mktemp("seed-library") / "vectors"
    index(folder, [SEEDS], Silent(), load=lambda _, **__: encoder)
    return folder


@pytest.fixture
def built_seeds(seed_vectors: Path, tmp_path: Path) -> Path:
    """A copy of the seeds' library, to be changed, where the `build` fixture builds."""
    folder = tmp_path / "vectors"
    # Without SQLite's shared memory.
    shutil.copytree(seed_vectors, folder, ignore=shutil.ignore_patterns("*-shm"))
    return folder


@pytest.fixture(scope="session")
def seed_library(seed_vectors: Path, encoder: Encoder) -> Library:
    """The library built from the seeds, with the real model."""
    return Library(seed_vectors, load=lambda _, **__: encoder)


@pytest.fixture
def build(tmp_path: Path, encoder: Encoder) -> Callable[..., Report]:
    """Build into `tmp_path / "vectors"` from the paths given, with the real model."""

    def build_from(*paths: Path, replace: bool = False) -> Report:
        return index(
            tmp_path / "vectors",
            list(paths),
            Silent(),
            replace=replace,
            load=lambda _, **__: encoder,
        )

    return build_from
