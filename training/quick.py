"""The quick reader: all-MiniLM-L6-v2 with a head into the space.

It learns to give an English text the vector that the full reader gives it, to find the text's
document, and how near all other documents are.
"""

from __future__ import annotations

from pathlib import Path

from training.heads import Group, Lesson, Run, train_reader
from training.lessons import Targets, english_pools, general_pools
from training.material import Material
from training.networks import Base, load_base
from training.space import Space

# It reads questions above all, and the documents of very large libraries.
_SHARES = {
    "plain": 3.0,
    "situation": 2.0,
    "practitioner": 2.0,
    "keywords": 1.0,
    "near": 1.0,
    "document": 0.75,
}
# Texts of other fields are four of ten. Without them the reader knows its own field alone.
_GENERAL_SHARES = {
    "gloss": 3.0,
    "question": 1.5,
    "plain": 1.0,
    "keywords": 0.5,
    "document": 1.0,
}


def train_quick(
    folder: Path,
    material: Material,
    space: Space,
    run: Run,
) -> Path:
    """Train the quick reader on the training entries; return the file of its weights."""
    lesson = make_lesson(load_base(folder, "quick"), material, space)
    return train_reader("quick", folder, lesson, run)


def make_lesson(base: Base, material: Material, space: Space) -> Lesson:
    """Return what the reader learns: all English texts of the entries and of other fields."""
    targets = Targets(space, material.training)
    pools = english_pools(base, material.entries, targets, _SHARES)
    pools += general_pools(base, material.general, targets, _GENERAL_SHARES)
    return Lesson(
        groups=[Group(1.0, pools)],
        targets=targets.rows,
        documents=targets.documents,
        distance=4.0,
        find=0.5,
        order=0.5,
        name=f"quick {space.name}",
    )
