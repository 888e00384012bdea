"""The models of the API's requests and responses, for validation and for OpenAPI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Required, get_type_hints

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    SerializerFunctionWrapHandler,
    StringConstraints,
    TypeAdapter,
    create_model,
    model_serializer,
)
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from embedder.records import DOCUMENT_FIELDS, Document, Filters, Fit, Mode, Question, Verdict
from embedder.search.validation import (
    MAX_CANDIDATES,
    MAX_IGNORED,
    MAX_LIMIT,
    MAX_MARKED,
    MAX_QUERY_CHARS,
)


def _whole(value: object) -> object:
    """Return 10 for 10.0, which are the same number in JSON."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


_Whole = BeforeValidator(_whole)
Value = Annotated[str, StringConstraints(min_length=1, max_length=300)]
DocumentId = Annotated[str, StringConstraints(min_length=1)]
Year = Annotated[int, Field(ge=1, le=9999), _Whole]
Similarity = Annotated[float, Field(ge=-1, le=1)]
_NAME = "|".join(DOCUMENT_FIELDS)


def _names(value: str) -> str:
    if not set(value.split(",")) <= set(DOCUMENT_FIELDS):
        known = ", ".join(DOCUMENT_FIELDS)
        raise PydanticCustomError(
            "fields", f"Name one or more of these, separated by commas: {known}"
        )
    return value


# As in a URL: names separated by commas.
FieldNames = Annotated[
    str,
    AfterValidator(_names),
    Field(examples=["id,title,year"], json_schema_extra={"pattern": f"^({_NAME})(,({_NAME}))*$"}),
]
# At least one letter or digit, and no control characters except white space.
QUESTION = r"^[^\x00-\x08\x0e-\x1f\x7f]*[\p{L}\p{N}][^\x00-\x08\x0e-\x1f\x7f]*$"
FormatName = Literal["json", "ris", "bibtex", "csl-json", "csv"]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class _Out(BaseModel):
    model_config = ConfigDict(extra="forbid")


# The fields of a document are defined in embedder.records; what the API says about them is made
# from there. No code here builds or reads these models, so mypy needs to know little about them.
_HINTS = get_type_hints(Document)
_DOCUMENT: dict[str, Any] = {
    name: Annotated[
        list[str] if spec.is_list else _HINTS[name], Field(description=spec.description)
    ]
    for name, spec in DOCUMENT_FIELDS.items()
}
DocumentOut = create_model(
    "DocumentOut",
    __base__=_Out,
    __doc__="One document of the library.",
    __module__=__name__,
    **_DOCUMENT,
)
if TYPE_CHECKING:
    DocumentField = str
    SelectedOut = dict[str, Any]
else:
    DocumentField = Literal[tuple(DOCUMENT_FIELDS)]
    SelectedOut = TypedDict("SelectedOut", {**_DOCUMENT, "id": Required[str]}, total=False)
    SelectedOut.__doc__ = "One document, or those fields of it that were asked for."
    SelectedOut.__pydantic_config__ = ConfigDict(extra="forbid")


class FiltersIn(_In):
    """Filters: values of one filter are alternatives; different filters must all hold."""

    countries: list[Value] = Field([], max_length=50, description="names or ISO 3166 codes")
    regions: list[Value] = Field([], max_length=50)
    topics: list[Value] = Field([], max_length=50)
    authors: list[Value] = Field([], max_length=50, description="whole names or parts of them")
    year_from: Year | None = None
    year_to: Year | None = None
    include_worldwide: bool = Field(
        False, description="let countries and regions also match documents marked Worldwide"
    )

    def filters(self) -> Filters:
        """Return the filters as the library takes them."""
        return Filters(
            countries=tuple(self.countries),
            regions=tuple(self.regions),
            topics=tuple(self.topics),
            authors=tuple(self.authors),
            year_from=self.year_from,
            year_to=self.year_to,
            include_worldwide=self.include_worldwide,
        )


