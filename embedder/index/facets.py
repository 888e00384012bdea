"""The metadata that questions are filtered by and answers are counted by.

A document's metadata becomes labels (`countries:LBN`, `topics:trafficking`); filters become
sets of labels of which a document must carry one. Both indexes are filtered by the same
labels, so they cannot disagree on who may answer.
"""

from __future__ import annotations

import bisect
import difflib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from embedder.errors import RequestError, UnknownValue
from embedder.records import Document, FacetCount, Filters
from embedder.text.countries import WORLDWIDE, country_code
from embedder.text.folding import fold
from embedder.vectors import DocumentRows

Facet = Literal["countries", "regions", "topics", "authors"]
FACETS: tuple[Facet, ...] = ("countries", "regions", "topics", "authors")

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
Int64Array = np.ndarray[Any, np.dtype[Any]]

MAX_FACET_VALUES = 250

_NAMES = "names.json"
_STORED = ("rows", "years", "begins", "carriers")

_NEAREST = 5
_WORD = re.compile(r"[^\s()\[\],;]+")


@dataclass(frozen=True, slots=True)
class Arrays:
    """The metadata of n documents.

    `rows` (n,) are row numbers, ascending, `years` (n,), 0 where there is none; `labels` are in
    alphabetical order, `names` what people call them; the positions of the documents that
    carry label i are `carriers[begins[i]:begins[i + 1]]`, ascending.
    """

    rows: Int64Array
    years: Int64Array
    labels: list[str]
    names: list[str]
    begins: Int64Array
    carriers: Int64Array


@dataclass(frozen=True, slots=True)
class FacetFilter:
    """Filters as labels: a document must carry a label of each set, and a year in the range."""

    any_of: tuple[frozenset[str], ...] = ()
    year_from: int | None = None
    year_to: int | None = None


def label(facet: Facet, value: str) -> str:
    """Give the label of a value: a country by its code, so that all its names are one."""
    code = country_code(value) if facet == "countries" else None
    return f"{facet}:{code or fold(value)}"


def labels(document: Document) -> list[str]:
    """Give all labels of a document."""
    return list(
        dict.fromkeys(label(facet, value) for facet in FACETS for value in _values(document, facet))
    )


def _values(document: Document, facet: Facet) -> tuple[str, ...]:
    values: tuple[str, ...] = getattr(document, facet)
    if facet == "countries":
        named = {country_code(value) for value in values}
        values += tuple(code for code in document.country_codes if code not in named)
    return values


