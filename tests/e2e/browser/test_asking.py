"""Asking on the page, in a real browser: the box, the answer's first lines, the local notice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests.e2e.browser.conftest import QUESTION, VERDICTS, answer_of, ask
from tests.support.app import Running

SURE = "How do I recognise a victim of trafficking at a border?"
ELSEWHERE = "How do I press olive oil?"


def path_of(request: Request) -> str:
    """What follows the server's name in a request's address."""
    return "/" + request.url.split("/", 3)[3]


# The answer.


def test_a_question_is_answered_and_stays_in_the_box(page: Page) -> None:
    ask(page)
    titles = [each["document"]["title"] for each in answer_of(page)["hits"]]
    assert "Caring for Trafficked Persons Guidance for Health Providers" in titles
    expect(page.locator("ol.hits > li h3")).to_have_text(titles)
    expect(page.locator("#question")).to_have_value(QUESTION)


@pytest.mark.parametrize("keys", ["Control+Enter", "Meta+Enter"])
def test_a_question_is_sent_from_the_box_by_two_keys(page: Page, keys: str) -> None:
    page.goto("/")
    page.locator("#question").press_sequentially(QUESTION)
    page.keyboard.press(keys)
    expect(page.locator("h2.verdict")).to_have_text(VERDICTS[answer_of(page)["verdict"]])
    expect(page.locator("#question")).to_have_value(QUESTION)


def test_enter_alone_is_a_new_line(page: Page) -> None:
    page.goto("/")
    page.locator("#question").press_sequentially("a nurse")
    page.keyboard.press("Enter")
    page.keyboard.press("x")
    expect(page.locator("#question")).to_have_value("a nurse\nx")
    expect(page.locator("h2.verdict")).to_have_count(0)


def test_lines_and_signs_come_back_as_they_were_written(page: Page) -> None:
    text = 'A girl, 15.\n\nShe said: "they took <my> passport" & left – où? 🙂\nعمرها ١٥'
    ask(page, text)
    expect(page.locator("#question")).to_have_value(text)


@pytest.mark.parametrize(
    "question", [SURE, QUESTION, ELSEWHERE], ids=["sure", "less sure", "elsewhere"]
)
def test_the_verdict_says_how_sure_the_answer_is(page: Page, question: str) -> None:
    ask(page, question)
    answer = answer_of(page, question)
    expect(page.locator("h2.verdict")).to_have_text(VERDICTS[answer["verdict"]])
    expect(page.locator("h2.verdict")).to_be_focused()
    expect(page.locator("p.count")).to_contain_text(
        f"{answer['total']} documents, the best fit first."
    )
    hits = page.locator("ol.hits > li")
    expect(hits).to_have_count(10)
    for shown, hit in zip(hits.all(), answer["hits"], strict=True):
        unsure = ["Less likely to help"] if hit["fit"] == "less likely" else []
        expect(shown.locator(".unsure")).to_have_text(unsure)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("children", "Your 1 word was read."),
        (QUESTION, "All your 9 words were read."),
        ("  victims \n\n at  borders ", "All your 3 words were read."),
        ("shelter " * 1100, "All your 1100 words were read."),
    ],
    ids=["one", "nine", "blanks", "many"],
)
def test_the_answer_says_how_many_words_were_read(page: Page, question: str, words: str) -> None:
    ask(page, question)
    expect(page.locator("p.count")).to_contain_text(words)


def test_what_was_understood_is_shown(page: Page) -> None:
    ask(page)
    understood = [each for each in answer_of(page)["understood"] if each["used"]]
    assert ("nurse", "health care provider") in [
        (QUESTION[each["start"] : each["end"]], each["meaning"]) for each in understood
    ]
    lines = page.locator(".understood li")
    expect(lines).to_have_count(len(understood))
    for line, each in zip(lines.all(), understood, strict=True):
        expect(line.locator("q")).to_have_text(QUESTION[each["start"] : each["end"]])
        expect(line.locator("strong")).to_have_text(each["meaning"])
    expect(lines.first).to_be_visible()
    expect(lines.first).to_contain_text("taken to mean")


def test_a_misspelt_word_is_read_as_the_right_one(page: Page) -> None:
    ask(page, "traficking of childrn")
    lines = page.locator(".understood li", has_text="read as")
    expect(lines.locator("q")).to_have_text(["traficking", "childrn"])
    expect(lines.locator("strong")).to_have_text(["trafficking", "children"])


def test_words_can_be_taken_as_they_stand(page: Page) -> None:
    page.goto("/")
    page.locator("#question").fill(QUESTION)
    page.locator("form.ask details.narrow > summary").click()
    page.locator("input[name=plain]").check()
    page.locator("form.ask > button[type=submit]").click()
    expect(page.locator("h2.verdict")).to_be_visible()
    expect(page.locator(".understood")).to_have_count(0)
    expect(page.locator("input[name=plain]")).to_be_checked()
    titles = [each["document"]["title"] for each in answer_of(page, expand=False)["hits"]]
    expect(page.locator("ol.hits > li h3")).to_have_text(titles)


def test_nothing_written_is_not_sent(page: Page) -> None:
    page.goto("/")
    sent: list[str] = []
    page.on("request", lambda each: sent.append(f"{each.method} {path_of(each)}"))
    page.locator("form.ask > button[type=submit]").click()
    expect(page.locator("#question:invalid")).to_be_focused()
    assert {each.partition("?")[0] for each in sent} <= {"GET /measures", "GET /static/icon.svg"}
    expect(page.locator("h2.verdict, .problem")).to_have_count(0)


def test_a_problem_is_read_first_and_the_question_stays(page: Page) -> None:
    page.goto("/")
    page.locator("#question").fill("victims")
    page.locator("form.ask details.narrow > summary").click()
    page.locator("#year_from").fill("soon")
    page.locator("form.ask > button[type=submit]").click()
    expect(page.locator(".problem")).to_be_focused()
    expect(page.locator(".problem")).to_contain_text(
        "year from: write a whole number, such as 2015."
    )
    expect(page).to_have_title("Error: Fingerpost")
    # It leads to the field, which is marked.
    page.locator(".problem a").click()
    expect(page.locator("#year_from")).to_be_focused()
    expect(page.locator("[aria-invalid]")).to_have_attribute("id", "year_from")
    expect(page.locator("#year_from")).to_have_accessible_description(
        "year from: write a whole number, such as 2015."
    )
    expect(page.locator("#question")).to_have_value("victims")
    expect(page.locator("#year_from")).to_have_value("soon")
    expect(page.locator("#year_from")).to_be_visible()


# The box.


def test_the_browser_keeps_and_checks_nothing_of_the_box(page: Page) -> None:
    page.goto("/")
    box = page.locator("#question")
    expect(box).to_have_attribute("autocomplete", "off")
    expect(box).to_have_attribute("spellcheck", "false")
    expect(box).to_have_attribute("dir", "auto")
    expect(page.locator("form#ask")).to_have_attribute("autocomplete", "off")
    expect(page.locator("form#ask")).to_have_attribute("method", "post")
    expect(page.get_by_label("What do you need to know?")).to_have_id("question")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("what is a shelter", "Words: 4. Characters left: 9,983."),
        ("a\n\nb", "Words: 2. Characters left: 9,996."),
        ("  ", "Words: 0. Characters left: 9,998."),
        ("x" * 10_000, "Characters left: 0."),
    ],
    ids=["words", "lines", "blanks", "full"],
)
def test_words_and_what_is_left_are_counted_while_one_writes(
    page: Page, written: str, told: str
) -> None:
    page.goto("/")
    expect(page.locator("#count")).to_have_text("Up to 10,000 characters are read.")
    page.locator("#question").fill(written)
    expect(page.locator("#count")).to_contain_text(told)


def test_the_count_follows_each_key(page: Page) -> None:
    page.goto("/")
    page.locator("#question").press_sequentially("two words")
    expect(page.locator("#count")).to_have_text("Words: 2. Characters left: 9,991.")
    page.keyboard.press("Control+Backspace")
    expect(page.locator("#count")).to_contain_text("Characters left: 9,996.")


def test_an_answer_counts_what_is_in_the_box(page: Page) -> None:
    ask(page)
    expect(page.locator("#count")).to_have_text("Words: 9. Characters left: 9,958.")


def test_one_word_is_counted_as_one(page: Page) -> None:
    page.goto("/")
    page.locator("#question").fill("shelter")
    expect(page.locator("#count")).to_have_text("Words: 1. Characters left: 9,993.")


# Examples.


def test_every_example_fills_the_box_and_is_answered(page: Page) -> None:
    page.goto("/")
    examples = page.locator(".examples button")
    written = examples.all_inner_texts()
    assert "Which rights do trafficked children have?" in written
    assert len(written) >= 3
    for each in written:
        page.goto("/")
        examples.filter(has_text=each).click()
        expect(page.locator("#question")).to_have_value(each)
        expect(page.locator("h2.verdict")).to_be_visible()
        expect(page.locator("h2.verdict.none")).to_have_count(0)
        titles = [hit["document"]["title"] for hit in answer_of(page, each)["hits"]]
        expect(page.locator("ol.hits > li h3")).to_have_text(titles)


# The local notice.

_SAID = "You need not include them: the answer does not need them."

TELLING = {
    "an e-mail address": "write to amina.k@example.org about her",
    "an e-mail address in capitals": "AMINA@EXAMPLE.CO.UK",
    "a phone number": "her phone is 0791234567",
    "a phone number from abroad": "call +380 44 123 45 67 today",
    "a phone number with 00": "call 0041791234567",
    "a phone number with brackets": "(020) 7946 0018",
    "a phone number with hyphens": "555-123-4567",
    "a phone number with dots": "06.12.34.56.78",
    "a phone number in Arabic digits": "رقمها ٠٧٩١٢٣٤٥٦٧",
    "a passport": "her passport is AB1234567",
    "a passport with one letter": "passport K1234567",
    "a passport with a hyphen": "passport AB-123456",
    "a passport with a space": "passport AB 123456",
    "a passport in small letters": "passport ab1234567",
    "an identity card with a last letter": "DNI 12345678Z",
    "a foreigner's number": "NIE X1234567L",
    "an identity number": "number 19850312-1234",
    "an insurance number": "QQ 12 34 56 C",
    "a long number": "case of 123456789012",
    "a number beside years": "between 2010 and 2015 she had 0791234567",
}

HARMLESS = {
    "years in words": "What changed between 2010 and 2015?",
    "years": "What changed in 2010-2015?",
    "years with a dash": "What changed in 2010–2015?",
    "years with blanks": "What changed in 2010 - 2015?",
    "years shortened": "What changed in 2010/11?",
    "several years": "the reports of 2010, 2011, 2012 and 2013",
    "an age": "a girl of 15",
    "ages": "boys aged 12-17 and 18 - 24",
    "an amount": "he owes 15000 dollars",
    "an amount with commas": "a debt of $1,500,000",
    "amounts": "a debt of 15,000 - 20,000 dollars",
    "an article": "Article 3 of the protocol",
    "an article's paragraph": "Article 3(a), 4.2 and 6(3)(b)",
    "a resolution": "resolution 1325 of 2000",
    "a resolution with its year": "resolution 1325 (2000)",
    "a convention with its year": "ILO Convention No. 29 (1930)",
    "a directive": "Directive 2011/36/EU",
    "a pandemic": "COVID-19 in 2020",
    "hours": "open 24/7, from 08:00 to 17:30",
    "an at sign": "meet @ the border",
    "nothing": "",
}


@pytest.fixture(scope="module")
def written_in(browser: Browser, running: Running) -> Iterator[Page]:
    """One page for all that is only written into its box, and not sent."""
    context = browser.new_context(base_url=running.address, locale="en")
    thrown: list[str] = []
    context.on("weberror", lambda each: thrown.append(str(each.error)))
    page = context.new_page()
    page.goto("/")
    expect(page.locator("#notice")).to_be_hidden()
    yield page
    context.close()
    assert thrown == []


@pytest.mark.parametrize("written", TELLING.values(), ids=TELLING)
def test_a_notice_appears_for_what_tells_of_a_person(written_in: Page, written: str) -> None:
    notice = written_in.locator("#notice")
    written_in.locator("#question").fill("")
    expect(notice).to_be_hidden()
    written_in.locator("#question").fill(written)
    expect(notice).to_be_visible()
    expect(notice).to_contain_text(_SAID)
    written_in.locator("#question").fill("a girl of 15")
    expect(notice).to_be_hidden()


@pytest.mark.parametrize("written", HARMLESS.values(), ids=HARMLESS)
def test_no_notice_appears_for_other_words_and_numbers(written_in: Page, written: str) -> None:
    box = written_in.locator("#question")
    box.fill("0791234567")
    expect(written_in.locator("#notice")).to_be_visible()
    box.fill(written)
    left = f"Characters left: {10_000 - len(written):,}."
    expect(written_in.locator("#count")).to_contain_text(left)
    expect(written_in.locator("#notice")).to_be_hidden()


def test_while_one_writes_nothing_is_sent_but_for_the_neutral_page(page: Page) -> None:
    page.goto("/")
    page.wait_for_load_state("networkidle")
    sent: list[tuple[str, str, str | None, str]] = []
    page.on(
        "request",
        lambda each: sent.append(
            (each.method, path_of(each), each.post_data, each.headers.get("referer", ""))
        ),
    )
    with page.expect_response("**/measures"):
        page.locator("#question").click()
    page.keyboard.type("amina@example.org 0791234567 AB1234567 ")
    expect(page.locator("#notice")).to_contain_text(_SAID)
    page.keyboard.type("and a girl of 15")
    expect(page.locator("#notice")).to_be_visible()
    page.locator("form.ask details.narrow > summary").click()
    page.locator("#question").click()
    page.wait_for_load_state("networkidle")
    assert sent == [("GET", "/measures", None, "")]


def test_the_notice_does_not_hinder(page: Page) -> None:
    text = "What should a nurse do? Write to nurse@example.org"
    ask(page, text)
    expect(page.locator("h2.verdict")).to_be_visible()
    expect(page.locator("#question")).to_have_value(text)
    expect(page.locator("#notice")).to_contain_text(_SAID)


def test_the_notice_is_told_to_those_who_do_not_see_it(page: Page) -> None:
    page.goto("/")
    expect(page.locator("#notice")).to_have_attribute("role", "status")
