"""What converting a model leaves as it was; what it makes is tested in test_openvino_encoder.py."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from embedder.encoders.base_weights import WEIGHTS
from embedder.encoders.openvino_encoder import OpenVinoEncoder
from embedder.encoders.openvino_export import _quiet, convert
from embedder.encoders.torch_encoder import TorchEncoder
from embedder.errors import EncoderError
from tests.conftest import in_threads
from tests.unit.encoders.test_torch_encoder import TEXTS, load, make_model

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


@pytest.mark.parametrize("half", [True, False])
def test_weights_that_are_float16_numbers_take_half_the_room(tmp_path: Path, half: bool) -> None:
    folder = make_model(tmp_path)
    weights = load_file(folder / WEIGHTS)
    if half:
        save_file({name: each.half() for name, each in weights.items()}, folder / WEIGHTS)
    encoder = load(folder)
    convert(encoder, tmp_path / "place")
    numbers = sum(each.numel() for name, each in weights.items() if "pooler" not in name)
    bytes_of_each = (tmp_path / "place" / "model.bin").stat().st_size / numbers
    assert bytes_of_each == pytest.approx(2 if half else 4, rel=0.01)
    found = OpenVinoEncoder("m", tmp_path / "place", "", "f32").encode_queries(TEXTS)
    np.testing.assert_allclose(found, encoder.encode_queries(TEXTS), atol=1e-5)


def test_a_converted_model_whose_vectors_differ_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch_encoder = load(make_model(tmp_path))
    other = load(make_model(tmp_path / "other", seed=1))
    monkeypatch.setattr(torch_encoder, "encode_queries", other.encode_queries)
    with pytest.raises(EncoderError, match="its vectors differ"):
        convert(torch_encoder, tmp_path / "place")
    assert not (tmp_path / "place").exists()
