"""The records that travel between the rooms: frozen, without behaviour beyond their own shape.

The fields of a document are defined here, once: `Document` has their names, types and metadata,
`DOCUMENT_FIELDS` the same as a table, and the API, the merging of sources, CSV and CSL-JSON derive
theirs from it. Facts of one format (which RIS tag, which BibTeX field) are in that format's
module; tests/unit/test_document_fields.py fails if one of them leaves a field out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

Mode = Literal["hybrid", "semantic", "keyword"]
Verdict = Literal["strong", "possible", "none"]
Fit = Literal["best", "likely", "less likely"]
Precision = Literal["f32", "bf16", "int8"]
FieldName = Literal["title", "abstract"]

MODES: tuple[Mode, ...] = ("hybrid", "semantic", "keyword")
# The hits that the verdict and the probability of an answer are about: a person reads them first.
FIRST_HITS = 3


# How a field is merged where several sources hold the same document: `identity`: it is the same in
# all of them, for it is part of what makes the document that document; `union`: the values of all,
# each once; `first`: the first value that is not empty.
Merge = Literal["identity", "union", "first"]


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """What the program needs to know about a field of a document, besides its name and type.

    `facet`: whether answers are counted and filtered by its values. `description` is for the API.
    """

    is_list: bool
    merge: Merge
    facet: bool = False
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """One document of the library, with its metadata.

    `title` and `abstract` are kept to the letter: they are citations. `country_codes` are
    ISO 3166-1 alpha-3; `countries` without a code (`Worldwide`) have none there. `sources`
    are the names of the files that the document was read from. Without an `id` it gets one when
    it is added to a library, made from its title, abstract and year.

    >>> Document(id="a1", title="A guide", abstract="How to refer.").year is None
    True
    >>> Document(title="A guide", countries=("Lebanon",)).as_dict()["countries"]
    ['Lebanon']
    """

    id: str = field(default="", metadata={"merge": "identity"})
    title: str = field(default="", metadata={"merge": "identity"})
    abstract: str = field(default="", metadata={"merge": "identity"})
    countries: tuple[str, ...] = field(default=(), metadata={"merge": "union", "facet": True})
    country_codes: tuple[str, ...] = field(
        default=(), metadata={"merge": "union", "description": "ISO 3166-1 alpha-3"}
    )
    regions: tuple[str, ...] = field(default=(), metadata={"merge": "union", "facet": True})
    authors: tuple[str, ...] = field(default=(), metadata={"merge": "union", "facet": True})
    year: int | None = field(default=None, metadata={"merge": "identity"})
    topics: tuple[str, ...] = field(default=(), metadata={"merge": "union", "facet": True})
    category: str | None = field(default=None, metadata={"merge": "first"})
    sources: tuple[str, ...] = field(
        default=(),
        metadata={"merge": "union", "description": "names of the files that it was read from"},
    )

    def as_dict(self) -> dict[str, Any]:
        """Return the document as the JSON object that every interface shows."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in _values(self).items()
        }


DOCUMENT_FIELDS: Mapping[str, FieldSpec] = MappingProxyType(
    {
        spec.name: FieldSpec(is_list=isinstance(spec.default, tuple), **spec.metadata)
        for spec in fields(Document)
    }
)
LIST_FIELDS = tuple(name for name, spec in DOCUMENT_FIELDS.items() if spec.is_list)


