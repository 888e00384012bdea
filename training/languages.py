"""The reader of other languages: multilingual-e5-small with a head into the space.

It learns to give a text in another language the vector that the full reader gives to the English
one, and to find the text's document among all documents.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from training.batches import Example, Pool
from training.heads import Group, Lesson, Run, train_reader
from training.lessons import Targets, english_pools, general_pools
from training.material import Material, Translation
from training.networks import Base, load_base
from training.space import Space

# Three tenths of each batch are English: the space is English, and it steadies what is learnt.
_ENGLISH = 0.3
# Shares among English texts: documents first, since it reads documents of other languages too.
_SHARES = {
    "document": 2.0,
    "plain": 1.0,
    "practitioner": 1.0,
    "situation": 1.0,
    "keywords": 1.0,
    "near": 1.0,
}
# Of other fields, beside these.
_GENERAL_SHARES = {"document": 1.5, "gloss": 1.5, "question": 0.5, "plain": 0.5}
# How often a text is drawn beside others of its language. A document is five times as long as a
# question, and reading it takes as much longer.
_KINDS = {"plain": 1.0, "practitioner": 1.0, "situation": 1.0, "document": 0.5}


def train_languages(
    folder: Path,
    material: Material,
    space: Space,
    run: Run,
) -> Path:
    """Train the reader of other languages on the training entries; return its weights' file."""
    lesson = make_lesson(load_base(folder, "languages"), material, space)
    return train_reader("languages", folder, lesson, run)


def make_lesson(
    base: Base,
    material: Material,
    space: Space,
) -> Lesson:
    """Return what the reader learns: English texts of the entries, and their translations."""
    targets = Targets(space, material.training)
    pools = foreign_pools(base, material.translations, targets)
    english = english_pools(base, material.entries, targets, _SHARES)
    english += general_pools(base, material.general, targets, _GENERAL_SHARES)
    return Lesson(
        groups=[Group(_ENGLISH, english), Group(1 - _ENGLISH, pools)],
        targets=targets.rows,
        documents=targets.documents,
        distance=4.0,
        find=0.5,
        name=f"languages {space.name}",
    )


def foreign_pools(base: Base, translations: Sequence[Translation], targets: Targets) -> list[Pool]:
    """Return pools of translations, by language and kind.

    A language's share is the square root of how many texts it has, so that one with few texts is
    not lost, and its texts are not drawn all the time either.
    """
    by_language: dict[str, list[Translation]] = {}
    for each in translations:
        by_language.setdefault(each.language, []).append(each)
    pools = []
    for language, texts in sorted(by_language.items()):
        weight = sum(_KINDS[text.kind] for text in texts)
        for kind, part in _KINDS.items():
            of_kind = [text for text in texts if text.kind == kind]
            share = math.sqrt(len(texts)) * part * len(of_kind) / weight
            pools.append(Pool(f"{language} {kind}", share, _examples(base, of_kind, targets)))
    return pools


def _examples(base: Base, translations: Sequence[Translation], targets: Targets) -> list[Example]:
    if not translations:
        return []
    kind = translations[0].kind
    rows = base.tokenise(
        [each.text for each in translations], "document" if kind == "document" else "query"
    )
    return [
        targets.example(tokens, kind, each.entry)
        for tokens, each in zip(rows, translations, strict=True)
    ]
