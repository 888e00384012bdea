"""The page of an answer: what is in sight, what is folded away, and what is said of each."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from embedder.records import Fit, Verdict
from tests.support.answers import folds_of, hits_of, in_sight, let_fit
from tests.support.app import Element, page_of
from tests.support.search_page import send, title_of

pytestmark = pytest.mark.slow

# Of a library of fourteen documents, ten of which are on the first page.
QUESTION = "What do herons do by the river?"
# One that is read in parts: its documents fit different ones of them.
STORY = (
    "By the river there were herons, which wade where it is not deep at all. "
    "Then I saw that bats hang from a tree there, with their heads below. "
    "At last the dogs came and bark they did, as loud as ever they could."
)
TOTAL, PAGE = 14, 10

BEST: Fit = "best"
SOME: Fit = "likely"
LESS: Fit = "less likely"


def documents_of(client: FlaskClient, question: str = QUESTION) -> list[dict[str, Any]]:
    """All hits of the API's answer."""
    body = {"query": question, "limit": 100}
    found: list[dict[str, Any]] = client.post("/api/search", json=body).get_json()["hits"]
    assert len(found) == TOTAL
    return found


def titles(hits: list[dict[str, Any]]) -> list[str]:
    return [hit["document"]["title"] for hit in hits]


def shown(hits: list[Element]) -> list[str]:
    return [title_of(hit) for hit in hits]


def is_called_less_likely(hit: Element) -> bool:
    return [each.text for each in hit.all("p", **{"class": "unsure"})] == ["Less likely to help"]


def summary_of(fold: Element) -> str:
    """What stands on a fold; its documents have folds of their own."""
    return fold.all("summary")[0].text


def buttons(part: Element) -> dict[str, str]:
    """The ways to other documents in a part of a page, with the place that each leads to."""
    places = part.all("div", **{"class": "paging"})
    return {
        each.text: each.attributes["value"]
        for place in places
        for each in place.all("button", name="offset")
    }


# What is in sight.

# How the fourteen hits fit, and how many are then in sight.
FOLDED: dict[str, tuple[tuple[Fit, ...], int]] = {
    "the first alone fits": ((BEST, *[LESS] * 13), 1),
    "the first three": ((BEST, SOME, SOME, *[LESS] * 11), 3),
    "down to the last that fits, over those that do not": (
        (BEST, LESS, LESS, SOME, LESS, BEST, *[LESS] * 8),
        6,
    ),
    "the first does not": ((LESS, SOME, *[LESS] * 12), 2),
    "all of the page but the last": ((*[SOME] * 9, *[LESS] * 5), 9),
    "one of the next page fits too": ((BEST, *[LESS] * 10, BEST, *[LESS] * 2), 1),
    "none fits": ((LESS,) * 14, 3),
    "none of this page does": ((*[LESS] * 10, *[BEST] * 4), 3),
}
WHOLE: dict[str, tuple[Fit, ...]] = {
    "all fit": (BEST,) * 14,
    "all of the page fit": (*[SOME] * 10, *[LESS] * 4),
    "the last of the page alone fits": (*[LESS] * 9, SOME, *[LESS] * 4),
}


@pytest.mark.parametrize(("fits", "count"), FOLDED.values(), ids=FOLDED)
def test_what_follows_the_last_hit_that_fits_is_folded(
    words_client: FlaskClient, monkeypatch: pytest.MonkeyPatch, fits: tuple[Fit, ...], count: int
) -> None:
    let_fit(monkeypatch, *fits)
    hits = documents_of(words_client)
    assert tuple(hit["fit"] for hit in hits) == fits
    page = page_of(send(words_client, QUESTION))
    (fold,) = folds_of(page)
    # The order is that of the ranks.
    assert shown(hits_of(page)) == titles(hits[:PAGE])
    assert shown(in_sight(page)) == titles(hits[:count])
    assert shown(fold.all("li")) == titles(hits[count:PAGE])
    # A screen reader and a browser count on from what is in sight.
    starts = [each.attributes["start"] for each in page.all("ol", **{"class": "hits"})]
    assert starts == ["1", str(count + 1)]
    # It is closed, and says how many documents of the answer are not in sight: of all its pages.
    assert "open" not in fold.attributes
    assert summary_of(fold) == f"Less likely to help ({TOTAL - count})"
    # The way to the others is there too, and nowhere else.
    assert buttons(fold) == buttons(page) == {"More documents": str(PAGE)}
    assert len(page.all("div", **{"class": "paging"})) == 1


