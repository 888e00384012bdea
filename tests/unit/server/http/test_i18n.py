"""The pages in their languages: all of what they say is said in each, and who gets which."""

from __future__ import annotations

import re
import subprocess
import sys
from gettext import GNUTranslations
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from flask.testing import FlaskClient

from embedder.records import Fit
from embedder.text.language_models import LANGUAGES as RECOGNISED
from server.http.i18n import LANGUAGES, Language, read_as
from tests.conftest import ROOT
from tests.support.answers import folds_of, hits_of, let_fit
from tests.support.app import error_of, page_of
from tests.support.search_page import title_of

OTHERS = [each.code for each in LANGUAGES if each.code != "en"]
PLACES = re.compile(r"%\(\w+\)s|\{\w+\}")


def catalog(code: str) -> Catalog:
    path = ROOT / "server" / "translations" / code / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        return read_po(file, locale=code)


def translated(code: str, text: str) -> str:
    """Return a text that has no plural in another language."""
    message = catalog(code).get(text)
    assert message is not None, text
    assert isinstance(message.string, str)
    assert message.string
    return message.string


def forms(message: object) -> tuple[str, ...]:
    return (message,) if isinstance(message, str) else tuple(message)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, ...]]:
    """All that the pages say, collected as `make translations` does."""
    wanted = re.search(r"^SAY := (.*)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert wanted
    target = tmp_path_factory.mktemp("said") / "messages.pot"
    command = [str(Path(sys.executable).with_name("pybabel")), "-q", "extract"]
    command += ["-F", "pyproject.toml", *wanted[1].split(), "-o", str(target), "."]
    subprocess.run(command, cwd=ROOT, check=True)
    with target.open("rb") as file:
        found = {forms(each.id) for each in read_po(file) if each.id}
    assert len(found) > 150
    return found


@pytest.mark.parametrize("code", OTHERS)
def test_all_of_it_is_translated(code: str, said: set[tuple[str, ...]]) -> None:
    found = catalog(code)
    assert {forms(each.id) for each in found if each.id} == said
    for message in found:
        if not message.id:
            continue
        translated = forms(message.string)
        plural = len(forms(message.id)) > 1
        assert len(translated) == (found.num_plurals if plural else 1), message.id
        assert all(translated), message.id
        assert not message.fuzzy, message.id
        wanted = set(PLACES.findall(" ".join(forms(message.id))))
        for each in translated:
            # "One document" and "two documents" may do without their number.
            left_out = {"%(num)s"} if plural else set()
            assert set(PLACES.findall(each)) in (wanted, wanted - left_out), each


@pytest.mark.parametrize("code", OTHERS)
def test_several_are_said_with_their_number(code: str) -> None:
    folder = ROOT / "server" / "translations" / code / "LC_MESSAGES"
    with (folder / "messages.mo").open("rb") as file:
        spoken = GNUTranslations(file)
    plurals = [
        forms(each.id)
        for each in catalog(code)
        if len(forms(each.id)) > 1 and "%(num)s" in forms(each.id)[1]
    ]
    assert plurals
    for one, many in plurals:
        for number in (3, 10, 11, 99, 100, 101, 102, 1000):
            assert "%(num)s" in spoken.ngettext(one, many, number), (many, number)


@pytest.mark.parametrize("code", OTHERS)
def test_what_is_compiled_is_what_was_translated(code: str) -> None:
    folder = ROOT / "server" / "translations" / code / "LC_MESSAGES"
    with (folder / "messages.mo").open("rb") as file:
        compiled = {forms(each.id): forms(each.string) for each in read_mo(file) if each.id}
    assert compiled == {forms(each.id): forms(each.string) for each in catalog(code) if each.id}


# Who gets which.

HEADING = "What do you need to know?"


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_address_names_a_language(client: FlaskClient, language: Language) -> None:
    page = page_of(client.get(f"/{language.code}/", headers={"Accept-Language": "es"}))
    html = page.one("html").attributes
    assert (html["lang"], html["dir"]) == (language.code, language.direction)
    heading = HEADING if language.code == "en" else translated(language.code, HEADING)
    assert page.one("h1").text == heading
    # Links stay in the language; files are the same in all.
    links = [each.attributes["href"] for each in page.one("header").all("a")]
    assert links
    assert all(each.startswith(f"/{language.code}/") for each in links)
    assert page.all("link")[1].attributes["href"].startswith("/static/")


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("fr", "fr"),
        ("fr-CA,fr;q=0.9,en;q=0.8", "fr"),
        ("ar-EG", "ar"),
        ("de,es;q=0.5", "es"),
        ("de", "en"),
        ("", "en"),
        ("x;;;=", "en"),
    ],
)
def test_a_browser_says_its_language(client: FlaskClient, header: str, code: str) -> None:
    page = page_of(client.get("/", headers={"Accept-Language": header}))
    assert page.one("html").attributes["lang"] == code
    links = [each.attributes["href"] for each in page.one("header").all("a")]
    assert not any(each.startswith(f"/{code}/") for each in links)


