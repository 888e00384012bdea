from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from training.checkpoints import load_checkpoint, save_checkpoint


def _stepped() -> tuple[dict[str, nn.Parameter], torch.optim.AdamW]:
    torch.manual_seed(1)
    parameters = {"a": nn.Parameter(torch.randn(3, 2)), "b": nn.Parameter(torch.randn(2))}
    optimizer = torch.optim.AdamW(list(parameters.values()), lr=0.1)
    _step(parameters, optimizer)
    return parameters, optimizer


def _step(parameters: dict[str, nn.Parameter], optimizer: torch.optim.AdamW) -> None:
    loss = sum(((p - 3) ** 2).sum() for p in parameters.values())
    assert isinstance(loss, torch.Tensor)
    optimizer.zero_grad()
    torch.autograd.backward(loss)
    optimizer.step()


def test_a_run_goes_on_as_if_it_had_not_stopped(tmp_path: Path) -> None:
    path = tmp_path / "run" / "checkpoint.safetensors"
    parameters, optimizer = _stepped()
    save_checkpoint(path, parameters, optimizer, 1, "this run")
    _step(parameters, optimizer)

    fresh = {name: nn.Parameter(torch.zeros_like(p)) for name, p in parameters.items()}
    again = torch.optim.AdamW(list(fresh.values()), lr=0.1)
    assert load_checkpoint(path, fresh, again, "this run") == 1
    _step(fresh, again)
    for name, parameter in parameters.items():
        assert torch.equal(fresh[name], parameter)
    assert [found.name for found in path.parent.iterdir()] == [path.name]


def test_without_a_checkpoint_a_run_begins(tmp_path: Path) -> None:
    parameters, optimizer = _stepped()
    assert load_checkpoint(tmp_path / "none", parameters, optimizer, "this run") == 0


def test_the_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.safetensors"
    parameters, optimizer = _stepped()
    save_checkpoint(path, parameters, optimizer, 1, "this run")
    with pytest.raises(ValueError, match="of a run with other settings: delete it") as caught:
        load_checkpoint(path, parameters, optimizer, "that run")
    assert "this run" in str(caught.value)
    assert "that run" in str(caught.value)
