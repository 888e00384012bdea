from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from embedder.encoders.readers import ReaderName
from training.lessons import Targets, english_pools, general_pools
from training.material import Material
from training.networks import load_base
from training.space import Space


def _space(material: Material) -> Space:
    """Make a space whose vectors say which text they are of."""
    count = len(material.entries)
    kinds = ("practitioner", "plain", "situation", "keywords", "near", "document")
    vectors = {
        kind: torch.stack([torch.tensor([float(k), float(i)]) for i in range(count)])
        for k, kind in enumerate(kinds)
    }
    general = {
        kind: torch.tensor([[10.0 + k, float(i)] for i in range(len(texts))])
        for k, (kind, texts) in enumerate(material.general.texts.items())
    }
    return Space("x", vectors, general)


def test_a_text_comes_to_its_own_vector(material: Material) -> None:
    targets = Targets(_space(material), material.training)
    example = targets.example([5, 6], "plain", 7)
    assert targets.rows[example.target].tolist() == [1.0, 7.0]
    assert example.tokens == [5, 6]
    assert example.document is not None
    assert targets.documents[example.document].tolist() == [5.0, 7.0]
    document = targets.example([1], "document", 4)
    assert targets.rows[document.target].tolist() == [5.0, 4.0]
    assert document.document == 0
    near = targets.example([1], "near", 4)
    assert targets.rows[near.target].tolist() == [4.0, 4.0]
    assert near.document is None


def test_a_text_of_another_field_comes_to_its_own_vector_and_document(material: Material) -> None:
    targets = Targets(_space(material), material.training)
    kinds = list(material.general.texts)
    for kind in ("plain", "document"):
        example = targets.general_example([5], kind, 3)
        assert targets.rows[example.target].tolist() == [10.0 + kinds.index(kind), 3.0]
        assert example.document is not None
        assert targets.documents[example.document].tolist() == [10.0 + kinds.index("document"), 3.0]
    gloss = targets.general_example([5], "gloss", 4)
    assert targets.rows[gloss.target].tolist() == [10.0 + kinds.index("gloss"), 4.0]
    assert gloss.document is None


def test_no_document_that_is_kept_out_is_among_them(material: Material) -> None:
    targets = Targets(_space(material), material.training)
    own = targets.documents[targets.documents[:, 0] == 5.0]
    assert own[:, 1].tolist() == [float(index) for index in range(4, 24)]
    assert len(targets.documents) == 20 + len(material.general.texts["document"])


def test_pools_hold_the_training_entries(
    bases: Mapping[ReaderName, Path], material: Material
) -> None:
    space = _space(material)
    targets = Targets(space, material.training)
    base = load_base(bases["languages"], "languages")
    shares = {"plain": 2.0, "document": 1.0}
    pools = english_pools(base, material.entries, targets, shares)
    assert {pool.name: pool.share for pool in pools} == shares
    plain, document = pools
    assert len(plain.examples) == len(document.examples) == 20
    entries = {int(targets.rows[example.target][1]) for example in plain.examples}
    assert entries == set(material.training)
    entry = material.entries[4]
    assert plain.examples[0].tokens == base.tokenise([entry.questions["plain"]], "query")[0]
    assert document.examples[0].tokens == base.tokenise([entry.document], "document")[0]


def test_pools_hold_all_texts_of_other_fields(
    bases: Mapping[ReaderName, Path], material: Material
) -> None:
    targets = Targets(_space(material), material.training)
    base = load_base(bases["languages"], "languages")
    gloss, document = general_pools(
        base, material.general, targets, {"gloss": 2.0, "document": 1.0}
    )
    assert (gloss.name, gloss.share) == ("general gloss", 2.0)
    texts = material.general.texts
    assert len(gloss.examples) == len(texts["gloss"]) == 5
    assert gloss.examples[0].tokens == base.tokenise(texts["gloss"][:1], "query")[0]
    assert document.examples[1].tokens == base.tokenise(texts["document"][1:2], "document")[0]
