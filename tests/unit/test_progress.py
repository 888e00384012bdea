"""Progress: its example is true, and showing nothing has the same shape."""

from __future__ import annotations

import doctest
import inspect

import pytest

from embedder import progress
from embedder.progress import NoProgress, Progress


def test_the_example_is_true() -> None:
    result = doctest.testmod(progress)
    assert (result.failed, result.attempted) == (0, 3)


def test_showing_nothing_has_the_shape_of_progress() -> None:
    shown: Progress = NoProgress()  # mypy compares the types
    assert inspect.signature(shown.step) == inspect.signature(NoProgress().step)
    assert inspect.signature(NoProgress.step) == inspect.signature(Progress.step)
    public = {name for name in vars(Progress) if not name.startswith("_")}
    assert {name for name in vars(NoProgress) if not name.startswith("_")} == public == {"step"}


def test_nothing_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    shown = NoProgress()
    with shown.step("Reading", 0):
        pass
    with shown.step("Embedding", 3) as advance, shown.step("Writing", 2) as inner:
        advance(2)
        inner(2)
        advance(1)
    assert capsys.readouterr() == ("", "")


def test_an_error_in_a_step_that_nobody_watches_passes() -> None:
    with pytest.raises(ZeroDivisionError), NoProgress().step("Embedding", 3):
        raise ZeroDivisionError
