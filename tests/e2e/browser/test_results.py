"""The results of an answer, in a real browser: what they show, filters, pages, citations."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import rispy
from bibtexparser.entrypoint import parse_string
from bibtexparser.middlewares import LatexDecodingMiddleware
from playwright.sync_api import Download, Locator, Page, expect

from tests.e2e.browser.conftest import QUESTION, Fitting, Open, answer_of, ask, unfold

SITUATION = (
    "A woman came to our clinic with old injuries and an infection. The man with her answers "
    "every question and keeps her passport. Alone with the nurse she said that he makes her work "
    "without pay and that she is afraid. As health workers, how do we treat her, talk with her "
    "safely and refer her?"
)
MENA = "Middle East and North Africa"


def hits_of(page: Page) -> Locator:
    return page.locator("ol.hits > li")


def titles_of(answer: dict[str, Any]) -> list[str]:
    return [each["document"]["title"] for each in answer["hits"]]


def expect_hits(page: Page, answer: dict[str, Any]) -> None:
    """Check that the page shows an answer's hits, in its order, and its total."""
    expect(hits_of(page).locator("h3")).to_have_text(titles_of(answer))
    total = answer["total"]
    words = f"{total} {'document' if total == 1 else 'documents'}, the best fit first."
    expect(page.locator("p.count")).to_contain_text(words)


def narrow(page: Page) -> Locator:
    return page.locator("section#narrow")


def value_of(page: Page, name: str, value: str) -> Locator:
    """The box of a facet's value."""
    return narrow(page).locator(f'input[type=checkbox][name={name}][value="{value}"]')


def count_beside(page: Page, name: str, value: str) -> int:
    """The number that stands beside a facet's value."""
    box = page.locator(f'input[type=checkbox][name={name}][value="{value}"]')
    label = narrow(page).locator("label", has=box)
    return int(label.locator(".number").inner_text())


def submit(page: Page, button: Locator) -> None:
    """Press a button, and wait for the page that it leads to."""
    with page.expect_response(lambda each: each.request.method == "POST") as got:
        button.click()
    assert got.value.status == 200
    page.wait_for_load_state()


def apply(page: Page) -> None:
    submit(page, narrow(page).get_by_role("button", name="Apply"))


def facts_of(part: Locator) -> dict[str, str]:
    names = part.locator("dl.facts dt").all_inner_texts()
    return dict(zip(names, part.locator("dl.facts dd").all_inner_texts(), strict=True))


def expected_facts(document: dict[str, Any]) -> dict[str, str]:
    countries, regions, authors = (document[name] for name in ("countries", "regions", "authors"))
    facts = {
        "Year": str(document["year"]),
        "Country" if len(countries) == 1 else "Countries": "; ".join(countries),
        "Region": "" if regions == countries else "; ".join(regions),
        "Author" if len(authors) == 1 else "Authors": "; ".join(authors),
        "Topic": "; ".join(document["topics"]),
        "Source": "; ".join(document["sources"]),
    }
    return {name: value for name, value in facts.items() if value}


# What a hit shows.


def test_the_facts_are_those_of_the_api(page: Page) -> None:
    ask(page, "safe migration of youth and health in the Mekong")
    answer = answer_of(page, "safe migration of youth and health in the Mekong")
    expect_hits(page, answer)
    unfold(page)
    for shown, hit in zip(hits_of(page).all(), answer["hits"], strict=True):
        assert facts_of(shown) == expected_facts(hit["document"])
    several = [each for each in answer["hits"] if len(each["document"]["countries"]) > 1]
    assert several, "no hit has several countries"


