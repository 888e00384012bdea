"""The languages of the pages, and which one a person gets.

A page is at `/documents` in the language that the browser asks for, and at `/fr/documents` in
French. That needs no cookie, and the address tells nothing but the language.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pycountry
from apiflask import APIFlask
from flask import has_request_context, request
from flask_babel import Babel, get_locale, gettext

from embedder.errors import FingerpostError
from embedder.text.countries import country_code
from embedder.text.languages import ENGLISH, language_of_document

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


def later(text: str) -> str:
    """Mark a text for translation where it is shown, and return it as it is."""
    return text


# Messages of the library and of validation, which know nothing of languages.
_ELSEWHERE = (
    later("{value} is not among the library's {what}. The nearest it has: {nearest}."),
    later("{value} is not among the library's {what}. It has none at all."),
    later("{what} {year} is no year: 1 to 9999."),
    later("the first year, {first}, is later than the last, {last}. Exchange them."),
    later("countries"),
    later("regions"),
    later("topics"),
    later("authors"),
    later("year from"),
    later("year to"),
    later("offset"),
)

# Regions as migration organisations name them; others are shown as the library has them.
_REGIONS = frozenset(
    {
        later("Worldwide"),
        later("Asia and the Pacific"),
        later("Central and North America and the Caribbean"),
        later("East Africa and the Horn of Africa"),
        later("Middle East and North Africa"),
        later("South-Eastern Europe, Eastern Europe and Central Asia"),
        later("West and Central Africa"),
    }
)

# The key in a request's WSGI environment of the language that the address names.
_CHOSEN = "fingerpost.language"


@dataclass(frozen=True, slots=True)
class Language:
    """A language of the pages: its code (BCP 47), its own name, and its direction of writing."""

    code: str
    name: str
    direction: str = "ltr"


LANGUAGES = (
    Language("en", "English"),
    Language("fr", "Français"),
    Language("es", "Español"),
    Language("ar", "العربية", "rtl"),
)
_BY_CODE = {language.code: language for language in LANGUAGES}


def register(app: APIFlask) -> None:
    """Set up translations, and what templates need for them."""
    Babel(app, locale_selector=_select)
    app.jinja_env.globals.update(
        language=current,
        languages=LANGUAGES,
        address_in=address_in,
        language_of=language_of_document,
        place_in=place_in,
    )
    app.jinja_env.filters["place_in"] = place_in


def current() -> Language:
    """Return the language of the page that is being made."""
    return _BY_CODE.get(str(get_locale() or "en"), LANGUAGES[0])


def address_in(code: str) -> str:
    """Return the address of this page in a language; for an answer, that of the empty form."""
    path = "/" if request.method == "POST" else request.path
    query = request.query_string.decode("latin-1") if request.method == "GET" else ""
    return f"/{code}{path}" + (f"?{query}" if query and path != "/" else "")


def worded(error: FingerpostError) -> str:
    """Return an error's message in the language of the page, or in English if not translated."""
    values = {
        name: gettext(str(value).replace("_", " ")) if name == "what" else value  # a field's name
        for name, value in error.values.items()
    }
    message = str(gettext(error.template))
    return message.format_map(values) if values else message


def place_in(name: str) -> str:
    """Return the name of a country or a region in the language of the page.

    A name that is not known is returned as it is.
    """
    code = country_code(name)
    country = pycountry.countries.get(alpha_3=code) if code else None
    locale = get_locale()
    if name in _REGIONS:
        return str(gettext(name))
    if country is None or locale is None or locale.language == LANGUAGES[0].code:
        return name
    return str(locale.territories.get(country.alpha_2, name))


def read_as(languages: Sequence[str]) -> str | None:
    """Return the sentence that names the languages of a question, None if it is plain English.

    `languages` are ISO 639 codes, the main one first.
    """
    if tuple(languages) == (ENGLISH,):
        return None
    locale = get_locale()
    names = locale.languages if locale else {}
    *others, last = (names.get(code, code) for code in languages)
    if not others:
        return str(gettext("Read as %(language)s.", language=last))
    joined = gettext(", ").join(others)
    return str(gettext("Read as %(languages)s and %(last)s.", languages=joined, last=last))


def take_language(environ: WSGIEnvironment) -> WSGIEnvironment:
    """Read `/fr/documents` as `/documents` in French; links on it lead to other such pages."""
    path = str(environ.get("PATH_INFO", ""))
    first = path[1:].partition("/")[0]
    if not path.startswith("/") or first not in _BY_CODE:
        return environ
    return {
        **environ,
        _CHOSEN: first,
        "SCRIPT_NAME": f"{environ.get('SCRIPT_NAME', '')}/{first}",
        "PATH_INFO": path[len(first) + 1 :] or "/",
    }


def _select() -> str:
    if not has_request_context():
        return LANGUAGES[0].code
    chosen: str | None = request.environ.get(_CHOSEN)
    accepted: str | None = request.accept_languages.best_match(_BY_CODE)
    return chosen or accepted or LANGUAGES[0].code
