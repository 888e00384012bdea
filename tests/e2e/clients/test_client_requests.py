"""Plain requests in the shapes of TEI, txtai, Cohere and Jina, against a real server."""

from __future__ import annotations

import numpy as np
import pytest
import requests

from tests.e2e.clients.conftest import LONG, TEXTS, Encode, Json

SOURCE, OTHERS = TEXTS[0], TEXTS[1:]


@pytest.fixture
def cosines(reference: Encode) -> list[float]:
    rows = reference(TEXTS)
    return [float(cosine) for cosine in rows[1:] @ rows[0]]


def post(url: str, **body: Json) -> requests.Response:
    answer = requests.post(url, json=body, timeout=60)
    answer.raise_for_status()
    return answer


def test_tei_embed(address: str, reference: Encode) -> None:
    answer = post(f"{address}/embed", inputs=[*TEXTS, LONG])
    np.testing.assert_allclose(answer.json(), reference([*TEXTS, LONG]), atol=1e-4)
    assert answer.headers["x-truncated"] == "5"


def test_tei_similarity(address: str, cosines: list[float]) -> None:
    inputs = {"source_sentence": SOURCE, "sentences": OTHERS}
    found = post(f"{address}/similarity", inputs=inputs, parameters={"truncate": True}).json()
    assert found == pytest.approx(cosines, abs=1e-4)


def test_tei_rerank(address: str, cosines: list[float]) -> None:
    found = post(f"{address}/rerank", query=SOURCE, texts=OTHERS, return_text=True).json()
    assert [each["text"] for each in found] == [OTHERS[each["index"]] for each in found]
    assert [each["score"] for each in found] == pytest.approx(
        sorted(cosines, reverse=True), abs=1e-4
    )
    assert found[0]["index"] == 0


def test_txtai(address: str, cosines: list[float]) -> None:
    found = post(f"{address}/similarity", query=SOURCE, texts=OTHERS).json()
    for each in found:
        assert each["score"] == pytest.approx(cosines[each["id"]], abs=1e-4)
    assert found == sorted(found, key=lambda each: -each["score"])


def test_cohere_and_jina(address: str, cosines: list[float]) -> None:
    found = post(
        f"{address}/rerank",
        model="rerank-v3.5",
        query=SOURCE,
        documents=[OTHERS[0], *({"text": text} for text in OTHERS[1:])],
        top_n=2,
        return_documents=True,
    ).json()["results"]
    assert len(found) == 2
    assert found[0]["index"] == 0
    assert found[0]["document"] == {"text": OTHERS[0]}
    assert found[0]["relevance_score"] == pytest.approx(max(cosines), abs=1e-4)


@pytest.mark.parametrize("path", ["/v1/rerank", "/v2/rerank"])
def test_the_addresses_of_coheres_and_jinas_clients(
    address: str, guarded: str, cosines: list[float], path: str
) -> None:
    body: dict[str, Json] = {
        "model": "rerank-v3.5",
        "query": SOURCE,
        "documents": OTHERS,
        "top_n": 1,
    }
    (found,) = post(address + path, **body, max_tokens_per_doc=4096).json()["results"]
    assert found == {"index": 0, "relevance_score": pytest.approx(max(cosines), abs=1e-4)}
    refused = requests.post(address + path, json={**body, "documents": []}, timeout=60)
    assert refused.status_code == 400
    assert refused.json() == {"message": "`documents` is empty. Send one text at least."}
    refused = requests.post(guarded + path, json=body, timeout=60)
    assert (refused.status_code, list(refused.json())) == (401, ["message"])


def test_info_and_health(address: str) -> None:
    info = requests.get(f"{address}/info", timeout=60).json()
    assert info["model_id"] == "all-MiniLM-L6-v2"
    assert (info["max_input_length"], info["max_client_batch_size"]) == (254, 1000)
    for path in ("/health", "/ping"):
        assert requests.get(address + path, timeout=60).status_code == 200
