"""The passages of a generation, in all the numbers that they go by.

    passage id      its row in SQLite, never used twice
    slot            where its vector is in the dense index
    position        where its document is among all documents (`Facets`)
    sentence row    where its sentences are in `SentenceVectors`

The canonical order of passages is by document position, then by passage id. It depends on the
documents alone, not on what was indexed before them, so whatever is computed in it is the same
for the same documents.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from embedder.errors import LibraryDamaged
from embedder.index.dense import PositionFilter
from embedder.index.sentence_vectors import PassageIndexes, runs
from embedder.vectors import (
    BoolArray,
    DocumentPositions,
    Int64Array,
    PassageIds,
    PassageSlots,
)


@dataclass(frozen=True, slots=True)
class PassageTable:
    """Which document and which sentences belong to each slot of the dense index, and back.

    A slot is live while its passage is in the library: an approximate index keeps the vectors of
    removed passages. `documents` and `sentence_rows_by_slot` say nothing of slots that are not
    live.
    """

    live: BoolArray  # (slots,)
    documents: DocumentPositions  # (slots,) the position of each one's document
    sentence_rows_by_slot: PassageIndexes  # (slots,) the row of each one in SentenceVectors
    ordered: PassageSlots  # (live slots,) in the canonical order
    starts: Int64Array  # (documents + 1,) where each document's slots start in `ordered`

    @classmethod
    def build(
        cls,
        slot_passages: PassageIds,
        passages: PassageIds,
        positions: DocumentPositions,
        document_count: int,
        sentence_passages: PassageIds,
    ) -> PassageTable:
        """Join the four numberings.

        `slot_passages` (slots,) is the passage in each slot of the dense index; `passages` (n,)
        are the library's, ascending, and `positions` (n,) those of their documents;
        `sentence_passages` are the passages in SentenceVectors, ascending.

        Raises LibraryDamaged if a passage has no sentences there.
        """
        index, live = _find(passages, slot_passages)
        documents = np.zeros(len(slot_passages), dtype=np.int64)
        documents[live] = positions[index[live]]
        sentence_rows, known = _find(sentence_passages, slot_passages)
        missing = int(np.count_nonzero(live & ~known))
        if missing:
            raise LibraryDamaged(
                f"the sentence vectors of {missing} passages are missing. "
                "Rebuild with: fingerpost index"
            )
        slots = np.flatnonzero(live)
        by_document = PassageIds(slot_passages[slots]), DocumentPositions(documents[slots])
        ordered = slots[canonical_order(*by_document)]
        return cls(
            live=live,
            documents=DocumentPositions(documents),
            sentence_rows_by_slot=PassageIndexes(sentence_rows),
            ordered=PassageSlots(ordered),
            starts=np.searchsorted(documents[ordered], np.arange(document_count + 1)),
        )

    @property
    def has_passages(self) -> BoolArray:
        """Whether each document has a passage to be found by: bool (documents,)."""
        return self.starts[1:] > self.starts[:-1]

    def positions_of(self, slots: PassageSlots) -> DocumentPositions:
        """Return the positions of slots' documents, in their order; removed passages are left out.

        Of live slots alone the result has their length.
        """
        return DocumentPositions(self.documents[slots][self.live[slots]])

    def slots_of(self, positions: DocumentPositions) -> tuple[PassageSlots, Int64Array]:
        """Return the slots of documents' passages, and where each document's start among them.

        One document after another; int64 (passages,) and int64 (documents,).
        """
        indexes, starts = runs(self.starts[positions], self.starts[positions + 1])
        return PassageSlots(self.ordered[indexes]), starts

    def filter_of(self, document_mask: BoolArray) -> PositionFilter | None:
        """Return the filter that lets the passages of some documents be found, None for all slots.

        `document_mask` is bool (documents,). No removed passage is let through.
        """
        allowed = document_mask[self.documents] & self.live
        return None if allowed.all() else PositionFilter.of(allowed)

    def sentence_rows(self, slots: PassageSlots) -> PassageIndexes:
        """Return the rows of live slots' passages in SentenceVectors, in their order."""
        return PassageIndexes(self.sentence_rows_by_slot[slots])

    def sample(self, size: int) -> PassageSlots:
        """Choose at most `size` live slots: the same passages for the same documents."""
        chosen = np.random.default_rng(0).permutation(len(self.ordered))[:size]
        return PassageSlots(self.ordered[np.sort(chosen)])


def canonical_order(passages: PassageIds, positions: DocumentPositions) -> Int64Array:
    """Return the indexes that sort passages by their documents' positions, then by id."""
    return np.lexsort((passages, positions))


def _find(ids: PassageIds, wanted: PassageIds) -> tuple[Int64Array, BoolArray]:
    """Return where each id wanted is in ascending `ids`, and whether it is there at all.

    The index of an id that is not there means nothing.
    """
    if not len(ids):
        return np.zeros(len(wanted), dtype=np.int64), np.zeros(len(wanted), dtype=np.bool_)
    indexes = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    return indexes, ids[indexes] == wanted
