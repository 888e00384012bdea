"""The bodies of Text Embeddings Inference, and of txtai, Cohere and Jina on the same routes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, PlainValidator, RootModel
from pydantic_core import PydanticCustomError

from embedder.errors import RequestError
from server.compat.schemas import Dimensions, In, Out, Text, Texts, Whole

_TWO_ROUTES = (
    "`query` and `texts` may be meant for two routes. Send them to /rerank or /similarity."
)
_Direction = Literal["Left", "Right", "left", "right"]


class Options(In):
    """How texts are read; every key is optional."""

    truncate: bool | None = Field(
        None, description="false: a text longer than the model reads is an error, not cut"
    )
    truncation_direction: _Direction = Field(
        "Right", description="the side at which a long text is cut; Left keeps its end"
    )


class PromptOptions(Options):
    """How texts are read, and which of the model's prompts goes before them."""

    prompt_name: str | None = Field(
        None, description="`query` or `document`, if the model has such a prompt"
    )


def _as_list(value: object) -> object:
    if not isinstance(value, str | list):
        raise PydanticCustomError("texts", "Input should be a text or a list of texts")
    return [value] if isinstance(value, str) else value


class EmbedIn(PromptOptions):
    """Texts to embed."""

    inputs: Annotated[
        list[Text], BeforeValidator(_as_list, json_schema_input_type=Text | Texts)
    ] = Field(repr=False)
    normalize: bool = Field(True, description="false: vectors before they are scaled to length 1")
    dimensions: Dimensions | None = None


class EmbedOut(RootModel[list[list[float]]]):
    """A vector for each text, in their order."""


class Sentences(In):
    """A text, and texts to compare it with."""

    source_sentence: Text = Field(repr=False)
    sentences: Texts = Field(repr=False)


class CompareIn(In):
    """A text, and texts to compare it with, as TEI takes them."""

    inputs: Sentences = Field(repr=False)
    parameters: PromptOptions | None = None


class ScoreIn(In):
    """A text, and texts to compare it with, as txtai takes them."""

    query: Text = Field(repr=False)
    texts: Texts = Field(repr=False)


class RankIn(ScoreIn, Options):
    """A query, and texts to rerank, as TEI takes them."""

    raw_scores: bool = Field(False, description="ignored: scores are cosines, -1 to 1")
    return_text: bool = False


class _DocumentIn(In):
    text: Text


def _text_of(value: object) -> object:
    return _DocumentIn.model_validate(value).text if isinstance(value, dict) else value


_Documents = Annotated[
    list[Annotated[str, BeforeValidator(_text_of, json_schema_input_type=Text | _DocumentIn)]],
    Field(json_schema_extra={"minItems": 1}),
]


class CohereRankIn(In):
    """A query, and documents to rerank, as Cohere and Jina take them."""

    query: Text = Field(repr=False)
    documents: _Documents = Field(repr=False)
    top_n: Annotated[int, Field(ge=1), Whole] | None = Field(None, description="null: all")
    return_documents: bool | None = False
    model: str | None = Field(None, description="ignored: the library's model answers")


Comparing = CompareIn | ScoreIn
Ranking = RankIn | CohereRankIn
Anything = CompareIn | EmbedIn | CohereRankIn
_Choose = Callable[[dict[str, Any]], type[In]]


def _by(choose: _Choose, schema: Any) -> PlainValidator:
    """Validate a body with the model that its keys select, so that errors are of that one only."""

    def validate(body: object) -> In:
        return choose(body if isinstance(body, dict) else {}).model_validate(body)

    return PlainValidator(validate, json_schema_input_type=schema)


def _comparing(body: dict[str, Any]) -> type[In]:
    return ScoreIn if "query" in body and "inputs" not in body else CompareIn


def _ranking(body: dict[str, Any]) -> type[In]:
    return CohereRankIn if "documents" in body and "texts" not in body else RankIn


def _anything(body: dict[str, Any]) -> type[In]:
    """Return the only model that a body may be of.

    Raises RequestError for a body that two routes take and answer differently.
    """
    if isinstance(body.get("inputs"), dict):
        return CompareIn
    if {"query", "texts"} <= body.keys() and "inputs" not in body:
        raise RequestError("texts", _TWO_ROUTES)
    return CohereRankIn if "documents" in body and "inputs" not in body else EmbedIn


class CompareBody(RootModel[Annotated[Comparing, _by(_comparing, Comparing)]]):
    """A text, and texts to compare it with, in the shape of TEI or of txtai."""

    model_config = ConfigDict(hide_input_in_errors=True)


class RankBody(RootModel[Annotated[Ranking, _by(_ranking, Ranking)]]):
    """A query, and texts to rerank, in the shape of TEI or of Cohere and Jina."""

    model_config = ConfigDict(hide_input_in_errors=True)


class AnyBody(RootModel[Annotated[Anything, _by(_anything, Anything)]]):
    """What TEI's `/similarity` and `/embed` take, or what Cohere's and Jina's `/rerank` does."""

    model_config = ConfigDict(hide_input_in_errors=True)


class ScoreOut(Out):
    """The similarity of a text with the query; `id` is its index."""

    id: int
    score: float


class RankOut(Out):
    """A text of the ranking; `index` is its position in the request."""

    index: int
    score: float


class RankTextOut(RankOut):
    """A text of the ranking, with the text itself."""

    text: str


class DocumentOut(Out):
    """A document as it was sent."""

    text: str


class CohereHitOut(Out):
    """A document of the ranking; `index` is its position in the request."""

    index: int
    relevance_score: float


class CohereHitTextOut(CohereHitOut):
    """A document of the ranking, with its text."""

    document: DocumentOut


class CohereRankOut(Out):
    """The documents, best first."""

    results: list[CohereHitTextOut | CohereHitOut]


class CompareOut(RootModel[list[float] | list[ScoreOut]]):
    """Cosines in the order of the texts (TEI), or indexes with cosines, best first (txtai)."""


class RankingOut(RootModel[list[RankTextOut | RankOut] | CohereRankOut]):
    """The texts, best first."""


class AnyOut(RootModel[list[list[float]] | list[float] | CohereRankOut]):
    """What the route answers that the body is for."""


class InfoOut(Out):
    """The model and what it takes, in TEI's form; the scores of `/rerank` are cosines."""

    model_id: str
    model_sha: str
    model_dtype: str
    model_type: dict[str, dict[str, str]]
    max_input_length: int = Field(
        description="tokens of a text that are read, without special tokens"
    )
    max_client_batch_size: int
    max_concurrent_requests: int
    auto_truncate: bool = Field(description="longer texts are cut, and the answer names them")
    dimensions: int
    prompts: list[str] = Field(description="what `prompt_name` may be")
    rerank: Literal["cosine"] = Field(description="what the scores of `/rerank` are")
    version: str
