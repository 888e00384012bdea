from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from embedder.build.diff import Changes, document_id, find_changes, identify, to_stored_entry
from embedder.errors import SourceError
from embedder.formats import listing
from embedder.records import Document, Entry, StoredEntry
from tests.conftest import SEEDS

NOTHING = Changes(new=(), changed=(), removed=(), unchanged=0)


def document(**values: Any) -> Document:
    return replace(Document(id="", title="A title", abstract="An abstract.", year=2019), **values)


def entry(place: str, **values: Any) -> Entry:
    """Make an identified entry; `place` is `file:line`, and names the source."""
    path, line = place.split(":")
    told = document(**{"sources": (path,), **values})
    (found,) = identify([Entry(told, Path(path), int(line))])
    return found


def changes(
    entries: Iterable[Entry] = (),
    kept: Iterable[Entry] = (),
    stored: Iterable[Document] = (),
    forgotten: Iterable[str] = (),
) -> Changes:
    return find_changes(
        list(entries),
        [to_stored_entry(each) for each in kept],
        {each.id: each for each in stored},
        forgotten,
    )


# Ids. The hashes are `printf '%s\0%s\0%s' TITLE ABSTRACT YEAR | sha256sum`.


@pytest.mark.parametrize(
    ("given", "made"),
    [
        pytest.param(document(), "a-title-c2e0129c", id="plain"),
        pytest.param(document(year=None), "a-title-e0da2d9a", id="without year"),
        pytest.param(
            document(title="Торговля людьми", abstract="", year=None), "c02161b6", id="other script"
        ),
        pytest.param(
            document(title="Klaffenböck: Über  Ärzte & Straßen (2nd)", abstract="", year=None),
            "klaffenbock-uber-arzte-strassen-2nd-4f7c97d8",
            id="accents and signs",
        ),
        pytest.param(document(title="", abstract="", year=None), "96a296d2", id="nothing"),
    ],
)
def test_an_id_is_made_of_the_title_and_a_hash(given: Any, made: str) -> None:
    assert document_id(given) == made


def test_a_seed_keeps_its_id() -> None:
    found = [each.document for each in identify(listing.read(SEEDS / "001_f14cff413b8cafab.txt"))]
    assert found[-1].id == "unseen-unheard-gender-based-violence-in-65aa9683"


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        pytest.param("a" * 47 + " bc", "a" * 47, id="a word that ends past 48"),
        pytest.param("a" * 48 + " bc", "a" * 48, id="a word that ends at 48"),
        pytest.param("a" * 45 + " bc", "a" * 45 + "-bc", id="48 in all"),
        pytest.param("a" * 60, "a" * 48, id="one long word"),
        pytest.param("a b c " * 20, "-".join("abc" * 8), id="short words"),
    ],
)
def test_a_long_title_is_cut_between_words(title: str, slug: Any) -> None:
    assert document_id(document(title=title)).rpartition("-")[0] == slug


def test_an_id_is_the_same_whatever_else_is_told() -> None:
    told = document(
        countries=("Lebanon",), authors=("Ann Ash",), topics=("Health",), sources=("x.txt",)
    )
    assert document_id(told) == document_id(document())


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"abstract": "Another abstract."}, id="abstract"),
        pytest.param({"abstract": "An abstract. "}, id="a space"),
        pytest.param({"title": "A  title"}, id="title"),
        pytest.param({"year": 2020}, id="year"),
        pytest.param({"year": None}, id="no year"),
        pytest.param(
            {"title": "A title An", "abstract": "abstract."}, id="same letters, cut elsewhere"
        ),
    ],
)
def test_another_document_has_another_id(other: dict[str, Any]) -> None:
    assert document_id(document(**other)) != document_id(document())


def test_an_id_that_a_source_gives_is_kept() -> None:
    assert document_id(document(id="MED-10")) == "MED-10"


