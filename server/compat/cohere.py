"""The addresses at which Cohere's and Jina's own clients call a reranker.

https://docs.cohere.com/reference/rerank and https://jina.ai/reranker
"""

from __future__ import annotations

from dataclasses import replace

from server.compat.inputs import TRUNCATION_RESPONSES, Answer, truncation_headers
from server.compat.tei import rank_documents
from server.compat.tei_schemas import CohereRankIn, CohereRankOut
from server.http.access import API, Blueprint
from server.http.error_formats import COHERE

blueprint = Blueprint(
    "cohere", __name__, access=replace(API, error_format=COHERE), tag="Cohere and Jina"
)

_EXAMPLE = {
    "query": "A nurse meets a victim.",
    "documents": ["A health worker sees a victim.", "The olive harvest begins."],
    "top_n": 1,
}


@blueprint.post("/v1/rerank")
@blueprint.input(CohereRankIn, arg_name="body", example=_EXAMPLE)
@blueprint.output(CohereRankOut)
@blueprint.doc(operation_id="rerankFirst", responses=TRUNCATION_RESPONSES)
def first_version(body: CohereRankIn) -> Answer:
    """Rerank documents by their cosine with a query: Jina's route, and Cohere's version 1."""
    return _answer(body)


@blueprint.post("/v2/rerank")
@blueprint.input(CohereRankIn, arg_name="body", example=_EXAMPLE)
@blueprint.output(CohereRankOut)
@blueprint.doc(operation_id="rerankSecond", responses=TRUNCATION_RESPONSES)
def second_version(body: CohereRankIn) -> Answer:
    """Rerank documents by their cosine with a query: Cohere's version 2."""
    return _answer(body)


def _answer(body: CohereRankIn) -> Answer:
    ranking, truncated = rank_documents(body)
    return ranking, 200, truncation_headers(truncated)
