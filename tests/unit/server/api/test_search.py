"""POST /api/search: answers that are true to the library, and errors that say what to do."""

from __future__ import annotations

import json
import logging
import re
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from typing import Any, get_args

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from embedder.records import Fit
from embedder.search.verdict import VerdictModel
from tests.support.app import CANARY, Ask, Running, error_of

Documents = list[dict[str, Any]]

# No places or topics in them, so that nothing but the filters narrows the answer.
QUESTIONS = [
    "How are victims identified?",
    "What should a nurse do?",
    "They took her passport and she works in a house without pay.",
    "Which mistakes are made in research and data collection?",
    "training for judges and police officers",
    "business and supply chains",
    "children travelling alone",
    "re-trafficking after return",
    "Victims who are men. How do they get help?\nAnd who pays for it?",
    "COVID-19",
    "ünïcödé “quotes” — dashes … 🙂",
    "what works",
]
MODES = ["hybrid", "semantic", "keyword"]
# From the best to the worst.
FITS = get_args(Fit)


def hits_of(response: TestResponse) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.get_data(as_text=True)
    hits: list[dict[str, Any]] = response.get_json()["hits"]
    return hits


def ids_of(response: TestResponse) -> list[str]:
    return [each["document"]["id"] for each in hits_of(response)]


# Answers.


def test_an_answer_has_the_documented_keys_and_types(ask: Ask) -> None:
    answer = ask("How are victims identified?", limit=3).get_json()
    types = {
        "verdict": str,
        "probability": float,
        "total": int,
        "hits": list,
        "facets": dict,
        "languages": list,
        "model": str,
        "generation": int,
        "took_ms": float,
    }
    assert {name: type(answer[name]) for name in types} == types
    assert answer["verdict"] in {"strong", "possible", "none"}
    assert 0.0 <= answer["probability"] <= 1.0
    assert (answer["total"], answer["model"]) == (41, "all-MiniLM-L6-v2")
    assert answer["generation"] == 1
    assert answer["languages"] == ["en"]
    assert set(answer["facets"]) >= {"countries", "regions", "topics", "authors", "years"}
    for counts in answer["facets"].values():
        assert all(set(each) == {"value", "count"} for each in counts)


def test_a_hit_has_the_documented_keys_and_types(ask: Ask, documents: Documents) -> None:
    by_id = {each["id"]: each for each in documents}
    for rank, hit in enumerate(hits_of(ask("How are victims identified?", limit=41)), start=1):
        assert hit["rank"] == rank
        assert 0.0 <= hit["score"] <= 1.0
        assert -1.0 <= hit["similarity"] <= 1.0
        assert hit["fit"] in {"best", "likely", "less likely"}
        assert hit["document"] == by_id[hit["document"]["id"]]
        assert {"semantic", "keyword"} <= set(hit["legs"])
        assert hit["evidence"]
        for each in hit["evidence"]:
            assert {"field", "start", "end", "text", "similarity"} <= set(each)


def test_the_default_limit_is_ten_hits(ask: Ask) -> None:
    assert len(hits_of(ask("How are victims identified?"))) == 10


def test_a_limit_above_the_count_gives_all(ask: Ask) -> None:
    assert len(set(ids_of(ask("How are victims identified?", limit=100)))) == 41


# BUG: in the hybrid mode one title of 41 does not find its own document first: "Human Trafficking -
# How To Investigate It? Training Manual for Law Enforcement Officers".
@pytest.mark.parametrize("mode", ["hybrid", "keyword"])
def test_a_title_word_for_word_comes_first(ask: Ask, documents: Documents, mode: str) -> None:
    titles = {each["id"]: each["title"] for each in documents}
    firsts = {key: ids_of(ask(title, mode=mode, limit=1)) for key, title in titles.items()}
    assert {titles[key]: first for key, first in firsts.items() if first != [key]} == {}


