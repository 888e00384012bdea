from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from training.loop import Plan, Progress, rate_at, train

PLAN = Plan(steps=20, batch=4, rate=0.1, every=5)


def test_the_rate_rises_and_falls() -> None:
    rates = [rate_at(PLAN, step) for step in range(20)]
    assert rates[0] == pytest.approx(0.05)
    assert max(rates) == rates[1] == pytest.approx(0.095)
    assert rates[1:] == sorted(rates[1:], reverse=True)
    assert rates[19] == pytest.approx(0.005)
    assert rate_at(Plan(steps=1, batch=1, rate=1.0), 0) == 1.0


def _problem() -> dict[str, nn.Parameter]:
    return {"weight": nn.Parameter(torch.tensor([4.0, -4.0]))}


def _loss(parameters: dict[str, nn.Parameter], step: int) -> Tensor:
    # With dropout, so that the random numbers of a step matter.
    noisy = nn.functional.dropout(parameters["weight"] - step % 3, 0.5)
    loss: Tensor = (noisy**2).sum()
    return loss


def test_an_interrupted_run_comes_to_the_same_weights(tmp_path: Path) -> None:
    whole = _problem()
    train("x", whole, lambda step: _loss(whole, step), PLAN, tmp_path / "whole")
    assert not torch.equal(whole["weight"], _problem()["weight"])

    def interrupted(step: int) -> Tensor:
        if step == 12:
            raise KeyboardInterrupt
        return _loss(first, step)

    first = _problem()
    with pytest.raises(KeyboardInterrupt):
        train("x", first, interrupted, PLAN, tmp_path / "part")
    seen: list[int] = []

    def counted(step: int) -> Tensor:
        seen.append(step)
        return _loss(second, step)

    second = _problem()
    train("x", second, counted, PLAN, tmp_path / "part")
    assert seen == list(range(10, 20))
    assert torch.equal(second["weight"], whole["weight"])


def test_a_finished_run_is_not_repeated(tmp_path: Path) -> None:
    first, again = _problem(), _problem()
    train("x", first, lambda step: _loss(first, step), PLAN, tmp_path / "x")

    def refused(step: int) -> Tensor:
        raise AssertionError(step)

    train("x", again, refused, PLAN, tmp_path / "x")
    assert torch.equal(first["weight"], again["weight"])


def test_other_material_is_another_run(tmp_path: Path) -> None:
    first = _problem()
    train("x", first, lambda step: _loss(first, step), PLAN, tmp_path / "x", "old")
    with pytest.raises(ValueError, match="of a run with other settings"):
        train("x", first, lambda step: _loss(first, step), PLAN, tmp_path / "x", "new")


def test_a_loss_that_is_no_number_stops_the_run(tmp_path: Path) -> None:
    parameters = _problem()
    with pytest.raises(ValueError, match="x: the loss of step 0 is nan: lower --rate"):
        train("x", parameters, lambda _: parameters["weight"].sum() * torch.nan, PLAN, tmp_path)


def test_progress_says_how_long_it_takes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 10.0, 40.0, 50.0])
    monkeypatch.setattr("training.loop.time.monotonic", lambda: next(clock))
    progress = Progress("quick", 100, 700)
    progress.show(105, 3.0)
    progress.show(120, 1.0)
    progress.show(700, 0.5)
    assert capsys.readouterr().out.splitlines() == [
        "quick: goes on from step 100",
        "quick: step 120 of 700, loss 2.0000, 2.00 s a step, 19 min left",
        "quick: step 700 of 700, loss 0.5000, 0.08 s a step, 0 min left",
    ]
