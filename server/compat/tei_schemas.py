"""The bodies of Text Embeddings Inference, and of txtai, Cohere and Jina on the same routes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainValidator, RootModel
from pydantic_core import PydanticCustomError

from embedder.errors import RequestError
from server.compat.schemas import Dimensions, In, Out, Text, Texts, Whole

_TWO_ROUTES = (
    "`query` and `texts` may be meant for two routes. Send them to /rerank or /similarity."
)
_Direction = Literal["Left", "Right", "left", "right"]


class Options(In):
    """How texts are read; all of it may be left out."""

    truncate: bool | None = Field(
        None, description="false: a text longer than the model reads is an error, not cut"
    )
    truncation_direction: _Direction = Field(
        "Right", description="the side on which a long text is cut; Left keeps its end"
    )


class PromptOptions(Options):
    """How texts are read, and the model's prompt before them."""

    prompt_name: str | None = Field(
        None, description="`query` or `document`, where the model has such a prompt"
    )


def _listed(value: object) -> object:
    if not isinstance(value, str | list):
        raise PydanticCustomError("texts", "Input should be a text or a list of texts")
    return [value] if isinstance(value, str) else value


class EmbedIn(PromptOptions):
    """Texts to be embedded."""

    inputs: Annotated[list[Text], BeforeValidator(_listed, json_schema_input_type=Text | Texts)] = (
        Field(repr=False)
    )
    # The default is kept where a program sends it, as some do by themselves.
    normalize: bool = Field(True, description="false: vectors as they are before that")
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
    """A query, and texts to put in order, as TEI takes them."""

    raw_scores: bool = Field(False, description="no matter: scores are cosines, -1 to 1")
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
    """A query, and documents to put in order, as Cohere and Jina take them."""

    query: Text = Field(repr=False)
    documents: _Documents = Field(repr=False)
    top_n: Annotated[int, Field(ge=1), Whole] | None = Field(None, description="null: all")
    return_documents: bool | None = False
    model: str | None = Field(None, description="no matter: the library's model answers")


Comparing = CompareIn | ScoreIn
Ranking = RankIn | CohereRankIn
Anything = CompareIn | EmbedIn | CohereRankIn
_Choose = Callable[[dict[str, Any]], type[In]]


def _by(choose: _Choose, schema: Any) -> PlainValidator:
    """Validate a body as the model that its keys tell, so that errors are of that alone."""

    def validate(body: object) -> In:
        return choose(body if isinstance(body, dict) else {}).model_validate(body)

    return PlainValidator(validate, json_schema_input_type=schema)


def _comparing(body: dict[str, Any]) -> type[In]:
    return ScoreIn if "query" in body and "inputs" not in body else CompareIn


def _ranking(body: dict[str, Any]) -> type[In]:
    return CohereRankIn if "documents" in body and "texts" not in body else RankIn


def _anything(body: dict[str, Any]) -> type[In]:
    """Give the one shape that a body may be.

    Raises RequestError for one that two routes take, and answer differently.
    """
    if isinstance(body.get("inputs"), dict):
        return CompareIn
    if {"query", "texts"} <= body.keys() and "inputs" not in body:
        raise RequestError("texts", _TWO_ROUTES)
    return CohereRankIn if "documents" in body and "inputs" not in body else EmbedIn


class CompareBody(RootModel[Annotated[Comparing, _by(_comparing, Comparing)]]):
    """A text, and texts to compare it with, in the shape of TEI or of txtai."""


class RankBody(RootModel[Annotated[Ranking, _by(_ranking, Ranking)]]):
    """A query, and texts to put in order, in the shape of TEI or of Cohere and Jina."""


class AnyBody(RootModel[Annotated[Anything, _by(_anything, Anything)]]):
    """What TEI's `/similarity` and `/embed` take, or what Cohere's and Jina's `/rerank` does."""


class ScoreOut(Out):
    """How alike a text is to the query; `id` is its index."""

    id: int
    score: float


class RankOut(Out):
    """A text's place; `index` is that among those sent."""

    index: int
    score: float


class RankTextOut(RankOut):
    """A text's place, with the text."""

    text: str


class DocumentOut(Out):
    """A document as it was sent."""

    text: str


class CohereHitOut(Out):
    """A document's place; `index` is that among those sent."""

    index: int
    relevance_score: float


class CohereHitTextOut(CohereHitOut):
    """A document's place, with its text."""

    document: DocumentOut


class CohereRankOut(Out):
    """The documents, best first."""

    results: list[CohereHitTextOut | CohereHitOut]


class CompareOut(RootModel[list[float] | list[ScoreOut]]):
    """Cosines in the order of the texts (TEI), or texts with theirs, best first (txtai)."""


class RankingOut(RootModel[list[RankTextOut | RankOut] | CohereRankOut]):
    """The texts, best first."""


class AnyOut(RootModel[list[list[float]] | list[float] | CohereRankOut]):
    """What the route of that body answers."""


class InfoOut(Out):
    """The model and what it takes, as TEI tells; cosines are the scores of `/rerank`."""

    model_id: str
    model_sha: str
    model_dtype: str
    model_type: dict[str, dict[str, str]]
    max_input_length: int = Field(description="tokens of a text that are read, special ones apart")
    max_client_batch_size: int
    max_concurrent_requests: int
    auto_truncate: bool = Field(description="longer texts are cut, and the answer says which")
    dimensions: int
    prompts: list[str] = Field(description="what `prompt_name` may be")
    rerank: Literal["cosine"] = Field(description="what the scores of `/rerank` are")
    version: str
