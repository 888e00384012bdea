"""Writes documents in the formats that reference managers and spreadsheets read.

One file a format. What each writes, the readers of `embedder.sources` give back unchanged
(CSL-JSON, which has no reader here, holds it as it stands).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from embedder.exports import bibtex, csl, ris, table
from embedder.records import Document


@dataclass(frozen=True, slots=True)
class Format:
    """A format: its name, for people and for programs, its media type, file ending and writer.

    `write` gives the file in pieces, to be encoded in UTF-8.
    """

    name: str
    label: str
    media_type: str
    ending: str
    write: Callable[[Iterable[Document]], Iterator[str]]


_ALL = (
    Format("ris", "RIS", "application/x-research-info-systems", "ris", ris.write),
    Format("bibtex", "BibTeX", "application/x-bibtex", "bib", bibtex.write),
    Format("csl-json", "CSL-JSON", "application/vnd.citationstyles.csl+json", "json", csl.write),
    Format("csv", "CSV", "text/csv", "csv", table.write),
)

FORMATS: Mapping[str, Format] = MappingProxyType({each.name: each for each in _ALL})
