"""The loop that every reader is trained with: AdamW, warm-up, decay, checkpoints, progress."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from training.checkpoints import load_checkpoint, save_checkpoint

_LOWEST = 0.02  # of the learning rate, at the end
_SECONDS_BETWEEN_LINES = 30.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How a run goes.

    `steps` in all, each over `batch` texts; the learning rate rises to `rate` over a tenth of
    them and then falls to nearly nothing. A checkpoint is written every `every` steps.
    """

    steps: int
    batch: int
    rate: float
    decay: float = 0.01
    seed: int = 1
    every: int = 20


def rate_at(plan: Plan, step: int) -> float:
    """Return the learning rate of a step, from 0."""
    warm = min(1.0, (step + 1) / max(1.0, 0.1 * plan.steps))
    return plan.rate * warm * max(_LOWEST, 1 - step / plan.steps)


def train(
    name: str,
    parameters: Mapping[str, nn.Parameter],
    loss_of: Callable[[int], Tensor],
    plan: Plan,
    checkpoint: Path,
    learns: str = "",
) -> None:
    """Train parameters on the loss that `loss_of` gives for each step, from 0.

    The step's number must decide what it learns from: a rerun goes on from the checkpoint and
    comes to the same weights. `learns` tells apart what is learnt from, by a hash. Raises
    ValueError if a loss is not a finite number, and for a checkpoint of a run with other settings.
    """
    optimizer = torch.optim.AdamW(list(parameters.values()), lr=plan.rate, weight_decay=plan.decay)
    run = json.dumps({"reader": name, **asdict(plan)} | {"every": None, "learns": learns})
    done = load_checkpoint(checkpoint, parameters, optimizer, run)
    progress = Progress(name, done, plan.steps)
    for step in range(done, plan.steps):
        torch.manual_seed(plan.seed * 1_000_003 + step)  # of dropout
        for group in optimizer.param_groups:
            group["lr"] = rate_at(plan, step)
        loss = loss_of(step)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise ValueError(f"{name}: the loss of step {step} is {value}: lower --rate")
        nn.utils.clip_grad_norm_(list(parameters.values()), 1.0)
        optimizer.step()
        if (step + 1) % plan.every == 0 or step + 1 == plan.steps:
            save_checkpoint(checkpoint, parameters, optimizer, step + 1, run)
        progress.show(step + 1, value)


class Progress:
    """Prints, twice a minute, how far a run has come and how long it will take."""

    def __init__(self, name: str, done: int, steps: int) -> None:
        self.name, self.first, self.steps = name, done, steps
        self.began = self.shown = time.monotonic()
        self.losses: list[float] = []
        if done:
            print(f"{name}: goes on from step {done}", flush=True)

    def show(self, done: int, loss: float) -> None:
        """Print a line if it is time: the mean loss since the last one, and the time left."""
        self.losses.append(loss)
        now = time.monotonic()
        if now - self.shown < _SECONDS_BETWEEN_LINES and done < self.steps:
            return
        each = (now - self.began) / (done - self.first)
        left = each * (self.steps - done) / 60
        mean = sum(self.losses) / len(self.losses)
        print(
            f"{self.name}: step {done} of {self.steps}, loss {mean:.4f}, "
            f"{each:.2f} s a step, {left:.0f} min left",
            flush=True,
        )
        self.shown, self.losses = now, []
