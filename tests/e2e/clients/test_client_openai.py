"""The openai package as it is installed, against a real server, by its base address alone."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from typing import Any

import numpy as np
import openai
import pytest
import requests
from tokenizers import Tokenizer

from embedder.encoders.model_files import BUNDLED_MODEL, find_model
from tests.e2e.clients.conftest import KEY, LONG, TEXTS, Encode

NAME = "text-embedding-3-small"


@pytest.fixture
def client(address: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{address}/v1", api_key="unused", max_retries=0) as made:
        yield made


def same(found: openai.types.CreateEmbeddingResponse, wanted: np.ndarray) -> None:
    assert found.object == "list"
    assert found.model == BUNDLED_MODEL
    assert [each.index for each in found.data] == list(range(len(wanted)))
    assert {each.object for each in found.data} == {"embedding"}
    np.testing.assert_allclose([each.embedding for each in found.data], wanted, atol=1e-4)


def test_the_usual_call(client: openai.OpenAI, reference: Encode) -> None:
    same(client.embeddings.create(model=NAME, input=TEXTS), reference(TEXTS))


def test_one_text(client: openai.OpenAI, reference: Encode) -> None:
    found = client.embeddings.create(model=BUNDLED_MODEL, input=TEXTS[0], user="somebody")
    same(found, reference(TEXTS[:1]))
    assert found.usage.prompt_tokens == found.usage.total_tokens == 10


def test_as_numbers(client: openai.OpenAI, reference: Encode) -> None:
    found = client.embeddings.create(model=NAME, input=TEXTS, encoding_format="float")
    same(found, reference(TEXTS))


def test_as_base64(client: openai.OpenAI, reference: Encode) -> None:
    found = client.embeddings.create(model=NAME, input=TEXTS, encoding_format="base64")
    for each in found.data:
        # The client leaves what was asked for as base64 as it came, whatever its own type says.
        text = each.model_dump(warnings=False)["embedding"]
        each.embedding = np.frombuffer(base64.b64decode(text, validate=True), "<f4").tolist()
    same(found, reference(TEXTS))


def test_without_waiting(address: str, reference: Encode) -> None:
    async def ask() -> list[openai.types.CreateEmbeddingResponse]:
        async with openai.AsyncOpenAI(base_url=f"{address}/v1", api_key="unused") as client:
            calls = [client.embeddings.create(model=NAME, input=text) for text in TEXTS]
            return list(await asyncio.gather(*calls))

    for found, wanted in zip(asyncio.run(ask()), reference(TEXTS), strict=True):
        same(found, wanted[np.newaxis])


def test_tokens(client: openai.OpenAI, reference: Encode) -> None:
    tokenizer = Tokenizer.from_file(str(find_model(BUNDLED_MODEL) / "tokenizer.json"))
    tokenizer.no_padding()
    ids = [tokenizer.encode(text, add_special_tokens=False).ids for text in TEXTS]
    found = client.embeddings.create(model=NAME, input=ids)
    same(found, reference(TEXTS))
    assert found.usage.prompt_tokens == sum(map(len, ids))
    same(client.embeddings.create(model=NAME, input=ids[0]), reference(TEXTS[:1]))
    special = [tokenizer.encode(text).ids for text in TEXTS]
    same(client.embeddings.create(model=NAME, input=special), reference(TEXTS))


@pytest.mark.parametrize("count", [1, 64, 384])
def test_fewer_dimensions(client: openai.OpenAI, reference: Encode, count: int) -> None:
    cut = reference(TEXTS)[:, :count]
    wanted = cut / np.linalg.norm(cut, axis=1, keepdims=True)
    same(client.embeddings.create(model=NAME, input=TEXTS, dimensions=count), wanted)


def test_the_maximum_number_of_texts(client: openai.OpenAI) -> None:
    found = client.embeddings.create(model=NAME, input=["x"] * 2048)
    assert len(found.data) == 2048
    with pytest.raises(openai.BadRequestError, match="2049 texts; at most 2048 go in one call"):
        client.embeddings.create(model=NAME, input=["x"] * 2049)


def test_a_long_text_is_cut_and_named_in_the_header(
    client: openai.OpenAI, reference: Encode
) -> None:
    raw = client.embeddings.with_raw_response.create(model=NAME, input=["x", LONG, LONG])
    assert raw.headers["x-truncated"] == "1,2"
    same(raw.parse(), reference(["x", LONG, LONG]))
    raw = client.embeddings.with_raw_response.create(model=NAME, input="x")
    assert "x-truncated" not in raw.headers


def test_models(client: openai.OpenAI) -> None:
    (model,) = client.models.list().data
    assert (model.id, model.object, model.owned_by) == (BUNDLED_MODEL, "model", "fingerpost")
    assert client.models.retrieve(BUNDLED_MODEL) == model
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve(NAME)
    assert caught.value.code == "model_not_found"


@pytest.mark.parametrize(
    ("wanted", "param", "code"),
    [
        ({"input": []}, "input", "empty"),
        ({"input": ""}, "input", "empty"),
        ({"input": ["x", ""]}, "input", "empty"),
        ({"input": [[]]}, "input", "empty"),
        ({"input": [100_000]}, "input", "unknown_value"),
        ({"input": [101, 102]}, "input", "unknown_value"),
        ({"input": "x" * 100_001}, "input", "invalid"),
        ({"input": "x", "dimensions": 0}, "dimensions", "invalid"),
        ({"input": "x", "dimensions": 385}, "dimensions", "invalid"),
        ({"input": "x", "encoding_format": "hex"}, "encoding_format", "invalid"),
    ],
)
def test_what_cannot_be_read(
    client: openai.OpenAI, wanted: dict[str, Any], param: str, code: str
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.embeddings.create(model=NAME, **wanted)
    assert (caught.value.param, caught.value.code) == (param, code)
    assert caught.value.type == "invalid_request_error"


def test_what_is_no_text(client: openai.OpenAI) -> None:
    wrong: Any = {"x": "y"}
    with pytest.raises(openai.BadRequestError, match="a text, a list of texts, or tokens"):
        client.embeddings.create(model=NAME, input=wrong)


def test_a_body_too_large(client: openai.OpenAI) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        client.embeddings.create(model=NAME, input=["x" * 90_000] * 94)
    assert caught.value.status_code == 413


def test_the_key(guarded: str, reference: Encode) -> None:
    with openai.OpenAI(base_url=f"{guarded}/v1", api_key=KEY, max_retries=0) as client:
        same(client.embeddings.create(model=NAME, input=TEXTS), reference(TEXTS))
        assert client.models.list().data
    with openai.OpenAI(base_url=f"{guarded}/v1", api_key="wrong", max_retries=0) as client:
        for call in (
            lambda: client.embeddings.create(model=NAME, input=TEXTS),
            client.models.list,
        ):
            with pytest.raises(openai.AuthenticationError) as caught:
                call()
            assert caught.value.type == "authentication_error"


def test_another_method_is_refused(address: str) -> None:
    answer = requests.get(f"{address}/v1/embeddings", timeout=60)
    assert answer.status_code == 405
    assert answer.json()["error"]["type"] == "invalid_request_error"
