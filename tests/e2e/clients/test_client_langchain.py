"""LangChain: its OpenAI embeddings by the base address, and a retriever over /api/search."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import httpx2
import numpy as np
import openai
import pytest
import requests
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_openai import OpenAIEmbeddings
from pydantic import SecretStr

from tests.e2e.clients.conftest import KEY, TEXTS, Encode, Json

Make = Callable[..., OpenAIEmbeddings]


@pytest.fixture
def embeddings_of() -> Iterator[Make]:
    """Give LangChain's embeddings of an address; their connections are closed afterwards.

    Left to the collector they may be closed socket first, which warns.
    """
    with openai.DefaultHttpxClient() as http:

        def make(address: str, key: str = "unused", **more: object) -> OpenAIEmbeddings:
            # Without `check_embedding_ctx_length` LangChain cuts texts with OpenAI's tokenizer,
            # which it downloads, and sends its tokens, which are no other model's.
            return OpenAIEmbeddings(
                openai_api_base=f"{address}/v1",
                openai_api_key=SecretStr(key),
                check_embedding_ctx_length=False,
                max_retries=0,
                http_client=http,
                **more,
            )

        yield make


def test_documents_and_questions(embeddings_of: Make, address: str, reference: Encode) -> None:
    model = embeddings_of(address)
    np.testing.assert_allclose(model.embed_documents(TEXTS), reference(TEXTS), atol=1e-4)
    np.testing.assert_allclose(model.embed_query(TEXTS[0]), reference(TEXTS)[0], atol=1e-4)


def test_without_waiting(embeddings_of: Make, address: str, reference: Encode) -> None:
    async def ask() -> list[list[float]]:
        async with httpx2.AsyncClient() as http:
            return await embeddings_of(address, http_async_client=http).aembed_documents(TEXTS)

    np.testing.assert_allclose(asyncio.run(ask()), reference(TEXTS), atol=1e-4)


def test_fewer_dimensions(embeddings_of: Make, address: str) -> None:
    rows = embeddings_of(address, dimensions=64).embed_documents(TEXTS)
    assert np.asarray(rows).shape == (5, 64)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_more_texts_than_one_call_takes(embeddings_of: Make, address: str) -> None:
    rows = embeddings_of(address, chunk_size=1000).embed_documents(["x"] * 2500)
    assert len(rows) == 2500


def test_the_key(embeddings_of: Make, guarded: str) -> None:
    assert len(embeddings_of(guarded, KEY).embed_query("x")) == 384
    with pytest.raises(openai.AuthenticationError):
        embeddings_of(guarded, "wrong").embed_query("x")


class Fingerpost(BaseRetriever):
    """The documents that answer a question."""

    address: str
    limit: int = 4

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002
    ) -> list[Document]:
        body: dict[str, Json] = {"query": query, "limit": self.limit}
        answer = requests.post(f"{self.address}/api/search", json=body, timeout=60)
        answer.raise_for_status()
        return [
            Document(
                id=hit["document"]["id"],
                page_content=hit["document"]["abstract"],
                metadata={"title": hit["document"]["title"], "score": hit["score"]},
            )
            for hit in answer.json()["hits"]
        ]


def test_a_retriever(address: str) -> None:
    question = "What can a nurse do who meets a trafficked person?"
    found = Fingerpost(address=address).invoke(question)
    body: dict[str, Json] = {"query": question, "limit": 4}
    answer = requests.post(f"{address}/api/search", json=body, timeout=60).json()
    assert [each.id for each in found] == [hit["document"]["id"] for hit in answer["hits"]]
    scores = [each.metadata["score"] for each in found]
    assert scores == sorted(scores, reverse=True)
    assert all(each.page_content and each.metadata["title"] for each in found)