def test_the_marked_sentences_are_those_of_the_api(page: Page) -> None:
    ask(page)
    unfold(page)
    hits = answer_of(page)["hits"]
    for shown, hit in zip(hits_of(page).all(), hits, strict=True):
        evidence = [each for each in hit["evidence"] if each["field"] == "abstract"]
        assert evidence
        if hit["fit"] == "less likely":
            evidence = []
        marks = shown.locator("blockquote.evidence mark")
        assert marks.all_text_contents() == [each["text"] for each in evidence]
        for each in marks.all():
            expect(each).to_be_visible()
        in_text = shown.locator("p.abstract mark").all_text_contents()
        assert in_text == [
            each["text"] for each in sorted(evidence, key=lambda each: each["start"])
        ]


def test_the_abstract_is_folded_and_opens(page: Page) -> None:
    ask(page)
    hit = answer_of(page)["hits"][0]
    abstract = hits_of(page).first.locator("p.abstract")
    expect(abstract).to_be_hidden()
    hits_of(page).first.locator("summary", has_text="The whole abstract").click()
    expect(abstract).to_be_visible()
    assert abstract.text_content() == hit["document"]["abstract"]
    hits_of(page).first.locator("summary", has_text="The whole abstract").click()
    expect(abstract).to_be_hidden()


def test_of_a_long_situation_each_hit_shows_the_part_that_it_fits(page: Page) -> None:
    ask(page, SITUATION)
    answer = answer_of(page, SITUATION)
    expect_hits(page, answer)
    for shown, hit in zip(hits_of(page).all(), answer["hits"], strict=True):
        parts = [SITUATION[each["start"] : each["end"]] for each in hit["matched"]]
        assert all(len(each) <= 140 for each in parts)
        said = parts if hit["fit"] != "less likely" else []
        expect(shown.locator(".fits q")).to_have_text(said)
    assert len({each["start"] for hit in answer["hits"] for each in hit["matched"]}) > 1


def test_a_short_question_has_no_parts(page: Page) -> None:
    ask(page)
    expect(hits_of(page)).to_have_count(10)
    expect(page.locator(".fits")).to_have_count(0)


def test_a_citation_is_copied(profile: Open) -> None:
    page = profile(permissions=["clipboard-read", "clipboard-write"]).new_page()
    ask(page, "safe migration of youth and health in the Mekong")
    unfold(page)
    hits = answer_of(page, "safe migration of youth and health in the Mekong")["hits"]
    at = next(at for at, each in enumerate(hits) if each["document"]["authors"])
    shown, document = hits_of(page).nth(at), hits[at]["document"]
    button = shown.locator("button.copy")
    expect(button).to_be_hidden()
    shown.locator("summary", has_text="Cite").click()
    expect(button).to_have_text("Copy the citation")
    button.click()
    expect(button).to_have_text("Copied")
    authors = ", ".join(document["authors"])
    expected = f"{authors} ({document['year']}). {document['title']}"
    assert page.evaluate("navigator.clipboard.readText()") == expected
    expect(shown.locator("p.citation")).to_have_text(expected)


def test_documents_open_in_a_new_tab_while_the_results_stay(page: Page) -> None:
    ask(page)
    unfold(page)
    hit = answer_of(page)["hits"][1]["document"]
    titles = hits_of(page).locator("h3").all_inner_texts()
    with page.context.expect_page() as opened:
        hits_of(page).nth(1).locator("h3 a").click()
    document = opened.value
    expect(document.locator("h1")).to_have_text(hit["title"])
    address = document.url.partition("/documents/")[2]
    assert address == hit["id"]
    expect(document.locator("#near")).to_have_text("Documents near this one")
    near = page.context.request.get(f"/api/documents/{hit['id']}/similar?limit=5").json()
    expect(document.locator("ul.near a")).to_have_text(titles_of(near))
    assert document.evaluate("window.opener") is None
    assert document.evaluate("document.referrer") == ""
    expect(page.locator("#question")).to_have_value(QUESTION)
    assert hits_of(page).locator("h3").all_inner_texts() == titles


# Filters.

CHOICES = [
    ("topic", "Referral Mechanisms", "topics"),
    ("country", "Azerbaijan", "countries"),
    ("region", MENA, "regions"),
    ("author", "Claire Healy", "authors"),
]


