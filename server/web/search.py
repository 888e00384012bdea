"""The search page: the empty form, and the form with its results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext, ngettext

from embedder.encoders.loading import SPACE_MODELS
from embedder.encoders.model_files import BUNDLED_MODEL
from embedder.errors import DocumentNotFound, FingerpostError, RequestError
from embedder.records import (
    Answer,
    Document,
    Evidence,
    FacetCount,
    Filters,
    Hit,
    SuggestedFilter,
    Understood,
)
from embedder.search.validation import MAX_CANDIDATES, MAX_QUERY_CHARS
from server.http.access import PEOPLE, Blueprint
from server.http.admission import TooMany
from server.http.context import encoding, library
from server.http.errors import status_of
from server.http.i18n import place_in, read_as, worded
from server.web.examples import examples
from server.web.forms import FACETS, PAGE_LENGTH, Form
from server.web.histogram import Histogram

blueprint = Blueprint("pages", __name__, access=PEOPLE, enable_openapi=False)

VERDICTS = {
    "strong": lazy_gettext(
        "The answer is probably in the first documents. Read the marked sentences to check."
    ),
    "possible": lazy_gettext(
        "These documents may help. Where a sentence is marked, check it first."
    ),
    "none": lazy_gettext(
        "No clear answer was found, though there may still be one here. "
        "Try a longer question or other words. "
        "The nearest documents are below, but they may not help."
    ),
}
# The route that answers a form sent to `/`; people never see this address.
ANSWER = "/answer"
# The HTML ids of the fields that an error can name.
_FIELD_IDS = {"query": "question", "year_from": "year_from", "year_to": "year_to"}
# How many values of a facet are in sight, and how many are offered at all; others can be typed.
_VISIBLE_VALUES, _MAX_VALUES = 8, 250
# How many documents are in sight where none fits.
_NEAREST = 3


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """Show the empty form."""
    return _render(Form(), examples=examples(library()))


@blueprint.post(ANSWER)
def answer() -> ResponseReturnValue:
    """Answer the question in the form; only the page that is returned holds its text."""
    form = Form.read(request.form)
    example = request.form.get("example")
    if example:
        form = Form(question=example)
    liked, unliked = _documents(form.like), _documents(form.unlike)
    form = replace(form, like=_ids(liked), unlike=_ids(unliked))
    try:
        with encoding():
            result = library().ask(form.to_question())
        marked = {"liked": liked, "unliked": unliked}
        return _render(form, **marked, **_results(form, result))
    except (RequestError, TooMany) as error:
        # The form is shown again as it was, so that nothing has to be written twice.
        field = _FIELD_IDS.get(error.field) if isinstance(error, RequestError) else None
        return _render(form, error=worded(error), error_field=field), status_of(error)


def _results(form: Form, result: Answer) -> dict[str, Any]:
    """Return what the template needs to show an answer."""
    offset = int(form.offset)
    next_offset = offset + PAGE_LENGTH
    ids_on_page = {hit.document.id for hit in result.hits}
    open_hits, folded_hits = _fold(result.hits) if not offset else (result.hits, ())
    return {
        "answer": result,
        "open_hits": open_hits,
        "folded_hits": folded_hits,
        "less_likely_count": result.total - len(open_hits),
        # What a person has chosen stays in sight.
        "fold_open": not {hit.document.id for hit in folded_hits}.isdisjoint(
            (*form.picked, *form.like, *form.unlike)
        ),
        "verdict": VERDICTS[result.verdict],
        "previous_offset": max(0, offset - PAGE_LENGTH) if offset else None,
        "next_offset": next_offset if next_offset < min(result.total, MAX_CANDIDATES) else None,
        "removable_filters": [] if result.total else _removable_filters(form),
        "picked_elsewhere": _documents(each for each in form.picked if each not in ids_on_page),
        "understood_words": _used_meanings(result.understood, form.question),
        "offers": [_offer(form, each) for each in result.suggested_filters if each.count],
        "missing_countries": [
            place_in(country)
            for each in result.suggested_filters
            if not each.count
            for country in each.filters.countries
        ],
        "word_count": len(form.question.split()),
        "read_as": read_as(result.languages),
        "suggest_english": _reads_english_alone(result),
        # If all hits match the same part of the question, naming that part tells nothing.
        "several_parts_matched": len({part.start for hit in result.hits for part in hit.matched})
        > 1,
    }


def _fold(hits: Sequence[Hit]) -> tuple[Sequence[Hit], Sequence[Hit]]:
    """Divide the first hits into those in sight and those that are folded away.

    In sight are all down to the last that fits, so that the order stays, or the nearest few where
    none does.
    """
    last = max((at for at, hit in enumerate(hits, 1) if hit.fit != "less likely"), default=_NEAREST)
    return hits[:last], hits[last:]


@dataclass(frozen=True, slots=True)
class Offer:
    """A button that narrows an answer: the filter that it adds to the form, and its words."""

    added: str
    words: str


def _offer(form: Form, suggested: SuggestedFilter) -> Offer:
    """Return the button for a filter that the question names."""
    filters, count = suggested.filters, suggested.count
    if suggested.kind == "year":
        first, last = filters.year_from or "", filters.year_to or ""
        return Offer(f"years={first}-{last}", _of_years(filters, count))
    (value,) = getattr(filters, FACETS[suggested.kind])
    added = f"{suggested.kind}={value}"
    if suggested.kind == "author":
        return Offer(
            added,
            ngettext(
                "%(num)s document by %(author)s",
                "%(num)s documents by %(author)s",
                count,
                author=value,
            ),
        )
    if form.worldwide:
        return Offer(
            added,
            ngettext(
                "%(num)s document about %(place)s or worldwide",
                "%(num)s documents about %(place)s or worldwide",
                count,
                place=place_in(value),
            ),
        )
    return Offer(
        added,
        ngettext(
            "%(num)s document about %(place)s",
            "%(num)s documents about %(place)s",
            count,
            place=place_in(value),
        ),
    )


def _of_years(filters: Filters, count: int) -> str:
    """Return the words for a number of documents from some years."""
    first, last = filters.year_from, filters.year_to
    if first is None:
        words = ngettext(
            "%(num)s document up to %(year)s", "%(num)s documents up to %(year)s", count, year=last
        )
    elif last is None:
        words = ngettext(
            "%(num)s document from %(year)s on",
            "%(num)s documents from %(year)s on",
            count,
            year=first,
        )
    else:
        years = str(first) if first == last else f"{first}–{last}"
        words = ngettext(
            "%(num)s document of %(years)s", "%(num)s documents of %(years)s", count, years=years
        )
    return str(words)


def _reads_english_alone(result: Answer) -> bool:
    """Return whether the model read a question in another language that it has no reader for."""
    if result.model not in (BUNDLED_MODEL, *SPACE_MODELS):
        return False  # a model that was chosen may have learnt other languages
    return not all(library().reads(language) for language in result.languages)


def _used_meanings(understood: Iterable[Understood], question: str) -> list[Understood]:
    """Return what was understood and stands in a hit, once for words that occur several times."""
    distinct: dict[tuple[str, ...], Understood] = {}
    for each in understood:
        if each.used:
            words = question[each.start : each.end].lower()
            distinct.setdefault((each.kind, words, each.meaning), each)
    return list(distinct.values())


def _documents(ids: Iterable[str]) -> list[Document]:
    """Return the documents with these ids; ids that the library does not have are left out."""
    documents = []
    for document_id in ids:
        try:
            documents.append(library().document(document_id))
        except DocumentNotFound:  # from another library, or removed since it was selected
            continue
    return documents


def _ids(documents: Iterable[Document]) -> tuple[str, ...]:
    return tuple(document.id for document in documents)


@dataclass(frozen=True, slots=True)
class RemovableFilter:
    """A filter that can be removed, and the number of documents that would then be left."""

    name: str
    count: int


def _removable_filters(form: Form) -> list[RemovableFilter]:
    """Return each filter that is set, with the number of documents without it."""
    names = list(form.active_filters)
    if (form.country or form.region) and not form.worldwide:
        names.append("worldwide")
    return [RemovableFilter(name, _document_count(form.without_filter(name))) for name in names]


def _document_count(form: Form) -> int:
    return library().facets(form.to_filters())[0]


@dataclass(frozen=True, slots=True)
class FacetChoices:
    """The values of a facet with their counts: those in sight first, then those to unfold."""

    visible: list[FacetCount]
    others: list[FacetCount]

    @property
    def suggestions(self) -> list[str]:
        """All values, in alphabetical order."""
        return sorted(str(each.value) for each in (*self.visible, *self.others))


def _facet_choices(form: Form) -> dict[str, FacetChoices]:
    """Count each facet's values among the documents that the other filters allow.

    The values that are chosen come first, those that the library does not have included.
    """
    choices: dict[str, FacetChoices] = {}
    for name, facet in FACETS.items():
        values = _facets(form.without_filter(name))[facet][:_MAX_VALUES]
        chosen = [each for each in values if str(each.value) in getattr(form, name)]
        missing = set(getattr(form, name)) - {str(each.value) for each in values}
        rest = [each for each in values if each not in chosen]
        ordered = [*chosen, *(FacetCount(value, 0) for value in sorted(missing)), *rest]
        visible = max(_VISIBLE_VALUES, len(chosen) + len(missing))
        choices[name] = FacetChoices(ordered[:visible], ordered[visible:])
    return choices


def _facets(form: Form) -> Mapping[str, tuple[FacetCount, ...]]:
    try:
        return library().facets(form.to_filters())[1]
    except RequestError:  # the error that the page shows is about this filter
        return library().facets(Filters())[1]


def _render(form: Form, **context: object) -> str:
    _, manifest = library().status()
    return render_template(
        "ask.html",
        form=form,
        choices=_facet_choices(form),
        histogram=Histogram.from_counts(_facets(form.without_filter("years"))["years"]),
        chosen_years=_chosen_years(form),
        max_query_chars=MAX_QUERY_CHARS,
        library_size=manifest.documents,
        reads_english_best=manifest.model == BUNDLED_MODEL,
        filter_names=_filter_names(),
        **context,
    )


def _chosen_years(form: Form) -> tuple[int, int]:
    """Return the first and last year that the form allows; 0 and 9999 where it sets no bound."""
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
def marked_pieces(document: Document, evidence: tuple[Evidence, ...]) -> list[tuple[str, bool]]:
    """Split an abstract into (text, is evidence) pieces that joined give the whole abstract."""
    spans = sorted((each.start, each.end) for each in evidence if each.field == "abstract")
    pieces, position = [], 0
    for start, end in spans:
        pieces.append((document.abstract[position:start], False))
        pieces.append((document.abstract[start:end], True))
        position = end
    pieces.append((document.abstract[position:], False))
    return [piece for piece in pieces if piece[0]]