@pytest.mark.parametrize(("chosen", "is_open"), [(0, False), (1, True), (9, True), (10, False)])
def test_a_fold_that_holds_what_was_selected_is_open(
    words_client: FlaskClient, monkeypatch: pytest.MonkeyPatch, chosen: int, is_open: bool
) -> None:
    let_fit(monkeypatch, BEST, *[LESS] * 13)
    key = documents_of(words_client)[chosen]["document"]["id"]
    (fold,) = folds_of(page_of(send(words_client, QUESTION, pick=[key])))
    assert ("open" in fold.attributes) is is_open


@pytest.mark.parametrize("fits", WHOLE.values(), ids=WHOLE)
def test_where_the_last_hit_of_the_page_fits_nothing_is_folded(
    words_client: FlaskClient, monkeypatch: pytest.MonkeyPatch, fits: tuple[Fit, ...]
) -> None:
    let_fit(monkeypatch, *fits)
    page = page_of(send(words_client, QUESTION))
    assert folds_of(page) == []
    assert shown(in_sight(page)) == titles(documents_of(words_client)[:PAGE])
    assert "Less likely to help (" not in page.text
    assert buttons(page) == {"More documents": str(PAGE)}


@pytest.mark.parametrize("fit", [BEST, LESS])
def test_where_there_are_but_three_documents_nothing_is_folded(
    workers_client: FlaskClient, monkeypatch: pytest.MonkeyPatch, fit: Fit
) -> None:
    let_fit(monkeypatch, fit, fit, fit)
    page = page_of(send(workers_client, "Who works in a house?"))
    assert folds_of(page) == []
    assert len(in_sight(page)) == 3
    assert [is_called_less_likely(hit) for hit in in_sight(page)] == [fit == LESS] * 3
    assert buttons(page) == {}


def test_an_answer_without_documents_has_no_fold(client: FlaskClient) -> None:
    page = page_of(send(client, QUESTION, country="Nigeria", year_to="1999"))
    assert "No document is left with these filters." in page.text
    assert (hits_of(page), folds_of(page), buttons(page)) == ([], [], {})


@pytest.mark.parametrize("last", [LESS, BEST])
def test_on_later_pages_nothing_is_folded(
    words_client: FlaskClient, monkeypatch: pytest.MonkeyPatch, last: Fit
) -> None:
    let_fit(monkeypatch, *[LESS] * 13, last)
    page = page_of(send(words_client, QUESTION, offset=str(PAGE)))
    assert folds_of(page) == []
    assert shown(in_sight(page)) == titles(documents_of(words_client)[PAGE:])
    assert page.one("ol", **{"class": "hits"}).attributes["start"] == str(PAGE + 1)
    called = [is_called_less_likely(hit) for hit in hits_of(page)]
    assert called == [True, True, True, last == LESS]
    assert buttons(page) == {"Previous documents": "0"}


