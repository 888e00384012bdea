"""What a run computes with: a GPU if there is one, else the CPU, and in which precision."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from embedder.encoders.precision import has_native_bf16, read_cpu_flags


def find_device(name: str = "auto") -> torch.device:
    """Return the device of a name; `auto` is the GPU, if there is one, else the CPU."""
    if name != "auto":
        return torch.device(name)
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def has_bfloat16(device: torch.device) -> bool:
    """Return whether a device has instructions for bfloat16, so that it may be faster there."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return device.type == "cpu" and has_native_bf16(read_cpu_flags())


def use_bfloat16(
    precision: str, device: torch.device, net: nn.Module, run: Callable[[bool], Tensor]
) -> bool:
    """Return whether to train in bfloat16: `precision` is `auto`, `float32` or `bfloat16`.

    `auto` takes it on a GPU that has it, and on a CPU with instructions for it if a step is faster:
    `run` is called with and without it and returns a loss to differentiate.
    """
    if precision != "auto":
        return precision == "bfloat16"
    if device.type != "cpu" or not has_bfloat16(device):
        return has_bfloat16(device)
    # The first call of each also prepares kernels, so the second is timed.
    seconds = {
        answer: [_seconds(net, run, answer) for _ in range(2)][1] for answer in (False, True)
    }
    faster = seconds[True] < seconds[False]
    print(
        f"a part of a step takes {seconds[False]:.2f} s in float32, {seconds[True]:.2f} s in "
        f"bfloat16: {'bfloat16' if faster else 'float32'} it is",
        flush=True,
    )
    return faster


def _seconds(net: nn.Module, run: Callable[[bool], Tensor], bfloat16: bool) -> float:
    began = time.monotonic()
    torch.autograd.backward(run(bfloat16))
    net.zero_grad()
    return time.monotonic() - began
