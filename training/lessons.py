"""What both small readers learn from: the training entries' texts and their vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from training.batches import Example, Pool
from training.material import QUESTIONS, Entry
from training.networks import Base
from training.space import Space, texts_by_kind


class Targets:
    """The vectors of a space in one matrix, and where a text's vector is.

    `rows` has every vector of the space; `documents` those of the training entries' documents
    alone, in the order of `training`: no other document is seen, not even as a wrong answer.
    """

    def __init__(self, space: Space, training: Sequence[int]) -> None:
        self.training = list(training)
        self.sentence_of = space.of
        self._starts: dict[str, int] = {}
        start = 0
        for kind, vectors in space.vectors.items():
            self._starts[kind] = start
            start += len(vectors)
        self._starts["sentence"] = start
        self.rows: Tensor = torch.cat([*space.vectors.values(), space.sentences])
        self.documents: Tensor = space.vectors["document"][self.training]
        self._document = {entry: place for place, entry in enumerate(self.training)}

    def example(self, tokens: Sequence[int], kind: str, index: int) -> Example:
        """Return the example of a text: `index` is its entry, or of a sentence its own number.

        Questions and documents should find their document, near misses and sentences none.
        """
        finds = kind == "document" or kind in QUESTIONS
        return Example(tokens, self._starts[kind] + index, self._document[index] if finds else None)


def english_pools(
    base: Base, entries: Sequence[Entry], targets: Targets, shares: Mapping[str, float]
) -> list[Pool]:
    """Return a pool for each kind of English text of the training entries, with its share."""
    texts = {
        kind: [(index, of_kind[index]) for index in targets.training]
        for kind, of_kind in texts_by_kind(entries).items()
    }
    seen = set(targets.training)
    sentences = [sentence for entry in entries for sentence in entry.sentences]
    texts["sentence"] = [
        (number, sentences[number])
        for number, entry in enumerate(targets.sentence_of)
        if entry in seen
    ]
    return [
        Pool(kind, share, _examples(base, kind, texts[kind], targets))
        for kind, share in shares.items()
    ]


def _examples(
    base: Base, kind: str, texts: Sequence[tuple[int, str]], targets: Targets
) -> list[Example]:
    if not texts:
        return []
    rows = base.tokenise([text for _, text in texts], "document" if kind == "document" else "query")
    return [
        targets.example(tokens, kind, index) for tokens, (index, _) in zip(rows, texts, strict=True)
    ]
