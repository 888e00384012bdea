"""The probability of each language for a text."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from embedder.text.language_models import LANGUAGES, language_probabilities
from tests.conftest import ROOT

# Asks for a language in a process that has no home, no folder to write to and no network.
ALONE = """
import os, socket, sys

def refuse(*_, **__):
    raise AssertionError("the network was asked for")

socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
os.chdir("/")
sys.path.insert(0, sys.argv[1])
from embedder.text.language_models import LANGUAGES, language_probabilities

print(LANGUAGES[int(language_probabilities("mi jefe tiene mi pasaporte").argmax())])
"""


def likeliest(text: str) -> str:
    return LANGUAGES[int(np.argmax(language_probabilities(text)))]


def test_probabilities_are_positive_and_have_the_sum_one() -> None:
    for text in ("mon patron a mon passeport", "x", "", "\n \x00"):
        probabilities = language_probabilities(text)
        assert probabilities.shape == (len(LANGUAGES),)
        assert probabilities.dtype == np.float32
        assert (probabilities > 0).all()
        assert probabilities.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("the landlord keeps her passport", "en"),
        ("Oga don collect my passport wetin I go do", "en"),  # Nigerian Pidgin
        ("kafiilku baasaboorkayga ayuu haystaa, maxaan sameeyaa", "so"),
        ("Ina neman taimako ga wata yarinya da aka kwace mata takardun tafiya", "ha"),
        ("ئەو پاسپۆرتەکەی منی بردووە، چی بکەم", "ku"),  # Sorani
        ("الكفيل خد الباسبور بتاعي", "ar"),  # Egyptian
    ],
)
def test_a_language_that_one_model_alone_knows_is_the_likeliest(text: str, code: str) -> None:
    assert likeliest(text) == code


def test_more_text_is_more_certain() -> None:
    index = LANGUAGES.index("es")
    text = "mi jefe tiene mi pasaporte y no me deja salir de la casa desde hace dos meses"
    short = language_probabilities(" ".join(text.split()[:3]))[index]
    assert short < language_probabilities(text)[index]


def test_codes_are_distinct_and_english_is_one() -> None:
    assert len(set(LANGUAGES)) == len(LANGUAGES)
    assert "en" in LANGUAGES


def test_neither_network_nor_home_is_needed(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere")
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"HOME", "XDG_CACHE_HOME", "FTLANG_CACHE"}
    }
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(ROOT)],
        env=environment | {"TMPDIR": nowhere, "HOME": nowhere},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "es"
    assert not Path(nowhere).exists()
