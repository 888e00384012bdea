"""The search page: questions, filters and pages of results, by forms that need no script."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from flask.testing import FlaskClient

from embedder.encoders.encoder import Encoder
from embedder.library import Library
from embedder.records import Document, Evidence, FieldName, Fit
from server.app import create_app
from server.settings import Settings
from server.web.forms import FACETS, REFINEMENTS
from server.web.search import marked_pieces
from tests.support.answers import hits_of, let_fit
from tests.support.app import CANARY, Ask, Element, fields_of, page_of
from tests.support.search_page import QUESTION, form_of, send, ticked, title_of
from tests.support.words import build_words, read_words, returns

pytestmark = pytest.mark.slow

Documents = list[dict[str, Any]]


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


def test_the_evidence_is_marked_and_the_abstract_whole(
    client: FlaskClient, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit: Fit = "likely"
    let_fit(monkeypatch, *[fit] * 41)
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


def test_a_question_in_another_language_is_said_to_be_read_as_that(client: FlaskClient) -> None:
    french = "Comment aider une femme dont le patron garde le passeport ?"
    for question, said in (
        (french, "Read as French."),
        (f"{french} How can I help a woman whose employer has her papers?", "Read as French and "),
        (QUESTION, None),
    ):
        text = page_of(send(client, question)).text
        assert ("Read as" in text) == (said is not None)
        assert said is None or said in text


class _WithReader:
    """Reads French by a reader of its own; see `Encoder`."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    def __getattr__(self, name: str) -> object:
        return getattr(self._encoder, name)

    def for_queries(self, language: str) -> Encoder:
        return cast("Encoder", _WithReader(self._encoder)) if language == "fr" else self._encoder


def test_english_is_advised_where_the_model_has_no_reader_for_the_language(
    seed_vectors: Path, encoder: Encoder
) -> None:
    library = Library(seed_vectors, load=returns(cast("Encoder", _WithReader(encoder))))
    assert [library.reads(code) for code in ("en", "fr", "es")] == [True, True, False]
    client = create_app(Settings(vectors=seed_vectors), library).test_client()
    advice = "Your question is not in English"
    assert advice not in page_of(send(client, "Où trouver de l'aide pour une victime ?")).text
    assert advice in page_of(send(client, "¿Dónde hay ayuda para una víctima de trata?")).text
    assert advice not in page_of(send(client, QUESTION)).text


def test_what_was_understood_twice_is_listed_once(client: FlaskClient) -> None:
    text = "A nurse meets a victim. The Nurse is afraid, and another nurse calls a doctor."
    page = page_of(send(client, text))
    assert len(understood_in(page)) == len(set(understood_in(page))) > 1
    assert [each for each in understood_in(page) if each[0] == "nurse"] == [
        ("nurse", "health care provider")
    ]


# What was understood and switched off, in a library of the stand-in model.

CASE = "My nanny heard of THB from her boss."


def understood_in(page: Element) -> list[tuple[str, str]]:
    """What is listed as understood: words of the question, and their meaning."""
    items = [
        item
        for listed in page.all("details", **{"class": "understood"})
        for item in listed.all("li")
    ]
    return [(each.one("q").text, each.one("strong").text) for each in items]


def not_used(page: Element) -> list[str]:
    """What is said not to be used."""
    lines = [each for each in page.all("p", **{"class": "set"}) if "Not used:" in each.text]
    return [button.one("span", lang="en").text for line in lines for button in line.all("button")]


def switch_of(page: Element, meaning: str) -> Element:
    return button_of(page, f"✕Do not use “{meaning}”")


def test_what_was_understood_is_listed_where_a_hit_has_it(workers_client: FlaskClient) -> None:
    page = page_of(send(workers_client, CASE))
    assert understood_in(page) == [
        ("nanny", "domestic worker"),
        ("THB", "trafficking in persons"),
    ]
    assert not_used(page) == []


