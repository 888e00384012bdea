"""What both small readers learn from: the training entries' texts and their vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from training.batches import Example, Pool
from training.general import General
from training.material import QUESTIONS, Entry
from training.networks import Base
from training.space import Space, texts_by_kind


class Targets:
    """The vectors of a space in one matrix, and where a text's vector is.

    `rows` has every vector of the space; `documents` those of the training entries' documents, in
    the order of `training`, and of documents of other fields: no document that something is
    measured on is seen, not even as a wrong answer.
    """

    def __init__(self, space: Space, training: Sequence[int]) -> None:
        self.training = list(training)
        self._starts: dict[str, int] = {}
        start = 0
        for kind, vectors in space.vectors.items():
            self._starts[kind] = start
            start += len(vectors)
        for kind, vectors in space.general.items():
            self._starts[f"general {kind}"] = start
            start += len(vectors)
        others = space.general
        self.rows: Tensor = torch.cat([*space.vectors.values(), *others.values()])
        documents = [space.vectors["document"][self.training]]
        documents += [others["document"]] if "document" in others else []
        self.documents: Tensor = torch.cat(documents)
        self._document = {entry: place for place, entry in enumerate(self.training)}

    def example(self, tokens: Sequence[int], kind: str, index: int) -> Example:
        """Return the example of a text of the entry at `index`.

        Questions and documents should find their document, near misses none.
        """
        finds = kind == "document" or kind in QUESTIONS
        return Example(tokens, self._starts[kind] + index, self._document[index] if finds else None)

    def general_example(self, tokens: Sequence[int], kind: str, index: int) -> Example:
        """Return the example of the text of another field at `index` of its kind."""
        document = None if kind == "gloss" else len(self.training) + index
        return Example(tokens, self._starts[f"general {kind}"] + index, document)


def general_pools(
    base: Base, general: General, targets: Targets, shares: Mapping[str, float]
) -> list[Pool]:
    """Return a pool for each kind of text of other fields, with its share."""
    pools = []
    for kind, share in shares.items():
        texts = general.texts[kind]
        rows = base.tokenise(texts, "document" if kind == "document" else "query") if texts else []
        examples = [
            targets.general_example(tokens, kind, index) for index, tokens in enumerate(rows)
        ]
        pools.append(Pool(f"general {kind}", share, examples))
    return pools


def english_pools(
    base: Base, entries: Sequence[Entry], targets: Targets, shares: Mapping[str, float]
) -> list[Pool]:
    """Return a pool for each kind of English text of the training entries, with its share."""
    texts = {
        kind: [(index, of_kind[index]) for index in targets.training]
        for kind, of_kind in texts_by_kind(entries).items()
    }
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
