"""What converting a model leaves as it was; what it makes is tested in test_encode_openvino.py."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from embedder.encoders.openvino_export import _quiet, convert
from embedder.encoders.torch_encoder import TorchEncoder
from embedder.errors import EncoderError
from tests.conftest import in_threads
from tests.unit.encoders.test_torch_encoder import load, make_model

pytestmark = pytest.mark.slow  # models are converted


def settled() -> tuple[object, ...]:
    """What the process warns of and logs."""
    return logging.root.manager.disable, warnings.showwarning, list(warnings.filters)


@pytest.fixture(params=[logging.NOTSET, logging.INFO, logging.ERROR], ids=logging.getLevelName)
def disabled(request: pytest.FixtureRequest) -> Iterator[int]:
    """The level up to which somebody has disabled logging."""
    before = logging.root.manager.disable
    logging.disable(request.param)
    yield request.param
    logging.disable(before)


# BUG: converting a model enabled all logging that a program had disabled.
def test_a_conversion_leaves_logging_and_warnings_as_they_were(
    tmp_path: Path, disabled: int
) -> None:
    encoder = TorchEncoder("m", make_model(tmp_path / "m"), "")
    before = settled()
    convert(encoder, tmp_path / "place")
    assert settled() == before
    assert logging.root.manager.disable == disabled


def test_an_error_leaves_logging_and_warnings_as_they_were(disabled: int) -> None:
    before = settled()
    with suppress(ValueError), _quiet():
        raise ValueError
    assert settled() == before
    assert logging.root.manager.disable == disabled


def test_what_is_disabled_already_stays_disabled(disabled: int) -> None:
    with _quiet():
        warnings.warn("not an error here", stacklevel=1)
        assert logging.root.manager.disable == max(disabled, logging.WARNING)


def test_several_at_once_leave_logging_and_warnings_as_they_were() -> None:
    before = settled()

    def work(own: int) -> None:
        for at in range(20):
            with _quiet():
                time.sleep(0.001 * ((own + at) % 3))

    in_threads(4, work)
    assert settled() == before


def test_a_converted_model_whose_vectors_differ_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch_encoder = load(make_model(tmp_path))
    other = load(make_model(tmp_path / "other", seed=1))
    monkeypatch.setattr(torch_encoder, "encode_queries", other.encode_queries)
    with pytest.raises(EncoderError, match="its vectors differ"):
        convert(torch_encoder, tmp_path / "place")
    assert not (tmp_path / "place").exists()