def test_what_was_understood_is_switched_off_and_on_again(workers_client: FlaskClient) -> None:
    page = page_of(send(workers_client, CASE))
    without = click(workers_client, page, switch_of(page, "domestic worker"))
    assert understood_in(without) == [("THB", "trafficking in persons")]
    assert not_used(without) == ["domestic worker"]
    body = {"query": CASE, "ignore": ["domestic worker"]}
    answer = workers_client.post("/api/search", json=body).get_json()
    assert titles_of(without) == [hit["document"]["title"] for hit in answer["hits"]]
    nothing = click(workers_client, without, switch_of(without, "trafficking in persons"))
    assert understood_in(nothing) == []
    assert not_used(nothing) == ["domestic worker", "trafficking in persons"]
    again = click(workers_client, nothing, button_of(nothing, "domestic worker ✕use it again"))
    assert understood_in(again) == [("nanny", "domestic worker")]
    assert not_used(again) == ["trafficking in persons"]
    assert fields_of(form_of(again))["question"] == CASE


def test_what_is_not_used_is_of_one_question(workers_client: FlaskClient) -> None:
    page = page_of(send(workers_client, CASE, ignore=["domestic worker"]))
    find = Element("button", {"name": "", "value": ""})
    assert not_used(click(workers_client, page, find, year_to="3000")) == ["domestic worker"]
    other = click(workers_client, page, find, question="A nanny and THB?")
    assert not_used(other) == []
    assert understood_in(other) == understood_in(page_of(send(workers_client, CASE)))


def test_what_is_not_used_is_kept_where_something_else_is_wrong(
    workers_client: FlaskClient,
) -> None:
    page = page_of(send(workers_client, CASE, ignore=["domestic worker"], year_to="x"), 422)
    again = click(workers_client, page, Element("button", {"name": "year_to", "value": ""}))
    assert not_used(again) == ["domestic worker"]


def test_a_meaning_is_text(workers_client: FlaskClient) -> None:
    meaning = '<b title="x">&amp;'
    assert not_used(page_of(send(workers_client, CASE, ignore=[meaning]))) == [meaning]


# Selected documents.


def test_selected_documents_stay_selected_from_page_to_page(client: FlaskClient) -> None:
    first = page_of(send(client, QUESTION))
    ids = [each.one("input", name="pick").attributes["value"] for each in hits_of(first)]
    second = page_of(send(client, QUESTION, pick=[ids[0], ids[3]], offset="10"))
    assert "2 selected on other pages" in second.text
    assert ticked(second, "pick") == [ids[0], ids[3]]
    assert len(hits_of(second)) == 10
    again = page_of(send(client, QUESTION, pick=[ids[0], ids[3], "gone"]))
    assert ticked(again, "pick") == [ids[0], ids[3]]
    assert "on other pages" not in again.text


# Marked documents, in a library of the stand-in model.

ANIMALS = "What do herons do by the river?"


def titles_of(page: Element) -> list[str]:
    return [title_of(hit) for hit in hits_of(page)]


def click(client: FlaskClient, page: Element, button: Element, **changed: str) -> Element:
    """Send the form of an answer by a button, as a browser without scripts does."""
    form = form_of(page)
    data: dict[str, object] = {**fields_of(form), **changed}
    for name in REFINEMENTS:
        data[name] = [each.attributes["value"] for each in form.all("input", name=name)]
    attributes = button.attributes
    return page_of(client.post("/", data={**data, attributes["name"]: attributes["value"]}))


def button_of(part: Element, text: str) -> Element:
    (found,) = (each for each in part.all("button") if each.text == text)
    return found


def spoken(part: Element, named: Element) -> str:
    """The name that a screen reader says: the texts of the elements that it is labelled by."""
    names = named.attributes["aria-labelledby"].split()
    return " ".join(part.one("*", id=name).text for name in names)


def marks_of(page: Element) -> dict[str, list[str]]:
    """What an answer says that it was refined by: the titles of each line."""
    lines = [each for each in page.all("p", **{"class": "set"}) if "You asked" in each.text]
    return {
        line.text.partition(":")[0]: [
            each.one("span", dir="auto").text for each in line.all("button")
        ]
        for line in lines
    }


def test_each_hit_can_be_marked(words_client: FlaskClient) -> None:
    page = page_of(send(words_client, ANIMALS))
    assert len(hits_of(page)) == 10
    assert marks_of(page) == {}
    for hit in hits_of(page):
        for label, name in (("More like this", "more"), ("Less like this", "less")):
            button = button_of(hit, label)
            assert spoken(hit, button) == f"{label} {title_of(hit)}"
            assert button.attributes["name"] == name
            assert button.attributes["value"] == title_of(hit).removeprefix("On ")
            assert button.attributes["aria-pressed"] == "false"


