from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch

from embedder.encoders.readers import ReaderName
from training.networks import Reader, load_base, padded, read, set_weights

ROWS = [[0, 50, 60, 70, 2], [0, 80, 2], [0, *range(40, 90), 2]]


def test_a_base_knows_its_prompts_and_limit(bases: Mapping[ReaderName, Path]) -> None:
    base = load_base(bases["languages"], "languages")
    assert (base.max_tokens, base.pad) == (512, 1)
    long = "labour " * 600
    query, document = (
        base.tokenise(["labour", long], "query"),
        base.tokenise(["labour"], "document"),
    )
    assert len(query[1]) == 512
    assert query[0] != document[0]
    assert load_base(bases["quick"], "quick").tokenise(["labour"], "query")[0] == [
        query[0][0],
        *query[0][-2:],
    ]


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"is not a folder of a model: it lacks model\.safet"):
        load_base(tmp_path, "full")


def test_dropout_can_be_replaced(bases: Mapping[ReaderName, Path]) -> None:
    def rates(dropout: float | None) -> set[float]:
        net = load_base(bases["quick"], "quick", dropout=dropout).net
        return {m.p for m in net.modules() if isinstance(m, torch.nn.Dropout)}

    assert rates(None) == {0.1}
    assert rates(0.0) == {0.0}


def test_rows_are_padded() -> None:
    ids, mask = padded(ROWS[:2], 1, torch.device("cpu"))
    assert ids.tolist() == [[0, 50, 60, 70, 2], [0, 80, 2, 1, 1]]
    assert mask.tolist() == [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]


@pytest.mark.parametrize("name", ["full", "quick"])
def test_a_vector_does_not_depend_on_its_neighbours(
    name: ReaderName, bases: Mapping[ReaderName, Path]
) -> None:
    base = load_base(bases[name], name)
    reader = Reader(base.net, base.pad, 20).eval()
    together = read(reader, ROWS)
    assert together.shape == (3, 20)
    assert torch.allclose(together.norm(dim=1), torch.ones(3), atol=1e-6)
    for index, row in enumerate(ROWS):
        assert torch.allclose(read(reader, [row])[0], together[index], atol=1e-5)
    # In groups of a few tokens too, and in the order in which they came.
    assert torch.allclose(read(reader, ROWS, most=6), together, atol=1e-5)


def test_pooled_vectors_are_the_mean_of_tokens(bases: Mapping[ReaderName, Path]) -> None:
    base = load_base(bases["quick"], "quick")
    reader = Reader(base.net, base.pad).eval()
    ids = torch.tensor([ROWS[0]])
    expected = base.net(input_ids=ids).last_hidden_state[0].mean(0)
    pooled = read(reader, ROWS, pooled=True)
    assert torch.allclose(pooled[0], expected, atol=1e-5)
    assert torch.allclose(read(reader, ROWS)[0], expected / expected.norm(), atol=1e-5)


def test_weights_are_set_by_name(bases: Mapping[ReaderName, Path]) -> None:
    reader = Reader(load_base(bases["quick"], "quick").net, 1, 20)
    set_weights(reader, {"head.bias": torch.arange(20.0)})
    assert reader.head is not None
    assert reader.head.bias.tolist() == list(range(20))
    with pytest.raises(ValueError, match=r"head\.bias \(3,\) are not of this model"):
        set_weights(reader, {"head.bias": torch.zeros(3)})
    with pytest.raises(ValueError, match="are not of this model"):
        set_weights(reader, {"net.other": torch.zeros(3)})


def test_computing_again_gives_the_same_gradients(bases: Mapping[ReaderName, Path]) -> None:
    base = load_base(bases["quick"], "quick")
    reader = Reader(base.net, base.pad, 20).train()
    found = []
    for recompute in (False, True):
        torch.manual_seed(1)  # of dropout, which is drawn again the same
        reader.zero_grad()
        vectors = read(reader, ROWS, recompute=recompute, most=8)
        torch.autograd.backward((vectors * torch.arange(20.0)).sum())
        found.append([p.grad.clone() for p in reader.parameters() if p.grad is not None])
    assert len(found[0]) == len(found[1]) > 20
    for once, again in zip(*found, strict=True):
        assert torch.allclose(once, again, atol=1e-5)
    assert any(gradient.abs().max() > 0.01 for gradient in found[0])
