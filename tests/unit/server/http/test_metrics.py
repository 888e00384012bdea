"""The metrics themselves; what requests add to them is in `api/test_metrics`."""

from __future__ import annotations

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from embedder.encoders.encoder import Encoder
from server.http import metrics as module
from server.http.metrics import Metrics
from tests.support.words import WordEncoder


def samples(metrics: Metrics) -> dict[tuple[str, str], float]:
    """Each sample's value, by its name and its `le` label or none."""
    families = text_string_to_metric_families(metrics.text().decode())
    return {
        (sample.name, sample.labels.get("le", "")): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.fixture
def loaded(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> tuple[Metrics, Encoder]:
    """Metrics, and a model that was loaded through them."""
    monkeypatch.setattr(module, "load_encoder", lambda _, **__: encoder)
    metrics = Metrics()
    return metrics, metrics.load("any")


def test_texts_of_each_call_are_counted(loaded: tuple[Metrics, Encoder]) -> None:
    metrics, model = loaded
    assert samples(metrics)["fingerpost_encode_texts_count", ""] == 0
    model.encode_queries(["a"])
    model.encode_documents(["a", "b", "c"])
    model.count_tokens(["not", "encoded"])
    found = samples(metrics)
    assert found["fingerpost_encode_texts_count", ""] == 2
    assert found["fingerpost_encode_texts_sum", ""] == 4
    assert found["fingerpost_encode_texts_bucket", "1.0"] == 1
    assert found["fingerpost_encode_texts_bucket", "4.0"] == 2


def test_a_counted_model_is_the_model_otherwise(
    loaded: tuple[Metrics, Encoder], encoder: Encoder
) -> None:
    _, model = loaded
    for name in ("name", "backend", "fingerprint", "dim", "max_tokens", "prompts"):
        assert getattr(model, name) == getattr(encoder, name), name
    np.testing.assert_array_equal(model.encode_queries(["a"]), encoder.encode_queries(["a"]))
    assert model.count_tokens(["a b"]) == encoder.count_tokens(["a b"]) == [2]


def test_what_a_model_has_to_load_is_asked_for_when_it_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Lazy(WordEncoder):
        @property
        def max_tokens(self) -> int:  # type: ignore[override]
            raise AssertionError("its reader was loaded")

        prompts = max_tokens  # type: ignore[assignment]

    monkeypatch.setattr(module, "load_encoder", lambda _, **__: Lazy())
    model = Metrics().load("any")
    assert model.encode_queries(["a"]).shape == (1, 16)
    with pytest.raises(AssertionError, match="its reader was loaded"):
        _ = model.max_tokens


def test_the_readers_of_a_model_count_too(monkeypatch: pytest.MonkeyPatch) -> None:
    french = WordEncoder("french")

    class Several(WordEncoder):
        def for_queries(self, language: str) -> Encoder:
            return french if language == "fr" else self

        for_documents = for_queries

    monkeypatch.setattr(module, "load_encoder", lambda _, **__: Several())
    metrics = Metrics()
    model = metrics.load("any")
    assert model.for_queries("en") is model.for_documents("en") is model
    assert model.for_queries("fr").name == model.for_documents("fr").name == "french"
    model.for_queries("fr").encode_queries(["un", "deux"])
    model.encode_queries(["one"])
    assert samples(metrics)["fingerpost_encode_texts_sum", ""] == 3


def test_two_objects_count_apart(loaded: tuple[Metrics, Encoder]) -> None:
    _, model = loaded
    other = Metrics()
    model.encode_queries(["a"])
    assert samples(other)["fingerpost_encode_texts_count", ""] == 0
