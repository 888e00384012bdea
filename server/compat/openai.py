"""The routes of OpenAI for embeddings.

https://platform.openai.com/docs/api-reference/embeddings
"""

from __future__ import annotations

import base64
from dataclasses import replace
from http import HTTPStatus

from embedder.encoders.encoder import Encoder
from embedder.errors import EncoderError, RequestError
from embedder.vectors import Float32Array, shorten
from server.compat.inputs import (
    TRUNCATION_RESPONSES,
    Answer,
    check_dimensions,
    require_nonempty,
    truncation_headers,
)
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
    """The request names a model that this server does not have."""

    kind = "model_not_found"
    status = HTTPStatus.NOT_FOUND


class UnknownToken(RequestError):
    """The body holds a token that the model does not have."""

    kind = "unknown_value"


@blueprint.post("/embeddings")
@blueprint.input(EmbeddingsIn, arg_name="body", example=_EXAMPLE)
@blueprint.output(EmbeddingsOut)
@blueprint.doc(operation_id="embeddings", responses=TRUNCATION_RESPONSES)
def embeddings(body: EmbeddingsIn) -> Answer:
    """Return the vectors of texts.

    Whatever `model` says, the library's own model answers, and the answer names it.
    """
    require_nonempty("input", body.input)
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
            EmbeddingOut.model_construct(index=index, embedding=_encoded(row, body.encoding_format))
            for index, row in enumerate(rows)
        ],
        model=model.name,
        usage=UsageOut(prompt_tokens=tokens, total_tokens=tokens),
    )
    truncated = [index for index, count in enumerate(counts) if count > model.max_tokens]
    return answer, 200, truncation_headers(truncated)


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
    """Return the model of that name."""
    found = _model(encoder())
    if model != found.id:
        raise NoSuchModel(f"There is no model of that name here. The one here: {found.id}", {})
    return found


def _model(model: Encoder) -> ModelOut:
    return ModelOut(id=model.name, created=0, owned_by="fingerpost")


def _texts(model: Encoder, items: list[str] | list[list[int]]) -> list[str]:
    """Return texts as they are, and tokens decoded.

    Raises UnknownToken for a token that is not in the model's vocabulary, and for tokens that
    decode to no text.
    """
    try:
        texts = [item if isinstance(item, str) else model.decode(item) for item in items]
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


def _encoded(row: Float32Array, encoding_format: str) -> list[float] | str:
    """Return a vector as numbers, or in base64 as little-endian float32."""
    if encoding_format == "base64":
        return base64.b64encode(row.astype("<f4").tobytes()).decode("ascii")
    return [float(value) for value in row]
