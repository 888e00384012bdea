"""Alive, and ready."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from embedder.encoders.encoder import Encoder
from embedder.encoders.readers import ReaderName
from embedder.errors import ModelNotFound
from embedder.library import Library
from embedder.records import Precision
from embedder.store import generations
from server.app import create_app
from server.settings import Settings


def client_over(library: Library, folder: Path) -> FlaskClient:
    return create_app(Settings(vectors=folder), library).test_client()


@pytest.mark.parametrize("path", ["/health", "/ready"])
def test_a_server_with_a_library_is_well(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert (response.status_code, response.get_json()["status"]) == (200, "ok")
    assert response.headers["Cache-Control"] == "no-store"


def test_a_server_without_a_library_is_alive_but_not_ready(empty_client: FlaskClient) -> None:
    assert empty_client.get("/health").get_json()["status"] == "ok"
    response = empty_client.get("/ready")
    assert response.status_code == 503
    assert response.get_json()["status"] == "unavailable"
    assert response.get_json()["message"].startswith("there is no library in ")
    assert response.get_json()["message"].endswith("yet. Build it: fingerpost index")


def test_a_server_over_a_damaged_library_is_not_ready(built_seeds: Path, encoder: Encoder) -> None:
    shutil.rmtree(generations.folder(built_seeds, 1) / "lexical")
    client = client_over(Library(built_seeds, load=lambda _, **__: encoder), built_seeds)
    response = client.get("/ready")
    assert response.status_code == 503
    assert "Rebuild with: fingerpost index" in response.get_json()["message"]


def test_a_server_without_its_model_is_not_ready(built_seeds: Path) -> None:
    def missing(
        name: str, /, *, precision: Precision | None = None, reader: ReaderName | None = None
    ) -> Encoder:
        del precision, reader
        raise ModelNotFound(f"no model {name!r}")

    response = client_over(Library(built_seeds, load=missing), built_seeds).get("/ready")
    assert response.status_code == 503
    assert response.get_json()["message"] == "no model 'all-MiniLM-L6-v2'"


def test_a_server_is_ready_once_a_library_is_built(
    seed_vectors: Path, tmp_path: Path, encoder: Encoder
) -> None:
    folder = tmp_path / "vectors"
    client = client_over(Library(folder, load=lambda _, **__: encoder), folder)
    assert client.get("/ready").status_code == 503
    shutil.copytree(seed_vectors, folder, ignore=shutil.ignore_patterns("*-shm"))
    assert client.get("/ready").status_code == 200


def test_a_head_is_answered_too(client: FlaskClient) -> None:
    assert client.head("/health").status_code == 200
