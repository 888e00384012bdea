"""The metadata that questions are filtered by and answers are counted by.

Filters become sets of labels (`countries:LBN`, `topics:trafficking`), and a document must carry
one of each set. Both indexes are filtered by the same labels, so that they cannot disagree on
which documents may answer.
"""

from __future__ import annotations

import bisect
import difflib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from embedder.errors import RequestError, UnknownValue
from embedder.index.facet_arrays import FACETS, Facet, FacetArrays, label
from embedder.records import Document, FacetCount, Filters
from embedder.text.countries import WORLDWIDE, country_code
from embedder.text.folding import fold
from embedder.vectors import (
    BoolArray,
    DocumentPositions,
    DocumentRows,
    Int32Array,
    Int64Array,
)

MAX_FACET_VALUES = 250
MIN_YEAR, MAX_YEAR = 1, 9999

_MAX_SUGGESTIONS = 5
# A table has at most this many entries a document: it is several times faster than a search.
_MAX_TABLE_ENTRIES = 4
_NO_POSITIONS = np.empty(0, dtype=np.int64)
_WORD = re.compile(r"[^\s()\[\],;]+")


@dataclass(frozen=True, slots=True)
class FacetFilter:
    """Filters as labels: a document must carry a label of each set, and a year in the range."""

    any_of: tuple[frozenset[str], ...] = ()
    year_from: int | None = None
    year_to: int | None = None