# BUG: where even the best sentence has a negative cosine (here the one with the emoji), 0.9 of it
# is more than itself, so `_evidence` gives none. Suggested: always give the best, and a second
# only if `similarity >= best - 0.1 * abs(best)`.
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("question", QUESTIONS)
def test_evidence_is_cut_from_the_document_to_the_letter(
    ask: Ask, question: str, mode: str
) -> None:
    hits = hits_of(ask(question, mode=mode, limit=41))
    for hit in hits:
        assert hit["evidence"], hit["document"]["id"]
        for each in hit["evidence"]:
            assert each["field"] in {"title", "abstract"}
            assert each["text"]
            assert each["text"] == hit["document"][each["field"]][each["start"] : each["end"]]
            assert -1.0 <= each["similarity"] <= 1.0
    assert hits or mode == "keyword"


@pytest.mark.parametrize("mode", MODES)
def test_hits_are_ordered_by_score(ask: Ask, mode: str) -> None:
    scores = [hit["score"] for hit in hits_of(ask(QUESTIONS[0], mode=mode, limit=41))]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) > 5


def test_keyword_mode_finds_only_documents_with_a_word(ask: Ask, documents: Documents) -> None:
    holders = {
        each["id"]
        for each in documents
        if re.search(r"\bnurs|\bcurricul", f"{each['title']} {each['abstract']}", re.IGNORECASE)
    }
    assert 0 < len(holders) < 20
    response = ask("curriculum nurses", mode="keyword", limit=41, expand=False)
    assert set(ids_of(response)) == holders
    assert response.get_json()["total"] == len(holders)
    assert all(hit["legs"]["keyword"] > 0 for hit in hits_of(response))


def test_words_that_occur_nowhere_find_nothing(ask: Ask) -> None:
    response = ask(CANARY, mode="keyword")
    assert (response.get_json()["total"], hits_of(response)) == (0, [])
    assert all(counts == [] for counts in response.get_json()["facets"].values())
    assert (response.get_json()["verdict"], response.get_json()["probability"]) == ("none", 0.0)


def test_search_operators_are_words(ask: Ask) -> None:
    for question in ('title:"nurse" AND NOT police', "a OR (b", '"', "*", "nurse~2 ^5", "-victims"):
        if re.search(r"\w", question):
            assert ask(question, mode="keyword").status_code == 200


@pytest.mark.parametrize("mode", MODES)
def test_the_same_question_has_the_same_answer(ask: Ask, mode: str) -> None:
    one, other = (ask(QUESTIONS[2], mode=mode, limit=41).get_json() for _ in range(2))
    del one["took_ms"], other["took_ms"]
    assert one == other


@pytest.mark.slow
def test_a_page_of_text_is_read_to_its_end(ask: Ask, documents: Documents) -> None:
    """Ten thousand characters: more than the model reads at once."""
    filler = "The weather was fine on that day and nothing happened. " * 200
    target = next(each for each in documents if "Mekong" in each["title"])
    text = filler[: 10_000 - len(target["abstract"])] + target["abstract"]
    assert len(text) == 10_000
    plain = ask(filler[:10_000], mode="semantic", limit=41)
    similarity = {hit["document"]["id"]: hit["similarity"] for hit in hits_of(plain)}
    moved = {
        hit["document"]["id"]: hit["similarity"]
        for hit in hits_of(ask(text, mode="semantic", limit=41))
    }
    assert moved[target["id"]] > similarity[target["id"]] + 0.01


# How sure an answer is, and how well each hit fits. What a question gets is not written down here:
# it is learnt anew now and then.


@pytest.mark.parametrize("mode", MODES)
def test_a_nearer_document_fits_no_worse(ask: Ask, mode: str) -> None:
    seen = set()
    for question in QUESTIONS:
        hits = hits_of(ask(question, mode=mode, limit=41))
        nearest_first = sorted(hits, key=lambda hit: -hit["similarity"])
        fits = [FITS.index(hit["fit"]) for hit in nearest_first]
        assert fits == sorted(fits), question
        seen |= set(fits)
    assert len(seen) > 1, "all documents fit alike, whatever is asked"


def test_the_words_of_a_document_are_more_probably_answered_than_others(ask: Ask) -> None:
    title = "Caring for Trafficked Persons Guidance for Health Providers"
    found, elsewhere = (
        ask(text).get_json()["probability"] for text in (title, "How do I press olive oil?")
    )
    assert 0.0 <= elsewhere < found <= 1.0


