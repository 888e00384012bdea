"""The metadata of all documents of a generation, as arrays: made, updated, written and read.

A document's metadata becomes labels (`countries:LBN`, `topics:trafficking`): what names the same
thing has the same label, however it is spelt.

    rows.npy, years.npy, begins.npy, carriers.npy, names.json   the fields of `FacetArrays`
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from embedder.records import Document
from embedder.text.countries import country_code
from embedder.text.folding import fold
from embedder.vectors import DocumentRows, Int16Array, Int32Array, Int64Array

Facet = Literal["countries", "regions", "topics", "authors"]
FACETS: tuple[Facet, ...] = ("countries", "regions", "topics", "authors")

_NAMES = "names.json"
_ARRAYS = ("rows", "years", "begins", "carriers")


@dataclass(frozen=True, slots=True)
class FacetArrays:
    """The metadata of n documents, by position: in the order of their ids.

    `rows` (n,) are their row numbers, `years` (n,) are 0 for a document without a year. Label
    `labels[i]` is spelt `names[i]` in the documents at the positions
    `carriers[begins[i]:begins[i + 1]]`, which ascend; the pairs of a label and a name ascend too,
    and each has a carrier.
    """

    rows: DocumentRows
    years: Int16Array
    labels: list[str]
    names: list[str]
    begins: Int64Array
    carriers: Int32Array

    @classmethod
    def of(cls, documents: Iterable[tuple[int, Document]]) -> FacetArrays:
        """Collect the metadata of documents, each with its row number, given in any order."""
        rows: list[int] = []
        years: list[int] = []
        carriers: dict[tuple[str, str], list[int]] = defaultdict(list)
        ordered = sorted(documents, key=lambda pair: pair[1].id)
        for position, (row, document) in enumerate(ordered):
            rows.append(row)
            years.append(document.year or 0)
            for pair in _labelled_values(document):
                carriers[pair].append(position)
        pairs = sorted(carriers)
        return cls(
            rows=DocumentRows(np.asarray(rows, dtype=np.int64)),
            years=np.asarray(years, dtype=np.int16),
            labels=[pair[0] for pair in pairs],
            names=[pair[1] for pair in pairs],
            begins=np.cumsum([0, *(len(carriers[pair]) for pair in pairs)], dtype=np.int64),
            carriers=np.asarray(
                [position for pair in pairs for position in carriers[pair]], dtype=np.int32
            ),
        )

    def changed(
        self,
        removed_rows: Collection[int],
        added: Iterable[tuple[int, Document]],
        rows_by_id: DocumentRows,
    ) -> FacetArrays:
        """Return the metadata without some rows and with some documents, as `of` would collect it.

        A document that changed is both removed and added. `rows_by_id` are the row numbers of all
        documents of the new state in the order of their ids, which the arrays do not hold.

        Raises ValueError if `rows_by_id` are not just the rows kept and added.
        """
        new = FacetArrays.of(added)
        kept = ~np.isin(self.rows, np.fromiter(removed_rows, dtype=np.int64))
        rows = np.concatenate((self.rows[kept], new.rows))
        by_row, by_id = np.argsort(rows), np.argsort(rows_by_id)
        if not np.array_equal(rows[by_row], rows_by_id[by_id]):
            raise ValueError(
                f"the {np.count_nonzero(kept)} documents kept and {len(new.rows)} added are not "
                f"the {len(rows_by_id)} of the new state."
            )
        positions = np.empty(len(rows), dtype=np.int32)
        positions[by_row] = by_id
        kept_positions, added_positions = np.split(positions, [np.count_nonzero(kept)])
        years = np.empty(len(rows), dtype=np.int16)
        years[kept_positions], years[added_positions] = self.years[kept], new.years

        pairs = sorted(dict.fromkeys((*self._pairs(), *new._pairs())))  # two ascending runs
        numbers = {pair: number for number, pair in enumerate(pairs)}
        moved = np.zeros(len(self.rows), dtype=np.int32)
        moved[kept] = kept_positions
        stays = kept[self.carriers]
        carriers = np.concatenate((moved[self.carriers[stays]], added_positions[new.carriers]))
        of_pair = np.concatenate(
            (self._pair_of_each_carrier(numbers)[stays], new._pair_of_each_carrier(numbers))
        )
        counts = np.bincount(of_pair, minlength=len(pairs))
        used = np.flatnonzero(counts)
        return FacetArrays(
            rows=rows_by_id,
            years=years,
            labels=[pairs[number][0] for number in used.tolist()],
            names=[pairs[number][1] for number in used.tolist()],
            begins=np.concatenate(([0], np.cumsum(counts[used]))).astype(np.int64),
            # By pair, then position: one key is sorted several times faster than two.
            carriers=carriers[np.argsort(of_pair * np.int64(len(rows)) + carriers)],
        )

    @classmethod
    def read(cls, folder: Path) -> FacetArrays:
        """Read what `write` wrote into a folder."""
        stored = json.loads((folder / _NAMES).read_text(encoding="utf-8"))
        arrays = {name: np.load(folder / f"{name}.npy", allow_pickle=False) for name in _ARRAYS}
        return cls(**arrays, **stored)

    def write(self, folder: Path) -> None:
        """Write the arrays into a new folder."""
        folder.mkdir()
        for name in _ARRAYS:
            np.save(folder / f"{name}.npy", getattr(self, name), allow_pickle=False)
        stored = {"labels": self.labels, "names": self.names}
        (folder / _NAMES).write_text(json.dumps(stored, ensure_ascii=False), encoding="utf-8")

    def _pairs(self) -> Iterable[tuple[str, str]]:
        return zip(self.labels, self.names, strict=True)

    def _pair_of_each_carrier(self, numbers: Mapping[tuple[str, str], int]) -> Int32Array:
        """Return for each of the carriers the number of the pair that it carries."""
        own = np.asarray([numbers[pair] for pair in self._pairs()], dtype=np.int32)
        return np.repeat(own, np.diff(self.begins))


def label(facet: Facet, value: str) -> str:
    """Return the label of a value: a country by its code, so that all its names are one."""
    code = country_code(value) if facet == "countries" else None
    return f"{facet}:{code or fold(value)}"


def labels(document: Document) -> list[str]:
    """Return all labels of a document, each once."""
    return list(dict.fromkeys(pair[0] for pair in _labelled_values(document)))


def _labelled_values(document: Document) -> list[tuple[str, str]]:
    """Return the pairs of a label and a value of a document, each once."""
    return list(
        dict.fromkeys(
            (label(facet, value), value) for facet in FACETS for value in _values(document, facet)
        )
    )


def _values(document: Document, facet: Facet) -> tuple[str, ...]:
    values: tuple[str, ...] = getattr(document, facet)
    if facet == "countries":
        named = {country_code(value) for value in values}
        values += tuple(code for code in document.country_codes if code not in named)
    return values