class Facets:
    """The metadata of all documents of a generation, in memory.

    `rows` int64 (documents,) are the documents' row numbers, ascending; a document's position
    is its place among them.
    """

    def __init__(self, arrays: Arrays) -> None:
        """Take in arrays that `of`, `changed` or `read` made."""
        self._arrays = arrays
        self.rows = arrays.rows
        # Until documents are taken out of a library their row numbers follow one another.
        self._unbroken = bool(len(self.rows)) and len(self.rows) == np.ptp(self.rows) + 1
        self._years = arrays.years
        self._labels = arrays.labels
        self._numbers = {each: number for number, each in enumerate(arrays.labels)}
        self._by_name: dict[Facet, dict[str, str]] = {}

    @classmethod
    def of(cls, documents: Iterable[tuple[int, Document]]) -> Facets:
        """Take in documents with their row numbers, in ascending order of the row numbers."""
        rows: list[int] = []
        years: list[int] = []
        names: dict[str, Counter[str]] = defaultdict(Counter)
        carriers: dict[str, list[int]] = defaultdict(list)
        for position, (row, document) in enumerate(documents):
            rows.append(row)
            years.append(document.year or 0)
            for facet in FACETS:
                for value in _values(document, facet):
                    names[label(facet, value)][value] += 1
            for each in set(labels(document)):
                carriers[each].append(position)
        ordered = sorted(carriers)
        return cls(
            Arrays(
                rows=np.asarray(rows, dtype=np.int64),
                years=np.asarray(years, dtype=np.int16),
                labels=ordered,
                # The commonest of the names that share a label; of equally common ones the first.
                names=[max(sorted(names[each]), key=names[each].__getitem__) for each in ordered],
                begins=np.cumsum([0, *(len(carriers[each]) for each in ordered)]),
                carriers=np.asarray(
                    [position for each in ordered for position in carriers[each]], dtype=np.int32
                ),
            )
        )

    def changed(
        self,
        gone: Collection[int],
        added: Sequence[tuple[int, Document]],
        rows_by_id: DocumentRows,  # noqa: ARG002 (the branch of the indexes)
    ) -> Facets:
        """Give the metadata without the rows `gone` and with documents `added`.

        A label that stays keeps its name.
        """
        old, new = self._arrays, Facets.of(sorted(added, key=lambda each: each[0]))._arrays
        kept = ~np.isin(old.rows, np.asarray(sorted(gone), dtype=np.int64))
        rows = np.concatenate((old.rows[kept], new.rows))
        order = np.argsort(rows, kind="stable")
        places = np.empty(len(rows), dtype=np.int32)
        places[order] = np.arange(len(rows), dtype=np.int32)
        moved = np.full(len(old.rows), -1, dtype=np.int32)
        moved[kept] = places[: int(kept.sum())]

        known = {**dict(zip(new.labels, new.names, strict=True))}
        known |= dict(zip(old.labels, old.names, strict=True))
        ordered = sorted(known)
        numbers = {each: number for number, each in enumerate(ordered)}
        carriers = np.concatenate((moved[old.carriers], places[int(kept.sum()) :][new.carriers]))
        of_label = np.concatenate([_label_numbers(each, numbers) for each in (old, new)])
        of_label, carriers = of_label[carriers >= 0], carriers[carriers >= 0]
        sort = np.argsort(of_label.astype(np.int64) * len(rows) + carriers, kind="stable")
        counts = np.bincount(of_label, minlength=len(ordered))
        used = np.flatnonzero(counts)
        return Facets(
            Arrays(
                rows=rows[order],
                years=np.concatenate((old.years[kept], new.years))[order],
                labels=[ordered[at] for at in used],
                names=[known[ordered[at]] for at in used],
                begins=np.concatenate(([0], np.cumsum(counts[used]))),
                carriers=carriers[sort],
            )
        )

    @classmethod
    def read(cls, folder: Path) -> Facets:
        """Read what `write` wrote."""
        stored = json.loads((folder / _NAMES).read_text(encoding="utf-8"))
        arrays = {name: np.load(folder / f"{name}.npy", allow_pickle=False) for name in _STORED}
        return cls(Arrays(**arrays, **stored))

    def write(self, folder: Path) -> None:
        """Write the metadata into a new folder."""
        folder.mkdir()
        for name in _STORED:
            np.save(folder / f"{name}.npy", getattr(self._arrays, name), allow_pickle=False)
        stored = {"labels": self._arrays.labels, "names": self._arrays.names}
        (folder / _NAMES).write_text(json.dumps(stored, ensure_ascii=False), encoding="utf-8")

    def positions(self, rows: Int64Array) -> Int64Array:
        """Give the positions of documents by their row numbers, which must be there: int64 (k,)."""
        if self._unbroken:
            return np.asarray(rows - self.rows[0])
        return np.searchsorted(self.rows, rows)

    def values(self, facet: Facet) -> list[str]:
        """List the values of a facet in alphabetical order."""
        first, last = self._range(facet)
        return sorted(self._arrays.names[first:last])

    def resolve(self, filters: Filters) -> FacetFilter:
        """Turn filters into labels.

        A country may be a name or an ISO code, in any case; a country that exists but has no
        document is no error. An author may be part of a name (`healy`).

        Raises UnknownValue for a value the library does not have, RequestError for years that
        exclude all.
        """
        for field in ("year_from", "year_to"):
            year = getattr(filters, field)
            if year is not None and not 1 <= year <= 9999:
                raise RequestError(
                    field, "{what} {year} is no year: 1 to 9999.", what=field, year=year
                )
        if filters.year_from and filters.year_to and filters.year_from > filters.year_to:
            raise RequestError(
                "year_from",
                "the first year, {first}, is later than the last, {last}. Exchange them.",
                first=filters.year_from,
                last=filters.year_to,
            )
        any_of = []
        for facet in FACETS:
            wanted = [
                each for value in getattr(filters, facet) for each in self._find(facet, value)
            ]
            if wanted and filters.include_worldwide and facet in ("countries", "regions"):
                wanted.append(label(facet, WORLDWIDE))
            if wanted:
                any_of.append(frozenset(wanted))
        return FacetFilter(tuple(any_of), filters.year_from, filters.year_to)

    def mask(self, allowed: FacetFilter) -> BoolArray:
        """Tell for each document, in the order of `rows`, whether it is allowed: bool (n,)."""
        mask = np.ones(len(self.rows), dtype=np.bool_)
        for wanted in allowed.any_of:
            carries = np.zeros_like(mask)
            for each in wanted:
                if each in self._numbers:
                    number = self._numbers[each]
                    begin, end = self._arrays.begins[number : number + 2]
                    carries[self._arrays.carriers[begin:end]] = True
            mask &= carries
        if allowed.year_from is not None:
            mask &= self._years >= allowed.year_from
        if allowed.year_to is not None:
            mask &= (self._years <= allowed.year_to) & (self._years > 0)
        return mask

    def counts(self, mask: BoolArray) -> Mapping[str, tuple[FacetCount, ...]]:
        """Count the values among the documents of a mask, commonest first.

        Of a facet with very many values the commonest are counted, at most 250.
        """
        sums = self._sums(mask)
        found: dict[str, tuple[FacetCount, ...]] = {}
        for facet in FACETS:
            first, last = self._range(facet)
            some = first + np.flatnonzero(sums[first:last])
            commonest = some[np.argsort(-sums[some], kind="stable")[:MAX_FACET_VALUES]]
            names = self._arrays.names
            found[facet] = _ordered(
                [FacetCount(names[number], int(sums[number])) for number in commonest]
            )
        years = np.bincount(self._years[mask])
        found["years"] = _ordered(
            [FacetCount(int(year), int(years[year])) for year in np.flatnonzero(years) if year]
        )
        return found

    def _sums(self, mask: BoolArray) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Count the documents of a mask that carry each label: int64 (labels,)."""
        if not self._labels:
            return np.zeros(0, dtype=np.int64)
        # No label is without carriers: no run is empty.
        carried = mask[self._arrays.carriers].view(np.uint8)
        return np.add.reduceat(carried, self._arrays.begins[:-1], dtype=np.int64)

    def _range(self, facet: Facet) -> tuple[int, int]:
        """Give where a facet's labels begin and end among all."""
        return (
            bisect.bisect_left(self._labels, f"{facet}:"),
            bisect.bisect_left(self._labels, f"{facet};"),  # the next character after the colon
        )

    def _find(self, facet: Facet, value: str) -> list[str]:
        """Give the labels that a filter's value means."""
        exact = label(facet, value)
        if exact in self._numbers or (facet == "countries" and country_code(value)):
            return [exact]
        known = self._known(facet)
        if facet == "authors" and value.strip():
            words = set(_WORD.findall(fold(value)))
            partly = [
                each for name, each in known.items() if words and words <= set(_WORD.findall(name))
            ]
            if partly:
                return partly
        nearest = difflib.get_close_matches(
            fold(value), known, _NEAREST
        ) or difflib.get_close_matches(fold(value), known, _NEAREST, cutoff=0.0)
        names = self._arrays.names
        raise UnknownValue(facet, value, [names[self._numbers[known[name]]] for name in nearest])

    def _known(self, facet: Facet) -> dict[str, str]:
        """Give the labels of a facet by their names, folded; they are folded once."""
        known = self._by_name.get(facet)
        if known is None:
            first, last = self._range(facet)
            names = self._arrays.names
            known = {fold(names[at]): self._labels[at] for at in range(first, last)}
            self._by_name[facet] = known
        return known


def _ordered(counts: Sequence[FacetCount]) -> tuple[FacetCount, ...]:
    return tuple(sorted(counts, key=lambda each: (-each.count, str(each.value))))


def _label_numbers(arrays: Arrays, numbers: Mapping[str, int]) -> Int64Array:
    """Give the number of the label that each of the carriers carries."""
    own = np.asarray([numbers[each] for each in arrays.labels], dtype=np.int32)
    return np.repeat(own, np.diff(arrays.begins))