def test_identify_changes_nothing_but_the_id() -> None:
    told = Entry(document(topics=("Health",)), Path("a.txt"), 5)
    (found,) = identify([told])
    assert found == replace(told, document=replace(told.document, id=document_id(told.document)))


def test_what_is_stored_of_an_entry_is_its_place_and_its_lists() -> None:
    found = to_stored_entry(
        entry("a.txt:5", id="x", countries=("Lebanon",), topics=("T",), category="C")
    )
    assert found == StoredEntry(
        path="a.txt",
        line=5,
        key="x",
        labels={
            "countries": ["Lebanon"],
            "country_codes": [],
            "regions": [],
            "authors": [],
            "topics": ["T"],
            "sources": ["a.txt"],
            "category": "C",
        },
    )


# Merging.


def test_two_entries_of_a_document_are_united() -> None:
    first = entry(
        "a.txt:5",
        countries=("Lebanon", "Georgia"),
        country_codes=("LBN", "GEO"),
        regions=("Worldwide",),
        authors=("Ann Ash",),
        topics=("Trafficking",),
    )
    second = entry(
        "b.txt:9",
        countries=("Georgia", "Armenia"),
        country_codes=("GEO", "ARM"),
        regions=("Asia",),
        authors=("Ann Ash", "Ben Birk"),
        topics=("Referral",),
        category="Reports",
    )
    assert changes([first, second]).new == (
        Document(
            id=first.document.id,
            title="A title",
            abstract="An abstract.",
            countries=("Lebanon", "Georgia", "Armenia"),
            country_codes=("LBN", "GEO", "ARM"),
            regions=("Worldwide", "Asia"),
            authors=("Ann Ash", "Ben Birk"),
            year=2019,
            topics=("Trafficking", "Referral"),
            category="Reports",
            sources=("a.txt", "b.txt"),
        ),
    )


def test_the_order_of_reading_changes_nothing() -> None:
    told = [
        entry("a.txt:5", topics=("One",)),
        entry("a.txt:10", topics=("Two",), category="first"),
        entry("b.txt:1", topics=("Three", "One"), category="second"),
        entry("c.txt:1", topics=("Four",)),
    ]
    for order in permutations(told):
        for cut in range(len(order)):
            found = changes(order[cut:], kept=order[:cut]).new
            assert [each.topics for each in found] == [("One", "Two", "Three", "Four")]
            assert [each.sources for each in found] == [("a.txt", "b.txt", "c.txt")]
            assert [each.category for each in found] == ["first"]


def test_seeds_merge_alike_in_any_order_of_pages() -> None:
    pages = sorted(SEEDS.glob("*.txt"))
    forth, back = (
        changes(identify(each for path in order for each in listing.read(path))).new
        for order in (pages, pages[::-1])
    )
    assert len(forth) == 41
    assert {each.id: each for each in forth} == {each.id: each for each in back}
    merged = [each for each in forth if len(each.sources) > 1]
    assert [each.topics for each in merged] == [("Trafficking", "Referral Mechanisms")] * 3


def test_two_abstracts_under_one_title_stay_two_documents() -> None:
    found = changes([entry("a.txt:5"), entry("a.txt:20", abstract="Another abstract.")]).new
    assert [each.abstract for each in found] == ["An abstract.", "Another abstract."]
    assert found[0].id != found[1].id
    assert all(each.id.startswith("a-title-") for each in found)


# One id for two documents.


ADVICE = "Give one of them another id, or index them into libraries of their own (--vectors DIR)"


@pytest.mark.parametrize(
    "other",
    [{"title": "Another"}, {"abstract": "Another."}, {"year": 2020}, {"year": None}],
    ids=["title", "abstract", "year", "no year"],
)
def test_one_id_for_two_documents_read_names_both_places(other: dict[str, Any]) -> None:
    told = [
        entry("a.jsonl:3", id="x"),
        entry("a.jsonl:4", id="y"),
        entry("b.jsonl:8", id="x", **other),
    ]
    with pytest.raises(SourceError) as caught:
        changes(told)
    assert caught.value.message == (
        f"b.jsonl:8: the id 'x' stands for another document in a.jsonl:3. {ADVICE}"
    )


