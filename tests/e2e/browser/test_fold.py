"""What is less likely to help is folded away, in a real browser, and can be had by a click.

How hits fit is given here, whatever a model says of them: see `fitting`. Keys are in
test_keyboard.py.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from embedder.records import Fit
from tests.e2e.browser.conftest import PHONE, Fitting, answer_of, ask

# The second document does not fit, but a later one does.
MIXED: tuple[Fit, ...] = ("best", "less likely", "likely")
TOTAL = 25


def hits_of(page: Page) -> Locator:
    return page.locator("ol.hits > li")


def fold_of(page: Page) -> Locator:
    """The fold's words, which open and close it."""
    return page.locator("details.folded-hits > summary")


def more(page: Page) -> Locator:
    return page.locator("button[name=offset]", has_text="More documents")


def titles_of(page: Page, limit: int = TOTAL) -> list[str]:
    return [hit["document"]["title"] for hit in answer_of(page, limit=limit)["hits"]]


def expect_in_sight(page: Page, count: int, of: int = 10) -> None:
    """Check that of so many documents so many are in sight: the first ones."""
    hits = hits_of(page)
    expect(hits.locator("h3")).to_have_text(titles_of(page)[:of])
    for at, hit in enumerate(hits.all()):
        if at < count:
            expect(hit.locator("h3")).to_be_visible()
        else:
            expect(hit.locator("h3")).to_be_hidden()


@pytest.mark.parametrize("java_script_enabled", [True, False], ids=["script", "no script"])
@pytest.mark.parametrize(("fits", "count"), [(MIXED, 3), (("best",), 1), ((), 3)])
def test_the_rest_is_folded_and_opens(
    fitting: Fitting, fits: tuple[Fit, ...], count: int, java_script_enabled: bool
) -> None:
    page = fitting(*fits, java_script_enabled=java_script_enabled)
    ask(page)
    expect_in_sight(page, count)
    expect(fold_of(page)).to_be_visible()
    expect(fold_of(page)).to_have_text(f"Less likely to help ({TOTAL - count})")
    expect(more(page)).to_be_hidden()
    fold_of(page).click()
    expect_in_sight(page, 10)
    expect(more(page)).to_be_visible()
    fold_of(page).click()
    expect_in_sight(page, count)


@pytest.mark.parametrize("fits", [["likely"] * 10, [*["less likely"] * 9, "best"]])
def test_where_the_last_document_fits_nothing_is_folded(fitting: Fitting, fits: list[Fit]) -> None:
    page = fitting(*fits)
    ask(page)
    expect_in_sight(page, 10)
    expect(fold_of(page)).to_have_count(0)
    expect(more(page)).to_be_visible()


@pytest.mark.parametrize("java_script_enabled", [True, False], ids=["script", "no script"])
def test_the_fold_leads_to_more_documents_none_of_which_is_folded(
    fitting: Fitting, java_script_enabled: bool
) -> None:
    page = fitting(*MIXED, java_script_enabled=java_script_enabled)
    ask(page)
    titles = titles_of(page)
    fold_of(page).click()
    for start in (10, 20):
        more(page).click()
        expect(page.locator("ol.hits")).to_have_attribute("start", str(start + 1))
        expect(hits_of(page).locator("h3")).to_have_text(titles[start : start + 10])
        expect(fold_of(page)).to_have_count(0)
        for hit in hits_of(page).all():
            expect(hit.locator("h3")).to_be_visible()
            expect(hit.locator(".unsure")).to_have_text(["Less likely to help"])
            expect(hit.locator("mark")).to_have_count(0)
    expect(more(page)).to_have_count(0)
    for _ in (10, 0):
        page.get_by_role("button", name="Previous documents").click()
    expect_in_sight(page, 3)
    expect(fold_of(page)).to_have_text(f"Less likely to help ({TOTAL - 3})")


def test_what_does_not_fit_is_not_marked_and_says_so(fitting: Fitting) -> None:
    page = fitting(*MIXED)
    ask(page)
    fold_of(page).click()
    hits = answer_of(page)["hits"]
    assert [hit["fit"] for hit in hits] == [*MIXED, *["less likely"] * 7]
    for shown, hit in zip(hits_of(page).all(), hits, strict=True):
        fits = hit["fit"] != "less likely"
        sentences = [each["text"] for each in hit["evidence"] if each["field"] == "abstract"]
        assert sentences
        # Under the title, and in the abstract.
        expect(shown.locator("blockquote mark")).to_have_text(sentences if fits else [])
        shown.locator("summary", has_text="The whole abstract").click()
        expect(shown.locator("p.abstract")).to_have_text(hit["document"]["abstract"])
        expect(shown.locator("p.abstract mark")).to_have_count(len(sentences) if fits else 0)
        expect(shown.locator(".unsure")).to_have_text([] if fits else ["Less likely to help"])


def test_a_folded_document_is_selected_and_marked_like_others(fitting: Fitting) -> None:
    page = fitting(*MIXED)
    ask(page)
    title = titles_of(page)[6]
    fold_of(page).click()
    page.get_by_role("checkbox", name=f"Select {title}").check()
    more(page).click()
    elsewhere = page.locator("details.elsewhere")
    expect(elsewhere.locator("label")).to_have_text([title])
    page.get_by_role("button", name="Previous documents").click()
    # What is selected stays in sight.
    expect(page.locator("input[name=pick]:checked")).to_be_visible()
    page.get_by_role("button", name=f"Less like this {title}").click()
    expect(page.locator("p.set button", has_text=title)).to_be_visible()
    refined = answer_of(page, unlike=[answer_of(page)["hits"][6]["document"]["id"]])
    expect(hits_of(page).locator("h3")).to_have_text(
        [hit["document"]["title"] for hit in refined["hits"]]
    )


def test_the_fold_is_an_easy_target_on_a_phone(fitting: Fitting) -> None:
    page = fitting(*MIXED, viewport=PHONE, has_touch=True)
    ask(page)
    box = fold_of(page).bounding_box()
    assert box is not None
    assert box["height"] >= 44
    assert box["width"] <= PHONE["width"]
    fold_of(page).tap()
    expect(hits_of(page).last.locator("h3")).to_be_visible()


def test_on_paper_nothing_is_folded(fitting: Fitting) -> None:
    page = fitting(*MIXED)
    ask(page)
    page.emulate_media(media="print")
    expect_in_sight(page, 10)
    expect(hits_of(page).locator(".unsure").last).to_be_visible()
    expect(fold_of(page)).to_be_hidden()
    expect(more(page)).to_be_hidden()