@pytest.mark.parametrize(("name", "value", "plural"), CHOICES, ids=[each[0] for each in CHOICES])
def test_choosing_a_value_narrows_to_as_many_as_stand_beside_it(
    page: Page, name: str, value: str, plural: str
) -> None:
    ask(page)
    beside = count_beside(page, name, value)
    value_of(page, name, value).check()
    apply(page)
    answer = answer_of(page, filters={plural: [value]})
    assert answer["total"] == beside > 1
    expect_hits(page, answer)
    assert all(value in each["document"][plural] for each in answer["hits"])
    expect(value_of(page, name, value)).to_be_checked()
    expect(page.locator("#question")).to_have_value(QUESTION)
    assert count_beside(page, name, value) == beside


def test_years_narrow(page: Page) -> None:
    ask(page)
    page.locator("#year_from").fill("2012")
    page.locator("#year_to").fill(" 2014 ")
    apply(page)
    answer = answer_of(page, filters={"year_from": 2012, "year_to": 2014})
    assert {each["document"]["year"] for each in answer["hits"]} == {2012, 2013, 2014}
    assert answer["total"] == len(answer["hits"]) == 5
    expect_hits(page, answer)
    expect(page.locator("#year_from")).to_have_value("2012")
    expect(page.locator("#year_to")).to_have_value("2014")
    expect(page.locator("p.set button")).to_contain_text(["2012–2014"])
    expect(page.locator("svg.years rect")).to_have_count(12)
    expect(page.locator("svg.years rect.in")).to_have_count(3)


def test_the_chart_of_years_says_what_it_shows(page: Page) -> None:
    ask(page)
    years = {each["value"]: each["count"] for each in answer_of(page)["facets"]["years"]}
    told = ", ".join(f"{year}: {years[year]}" for year in sorted(years))
    expect(page.get_by_role("img", name=f"Documents by year: {told}")).to_be_visible()


def test_values_of_one_facet_are_alternatives(page: Page) -> None:
    ask(page)
    expected = sum(count_beside(page, "country", each) for each in ("Lebanon", "Nigeria"))
    for each in ("Lebanon", "Nigeria"):
        value_of(page, "country", each).check()
    apply(page)
    answer = answer_of(page, filters={"countries": ["Lebanon", "Nigeria"]})
    assert answer["total"] == expected == 2
    expect_hits(page, answer)


def test_different_facets_must_all_hold(page: Page) -> None:
    ask(page)
    value_of(page, "topic", "Referral Mechanisms").check()
    apply(page)
    beside = count_beside(page, "region", MENA)
    value_of(page, "region", MENA).check()
    apply(page)
    answer = answer_of(page, filters={"topics": ["Referral Mechanisms"], "regions": [MENA]})
    assert answer["total"] == beside == 2
    expect_hits(page, answer)


def test_a_rarer_value_is_unfolded_and_chosen(page: Page) -> None:
    ask(page)
    box = value_of(page, "country", "Vietnam")
    expect(box).to_be_hidden()
    narrow(page).locator("summary", has_text="3 more").click()
    box.check()
    apply(page)
    expect_hits(page, answer_of(page, filters={"countries": ["Vietnam"]}))
    expect(value_of(page, "country", "Vietnam")).to_be_visible()
    expect(value_of(page, "country", "Vietnam")).to_be_checked()


def test_another_author_can_be_written(page: Page) -> None:
    ask(page)
    written = narrow(page).locator("input[name=author][list]")
    offered = page.locator("#all-author option")
    values = {str(each["value"]) for each in answer_of(page)["facets"]["authors"]}
    assert {each.get_attribute("value") for each in offered.all()} == values
    written.fill("surtees")
    apply(page)
    answer = answer_of(page, filters={"authors": ["surtees"]})
    assert answer["total"] == 1
    expect_hits(page, answer)
    expect(page.locator("p.set button")).to_contain_text(["surtees"])