def test_one_id_for_two_documents_read_now_and_before_names_both_places() -> None:
    before = entry("b.jsonl:8", id="x", abstract="Another.")
    with pytest.raises(SourceError) as caught:
        changes([entry("a.jsonl:3", id="x")], kept=[before], stored=[before.document])
    assert caught.value.message == (
        f"a.jsonl:3: the id 'x' stands for another document in b.jsonl:8. {ADVICE}"
    )


def test_a_document_may_change_where_no_other_source_speaks_of_it() -> None:
    before = entry("a.jsonl:3", id="x", abstract="Before.")
    after = entry("a.jsonl:3", id="x", abstract="After.")
    found = changes([after], stored=[before.document], forgotten=["x"])
    assert found == replace(NOTHING, changed=(after.document,))


# What is new, changed, removed and as it was.


def test_no_entries_are_no_changes() -> None:
    assert changes() == NOTHING


def test_all_is_new_in_an_empty_library() -> None:
    told = [entry("a.txt:5"), entry("a.txt:20", title="B")]
    assert changes(told) == replace(NOTHING, new=tuple(each.document for each in told))


def test_what_is_read_again_is_unchanged() -> None:
    told = [entry("a.txt:5"), entry("a.txt:20", title="B")]
    stored = [each.document for each in told]
    found = changes(told, stored=stored, forgotten=[each.id for each in stored])
    assert found == replace(NOTHING, unchanged=2)


def test_a_moved_line_is_no_change() -> None:
    before = entry("a.txt:5")
    assert changes(
        [entry("a.txt:99")], stored=[before.document], forgotten=[before.document.id]
    ) == replace(NOTHING, unchanged=1)


def test_new_changed_removed_and_unchanged_are_told_apart() -> None:
    same, gone = entry("a.jsonl:1", id="same"), entry("a.jsonl:2", id="gone")
    before = entry("a.jsonl:3", id="other", topics=("Before",))
    after = entry("a.jsonl:2", id="other", topics=("After",))
    fresh = entry("a.jsonl:3", id="fresh")
    found = changes(
        [same, after, fresh],
        stored=[same.document, gone.document, before.document],
        forgotten=["same", "gone", "other"],
    )
    assert found == Changes(
        new=(fresh.document,), changed=(after.document,), removed=("gone",), unchanged=1
    )


def test_what_only_other_sources_say_is_left_alone() -> None:
    other = entry("b.jsonl:1", id="b")
    told = entry("a.jsonl:1", id="a")
    assert changes([told], kept=[other], stored=[other.document]) == replace(
        NOTHING, new=(told.document,)
    )


def test_a_second_source_changes_a_document_without_forgetting_the_first() -> None:
    first, second = entry("a.txt:5", topics=("One",)), entry("b.txt:5", topics=("Two",))
    found = changes([second], kept=[first], stored=[first.document])
    united = replace(first.document, topics=("One", "Two"), sources=("a.txt", "b.txt"))
    assert found == replace(NOTHING, changed=(united,))


def test_a_document_that_another_source_still_has_is_not_removed() -> None:
    first = entry("a.txt:5", topics=("One",))
    united = replace(first.document, topics=("One", "Two"), sources=("a.txt", "b.txt"))
    found = changes([], kept=[first], stored=[united], forgotten=[united.id])
    assert found == replace(NOTHING, changed=(first.document,))


def test_a_document_named_twice_is_counted_once() -> None:
    told = [entry("a.txt:5"), entry("b.txt:5")]
    united = replace(told[0].document, sources=("a.txt", "b.txt"))
    assert changes(told).new == (united,)
    assert changes(told, stored=[united], forgotten=[united.id, united.id]) == replace(
        NOTHING, unchanged=1
    )
    assert changes([], stored=[united], forgotten=[united.id, united.id]) == replace(
        NOTHING, removed=(united.id,)
    )
