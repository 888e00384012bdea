"""Servers with and without an API key, and the reference vectors of sentence-transformers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
import waitress
from sentence_transformers import SentenceTransformer

from embedder.encoders.model_files import BUNDLED_MODEL, find_model
from embedder.library import Library
from embedder.vectors import Float32Array
from server.app import create_app
from server.settings import Settings
from tests.support.app import Running

KEY = "a-key-of-a-test"
TEXTS = [
    "A nurse meets a person who was trafficked.",
    "A health worker sees a victim of trafficking.",
    "Zwei Sätze. Zwei Sätze!",
    "x",
    "🙂 naïve 漢字",
]
LONG = "A judge and a nurse. " * 100

# What can be sent as JSON.
Json: TypeAlias = "str | int | float | Sequence[Json] | Mapping[str, Json] | None"
# Texts to float32 (n, dim), by sentence-transformers.
Encode = Callable[[list[str]], Float32Array]


@pytest.fixture(scope="session")
def reference() -> Encode:
    """Encode with sentence-transformers, the default model and torch."""
    model = SentenceTransformer(str(find_model(BUNDLED_MODEL)), device="cpu")
    return lambda texts: np.asarray(model.encode(texts, show_progress_bar=False))


@pytest.fixture(scope="session")
def address(running: Running) -> str:
    """The address of a real server, without a slash at its end."""
    return running.address.rstrip("/")


@pytest.fixture(scope="session")
def guarded(seed_library: Library, seed_vectors: Path) -> Iterator[str]:
    """The address of a server that requires a key."""
    app = create_app(Settings(vectors=seed_vectors, api_key=KEY), seed_library)
    server = waitress.create_server(app, host="127.0.0.1", port=0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()
    thread.join(10)
