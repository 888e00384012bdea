"""The routes of Text Embeddings Inference (TEI); they take txtai's, Cohere's and Jina's bodies too.

https://github.com/huggingface/text-embeddings-inference
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import BaseModel

from embedder.encoders.encoder import EncodeOptions, Encoder
from embedder.encoders.similarity import Comparison, compare, too_long
from embedder.errors import RequestError
from embedder.vectors import shorten
from server.compat.inputs import (
    TRUNCATION_RESPONSES,
    Answer,
    check_dimensions,
    refuse_truncation,
    require_texts,
    truncation_headers,
)
from server.compat.schemas import In
from server.compat.tei_schemas import (
    AnyBody,
    AnyOut,
    CohereHitOut,
    CohereHitTextOut,
    CohereRankIn,
    CohereRankOut,
    CompareBody,
    CompareIn,
    CompareOut,
    DocumentOut,
    EmbedIn,
    EmbedOut,
    InfoOut,
    Options,
    PromptOptions,
    RankBody,
    RankIn,
    RankingOut,
    RankOut,
    RankTextOut,
    ScoreIn,
    ScoreOut,
)
from server.http.access import API, Blueprint
from server.http.context import encoder, encoding, settings, version
from server.http.error_formats import TEI
from server.http.text_limits import check_count

blueprint = Blueprint(
    "tei", __name__, access=replace(API, error_format=TEI), tag="Text Embeddings Inference"
)

_SENTENCES = ["A health worker sees a victim.", "The olive harvest begins."]
_COMPARE = {"inputs": {"source_sentence": "A nurse meets a victim.", "sentences": _SENTENCES}}
_EMBED = {"inputs": _SENTENCES}
_RANK = {"query": "A nurse meets a victim.", "texts": _SENTENCES}


# Not in the OpenAPI description: what is not JSON at this address is a question of the page, which
# is not a route for programs. The routes below say that they are answered here too.
@blueprint.post("/")
@blueprint.input(AnyBody, arg_name="body")
@blueprint.output(AnyOut)
@blueprint.doc(hide=True)
def by_shape(body: AnyBody) -> Answer:
    """Answer by the shape of the body, for clients that know the server's address only.

    A body with `query` and `texts` is refused: it may be for `/similarity` or for `/rerank`.
    """
    return _answer(body.root, AnyOut)


@blueprint.post("/similarity")
@blueprint.input(CompareBody, arg_name="body", example=_COMPARE)
@blueprint.output(CompareOut)
@blueprint.doc(operation_id="compareSentences", responses=TRUNCATION_RESPONSES)
def similarity(body: CompareBody) -> Answer:
    """Return the cosines of one text with others.

    Takes the shape of TEI, which is answered at `/` too, or that of txtai.
    """
    return _answer(body.root, CompareOut)


@blueprint.post("/embed")
@blueprint.input(EmbedIn, arg_name="body", example=_EMBED)
@blueprint.output(EmbedOut)
@blueprint.doc(operation_id="embed", responses=TRUNCATION_RESPONSES)
def embed(body: EmbedIn) -> Answer:
    """Return the vectors of texts.

    Answered at `/` too. A text longer than the model reads is cut, and the header `x-truncated`
    names it; with `truncate` false it is an error.
    """
    return _answer(body, EmbedOut)


@blueprint.post("/rerank")
@blueprint.input(RankBody, arg_name="body", example=_RANK)
@blueprint.output(RankingOut)
@blueprint.doc(operation_id="rerank", responses=TRUNCATION_RESPONSES)
def rerank(body: RankBody) -> Answer:
    """Rerank texts by their cosine with a query.

    Takes the shape of TEI, or that of Cohere and Jina, which is answered at `/` too.
    """
    return _answer(body.root, RankingOut)


@blueprint.get("/info")
@blueprint.output(InfoOut)
@blueprint.doc(operation_id="info")
def info() -> InfoOut:
    """Return which model answers and what it takes."""
    model, limits = encoder(), settings()
    return InfoOut(
        model_id=model.name,
        model_sha=model.fingerprint,
        model_dtype="float32",
        model_type={"embedding": {}},
        max_input_length=model.max_tokens,
        max_client_batch_size=limits.max_texts,
        max_concurrent_requests=limits.threads + limits.queue,
        auto_truncate=True,
        dimensions=model.dim,
        prompts=list(model.prompts),
        rerank="cosine",
        version=version(),
    )


def _answer(body: In, shape: type[BaseModel]) -> Answer:
    """Answer a body by its type, with a header that names the texts that were cut."""
    for model, answer in _ANSWERS.items():
        if isinstance(body, model):
            content, truncated = answer(body)
            return shape.model_construct(root=content), 200, truncation_headers(truncated)
    raise TypeError(type(body).__name__)  # unreachable: the bodies' models allow no other type


def _embed(body: EmbedIn) -> tuple[Any, Sequence[int]]:
    require_texts("inputs", body.inputs)
    check_count("inputs", len(body.inputs), settings().max_texts)
    with encoding():
        model = encoder()
        options = _encode_options(model, body, {"inputs": body.inputs}, normalise=body.normalize)
        check_dimensions(model, body.dimensions)
        rows = model.encode_documents(body.inputs, options)
        truncated = too_long(model, body.inputs)
    if body.dimensions:
        rows = shorten(rows, body.dimensions, normalised=body.normalize)
    return rows.tolist(), truncated


def _compare(body: CompareIn) -> tuple[Any, Sequence[int]]:
    texts = body.inputs
    options = body.parameters or PromptOptions()
    compared = _compared("sentences", texts.source_sentence, texts.sentences, options)
    return list(compared.similarities), compared.truncated


def _score(body: ScoreIn) -> tuple[Any, Sequence[int]]:
    compared = _compared("texts", body.query, body.texts, Options())
    scores = [ScoreOut(id=index, score=score) for index, score in _ranked(compared)]
    return scores, compared.truncated


def _rank(body: RankIn) -> tuple[Any, Sequence[int]]:
    compared = _compared("texts", body.query, body.texts, body, as_query=True)
    ranking = [RankOut(index=index, score=score) for index, score in _ranked(compared)]
    if body.return_text:
        ranking = [
            RankTextOut(index=hit.index, score=hit.score, text=body.texts[hit.index])
            for hit in ranking
        ]
    return ranking, compared.truncated


def rank_documents(body: CohereRankIn) -> tuple[CohereRankOut, Sequence[int]]:
    """Rerank documents as Cohere and Jina do.

    Returns the ranking, and the indexes of the texts that were cut, -1 for the query.
    """
    compared = _compared("documents", body.query, body.documents, Options(), as_query=True)
    hits = [
        CohereHitOut(index=index, relevance_score=score)
        for index, score in _ranked(compared)[: body.top_n]
    ]
    if body.return_documents:
        hits = [
            CohereHitTextOut(
                index=hit.index,
                relevance_score=hit.relevance_score,
                document=DocumentOut(text=body.documents[hit.index]),
            )
            for hit in hits
        ]
    return CohereRankOut.model_construct(results=hits), compared.truncated


# What answers each model of a body; a subclass stands before its base.
_ANSWERS: dict[type[In], Callable[[Any], tuple[Any, Sequence[int]]]] = {
    EmbedIn: _embed,
    CompareIn: _compare,
    RankIn: _rank,
    ScoreIn: _score,
    CohereRankIn: rank_documents,
}


def _compared(
    field: str, source: str, texts: list[str], options: Options, *, as_query: bool = False
) -> Comparison:
    """Return the cosines of `source` with `texts`.

    `field` names the texts in the body. With `as_query` the source is encoded as a query, if the
    model has a prompt for those.
    """
    sent = {field: texts, "source_sentence" if field == "sentences" else "query": [source]}
    for name, values in sent.items():
        require_texts(name, values)
    check_count(field, len(texts), settings().max_texts)
    with encoding():
        model = encoder()
        of_texts = _encode_options(model, options, sent)
        of_source = None
        if as_query:
            of_source = EncodeOptions(model.prompts.get("query", ""), of_texts.truncate_left)
        return compare(model, source, texts, of_texts, of_source)


def _encode_options(
    model: Encoder, options: Options, sent: Mapping[str, Sequence[str]], *, normalise: bool = True
) -> EncodeOptions:
    """Return how the model is to encode texts, which are `sent` by the names of their fields.

    Raises RequestError for a prompt that the model does not have, and for a text that is longer
    than the model reads, if none may be cut.
    """
    name = options.prompt_name if isinstance(options, PromptOptions) else None
    if name is not None and name not in model.prompts:
        known = ", ".join(f"`{prompt}`" for prompt in model.prompts) or "none"
        raise RequestError(
            "prompt_name",
            f"`prompt_name` is none that {model.name} has. It has: {known}. Leave it out.",
        )
    if options.truncate is False:
        for field, texts in sent.items():
            refuse_truncation(model, field, texts)
    prompt = None if name is None else model.prompts[name]
    return EncodeOptions(prompt, options.truncation_direction.lower() == "left", normalise)


def _ranked(compared: Comparison) -> list[tuple[int, float]]:
    """Return indexes with their cosines, best first; equal ones in the order of the request."""
    # The last digits of equal texts may differ with their position in a batch.
    return sorted(enumerate(compared.similarities), key=lambda hit: -round(hit[1], 6))
