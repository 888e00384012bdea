"""The parts of the search, and the settings that leave each out or change it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from embedder.evaluation import SearchSettings


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table: what it changes, in the form of `fingerpost evaluate --set`.

    `leaves_out` tells whether it is the search without the part.
    """

    part: str
    changes: tuple[str, ...]
    leaves_out: bool = False

    @property
    def label(self) -> str:
        """What the table calls it."""
        return ", ".join(self.changes)


@dataclass(frozen=True, slots=True)
class _Part:
    """A part: the changes that leave it out, and others that give it another weight.

    In both, changes that belong together are separated by commas. The default is among the others
    where the part may be off in a base.
    """

    name: str
    out: str
    others: Sequence[str] = ()


def _each(name: str, *values: float) -> tuple[str, ...]:
    return tuple(f"{name}={value}" for value in values)


_PARTS = (
    _Part("all that is more than a cosine", "mode=semantic,expand=no,sentence_weight=0"),
    _Part("keywords and rewriting", "mode=semantic,expand=no", ("mode=hybrid,expand=yes",)),
    _Part(
        "keywords",
        "mode=semantic",
        (
            *_each("mode=hybrid,dense_weight", 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95),
            "mode=keyword",
        ),
    ),
    _Part(
        "rewriting",
        "expand=no",
        ("expand=yes", *_each("expand=no,dense_weight", 0.8, 0.85, 0.9, 0.95)),
    ),
    _Part(
        "less weight for keywords where words are unknown",
        "min_keyword_share=1",
        _each("min_keyword_share", 0, 0.25, 0.5, 0.75),
    ),
    _Part("sentences", "sentence_weight=0", _each("sentence_weight", 0.5, 1, 2)),
    _Part("the glossary", "acronyms=no,ring_weight=0", ("acronyms=yes,ring_weight=1",)),
    _Part("what acronyms mean, embedded", "acronyms=no", ("acronyms=yes",)),
    _Part("the glossary's rings as keywords", "ring_weight=0", _each("ring_weight", 0.5, 1, 2)),
    _Part("spelling", "spelling=no", ("spelling=yes",)),
)


def settings_around(base: SearchSettings) -> Iterator[Setting]:
    """Yield the settings of all parts, without changes to what the base is already.

    Two of a part that come to the same are yielded once, and one that is the base not at all.
    """
    for part in _PARTS:
        yielded: set[tuple[str, ...]] = {()}
        for text in (part.out, *part.others):
            changes = tuple(each for each in text.split(",") if base.changed([each]) != base)
            if changes not in yielded:
                yielded.add(changes)
                yield Setting(part.name, changes, leaves_out=text == part.out)