class SearchIn(_In):
    """A question, or a situation in a person's own words."""

    query: str = Field(
        min_length=1,
        max_length=MAX_QUERY_CHARS,
        repr=False,
        # Only documented here: the search checks it, with a better error message.
        json_schema_extra={"pattern": QUESTION},
        description="with at least one letter or digit, and no control characters",
    )
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT), _Whole] = 10
    offset: Annotated[int, Field(ge=0, lt=MAX_CANDIDATES), _Whole] = 0
    mode: Mode = "hybrid"
    filters: FiltersIn = Field(default_factory=FiltersIn)
    min_similarity: Similarity | None = Field(
        None, description="leave out documents whose cosine with the question is lower"
    )
    expand: bool = Field(True, description="let the glossary and spelling widen what is looked for")
    like: list[DocumentId] = Field(
        [],
        max_length=MAX_MARKED,
        description="ids of documents that fit: the ranking moves towards them; verdict, "
        "similarity and evidence stay those of the question",
    )
    unlike: list[DocumentId] = Field(
        [],
        max_length=MAX_MARKED,
        description="ids of documents that do not fit: the ranking moves away from them, and they "
        "are the last hits; with the mode `keyword` neither list can be used",
    )
    ignore: list[Value] = Field(
        [],
        max_length=MAX_IGNORED,
        repr=False,
        description="meanings of an answer's `understood` that are not to be used; one that the "
        "question would not be understood to mean has no effect",
    )
    fields: list[DocumentField] | None = Field(
        None,
        min_length=1,
        max_length=len(DOCUMENT_FIELDS),
        description="which fields of a document to return, `id` always; null: all",
    )

    def question(self) -> Question:
        """Return the question as the library takes it."""
        return Question(
            text=self.query,
            limit=self.limit,
            offset=self.offset,
            mode=self.mode,
            filters=self.filters.filters(),
            min_similarity=self.min_similarity,
            expand=self.expand,
            like=tuple(self.like),
            unlike=tuple(self.unlike),
            ignore=tuple(self.ignore),
        )


class EvidenceOut(_Out):
    """A sentence that makes the document fit: `document[field][start:end] == text`."""

    field: Literal["title", "abstract"]
    start: int
    end: int
    text: str
    similarity: float


class LegsOut(_Out):
    """The score of each way of searching; null: it did not find the document."""

    semantic: float | None
    keyword: float | None


class MatchedOut(_Out):
    """A part of a long question that the document fits: `query[start:end]`."""

    start: int
    end: int
    similarity: float


class UnderstoodOut(_Out):
    """What was recognised at `query[start:end]`, and what it was taken to mean."""

    kind: Literal["term", "spelling"]
    start: int
    end: int
    meaning: str = Field(description="`ignore` takes it, so that it is not used")
    used: bool = Field(
        description="whether a document among the hits of this page has it: another name of the "
        "term counts too, and another form of the word"
    )


