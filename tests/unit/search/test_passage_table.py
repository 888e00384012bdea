"""Passages in all their numbers: ids, slots, documents' positions, rows of sentence vectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from embedder.errors import LibraryDamaged
from embedder.search.passage_table import PassageTable, canonical_order
from embedder.vectors import BoolArray, DocumentPositions, PassageIds, PassageSlots


def passage_ids(*values: int) -> PassageIds:
    return PassageIds(np.asarray(values, dtype=np.int64))


def positions(*values: int) -> DocumentPositions:
    return DocumentPositions(np.asarray(values, dtype=np.int64))


def slots(*values: int) -> PassageSlots:
    return PassageSlots(np.asarray(values, dtype=np.int64))


def mask(*values: bool) -> BoolArray:
    return np.asarray(values, dtype=np.bool_)


def found(table: PassageTable, *documents: int) -> tuple[list[int], list[int]]:
    result, starts = table.slots_of(positions(*documents))
    return result.tolist(), starts.tolist()


# Five documents: 0 has passages 20 and 21, 1 has none, 2 has 10, 3 has 11 and 22, 4 has none.
# The slots hold them in the order of adding, with passages 12 and 30, which were removed.
IN_SLOTS = (10, 11, 12, 20, 22, 30, 21)
PASSAGES = (10, 11, 20, 21, 22)
POSITIONS = (2, 3, 0, 0, 3)
WITH_SENTENCES = (10, 11, 12, 20, 21, 22)


def build(
    in_slots: Sequence[int] = IN_SLOTS, with_sentences: Sequence[int] = WITH_SENTENCES
) -> PassageTable:
    return PassageTable.build(
        passage_ids(*in_slots),
        passage_ids(*PASSAGES),
        positions(*POSITIONS),
        5,
        passage_ids(*with_sentences),
    )


@pytest.fixture
def table() -> PassageTable:
    return build()


@pytest.fixture
def empty() -> PassageTable:
    none = passage_ids()
    return PassageTable.build(none, none, positions(), 2, none)


def test_slots_of_removed_passages_are_not_live(table: PassageTable) -> None:
    assert table.live.tolist() == [True, True, False, True, True, False, True]


def test_slots_have_the_positions_of_their_documents(table: PassageTable) -> None:
    assert table.positions_of(slots(4, 0, 6, 3, 1)).tolist() == [3, 2, 0, 0, 3]


def test_slots_of_removed_passages_have_no_positions(table: PassageTable) -> None:
    assert table.positions_of(slots(2, 0, 5)).tolist() == [2]
    assert table.positions_of(slots(2, 5)).tolist() == []
    assert table.positions_of(slots()).tolist() == []


def test_documents_have_the_slots_of_their_passages_by_id(table: PassageTable) -> None:
    assert found(table, 0) == ([3, 6], [0])
    assert found(table, 3, 0, 2) == ([1, 4, 3, 6, 0], [0, 2, 4])


def test_documents_without_passages_have_no_slots(table: PassageTable) -> None:
    assert found(table, 1) == ([], [0])
    assert found(table) == ([], [])
    assert table.has_passages.tolist() == [True, False, True, True, False]


def test_a_filter_lets_the_passages_of_its_documents_be_found(table: PassageTable) -> None:
    only = table.filter_of(mask(True, True, False, False, True))
    assert only is not None
    assert (only.count, only.slots().tolist()) == (2, [3, 6])


def test_a_filter_of_all_documents_leaves_removed_passages_out(table: PassageTable) -> None:
    everything = table.filter_of(mask(True, True, True, True, True))
    assert everything is not None
    assert everything.slots().tolist() == [0, 1, 3, 4, 6]


def test_where_nothing_was_removed_all_documents_need_no_filter() -> None:
    table = build(in_slots=PASSAGES)
    assert table.filter_of(mask(True, True, True, True, True)) is None
    assert table.filter_of(mask(True, False, True, True, False)) is None


def test_a_filter_of_no_documents_lets_nothing_be_found(table: PassageTable) -> None:
    nothing = table.filter_of(mask(False, False, False, False, False))
    assert nothing is not None
    assert nothing.count == 0


def test_slots_have_the_rows_of_their_sentences(table: PassageTable) -> None:
    assert table.sentence_rows(slots(6, 0, 4)).tolist() == [4, 0, 5]


def test_missing_sentences_are_damage() -> None:
    with pytest.raises(LibraryDamaged) as error:
        build(with_sentences=(10, 12, 20, 21))
    assert str(error.value) == (
        "the sentence vectors of 2 passages are missing. Rebuild with: fingerpost index"
    )


def test_sentences_of_removed_passages_may_be_missing() -> None:
    assert build(with_sentences=PASSAGES).sentence_rows(slots(0)).tolist() == [0]


def test_the_canonical_order_is_by_document_then_by_id(table: PassageTable) -> None:
    order = canonical_order(passage_ids(*PASSAGES), positions(*POSITIONS))
    assert [PASSAGES[index] for index in order] == [20, 21, 10, 11, 22]
    assert [IN_SLOTS[slot] for slot in table.ordered] == [20, 21, 10, 11, 22]
    assert canonical_order(passage_ids(), positions()).tolist() == []


def test_a_sample_is_of_live_slots_each_once_in_canonical_order(table: PassageTable) -> None:
    assert table.sample(5).tolist() == table.sample(99).tolist() == table.ordered.tolist()
    chosen = table.sample(3).tolist()
    assert len(set(chosen)) == 3
    assert chosen == [slot for slot in table.ordered if slot in chosen]
    assert table.sample(0).tolist() == []


def test_a_sample_does_not_depend_on_the_order_of_the_slots(table: PassageTable) -> None:
    other = build(in_slots=sorted(PASSAGES, reverse=True))
    for size in range(6):
        one = [IN_SLOTS[slot] for slot in table.sample(size)]
        assert [sorted(PASSAGES, reverse=True)[slot] for slot in other.sample(size)] == one


def test_a_library_without_passages_has_an_empty_table(empty: PassageTable) -> None:
    assert empty.has_passages.tolist() == [False, False]
    assert found(empty, 0, 1) == ([], [0, 0])
    assert empty.positions_of(slots()).tolist() == []
    assert empty.sample(10).tolist() == []
    assert empty.filter_of(mask(True, True)) is None