def test_a_filter_is_taken_away_by_its_chip(page: Page) -> None:
    ask(page)
    value_of(page, "country", "Lebanon").check()
    value_of(page, "country", "Azerbaijan").check()
    page.locator("#year_from").fill("2010")
    apply(page)
    chips = page.locator("p.set button")
    expect(chips).to_contain_text(["Azerbaijan", "Lebanon", "from 2010"])
    submit(page, chips.filter(has_text="Azerbaijan"))
    expect(chips).to_contain_text(["Lebanon", "from 2010"])
    expect_hits(page, answer_of(page, filters={"countries": ["Lebanon"], "year_from": 2010}))
    expect(value_of(page, "country", "Azerbaijan")).not_to_be_checked()
    submit(page, chips.filter(has_text="2010"))
    expect(chips).to_contain_text(["Lebanon"])
    expect(page.locator("#year_from")).to_have_value("")
    submit(page, chips.filter(has_text="Lebanon"))
    expect(chips).to_have_count(0)
    expect_hits(page, answer_of(page))
    expect(page.locator("#question")).to_have_value(QUESTION)


def test_the_filters_of_the_first_page_narrow_too(page: Page) -> None:
    page.goto("/")
    page.locator("#question").fill(QUESTION)
    page.locator("form.ask details.narrow > summary").click()
    page.locator('input[name=topic][value="Referral Mechanisms"]').check()
    page.locator("form.ask > button[type=submit]").click()
    expect_hits(page, answer_of(page, filters={"topics": ["Referral Mechanisms"]}))


LIFTS = {
    "country": ("without “Country”", {"year_from": 2020}, 6),
    "years": ("without “Years”", {"countries": ["Nigeria"]}, 1),
    "worldwide": (
        "with worldwide guidance",
        {"countries": ["Nigeria"], "year_from": 2020, "include_worldwide": True},
        6,
    ),
}


def expect_lifts(page: Page, *counts: str) -> Locator:
    """Check how many documents the lifting of country, years, place would give; the buttons."""
    lifts = page.locator("ul.lifts button")
    words = [words for words, _, _ in LIFTS.values()]
    expect(lifts).to_have_text(
        [re.compile(rf"{word}\W+{count}\b") for word, count in zip(words, counts, strict=True)]
    )
    return lifts


@pytest.mark.parametrize(("words", "filters", "count"), LIFTS.values(), ids=LIFTS)
def test_filters_that_leave_nothing_say_what_each_would_give(
    page: Page, words: str, filters: dict[str, Any], count: int
) -> None:
    ask(page)
    value_of(page, "country", "Nigeria").check()
    page.locator("#year_from").fill("2020")
    apply(page)
    expect(page.locator("h2.verdict")).to_have_text("No document is left with these filters.")
    expect(page.locator("h2.verdict")).to_be_focused()
    expect(hits_of(page)).to_have_count(0)
    lifts = expect_lifts(page, "6 documents", "1 document", "6 documents")
    submit(page, lifts.filter(has_text=words))
    answer = answer_of(page, filters=filters)
    assert answer["total"] == count
    expect_hits(page, answer)
    expect(page.locator("#question")).to_have_value(QUESTION)


def test_a_lift_that_gives_nothing_cannot_be_pressed(page: Page) -> None:
    ask(page)
    value_of(page, "country", "Nigeria").check()
    page.locator("#year_to").fill("1999")
    apply(page)
    lifts = expect_lifts(page, "0 documents", "1 document", "0 documents")
    expect(lifts.nth(0)).to_be_disabled()
    expect(lifts.nth(1)).to_be_enabled()
    expect(lifts.nth(2)).to_be_disabled()


