"""The OpenAPI description is true: schemathesis sends what it allows and what it does not.

`make fuzz` runs this with many more examples.
"""

from __future__ import annotations

import os
import re
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from embedder.library import Library
from server.app import create_app
from server.http.context import LIBRARY
from server.settings import Settings

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "300"))

# What a schema cannot say, as an error's type and field: that a library has a value or a
# document, a model a prompt or so many dimensions, that two numbers together are too much, or
# that the one is not after the other.
UNSAYABLE = [
    ("unknown_value", r".*"),
    ("invalid", r"(.*\.)?offset"),
    ("invalid", r"(.*\.)?(un)?like"),
    ("invalid", r"(.*\.)?filters\.year_from"),
    ("invalid", r"dimensions"),
    ("model_not_found", r""),
    ("tei", r"`dimensions` is \d+; .* has \d+\."),
    ("tei", r"`prompt_name` is none that .*"),
]


APP = create_app(Settings())
api = schemathesis.openapi.from_wsgi("/openapi.json", APP)


@pytest.fixture(scope="module", autouse=True)
def _library(seed_library: Library) -> None:
    APP.extensions[LIBRARY] = seed_library


@schemathesis.check
def accepts_what_is_allowed(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> bool | None:
    """Schemathesis' own check, but for what a schema cannot say."""
    try:
        return positive_data_acceptance(ctx, response, case)
    except AssertionError:
        error = response.json()["error"]
        if isinstance(error, str):  # as Text Embeddings Inference words it
            error = {"type": "tei", "field": error}
        kind, field = error.get("code", error["type"]), error.get("param", error.get("field"))
        if any(kind == one and re.fullmatch(other, field or "") for one, other in UNSAYABLE):
            return None
        raise


@api.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize="FUZZ_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
def test_every_operation_is_as_it_is_described(case: schemathesis.Case[Any]) -> None:
    case.call_and_validate(
        excluded_checks=[positive_data_acceptance], additional_checks=[accepts_what_is_allowed]
    )