class SuggestedValuesOut(TypedDict, total=False):
    """Filters to add to those of the question, in the form that a question takes them in."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]

    countries: list[str]
    regions: list[str]
    authors: list[str]
    year_from: int
    year_to: int


class SuggestedFilterOut(_Out):
    """A filter that the question names at `query[start:end]`, offered and not applied."""

    kind: Literal["country", "region", "year", "author"]
    start: int
    end: int
    filters: SuggestedValuesOut
    count: int = Field(
        description="hits that would be left, fewer than all; 0 only for a country that no "
        "document of the library is listed under"
    )


class HitOut(_Out):
    """One document of an answer."""

    rank: int
    score: float = Field(description="orders the hits of one answer, 0 to 1")
    similarity: float = Field(description="cosine with the nearest passage, -1 to 1")
    fit: Fit | None = Field(
        description="how probably the document answers the question; null among the documents that "
        "are similar to one"
    )
    document: SelectedOut
    evidence: list[EvidenceOut]
    legs: LegsOut
    matched: list[MatchedOut] = Field(description="empty for a question of one sentence")


class FacetOut(_Out):
    """How many of all hits have a value."""

    value: str | int
    count: int


class AnswerOut(_Out):
    """One page of hits, with exact counts over all hits."""

    verdict: Verdict = Field(description="whether the library answers this at all")
    probability: float = Field(
        description="how probably one of the first three hits answers the question, 0 to 1, by "
        "what was learnt on judged questions to other libraries"
    )
    total: int
    hits: list[HitOut]
    facets: dict[str, list[FacetOut]]
    understood: list[UnderstoodOut]
    languages: list[str] = Field(
        description="the question's languages, ISO 639 codes, the main one first; `en` where "
        "nothing else is certain"
    )
    suggested_filters: list[SuggestedFilterOut] = Field(
        description="what the question names and could be narrowed by, in the order of its words; "
        "at most 10, none of a field that it is filtered by already"
    )
    model: str
    generation: int
    took_ms: float


class BatchIn(_In):
    """Several questions, each in the form of a single search."""

    questions: list[SearchIn] = Field(min_length=1, description="at most 100, unless set otherwise")


class BatchOut(_Out):
    """The answers in the order of the questions."""

    answers: list[AnswerOut]


class _InUrl(_In):
    model_config = ConfigDict(extra="forbid", strict=False)


class FormatIn(_InUrl):
    """The format in which documents are returned."""

    format: FormatName = Field(
        "json", description="overrides the header `Accept`; all but json contain only documents"
    )


class DocumentsIn(FormatIn):
    """A page of the library."""

    limit: int = Field(20, ge=1, le=1000, description="without it an export has the whole library")
    offset: int = Field(0, ge=0, le=2**31)
    fields: FieldNames | None = Field(
        None, description="which fields of a document to return, `id` always; only in JSON"
    )


class DocumentsOut(_Out):
    """A page of the library."""

    total: int
    documents: list[SelectedOut]


class SimilarIn(_InUrl):
    """How many neighbours."""

    limit: int = Field(10, ge=1, le=MAX_LIMIT)


class SimilarOut(_Out):
    """The neighbours of a document, nearest first."""

    hits: list[HitOut]


class DocumentRef(_In):
    """A document of the library, compared by its whole title and abstract."""

    id: DocumentId


_SomeText = Annotated[str, StringConstraints(min_length=1)]
_SOME_TEXT: TypeAdapter[str] = TypeAdapter(_SomeText, config=ConfigDict(strict=True))


def _text_or_document(value: object) -> object:
    """Validate by the type of the value, so that an error is about that type only."""
    by = DocumentRef.model_validate if isinstance(value, dict) else _SOME_TEXT.validate_python
    return by(value)


_BY_TYPE = PlainValidator(_text_or_document, json_schema_input_type=_SomeText | DocumentRef)
TextOrDocument = Annotated[str | DocumentRef, _BY_TYPE]


def _source_or_pairs(schema: dict[str, Any]) -> None:
    """Say in a schema that a source is required unless `pairwise` is true."""
    schema["properties"]["source"].pop("default")
    pairs = {"required": ["pairwise"], "properties": {"pairwise": {"const": True}}}
    schema["anyOf"] = [{"required": ["source"]}, pairs]


class SimilarityIn(_In):
    """A text, and texts to compare it with; each may be a document of the library."""

    model_config = ConfigDict(json_schema_extra=_source_or_pairs)

    source: Annotated[str | DocumentRef | None, _BY_TYPE] = Field(None, repr=False)
    texts: list[TextOrDocument] = Field(
        min_length=1, repr=False, description="at most 1,000, unless set otherwise"
    )
    pairwise: bool = Field(False, description="also compare all texts with one another")


def _never_null(schema: dict[str, Any]) -> None:
    schema.pop("default")


class SimilarityOut(_Out):
    """Cosines in the order of the texts."""

    model: str
    similarities: list[float] | SkipJsonSchema[None] = Field(
        None, description="of the source and each text", json_schema_extra=_never_null
    )
    truncated: list[int] = Field(
        description="indexes of texts longer than the model reads; -1 is the source"
    )
    matrix: list[list[float]] | SkipJsonSchema[None] = Field(
        None,
        description="of the texts with one another, if asked for; symmetric",
        json_schema_extra=_never_null,
    )

    @model_serializer(mode="wrap")
    def _without_missing(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if value is not None}


class StateOut(_Out):
    """Whether the server can answer."""

    status: Literal["ok", "unavailable"]
    message: str | None = None
