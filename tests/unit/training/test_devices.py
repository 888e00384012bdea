from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from training import devices
from training.devices import find_device, has_bfloat16, use_bfloat16

CPU = torch.device("cpu")


class Work:
    """A step that takes as long as a clock says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, float32: float, bfloat16: float) -> None:
        self.net, self.now, self.calls = nn.Linear(2, 1), 0.0, 0
        self.seconds = {False: float32, True: bfloat16}
        monkeypatch.setattr("training.devices.time.monotonic", lambda: self.now)

    def __call__(self, bfloat16: bool) -> Tensor:
        self.calls += 1
        # The first call takes long, whatever it is in.
        self.now += self.seconds[bfloat16] + (100 if self.calls in {1, 3} else 0)
        loss: Tensor = self.net(torch.ones(1, 2)).sum()
        return loss


def _flags(monkeypatch: pytest.MonkeyPatch, *flags: str) -> None:
    monkeypatch.setattr(devices, "read_cpu_flags", lambda: frozenset(flags))


def test_the_device_is_a_gpu_if_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert find_device() == torch.device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert find_device() == CPU
    assert find_device("meta") == torch.device("meta")


def test_a_processor_has_bfloat16_by_its_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    _flags(monkeypatch, "avx2", "avx512_bf16")
    assert has_bfloat16(CPU)
    _flags(monkeypatch, "avx2")
    assert not has_bfloat16(CPU)


@pytest.mark.parametrize(("bfloat16", "faster"), [(1.0, True), (3.0, False)])
def test_the_faster_precision_is_taken(
    bfloat16: float, faster: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    _flags(monkeypatch, "avx512_bf16")
    work = Work(monkeypatch, 2.0, bfloat16)
    assert use_bfloat16("auto", CPU, work.net, work) is faster
    assert work.calls == 4
    assert all(parameter.grad is None for parameter in work.net.parameters())


def test_nothing_is_timed_where_the_answer_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    work = Work(monkeypatch, 2.0, 1.0)
    _flags(monkeypatch)
    assert not use_bfloat16("auto", CPU, work.net, work)
    assert use_bfloat16("bfloat16", CPU, work.net, work)
    assert not use_bfloat16("float32", CPU, work.net, work)
    assert work.calls == 0
