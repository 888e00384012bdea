"""Comparing texts, and documents of the library, over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from embedder.encoders.similarity import Piece, compare
from embedder.errors import DocumentNotFound, RequestError
from server.api.schemas import DocumentRef, SimilarityIn, SimilarityOut
from server.http.access import API, Blueprint
from server.http.context import encoder, encoding, library, settings
from server.http.text_limits import check_count, check_texts

blueprint = Blueprint("similarity", __name__, url_prefix="/api", tag="Similarity", access=API)

_EXAMPLE = {
    "source": "A nurse meets a person who was trafficked.",
    "texts": ["A health worker sees a victim.", "The olive harvest begins."],
}


class UnknownDocument(RequestError):
    """The body names a document that the library does not have."""

    kind = "unknown_value"


@blueprint.post("/similarity")
@blueprint.input(SimilarityIn, arg_name="body", example=_EXAMPLE)
@blueprint.output(SimilarityOut)
@blueprint.doc(operation_id="similarity")
def similarity(body: SimilarityIn) -> dict[str, Any]:
    """Return the cosine of one text with each of the others, -1 to 1.

    With `pairwise`, `matrix` has the cosine of every text with every other; `source` may be left
    out then. A document of the library stands for its title and abstract, read whole: if it is
    longer than the model reads at a time, the average of its passages is compared.
    """
    check_count("texts", len(body.texts), settings().max_texts)
    if body.source is None and not body.pairwise:
        raise RequestError("source", "source: Field required")
    with encoding():
        (source,) = (None,) if body.source is None else _pieces("source", [body.source])
        model = encoder()
        compared = compare(model, source, _pieces("texts", body.texts), pairs=body.pairwise)
    answer: dict[str, Any] = {"model": model.name}
    if source is not None:
        answer["similarities"] = list(compared.similarities)
    answer["truncated"] = list(compared.truncated)
    if compared.matrix is not None:
        answer["matrix"] = compared.matrix.tolist()
    return answer


def _pieces(field: str, items: Sequence[str | DocumentRef]) -> list[Piece]:
    """Return texts as they are, and documents as the library reads them.

    Raises RequestError for a text that is refused, and for an id that no document has.
    """
    texts = (item for item in items if isinstance(item, str))
    check_texts(field, texts, settings().max_text_chars)
    ids = [item.id for item in items if not isinstance(item, str)]
    try:
        readings = iter(library().passage_texts(ids) if ids else ())
    except DocumentNotFound as error:
        raise UnknownDocument(field, error.message) from error
    except RequestError as error:
        raise RequestError(field, error.message) from error
    return [item if isinstance(item, str) else next(readings) for item in items]