def test_the_same_page_in_another_language(client: FlaskClient) -> None:
    page = page_of(client.get("/fr/documents?page=1"))
    links = {
        each.attributes["hreflang"]: each.attributes["href"]
        for each in page.one("footer").all("a")
        if "hreflang" in each.attributes
    }
    assert links == {code: f"/{code}/documents?page=1" for code in ("en", "es", "ar")}


def test_a_question_is_answered_in_every_language(client: FlaskClient) -> None:
    answers = []
    for language in LANGUAGES:
        page = page_of(client.post(f"/{language.code}/", data={"question": "child victims"}))
        answers.append([title_of(each) for each in hits_of(page)])
        assert page.one("html").attributes["dir"] == language.direction
    assert len(answers[0]) == 10
    assert all(each == answers[0] for each in answers)


def test_what_is_less_likely_is_called_so_in_every_language(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    best: Fit = "best"
    less: Fit = "less likely"
    let_fit(monkeypatch, *[best] * 4, *[less] * 37)
    for code in OTHERS:
        page = page_of(client.post(f"/{code}/", data={"question": "child victims"}))
        (fold,) = folds_of(page)
        wanted = translated(code, "Less likely to help (%(num)s)") % {"num": "37"}
        assert fold.all("summary")[0].text == wanted
        said = [each.text for each in page.all("p", **{"class": "unsure"})]
        assert said == [translated(code, "Less likely to help")] * 6


@pytest.mark.parametrize(
    ("sent", "template", "values"),
    [
        (
            {"question": ""},
            "the question is empty. Write a few words or a situation.",
            {},
        ),
        (
            {"question": "x" * 20_000},
            "the question has {count} characters; at most {most} are read. "
            "Leave out what matters least.",
            {"count": 20_000, "most": 10_000},
        ),
        (
            {"question": "x", "year_from": "2020", "year_to": "2010"},
            "the first year, {first}, is later than the last, {last}. Exchange them.",
            {"first": 2020, "last": 2010},
        ),
    ],
)
def test_errors_are_in_the_language_of_the_page(
    client: FlaskClient, sent: dict[str, str], template: str, values: dict[str, int]
) -> None:
    for code in OTHERS:
        page = page_of(client.post(f"/{code}/", data=sent), 422)
        wanted = translated(code, template).format_map(values)
        assert page.one("div", role="alert").one("p").text == wanted
        assert wanted != template.format_map(values)


def test_the_names_of_filters_are_translated_in_errors(client: FlaskClient) -> None:
    page = page_of(client.post("/fr/", data={"question": "x", "topic": "Cooking"}), 422)
    said = page.one("div", role="alert").text
    assert translated("fr", "topics") in said
    assert "'Trafficking'" in said
    page = page_of(client.post("/fr/", data={"question": "x", "year_from": "0"}), 422)
    assert translated("fr", "year from") in page.one("div", role="alert").text


def test_errors_for_programs_are_in_english(client: FlaskClient) -> None:
    answer = client.post("/fr/api/search", json={"query": " "}, headers={"Accept-Language": "fr"})
    assert error_of(answer, 422)["message"].startswith("the question is empty.")


def test_years_may_be_written_in_other_digits(client: FlaskClient) -> None:
    sent = {"question": "victims", "year_from": "٢٠٢٠"}
    page = page_of(client.post("/ar/", data=sent))
    wanted = client.post("/api/search", json={"query": "victims", "filters": {"year_from": 2020}})
    titles = [hit["document"]["title"] for hit in wanted.get_json()["hits"]]
    assert [title_of(each) for each in hits_of(page)] == titles


# The language of a text.


def test_words_of_a_document_are_marked_with_their_language(client: FlaskClient) -> None:
    for code, wanted in (("fr", "en"), ("en", None)):
        page = page_of(client.post(f"/{code}/", data={"question": "child victims"}))
        hit = hits_of(page)[0]
        for each in (hit.one("h3"), hit.one("p", **{"class": "abstract"})):
            assert each.attributes["dir"] == "auto"
            assert each.attributes.get("lang") == wanted


# The names of places, and questions in other languages.


def test_places_are_named_in_the_language_on_every_page(client: FlaskClient) -> None:
    for path in ("/ar/documents", "/ar/map"):
        words = page_of(client.get(path)).text
        assert "تايلاند، كمبوديا، فيتنام" in words, path
        assert "Worldwide" not in words, path
    sent = {"question": "health", "country": "Cambodia"}
    (hit,) = hits_of(page_of(client.post("/ar/", data=sent)))
    assert "تايلاند؛ كمبوديا؛ فيتنام" in hit.text
    assert "آسيا والمحيط الهادئ" in hit.text


def test_every_region_of_the_library_is_named_in_the_language(
    client: FlaskClient, documents: list[dict[str, Any]]
) -> None:
    regions = {each for document in documents for each in document["regions"]}
    for code in OTHERS:
        form = page_of(client.get(f"/{code}/")).one("form", id="ask")
        shown = {
            box.attributes["value"]: label.all("span")[0].text
            for label in form.all("label")
            for box in label.all("input", name="region", type="checkbox")
        }
        assert set(shown) == regions
        assert not set(shown.values()) & regions, code


@pytest.mark.parametrize(
    ("code", "name"), [("en", "Lebanon"), ("fr", "Liban"), ("es", "Líbano"), ("ar", "لبنان")]
)
def test_countries_are_named_in_the_language_and_sent_as_they_are(
    client: FlaskClient, code: str, name: str
) -> None:
    page = page_of(client.post(f"/{code}/", data={"question": "training", "country": "Lebanon"}))
    (hit,) = hits_of(page)
    assert name in [each.text for each in hit.all("bdi")]
    chosen = [
        (label.all("span")[0].text, box.attributes["value"])
        for label in page.one("section", id="narrow").all("label")
        for box in label.all("input", name="country")
        if "checked" in box.attributes
    ]
    assert chosen == [(name, "Lebanon")]
    (chip,) = page.all("button", name="lift", value="country=Lebanon")
    assert name in chip.text


@pytest.mark.parametrize(
    ("code", "languages", "said"),
    [
        ("en", ("fr",), "Read as French."),
        ("en", ("fr", "en"), "Read as French and English."),
        ("en", ("en", "fr", "es"), "Read as English, French and Spanish."),
        ("fr", ("fr",), "Langue reconnue : français."),
        ("es", ("fr", "en"), "Idiomas reconocidos: francés, inglés."),
        ("ar", ("so",), "اللغة المتعرَّف عليها: الصومالية."),
        ("fr", ("en",), None),
    ],
)
def test_the_languages_of_a_question_are_named_in_the_language_of_the_page(
    client: FlaskClient, code: str, languages: tuple[str, ...], said: str | None
) -> None:
    with client.application.test_request_context(headers={"Accept-Language": code}):
        assert read_as(languages) == said


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_that_is_recognised_has_a_name(
    client: FlaskClient, language: Language
) -> None:
    with client.application.test_request_context(headers={"Accept-Language": language.code}):
        for code in {*RECOGNISED, "ti"} - {"en"}:
            assert f" {code}." not in str(read_as((code,)))


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("Comment identifier et orienter une victime de la traite des êtres humains ?", True),
        ("كيف أتعرف على ضحايا الاتجار بالبشر وأحيلهم إلى الخدمات المناسبة لهم؟", True),
        ("What should a nurse do who meets a person who was trafficked?", False),
        ("victims", False),
    ],
)
def test_a_question_in_another_language_gets_advice(
    client: FlaskClient, question: str, told: bool
) -> None:
    page = page_of(client.post("/en/", data={"question": question}))
    assert ("Your question is not in English" in page.text) == told
