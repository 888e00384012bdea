from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from embedder.encoders.readers import ReaderName
from training.heads import Run
from training.languages import foreign_pools, make_lesson, train_languages
from training.lessons import Targets
from training.loop import Plan
from training.material import Material, Translation
from training.networks import load_base
from training.space import Space, make_space

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def space(
    bases: Mapping[ReaderName, Path], material: Material, tmp_path_factory: pytest.TempPathFactory
) -> Space:
    folder = tmp_path_factory.mktemp("space")
    general = material.general
    return make_space(bases["full"], None, material.entries, folder, CPU, general=general)


def test_a_translation_comes_to_the_vector_of_its_english(
    bases: Mapping[ReaderName, Path], material: Material, space: Space
) -> None:
    lesson = make_lesson(load_base(bases["languages"], "languages"), material, space)
    english, foreign = lesson.groups
    assert (english.share, foreign.share) == (0.3, 0.7)
    assert next(pool for pool in english.pools if pool.name == "general document").examples
    (french,) = (pool for pool in foreign.pools if pool.name == "fr plain")
    assert len(french.examples) == 20
    example = french.examples[3]
    assert torch.equal(lesson.targets[example.target], space.vectors["plain"][7])
    assert example.document is not None
    assert torch.equal(lesson.documents[example.document], space.vectors["document"][7])


def test_documents_in_another_language_have_the_prompt_of_documents(
    bases: Mapping[ReaderName, Path], material: Material, space: Space
) -> None:
    base = load_base(bases["languages"], "languages")
    texts = [Translation(5, "document", "de", "Bericht"), Translation(5, "plain", "de", "Bericht")]
    targets = Targets(space, material.training)
    pools = {pool.name: pool for pool in foreign_pools(base, texts, targets)}
    document, plain = pools["de document"].examples[0], pools["de plain"].examples[0]
    assert document.tokens == base.tokenise(["Bericht"], "document")[0] != plain.tokens
    assert torch.equal(targets.rows[document.target], space.vectors["document"][5])
    assert torch.equal(targets.rows[plain.target], space.vectors["plain"][5])


def test_a_small_language_is_drawn_more_often_than_its_size(
    bases: Mapping[ReaderName, Path], material: Material, space: Space
) -> None:
    texts = [Translation(4 + i, "plain", "so", str(i)) for i in range(4)]
    texts += [
        Translation(4 + i, kind, "de", str(i))
        for i in range(16)
        for kind in ("plain", "document", "situation", "practitioner")
    ]
    pools = foreign_pools(
        load_base(bases["languages"], "languages"), texts, Targets(space, material.training)
    )
    shares = {pool.name: pool.share for pool in pools}
    assert shares["so plain"] == pytest.approx(2)
    german = {name: share for name, share in shares.items() if name.startswith("de ")}
    assert sum(german.values()) == pytest.approx(8)
    assert german["de plain"] == pytest.approx(2 * german["de document"])
    assert shares["so document"] == 0


def test_the_reader_is_trained_and_kept(
    bases: Mapping[ReaderName, Path], material: Material, space: Space, tmp_path: Path
) -> None:
    run = Run(Plan(steps=2, batch=8, rate=1e-3), tmp_path, CPU, precision="float32")
    path = train_languages(bases["languages"], material, space, run)
    assert path == tmp_path / "languages.safetensors"
    tensors = load_file(path)
    assert tensors["head.weight"].shape == (48, 32)
    still = replace(run, plan=replace(run.plan, rate=0.0), work=tmp_path / "still")
    untrained = load_file(train_languages(bases["languages"], material, space, still))
    assert not torch.equal(tensors["head.weight"], untrained["head.weight"])
