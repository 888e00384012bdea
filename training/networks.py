"""The networks that are trained: a base model of transformers, mean pooling, perhaps a head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint
from transformers import AutoModel, AutoTokenizer
from transformers.utils import logging

from embedder.encoders.base_weights import WEIGHTS
from embedder.encoders.batching import batch_by_length
from embedder.encoders.readers import READERS, ReaderName

# On a CPU what a layer makes of more tokens no longer fits its caches: 512 were read 1.6 times as
# fast as 8,192.
_TOKENS_ON_A_CPU, _TOKENS_ON_A_GPU = 512, 8192


@dataclass(frozen=True, slots=True)
class Base:
    """A base model and its tokenizer.

    `max_tokens` counts special tokens and prompts. `prompts` are put before texts, by `query` and
    `document`.
    """

    net: nn.Module
    tokenizer: Any
    max_tokens: int
    prompts: Mapping[str, str]

    @property
    def pad(self) -> int:
        """The token id that fills rows up."""
        return int(self.tokenizer.pad_token_id or 0)

    def tokenise(self, texts: Sequence[str], kind: str) -> list[list[int]]:
        """Return the token ids of texts with the prompt of their kind, at most `max_tokens` each.

        `kind` is `query` or `document`.
        """
        prompted = [self.prompts[kind] + text for text in texts]
        rows = self.tokenizer(prompted, truncation=True, max_length=self.max_tokens)["input_ids"]
        return [list(row) for row in rows]


def load_base(folder: Path, name: ReaderName, *, dropout: float | None = None) -> Base:
    """Load the base model of a reader from a folder, in float32 on the CPU.

    How much it reads, and its prompts, are the reader's, whatever the folder says. `dropout`, 0
    to 1, replaces the model's own. Raises ValueError if the folder holds no model.
    """
    if not (folder / WEIGHTS).is_file():
        raise ValueError(f"{folder} is not a folder of a model: it lacks {WEIGHTS}")
    # What it says about weights that are not used, and its bars, would hide our own lines.
    for quieten in (logging.set_verbosity_error, logging.disable_progress_bar):
        say_less: Any = quieten  # which is not typed
        say_less()
    changes: dict[str, Any] = {}
    if dropout is not None:
        changes = {"hidden_dropout_prob": dropout, "attention_probs_dropout_prob": dropout}
    net = AutoModel.from_pretrained(
        folder, add_pooling_layer=False, dtype=torch.float32, local_files_only=True, **changes
    )
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    reader = READERS[name]
    prompts = {"query": reader.query_prompt, "document": reader.document_prompt}
    return Base(net, tokenizer, reader.max_tokens, prompts)


class Reader(nn.Module):
    """A network that turns token ids into a unit vector: the mean of its tokens, then the head.

    Parameters are named `net.*` and, with a head, `head.*`.
    """

    def __init__(self, net: nn.Module, pad: int, dim: int | None = None) -> None:
        """Wrap a network; with `dim`, add a linear head that maps into `dim` numbers."""
        super().__init__()
        self.net = net
        self.pad = pad
        self.head = None if dim is None else nn.Linear(_width(net), dim)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return float32 (n, dim) unit rows for token ids (n, tokens) and their mask."""
        pooled = self.pooled(ids, mask)
        if self.head is not None:
            # In float32 whatever the network runs in: it is small, and decides the last digits.
            with torch.autocast(pooled.device.type, enabled=False):
                pooled = self.head(pooled)
        return nn.functional.normalize(pooled, dim=-1)

    def pooled(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return the mean of the tokens' vectors: float32 (n, width)."""
        tokens = self.net(input_ids=ids, attention_mask=mask).last_hidden_state.float()
        weights = mask.unsqueeze(-1).float()
        mean: Tensor = (tokens * weights).sum(1) / weights.sum(1)
        return mean

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return next(self.net.parameters()).device


def _width(net: nn.Module) -> int:
    config: Any = net.config
    return int(config.hidden_size)


def padded(rows: Sequence[Sequence[int]], pad: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return token ids (n, longest) and their mask, int64, on a device."""
    longest = max(map(len, rows))
    ids = torch.full((len(rows), longest), pad)
    mask = torch.zeros((len(rows), longest), dtype=torch.int64)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = torch.tensor(row)
        mask[index, : len(row)] = 1
    return ids.to(device), mask.to(device)


def read(
    reader: Reader,
    rows: Sequence[Sequence[int]],
    *,
    bfloat16: bool = False,
    pooled: bool = False,
    recompute: bool = False,
    most: int | None = None,
) -> Tensor:
    """Return the vectors of tokenised texts, in order: float32 (n, dim) unit rows.

    Texts of like length are read together, at most `most` tokens at once: if not given, what suits
    the device. `pooled` gives the mean of tokens before the head and is not normalised. With
    `recompute`, a backward pass computes each group of texts again, and memory is needed for one
    group only.
    """
    run = reader.pooled if pooled else reader
    most = most or (_TOKENS_ON_A_CPU if reader.device.type == "cpu" else _TOKENS_ON_A_GPU)
    parts = list(batch_by_length([len(row) for row in rows], most))
    vectors = []
    with torch.autocast(reader.device.type, dtype=torch.bfloat16, enabled=bfloat16):
        for part in parts:
            ids, mask = padded([rows[index] for index in part], reader.pad, reader.device)
            if recompute:
                vectors.append(checkpoint(run, ids, mask, use_reentrant=False))
            else:
                vectors.append(run(ids, mask))
    order = torch.tensor([index for part in parts for index in part], device=reader.device)
    return torch.cat(vectors)[torch.argsort(order)]


def set_weights(reader: Reader, tensors: Mapping[str, Any]) -> None:
    """Set parameters by name, which need not be all; `tensors` are arrays or tensors.

    Raises ValueError for a name or a shape that the reader does not have.
    """
    own = reader.state_dict()
    for name, tensor in tensors.items():
        if name not in own or tuple(own[name].shape) != tuple(tensor.shape):
            raise ValueError(f"the weights {name} {tuple(tensor.shape)} are not of this model")
        own[name].copy_(torch.as_tensor(tensor))