def test_the_folded_are_counted_with_all_documents_of_the_answer(
    words_client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_fit(monkeypatch, BEST, SOME, *[LESS] * 12, total=12_345)
    # The number is written as in the language; test_i18n.py has the words.
    for language, number in (("en", "12,343"), ("fr", "12\u202f343"), ("es", "12.343")):
        page = page_of(words_client.post(f"/{language}/", data={"question": QUESTION}))
        (fold,) = folds_of(page)
        assert summary_of(fold).endswith(f" ({number})")


def test_the_page_folds_as_the_api_says(client: FlaskClient) -> None:
    """What the real model says of questions is not written down here, but it is shown."""
    for question in (
        "What should a nurse do who meets a victim?",
        "Which rights do trafficked children have?",
        "How do I recognise a victim of trafficking at a border?",
        "How do I press olive oil?",
        "training of trainers curriculum",
    ):
        answer = client.post("/api/search", json={"query": question}).get_json()
        fitting = [at for at, hit in enumerate(answer["hits"]) if hit["fit"] != LESS]
        count = fitting[-1] + 1 if fitting else 3
        page = page_of(send(client, question))
        assert shown(hits_of(page)) == titles(answer["hits"])
        assert shown(in_sight(page)) == titles(answer["hits"][:count])
        summaries = [summary_of(each) for each in folds_of(page)]
        left = answer["total"] - count
        assert summaries == ([f"Less likely to help ({left})"] if count < PAGE else [])


# What is said of each.


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (
            "strong",
            "The answer is probably in the first documents. Read the marked sentences to check.",
        ),
        ("possible", "These documents may help. Where a sentence is marked, check it first."),
        (
            "none",
            "No clear answer was found, though there may still be one here. "
            "Try a longer question or other words. "
            "The nearest documents are below, but they may not help.",
        ),
    ],
)
def test_the_verdict_is_said_in_words(
    words_client: FlaskClient, monkeypatch: pytest.MonkeyPatch, verdict: Verdict, words: str
) -> None:
    let_fit(monkeypatch, *[LESS] * 14, verdict=verdict)
    heading = page_of(send(words_client, QUESTION)).one("h2", id="results")
    assert heading.text == words
    assert heading.attributes["class"] == f"verdict {verdict}"


def test_a_sentence_is_marked_where_a_hit_fits_and_only_there(
    words_client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits = (BEST, LESS, SOME, LESS, LESS, SOME, LESS, LESS, LESS, LESS)
    let_fit(monkeypatch, *fits, *[LESS] * 4)
    page = page_of(send(words_client, QUESTION))
    # In sight some fit and some do not; in the fold none does.
    assert len(in_sight(page)) == 6
    for hit, given in zip(hits_of(page), documents_of(words_client)[:PAGE], strict=True):
        fitting = given["fit"] != LESS
        sentences = [each for each in given["evidence"] if each["field"] == "abstract"]
        assert sentences
        marked = [each.text for each in sentences_of(hit)]
        assert marked == ([each["text"] for each in sentences] if fitting else [])
        abstract = hit.one("p", **{"class": "abstract"})
        assert abstract.text == given["document"]["abstract"]
        in_text = sorted(sentences, key=lambda each: int(each["start"])) if fitting else []
        assert [each.text for each in abstract.all("mark")] == [each["text"] for each in in_text]
        assert len(hit.all("mark")) == len(marked) + len(in_text)
        assert is_called_less_likely(hit) == (not fitting)


def sentences_of(hit: Element) -> list[Element]:
    """The marked sentences under a title."""
    return [each.one("mark") for each in hit.all("blockquote", **{"class": "evidence"})]


def test_the_part_of_a_story_is_named_where_a_hit_fits_and_only_there(
    words_client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_fit(monkeypatch, *[BEST, LESS] * 7)
    hits = documents_of(words_client, STORY)[:PAGE]
    assert len({part["start"] for hit in hits for part in hit["matched"]}) > 1
    page = page_of(send(words_client, STORY))
    for hit, given in zip(hits_of(page), hits, strict=True):
        parts = [STORY[each["start"] : each["end"]] for each in given["matched"]]
        lines = hit.all("p", **{"class": "hint fits"})
        named = [each.text for line in lines for each in line.all("q")]
        assert parts
        assert named == (parts if given["fit"] == BEST else [])


def test_a_folded_document_has_all_that_others_have(
    words_client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_fit(monkeypatch, *[LESS] * 14)
    page = page_of(send(words_client, QUESTION))
    (fold,) = folds_of(page)
    for hit in fold.all("li"):
        link = hit.one("h3").one("a").attributes["href"]
        assert page_of(words_client.get(link)).one("h1").text == title_of(hit)
        assert [each.text for each in hit.all("summary")] == ["The whole abstract", "Cite"]
        assert len(hit.all("input", type="checkbox", name="pick")) == 1
        for name in ("more", "less"):
            assert len(hit.all("button", name=name)) == 1
    # Of the documents of this page, those that are folded are taken along too.
    taken = [each.attributes["value"] for each in page.all("input", name="shown")]
    assert taken == [hit["document"]["id"] for hit in documents_of(words_client)[:PAGE]]
