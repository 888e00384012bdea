from __future__ import annotations

import math

import pytest
import torch

from training.losses import contrast, distance, find_document, same_order

AXES = torch.eye(3)


def test_contrast_is_near_zero_for_the_right_documents() -> None:
    # A cosine of 1 against 0, over 0.05: e^-20 is lost.
    assert contrast(AXES, AXES, -AXES).item() == pytest.approx(0, abs=1e-6)
    assert contrast(AXES, AXES.roll(1, 0), -AXES).item() == pytest.approx(1.5 * 20, abs=1e-3)


def test_a_near_miss_counts_in_the_backward_half_alone() -> None:
    # The near miss is as near as the right query: one of two, so log 2 in half of the loss.
    loss = contrast(AXES, AXES, AXES).item()
    assert loss == pytest.approx(0.5 * math.log(2), abs=1e-6)
    assert contrast(AXES, AXES, AXES, backward=0.0).item() == pytest.approx(0, abs=1e-6)


def test_distance_is_one_minus_the_cosine() -> None:
    target = torch.tensor([[1.0, 0, 0], [0, 1, 0]])
    assert distance(target, target).item() == pytest.approx(0)
    turned = torch.tensor([[0.6, 0.8, 0], [0, -1, 0]])
    assert distance(turned, target).item() == pytest.approx((0.4 + 2) / 2)


def test_finding_documents_is_a_cross_entropy() -> None:
    assert find_document(AXES[:1], AXES, torch.tensor([0])).item() == pytest.approx(0, abs=1e-6)
    undecided = torch.full((1, 3), 3**-0.5)
    loss = find_document(undecided, AXES, torch.tensor([2])).item()
    assert loss == pytest.approx(math.log(3), abs=1e-6)


def test_order_is_lost_when_cosines_differ() -> None:
    targets = torch.nn.functional.normalize(torch.tensor([[1.0, 0.9, 0.2], [0.1, 1, 1]]), dim=-1)
    assert same_order(targets, targets, AXES).item() == pytest.approx(0, abs=1e-6)
    assert same_order(targets.flip(0), targets, AXES).item() > 1
