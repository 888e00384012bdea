"""The routes of Text Embeddings Inference (TEI), with what txtai, Cohere and Jina send there.

https://github.com/huggingface/text-embeddings-inference
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from apiflask import APIBlueprint
from pydantic import BaseModel

from embedder.encoders.encoder import EncodeOptions, Encoder
from embedder.encoders.similarity import Comparison, compare, too_long
from embedder.errors import RequestError
from embedder.vectors import shorten
from server.compat.inputs import CUT, Answer, check, check_dimensions, headers_of, refuse_long
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
from server.http.context import encoder, encoding, settings
from server.http.text_limits import check_count

blueprint = APIBlueprint("tei", __name__, tag="Text Embeddings Inference")

_SENTENCES = ["A health worker sees a victim.", "The olive harvest begins."]
_COMPARE = {"inputs": {"source_sentence": "A nurse meets a victim.", "sentences": _SENTENCES}}
_EMBED = {"inputs": _SENTENCES}
_RANK = {"query": "A nurse meets a victim.", "texts": _SENTENCES}


# Not in the OpenAPI description: what is no JSON is a question of the page at this address, which
# is no route for programs. The routes below say that they answer here too.
@blueprint.post("/")
@blueprint.input(AnyBody, arg_name="body")
@blueprint.output(AnyOut)
@blueprint.doc(hide=True)
def by_shape(body: AnyBody) -> Answer:
    """Answer by the shape of the body: some clients send it to the address alone.

    A body with `query` and `texts` is not answered here: it may be for `/similarity` or `/rerank`.
    """
    return _answer(body.root, AnyOut)


@blueprint.post("/similarity")
@blueprint.input(CompareBody, arg_name="body", example=_COMPARE)
@blueprint.output(CompareOut)
@blueprint.doc(operation_id="compareSentences", responses=CUT)
def similarity(body: CompareBody) -> Answer:
    """Give the cosines of a text with others.

    In the shape of TEI, answered at `/` too, or of txtai.
    """
    return _answer(body.root, CompareOut)


@blueprint.post("/embed")
@blueprint.input(EmbedIn, arg_name="body", example=_EMBED)
@blueprint.output(EmbedOut)
@blueprint.doc(operation_id="embed", responses=CUT)
def embed(body: EmbedIn) -> Answer:
    """Give the vectors of texts.

    Answered at `/` too. A text longer than the model reads is cut, and the header `x-truncated`
    says so; with `truncate` false it is an error.
    """
    return _answer(body, EmbedOut)


@blueprint.post("/rerank")
@blueprint.input(RankBody, arg_name="body", example=_RANK)
@blueprint.output(RankingOut)
@blueprint.doc(operation_id="rerank", responses=CUT)
def rerank(body: RankBody) -> Answer:
    """Put texts in order by their cosine with a query.

    In the shape of TEI, or of Cohere and Jina, the latter answered at `/` too.
    """
    return _answer(body.root, RankingOut)


@blueprint.get("/info")
@blueprint.output(InfoOut)
@blueprint.doc(operation_id="info")
def info() -> InfoOut:
    """Tell which model answers and what it takes."""
    model, limits = encoder(), settings()
    return InfoOut(
        model_id=model.name,
        model_sha=model.fingerprint,
        model_dtype="float32",
        model_type={"embedding": {}},
        max_input_length=model.max_tokens,
        max_client_batch_size=limits.most_texts,
        max_concurrent_requests=limits.threads + limits.queue,
        auto_truncate=True,
        dimensions=model.dim,
        prompts=list(model.prompts),
        rerank="cosine",
        version=version("fingerpost"),
    )


def _answer(body: In, shape: type[BaseModel]) -> Answer:
    """Answer a body by its shape, and say what of it was cut."""
    for kind, answer in _ANSWERS.items():
        if isinstance(body, kind):
            found, truncated = answer(body)
            return shape.model_construct(root=found), 200, headers_of(truncated)
    raise TypeError(type(body).__name__)  # the models of the bodies allow no other


def _embed(body: EmbedIn) -> tuple[Any, Sequence[int]]:
    check("inputs", body.inputs)
    check_count("inputs", len(body.inputs), settings().most_texts)
    with encoding():
        model = encoder()
        wanted = _reading(model, body, {"inputs": body.inputs}, normalise=body.normalize)
        check_dimensions(model, body.dimensions)
        rows = model.encode_documents(body.inputs, wanted)
        truncated = too_long(model, body.inputs)
    if body.dimensions:
        rows = shorten(rows, body.dimensions, normalised=body.normalize)
    return rows.tolist(), truncated


def _compare(body: CompareIn) -> tuple[Any, Sequence[int]]:
    given = body.inputs
    options = body.parameters or PromptOptions()
    found = _compared("sentences", given.source_sentence, given.sentences, options)
    return list(found.similarities), found.truncated


def _score(body: ScoreIn) -> tuple[Any, Sequence[int]]:
    found = _compared("texts", body.query, body.texts, Options())
    return [ScoreOut(id=at, score=score) for at, score in _ranked(found)], found.truncated


def _rank(body: RankIn) -> tuple[Any, Sequence[int]]:
    found = _compared("texts", body.query, body.texts, body, asking=True)
    ranked = [RankOut(index=at, score=score) for at, score in _ranked(found)]
    if body.return_text:
        ranked = [
            RankTextOut(index=each.index, score=each.score, text=body.texts[each.index])
            for each in ranked
        ]
    return ranked, found.truncated


def rank_documents(body: CohereRankIn) -> tuple[CohereRankOut, Sequence[int]]:
    """Put documents in order as Cohere and Jina do; with the indexes of those that were cut."""
    found = _compared("documents", body.query, body.documents, Options(), asking=True)
    hits = [
        CohereHitOut(index=at, relevance_score=score) for at, score in _ranked(found)[: body.top_n]
    ]
    if body.return_documents:
        hits = [
            CohereHitTextOut(
                index=each.index,
                relevance_score=each.relevance_score,
                document=DocumentOut(text=body.documents[each.index]),
            )
            for each in hits
        ]
    return CohereRankOut.model_construct(results=hits), found.truncated


# What answers each shape; a shape stands before the one that it is made of.
_ANSWERS: dict[type[In], Callable[[Any], tuple[Any, Sequence[int]]]] = {
    EmbedIn: _embed,
    CompareIn: _compare,
    RankIn: _rank,
    ScoreIn: _score,
    CohereRankIn: rank_documents,
}


def _compared(
    field: str, source: str, texts: list[str], options: Options, *, asking: bool = False
) -> Comparison:
    """Compare texts; with `asking` the source is read as a question, where the model tells."""
    sent = {field: texts, "source_sentence" if field == "sentences" else "query": [source]}
    for name, values in sent.items():
        check(name, values)
    check_count(field, len(texts), settings().most_texts)
    with encoding():
        model = encoder()
        wanted = _reading(model, options, sent)
        as_question = (
            EncodeOptions(model.prompts.get("query", ""), wanted.truncate_left) if asking else None
        )
        return compare(model, source, texts, wanted, as_question)


def _reading(
    model: Encoder,
    options: Options,
    sent: Mapping[str, Sequence[str]],
    *,
    normalise: bool = True,
) -> EncodeOptions:
    """Give how texts are to be read, which are `sent` by the names of their fields.

    Raises RequestError for a prompt that the model does not have, and for a text that is too
    long where none may be cut.
    """
    name = options.prompt_name if isinstance(options, PromptOptions) else None
    if name is not None and name not in model.prompts:
        known = ", ".join(f"`{each}`" for each in model.prompts) or "none"
        raise RequestError(
            "prompt_name",
            f"`prompt_name` is none that {model.name} has. It has: {known}. Leave it out.",
        )
    if options.truncate is False:
        for field, texts in sent.items():
            refuse_long(model, field, texts)
    prompt = None if name is None else model.prompts[name]
    return EncodeOptions(prompt, options.truncation_direction.lower() == "left", normalise)


def _ranked(found: Comparison) -> list[tuple[int, float]]:
    """Give indexes with their cosines, best first; of equal ones the first stays first."""
    # The last digits of equal texts may differ with their places.
    return sorted(enumerate(found.similarities), key=lambda each: -round(each[1], 6))
