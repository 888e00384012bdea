"""Settings: from the environment, checked at once, and frozen."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from embedder.errors import RequestError
from server.settings import Settings


def test_without_an_environment_all_have_their_defaults() -> None:
    settings = Settings.from_environment({})
    assert settings == Settings()
    assert (settings.vectors, settings.host, settings.port) == (Path("vectors"), "127.0.0.1", 8000)
    assert settings.largest_body == 8_388_608


def test_settings_are_read_from_the_environment() -> None:
    settings = Settings.from_environment(
        {"FINGERPOST_VECTORS": "/srv/v", "FINGERPOST_PORT": "81", "HOME": "/", "PORT": "99"}
    )
    assert (settings.vectors, settings.port) == (Path("/srv/v"), 81)


def test_the_real_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINGERPOST_THREADS", "3")
    assert Settings.from_environment().threads == 3


def test_what_is_given_goes_before_the_environment() -> None:
    settings = Settings.from_environment({"FINGERPOST_PORT": "81"}, port=82, host=None)
    assert (settings.port, settings.host) == (82, "127.0.0.1")


def test_an_unknown_setting_lists_the_known_ones() -> None:
    with pytest.raises(RequestError) as caught:
        Settings.from_environment({"FINGERPOST_VECTOR": "/srv/v"})
    assert caught.value.field == "vector"
    assert caught.value.message.startswith(
        "setting FINGERPOST_VECTOR: There is no such setting. Known: FINGERPOST_VECTORS, "
    )
    for name in Settings.model_fields:
        assert f"FINGERPOST_{name.upper()}" in caught.value.message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", ""),
        ("THREADS", "0"),
        ("LARGEST_BODY", "10"),
        ("MOST_TEXTS", "0"),
        ("LONGEST_TEXT", "1.5"),
    ],
)
def test_an_unusable_value_names_its_setting(name: str, value: str) -> None:
    with pytest.raises(RequestError, match=f"^setting FINGERPOST_{name}: Input should be "):
        Settings.from_environment({f"FINGERPOST_{name}": value})


def test_a_short_key_is_refused_without_showing_it() -> None:
    with pytest.raises(RequestError) as caught:
        Settings.from_environment({"FINGERPOST_API_KEY": "canary"})
    assert caught.value.message.startswith(
        "setting FINGERPOST_API_KEY: It is too short; give 8 characters at least. Known: "
    )
    assert "canary" not in caught.value.message


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().port = 1  # type: ignore[misc]


def test_every_setting_says_what_it_is() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