@dataclass(frozen=True, slots=True)
class Entry:
    """A document as one source file has it, and the line, from 1, on which it begins there."""

    document: Document
    path: Path
    line: int


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a document's field, [start, end) in characters."""

    field: FieldName
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Passage:
    """Sentences of one document, together short enough for the model to read without truncation.

    `sentences` are the places of the sentences in the document's fields; `offsets`, one per
    sentence, their places in `text`: [start, end) in characters. `reader` is the name of what reads
    it, where the model has several readers.
    """

    text: str
    sentences: tuple[Span, ...]
    offsets: tuple[tuple[int, int], ...]
    reader: str = ""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which documents an answer may hold; without any filter, all of them.

    Values of one filter are alternatives; different filters must all hold. With
    `include_worldwide`, `countries` and `regions` also match documents marked Worldwide.
    `year_from` and `year_to` are inclusive.

    >>> recent = Filters(countries=("Lebanon", "Jordan"), year_from=2010)
    >>> recent.year_to is None
    True
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
    """A question to the library, and how to answer it.

    `limit` and `offset` choose the page of hits. Documents whose cosine with the question is below
    `min_similarity`, -1 to 1, are left out. `expand` lets the glossary and spelling correction
    widen the search. The text is not in the `repr`: it must not reach a log or a traceback.

    `like` and `unlike` are ids of documents, at most 20 each, that were marked as fitting and as
    not fitting: the ranking moves towards the first and away from the second. Marks change the
    order of the hits and nothing else. Liked documents stay among them, and unliked ones are the
    last: a person who has said that a document does not fit wants others before it, but counts stay
    true and a slip loses nothing. Verdict, `similarity` and evidence are about the question alone,
    so marks cannot make an answer look surer.

    `ignore` holds meanings, at most 50, that an answer understood (`Understood.meaning`) and that
    are not to be used, whatever their case and accents: the term is no keyword and what an acronym
    means is not embedded, the word is not corrected. What the question would not have been
    understood to mean has no effect. It is not in the `repr` either, for it tells of the text.

    >>> Question("Who helps victims?", limit=5).mode
    'hybrid'
    """

    text: str = field(repr=False)
    limit: int = 10
    offset: int = 0
    mode: Mode = "hybrid"
    filters: Filters = Filters()
    min_similarity: float | None = None
    expand: bool = True
    like: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()
    ignore: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class RankingWeights:
    """How hits are ranked: the weight of each part; 0 or False leaves it out.

    What each contributes, as measured, is in docs/quality.md. All of them act on a question alone:
    a library need not be rebuilt to compare them.
    """

    dense_weight: float = 0.8  # dense against keyword score, 0 to 1, where all words are known
    min_keyword_share: float = 0.5  # of their weight keywords keep where no word is known; 1: all
    sentence_weight: float = 1.0  # a document's best sentence, against its best passage
    ring_weight: float = 1.0  # a synonym ring of the glossary that question and document share
    acronyms: bool = True  # embed what the glossary says that the question's acronyms mean
    spelling: bool = True  # correct misspelt words
    like_weight: float = 0.75  # the mean of liked documents, against the question's vector
    unlike_weight: float = 0.15  # the mean of unliked ones, which is taken away from it


@dataclass(frozen=True, slots=True)
class Understood:
    """What was recognised at [start, end) of a question, in characters, and its `meaning`.

    By `kind`, the meaning is: `term`: the professional term for what the question describes;
    `spelling`: the library's word for a misspelt one.

    `used` says whether a document among the hits of this page has it: a term, if it or another
    name of its synonym ring stands in the document's title or abstract; a spelling, if the word
    does, in any of its forms. An acronym's meaning counts as a term.

    >>> Understood("spelling", 0, 9, "trafficking").meaning
    'trafficking'
    """

    kind: Literal["term", "spelling"]
    start: int
    end: int
    meaning: str
    used: bool = False


@dataclass(frozen=True, slots=True)
class Matched:
    """A part of a long question, [start, end) in characters, that a document fits.

    `similarity` is the cosine of the part and the document's nearest sentence, -1 to 1.

    >>> Matched(start=0, end=24, similarity=0.5).end
    24
    """

    start: int
    end: int
    similarity: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence that makes a document fit: `text` is [start, end) of the document's field.

    `similarity` is the cosine of the sentence and the question, -1 to 1.

    >>> document = Document(title="A guide", abstract="First aid. How to refer.")
    >>> evidence = Evidence("abstract", 11, 24, "How to refer.", similarity=0.7)
    >>> getattr(document, evidence.field)[evidence.start : evidence.end] == evidence.text
    True
    """

    field: FieldName
    start: int
    end: int
    text: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Legs:
    """The score of each way of searching: a cosine and a BM25 score; None if it found nothing.

    >>> Legs(semantic=0.61, keyword=None).semantic
    0.61
    """

    semantic: float | None
    keyword: float | None


@dataclass(frozen=True, slots=True)
class Hit:
    """One document of an answer, `rank` from 1.

    `score`, 0 to 1, orders the hits of one answer; `similarity` is the cosine of the question and
    the document's nearest passage, -1 to 1, and can be compared between questions. `matched` is
    empty for a question of one sentence. `fit` is how probably the document answers the question,
    None where there was none.

    >>> guide = Document(id="a1", title="A guide")
    >>> hit = Hit(1, 0.9, 0.6, guide, evidence=(), legs=Legs(semantic=0.6, keyword=None))
    >>> hit.as_dict()["legs"]
    {'semantic': 0.6, 'keyword': None}
    """

    rank: int
    score: float
    similarity: float
    document: Document
    evidence: tuple[Evidence, ...]
    legs: Legs
    matched: tuple[Matched, ...] = ()
    fit: Fit | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the hit as the JSON object that every interface shows."""
        return {
            "rank": self.rank,
            "score": self.score,
            "similarity": self.similarity,
            "fit": self.fit,
            "document": self.document.as_dict(),
            "evidence": [_values(sentence) for sentence in self.evidence],
            "legs": _values(self.legs),
            "matched": [_values(part) for part in self.matched],
        }


@dataclass(frozen=True, slots=True)
class FacetCount:
    """How many of the documents that answer have a value.

    >>> FacetCount("Lebanon", 2).count
    2
    """

    value: str | int
    count: int


