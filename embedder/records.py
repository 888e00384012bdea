"""The records that travel between the rooms: frozen, without behaviour beyond their own shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Mode = Literal["hybrid", "semantic", "keyword"]
Verdict = Literal["strong", "possible", "none"]
Precision = Literal["f32", "bf16", "int8"]
FieldName = Literal["title", "abstract"]

MODES: tuple[Mode, ...] = ("hybrid", "semantic", "keyword")


@dataclass(frozen=True, slots=True)
class Document:
    """One document of the library, with its metadata.

    `title` and `abstract` are kept to the letter: they are citations. `country_codes` are
    ISO 3166-1 alpha-3; `countries` without a code (`Worldwide`) have none there. `sources`
    are the names of the files that it was read from.
    """

    id: str
    title: str
    abstract: str
    countries: tuple[str, ...] = ()
    country_codes: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    year: int | None = None
    topics: tuple[str, ...] = ()
    category: str | None = None
    sources: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Give the document as the JSON object that every interface shows."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in _values(self).items()
        }


@dataclass(frozen=True, slots=True)
class Entry:
    """A document as one source file gives it, and where in that file (a line, from 1)."""

    document: Document
    path: Path
    line: int


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a document's field: `text == field[start:end]`, in characters."""

    field: FieldName
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Passage:
    """A text that one reading of the model takes in whole, made of sentences of one document.

    `sentences` are places in the document's fields; `offsets`, one a sentence, are where the
    same sentence stands in `text`, in characters, as (start, end).
    """

    text: str
    sentences: tuple[Span, ...]
    offsets: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Filters:
    """Which documents may answer; an empty filter lets all of them.

    Values of one filter are alternatives, different filters must all hold. With
    `include_worldwide`, `countries` and `regions` also let documents marked Worldwide.
    `year_from` and `year_to` are inclusive.
    """

    countries: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    year_from: int | None = None
    year_to: int | None = None
    include_worldwide: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the library.

    `expand` lets the glossary, the spelling and related words widen what is looked for.
    The text stays out of `repr`, so that no log or traceback that prints a question holds it.
    """

    text: str = field(repr=False)
    limit: int = 10
    offset: int = 0
    mode: Mode = "hybrid"
    filters: Filters = Filters()
    min_similarity: float | None = None
    expand: bool = True


@dataclass(frozen=True, slots=True)
class RankingWeights:
    """How an answer is made: what each part weighs, 0 or False to leave it out.

    What each is worth, measured, stands in docs/quality.md.
    """

    dense_weight: float = 0.75  # of meaning against keywords, 0 to 1, where all words are known
    sentence_weight: float = 1.0  # of a document's best sentence, against its best passage
    parts_weight: float = 1.0  # of the parts of a long question, against the whole
    title_weight: float = 0.5  # of a keyword in the title, on top of one in the text
    ring_weight: float = 1.0  # of a glossary ring that question and document share
    related_weight: float = 1.0  # of words related to those that the library does not use
    spelling: bool = True
    terms: bool = True  # the glossary's terms are read with the question


@dataclass(frozen=True, slots=True)
class Understood:
    """What was recognised at [start, end) of a question, in characters.

    `term`: the field's term for what is said there. `spelling`: the library's word for a
    misspelt one. `related`: words of the library near in meaning to one that it does not use.
    """

    kind: Literal["term", "spelling", "related"]
    start: int
    end: int
    meaning: str


@dataclass(frozen=True, slots=True)
class Matched:
    """The part of a long question, at [start, end) in characters, that a document fits.

    `similarity` is the cosine of the part with the document's nearest sentence, in -1 to 1.
    """

    start: int
    end: int
    similarity: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence that makes a document fit: `text == document.<field>[start:end]`.

    `similarity` is its cosine with the question, in -1 to 1.
    """

    field: FieldName
    start: int
    end: int
    text: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Legs:
    """What each way of searching gave: a cosine, and a BM25 score (None: not found that way)."""

    semantic: float | None
    keyword: float | None


@dataclass(frozen=True, slots=True)
class Hit:
    """One document of an answer.

    `score` orders the hits of one answer, in 0 to 1; `similarity` is the plain cosine of the
    question with the document's nearest passage, in -1 to 1, comparable between questions.
    """

    rank: int
    score: float
    similarity: float
    document: Document
    evidence: tuple[Evidence, ...]
    legs: Legs
    matched: tuple[Matched, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Give the hit as the JSON object that every interface shows."""
        return {
            "rank": self.rank,
            "score": self.score,
            "similarity": self.similarity,
            "document": self.document.as_dict(),
            "evidence": [_values(each) for each in self.evidence],
            "legs": _values(self.legs),
            "matched": [_values(each) for each in self.matched],
        }


@dataclass(frozen=True, slots=True)
class FacetCount:
    """How many documents of a hit set carry a value."""

    value: str | int
    count: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a question: one page of hits, and true figures over the whole hit set."""

    verdict: Verdict
    total: int
    hits: tuple[Hit, ...]
    facets: Mapping[str, tuple[FacetCount, ...]]
    understood: tuple[Understood, ...]
    model: str
    generation: int
    took_ms: float

    def as_dict(self) -> dict[str, Any]:
        """Give the answer as the JSON object that every interface shows."""
        return {
            "verdict": self.verdict,
            "total": self.total,
            "hits": [hit.as_dict() for hit in self.hits],
            "facets": {
                name: [_values(each) for each in counts] for name, counts in self.facets.items()
            },
            "understood": [_values(each) for each in self.understood],
            "model": self.model,
            "generation": self.generation,
            "took_ms": self.took_ms,
        }


@dataclass(frozen=True, slots=True)
class MapPoint:
    """A document on the map of the library, at `x`, `y` in 0 to 1.

    Near on the map is near in meaning, mostly; `nearest` is the id of the document on the map
    that is nearest in truth, by the cosine of their vectors, None where there is no other.
    """

    document: Document
    x: float
    y: float
    nearest: str | None


@dataclass(frozen=True, slots=True)
class Map:
    """The map of the library: at most 1,000 of its `total` documents, by ascending id."""

    points: tuple[MapPoint, ...]
    total: int


def _values(
    record: Document | Evidence | Legs | Matched | FacetCount | Understood,
) -> dict[str, Any]:
    """Give a flat record as a dict, in a fifth of the time of `dataclasses.asdict`."""
    return {name: getattr(record, name) for name in record.__slots__}


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation of the library was built with and what it holds.

    `model_sha256` is the fingerprint of the model's files at `precision`, `files` the SHA-256 of
    each file of the generation, `calibration` the cosines that verdicts are decided with. `dense`
    says whether the index of vectors is `exact` or
    `approximate` (`kind`), what share of the ten nearest it finds (`recall`), and how many of
    its cells are searched for that (`probes`).
    """

    model: str
    model_sha256: str
    precision: Precision
    dim: int
    passage_rule: int
    lexical_rule: int
    glossary_sha256: str
    version: str
    created: str
    documents: int
    passages: int
    files: Mapping[str, str]
    calibration: Mapping[str, Any]
    dense: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """What a source said of a document: where, and the lists that merging unites."""

    path: str
    line: int
    key: str
    labels: Mapping[str, Any]