class Facets:
    """The metadata of all documents of a generation, in memory.

    A document's position is its rank by id, in the order of code points, so that the same
    documents have the same positions whatever was indexed before. `rows` int64 (documents,) are
    the documents' row numbers by position.
    """

    def __init__(self, arrays: FacetArrays) -> None:
        """Take in the metadata of all documents."""
        self.rows = arrays.rows
        self._arrays = arrays
        # The position of each row number, or, where that would be mostly gaps, the positions in
        # the order of the row numbers, for a binary search.
        self._position_of = _position_table(arrays.rows)
        self._by_row = np.argsort(arrays.rows) if self._position_of is None else _NO_POSITIONS
        # A label has one pair of label and name for each of its spellings.
        pairs = arrays.labels
        firsts = [at for at, each in enumerate(pairs) if not at or each != pairs[at - 1]]
        self._labels = [pairs[first] for first in firsts]
        self._numbers = {each: number for number, each in enumerate(self._labels)}
        # Where each label's carriers begin, and after the last, where its carriers end.
        self._pairs = np.asarray([*firsts, len(pairs)], dtype=np.int64)
        self._begins: Int64Array = arrays.begins[self._pairs]
        self._names = self._commonest_names()
        self._repeated = list(self._repeated_carriers())
        self._by_name: dict[Facet, dict[str, str]] = {}

    @classmethod
    def of(cls, documents: Iterable[tuple[int, Document]]) -> Facets:
        """Collect the metadata of documents, each with its row number, given in any order."""
        return cls(FacetArrays.of(documents))

    def changed(
        self,
        removed_rows: Collection[int],
        added: Iterable[tuple[int, Document]],
        rows_by_id: DocumentRows,
    ) -> Facets:
        """Return the metadata without some rows and with some documents; see `FacetArrays`."""
        return Facets(self._arrays.changed(removed_rows, added, rows_by_id))

    @classmethod
    def read(cls, folder: Path) -> Facets:
        """Read what `write` wrote into a folder."""
        return cls(FacetArrays.read(folder))

    def write(self, folder: Path) -> None:
        """Write the metadata into a new folder."""
        self._arrays.write(folder)

    def positions(self, rows: DocumentRows) -> DocumentPositions:
        """Return the positions of documents by their row numbers, all of them here: int64 (k,)."""
        if self._position_of is not None:
            return DocumentPositions(self._position_of[rows].astype(np.int64))
        found = np.searchsorted(self.rows, rows, sorter=self._by_row)
        return DocumentPositions(self._by_row[found])

    def values(self, facet: Facet) -> list[str]:
        """Return the values of a facet in alphabetical order, each in its commonest spelling."""
        first, last = self._range(facet)
        return sorted(self._names[first:last])

    def as_spelt(self, facet: Facet, value: str) -> str | None:
        """Return a value as the library commonly spells it, None if it has no such value."""
        number = self._numbers.get(label(facet, value))
        return None if number is None else self._names[number]

    def starting(self, facet: Facet, beginning: str) -> Iterator[str]:
        """Yield the values of a facet that begin with a text, apart from case and accents.

        That is not for countries, which are ordered by their codes.
        """
        sought = f"{facet}:{fold(beginning)}"
        for number in range(bisect.bisect_left(self._labels, sought), len(self._labels)):
            if not self._labels[number].startswith(sought):
                return
            yield self._names[number]

    def resolve(self, filters: Filters) -> FacetFilter:
        """Turn filters into labels.

        A country may be a name or an ISO code, in any case; a country that exists but has no
        document is not an error. An author may be part of a name (`healy`).

        Raises UnknownValue for a value that the library does not have, RequestError for a number
        that is not a year or a range of years that excludes all.
        """
        _check_years(filters)
        any_of = []
        for facet in FACETS:
            wanted = [
                found for value in getattr(filters, facet) for found in self._find(facet, value)
            ]
            if wanted and filters.include_worldwide and facet in ("countries", "regions"):
                wanted.append(label(facet, WORLDWIDE))
            if wanted:
                any_of.append(frozenset(wanted))
        return FacetFilter(tuple(any_of), filters.year_from, filters.year_to)

    def mask(self, allowed: FacetFilter) -> BoolArray:
        """Return for each document, by position, whether it is allowed: bool (documents,)."""
        mask = np.ones(len(self.rows), dtype=np.bool_)
        for wanted in allowed.any_of:
            carries = np.zeros_like(mask)
            for each in wanted:
                if each in self._numbers:
                    carries[self._carriers(self._numbers[each])] = True
            mask &= carries
        if allowed.year_from is not None:
            mask &= self._arrays.years >= allowed.year_from
        if allowed.year_to is not None:
            mask &= (self._arrays.years <= allowed.year_to) & (self._arrays.years > 0)
        return mask

    def counts(self, mask: BoolArray) -> Mapping[str, tuple[FacetCount, ...]]:
        """Count the values among the documents of a mask, bool (documents,), commonest first.

        Of a facet only the 250 commonest values are listed.
        """
        sums = self._sums(mask)
        counts: dict[str, tuple[FacetCount, ...]] = {}
        for facet in FACETS:
            first, last = self._range(facet)
            carried = first + np.flatnonzero(sums[first:last])
            commonest = carried[np.argsort(-sums[carried], kind="stable")[:MAX_FACET_VALUES]]
            counts[facet] = _ordered(
                [FacetCount(self._names[number], int(sums[number])) for number in commonest]
            )
        years = np.bincount(self._arrays.years[mask])
        counts["years"] = _ordered(
            [FacetCount(int(year), int(years[year])) for year in np.flatnonzero(years) if year]
        )
        return counts

    def _sums(self, mask: BoolArray) -> Int64Array:
        """Count the documents of a mask that carry each label: int64 (labels,)."""
        if not self._labels:
            return np.zeros(0, dtype=np.int64)
        # Every label has a carrier, so none of the runs is empty.
        carried = mask[self._arrays.carriers].view(np.uint8)
        sums: Int64Array = np.add.reduceat(carried, self._begins[:-1], dtype=np.int64)
        for number, positions in self._repeated:
            sums[number] -= np.count_nonzero(mask[positions])
        return sums

    def _carriers(self, number: int) -> Int32Array:
        """Return the positions of the documents that carry a label, once for each spelling."""
        begin, end = self._begins[number : number + 2]
        return self._arrays.carriers[begin:end]

    def _several_spellings(self) -> list[int]:
        """Return the numbers of the labels that are spelt in several ways."""
        numbers: list[int] = np.flatnonzero(np.diff(self._pairs) > 1).tolist()
        return numbers

    def _commonest_names(self) -> list[str]:
        """Return the spelling of each label that most documents have, the first of equal ones."""
        names = [self._arrays.names[pair] for pair in self._pairs[:-1].tolist()]
        documents = np.diff(self._arrays.begins)
        for number in self._several_spellings():
            first, last = self._pairs[number : number + 2].tolist()
            names[number] = self._arrays.names[first + int(documents[first:last].argmax())]
        return names

    def _repeated_carriers(self) -> Iterator[tuple[int, Int32Array]]:
        """Yield each label that a document spells in several ways, and those documents.

        A document stands there once less than it has spellings of the label.
        """
        for number in self._several_spellings():
            positions, counts = np.unique(self._carriers(number), return_counts=True)
            if counts.max() > 1:
                yield number, np.repeat(positions, counts - 1)

    def _range(self, facet: Facet) -> tuple[int, int]:
        """Return where the labels of a facet begin and end among all."""
        return (
            bisect.bisect_left(self._labels, f"{facet}:"),
            bisect.bisect_left(self._labels, f"{facet};"),  # the next character after the colon
        )

    def _find(self, facet: Facet, value: str) -> list[str]:
        """Return the labels that the value of a filter means."""
        exact = label(facet, value)
        if exact in self._numbers or (facet == "countries" and country_code(value)):
            return [exact]
        known = self._known(facet)
        if facet == "authors" and value.strip():
            words = set(_WORD.findall(fold(value)))
            partly = [
                found
                for name, found in known.items()
                if words and words <= set(_WORD.findall(name))
            ]
            if partly:
                return partly
        nearest = difflib.get_close_matches(
            fold(value), known, _MAX_SUGGESTIONS
        ) or difflib.get_close_matches(fold(value), known, _MAX_SUGGESTIONS, cutoff=0.0)
        suggestions = [self._names[self._numbers[known[name]]] for name in nearest]
        raise UnknownValue(facet, value, suggestions)

    def _known(self, facet: Facet) -> dict[str, str]:
        """Return the labels of a facet by their folded names, which are folded only once."""
        known = self._by_name.get(facet)
        if known is None:
            first, last = self._range(facet)
            known = {
                fold(name): label
                for name, label in zip(
                    self._names[first:last], self._labels[first:last], strict=True
                )
            }
            self._by_name[facet] = known
        return known


def _position_table(rows: DocumentRows) -> Int32Array | None:
    """Return the position of each row number, int32 (highest + 1,), None if it had many gaps."""
    entries = int(rows.max(initial=-1)) + 1
    if entries > _MAX_TABLE_ENTRIES * len(rows):
        return None
    table = np.zeros(entries, dtype=np.int32)
    table[rows] = np.arange(len(rows), dtype=np.int32)
    return table


def _check_years(filters: Filters) -> None:
    for field in ("year_from", "year_to"):
        year = getattr(filters, field)
        if year is not None and not MIN_YEAR <= year <= MAX_YEAR:
            raise RequestError(field, "{what} {year} is no year: 1 to 9999.", what=field, year=year)
    if filters.year_from and filters.year_to and filters.year_from > filters.year_to:
        raise RequestError(
            "year_from",
            "the first year, {first}, is later than the last, {last}. Exchange them.",
            first=filters.year_from,
            last=filters.year_to,
        )


def _ordered(counts: Sequence[FacetCount]) -> tuple[FacetCount, ...]:
    return tuple(sorted(counts, key=lambda count: (-count.count, str(count.value))))
