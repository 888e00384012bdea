"""What the tests of the store share: an empty store, and one that serves two documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedder.store.database import Store
from embedder.text.passages import content_hash
from tests.support.stored import MODEL, a_passage, fill, vectors_for


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "vectors")


@pytest.fixture
def filled(store: Store) -> Store:
    """A store that serves generation 1: two documents, a passage of two sentences each."""
    with store.writing() as writer:
        for seed, text in ((1, "About Lebanon. It is."), (2, "About another. It is.")):
            writer.keep_vectors([content_hash(a_passage(text))], MODEL, [vectors_for(seed)])
        with writer.transaction():
            fill(writer)
    return store
