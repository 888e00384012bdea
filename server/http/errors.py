"""Answers to errors: JSON for programs, a page for people, and a log without anybody's text.

{"error": {"type": "unknown_value", "message": "…", "field": "countries"}}

That is the shape on our own routes; `error_formats` has those of other servers' routes.
"""

from __future__ import annotations

import re
import traceback
from http import HTTPStatus

from apiflask import APIFlask, HTTPError
from flask import Response, current_app, jsonify, make_response, render_template, request
from flask_babel import gettext
from werkzeug.exceptions import (
    HTTPException,
    MethodNotAllowed,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)

from embedder.errors import DocumentNotFound, FingerpostError, RequestError
from server.http import access
from server.http.auth import Refused
from server.http.error_formats import Problem
from server.http.i18n import later, worded

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.]{1,60}")

_MESSAGES = {
    400: later("The body is not JSON that can be read."),
    404: later("There is nothing at this address."),
    405: later("This address does not take that method."),
    413: later("What was sent is too large."),
    415: later("Send JSON, with the header Content-Type: application/json."),
    500: later("Something went wrong here. What you sent was not kept."),
}
# Plain words for pydantic's messages, as regular expressions and what replaces them.
_PLAINER = (
    (r"Extra inputs .*", "unknown key"),
    (r"List should have at least 1 item .*", "The list is empty. Send one at least."),
    (
        r"List should have at most (\d+) items? after validation, not (\d+)",
        r"\2 are too many. Send \1 at most.",
    ),
    (r"String should have at least 1 character", "The text is empty. Write something."),
    (
        r"String should have at most (\d+) characters?",
        r"The text is too long. Send \1 characters at most.",
    ),
    (r"Input should be a valid dictionary.*", "Input should be a JSON object"),
    (r"Input .* raw data as a unicode string", "The text holds an unpaired surrogate."),
    (r"(Input should be a valid (integer|number)), unable .*", r"\1"),
)


def status_of(error: FingerpostError) -> int:
    """Return the HTTP status that fits one of our errors."""
    if isinstance(error, Refused):
        return error.status
    if isinstance(error, DocumentNotFound):
        return HTTPStatus.NOT_FOUND
    if isinstance(error, RequestError):
        return HTTPStatus.UNPROCESSABLE_ENTITY
    return HTTPStatus.SERVICE_UNAVAILABLE


def register(app: APIFlask) -> None:
    """Make the app answer every error in the format of its route."""
    app.error_processor(_http_error)
    app.register_error_handler(FingerpostError, _ours)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(RecursionError, _too_deep)
    app.register_error_handler(Exception, unexpected)


def refuse_other_bodies() -> None:
    """Refuse a body that is not JSON on routes for programs, before anything reads it.

    A form on another site's page cannot send JSON, so no such page can ask in a visitor's name.

    Raises UnsupportedMediaType, which is answered with 415.
    """
    for_people = access.current().audience == "people"
    if request.method == "POST" and not for_people and not request.is_json:
        raise UnsupportedMediaType


def _answer(status: int, kind: str, message: str, field: str | None = None) -> Response:
    if _is_page():
        return _page(status, gettext(message))
    problem = Problem(status, kind, message, field)
    status, body = access.current().error_format.word(problem)
    return make_response(jsonify(body), status)


def _is_page() -> bool:
    """Return whether the current request is answered with a page for people."""
    page = access.current().error_format.page
    if page != "if preferred":
        return page == "always"
    accepted = request.accept_mimetypes
    return accepted.accept_html and accepted["text/html"] > accepted["application/json"]


def _page(status: int, message: str) -> Response:
    return make_response(render_template("error.html", status=status, message=message), status)


def _ours(error: FingerpostError) -> Response:
    field = error.field if isinstance(error, RequestError) else None
    if _is_page():
        missing = isinstance(error, DocumentNotFound)
        message = gettext("This library has no such document.") if missing else worded(error)
        answer = _page(status_of(error), message)
    else:
        answer = _answer(status_of(error), error.kind, error.message, field)
    if isinstance(error, Refused):
        answer.headers.update(error.headers)
    return answer


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    kind = HTTPStatus(status).name.lower()
    message = _MESSAGES.get(status, HTTPStatus(status).phrase)
    if not _is_page():
        message = _for_programs(error, message)
    answer = _answer(status, kind, message)
    for name, value in error.get_headers():
        if name == "Allow":
            answer.headers[name] = value
    return answer


def _for_programs(error: HTTPException, message: str) -> str:
    """Add to a message what the address would take."""
    if isinstance(error, RequestEntityTooLarge):
        return f"{message} At most {request.max_content_length} bytes are read."
    if not isinstance(error, MethodNotAllowed):
        return message
    instead = access.current().wrong_method
    if instead:
        return instead
    methods = sorted(set(error.valid_methods or ()) - {"HEAD", "OPTIONS"})
    return f"{message} It takes {' and '.join(methods)}." if methods else message


def _http_error(error: HTTPError) -> Response:
    """Answer APIFlask's own errors; those of validation name the first field at fault."""
    detail = error.detail if isinstance(error.detail, dict) else {}
    for problems in detail.values():
        for field, messages in problems.items():
            if field == "_schema":
                return _answer(error.status_code, "invalid", "The body must be a JSON object.")
            # A key is echoed only if it is a name: it might be somebody's text.
            name = field if _PLAIN_NAME.fullmatch(field) else "body"
            return _answer(error.status_code, "invalid", f"{name}: {_plain(messages[0])}", name)
    message = _MESSAGES.get(error.status_code, error.message or "")
    return _answer(error.status_code, HTTPStatus(error.status_code).name.lower(), message)


def _plain(message: str) -> str:
    """Return pydantic's message without its terms and the names of our classes."""
    for pattern, plain in _PLAINER:
        match = re.fullmatch(pattern, message)
        if match:
            return match.expand(plain)
    return message


def _too_deep(_: RecursionError) -> Response:
    """Answer JSON that is nested too deep to be read."""
    return _answer(400, "bad_request", _MESSAGES[400])


def unexpected(error: BaseException) -> Response:
    """Log where an error happened, without its words, and answer 500."""
    # The error's own words may hold what was sent; where it happened does not.
    where = "".join(traceback.format_tb(error.__traceback__))
    current_app.logger.error("unexpected %s\n%s", type(error).__name__, where)
    return _answer(500, "internal", _MESSAGES[500])
