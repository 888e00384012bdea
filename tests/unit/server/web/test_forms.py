"""The search form: what is read from a browser's fields, and what it asks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from embedder.errors import RequestError
from embedder.records import Filters, Question
from server.web.forms import FACETS, MAX_PICKED, PAGE_LENGTH, REFINEMENTS, Form


def read(**fields: str | list[str]) -> Form:
    return Form.read(MultiDict(fields))


# Reading.


def test_no_fields_are_the_empty_form() -> None:
    assert read() == Form()
    assert read(question="", year_from=" ", country=["", " "], offset="") == Form()


def test_every_field_is_read() -> None:
    form = read(
        question=" One\r\nTwo ",
        topic="Trafficking",
        country=["Nigeria", " Lebanon ", "", "Nigeria"],
        region="Worldwide",
        author=["Healy"],
        year_from=" 2001",
        year_to="2002 ",
        worldwide="yes",
        plain="yes",
        offset="10",
        pick=["a", "b", "a"],
        like=["c", " d", "c"],
        unlike="e",
        ignore=["f g", " h", "f g"],
    )
    assert form == Form(
        question="One\nTwo",
        topic=("Trafficking",),
        country=("Nigeria", "Lebanon"),
        region=("Worldwide",),
        author=("Healy",),
        year_from="2001",
        year_to="2002",
        worldwide=True,
        plain=True,
        offset="10",
        picked=("a", "b"),
        like=("c", "d"),
        unlike=("e",),
        ignore=("f g", "h"),
    )


def test_unknown_fields_are_left_out() -> None:
    assert read(question="x", colour="red") == Form(question="x")


def test_more_selected_documents_than_are_carried_are_cut() -> None:
    ids = [f"d{number}" for number in range(MAX_PICKED + 1)]
    assert read(pick=ids[:-1]).picked == tuple(ids[:-1])
    assert read(pick=ids).picked == tuple(ids[:-1])


# Marked documents.


def test_a_button_marks_one_more_document() -> None:
    form = read(question="x", like=["a", "b"], unlike="c", more="d")
    assert (form.like, form.unlike) == (("a", "b", "d"), ("c",))
    form = read(question="x", like=["a", "b"], unlike="c", less="d")
    assert (form.like, form.unlike) == (("a", "b"), ("c", "d"))


def test_a_document_that_is_marked_otherwise_is_marked_so_alone() -> None:
    form = read(like=["a", "b"], unlike="c", less="a")
    assert (form.like, form.unlike) == (("b",), ("c", "a"))
    form = read(like=["a", "b"], unlike="c", more="c")
    assert (form.like, form.unlike) == (("a", "b", "c"), ())


def test_a_mark_is_taken_back() -> None:
    form = read(like=["a", "b=c"], unlike="d", lift="like=b=c")
    assert (form.like, form.unlike) == (("a",), ("d",))
    assert read(like=["a", "b"], unlike="d", lift="like").like == ()
    assert read(like="a", unlike="d", lift="unlike=d") == read(like="a")
    assert form.active_filters == ()


def test_of_more_marks_than_a_question_can_have_the_latest_are_kept() -> None:
    ids = [f"d{number}" for number in range(20)]
    assert read(like=ids, unlike=ids[:1]).like == tuple(ids)
    assert read(like=ids, more="new").like == (*ids[1:], "new")


def test_a_meaning_is_switched_off_and_on_again() -> None:
    form = read(question="x", ignore="a b", without="c=d")
    assert form.ignore == ("a b", "c=d")
    assert read(ignore=["a b", "c=d"], without="a b").ignore == ("c=d", "a b")
    assert read(ignore=["a b", "c=d"], lift="ignore=c=d").ignore == ("a b",)
    assert read(ignore=["a b", "c=d"], lift="ignore").ignore == ()
    assert form.active_filters == ()
    assert "a b" not in repr(form)


def test_of_more_meanings_than_a_question_can_ignore_the_latest_are_kept() -> None:
    meanings = [f"m{number}" for number in range(50)]
    assert read(ignore=meanings).ignore == tuple(meanings)
    assert read(ignore=meanings, without="new").ignore == (*meanings[1:], "new")


@pytest.mark.parametrize("field", REFINEMENTS)
def test_another_question_begins_without_marks_and_with_all_meanings(field: str) -> None:
    def marks(question: str, **more: str) -> tuple[str, ...]:
        fields: dict[str, Any] = {field: ["a"], "mark": before.fingerprint, **more}
        found: tuple[str, ...] = getattr(read(question=question, **fields), field)
        return found

    before = read(question="x", **{field: "a"})
    assert marks("x") == marks(" x ", country="Malta") == ("a",)
    assert marks("y") == ()
    # What is pressed is marked, whatever else has changed.
    button = {"like": "more", "unlike": "less", "ignore": "without"}[field]
    assert marks("y", **{button: "b"}) == ("b",)


def test_another_order_begins_at_its_first_hit() -> None:
    before = read(question="x", like="a", ignore="c")
    fields: dict[str, Any] = {"question": "x", "like": "a", "mark": before.fingerprint}
    fields["ignore"] = "c"
    assert read(**fields, offset="20").offset == "20"
    for changed in (
        *({"more": "b"}, {"less": "b"}, {"lift": "like=a"}),
        *({"without": "d"}, {"lift": "ignore=c"}),
    ):
        assert read(**fields, offset="20", **changed).offset == "0"


# Filters that are removed.

FULL = Form(
    question="x",
    topic=("Trafficking",),
    country=("Nigeria", "Lebanon"),
    region=("Africa",),
    author=("Healy",),
    year_from="2001",
    year_to="2002",
)


@pytest.mark.parametrize(
    ("name", "field", "left"),
    [
        ("topic", "topic", ()),
        ("country", "country", ()),
        ("country=Nigeria", "country", ("Lebanon",)),
        ("country=Malta", "country", ("Nigeria", "Lebanon")),
        ("region=Africa", "region", ()),
        ("author", "author", ()),
        ("worldwide", "worldwide", True),
    ],
)
def test_a_filter_or_one_of_its_values_is_removed(name: str, field: str, left: object) -> None:
    changed = FULL.without_filter(name)
    assert getattr(changed, field) == left
    others = {"question", *FACETS, "year_from", "year_to", "worldwide"} - {field}
    assert {each: getattr(changed, each) for each in others} == {
        each: getattr(FULL, each) for each in others
    }


def test_both_years_are_removed_together() -> None:
    changed = FULL.without_filter("years")
    assert (changed.year_from, changed.year_to) == ("", "")
    assert changed.active_filters == ("topic", "country", "region", "author")


# Filters that are added.


@pytest.mark.parametrize(
    ("added", "changed"),
    [
        ("country=Malta", {"country": ("Nigeria", "Lebanon", "Malta")}),
        ("country=Lebanon", {}),
        ("author=A = B", {"author": ("Healy", "A = B")}),
        ("region= ", {}),
        ("years=2010-2014", {"year_from": "2010", "year_to": "2014"}),
        ("years=2010-", {"year_from": "2010", "year_to": ""}),
        ("years=-2014", {"year_from": "", "year_to": "2014"}),
        ("", {}),
        ("question=y", {}),
        ("=x", {}),
    ],
)
def test_a_filter_is_added_beside_the_others(added: str, changed: dict[str, Any]) -> None:
    assert FULL.with_filter(added) == replace(FULL, **changed)


def test_an_added_filter_is_read_and_begins_at_the_first_hit() -> None:
    asked = Form(question="x")
    form = read(question="x", add="country=Lebanon", mark=asked.fingerprint, offset="10")
    assert form == Form(question="x", country=("Lebanon",))


@pytest.mark.parametrize("name", ["", "question", "offset", "nothing=x", "=x"])
def test_what_is_not_a_filter_cannot_be_removed(name: str) -> None:
    assert FULL.without_filter(name) == FULL


def test_the_browser_removes_a_filter_by_its_field() -> None:
    assert read(country=["Nigeria", "Lebanon"], lift="country=Nigeria").country == ("Lebanon",)
    assert read(year_from="2001", lift="years").year_from == ""


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({}, ()),
        ({"worldwide": "yes", "plain": "yes", "question": "x"}, ()),
        ({"year_to": "2001"}, ("years",)),
        ({"author": "Healy", "topic": "Trafficking"}, ("topic", "author")),
    ],
)
def test_the_filters_that_are_set_are_named(
    fields: dict[str, str | list[str]], names: tuple[str, ...]
) -> None:
    assert read(**fields).active_filters == names


# Fingerprints.


def test_the_fingerprint_tells_questions_and_filters_apart_but_not_pages() -> None:
    form = read(question="x")
    assert form.fingerprint == read(question="x", offset="10", pick="a").fingerprint
    others = [
        read(question="y"),
        read(question="x", topic="Trafficking"),
        read(question="x", year_to="2001"),
        read(question="x", plain="yes"),
    ]
    assert len({form.fingerprint, *(each.fingerprint for each in others)}) == 5
    assert len(form.fingerprint) == 16


def test_a_fingerprint_is_made_of_any_text() -> None:
    assert len(Form(question="\ud800").fingerprint) == 16  # an unpaired surrogate


def test_the_offset_is_kept_only_while_the_question_is_the_same() -> None:
    fingerprint = read(question="x").fingerprint
    assert read(question="x", offset="20", mark=fingerprint).offset == "20"
    assert read(question="x", offset="20").offset == "20"
    assert read(question="y", offset="20", mark=fingerprint).offset == "0"
    assert read(question="x", offset="20", mark=fingerprint, country="Malta").offset == "0"


# Questions.


def test_the_question_that_is_asked() -> None:
    assert read(question="x").to_question() == Question("x", limit=PAGE_LENGTH)
    form = read(
        question="x",
        plain="yes",
        offset="20",
        region="Africa",
        year_from="0٢٠١٥",
        like=["a", "b"],
        unlike="c",
        ignore=["d", "e f"],
    )
    assert form.to_question() == Question(
        "x",
        limit=PAGE_LENGTH,
        offset=20,
        expand=False,
        filters=Filters(regions=("Africa",), year_from=2015),
        like=("a", "b"),
        unlike=("c",),
        ignore=("d", "e f"),
    )


@pytest.mark.parametrize("text", ["last year", "-5", "1.5", "2015a", "1234567", "²"])
@pytest.mark.parametrize("name", ["year_from", "year_to", "offset"])
def test_what_is_not_a_number_is_named(name: str, text: str) -> None:
    fields: dict[str, Any] = {name: text}
    with pytest.raises(RequestError, match="write a whole number, such as 2015") as caught:
        read(question="x", **fields).to_question()
    assert caught.value.field == name


def test_the_text_is_not_in_the_representation() -> None:
    assert "secret" not in repr(Form(question="secret"))