def test_worldwide_guidance_can_be_let_in_beside_a_country(page: Page) -> None:
    ask(page)
    value_of(page, "country", "Lebanon").check()
    narrow(page).locator("input[name=worldwide]").check()
    apply(page)
    filters = {"countries": ["Lebanon"], "include_worldwide": True}
    answer = answer_of(page, filters=filters)
    assert answer["total"] == 35
    expect_hits(page, answer)
    countries = {country for each in answer["hits"] for country in each["document"]["countries"]}
    assert countries <= {"Lebanon", "Worldwide"}
    expect(narrow(page).locator("input[name=worldwide]")).to_be_checked()


# Pages.


def later(page: Page) -> Locator:
    """The button that leads to the next documents, in sight."""
    unfold(page)
    return page.get_by_role("button", name="More documents")


def earlier(page: Page) -> Locator:
    return page.get_by_role("button", name="Previous documents")


def test_pages_lead_through_the_whole_answer_and_back(page: Page) -> None:
    ask(page)
    titles = titles_of(answer_of(page, limit=50))
    assert len(titles) == len(set(titles)) == 41
    expect(earlier(page)).to_have_count(0)
    for start in (10, 20, 30, 40):
        submit(page, later(page))
        expect(hits_of(page).locator("h3")).to_have_text(titles[start : start + 10])
        expect(page.locator("ol.hits")).to_have_attribute("start", str(start + 1))
    expect(later(page)).to_have_count(0)
    for start in (30, 20, 10, 0):
        submit(page, earlier(page))
        expect(hits_of(page).locator("h3")).to_have_text(titles[start : start + 10])
    expect(earlier(page)).to_have_count(0)
    expect(page.locator("#question")).to_have_value(QUESTION)


def test_what_is_selected_stays_selected_on_other_pages(page: Page) -> None:
    ask(page)
    hits = answer_of(page, limit=50)["hits"]
    pick(page, 2)
    submit(page, later(page))
    pick(page, 0)
    others = page.locator("details.elsewhere")
    expect(others.locator("summary")).to_have_text("1 selected on another page")
    expect(others.locator("label")).to_have_text([hits[2]["document"]["title"]])
    submit(page, later(page))
    expect(others.locator("summary")).to_have_text("2 selected on other pages")
    selected = {hits[at]["document"]["title"] for at in (2, 10)}
    assert {each.strip() for each in others.locator("label").all_inner_texts()} == selected
    others.get_by_label(hits[10]["document"]["title"]).uncheck()
    submit(page, earlier(page))
    expect(box(page, 0)).not_to_be_checked()
    submit(page, earlier(page))
    expect(box(page, 2)).to_be_checked()
    expect(page.locator("input[name=pick]:checked")).to_have_count(1)
    expect(others).to_have_count(0)


def test_another_question_begins_at_its_first_page(page: Page) -> None:
    other = "Which rights do trafficked children have?"
    ask(page)
    submit(page, later(page))
    page.locator("#question").fill(other)
    submit(page, later(page))
    expect_hits(page, answer_of(page, other))
    expect(page.locator("ol.hits").first).to_have_attribute("start", "1")
    expect(page.locator("#question")).to_have_value(other)


def test_a_filter_chosen_on_a_later_page_begins_at_the_first(page: Page) -> None:
    ask(page)
    submit(page, later(page))
    value_of(page, "topic", "Referral Mechanisms").check()
    apply(page)
    expect_hits(page, answer_of(page, filters={"topics": ["Referral Mechanisms"]}))
    submit(page, later(page))
    rest = answer_of(page, filters={"topics": ["Referral Mechanisms"]}, offset=10)
    assert len(rest["hits"]) == 9
    expect_hits(page, rest)
    submit(page, page.locator("p.set button"))
    expect_hits(page, answer_of(page))


# Taking citations along.


def box(page: Page, at: int) -> Locator:
    """The box that selects the hit at a place of this page."""
    return hits_of(page).nth(at).locator("input[name=pick]")


