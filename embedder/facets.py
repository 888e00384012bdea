"""The metadata that questions are filtered by and answers are counted by.

A document's metadata becomes labels (`countries:LBN`, `topics:trafficking`); filters become
sets of labels of which a document must carry one. Both indexes are filtered by the same
labels, so they cannot disagree on who may answer.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from embedder.errors import RequestError, UnknownValue
from embedder.folding import fold
from embedder.places import WORLDWIDE, country_code
from embedder.records import Document, FacetCount, Filters

Facet = Literal["countries", "regions", "topics", "authors"]
FACETS: tuple[Facet, ...] = ("countries", "regions", "topics", "authors")

Mask = np.ndarray[Any, np.dtype[np.bool_]]

_NEAREST = 5
_WORD = re.compile(r"[^\s()\[\],;]+")


@dataclass(frozen=True, slots=True)
class Allowed:
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
    """The metadata of all documents of a generation, in memory."""

    def __init__(self, documents: Iterable[tuple[int, Document]]) -> None:
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
        self.rows = np.asarray(rows, dtype=np.int64)
        self._years = np.asarray(years, dtype=np.int16)
        # The commonest of the names that share a label; of equally common ones the first.
        self._names = {
            each: max(sorted(found), key=found.__getitem__) for each, found in names.items()
        }
        self._carriers = {
            each: np.asarray(positions, dtype=np.int32) for each, positions in carriers.items()
        }

    def values(self, facet: Facet) -> list[str]:
        """List the values of a facet in alphabetical order."""
        return sorted(name for each, name in self._names.items() if each.startswith(f"{facet}:"))

    def resolve(self, filters: Filters) -> Allowed:
        """Turn filters into labels.

        A country may be a name or an ISO code, in any case; a country that exists but has no
        document is no error. An author may be part of a name (`healy`).

        Raises UnknownValue for a value the library does not have, RequestError for years that
        exclude all.
        """
        for field in ("year_from", "year_to"):
            year = getattr(filters, field)
            if year is not None and not 1 <= year <= 9999:
                raise RequestError(field, f"{field} {year} is no year: 1 to 9999.")
        if filters.year_from and filters.year_to and filters.year_from > filters.year_to:
            raise RequestError(
                "year_from",
                f"year_from {filters.year_from} is after year_to {filters.year_to}: "
                "no year lies between them. Exchange them.",
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
        return Allowed(tuple(any_of), filters.year_from, filters.year_to)

    def mask(self, allowed: Allowed) -> Mask:
        """Tell for each document, in the order of `rows`, whether it is allowed: bool (n,)."""
        mask = np.ones(len(self.rows), dtype=np.bool_)
        for wanted in allowed.any_of:
            carries = np.zeros_like(mask)
            for each in wanted:
                if each in self._carriers:
                    carries[self._carriers[each]] = True
            mask &= carries
        if allowed.year_from is not None:
            mask &= self._years >= allowed.year_from
        if allowed.year_to is not None:
            mask &= (self._years <= allowed.year_to) & (self._years > 0)
        return mask

    def counts(self, mask: Mask) -> Mapping[str, tuple[FacetCount, ...]]:
        """Count the values among the documents of a mask, commonest first."""
        found: dict[str, list[FacetCount]] = {facet: [] for facet in FACETS}
        for each, positions in self._carriers.items():
            count = int(mask[positions].sum())
            if count:
                found[each.partition(":")[0]].append(FacetCount(self._names[each], count))
        years, counts = np.unique(self._years[mask], return_counts=True)
        found["years"] = [
            FacetCount(int(year), int(count))
            for year, count in zip(years, counts, strict=True)
            if year
        ]
        return {
            facet: tuple(sorted(each, key=lambda c: (-c.count, str(c.value))))
            for facet, each in found.items()
        }

    def _find(self, facet: Facet, value: str) -> list[str]:
        """Give the labels that a filter's value means."""
        exact = label(facet, value)
        if exact in self._names or (facet == "countries" and country_code(value)):
            return [exact]
        known = {
            fold(name): each for each, name in self._names.items() if each.startswith(f"{facet}:")
        }
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
        raise UnknownValue(facet, value, [self._names[known[name]] for name in nearest])
