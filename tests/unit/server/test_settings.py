"""Settings: from the environment, checked at once, and frozen."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from embedder.errors import RequestError
from server.settings import Settings


def test_an_empty_environment_leaves_the_defaults() -> None:
    settings = Settings.from_environment({})
    assert settings == Settings()
    assert (settings.vectors, settings.host, settings.port) == (Path("vectors"), "127.0.0.1", 8000)
    assert settings.max_body_bytes == 8_388_608


def test_settings_are_read_from_the_environment() -> None:
    settings = Settings.from_environment(
        {"FINGERPOST_VECTORS": "/srv/v", "FINGERPOST_PORT": "81", "HOME": "/", "PORT": "99"}
    )
    assert (settings.vectors, settings.port) == (Path("/srv/v"), 81)


def test_the_real_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINGERPOST_THREADS", "3")
    assert Settings.from_environment().threads == 3


def test_overrides_go_before_the_environment() -> None:
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
        ("MAX_BODY_BYTES", "10"),
        ("MAX_TEXTS", "0"),
        ("MAX_TEXT_CHARS", "1.5"),
    ],
)
def test_an_unusable_value_names_its_setting(name: str, value: str) -> None:
    with pytest.raises(RequestError, match=f"^setting FINGERPOST_{name}: Input should be "):
        Settings.from_environment({f"FINGERPOST_{name}": value})


FORMER = {
    "LARGEST_BODY": "max_body_bytes",
    "MOST_TEXTS": "max_texts",
    "MOST_INPUTS": "max_inputs",
    "LONGEST_TEXT": "max_text_chars",
    "MOST_QUESTIONS": "max_questions",
}


@pytest.mark.parametrize(("former", "name"), FORMER.items())
def test_former_names_are_still_read(former: str, name: str) -> None:
    settings = Settings.from_environment({f"FINGERPOST_{former}": "2000"})
    assert settings == Settings.model_validate({name: 2000})
    both = {f"FINGERPOST_{former}": "2000", f"FINGERPOST_{name.upper()}": "3000"}
    assert getattr(Settings.from_environment(both), name) == 3000


def test_an_error_in_a_former_name_says_both_and_lists_only_the_new_ones() -> None:
    with pytest.raises(RequestError) as caught:
        Settings.from_environment({"FINGERPOST_LARGEST_BODY": "10"})
    assert caught.value.field == "max_body_bytes"
    said, _, known = caught.value.message.partition(" Known: ")
    assert said == (
        "setting FINGERPOST_LARGEST_BODY (now FINGERPOST_MAX_BODY_BYTES): "
        "Input should be greater than or equal to 1024."
    )
    assert "FINGERPOST_MAX_BODY_BYTES" in known
    assert not any(f"FINGERPOST_{each}" in known for each in FORMER)


def test_former_names_are_of_variables_alone() -> None:
    with pytest.raises(ValidationError, match="largest_body"):
        Settings.model_validate({"largest_body": 2000})


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