def pick(page: Page, *places: int) -> list[str]:
    """Select hits of this page, and give their titles."""
    unfold(page)
    for at in places:
        box(page, at).check()
    return [hits_of(page).nth(at).locator("h3").inner_text() for at in places]


def _titles_of_bibtex(path: Path) -> list[str]:
    read = parse_string(path.read_text("utf-8"), append_middleware=[LatexDecodingMiddleware()])
    assert not read.failed_blocks
    return [each["title"] for each in read.entries]


def _titles_of_csv(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [row["title"] for row in csv.DictReader(file)]


READ: dict[str, tuple[str, Callable[[Path], list[str]]]] = {
    "RIS": ("ris", lambda path: [each["title"] for each in rispy.loads(path.read_text("utf-8"))]),
    "BibTeX": ("bib", _titles_of_bibtex),
    "CSL-JSON": ("json", lambda path: [each["title"] for each in json.loads(path.read_bytes())]),
    "CSV": ("csv", _titles_of_csv),
}


def take(page: Page, form: str) -> Download:
    with page.expect_download() as got:
        page.locator(".take").get_by_role("button", name=form, exact=True).click()
    return got.value


@pytest.mark.parametrize("form", READ)
def test_the_selected_documents_are_taken_along(page: Page, form: str) -> None:
    ask(page)
    expected = pick(page, 0, 3, 7)
    download = take(page, form)
    ending, read = READ[form]
    assert download.suggested_filename == f"fingerpost.{ending}"
    assert sorted(read(download.path())) == sorted(expected)
    # The page stays as it was.
    expect(page.locator("#question")).to_have_value(QUESTION)
    expect(page.locator("input[name=pick]:checked")).to_have_count(3)


@pytest.mark.parametrize("form", READ)
def test_where_none_is_selected_all_on_the_page_are_taken(page: Page, form: str) -> None:
    ask(page)
    submit(page, later(page))
    expected = titles_of(answer_of(page, offset=10))
    assert READ[form][1](take(page, form).path()) == expected
    assert len(expected) == 10


def test_documents_selected_on_several_pages_are_taken_along_together(page: Page) -> None:
    ask(page)
    first = pick(page, 1, 4)
    submit(page, later(page))
    second = pick(page, 5)
    assert sorted(READ["RIS"][1](take(page, "RIS").path())) == sorted(first + second)


def test_a_list_to_print_opens_in_a_new_tab(page: Page) -> None:
    ask(page)
    expected = pick(page, 2, 6)
    with page.context.expect_page() as opened:
        page.locator(".take").get_by_role("button", name="A list to print").click()
    printed = opened.value
    expect(printed.locator("h1")).to_have_text("Selected documents")
    expect(printed.locator("ol.hits h2")).to_have_text(expected)
    documents = {each["document"]["title"]: each["document"] for each in answer_of(page)["hits"]}
    for shown, title in zip(printed.locator("ol.hits > li").all(), expected, strict=True):
        document = documents[title]
        assert shown.locator("p.abstract").text_content() == document["abstract"]
        cited = shown.locator("p.citation").inner_text()
        assert title in cited
        assert f"({document['year']})" in cited
        assert all(each in cited for each in document["authors"])
        assert facts_of(shown) == expected_facts(document)
    expect(printed.get_by_role("button", name="Print")).to_be_visible()
    expect(page.locator("#question")).to_have_value(QUESTION)
    expect(page.locator("input[name=pick]:checked")).to_have_count(2)


def test_the_list_is_printed_by_its_button(page: Page) -> None:
    page.context.add_init_script("window.printed = 0; window.print = () => { printed += 1; }")
    ask(page)
    with page.context.expect_page() as opened:
        page.locator(".take").get_by_role("button", name="A list to print").click()
    printed = opened.value
    expect(printed.locator("ol.hits h2")).to_have_count(10)
    printed.get_by_role("button", name="Print").click()
    assert printed.evaluate("window.printed") == 1


# On paper.


def test_on_paper_stand_the_results_only(page: Page) -> None:
    ask(page)
    for each in ("#exit", "form.ask > button[type=submit]", ".take", "section#narrow"):
        expect(page.locator(each).first).to_be_visible()
    page.emulate_media(media="print")
    for each in (
        "#exit",
        ".skip",
        "header nav",
        "footer nav",
        ".take",
        ".paging",
        ".also",
        "section#narrow",
        # What was asked is not printed.
        "#question",
        "#count",
    ):
        expect(page.locator(each).first).to_be_hidden()
    expect(page.locator("button:visible")).to_have_count(0)
    expect(page.locator("h2.verdict")).to_be_visible()
    expect(hits_of(page).locator("h3").first).to_be_visible()
    # What is folded on the screen is printed.
    expect(hits_of(page).first.locator("p.abstract")).to_be_visible()
    expect(hits_of(page).first.locator("p.citation")).to_be_visible()


def test_no_word_of_a_story_is_on_paper(fitting: Fitting) -> None:
    # Beside a document that fits stands the part of the story that it fits.
    page = fitting(*["likely"] * 10)
    parts = (
        "Of word3 and word7 Quetzal says by the river that she owes money.",
        "They tell a nurse of word11 and of Quetzal, who is afraid of a man.",
        "Quetzal is a child who wants to go home by the river, on word17.",
    )
    ask(page, "\n\n".join(" ".join([each] * 4) for each in parts))
    expect(page.locator(".fits").first).to_contain_text("Quetzal")
    assert "Quetzal" in page.locator("body").inner_text()
    page.emulate_media(media="print")
    text = page.locator("body").inner_text()
    assert hits_of(page).locator("h3").first.inner_text() in text
    assert "Quetzal" not in text


def test_what_was_understood_of_a_question_is_not_on_paper(page: Page) -> None:
    ask(page)
    expect(page.locator(".understood:visible")).to_have_count(1)
    page.emulate_media(media="print")
    expect(page.locator(".understood:visible")).to_have_count(0)


def test_a_list_on_paper_has_no_buttons(page: Page) -> None:
    ask(page)
    with page.context.expect_page() as opened:
        page.locator(".take").get_by_role("button", name="A list to print").click()
    printed = opened.value
    expect(printed.locator("ol.hits h2")).to_have_count(10)
    printed.emulate_media(media="print")
    expect(printed.locator("button:visible")).to_have_count(0)
    expect(printed.locator("#exit")).to_be_hidden()
    expect(printed.locator("p.abstract").first).to_be_visible()


# A document's own page.


def test_the_page_of_a_document_gives_its_citation_as_files(page: Page) -> None:
    ask(page)
    title, identifier = (answer_of(page)["hits"][0]["document"][name] for name in ("title", "id"))
    page.goto(f"/documents/{identifier}")
    expect(page.locator("h1")).to_have_text(title)
    for form, (ending, read) in READ.items():
        with page.expect_download() as got:
            page.locator("article").get_by_role("link", name=form, exact=True).click()
        assert got.value.suggested_filename.endswith(f".{ending}")
        assert read(got.value.path()) == [title]


def test_no_address_holds_anything_that_was_asked(page: Page) -> None:
    ask(page)
    submit(page, later(page))
    value_of(page, "topic", "Trafficking").check()
    apply(page)
    assert re.fullmatch(r"http://[\d.]+:\d+/", page.url)
    addresses = page.locator("[href], [action], [formaction]").evaluate_all(
        "all => all.flatMap(each => [each.href, each.action, each.formAction].filter(Boolean))"
    )
    shown = page.locator("input[name=shown]").evaluate_all("all => all.map(each => each.value)")
    assert shown
    assert {f"/documents/{each}" for each in shown} <= {urlsplit(each).path for each in addresses}
    assert [each for each in addresses if "nurse" in each.lower()] == []
    # Static files have their version there.
    assert [each for each in addresses if "?" in each and "/static/" not in each] == []
