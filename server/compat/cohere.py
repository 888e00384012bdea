"""The addresses at which Cohere's and Jina's own clients call a reranker.

https://docs.cohere.com/reference/rerank and https://jina.ai/reranker
"""

from __future__ import annotations

from dataclasses import replace

from server.compat.inputs import CUT, Answer, headers_of
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
@blueprint.doc(operation_id="rerankFirst", responses=CUT)
def first_version(body: CohereRankIn) -> Answer:
    """Put documents in order by their cosine with a query: Jina, and Cohere's first version."""
    return _answer(body)


@blueprint.post("/v2/rerank")
@blueprint.input(CohereRankIn, arg_name="body", example=_EXAMPLE)
@blueprint.output(CohereRankOut)
@blueprint.doc(operation_id="rerankSecond", responses=CUT)
def second_version(body: CohereRankIn) -> Answer:
    """Put documents in order by their cosine with a query: Cohere's second version."""
    return _answer(body)


def _answer(body: CohereRankIn) -> Answer:
    found, truncated = rank_documents(body)
    return found, 200, headers_of(truncated)
