"""Train a small reader with a linear head to come to the vectors of the full reader."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from embedder.encoders.readers import ReaderName
from training.batches import Example, Pool, draw, generator
from training.devices import use_bfloat16
from training.loop import Plan, train
from training.losses import distance, find_document, same_order
from training.networks import Reader, load_base, read, set_weights

# Texts that the first head is fitted to, at most: more changes it little.
_TEXTS_OF_FIRST_HEAD = 4096

# Texts of the part of a step that is timed in both precisions.
_TEXTS_OF_PROBE = 32


@dataclass(frozen=True, slots=True)
class Group:
    """A part of each batch: its share of the texts, and what they are drawn from."""

    share: float
    pools: Sequence[Pool]


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a reader learns.

    `targets` (n, dim) are the vectors that examples name by row, `documents` (m, dim) those that
    are told apart. Each group's distance counts `distance` times, whatever its share of the
    batch; `find` and `order` are the weights of the other two losses.
    """

    groups: Sequence[Group]
    targets: Tensor
    documents: Tensor
    distance: float = 4.0
    find: float = 0.5
    order: float = 0.0
    name: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """Where and how a reader is trained: `seeds` runs of the plan, whose weights are averaged.

    `begin` are weights to go on from; `dropout` replaces the base model's own.
    """

    plan: Plan
    work: Path
    device: torch.device
    precision: str = "auto"
    seeds: int = 1
    begin: Mapping[str, Tensor] = field(default_factory=dict)
    dropout: float | None = None


def train_reader(name: ReaderName, folder: Path, lesson: Lesson, run: Run) -> Path:
    """Train a reader; return the file of its weights, float16, `net.encoder.*` and `head.*`.

    All layers but the embeddings learn. With `run.begin`, weights by name, it goes on from these;
    else the head begins as the best linear map from the untuned model.
    """
    states = [
        _train_one(name, folder, lesson, _with_seed(run, seed))
        for seed in range(run.plan.seed, run.plan.seed + run.seeds)
    ]
    path = run.work / f"{name}.safetensors"
    save_file(average(states), path)
    return path


def _with_seed(run: Run, seed: int) -> Run:
    return replace(run, plan=replace(run.plan, seed=seed))


def average(states: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Return the mean of weights, float16, which runs from one beginning can share.

    Wortsman et al., "Model soups", 2022, arXiv:2203.05482.
    """
    return {
        name: torch.stack([state[name].float() for state in states]).mean(0).half()
        for name in states[0]
    }


def _train_one(name: ReaderName, folder: Path, lesson: Lesson, run: Run) -> dict[str, Tensor]:
    dim = lesson.targets.shape[1]
    base = load_base(folder, name, dropout=run.dropout)
    reader = Reader(base.net, base.pad, dim).to(run.device)
    if run.begin:
        set_weights(reader, run.begin)
    else:
        fit_head(reader.eval(), lesson)
    reader.train()
    for parameter_name, parameter in reader.named_parameters():
        parameter.requires_grad_(".embeddings." not in parameter_name)
    trained = {n: p for n, p in reader.named_parameters() if p.requires_grad}

    few = replace(run.plan, batch=min(run.plan.batch, _TEXTS_OF_PROBE))
    bfloat16 = use_bfloat16(
        run.precision,
        run.device,
        reader,
        lambda use: loss_of(reader, lesson, few, 0, bfloat16=use),
    )
    run_name = f"{name}-{run.plan.seed}"
    train(
        run_name,
        trained,
        lambda step: loss_of(reader, lesson, run.plan, step, bfloat16=bfloat16),
        run.plan,
        run.work / f"{run_name}-checkpoint.safetensors",
        _hash(lesson, run.begin),
    )
    return {n: p.detach().cpu().contiguous() for n, p in trained.items()}


def _hash(lesson: Lesson, begin: Mapping[str, Tensor]) -> str:
    """Return a hash of what a run learns, and from where."""
    digest = hashlib.sha256(lesson.name.encode())
    for group in lesson.groups:
        for pool in group.pools:
            digest.update(f"{group.share} {pool.name} {pool.share}".encode())
            for example in pool.examples:
                digest.update(f"{example.target} {example.document} {example.tokens}".encode())
    for name in sorted(begin):
        digest.update(torch.as_tensor(begin[name]).float().numpy().tobytes())
    return digest.hexdigest()[:16]


def loss_of(reader: Reader, lesson: Lesson, plan: Plan, step: int, *, bfloat16: bool) -> Tensor:
    """Return the loss of a step, over a batch that its number and the plan's seed decide."""
    rng = generator(plan.seed, step)
    whole = sum(group.share for group in lesson.groups)
    drawn = [
        draw(group.pools, max(1, round(plan.batch * group.share / whole)), rng)
        for group in lesson.groups
    ]
    batch = [example for group in drawn for example in group]
    vectors = read(reader, [example.tokens for example in batch], bfloat16=bfloat16)
    rows = torch.tensor([example.target for example in batch], device=vectors.device)
    targets = lesson.targets[rows]
    loss = torch.zeros((), device=vectors.device)
    start = 0
    for group in drawn:
        of_group = slice(start, start + len(group))
        loss = loss + lesson.distance * distance(vectors[of_group], targets[of_group])
        start += len(group)
    finds, own = _with_documents(batch, vectors.device)
    if len(finds) and lesson.find:
        loss = loss + lesson.find * find_document(vectors[finds], lesson.documents, own)
    if lesson.order:
        loss = loss + lesson.order * same_order(vectors, targets, lesson.documents)
    return loss


def _with_documents(batch: Sequence[Example], device: torch.device) -> tuple[Tensor, Tensor]:
    """Return which examples of a batch have a document, and which it is."""
    finds = [
        (index, example.document)
        for index, example in enumerate(batch)
        if example.document is not None
    ]
    pairs = torch.tensor(finds, dtype=torch.int64, device=device).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def fit_head(reader: Reader, lesson: Lesson) -> None:
    """Set a reader's head to the least-squares map from what its network gives to the targets.

    It is fitted to texts of all pools, a few thousand that are the same each time.
    """
    examples = [
        example for group in lesson.groups for pool in group.pools for example in pool.examples
    ]
    generator(0, 0).shuffle(examples)
    examples = examples[:_TEXTS_OF_FIRST_HEAD]
    with torch.no_grad():
        pooled = read(reader, [example.tokens for example in examples], pooled=True).double()
        targets = lesson.targets[[example.target for example in examples]].double()
        # The pooled numbers are strongly correlated. Without a ridge the head's weights are larger,
        # find no more, and make what the network changes in its first steps larger too.
        ridge = torch.eye(pooled.shape[1], dtype=torch.float64, device=pooled.device)
        solved = torch.linalg.solve(pooled.T @ pooled + ridge, pooled.T @ targets)
        zeros = torch.zeros(lesson.targets.shape[1])
        set_weights(reader, {"head.weight": solved.T, "head.bias": zeros})
