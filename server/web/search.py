"""The page where people ask, and the answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext

from embedder.encoders.loading import DEFAULT_MODEL
from embedder.errors import DocumentNotFound, FingerpostError, RequestError
from embedder.records import Answer, Document, Evidence, FacetCount, Filters, Understood
from embedder.search.validation import MAX_CANDIDATES, MAX_QUERY_CHARS
from embedder.text.languages import language_of
from server.http.access import PEOPLE, Blueprint
from server.http.admission import TooMany
from server.http.context import encoding, library
from server.http.errors import status_of
from server.http.i18n import worded
from server.web.examples import examples
from server.web.forms import FACETS, PAGE_LENGTH, Form
from server.web.histogram import Years

blueprint = Blueprint("pages", __name__, access=PEOPLE, enable_openapi=False)

VERDICTS = {
    "strong": lazy_gettext("The library has documents that answer this. Start with the first."),
    "possible": lazy_gettext("These documents may help. Check the marked sentence in each."),
    "none": lazy_gettext(
        "Nothing in this library clearly answers this. "
        "The nearest documents are listed below, but they may not help."
    ),
}
# Where a form that is sent to `/` is answered; people never see it.
ANSWER = "/answer"
# Where on the page a field is that an error names.
_PLACES = {"query": "question", "year_from": "year_from", "year_to": "year_to"}
# Values of a facet that are shown at once, and at all; others can be written.
_FIRST, _MOST = 8, 250


@dataclass(frozen=True, slots=True)
class Lift:
    """A filter that leaves too little: its name, and how many documents there are without it."""

    name: str
    count: int


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """Show the empty box."""
    return _page(Form(), examples=examples(library()))


@blueprint.post(ANSWER)
def answer() -> ResponseReturnValue:
    """Answer what was written in the box; the page keeps it, nothing else does."""
    form = Form.read(request.form)
    example = request.form.get("example")
    if example:
        form = Form(question=example)
    try:
        with encoding():
            found = library().ask(form.to_question())
        return _page(form, **_shown(form, found))
    except (RequestError, TooMany) as error:
        # What was written stays in the box.
        at = _PLACES.get(error.field) if isinstance(error, RequestError) else None
        return _page(form, error=worded(error), at=at), status_of(error)


def _shown(form: Form, found: Answer) -> dict[str, Any]:
    """Give what the page shows of an answer."""
    offset = int(form.offset)
    here = {hit.document.id for hit in found.hits}
    return {
        "answer": found,
        "verdict": VERDICTS[found.verdict],
        "earlier": max(0, offset - PAGE_LENGTH) if offset else None,
        "later": offset + PAGE_LENGTH
        if offset + PAGE_LENGTH < min(found.total, MAX_CANDIDATES)
        else None,
        "lifts": [] if found.total else _lifts(form),
        "elsewhere": _documents(each for each in form.picked if each not in here),
        "recognised": _once(found.understood, form.question),
        "words": len(form.question.split()),
        "foreign": language_of(form.question) not in (None, "en")
        and library().status()[1].model == DEFAULT_MODEL,
        # Where all fit the same part there is nothing to tell.
        "several_parts": len({each.start for hit in found.hits for each in hit.matched}) > 1,
    }


def _once(understood: Iterable[Understood], question: str) -> list[Understood]:
    """Give what was understood without what is said of the same words again."""
    told: dict[tuple[str, ...], Understood] = {}
    for each in understood:
        told.setdefault((each.kind, question[each.start : each.end].lower(), each.meaning), each)
    return list(told.values())


def _documents(ids: Iterable[str]) -> list[Document]:
    found = []
    for each in ids:
        try:
            found.append(library().document(each))
        except DocumentNotFound:  # of another library, or gone meanwhile
            continue
    return found


def _lifts(form: Form) -> list[Lift]:
    """Give each filter that is set with the number of documents that are there without it."""
    found = [Lift(name, _count(form.without(name))) for name in form.narrowed]
    if (form.country or form.region) and not form.worldwide:
        found.append(Lift("worldwide", _count(form.without("worldwide"))))
    return found


def _count(form: Form) -> int:
    return library().facets(form.to_filters())[0]


@dataclass(frozen=True, slots=True)
class Choices:
    """The values of a facet to choose from: the commonest first, then others, with counts."""

    first: list[FacetCount]
    others: list[FacetCount]

    @property
    def suggestions(self) -> list[str]:
        """All the values, in alphabetical order."""
        return sorted(str(each.value) for each in (*self.first, *self.others))


def _choices(form: Form) -> tuple[dict[str, Choices], Years]:
    """Count each facet's values among the documents that the other filters allow."""
    counted: dict[str, Choices] = {}
    for name, facet in FACETS.items():
        values = _facets(form.without(name))[facet][:_MOST]
        chosen = [each for each in values if str(each.value) in getattr(form, name)]
        missing = set(getattr(form, name)) - {str(each.value) for each in values}
        rest = [each for each in values if each not in chosen]
        first = [*chosen, *(FacetCount(each, 0) for each in sorted(missing)), *rest]
        cut = max(_FIRST, len(chosen) + len(missing))
        counted[name] = Choices(first[:cut], first[cut:])
    return counted, Years.of(_facets(form.without("years"))["years"])


def _facets(form: Form) -> Any:
    try:
        return library().facets(form.to_filters())[1]
    except RequestError:  # of a filter that the page's own error names
        return library().facets(Filters())[1]


def _page(form: Form, **shown: object) -> str:
    choices, years = _choices(form)
    _, manifest = library().status()
    return render_template(
        "ask.html",
        form=form,
        choices=choices,
        years=years,
        chosen_years=_range(form),
        longest=MAX_QUERY_CHARS,
        library_size=manifest.documents,
        reads_english_best=manifest.model == DEFAULT_MODEL,
        filter_names=_filter_names(),
        **shown,
    )


def _range(form: Form) -> tuple[int, int]:
    """Give the years that the form lets in, all where it names none."""
    try:
        filters = form.to_filters()
    except FingerpostError:
        return 0, 9999
    return filters.year_from or 0, filters.year_to or 9999


def _filter_names() -> dict[str, str]:
    return {
        "topic": gettext("Topic"),
        "country": gettext("Country"),
        "region": gettext("Region"),
        "author": gettext("Author"),
        "years": gettext("Years"),
    }


@blueprint.app_template_global()
def marked(document: Document, evidence: tuple[Evidence, ...]) -> list[tuple[str, bool]]:
    """Cut an abstract into (text, is evidence) pieces that together are the whole of it."""
    places = sorted((each.start, each.end) for each in evidence if each.field == "abstract")
    pieces, at = [], 0
    for start, end in places:
        pieces += [(document.abstract[at:start], False), (document.abstract[start:end], True)]
        at = end
    return [piece for piece in (*pieces, (document.abstract[at:], False)) if piece[0]]


@blueprint.app_template_global()
def lifted(form: Form, name: str) -> Form:
    """Give the form without a filter."""
    return replace(form.without(name), offset="0")
