"""LoRA: small matrices that are added to the layers of a network, which itself stays as it is.

Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", 2021, arXiv:2106.09685. With alpha
equal to the rank, as here, a layer's weight becomes W + b @ a. The tensors are named `LAYER.a`, of
shape (rank, in), and `LAYER.b`, of shape (out, rank).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


class Lora(nn.Module):
    """A linear layer with an adapter, which at first changes nothing."""

    def __init__(self, linear: nn.Linear, rank: int) -> None:
        super().__init__()
        self.linear = linear
        scale = 1 / math.sqrt(linear.in_features)
        self.a = nn.Parameter(torch.randn(rank, linear.in_features) * scale)
        self.b = nn.Parameter(torch.zeros(linear.out_features, rank))

    def forward(self, values: Tensor) -> Tensor:
        """Return the layer's output with the adapter's added."""
        whole: Tensor = self.linear(values)
        return whole + functional.linear(functional.linear(values, self.a), self.b)


def add_lora(net: nn.Module, rank: int) -> dict[str, nn.Parameter]:
    """Freeze a network and put an adapter on every linear layer of its encoder.

    Returns the adapters' parameters by name.
    """
    for parameter in net.parameters():
        parameter.requires_grad_(False)
    for name, layer in _layers(net):
        parent, _, child = name.rpartition(".")
        setattr(net.get_submodule(parent), child, Lora(layer, rank))
    return {
        f"{name}.{kind}": getattr(module, kind)
        for name, module in net.named_modules()
        if isinstance(module, Lora)
        for kind in ("a", "b")
    }


def merge_lora(net: nn.Module, tensors: Mapping[str, Any]) -> None:
    """Add adapters, by name as in `add_lora`, to the weights of a network's layers.

    Raises ValueError for tensors that do not fit the network.
    """
    layers = dict(_layers(net))
    names = {name.rpartition(".")[0] for name in tensors}
    if names != layers.keys():
        odd = min(names ^ layers.keys())
        raise ValueError(f"the adapter does not fit the model: see its layer {odd}")
    with torch.no_grad():
        for name in sorted(names):
            a, b = torch.as_tensor(tensors[f"{name}.a"]), torch.as_tensor(tensors[f"{name}.b"])
            layers[name].weight += (b.float() @ a.float()).to(layers[name].weight.device)


def _layers(net: nn.Module) -> list[tuple[str, nn.Linear]]:
    return [
        (name, module)
        for name, module in net.named_modules()
        if isinstance(module, nn.Linear) and name.startswith("encoder.layer.")
    ]
