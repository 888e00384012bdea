"""What a build works with, with the stand-in for a model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from embedder.build.context import BuildContext
from embedder.progress import Progress
from embedder.store.database import Store
from embedder.text.glossary import DEFAULT_GLOSSARY, read_glossary
from tests.conftest import Silent
from tests.support.words import WordEncoder


@contextmanager
def building(folder: Path, progress: Progress) -> Iterator[BuildContext]:
    """A build into the library in `folder`, which is made if there is none."""
    glossary = read_glossary(DEFAULT_GLOSSARY)
    with Store(folder).writing() as writer:
        yield BuildContext(writer, folder, progress, WordEncoder(), DEFAULT_GLOSSARY, glossary)


@pytest.fixture
def progress() -> Silent:
    """The progress of `context`."""
    return Silent()


@pytest.fixture
def context(tmp_path: Path, progress: Silent) -> Iterator[BuildContext]:
    """A build into `tmp_path / "v"`, whose library is empty yet."""
    with building(tmp_path / "v", progress) as begun:
        yield begun
