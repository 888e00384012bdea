"""Addresses of static files."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from apiflask import APIFlask

from server.web.assets import asset
from tests.conftest import ROOT


@pytest.mark.parametrize("name", ["style.css", "page.js", "map.js", "icon.svg"])
def test_the_address_holds_a_hash_of_the_content(app: APIFlask, name: str) -> None:
    content = (ROOT / "server" / "static" / name).read_bytes()
    with app.test_request_context("/"):
        assert asset(name) == f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:10]}"
    with app.test_client().get(f"/static/{name}") as response:
        assert response.data == content


def test_the_address_is_the_same_in_every_language(app: APIFlask) -> None:
    with app.test_request_context("/"):
        english = asset("style.css")
    with app.test_request_context("/ar/"):
        assert asset("style.css") == english


def test_another_content_has_another_address(
    app: APIFlask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = []
    for content in ("a {}", "b {}"):
        folder = tmp_path / content[0] / "static"
        folder.mkdir(parents=True)
        (folder / "style.css").write_text(content)
        monkeypatch.setattr(app, "static_folder", str(folder))
        with app.test_request_context("/"):
            addresses.append(asset("style.css"))
    assert all(re.fullmatch(r"/static/style\.css\?v=[0-9a-f]{10}", each) for each in addresses)
    assert addresses[0] != addresses[1]


def test_a_file_that_is_missing_is_an_error(app: APIFlask) -> None:
    with (
        app.test_request_context("/"),
        pytest.raises(FileNotFoundError, match=r"missing\.css"),
    ):
        asset("missing.css")
