"""Errors in each server's words."""

from __future__ import annotations

from typing import Any

import pytest

from server.http.error_formats import (
    COHERE,
    OPENAI,
    OURS,
    OURS_OR_PAGE,
    PAGE,
    SCHEMAS,
    TEI,
    ErrorFormat,
    Problem,
)

WRONG = Problem(422, "invalid", "It is wrong.", "query")


@pytest.mark.parametrize(
    ("error_format", "problem", "status", "body"),
    [
        (
            OURS,
            WRONG,
            422,
            {"error": {"type": "invalid", "message": "It is wrong.", "field": "query"}},
        ),
        (
            OURS,
            Problem(404, "not_found", "No."),
            404,
            {"error": {"type": "not_found", "message": "No."}},
        ),
        (TEI, WRONG, 422, {"error": "It is wrong.", "error_type": "Validation"}),
        (TEI, Problem(422, "empty", "E.", "f"), 400, {"error": "E.", "error_type": "Empty"}),
        (TEI, Problem(429, "x", "Busy."), 429, {"error": "Busy.", "error_type": "Overloaded"}),
        (TEI, Problem(503, "x", "Ill."), 503, {"error": "Ill.", "error_type": "Unhealthy"}),
        (TEI, Problem(500, "x", "Oh."), 500, {"error": "Oh.", "error_type": "Backend"}),
        (TEI, Problem(401, "x", "Who?"), 401, {"error": "Who?", "error_type": "Unauthorized"}),
        (
            OPENAI,
            WRONG,
            400,  # its clients do not know 422
            {
                "error": {
                    "message": "It is wrong.",
                    "type": "invalid_request_error",
                    "param": "query",
                    "code": "invalid",
                }
            },
        ),
        (COHERE, WRONG, 422, {"message": "It is wrong."}),
        (COHERE, Problem(422, "empty", "Empty."), 400, {"message": "Empty."}),
    ],
)
def test_an_error_is_worded_as_that_server_words_it(
    error_format: ErrorFormat, problem: Problem, status: int, body: dict[str, Any]
) -> None:
    assert error_format.word(problem) == (status, body)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, "authentication_error"),
        (404, "invalid_request_error"),
        (429, "rate_limit_error"),
        (500, "server_error"),
        (503, "server_error"),
    ],
)
def test_openai_has_a_type_for_each_status(status: int, kind: str) -> None:
    answered, body = OPENAI.word(Problem(status, "x", "y"))
    assert (answered, body["error"]["type"]) == (status, kind)


@pytest.mark.parametrize("error_format", [OURS, TEI, OPENAI, COHERE])
def test_every_body_has_what_its_schema_requires(error_format: ErrorFormat) -> None:
    schema = SCHEMAS[error_format.schema]
    body = error_format.body(WRONG)
    assert set(body) == set(schema["required"])
    inner = schema["properties"].get("error", {})
    if inner.get("type") == "object":
        assert set(inner["required"]) <= set(body["error"]) <= set(inner["properties"])


def test_pages_and_json_differ_only_in_when_there_is_a_page() -> None:
    assert (OURS.page, OURS_OR_PAGE.page, PAGE.page) == ("never", "if preferred", "always")
    assert OURS.word(WRONG) == OURS_OR_PAGE.word(WRONG) == PAGE.word(WRONG)
