"""Who may call a route, how often, and how it answers errors: declared where the route is.

A blueprint declares it for all its routes, a single view with `@declare`. `collect` reads the
declarations once, when the app is made, and refuses an app in which a route has none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal, TypeVar, cast

from apiflask import APIBlueprint, APIFlask
from flask import current_app, request
from werkzeug.exceptions import MethodNotAllowed

from server.http.error_formats import OURS, OURS_OR_PAGE, PAGE, ErrorFormat

Audience = Literal["people", "programs", "monitoring"]
View = TypeVar("View", bound=Callable[..., Any])

_EXTENSION = "fingerpost_access"
_ATTRIBUTE = "_fingerpost_access"


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call a route, how often, and how it answers.

    Attributes:
        audience: who the route is for. People are served before programs when the model is
            busy; what programs and monitoring send must be JSON.
        needs_key: whether the key must be sent, where the server has one.
        rate_limited: whether a request counts towards its client's requests a minute.
        error_format: how errors are worded.
        max_age: seconds for which anybody may keep a successful answer; 0: nobody may.
        wrong_method: what to say, in place of the usual words, to a program that uses another
            method than the route takes.
    """

    audience: Audience
    needs_key: bool
    rate_limited: bool
    error_format: ErrorFormat
    max_age: int = 0
    wrong_method: str | None = None


PEOPLE = Access("people", needs_key=False, rate_limited=True, error_format=PAGE)
API = Access("programs", needs_key=True, rate_limited=True, error_format=OURS)
# Addresses that lead to no route: open, so that the answer is 404 or 405 with a key or without.
_NO_ROUTE = Access("people", needs_key=False, rate_limited=True, error_format=OURS_OR_PAGE)
# What a route without a declaration gets, which is never answered.
_SEALED = replace(API, error_format=OURS_OR_PAGE)


class UndeclaredRoute(RuntimeError):
    """A route does not declare its access."""


class Blueprint(APIBlueprint):
    """A blueprint whose routes all have one declared access."""

    def __init__(self, name: str, import_name: str, *, access: Access, **options: Any) -> None:
        """Make a blueprint; `options` are APIFlask's."""
        super().__init__(name, import_name, **options)
        self.access = access


def declare(access: Access) -> Callable[[View], View]:
    """Return a decorator that declares the access of a single view, whatever its blueprint's."""

    def mark(view: View) -> View:
        view.__dict__[_ATTRIBUTE] = access
        return view

    return mark


def declare_added(app: APIFlask, endpoint: str, access: Access) -> None:
    """Declare the access of a route that Flask or an extension added to an app.

    Raises ValueError if the route declares its access itself, which this cannot change.
    """
    if _declared(app, endpoint) is not None:
        raise ValueError(f"{endpoint} declares its access itself")
    declare(access)(app.view_functions[endpoint])


def collect(app: APIFlask) -> None:
    """Read the access of every route of an app, which is final from then on.

    Raises UndeclaredRoute, naming the routes, if one declares none.
    """
    declared = {rule.endpoint: _declared(app, rule.endpoint) for rule in app.url_map.iter_rules()}
    missing = sorted(
        f"{rule.rule} ({rule.endpoint})"
        for rule in app.url_map.iter_rules()
        if declared[rule.endpoint] is None
    )
    if missing:
        raise UndeclaredRoute(
            f"routes without a declared access: {', '.join(missing)}. "
            "Give their blueprint one, or put @declare on the view."
        )
    app.extensions[_EXTENSION] = MappingProxyType(declared)
    app.before_request(_refuse_undeclared)


def current() -> Access:
    """Return the access of the route that the current request is for.

    Where no route takes the request, it is open, and its errors are worded as those of its
    neighbours: of the route at this address that takes another method, else of the blueprint
    that the address is below.
    """
    if request.endpoint is not None:
        return _table(current_app).get(request.endpoint, _SEALED)
    nearest = _other_method() or _below_prefix()
    if nearest is None:
        return _NO_ROUTE
    return replace(_NO_ROUTE, error_format=nearest.error_format, wrong_method=nearest.wrong_method)


def operations(app: APIFlask) -> dict[tuple[str, str], Access]:
    """Return the access of each operation, by its path as OpenAPI writes it and its method."""
    return {
        (re.sub(r"<(?:[^<:>]+:)?([^<>]+)>", r"{\1}", rule.rule), method.lower()): access
        for rule in app.url_map.iter_rules()
        for access in [_table(app)[rule.endpoint]]
        for method in rule.methods or ()
    }


def _declared(app: APIFlask, endpoint: str) -> Access | None:
    own = getattr(app.view_functions[endpoint], _ATTRIBUTE, None)
    if isinstance(own, Access):
        return own
    blueprint = app.blueprints.get(endpoint.rpartition(".")[0])
    return blueprint.access if isinstance(blueprint, Blueprint) else None


def _table(app: Any) -> Mapping[str, Access]:
    return cast(Mapping[str, Access], app.extensions[_EXTENSION])


def _refuse_undeclared() -> None:
    """Refuse a route that was added after `collect`; it would be open otherwise."""
    if request.endpoint is not None and request.endpoint not in _table(current_app):
        raise UndeclaredRoute(request.endpoint)


def _other_method() -> Access | None:
    """Return the access of a route for programs that takes another method at this address."""
    error, adapter = request.routing_exception, current_app.create_url_adapter(request)
    if not isinstance(error, MethodNotAllowed) or adapter is None:
        return None
    endpoints = [adapter.match(method=each)[0] for each in error.valid_methods or ()]
    routes = [_table(current_app).get(each, _SEALED) for each in sorted(set(endpoints))]
    return next((each for each in routes if each.error_format.page != "always"), None)


def _below_prefix() -> Access | None:
    """Return the access of the blueprint with the longest prefix that the address is below."""
    blueprints = {
        each.url_prefix: each.access
        for each in current_app.blueprints.values()
        if isinstance(each, Blueprint) and each.url_prefix
    }
    below = [prefix for prefix in blueprints if f"{request.path}/".startswith(f"{prefix}/")]
    return blueprints[max(below, key=len)] if below else None
