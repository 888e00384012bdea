"""What is counted, and that nothing of what is sent gets into it."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from embedder.library import Library
from server.app import create_app
from server.settings import Settings
from tests.support.app import CANARY

Sample = tuple[str, frozenset[tuple[str, str]]]


@pytest.fixture
def client(seed_vectors: Path) -> FlaskClient:
    """A client of an app that nobody else asks, with a model of its own."""
    return create_app(Settings(vectors=seed_vectors)).test_client()


def samples(client: FlaskClient) -> dict[Sample, float]:
    """Read the counts as Prometheus does."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=")
    families = text_string_to_metric_families(answer.get_data(as_text=True))
    return {
        (each.name, frozenset(each.labels.items())): each.value
        for family in families
        for each in family.samples
    }


def value(found: dict[Sample, float], name: str, **labels: str) -> float:
    return found[name, frozenset(labels.items())]


def test_requests_are_counted_by_route(client: FlaskClient) -> None:
    for _ in range(3):
        client.get("/api/documents/x")
    client.get("/health")
    client.post("/", data={"question": ""})
    client.open("/health", method="BREW")
    client.get(f"/{CANARY}")
    found = samples(client)
    count = "fingerpost_requests_total"
    route = "/api/documents/<path:document_id>"
    assert value(found, count, route=route, method="GET", status="404") == 3
    assert value(found, count, route="/health", method="GET", status="200") == 1
    assert value(found, count, route="/answer", method="POST", status="422") == 1
    assert value(found, count, route="other", method="other", status="405") == 1
    assert value(found, count, route="other", method="GET", status="404") == 1
    assert value(found, "fingerpost_request_seconds_count", route=route) == 3
    assert 0 < value(found, "fingerpost_request_seconds_sum", route=route) < 60


@pytest.mark.slow
def test_texts_given_to_the_model_are_counted(client: FlaskClient) -> None:
    before = samples(client)
    assert value(before, "fingerpost_encode_texts_count") == 0
    client.post("/api/similarity", json={"source": "a", "texts": ["b", "c"]})
    found = samples(client)
    assert value(found, "fingerpost_encode_texts_count") == 1
    assert value(found, "fingerpost_encode_texts_sum") == 3
    assert value(found, "fingerpost_encode_texts_bucket", le="2.0") == 0
    assert value(found, "fingerpost_encode_texts_bucket", le="4.0") == 1
    client.post("/api/search", json={"query": "a nurse meets a victim"})
    assert value(samples(client), "fingerpost_encode_texts_count") == 2


def test_the_librarys_size_and_generation_and_the_queue_are_shown(client: FlaskClient) -> None:
    found = samples(client)
    assert value(found, "fingerpost_library_documents") == 41
    assert value(found, "fingerpost_library_generation") == 1
    assert value(found, "fingerpost_waiting") == 0


def test_without_a_library_the_rest_is_still_shown(empty_client: FlaskClient) -> None:
    found = samples(empty_client)
    assert value(found, "fingerpost_waiting") == 0
    assert not [name for name, _ in found if "library" in name]


def test_each_app_counts_for_itself(seed_library: Library, client: FlaskClient) -> None:
    other = create_app(Settings(), seed_library).test_client()
    other.get("/health")
    assert not [labels for _, labels in samples(client) if ("route", "/health") in labels]


@pytest.mark.slow
def test_nothing_that_is_sent_is_in_the_counts(client: FlaskClient) -> None:
    client.post("/api/search", json={"query": CANARY})
    client.post("/api/search", json={CANARY: CANARY})
    client.post("/", data={"question": CANARY, CANARY: CANARY})
    client.get(f"/api/documents/{CANARY}?{CANARY}={CANARY}", headers={"X-Canary": CANARY})
    client.open("/", method=CANARY.upper())
    text = client.get("/metrics").get_data(as_text=True)
    assert CANARY not in text.lower()
    assert "127.0.0.1" not in text
