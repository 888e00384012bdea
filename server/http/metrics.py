"""Metrics for Prometheus; labels come from fixed lists, never from what is sent."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence

from flask import Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from embedder.encoders.encoder import DEFAULT_OPTIONS, EncodeOptions, Encoder
from embedder.encoders.loading import load_encoder
from embedder.encoders.readers import ReaderName
from embedder.errors import FingerpostError
from embedder.records import Passage, Precision
from embedder.vectors import Float32Array, PassageVectors
from fingerpost import Library
from server.http.admission import Gate

CONTENT_TYPE = CONTENT_TYPE_LATEST

_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST"})
_OTHER = "other"
_TEXTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048)


class Metrics:
    """The metrics of one app."""

    def __init__(self) -> None:
        """Start with every count at zero."""
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "fingerpost_requests",
            "Requests answered.",
            ("route", "method", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "fingerpost_request_seconds",
            "Seconds from a request to its answer.",
            ("route",),
            registry=self._registry,
        )
        self._texts = Histogram(
            "fingerpost_encode_texts",
            "Texts in one call of the model.",
            buckets=_TEXTS,
            registry=self._registry,
        )

    def watch(self, library: Library, gate: Gate) -> None:
        """Add gauges of the state of a library and of the queue."""
        self._registry.register(_State(library, gate))

    def load(
        self,
        model: str,
        /,
        *,
        precision: Precision | None = None,
        reader: ReaderName | None = None,
    ) -> Encoder:
        """Load a model, and count the texts that it encodes.

        Raises EncoderError if it cannot be loaded.
        """
        return _Counted(load_encoder(model, precision=precision, reader=reader), self._texts)

    def begin(self) -> None:
        """Note when the current request began."""
        g.began = time.perf_counter()

    def end(self, response: Response) -> Response:
        """Count the current request, which is answered now."""
        route = request.url_rule.rule if request.url_rule else _OTHER
        method = request.method if request.method in _METHODS else _OTHER
        self._requests.labels(route, method, str(response.status_code)).inc()
        if "began" in g:
            self._seconds.labels(route).observe(time.perf_counter() - g.began)
        return response

    def text(self) -> bytes:
        """Return all metrics in the form that Prometheus reads."""
        return generate_latest(self._registry)


class _State(Collector):
    """Gauges of the state at the moment when they are read."""

    def __init__(self, library: Library, gate: Gate) -> None:
        self._library = library
        self._gate = gate

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges; those of the library only if there is one."""
        yield GaugeMetricFamily(
            "fingerpost_waiting", "Requests that wait for the model.", self._gate.waiting
        )
        try:
            generation, manifest = self._library.status()
        except FingerpostError:
            return
        yield GaugeMetricFamily(
            "fingerpost_library_documents", "Documents in the library.", manifest.documents
        )
        yield GaugeMetricFamily(
            "fingerpost_library_generation", "The library's build that answers.", generation
        )


class _Counted:
    """An encoder that counts the texts in each call; see `encoder.Encoder`."""

    def __init__(self, encoder: Encoder, texts: Histogram) -> None:
        self._encoder = encoder
        self._texts = texts
        self.name, self.backend = encoder.name, encoder.backend
        self.fingerprint, self.precision = encoder.fingerprint, encoder.precision
        self.dim = encoder.dim

    # These two are asked for when they are needed: a model may have to load what knows them.
    @property
    def max_tokens(self) -> int:
        return self._encoder.max_tokens

    @property
    def prompts(self) -> Mapping[str, str]:
        return self._encoder.prompts

    def for_queries(self, language: str) -> Encoder:
        return self._counted(self._encoder.for_queries(language))

    def for_documents(self, language: str) -> Encoder:
        return self._counted(self._encoder.for_documents(language))

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._encoder.count_tokens(texts)

    def decode(self, ids: Sequence[int]) -> str:
        return self._encoder.decode(ids)

    def encode_queries(self, texts: Sequence[str], *, reproducible: bool = False) -> Float32Array:
        self._texts.observe(len(texts))
        return self._encoder.encode_queries(texts, reproducible=reproducible)

    def encode_documents(
        self, texts: Sequence[str], options: EncodeOptions = DEFAULT_OPTIONS
    ) -> Float32Array:
        self._texts.observe(len(texts))
        return self._encoder.encode_documents(texts, options)

    def encode_passages(self, passages: Sequence[Passage]) -> list[PassageVectors]:
        self._texts.observe(len(passages))
        return self._encoder.encode_passages(passages)

    def _counted(self, encoder: Encoder) -> Encoder:
        return self if encoder is self._encoder else _Counted(encoder, self._texts)