def test_where_nothing_answers_no_hit_is_likely_to(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if each hit would do, were it not for the verdict.
    monkeypatch.setattr(VerdictModel, "fit", lambda *_: "best")
    monkeypatch.setattr(VerdictModel, "decide", lambda *_: "possible")
    before = ask(QUESTIONS[0], limit=41).get_json()
    assert {hit["fit"] for hit in before["hits"]} == {"best"}
    monkeypatch.setattr(VerdictModel, "decide", lambda *_: "none")
    after = ask(QUESTIONS[0], limit=41).get_json()
    assert after["verdict"] == "none"
    assert {hit["fit"] for hit in after["hits"]} == {"less likely"}
    # Nothing else is said to be different.
    assert after["probability"] == before["probability"]
    assert [{**hit, "fit": "best"} for hit in after["hits"]] == before["hits"]


def test_a_probability_is_rounded_to_three_digits(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    for exact, shown in ((0.12345678, 0.123), (0.9996, 1.0), (1e-9, 0.0)):
        monkeypatch.setattr(VerdictModel, "probability", lambda *_, found=exact: found)
        assert ask(QUESTIONS[0]).get_json()["probability"] == shown


# Pages of hits.


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("length", [4, 10])
def test_pages_together_are_the_whole_answer(ask: Ask, mode: str, length: int) -> None:
    whole = ask(QUESTIONS[0], mode=mode, limit=100).get_json()
    hits: list[dict[str, Any]] = []
    for offset in range(0, whole["total"] + length, length):
        page = ask(QUESTIONS[0], mode=mode, limit=length, offset=offset).get_json()
        assert (page["total"], page["facets"]) == (whole["total"], whole["facets"])
        assert page["verdict"] == whole["verdict"]
        assert page["probability"] == whole["probability"]
        hits += page["hits"]
    assert hits == whole["hits"]
    assert len({hit["document"]["id"] for hit in hits}) == len(hits) == whole["total"]
    assert [hit["rank"] for hit in hits] == list(range(1, len(hits) + 1))


def test_a_page_past_the_end_is_empty(ask: Ask) -> None:
    page = ask(QUESTIONS[0], offset=41).get_json()
    assert (page["hits"], page["total"]) == ([], 41)
    # It is about the whole answer.
    assert page["probability"] == ask(QUESTIONS[0]).get_json()["probability"]


# Filters.


def worldwide(document: dict[str, Any], field: str) -> bool:
    return "Worldwide" in document[field]


Keeps = Callable[[dict[str, Any]], bool]

FILTERS: dict[str, tuple[dict[str, Any], Keeps]] = {
    "none": ({}, lambda _: True),
    "a country": ({"countries": ["Lebanon"]}, lambda d: "Lebanon" in d["countries"]),
    "a country by code": ({"countries": ["LBN"]}, lambda d: "LBN" in d["country_codes"]),
    "a country by small code": ({"countries": ["lb"]}, lambda d: "LBN" in d["country_codes"]),
    "a country by another name": (
        {"countries": ["viet nam"]},
        lambda d: "Vietnam" in d["countries"],
    ),
    "two countries": (
        {"countries": ["Armenia", "Nigeria"]},
        lambda d: bool({"Armenia", "Nigeria"} & set(d["countries"])),
    ),
    "the world": ({"countries": ["Worldwide"]}, lambda d: worldwide(d, "countries")),
    "a country and the world": (
        {"countries": ["Lebanon"], "include_worldwide": True},
        lambda d: "Lebanon" in d["countries"] or worldwide(d, "countries"),
    ),
    "a region": (
        {"regions": ["Asia and the Pacific"]},
        lambda d: "Asia and the Pacific" in d["regions"],
    ),
    "a region in capitals": (
        {"regions": ["ASIA AND THE  PACIFIC"]},
        lambda d: "Asia and the Pacific" in d["regions"],
    ),
    "a region and the world": (
        {"regions": ["Asia and the Pacific"], "include_worldwide": True},
        lambda d: "Asia and the Pacific" in d["regions"] or worldwide(d, "regions"),
    ),
    "the world alone is no filter": ({"include_worldwide": True}, lambda _: True),
    "a topic": (
        {"topics": ["Referral Mechanisms"]},
        lambda d: "Referral Mechanisms" in d["topics"],
    ),
    "a topic in small letters": (
        {"topics": ["trafficking"]},
        lambda d: "Trafficking" in d["topics"],
    ),
    "an author": ({"authors": ["Claire Healy"]}, lambda d: "Claire Healy" in d["authors"]),
    "part of an author": ({"authors": ["healy"]}, lambda d: "Claire Healy" in d["authors"]),
    "an author without accents": (
        {"authors": ["marketa von hagen"]},
        lambda d: "Markéta Von Hagen" in d["authors"],
    ),
    "from a year": ({"year_from": 2019}, lambda d: d["year"] >= 2019),
    "to a year": ({"year_to": 2010}, lambda d: d["year"] <= 2010),
    "one year": ({"year_from": 2015, "year_to": 2015}, lambda d: d["year"] == 2015),
    "a year without any": ({"year_from": 1950, "year_to": 1951}, lambda _: False),
    "all that there is": (
        {
            "countries": ["Worldwide"],
            "regions": ["Worldwide"],
            "topics": ["Trafficking", "Referral Mechanisms"],
            "year_from": 2016,
            "year_to": 2020,
        },
        lambda d: (
            worldwide(d, "countries") and worldwide(d, "regions") and 2016 <= d["year"] <= 2020
        ),
    ),
    "what excludes itself": (
        {"countries": ["Lebanon"], "regions": ["Asia and the Pacific"]},
        lambda _: False,
    ),
}


def recount(documents: Documents) -> dict[str, dict[Any, int]]:
    """Count the facets anew."""
    found: dict[str, dict[Any, int]] = {
        name: dict(Counter(value for each in documents for value in each[name]))
        for name in ("countries", "regions", "topics", "authors")
    }
    found["years"] = dict(Counter(each["year"] for each in documents))
    return found


@pytest.mark.parametrize("mode", ["hybrid", "semantic"])
@pytest.mark.parametrize(("filters", "keeps"), FILTERS.values(), ids=FILTERS)
def test_filters_keep_the_right_documents_and_count_them(
    ask: Ask, documents: Documents, filters: dict[str, Any], keeps: Keeps, mode: str
) -> None:
    kept = [each for each in documents if keeps(each)]
    response = ask(QUESTIONS[0], mode=mode, filters=filters, limit=41)
    assert set(ids_of(response)) == {each["id"] for each in kept}
    answer = response.get_json()
    assert answer["total"] == len(kept)
    counted = {
        name: {each["value"]: each["count"] for each in answer["facets"][name]}
        for name in ("countries", "regions", "topics", "authors", "years")
    }
    assert counted == recount(kept)


@pytest.mark.parametrize(("filters", "keeps"), FILTERS.values(), ids=FILTERS)
def test_filters_keep_the_same_by_keyword(
    ask: Ask, documents: Documents, filters: dict[str, Any], keeps: Keeps
) -> None:
    everything = ids_of(ask("victims trafficking", mode="keyword", limit=41))
    assert len(everything) > 30
    kept = {each["id"] for each in documents if keeps(each)}
    response = ask("victims trafficking", mode="keyword", filters=filters, limit=41)
    assert set(ids_of(response)) == kept & set(everything)
    assert response.get_json()["total"] == len(kept & set(everything))


def test_facets_are_listed_commonest_first(ask: Ask) -> None:
    for counts in ask(QUESTIONS[0]).get_json()["facets"].values():
        numbers = [each["count"] for each in counts]
        assert numbers == sorted(numbers, reverse=True)
        assert len({each["value"] for each in counts}) == len(counts)


# BUG: `carries[self._carriers.get(each, ())]`: indexing with an empty tuple means *all* of an
# array, so a filter for a country that no document has lets every document through.
# Suggested: `if each in self._carriers:` before it.
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("country", ["France", "FRA", "fr"])
def test_a_country_without_documents_keeps_none(ask: Ask, country: str, mode: str) -> None:
    answer = ask("victims", mode=mode, filters={"countries": [country]}).get_json()
    assert (answer["total"], answer["hits"]) == (0, [])


# BUG: the same where nothing in the library is marked Worldwide.
def test_include_worldwide_adds_nothing_where_no_document_is_worldwide(
    client_of: Callable[..., FlaskClient],
) -> None:
    client = client_of(
        {"id": "a", "title": "One", "abstract": "Victims.", "countries": ["Lebanon"]},
        {"id": "b", "title": "Two", "abstract": "Victims.", "countries": ["Nigeria"]},
    )
    filters = {"countries": ["Lebanon"], "include_worldwide": True}
    response = client.post("/api/search", json={"query": "victims", "filters": filters})
    assert ids_of(response) == ["a"]


# BUG: an author of nothing but marks folds to no words, and no words are in every name.
def test_an_author_without_a_letter_is_unknown(ask: Ask) -> None:
    response = ask("victims", filters={"authors": ["\u0301"]})
    assert error_of(response, 422)["type"] == "unknown_value"


@pytest.mark.parametrize("mode", MODES)
def test_min_similarity_keeps_hits_at_or_above_it(ask: Ask, mode: str) -> None:
    everyone = hits_of(ask(QUESTIONS[0], mode=mode, limit=100))
    middle = sorted(hit["similarity"] for hit in everyone)[len(everyone) // 2] - 1e-4
    wanted = {hit["document"]["id"] for hit in everyone if hit["similarity"] >= middle}
    assert 0 < len(wanted) < len(everyone)
    response = ask(QUESTIONS[0], mode=mode, limit=100, min_similarity=middle)
    assert set(ids_of(response)) == wanted
    assert response.get_json()["total"] == len(wanted)


@pytest.mark.parametrize(("least", "total"), [(-1, 41), (-1.0, 41), (1, 0), (1.0, 0), (None, 41)])
def test_min_similarity_at_its_ends(ask: Ask, least: float | None, total: int) -> None:
    assert ask(QUESTIONS[0], min_similarity=least).get_json()["total"] == total


# Marked documents.


def test_marked_documents_change_the_order_alone(words_client: FlaskClient) -> None:
    asked = {"query": "What do herons do by the river?", "limit": 100}
    before = words_client.post("/api/search", json=asked)
    marks = {"like": ["moles", "jays"], "unlike": ["herons"]}
    after = words_client.post("/api/search", json={**asked, **marks})
    assert ids_of(before)[0] == ids_of(after)[-1] == "herons"
    assert sorted(ids_of(after)) == sorted(ids_of(before))
    for name in ("verdict", "probability", "total", "facets"):
        assert after.get_json()[name] == before.get_json()[name]
    fits = [
        {hit["document"]["id"]: hit["fit"] for hit in hits_of(response)}
        for response in (before, after)
    ]
    assert fits[0] == fits[1]
    batch = words_client.post("/api/search/batch", json={"questions": [{**asked, **marks}, asked]})
    refined, plain = batch.get_json()["answers"]
    assert refined["hits"] == hits_of(after)
    assert plain["hits"] == hits_of(before)


def test_a_document_that_cannot_be_marked_is_named_with_its_question(
    words_client: FlaskClient,
) -> None:
    good, bad = {"query": "herons"}, {"query": "herons", "unlike": ["wolves"]}
    response = words_client.post("/api/search/batch", json={"questions": [good, bad]})
    error = error_of(response, 422)
    assert (error["type"], error["field"]) == ("invalid", "questions.1.unlike")


# What was understood.


def test_what_was_understood_says_whether_a_hit_has_it_and_can_be_ignored(
    workers_client: FlaskClient,
) -> None:
    asked = {"query": "My nanny heard of THB from her boss.", "mode": "keyword"}
    before = workers_client.post("/api/search", json=asked)
    assert before.get_json()["understood"] == [
        {"kind": "term", "start": 3, "end": 8, "meaning": "domestic worker", "used": True},
        {"kind": "term", "start": 18, "end": 21, "meaning": "trafficking in persons", "used": True},
        {"kind": "term", "start": 31, "end": 35, "meaning": "employer", "used": False},
    ]
    assert set(ids_of(before)) == {"maids", "trade"}
    ignoring = {**asked, "ignore": ["Domestic worker", "employer"]}
    after = workers_client.post("/api/search", json=ignoring)
    assert [each["meaning"] for each in after.get_json()["understood"]] == [
        "trafficking in persons"
    ]
    assert ids_of(after) == ["trade"]
    batch = workers_client.post("/api/search/batch", json={"questions": [asked, ignoring]})
    for answer, wanted in zip(batch.get_json()["answers"], (before, after), strict=True):
        assert answer["hits"] == hits_of(wanted)
        assert answer["understood"] == wanted.get_json()["understood"]


# Errors.

Q = f"the {CANARY} question"

BAD_BODIES: dict[str, tuple[Any, str | None, str]] = {
    "no question": ({}, "query", "query: Field required"),
    "an empty question": ({"query": ""}, "query", "query: The text is empty. Write something."),
    "a blank question": (
        {"query": " \n\t\u2003"},
        "query",
        "the question is empty. Write a few words or a situation.",
    ),
    "no word": ({"query": "?! … —"}, "query", "the question holds no word. Write a few words."),
    "20,000 characters": (
        {"query": f"{Q} " + "x" * 20_000},
        "query",
        "query: The text is too long. Send 10000 characters at most.",
    ),
    "a zero byte": (
        {"query": f"{Q}\0"},
        "query",
        "the question holds control characters. Send plain text.",
    ),
    "an escape": (
        {"query": f"{Q}\x1b[2J"},
        "query",
        "the question holds control characters. Send plain text.",
    ),
    "delete": (
        {"query": f"{Q}\x7f"},
        "query",
        "the question holds control characters. Send plain text.",
    ),
    "a number for a question": ({"query": 5}, "query", "query: Input should be a valid string"),
    "null for a question": ({"query": None}, "query", "query: Input should be a valid string"),
    "a list for a question": ({"query": [Q]}, "query", "query: Input should be a valid string"),
    "a list for filters": (
        {"query": Q, "filters": [Q]},
        "filters",
        "filters: Input should be a JSON object",
    ),
    "fifty-one topics": (
        {"query": Q, "filters": {"topics": [Q] * 51}},
        "filters.topics",
        "filters.topics: 51 are too many. Send 50 at most.",
    ),
    "a negative limit": (
        {"query": Q, "limit": -1},
        "limit",
        "limit: Input should be greater than or equal to 1",
    ),
    "no limit": (
        {"query": Q, "limit": 0},
        "limit",
        "limit: Input should be greater than or equal to 1",
    ),
    "a large limit": (
        {"query": Q, "limit": 101},
        "limit",
        "limit: Input should be less than or equal to 100",
    ),
    "a huge limit": (
        {"query": Q, "limit": 10**30},
        "limit",
        "limit: Input should be less than or equal to 100",
    ),
    "a limit in words": (
        {"query": Q, "limit": "10"},
        "limit",
        "limit: Input should be a valid integer",
    ),
    "half a limit": ({"query": Q, "limit": 1.5}, "limit", "limit: Input should be a valid integer"),
    "a true limit": (
        {"query": Q, "limit": True},
        "limit",
        "limit: Input should be a valid integer",
    ),
    "a negative offset": (
        {"query": Q, "offset": -1},
        "offset",
        "offset: Input should be greater than or equal to 0",
    ),
    "a huge offset": (
        {"query": Q, "offset": 10**12},
        "offset",
        "offset: Input should be less than 1000",
    ),
    "an unknown document": (
        {"query": Q, "like": ["wolves"]},
        "like",
        "no document has the id 'wolves'. 'fingerpost documents' and GET /api/documents list them "
        "all.",
    ),
    "twenty-one documents": (
        {"query": Q, "unlike": ["wolves"] * 21},
        "unlike",
        "unlike: 21 are too many. Send 20 at most.",
    ),
    "fifty-one meanings": (
        {"query": Q, "ignore": [CANARY] * 51},
        "ignore",
        "ignore: 51 are too many. Send 50 at most.",
    ),
    "a page past the depth": (
        {"query": Q, "offset": 995, "limit": 10},
        "offset",
        "only the first 1000 hits can be paged through. Narrow with filters.",
    ),
    "an unknown mode": (
        {"query": Q, "mode": "magic"},
        "mode",
        "mode: Input should be 'hybrid', 'semantic' or 'keyword'",
    ),
    "an unknown key": ({"query": Q, "top_k": 3}, "top_k", "top_k: unknown key"),
    "text as a key": ({"query": Q, f"a {CANARY}!": 3}, "body", "body: unknown key"),
    "an unknown filter": (
        {"query": Q, "filters": {"country": ["Lebanon"]}},
        "filters.country",
        "filters.country: unknown key",
    ),
    "a filter that is no list": (
        {"query": Q, "filters": {"countries": "Lebanon"}},
        "filters.countries",
        "filters.countries: Input should be a valid list",
    ),
    "years exchanged": (
        {"query": Q, "filters": {"year_from": 2020, "year_to": 2010}},
        None,
        "the first year, 2020, is later than the last, 2010. Exchange them.",
    ),
    "an unknown topic": (
        {"query": Q, "filters": {"topics": ["Cooking"]}},
        None,
        "'Cooking' is not among the library's topics. The nearest it has: "
        "'Trafficking', 'Referral Mechanisms'.",
    ),
    "too near": (
        {"query": Q, "min_similarity": 1.5},
        "min_similarity",
        "min_similarity: Input should be less than or equal to 1",
    ),
    "a list for a body": ([Q], None, "The body must be a JSON object."),
    "a string for a body": (Q, None, "The body must be a JSON object."),
}


@pytest.mark.parametrize(("body", "field", "message"), BAD_BODIES.values(), ids=BAD_BODIES)
def test_a_bad_body_is_answered_with_what_is_wrong(
    client: FlaskClient,
    caplog: pytest.LogCaptureFixture,
    body: object,
    field: str | None,
    message: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    response = client.post("/api/search", json=body)
    error = error_of(response, 422)
    assert error["message"] == message
    assert error["type"] in {"invalid", "unknown_value"}
    if field:
        assert error["field"] == field
    assert CANARY not in response.get_data(as_text=True)
    assert CANARY not in caplog.text


RAW_BODIES: dict[str, tuple[bytes, int]] = {
    "nothing": (b"", 400),
    "no JSON": (f'{{"query": "{Q}"'.encode(), 400),
    "single quotes": (f"{{'query': '{Q}'}}".encode(), 400),
    "no UTF-8": (f'{{"query": "{Q} \xff"}}'.encode("latin-1"), 400),
    "a number of 5,000 digits": (f'{{"query": "{Q}", "limit": {"9" * 5000}}}'.encode(), 400),
    "half a character": (f'{{"query": "{Q} \\ud83d"}}'.encode(), 422),
    "NaN": (f'{{"query": "{Q}", "min_similarity": NaN}}'.encode(), 422),
    "infinity": (f'{{"query": "{Q}", "min_similarity": 1e999}}'.encode(), 422),
    "null": (b"null", 422),
    # BUG: JSON nested this deep is a RecursionError in Python's decoder: 500 and a log entry.
    "100,000 brackets": (f'["{Q}",'.encode() + b"[" * 100_000, 400),
    "50,000 objects": (f'{{"{Q}":'.encode() + b'{"a":' * 50_000, 400),
}


@pytest.mark.parametrize(("body", "status"), RAW_BODIES.values(), ids=RAW_BODIES)
def test_a_broken_body_is_the_callers_error(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, body: bytes, status: int
) -> None:
    caplog.set_level(logging.DEBUG)
    response = client.post("/api/search", data=body, content_type="application/json")
    error = error_of(response, status)
    if status == 400:
        assert error == {
            "type": "bad_request",
            "message": "The body is not JSON that can be read.",
        }
    assert CANARY not in response.get_data(as_text=True)
    assert CANARY not in caplog.text
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/html", ""],
)
def test_another_content_type_is_refused(client: FlaskClient, kind: str) -> None:
    body = json.dumps({"query": Q}).encode()
    response = client.post("/api/search", data=body, headers={"Content-Type": kind})
    assert error_of(response, 415) == {
        "type": "unsupported_media_type",
        "message": "Send JSON, with the header Content-Type: application/json.",
    }
    assert CANARY not in response.get_data(as_text=True)


def test_an_unpaired_surrogate_is_not_text(client: FlaskClient) -> None:
    body = json.dumps({"query": f"{Q}\ud800"})
    response = client.post("/api/search", data=body, content_type="application/json")
    error = error_of(response, 422)
    assert error["message"] == "query: The text holds an unpaired surrogate."


def test_other_json_media_types_are_accepted(client: FlaskClient) -> None:
    body = json.dumps({"query": "victims"}).encode()
    for kind in ("application/json; charset=utf-8", "application/ld+json"):
        response = client.post("/api/search", data=body, headers={"Content-Type": kind})
        assert response.status_code == 200


def test_a_body_too_large_is_refused(client: FlaskClient) -> None:
    body = json.dumps({"query": Q + "x" * 8_400_000}).encode()
    response = client.post("/api/search", data=body, content_type="application/json")
    assert error_of(response, 413) == {
        "type": "request_entity_too_large",
        "message": "What was sent is too large. At most 8388608 bytes are read.",
    }
    assert CANARY not in response.get_data(as_text=True)


# Waitress, which would refuse it in plain text and without our headers, takes twice as much.
@pytest.mark.slow
def test_a_real_server_refuses_it_in_our_shape(running: Running) -> None:
    body = json.dumps({"query": Q + "x" * 8_400_000}).encode()
    request = urllib.request.Request(  # noqa: S310
        f"{running.address}/api/search", body, {"Content-Type": "application/json"}
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=30)  # noqa: S310
    with caught.value as response:
        assert response.status == 413
        assert response.headers["Content-Type"] == "application/json"
        assert response.headers["Cache-Control"] == "no-store"
        assert (
            json.load(response)["error"]["message"]
            == "What was sent is too large. At most 8388608 bytes are read."
        )


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
@pytest.mark.parametrize("path", ["/api/search", "/api/search/batch"])
def test_asking_by_another_method_is_refused(client: FlaskClient, path: str, method: str) -> None:
    response = getattr(client, method)(f"{path}?query={CANARY}")
    assert error_of(response, 405) == {
        "type": "method_not_allowed",
        "message": (
            "Ask by POST, with the question in the body: "
            "text in a URL ends up in logs and histories."
        ),
    }
    assert "POST" in response.headers["Allow"]
    assert CANARY not in str(response.headers)


def test_an_unknown_value_names_the_nearest(ask: Ask) -> None:
    response = ask(Q, filters={"authors": ["Clare Heely"]})
    error = error_of(response, 422)
    assert error["type"] == "unknown_value"
    assert error["message"].startswith(
        "'Clare Heely' is not among the library's authors. The nearest it has: 'Claire Healy'"
    )
    assert CANARY not in response.get_data(as_text=True)


# BUG: a filter's field is `filters.countries` where its shape is wrong, and `countries` where
# its value is. One name for one field: a program that shows the error beside it needs that.
@pytest.mark.parametrize(
    ("filters", "field"),
    [
        ({"countries": ["Atlantis"]}, "filters.countries"),
        ({"year_from": 2020, "year_to": 2010}, "filters.year_from"),
    ],
)
def test_a_filter_has_one_name_in_every_error(
    ask: Ask, filters: dict[str, Any], field: str
) -> None:
    assert error_of(ask(Q, filters=filters), 422)["field"] == field


@pytest.mark.parametrize(
    "question",
    ["<script>alert(1)</script>", "' OR 1=1; --", "{{ 7 * 7 }}", "../../etc/passwd", "%s%n \\x"],
)
def test_an_attack_is_a_question_like_any_other(ask: Ask, question: str) -> None:
    response = ask(question)
    assert response.get_json()["total"] == 41
    assert "<script>" not in response.get_data(as_text=True)


# The sentence splitter (sentencex, in Rust) panics at some of these, which is no Exception.
@pytest.mark.parametrize("space", ["\u00a0", "\u0085", "\u2028", "\u3000", "\u202f"])
def test_any_white_space_can_stand_in_a_question(ask: Ask, space: str) -> None:
    assert ask(f"See Annex B{space}. And{space}then?").status_code == 200


@pytest.mark.slow
@pytest.mark.parametrize(
    "question",
    ["x" * 10_000, "漢" * 10_000, "a. " * 3_333, "é\u0301" * 5_000, "word " * 2_000, "1 " * 5_000],
    ids=["one word", "Chinese", "sentences", "marks", "one word again and again", "numbers"],
)
def test_the_longest_questions_are_answered(ask: Ask, question: str) -> None:
    assert ask(question).get_json()["total"] == 41


def test_there_is_no_answer_without_a_library(empty_client: FlaskClient) -> None:
    response = empty_client.post("/api/search", json={"query": Q})
    error = error_of(response, 503)
    assert error["type"] == "library_missing"
    assert error["message"].endswith("yet. Build it: fingerpost index")
