"""OpenAI's routes for embeddings.

https://platform.openai.com/docs/api-reference/embeddings
"""

from __future__ import annotations

import base64
from dataclasses import replace
from http import HTTPStatus

from embedder.encoders.encoder import Encoder
from embedder.errors import EncoderError, RequestError
from embedder.vectors import Float32Array, shorten
from server.compat.inputs import CUT, Answer, check_dimensions, check_some, headers_of
from server.compat.openai_schemas import (
    EmbeddingOut,
    EmbeddingsIn,
    EmbeddingsOut,
    ModelOut,
    ModelsOut,
    UsageOut,
)
from server.http.access import API, Blueprint
from server.http.auth import Refused
from server.http.context import encoder, encoding, settings
from server.http.error_formats import OPENAI
from server.http.text_limits import check_count, check_texts

blueprint = Blueprint(
    "openai", __name__, access=replace(API, error_format=OPENAI), url_prefix="/v1", tag="OpenAI"
)

_EXAMPLE = {"input": ["A nurse meets a victim."], "model": "text-embedding-3-small"}


class NoSuchModel(Refused):
    """A model is asked for that this server does not have."""

    kind = "model_not_found"
    status = HTTPStatus.NOT_FOUND


class UnknownToken(RequestError):
    """A token is sent that the model does not have."""

    kind = "unknown_value"


@blueprint.post("/embeddings")
@blueprint.input(EmbeddingsIn, arg_name="body", example=_EXAMPLE)
@blueprint.output(EmbeddingsOut)
@blueprint.doc(operation_id="embeddings", responses=CUT)
def embeddings(body: EmbeddingsIn) -> Answer:
    """Give the vectors of texts.

    Whatever `model` is named, the library's own answers, and the answer names it.
    """
    check_some("input", body.input)
    check_count("input", len(body.input), settings().max_inputs)
    with encoding():
        model = encoder()
        texts = _texts(model, body.input)
        check_texts("input", texts, settings().max_text_chars)
        check_dimensions(model, body.dimensions)
        rows = model.encode_documents(texts)
        counts = model.count_tokens(texts)
    if body.dimensions:
        rows = shorten(rows, body.dimensions)
    tokens = sum(counts)
    answer = EmbeddingsOut.model_construct(
        data=[
            EmbeddingOut.model_construct(index=at, embedding=_encoded(row, body.encoding_format))
            for at, row in enumerate(rows)
        ],
        model=model.name,
        usage=UsageOut(prompt_tokens=tokens, total_tokens=tokens),
    )
    cut = [at for at, count in enumerate(counts) if count > model.max_tokens]
    return answer, 200, headers_of(cut)


@blueprint.get("/models")
@blueprint.output(ModelsOut)
@blueprint.doc(operation_id="listModels")
def models() -> ModelsOut:
    """List the one model that answers."""
    return ModelsOut(data=[_model(encoder())])


@blueprint.get("/models/<path:model>")
@blueprint.output(ModelOut)
@blueprint.doc(operation_id="getModel", responses=[404])
def one_model(model: str) -> ModelOut:
    """Give the model of that name."""
    found = _model(encoder())
    if model != found.id:
        raise NoSuchModel(f"There is no model of that name here. The one here: {found.id}", {})
    return found


def _model(model: Encoder) -> ModelOut:
    return ModelOut(id=model.name, created=0, owned_by="fingerpost")


def _texts(model: Encoder, given: list[str] | list[list[int]]) -> list[str]:
    """Give what is sent as text.

    Raises RequestError for a token that is not in the model's vocabulary, and for tokens that
    are no text.
    """
    try:
        texts = [each if isinstance(each, str) else model.decode(each) for each in given]
    except EncoderError:
        raise UnknownToken(
            "input",
            f"`input` holds a token that is not in the vocabulary of {model.name}: it is of "
            "another tokenizer, such as OpenAI's. Send text (in LangChain: "
            "check_embedding_ctx_length=False).",
        ) from None
    if not all(texts):
        raise UnknownToken("input", "`input` holds a text of special tokens alone.")
    return texts


def _encoded(row: Float32Array, form: str) -> list[float] | str:
    if form == "base64":
        return base64.b64encode(row.astype("<f4").tobytes()).decode("ascii")
    return [float(each) for each in row]
