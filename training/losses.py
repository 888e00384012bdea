"""What the readers learn: losses over unit vectors, so that an inner product is a cosine.

Temperatures divide cosines before a softmax.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

TEMPERATURE = 0.05


def contrast(queries: Tensor, documents: Tensor, near: Tensor, *, backward: float = 0.5) -> Tensor:
    """Return the contrastive loss of queries (n, dim) and their documents (n, dim), row by row.

    Cross-entropy of each query over the batch's documents, plus `backward` times that of each
    document over the batch's queries and near misses `near` (m, dim), which it does not answer.
    After van den Oord et al., "Representation Learning with Contrastive Predictive Coding", 2018,
    arXiv:1807.03748.
    """
    own = torch.arange(len(queries), device=queries.device)
    forward = functional.cross_entropy(queries @ documents.T / TEMPERATURE, own)
    others = torch.cat([documents @ queries.T, documents @ near.T], dim=1)
    return forward + backward * functional.cross_entropy(others / TEMPERATURE, own)


def distance(vectors: Tensor, targets: Tensor) -> Tensor:
    """Return the mean of 1 minus the cosine of each row (n, dim) to its target: 0 to 2."""
    return 1 - (vectors * targets).sum(-1).mean()


def find_document(vectors: Tensor, documents: Tensor, own: Tensor) -> Tensor:
    """Return the cross-entropy of vectors (n, dim) over all documents (m, dim).

    `own` (n,) is the row of each vector's document.
    """
    return functional.cross_entropy(vectors @ documents.T / TEMPERATURE, own)


def same_order(vectors: Tensor, targets: Tensor, documents: Tensor) -> Tensor:
    """Return the divergence of the cosines to all documents from those of the targets, 0 or more.

    It teaches how near each document is, the wrong ones too (Hinton et al., "Distilling the
    Knowledge in a Neural Network", 2015, arXiv:1503.02531).
    """
    return functional.kl_div(
        functional.log_softmax(vectors @ documents.T / TEMPERATURE, dim=1),
        functional.softmax(targets @ documents.T / TEMPERATURE, dim=1),
        reduction="batchmean",
    )
