"""How many requests a client may make in a minute."""

from __future__ import annotations

import pytest

from server.http.admission import TooMany
from server.http.rate_limits import Rate, per_minute
from server.settings import Settings
from tests.support.app import ClientWith, error_of


def test_a_client_over_its_rate_gets_429_with_retry_after(client_with: ClientWith) -> None:
    client = client_with(requests_per_minute=3)
    for _ in range(3):
        assert client.get("/api/documents").status_code == 200
    answer = client.get("/api/documents")
    error = error_of(answer, 429)
    assert error["type"] == "too_many_requests"
    assert error["message"].startswith("At most 3 requests a minute are answered.")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert client.get("/health").status_code == 200
    other = {"REMOTE_ADDR": "127.0.0.9"}
    assert client.get("/api/documents", environ_overrides=other).status_code == 200


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, 0),
        ({"host": "localhost"}, 0),
        ({"host": "::1"}, 0),
        ({"host": "0.0.0.0"}, 600),  # noqa: S104
        ({"host": "library.example.org"}, 600),
        ({"host": "0.0.0.0", "requests_per_minute": 0}, 0),  # noqa: S104
        ({"requests_per_minute": 7}, 7),
    ],
)
def test_the_rate_is_off_on_this_machine_alone(settings: dict[str, object], expected: int) -> None:
    assert per_minute(Settings.model_validate(settings)) == expected


def test_a_rate_of_zero_lets_everything_through() -> None:
    rate = Rate(0)
    for _ in range(1000):
        rate.check("somebody")


def test_each_client_is_counted_alone() -> None:
    rate = Rate(2)
    for client in ("one", "two"):
        rate.check(client)
        rate.check(client)
        with pytest.raises(TooMany, match="At most 2 requests a minute") as caught:
            rate.check(client)
        assert 1 <= int(caught.value.headers["Retry-After"]) <= 60
