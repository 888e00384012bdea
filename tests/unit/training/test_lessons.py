from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from embedder.encoders.readers import ReaderName
from training.lessons import Targets, english_pools
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
    of = [index for index, entry in enumerate(material.entries) for _ in entry.sentences]
    sentences = torch.tensor([[9.0, float(number)] for number in range(len(of))])
    return Space("x", vectors, sentences, of)


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
    near, sentence = targets.example([1], "near", 4), targets.example([1], "sentence", 30)
    assert targets.rows[near.target].tolist() == [4.0, 4.0]
    assert targets.rows[sentence.target].tolist() == [9.0, 30.0]
    assert near.document is sentence.document is None


def test_no_document_that_is_kept_out_is_among_them(material: Material) -> None:
    targets = Targets(_space(material), material.training)
    assert targets.documents[:, 1].tolist() == [float(index) for index in range(4, 24)]


def test_pools_hold_the_training_entries(
    bases: Mapping[ReaderName, Path], material: Material
) -> None:
    space = _space(material)
    targets = Targets(space, material.training)
    base = load_base(bases["languages"], "languages")
    shares = {"plain": 2.0, "document": 1.0, "sentence": 0.5}
    pools = english_pools(base, material.entries, targets, shares)
    assert {pool.name: pool.share for pool in pools} == shares
    plain, document, sentence = pools
    assert len(plain.examples) == len(document.examples) == 20
    entries = {int(targets.rows[example.target][1]) for example in plain.examples}
    assert entries == set(material.training)
    entry = material.entries[4]
    assert plain.examples[0].tokens == base.tokenise([entry.questions["plain"]], "query")[0]
    assert document.examples[0].tokens == base.tokenise([entry.document], "document")[0]
    assert len(sentence.examples) == sum(len(material.entries[i].sentences) for i in range(4, 24))
    first = sum(len(material.entries[i].sentences) for i in range(4))
    assert targets.rows[sentence.examples[0].target].tolist() == [9.0, float(first)]
    assert sentence.examples[1].tokens == base.tokenise([entry.sentences[1]], "query")[0]