@dataclass(frozen=True, slots=True)
class SuggestedFilter:
    """A filter that the question names at [start, end), in characters, and could be narrowed by.

    `filters` are those to add to the question's own; values of a country, a region or an author are
    spelt as the library spells them. `count` is the number of hits that would be left, which is
    less than all; it is 0 only for a country that no document of the library is listed under.

    >>> named = SuggestedFilter("country", 8, 15, Filters(countries=("Lebanon",)), count=1)
    >>> named.as_dict()["filters"]
    {'countries': ['Lebanon']}
    """

    kind: Literal["country", "region", "year", "author"]
    start: int
    end: int
    filters: Filters
    count: int

    def as_dict(self) -> dict[str, Any]:
        """Return it as the JSON object that every interface shows, with its own filters alone."""
        values = {name: getattr(self.filters, name) for name in self.filters.__slots__}
        return {
            "kind": self.kind,
            "start": self.start,
            "end": self.end,
            "filters": {
                name: list(value) if isinstance(value, tuple) else value
                for name, value in values.items()
                if value
            },
            "count": self.count,
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a question: one page of hits, and exact counts over all of them.

    `verdict` says whether the library answers the question at all, and `probability`, 0 to 1, how
    probably one of the first three hits does; `total` counts the hits on all pages.
    `languages` are those of the question, ISO 639 codes, by their share of it, `("en",)`
    where nothing else is certain. `suggested_filters` are what the question names and could be
    narrowed by, in the order of its words; nothing is narrowed by them. Iterating gives the hits of
    this page, and `len` their number. An answer is true even without hits, for it still has its
    verdict and counts: test `len` or `hits`.

    >>> answer = Answer("none", 0, (), {}, (), model="a-model", generation=1, took_ms=2.5)
    >>> len(answer), [hit.document.title for hit in answer]
    (0, [])
    """

    verdict: Verdict
    total: int
    hits: tuple[Hit, ...]
    facets: Mapping[str, tuple[FacetCount, ...]]
    understood: tuple[Understood, ...]
    model: str
    generation: int
    took_ms: float
    languages: tuple[str, ...] = ("en",)
    suggested_filters: tuple[SuggestedFilter, ...] = ()
    probability: float = 0.0

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def __len__(self) -> int:
        return len(self.hits)

    def __bool__(self) -> bool:
        return True

    def as_dict(self) -> dict[str, Any]:
        """Return the answer as the JSON object that every interface shows."""
        return {
            "verdict": self.verdict,
            "probability": self.probability,
            "total": self.total,
            "hits": [hit.as_dict() for hit in self.hits],
            "facets": {
                name: [_values(count) for count in counts] for name, counts in self.facets.items()
            },
            "understood": [_values(part) for part in self.understood],
            "languages": list(self.languages),
            "suggested_filters": [each.as_dict() for each in self.suggested_filters],
            "model": self.model,
            "generation": self.generation,
            "took_ms": self.took_ms,
        }


@dataclass(frozen=True, slots=True)
class MapPoint:
    """A document on the map of the library, at `x` and `y`, 0 to 1.

    Documents near each other on the map are mostly near in meaning; `nearest` is the id of the
    document on the map whose vector has the highest cosine with this one's, None for a map of one.
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


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation of the library was built with, and what it holds.

    `model_sha256` is the fingerprint of the model's files at `precision`. `readers` has the number
    of passages that each reader of the model read, by its name. `files` has the SHA-256
    of each file of the generation. `calibration` has what cosines are compared with: of the best
    ones of everyday questions the `median`, and the highest that comes about by `chance`. `dense`
    describes the index of vectors: `kind` (`exact` or `approximate`), `recall`, the share of the
    ten nearest that it finds, and `probes`, how many of its cells are searched for that.
    """

    model: str
    model_sha256: str
    precision: Precision
    dim: int
    readers: Mapping[str, int]
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
    """What a source said about a document, where, and the fields that are merged (`labels`)."""

    path: str
    line: int
    key: str
    labels: Mapping[str, Any]


def _values(
    record: Document | Evidence | Legs | Matched | FacetCount | Understood,
) -> dict[str, Any]:
    """Return a flat record as a dict, in a fifth of the time of `dataclasses.asdict`."""
    return {name: getattr(record, name) for name in record.__slots__}


@dataclass(frozen=True, slots=True)
class Report:
    """What a build did.

    `read` and `merged` count entries of sources, `embedded` passages, all else documents.

    >>> counts = {"read": 44, "merged": 3, "new": 41, "changed": 0, "unchanged": 0, "removed": 0}
    >>> built = {"embedded": 57, "without_text": 0, "documents": 41, "generation": 1}
    >>> Report(**counts, **built, model="all-MiniLM-L6-v2").new
    41
    """

    read: int
    merged: int
    new: int
    changed: int
    unchanged: int
    removed: int
    embedded: int
    without_text: int
    documents: int
    generation: int
    model: str
