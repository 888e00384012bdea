"""Comparing texts over HTTP."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint

from embedder.compare import compare
from embedder.errors import RequestError
from server.api.schemas import SimilarityIn, SimilarityOut
from server.context import encoder, encoding, settings

blueprint = APIBlueprint("similarity", __name__, url_prefix="/api", tag="Similarity")

_EXAMPLE = {"source": "A worker without papers", "texts": ["An undocumented worker", "A map"]}


@blueprint.post("/similarity")
@blueprint.input(SimilarityIn, arg_name="body", example=_EXAMPLE)
@blueprint.output(SimilarityOut)
@blueprint.doc(operation_id="similarity")
def similarity(body: SimilarityIn) -> dict[str, Any]:
    """Give the cosine of a text with each of the others, in -1 to 1."""
    limits = settings()
    if len(body.texts) > limits.most_texts:
        raise RequestError(
            "texts", f"{len(body.texts)} texts; at most {limits.most_texts} go in one call."
        )
    for name, text in [("source", body.source), *(("texts", each) for each in body.texts)]:
        if len(text) > limits.longest_text:
            raise RequestError(
                name, f"a text of {len(text)} characters; at most {limits.longest_text} are read."
            )
        if any("\ud800" <= each <= "\udfff" for each in text):
            raise RequestError(name, "a text holds half of a character (a lone surrogate).")
    model = encoder()
    with encoding():
        found = compare(model, body.source, body.texts)
    return {
        "model": model.name,
        "similarities": list(found.similarities),
        "truncated": list(found.truncated),
    }
