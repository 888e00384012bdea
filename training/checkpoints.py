"""Checkpoints: what a run needs to go on where it was interrupted.

A checkpoint is a safetensors file with each trained parameter and AdamW's two averages of its
gradients. Its header holds the step and a description of the run, so that a run never goes on
from the checkpoint of another.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

_FIRST = ".exp_avg"
_SECOND = ".exp_avg_sq"


def save_checkpoint(
    path: Path,
    parameters: Mapping[str, nn.Parameter],
    optimizer: torch.optim.AdamW,
    step: int,
    run: str,
) -> None:
    """Write the state after `step` steps of the run that `run` describes.

    The file is written aside and then put in place, so that an interruption leaves the one before.
    """
    tensors: dict[str, Tensor] = {}
    for name, parameter in parameters.items():
        state = optimizer.state[parameter]
        tensors[name] = parameter.detach().cpu().contiguous()
        tensors[name + _FIRST] = state["exp_avg"].cpu().contiguous()
        tensors[name + _SECOND] = state["exp_avg_sq"].cpu().contiguous()
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".new")
    save_file(tensors, aside, {"step": str(step), "run": run})
    aside.replace(path)


def load_checkpoint(
    path: Path, parameters: Mapping[str, nn.Parameter], optimizer: torch.optim.AdamW, run: str
) -> int:
    """Go on from a checkpoint, if there is one; return how many steps were done, else 0.

    Raises ValueError for the checkpoint of a run with other settings.
    """
    if not path.is_file():
        return 0
    with safe_open(path, "pt") as file:
        header = file.metadata() or {}
        if header.get("run") != run:
            raise ValueError(
                f"{path} is of a run with other settings: delete it to begin anew, or give "
                f"another folder with --work.\nThen: {header.get('run')}\nNow:  {run}"
            )
        step = int(header["step"])
        with torch.no_grad():
            for name, parameter in parameters.items():
                parameter.copy_(file.get_tensor(name))
                optimizer.state[parameter] = {
                    "step": torch.tensor(float(step)),
                    "exp_avg": file.get_tensor(name + _FIRST).to(parameter.device),
                    "exp_avg_sq": file.get_tensor(name + _SECOND).to(parameter.device),
                }
    return step
