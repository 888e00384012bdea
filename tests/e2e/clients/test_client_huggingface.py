"""huggingface_hub's InferenceClient, against a real server, by its address alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from huggingface_hub import AsyncInferenceClient, InferenceClient, close_session, constants
from huggingface_hub.errors import HfHubHTTPError

from tests.e2e.clients.conftest import KEY, LONG, TEXTS, Encode

SOURCE, OTHERS = TEXTS[0], TEXTS[1:]

Call = Callable[[InferenceClient], object]


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the client ask this machine, which it does not offline, and without anybody's token."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_IMPLICIT_TOKEN", True)
    close_session()
    yield
    close_session()


def client_of(address: str, token: str | None = None) -> InferenceClient:
    return InferenceClient(model=address, token=token)


@pytest.fixture(params=["", "/"])
def client(request: pytest.FixtureRequest, address: str) -> InferenceClient:
    return client_of(address + request.param)


def cosines(reference: Encode) -> list[float]:
    rows = reference(TEXTS)
    return [float(cosine) for cosine in rows[1:] @ rows[0]]


def test_sentence_similarity(client: InferenceClient, reference: Encode) -> None:
    found = client.sentence_similarity(SOURCE, OTHERS)
    assert found == pytest.approx(cosines(reference), abs=1e-4)


def test_sentence_similarity_by_its_own_route(address: str, reference: Encode) -> None:
    found = client_of(f"{address}/similarity").sentence_similarity(SOURCE, OTHERS)
    assert found == pytest.approx(cosines(reference), abs=1e-4)


@pytest.mark.parametrize("path", ["", "/embed"])
def test_feature_extraction(address: str, reference: Encode, path: str) -> None:
    client = client_of(address + path)
    one = client.feature_extraction(SOURCE)
    assert one.shape == (1, 384)
    assert one.dtype == np.float32
    np.testing.assert_allclose(one, reference([SOURCE]), atol=1e-4)
    np.testing.assert_allclose(client.feature_extraction(TEXTS), reference(TEXTS), atol=1e-4)


def test_feature_extraction_with_all_that_it_can_send(
    client: InferenceClient, reference: Encode
) -> None:
    found = client.feature_extraction(
        SOURCE, normalize=True, truncate=True, truncation_direction="left", dimensions=64
    )
    cut = reference([SOURCE])[:, :64]
    np.testing.assert_allclose(found, cut / np.linalg.norm(cut), atol=1e-4)
    found = client.feature_extraction(SOURCE, normalize=False)
    wanted = reference([SOURCE])
    assert abs(float(np.linalg.norm(found)) - 1) > 0.1
    np.testing.assert_allclose(found / np.linalg.norm(found), wanted, atol=1e-4)


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda client: client.feature_extraction(LONG, truncate=False), id="truncate"),
        pytest.param(
            lambda client: client.feature_extraction(LONG, prompt_name="query"), id="prompt_name"
        ),
        pytest.param(
            lambda client: client.feature_extraction(LONG, dimensions=385), id="too many dimensions"
        ),
        pytest.param(
            lambda client: client.feature_extraction(LONG, dimensions=0), id="no dimensions"
        ),
    ],
)
def test_what_cannot_be_done_is_an_error(client: InferenceClient, call: Call) -> None:
    with pytest.raises(HfHubHTTPError) as caught:
        call(client)
    assert caught.value.response.status_code == 422
    assert caught.value.response.json()["error_type"] == "Validation"


def test_with_a_token(guarded: str, reference: Encode) -> None:
    client = client_of(guarded, KEY)
    found = client.sentence_similarity(SOURCE, OTHERS)
    assert found == pytest.approx(cosines(reference), abs=1e-4)
    np.testing.assert_allclose(client.feature_extraction(TEXTS), reference(TEXTS), atol=1e-4)


@pytest.mark.parametrize("token", [None, "wrong"])
def test_without_the_token(guarded: str, token: str | None) -> None:
    client = client_of(guarded, token)
    for call in (
        lambda: client.sentence_similarity(SOURCE, OTHERS),
        lambda: client.feature_extraction(SOURCE),
    ):
        with pytest.raises(HfHubHTTPError) as caught:
            call()
        assert caught.value.response.status_code == 401
        assert caught.value.response.json()["error_type"] == "Unauthorized"


async def ask(address: str) -> list[float]:
    async with AsyncInferenceClient(model=address) as client:
        similarities: list[float] = await client.sentence_similarity(SOURCE, OTHERS)
        return similarities


def test_without_waiting(address: str, reference: Encode) -> None:
    assert asyncio.run(ask(address)) == pytest.approx(cosines(reference), abs=1e-4)