def test_marks_gather_and_order_the_answer_as_the_api_does(words_client: FlaskClient) -> None:
    page = page_of(send(words_client, ANIMALS))
    first, second, third = hits_of(page)[:3]
    liked = [title_of(each) for each in (second, third)]
    page = click(words_client, page, button_of(first, "Less like this"))
    page = click(words_client, page, button_of(second, "More like this"))
    page = click(words_client, page, button_of(third, "More like this"))
    assert marks_of(page) == {
        "You asked for more like": liked,
        "You asked for less like": [title_of(first)],
    }
    ids = [title.removeprefix("On ") for title in (title_of(first), *liked)]
    body = {"query": ANIMALS, "limit": 100, "unlike": ids[:1], "like": ids[1:]}
    answer = words_client.post("/api/search", json=body).get_json()
    titles = [hit["document"]["title"] for hit in answer["hits"]]
    assert titles_of(page) == titles[:10]
    assert titles[-1] == title_of(first)
    # They go along to the next page, and the question stays as it was.
    page = click(words_client, page, button_of(page, "More documents"))
    assert titles_of(page) == titles[10:]
    assert len(marks_of(page)) == 2
    assert fields_of(form_of(page))["question"] == ANIMALS


def test_a_mark_is_taken_back_above_the_hits_or_at_its_hit(words_client: FlaskClient) -> None:
    plain = page_of(send(words_client, ANIMALS))
    title = title_of(hits_of(plain)[4])
    label = "More like this"
    marked = click(words_client, plain, button_of(hits_of(plain)[4], label))
    assert titles_of(marked) != titles_of(plain)
    (hit,) = (each for each in hits_of(marked) if title_of(each) == title)
    assert button_of(hit, label).attributes["aria-pressed"] == "true"
    for button in (button_of(hit, label), button_of(marked, f"{title} ✕take away")):
        again = click(words_client, marked, button)
        assert titles_of(again) == titles_of(plain)
        assert marks_of(again) == {}


def test_marks_are_of_one_question(words_client: FlaskClient) -> None:
    page = page_of(send(words_client, ANIMALS, like=["moles"], unlike=["herons"]))
    assert len(marks_of(page)) == 2
    find = Element("button", {"name": "", "value": ""})
    assert marks_of(click(words_client, page, find, question="Which animals dig?")) == {}
    assert len(marks_of(click(words_client, page, find, year_to="3000"))) == 2


def test_a_marked_document_that_is_no_longer_there_is_left_out(words_client: FlaskClient) -> None:
    page = page_of(send(words_client, ANIMALS, like=["gone", "moles"], unlike=["gone too"]))
    assert marks_of(page) == {"You asked for more like": ["On moles"]}
    assert "gone" not in str(page)


def test_marks_are_kept_where_something_else_is_wrong(words_client: FlaskClient) -> None:
    page = page_of(send(words_client, ANIMALS, like=["moles"], year_to="x"), 422)
    assert fields_of(form_of(page))["like"] == "moles"
    again = click(words_client, page, Element("button", {"name": "year_to", "value": ""}))
    assert marks_of(again) == {"You asked for more like": ["On moles"]}


def test_a_document_that_is_marked_both_ways_is_a_problem(words_client: FlaskClient) -> None:
    page = page_of(send(words_client, ANIMALS, like=["moles"], unlike=["moles"]), 422)
    assert "'moles' is in like and in unlike" in page.one("div", role="alert").text


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
        start = page.all("ol", **{"class": "hits"})[0].attributes["start"]
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


def test_a_body_that_is_not_a_form_is_an_empty_form(client: FlaskClient) -> None:
    page = page_of(client.post("/", data=CANARY, content_type="text/plain"), 422)
    assert "the question is empty" in page.one("div", role="alert").text


# What the question names.


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """A client of a library of the stand-in model, about three countries."""
    folder = tmp_path_factory.mktemp("papers")
    build_words(
        folder,
        Document(
            id="a", title="Work", countries=("Lebanon",), authors=('Ann "B" <i>Lee',), year=2010
        ),
        Document(id="b", title="Homes", countries=("Viet Nam",), regions=("Asia",), year=2014),
        Document(id="c", title="Nets", countries=("Lebanon",), year=2015),
        Document(id="d", title="A guide", countries=("Worldwide",), year=2016),
    )
    with read_words(folder) as library:
        yield create_app(Settings(vectors=folder), library).test_client()


