"""The key: how it is sent, and that it is shown nowhere. Which routes need it: test_access."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from server.settings import Settings
from tests.support.app import BEARER, KEY, ClientWith, error_of


@pytest.mark.parametrize("path", ["/health", "/ping", "/ready", "/", "/documents", "/docs"])
def test_health_and_pages_stay_open(client_with: ClientWith, path: str) -> None:
    assert client_with(api_key=KEY).get(path).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Bearer {KEY}x"},
        {"Authorization": f"Basic {KEY}"},
        {"Authorization": "Bearer clé"},
        {"X-API-Key": "wrong"},
    ],
)
def test_a_wrong_key_is_refused(client_with: ClientWith, headers: dict[str, str]) -> None:
    answer = client_with(api_key=KEY).get("/api/documents", headers=headers)
    error = error_of(answer, 401)
    assert error == {
        "type": "unauthorized",
        "message": "This server wants its key: send the header Authorization: Bearer KEY.",
    }
    assert KEY not in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "headers", [BEARER, {"authorization": f"bearer {KEY}"}, {"X-API-Key": KEY}]
)
def test_the_right_key_is_let_in(client_with: ClientWith, headers: dict[str, str]) -> None:
    assert client_with(api_key=KEY).get("/api/documents", headers=headers).status_code == 200


def test_the_key_is_shown_nowhere() -> None:
    assert KEY not in repr(Settings(api_key=SecretStr(KEY)))
