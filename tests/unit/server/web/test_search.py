"""The pages for people: forms without a script that give true, whole and safe answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from server.web.forms import FACETS
from tests.support.app import CANARY, Ask, Element, error_of, fields_of, page_of

Documents = list[dict[str, Any]]

QUESTION = "What should a nurse do who meets a victim?"
NURSES = "caring-for-trafficked-persons-guidance-for-3b2e2f37"
MERGED = "trafficking-along-migration-routes-to-europe-c1d794c7"


def send(client: FlaskClient, question: str, **fields: str | list[str]) -> TestResponse:
    """Send the form as a browser does, with all its fields."""
    return client.post("/", data={"year_from": "", "year_to": "", "question": question, **fields})


def hits_of(page: Element) -> list[Element]:
    return page.one("ol", **{"class": "hits"}).all("li")


def ticked(page: Element, name: str) -> list[str]:
    """The values of a facet that are chosen."""
    boxes = form_of(page).all("input", type="checkbox", name=name)
    return [each.attributes["value"] for each in boxes if "checked" in each.attributes]


def title_of(hit: Element) -> str:
    return hit.one("h3").text


def form_of(page: Element) -> Element:
    return page.one("form", **{"class": "ask"})


# Asking.


def test_the_first_page_is_an_empty_box(client: FlaskClient) -> None:
    page = page_of(client.get("/"))
    form = form_of(page)
    assert (form.attributes["method"], form.attributes["action"]) == ("post", "/")
    written = {name: value for name, value in fields_of(form).items() if value}
    assert written == {}
    assert "Searches 41 documents." in page.text
    assert page.all("ol", **{"class": "hits"}) == []


def test_every_field_has_a_label(client: FlaskClient) -> None:
    for page in (page_of(client.get("/")), page_of(send(client, QUESTION))):
        form = form_of(page)
        labels = form.all("label")
        labelled = {each.attributes.get("for", "") for each in labels}
        inside = [field for each in labels for field in each.all("input")]
        fields = [*form.all("input"), *form.all("textarea")]
        assert len(fields) > 30
        for each in fields:
            hidden = each.attributes.get("type") == "hidden"
            assert hidden or each in inside or each.attributes["id"] in labelled


def test_the_filters_offer_what_the_library_has(client: FlaskClient, documents: Documents) -> None:
    form = form_of(page_of(client.get("/")))
    for field, name in FACETS.items():
        boxes = form.all("input", type="checkbox", name=field)
        offered = {each.attributes["value"] for each in boxes}
        for each in form.all("datalist", id=f"all-{field}"):
            offered |= {option.attributes["value"] for option in each.all("option")}
        assert offered == {value for each in documents for value in each[name]}


def test_a_plain_form_is_answered_as_the_api_answers(client: FlaskClient, ask: Ask) -> None:
    page = page_of(send(client, QUESTION))
    hits = ask(QUESTION).get_json()["hits"]
    assert [title_of(each) for each in hits_of(page)] == [hit["document"]["title"] for hit in hits]
    assert "41 documents" in page.text
    assert len(hits) == 10


def test_a_form_with_a_file_part_is_answered_too(client: FlaskClient) -> None:
    response = client.post("/", data={"question": QUESTION}, content_type="multipart/form-data")
    assert len(hits_of(page_of(response))) == 10


def test_the_question_is_kept_in_the_box(client: FlaskClient) -> None:
    text = "Line one\nLine two & <three> \"four\" 'five' – ünï 🙂"
    form = form_of(page_of(send(client, text.replace("\n", "\r\n"))))
    assert fields_of(form)["question"] == text


def test_the_evidence_is_marked_and_the_abstract_whole(client: FlaskClient, ask: Ask) -> None:
    page = page_of(send(client, QUESTION))
    marks = 0
    for shown, hit in zip(hits_of(page), ask(QUESTION).get_json()["hits"], strict=True):
        abstract = shown.one("p", **{"class": "abstract"})
        assert abstract.text == hit["document"]["abstract"]
        marked = [each.text for each in abstract.all("mark")]
        wanted = sorted(
            (each["start"], each["text"]) for each in hit["evidence"] if each["field"] == "abstract"
        )
        assert marked == [text for _, text in wanted]
        marks += len(marked)
    assert marks >= 10


def test_a_hit_shows_its_metadata_and_leads_to_its_page(client: FlaskClient) -> None:
    page = page_of(send(client, "training of trainers curriculum", country="Lebanon"))
    (hit,) = hits_of(page)
    facts = {each.one("dt").text: each.one("dd").text for each in hit.one("dl").all("div")}
    assert facts == {
        "Year": "2013",
        "Country": "Lebanon",
        "Region": "Middle East and North Africa",
        "Author": "Markéta Von Hagen",
        "Topic": "Referral Mechanisms",
        "Source": "002_d928f7a9413ea7ac.txt",
    }
    link = hit.one("h3").one("a").attributes["href"]
    assert page_of(client.get(link)).one("h1").text == title_of(hit)


FILTERS: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "country": ({"country": "Nigeria"}, {"countries": ["Nigeria"]}),
    "country code": ({"country": "nga"}, {"countries": ["nga"]}),
    "region": (
        {"region": "Middle East and North Africa"},
        {"regions": ["Middle East and North Africa"]},
    ),
    "topic": ({"topic": "Referral Mechanisms"}, {"topics": ["Referral Mechanisms"]}),
    "author": ({"author": "healy"}, {"authors": ["healy"]}),
    "years": (
        {"year_from": "2015", "year_to": " 2016 "},
        {"year_from": 2015, "year_to": 2016},
    ),
    "worldwide": (
        {"country": "Nigeria", "worldwide": "yes"},
        {"countries": ["Nigeria"], "include_worldwide": True},
    ),
}


@pytest.mark.parametrize(("fields", "filters"), FILTERS.values(), ids=FILTERS)
def test_filters_narrow_as_in_the_api_and_are_kept(
    client: FlaskClient, ask: Ask, fields: dict[str, str], filters: dict[str, Any]
) -> None:
    page = page_of(send(client, QUESTION, **fields))
    answer = ask(QUESTION, filters=filters).get_json()
    assert [title_of(each) for each in hits_of(page)] == [
        hit["document"]["title"] for hit in answer["hits"]
    ]
    total = answer["total"]
    count = f"{total} {'document' if total == 1 else 'documents'}, the best fit first."
    assert count in page.text
    kept = fields_of(form_of(page))
    for name, value in fields.items():
        if name.startswith("year"):
            assert kept[name] == value.strip()
        else:
            assert ticked(page, name) == [value]


def test_filters_that_leave_nothing_say_so(client: FlaskClient) -> None:
    page = page_of(send(client, QUESTION, country="Nigeria", year_to="1999"))
    assert "No document is left with these filters." in page.text
    assert hits_of(page) == []
    lifts = page.one("ul", **{"class": "lifts"}).all("button")
    assert {each.attributes["value"]: each.text for each in lifts} == {
        "country": "without “Country” (0 documents)",
        "years": "without “Years” (1 document)",
        "worldwide": "with worldwide guidance (0 documents)",
    }
    without = page_of(send(client, QUESTION, country="Nigeria", year_to="1999", lift="years"))
    assert len(hits_of(without)) == 1
    assert ticked(without, "country") == ["Nigeria"]


def test_values_of_one_filter_are_alternatives(client: FlaskClient, ask: Ask) -> None:
    wanted = ["Nigeria", "Lebanon"]
    page = page_of(send(client, QUESTION, country=wanted))
    hits = ask(QUESTION, filters={"countries": wanted}).get_json()["hits"]
    assert len(hits) == 2
    assert [title_of(each) for each in hits_of(page)] == [hit["document"]["title"] for hit in hits]
    assert sorted(ticked(page, "country")) == sorted(wanted)
    one = page_of(send(client, QUESTION, country=wanted, lift="country=Nigeria"))
    assert ticked(one, "country") == ["Lebanon"]
    assert len(hits_of(one)) == 1


def test_the_counts_beside_values_are_what_they_give(client: FlaskClient) -> None:
    page = page_of(send(client, QUESTION, topic="Trafficking"))
    counts = {}
    for label in page.one("section", id="narrow").all("label"):
        boxes = label.all("input", name="country") + label.all("input", name="topic")
        if boxes:
            (number,) = label.all("span", **{"class": "number"})
            counts[boxes[0].attributes["name"], boxes[0].attributes["value"]] = int(number.text)
    # A topic's own choice does not narrow the topics, but does the countries.
    assert counts["topic", "Referral Mechanisms"] == 19
    for (name, value), count in counts.items():
        chosen = {"topic": "Trafficking", name: value}
        page = page_of(send(client, QUESTION, **chosen))
        word = "document" if count == 1 else "documents"
        assert f" {count} {word}, the best fit first." in page.text, (name, value)


def test_what_was_understood_twice_is_told_once(client: FlaskClient) -> None:
    text = "A nurse meets a victim. The Nurse is afraid, and another nurse calls a doctor."
    page = page_of(send(client, text))
    (told,) = page.all("details", **{"class": "understood"})
    items = [each.text for each in told.all("li")]
    assert len(items) == len(set(items)) > 1
    assert [each for each in items if each.startswith("nurse")] == [
        "nurse – taken to mean health care provider"
    ]


# What is ticked.


def test_ticks_stay_from_page_to_page(client: FlaskClient) -> None:
    first = page_of(send(client, QUESTION))
    ids = [each.one("input", name="pick").attributes["value"] for each in hits_of(first)]
    second = page_of(send(client, QUESTION, pick=[ids[0], ids[3]], offset="10"))
    assert "2 selected on other pages" in second.text
    assert ticked(second, "pick") == [ids[0], ids[3]]
    assert len(hits_of(second)) == 10
    again = page_of(send(client, QUESTION, pick=[ids[0], ids[3], "gone"]))
    assert ticked(again, "pick") == [ids[0], ids[3]]
    assert "on other pages" not in again.text


@pytest.mark.parametrize("name", ["ris", "bibtex", "csv", "csl-json"])
def test_what_is_ticked_is_taken_along(client: FlaskClient, name: str) -> None:
    wanted = [NURSES, MERGED]
    response = client.post("/selection", data={"pick": wanted, "format": name})
    api = [client.get(f"/api/documents/{each}?format={name}") for each in wanted]
    assert response.status_code == 200
    assert response.mimetype == api[0].mimetype
    assert "attachment" in response.headers["Content-Disposition"]
    titles = [client.get(f"/api/documents/{each}").get_json()["title"] for each in wanted]
    text = response.get_data(as_text=True)
    assert all(each in text for each in titles)
    if name == "ris":
        assert text == "".join(each.get_data(as_text=True) for each in api)


def test_nothing_ticked_takes_what_is_shown(client: FlaskClient) -> None:
    sent = {"shown": [NURSES, MERGED], "format": "ris"}
    assert client.post("/selection", data=sent).get_data(as_text=True).count("ER  -") == 2
    ticked_one = {**sent, "pick": MERGED}
    assert client.post("/selection", data=ticked_one).get_data(as_text=True).count("ER  -") == 1


def test_a_list_to_print_is_whole(client: FlaskClient) -> None:
    page = page_of(client.post("/selection", data={"pick": NURSES, "format": "print"}))
    document = client.get(f"/api/documents/{NURSES}").get_json()
    (item,) = page.one("ol", **{"class": "hits"}).all("li")
    assert item.one("h2").text == document["title"]
    assert item.one("p", **{"class": "abstract"}).text == document["abstract"]
    assert item.one("p", **{"class": "citation"}).text == f"{document['title']} (2009)"
    empty = page_of(client.post("/selection", data={}))
    assert "No document is selected." in empty.text
    assert page_of(client.post("/selection", data={"pick": "gone"}), 404)


# Pages of hits.


def buttons(page: Element) -> dict[str, str]:
    """The offsets that the buttons below the hits lead to, by what stands on them."""
    (place,) = page.all("div", **{"class": "paging"})
    return {each.text: each.attributes["value"] for each in place.all("button", name="offset")}


def press(client: FlaskClient, page: Element, button: str, **changed: str) -> Element:
    """Send the form of an answer by one of these buttons."""
    data: dict[str, object] = {**fields_of(form_of(page)), **changed}
    for name in (*FACETS, "pick", "worldwide", "plain"):
        data[name] = ticked(page, name)
    return page_of(client.post("/", data={**data, "offset": buttons(page)[button]}))


def test_the_forms_below_lead_through_the_whole_answer(client: FlaskClient, ask: Ask) -> None:
    filters = {"topic": "Trafficking", "worldwide": "yes", "year_from": "2010"}
    wanted = [
        hit["document"]["title"]
        for hit in ask(
            QUESTION,
            limit=100,
            filters={"topics": ["Trafficking"], "include_worldwide": True, "year_from": 2010},
        ).get_json()["hits"]
    ]
    assert len(wanted) > 20
    page = page_of(send(client, QUESTION, **filters))
    assert "Previous documents" not in buttons(page)
    shown: list[str] = []
    while True:
        hits = hits_of(page)
        start = page.one("ol", **{"class": "hits"}).attributes["start"]
        assert int(start) == len(shown) + 1
        shown += [title_of(each) for each in hits]
        if "More documents" not in buttons(page):
            break
        page = press(client, page, "More documents")
    assert shown == wanted


def test_the_way_back_leads_to_the_page_before(client: FlaskClient) -> None:
    text = f'{QUESTION}\nAnd "then" & <what>?'
    first = page_of(send(client, text))
    second = press(client, first, "More documents")
    again = press(client, second, "Previous documents")
    assert [title_of(each) for each in hits_of(again)] == [
        title_of(each) for each in hits_of(first)
    ]
    assert fields_of(form_of(second))["question"] == text


def test_another_question_begins_at_its_first_hit(client: FlaskClient) -> None:
    page = press(client, page_of(send(client, QUESTION)), "More documents", question="sea borders")
    wanted = page_of(send(client, "sea borders"))
    assert [title_of(each) for each in hits_of(page)] == [
        title_of(each) for each in hits_of(wanted)
    ]


# What cannot be answered.


BAD: dict[str, tuple[dict[str, str], str]] = {
    "nothing": ({"question": ""}, "the question is empty. Write a few words or a situation."),
    "blanks": (
        {"question": " \n "},
        "the question is empty. Write a few words or a situation.",
    ),
    "no word": ({"question": "?!"}, "the question holds no word. Write a few words."),
    "too long": (
        {"question": "x" * 20_000},
        "the question has 20000 characters; at most 10000 are read. Leave out what matters least.",
    ),
    "a control character": (
        {"question": "a\x07b"},
        "the question holds control characters. Send plain text.",
    ),
    "a year in words": (
        {"year_from": "last year"},
        "year from: write a whole number, such as 2015.",
    ),
    "a negative year": ({"year_to": "-5"}, "year to: write a whole number, such as 2015."),
    "a long year": ({"year_to": "9" * 30}, "year to: write a whole number, such as 2015."),
    "years exchanged": (
        {"year_from": "2020", "year_to": "2010"},
        "the first year, 2020, is later than the last, 2010. Exchange them.",
    ),
    "an unknown topic": (
        {"topic": "Cooking"},
        "'Cooking' is not among the library's topics. "
        "The nearest it has: 'Trafficking', 'Referral Mechanisms'.",
    ),
    "an offset in words": ({"offset": "ten"}, "offset: write a whole number, such as 2015."),
    "an offset too far": ({"offset": "5000"}, "offset 5000 is out of range: 0 to 999."),
}


@pytest.mark.parametrize(("fields", "message"), BAD.values(), ids=BAD)
def test_a_problem_is_shown_with_the_form_as_it_was(
    client: FlaskClient, fields: dict[str, str], message: str
) -> None:
    sent = {"question": f"about {CANARY}", "country": "Lebanon", "author": "Healy", **fields}
    page = page_of(client.post("/", data=sent), 422)
    assert page.one("div", role="alert").one("p").text == message
    assert page.one("title").text == "Error: Fingerpost"
    kept = fields_of(form_of(page))
    for name, value in sent.items():
        if name in {"question", "year_from", "year_to"}:
            assert kept[name] == value.strip()
        elif name != "offset":
            assert value in ticked(page, name)
    assert page.all("ol", **{"class": "hits"}) == []


def test_an_unknown_choice_is_kept_too(client: FlaskClient) -> None:
    page = page_of(send(client, QUESTION, topic="Cooking"), 422)
    assert ticked(page, "topic") == ["Cooking"]


@pytest.mark.parametrize(("year", "status"), [("999999", 422), ("0", 422), ("002015", 200)])
def test_a_number_must_be_a_year(client: FlaskClient, year: str, status: int) -> None:
    assert send(client, QUESTION, year_from=year).status_code == status


def test_a_form_too_large_is_refused(client: FlaskClient) -> None:
    page = page_of(client.post("/", data={"question": CANARY + "x" * 8_400_000}), 413)
    assert "What was sent is too large." in page.text
    assert CANARY not in page.text


def test_a_body_that_is_no_form_is_an_empty_form(client: FlaskClient) -> None:
    page = page_of(client.post("/", data=CANARY, content_type="text/plain"), 422)
    assert "the question is empty" in page.one("div", role="alert").text


# Other pages.


def test_the_list_leads_to_every_document(client: FlaskClient, documents: Documents) -> None:
    page = page_of(client.get("/documents"))
    links = page.one("ul", **{"class": "near"}).all("a")
    assert [each.text for each in links] == [each["title"] for each in documents]
    for link, document in zip(links, documents, strict=True):
        assert link.attributes["href"] == f"/documents/{document['id']}"
    assert "41 documents." in page.text


def test_a_long_list_comes_in_pages(client_of: Callable[..., FlaskClient]) -> None:
    client = client_of(*({"id": f"d{at}", "title": f"Number {at}"} for at in range(101)))
    shown: list[str] = []
    address = "/documents"
    for number in (1, 2, 3):
        page = page_of(client.get(address))
        assert f"101 documents. Page {number} of 3." in page.text
        shown += [each.text for each in page.one("ul", **{"class": "near"}).all("a")]
        links = {each.text: each.attributes["href"] for each in page.one("main").all("a")}
        assert ("Earlier" in links) == (number > 1)
        address = f"/documents{links.get('Further', '')}"
    assert shown == [f"Number {at}" for at in range(101)]
    assert address == "/documents"


@pytest.mark.parametrize("number", ["abc", "-1", "0", "", "1.5", "9" * 40])
def test_any_page_number_is_answered(client: FlaskClient, number: str) -> None:
    assert client.get(f"/documents?page={number}").status_code == 200


def test_a_document_has_a_page_with_its_neighbours(client: FlaskClient) -> None:
    page = page_of(client.get(f"/documents/{NURSES}"))
    document = client.get(f"/api/documents/{NURSES}").get_json()
    assert page.one("h1").text == document["title"]
    assert page.one("p", **{"class": "abstract"}).text == document["abstract"]
    assert page.one("title").text == f"{document['title']} – Fingerpost"
    near = client.get(f"/api/documents/{NURSES}/similar?limit=5").get_json()["hits"]
    links = page.one("ul", **{"class": "near"}).all("a")
    assert [each.text for each in links] == [each["document"]["title"] for each in near]
    assert client.get(links[0].attributes["href"]).status_code == 200


def test_a_document_of_two_pages_names_both(client: FlaskClient) -> None:
    page = page_of(client.get(f"/documents/{MERGED}"))
    assert "Trafficking; Referral Mechanisms" in page.text
    assert "000_7dcb1351ec7842b8.txt; 002_d928f7a9413ea7ac.txt" in page.text


def test_an_unknown_document_has_a_page_that_says_so(client: FlaskClient) -> None:
    page = page_of(client.get("/documents/no-such"), 404)
    assert page.one("h1").text == "Not found"
    assert "This library has no such document." in page.text


def test_an_unknown_address_is_a_page_for_browsers_only(client: FlaskClient) -> None:
    accept = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    page = page_of(client.get("/no-such", headers=accept), 404)
    assert "There is nothing at this address." in page.text
    assert error_of(client.get("/no-such"), 404)
    assert error_of(client.get("/api/no-such", headers=accept), 404)


@pytest.mark.parametrize("path", ["/", "/documents", "/documents/x"])
def test_without_a_library_a_page_says_what_to_do(empty_client: FlaskClient, path: str) -> None:
    page = page_of(empty_client.get(path), 503)
    assert "yet. Build it: fingerpost index" in page.text


def test_a_document_without_a_title_is_headed_by_its_abstract(
    client_of: Callable[..., FlaskClient],
) -> None:
    words = " ".join(f"word{at}" for at in range(20))
    client = client_of({"id": "a", "abstract": words}, {"id": "b", "title": " ", "abstract": ""})
    start = " ".join(f"word{at}" for at in range(12)) + "…"
    assert page_of(client.get("/documents/a")).one("h1").text == start
    assert page_of(client.get("/documents/b")).one("h1").text == "b"
    assert [title_of(each) for each in hits_of(page_of(send(client, "word3")))] == [start]


# Safe, whatever is written.

SCRIPT = "<script>alert(1)</script>"
ATTRIBUTE = "\"'><img src=x onerror=alert(1)>"


def assert_harmless(response: TestResponse) -> None:
    """Check that nothing of a text has become an element or an attribute."""
    page = page_of(response, response.status_code)
    assert page.all("img") == page.all("b") == page.all("iframe") == []
    for script in page.all("script"):
        assert script.attributes["src"].startswith("/static/")
        assert script.text == ""

    def check(element: Element) -> None:
        for name, value in element.attributes.items():
            assert not name.startswith("on"), (name, value)
            if name in {"href", "src", "action"}:
                assert re.match(r"[/#?]", value), (name, value)
        for each in element.holds:
            if isinstance(each, Element):
                check(each)

    check(page)


@pytest.mark.parametrize("text", [SCRIPT, ATTRIBUTE, "</textarea>" + SCRIPT, "{{ 7 * 7 }}"])
@pytest.mark.parametrize(
    "field",
    ["question", "country", "region", "topic", "author", "year_from", "year_to", "offset"],
)
def test_what_a_person_writes_is_text(client: FlaskClient, field: str, text: str) -> None:
    response = client.post("/", data={"question": QUESTION, field: text})
    assert_harmless(response)
    page = page_of(response, response.status_code)
    assert "49" not in form_of(page).text
    kept = fields_of(form_of(page))
    if field in {"question", "year_from", "year_to"}:
        assert kept[field] == text
    elif field != "offset":
        assert text in ticked(page, field)


HOSTILE = {
    "id": f"{ATTRIBUTE}{SCRIPT}",
    "title": f"Title {SCRIPT}",
    "abstract": f"An abstract {ATTRIBUTE} about shelters. And {SCRIPT} more. <b>Bold</b> &amp; x.",
    "countries": [f"Land{SCRIPT}"],
    "regions": [f"Region{ATTRIBUTE}"],
    "authors": [f"Author{SCRIPT}"],
    "topics": [f"Topic{ATTRIBUTE}"],
    "category": SCRIPT,
    "sources": [f"file{SCRIPT}.txt"],
    "year": 2001,
}


@pytest.fixture(scope="module")
def hostile(client_of: Callable[..., FlaskClient]) -> FlaskClient:
    """An app over a library of documents that want to be more than text."""
    return client_of(
        HOSTILE,
        {"id": "javascript:alert(1)", "title": "Another shelter", "abstract": SCRIPT},
    )


def test_what_a_document_says_is_text(hostile: FlaskClient) -> None:
    response = send(hostile, "shelters")
    assert_harmless(response)
    hits = {title_of(each): each for each in hits_of(page_of(response))}
    hit = hits[str(HOSTILE["title"])]
    assert hit.one("p", **{"class": "abstract"}).text == HOSTILE["abstract"]
    assert f"Author{SCRIPT}" in hit.text
    address = hit.one("h3").one("a").attributes["href"]
    page = page_of(hostile.get(address))
    assert page.one("h1").text == HOSTILE["title"]
    assert page.one("p", **{"class": "abstract"}).text == HOSTILE["abstract"]


def test_no_page_of_a_hostile_library_does_harm(hostile: FlaskClient) -> None:
    for address in ("/", "/documents", "/documents/javascript:alert(1)", "/map", "/docs"):
        assert_harmless(hostile.get(address))
    for link in page_of(hostile.get("/documents")).one("ul", **{"class": "near"}).all("a"):
        assert_harmless(hostile.get(link.attributes["href"]))
    assert_harmless(hostile.get(f"/documents/{SCRIPT}"))
    assert_harmless(send(hostile, "shelters", topic=f"Topic{ATTRIBUTE}", author=SCRIPT))


def test_json_of_a_hostile_library_is_no_page(hostile: FlaskClient) -> None:
    response = hostile.post("/api/search", json={"query": "shelters"})
    assert response.mimetype == "application/json"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


# Headers.

EVERYWHERE = ["/", "/documents", f"/documents/{NURSES}", "/docs", "/health", "/ready", "/nothing"]


@pytest.mark.parametrize("path", [*EVERYWHERE, "/api/documents", "/openapi.json", "/api/nothing"])
def test_an_answer_leaves_no_trace(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in response.headers
    assert "ETag" not in response.headers


def test_a_posted_answer_leaves_no_trace(client: FlaskClient, ask: Ask) -> None:
    for response in (send(client, CANARY), ask(CANARY), send(client, "")):
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert "Set-Cookie" not in response.headers
        assert CANARY not in str(response.headers)


@pytest.mark.parametrize("path", EVERYWHERE)
def test_the_policy_lets_nothing_foreign_in(client: FlaskClient, path: str) -> None:
    policy = dict(
        part.strip().split(" ", 1)
        for part in client.get(path).headers["Content-Security-Policy"].split(";")
    )
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }


@pytest.mark.parametrize("path", ["/", "/documents", f"/documents/{NURSES}"])
def test_a_page_keeps_its_own_policy(client: FlaskClient, path: str) -> None:
    page = page_of(client.get(path))
    assert page.all("style") == page.all("iframe") == []
    for each in page.all("script"):
        assert each.text == ""
    files = [each.attributes["src"] for each in page.all("script")]
    files += [each.attributes["href"] for each in page.all("link") if "rel" in each.attributes]
    assert len(files) >= 3
    for file in files:
        assert file.startswith(("/static/", "/documents/"))
        with client.get(file) as response:
            assert response.status_code == 200
    text = client.get(path).get_data(as_text=True)
    assert " style=" not in text
    assert set(re.findall(r"https?://[^/\s\"'<]+", text)) <= {"http://localhost"}  # our own


def test_static_files_may_be_kept(client: FlaskClient) -> None:
    with client.get("/static/style.css") as response:
        assert response.headers["Cache-Control"] == "public, max-age=31536000"
        assert "@import" not in response.get_data(as_text=True)
        assert "url(" not in response.get_data(as_text=True)
    assert client.get("/static/nothing.css").headers["Cache-Control"] == "no-store"
    assert client.get("/static/../app.py").status_code == 404


def test_no_question_stands_in_an_address_or_title(client: FlaskClient) -> None:
    page = page_of(send(client, f"{CANARY} nurse", country="Lebanon"))
    assert page.one("title").text == "Answer – Fingerpost"
    for tag, name in (("a", "href"), ("form", "action"), ("link", "href")):
        for each in page.all(tag):
            assert CANARY not in each.attributes[name]
            assert "Lebanon" not in each.attributes[name]
    for each in page.all("button"):
        assert CANARY not in each.attributes.get("formaction", "")
    for form in page.all("form"):
        assert form.attributes["method"] == "post"
