"""The full reader: all-mpnet-base-v2 with a LoRA adapter, whose vectors are the space.

It learns to bring questions to their documents and away from siblings and near misses, and to
stay near the untuned model's vectors, so that it does not forget other fields.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from training.batches import generator, windows
from training.devices import use_bfloat16
from training.heads import Run
from training.loop import train
from training.lora import add_lora
from training.losses import contrast, distance
from training.material import QUESTIONS, Material
from training.networks import Base, Reader, load_base, read
from training.space import Space, texts_by_kind

RANK = 32
# Weight of staying near the untuned model, of questions and documents each.
_ANCHOR = 0.5
# Entries of the part of a step that is timed in both precisions.
_ENTRIES_OF_PROBE = 8


@dataclass(frozen=True, slots=True)
class Texts:
    """The entries' texts, by kind: tokens, and vectors of the untuned model (entries, dim)."""

    tokens: Mapping[str, Sequence[Sequence[int]]]
    untuned: Mapping[str, Tensor]


def train_full(
    folder: Path,
    material: Material,
    untuned: Space,
    run: Run,
) -> Path:
    """Train the adapter on the training entries; return the file of its weights, float16.

    `untuned` are the vectors of the base model without an adapter. Seeds are not averaged: the
    mean of two adapters' factors is not the mean of the adapters.
    """
    base = load_base(folder, "full", dropout=run.dropout)
    torch.manual_seed(run.plan.seed)  # of the adapter's first values
    trained = add_lora(base.net, RANK)
    reader = Reader(base.net, base.pad).to(run.device).train()
    texts = _texts(base, material, untuned)
    training = material.training

    def loss(batch: int, step: int, bfloat16: bool) -> Tensor:
        rng = generator(run.plan.seed, step)
        chosen = windows(training, batch, rng)
        kinds = rng.choices(QUESTIONS, k=len(chosen))
        return loss_of(reader, texts, chosen, kinds, bfloat16=bfloat16)

    few = min(run.plan.batch, _ENTRIES_OF_PROBE)
    bfloat16 = use_bfloat16(run.precision, run.device, reader, lambda use: loss(few, 0, use))
    train(
        "full",
        trained,
        lambda step: loss(run.plan.batch, step, bfloat16),
        replace(run.plan, decay=0.0),
        run.work / "full-checkpoint.safetensors",
        untuned.name,
    )
    path = run.work / "full.safetensors"
    save_file({name: p.detach().half().cpu().contiguous() for name, p in trained.items()}, path)
    return path


def _texts(base: Base, material: Material, untuned: Space) -> Texts:
    tokens = {
        kind: base.tokenise(of_kind, "document" if kind == "document" else "query")
        for kind, of_kind in texts_by_kind(material.entries).items()
    }
    return Texts(tokens, untuned.vectors)


def loss_of(
    reader: Reader,
    texts: Texts,
    chosen: Sequence[int],
    kinds: Sequence[str],
    *,
    bfloat16: bool,
) -> Tensor:
    """Return the loss over entries: each with its document, its near miss and a question.

    `kinds` says which question is asked for each.
    """
    rows = [texts.tokens[kind][index] for kind, index in zip(kinds, chosen, strict=True)]
    rows += [texts.tokens["near"][index] for index in chosen]
    rows += [texts.tokens["document"][index] for index in chosen]
    # On a CPU, what a backward pass needs of 64 documents would take 20 GB.
    small = reader.device.type == "cpu"
    vectors = read(reader, rows, bfloat16=bfloat16, recompute=small)
    queries, near, documents = torch.split(vectors, len(chosen))
    old = [texts.untuned[kind][index] for kind, index in zip(kinds, chosen, strict=True)]
    old_queries = torch.stack([*old, *texts.untuned["near"][list(chosen)]])
    anchor = distance(torch.cat([queries, near]), old_queries) + distance(
        documents, texts.untuned["document"][list(chosen)]
    )
    return contrast(queries, documents, near) + _ANCHOR * anchor
