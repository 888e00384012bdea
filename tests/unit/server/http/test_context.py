"""What handlers get from the app that they run in."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest
from apiflask import APIFlask

from embedder.encoders.encoder import Encoder
from embedder.encoders.loading import DEFAULT_MODEL
from embedder.errors import LibraryDamaged, LibraryMissing
from embedder.library import Library
from server.app import create_app
from server.http import context
from server.http.admission import Gate
from server.http.metrics import Metrics
from server.settings import Settings


def test_it_is_of_the_app_that_answers(app: APIFlask, tmp_path: Path) -> None:
    other = create_app(Settings(vectors=tmp_path / "vectors", max_texts=7))
    for each, expected in ((app, 1000), (other, 7)):
        with each.app_context():
            assert context.library() is each.extensions[context.LIBRARY]
            assert context.metrics() is each.extensions[context.METRICS]
            assert context.settings().max_texts == expected
            assert context.version() == version("fingerpost")


def test_the_model_is_the_librarys(app: APIFlask, encoder: Encoder) -> None:
    with app.app_context():
        assert context.encoder() is encoder


def test_without_a_library_the_default_model_is_loaded_once(
    tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []

    def load(_: Metrics, model: str) -> Encoder:
        loaded.append(model)
        return encoder

    monkeypatch.setattr(Metrics, "load", load)
    app = create_app(Settings(vectors=tmp_path / "vectors"))
    with app.app_context():
        with pytest.raises(LibraryMissing):
            context.library().load()
        assert context.encoder() is context.encoder() is encoder
    assert loaded == [DEFAULT_MODEL]


def test_a_damaged_library_does_not_fall_back_to_the_default_model(
    app: APIFlask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(_: Library) -> Encoder:
        raise LibraryDamaged("It is damaged.")

    monkeypatch.setattr(Library, "encoder", property(damaged))
    with app.app_context(), pytest.raises(LibraryDamaged):
        context.encoder()


@pytest.mark.parametrize(
    ("method", "path", "person"),
    [
        ("GET", "/", True),
        ("POST", "/answer", True),
        ("POST", "/api/search", False),
        ("POST", "/embed", False),
        ("POST", "/v1/embeddings", False),
        ("GET", "/ready", False),
    ],
)
def test_the_route_decides_whether_a_person_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, path: str, person: bool
) -> None:
    app = create_app(Settings(vectors=tmp_path / "vectors", threads=1, queue=0))
    entered: list[bool] = []
    enter = Gate._enter

    def recorded(gate: Gate, *, person: bool) -> object:
        entered.append(person)
        return enter(gate, person=person)

    monkeypatch.setattr(Gate, "_enter", recorded)
    with app.test_request_context(path, method=method), context.encoding():
        pass
    assert entered == [person]