def offers_of(page: Element) -> dict[str, str]:
    """The words of the buttons that narrow an answer, with what each sends."""
    buttons = form_of(page).all("button", name="add")
    return {each.text: each.attributes["value"] for each in buttons}


@pytest.mark.parametrize(
    ("question", "offers"),
    [
        ("homes in Lebanon", {"2 documents about Lebanon": "country=Lebanon"}),
        ("homes in Vietnam", {"1 document about Viet Nam": "country=Viet Nam"}),
        ("homes in Asia", {"1 document about Asia": "region=Asia"}),
        ("homes since 2014", {"3 documents from 2014 on": "years=2014-"}),
        ("homes before 2014", {"1 document up to 2013": "years=-2013"}),
        ("homes in 2014", {"1 document of 2014": "years=2014-2014"}),
        ("homes of 2010-2014", {"2 documents of 2010–2014": "years=2010-2014"}),
        ('homes, Ann "B" <i>Lee', {'1 document by Ann "B" <i>Lee': 'author=Ann "B" <i>Lee'}),
        ("homes", {}),
    ],
)
def test_what_the_question_names_is_one_click_away(
    question: str, offers: dict[str, str], papers: FlaskClient
) -> None:
    page = page_of(send(papers, question))
    assert offers_of(page) == offers
    assert ("You named:" in page.text) == bool(offers)
    assert len(hits_of(page)) == 4
    for words, added in offers.items():
        # What a browser without scripts sends: the form's fields, and the button's.
        fields = {**fields_of(form_of(page)), "add": added}
        narrowed = page_of(papers.post("/", data=fields))
        assert len(hits_of(narrowed)) == int(words.split()[0])
        assert fields_of(form_of(narrowed))["question"] == question
        assert offers_of(narrowed) == {}
        assert "Narrowed to:" in narrowed.text


def test_worldwide_documents_are_counted_where_they_are_let_in(papers: FlaskClient) -> None:
    page = page_of(send(papers, "homes in Lebanon", worldwide="yes"))
    assert offers_of(page) == {"3 documents about Lebanon or worldwide": "country=Lebanon"}


def test_a_country_without_documents_is_said_and_no_button(papers: FlaskClient) -> None:
    page = page_of(send(papers, "homes in Paraguay, Chile or Lebanon"))
    for country in ("Paraguay", "Chile"):
        assert f"No document here is listed under: {country}." in page.text
    assert list(offers_of(page)) == ["2 documents about Lebanon"]


@pytest.mark.parametrize(
    ("language", "offer", "missing"),
    [
        ("fr", "2 documents : Liban", "Aucun document ici n'est classé sous : Paraguay."),
        (
            "es",
            "2 documentos sobre Líbano",
            "Ningún documento está clasificado aquí en: Paraguay.",
        ),
        ("ar", "وثيقتان عن لبنان", "لا توجد هنا وثيقة مصنفة تحت: باراغواي."),
    ],
)
def test_offers_are_in_the_language_of_the_page(
    language: str, offer: str, missing: str, papers: FlaskClient
) -> None:
    page = page_of(papers.post(f"/{language}/", data={"question": "Lebanon, Paraguay"}))
    assert offers_of(page) == {offer: "country=Lebanon"}
    assert missing in page.text


# Pieces of an abstract.


def evidence(start: int, end: int, field: FieldName = "abstract") -> Evidence:
    return Evidence(field, start, end, "", 0.5)


@pytest.mark.parametrize(
    ("abstract", "spans", "pieces"),
    [
        ("", [], []),
        ("One. Two.", [], [("One. Two.", False)]),
        ("One. Two.", [evidence(0, 9)], [("One. Two.", True)]),
        (
            "One. Two. Three.",
            [evidence(10, 16), evidence(0, 4)],
            [("One.", True), (" Two. ", False), ("Three.", True)],
        ),
        ("One.", [evidence(0, 3, "title")], [("One.", False)]),
    ],
)
def test_an_abstract_is_split_at_its_evidence(
    abstract: str, spans: list[Evidence], pieces: list[tuple[str, bool]]
) -> None:
    assert marked_pieces(Document("a", "One", abstract), tuple(spans)) == pieces
