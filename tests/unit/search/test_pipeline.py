"""A question to an answer, through all steps, with the real model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, cast

import numpy as np
import pytest

from embedder.encoders.encoder import Encoder
from embedder.errors import DocumentNotFound, RequestError, UnknownValue
from embedder.library import Library
from embedder.records import MODES, Document, Filters, Mode, Question, RankingWeights
from embedder.search.pipeline import answer
from embedder.search.served import ServedGeneration
from embedder.search.validation import MAX_LIMIT, MAX_QUERY_CHARS
from embedder.store.database import Store
from embedder.store.snapshot import Snapshot
from embedder.text.passages import split_into_passages
from embedder.text.sentences import split_sentences
from embedder.vectors import Float32Array
from tests.unit.search.conftest import (
    DISASTERS,
    PREVENTION,
    Ask,
    counted,
    facets,
    ids,
    make,
    without_time,
)

pytestmark = pytest.mark.slow

NEPAL = "human-trafficking-and-exploitation-lessons-from-6cd3af1d"
LONGEST = "trafficking-along-migration-routes-to-europe-c1d794c7"
LEBANON = "training-of-trainers-curriculum-on-standard-84290d30"


# Every answer.


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("text", [PREVENTION, DISASTERS], ids=["one sentence", "two sentences"])
def test_hits_are_ranked_by_their_scores(text: str, mode: Mode, ask: Ask) -> None:
    answer = ask(text, mode=mode, limit=100)
    scores = [hit.score for hit in answer.hits]
    assert [hit.rank for hit in answer.hits] == list(range(1, len(answer.hits) + 1))
    assert scores == sorted(scores, reverse=True)
    assert 0 <= min(scores) < max(scores) <= 1
    assert len(set(ids(answer))) == len(answer.hits) == answer.total


@pytest.mark.parametrize("mode", MODES)
def test_an_answer_says_where_it_comes_from(mode: Mode, ask: Ask) -> None:
    answer = ask(PREVENTION, mode=mode)
    assert (answer.model, answer.generation) == ("all-MiniLM-L6-v2", 1)
    assert answer.took_ms > 0


@pytest.mark.parametrize("mode", ["hybrid", "semantic"])
def test_every_document_can_be_found_by_meaning(
    mode: Mode, ask: Ask, seeds: list[Document]
) -> None:
    answer = ask(PREVENTION, mode=mode, limit=100)
    assert answer.total == 41
    assert set(ids(answer)) == {document.id for document in seeds}
    assert facets(answer) == counted(seeds)


def test_a_hit_holds_the_document_as_it_is_stored(ask: Ask, seeds: list[Document]) -> None:
    stored = {each.id: each for each in seeds}
    for hit in ask(PREVENTION).hits:
        assert hit.document == stored[hit.document.id]


def test_the_same_question_has_the_same_answer(seed_library: Library) -> None:
    for mode in MODES:
        question = Question(DISASTERS, limit=41, mode=mode)
        assert without_time(seed_library.ask(question)) == without_time(seed_library.ask(question))


@pytest.fixture(scope="module")
def stored(seed_vectors: Path, encoder: Encoder) -> dict[str, Float32Array]:
    """The vectors of each document's passages as the library holds them, by id."""
    with Store(seed_vectors).snapshot() as snapshot:
        _, rows = snapshot.passages()
        vectors = np.concatenate(list(snapshot.passage_vectors(encoder.fingerprint, encoder.dim)))
        return {document.id: vectors[rows == row] for row, document in snapshot.rows()}


def test_similarity_is_the_cosine_with_the_nearest_passage(
    ask: Ask, stored: dict[str, Float32Array], seed_library: Library
) -> None:
    (query,) = seed_library.encoder.encode_queries([PREVENTION])
    found = ask(PREVENTION, mode="semantic", limit=100, expand=False).hits
    assert {hit.document.id for hit in found} == set(stored)
    for hit in found:
        nearest = float(np.max(stored[hit.document.id] @ query))
        assert hit.similarity == pytest.approx(nearest, abs=1e-4)
        assert hit.legs.semantic == hit.similarity


# Batches of another shape round differently where a processor reads in bfloat16.
def test_stored_vectors_are_those_of_the_model(
    stored: dict[str, Float32Array], seeds: list[Document], encoder: Encoder
) -> None:
    for document in [each for at, each in enumerate(seeds) if at % 8 == 0 or each.id == LONGEST]:
        cut = split_into_passages(document, encoder.count_tokens, encoder.max_tokens)
        rows = np.stack([each.passage for each in encoder.encode_passages(cut)])
        assert stored[document.id].shape == rows.shape
        assert (stored[document.id] * rows).sum(axis=1).min() > 0.999


# Keywords.


def test_keywords_find_the_documents_that_hold_them_and_no_other(
    ask: Ask, seeds: list[Document]
) -> None:
    answer = ask("Nepal", mode="keyword", expand=False)
    holding = {each.id for each in seeds if "Nepal" in f"{each.title} {each.abstract}"}
    assert set(ids(answer)) == holding == {NEPAL}
    assert answer.total == 1
    assert facets(answer) == counted([hit.document for hit in answer.hits])
    assert (answer.hits[0].legs.keyword or 0.0) > 0


@pytest.mark.parametrize("author", ["Surtees", "Klaffenböck", "klaffenbock"])
def test_an_author_is_found_by_name(author: str, ask: Ask) -> None:
    answer = ask(author, mode="keyword", expand=False)
    (hit,) = answer.hits
    assert any(author[:5].lower() in each.lower() for each in hit.document.authors)


def test_a_name_leads_in_hybrid_mode_too(ask: Ask) -> None:
    assert "Rebecca Surtees" in ask("Surtees").hits[0].document.authors


@pytest.mark.parametrize("text", ["zebra", "人口贩运", "the and of"])
def test_words_of_no_document_find_nothing_by_keyword(text: str, ask: Ask) -> None:
    answer = ask(text, mode="keyword", expand=False)
    assert (answer.total, answer.hits, answer.verdict) == (0, (), "none")
    assert all(counts == () for counts in answer.facets.values())


def test_words_of_no_document_still_find_by_meaning(ask: Ask) -> None:
    answer = ask("zebra", expand=False)
    assert answer.total == 41
    assert {hit.legs.keyword for hit in answer.hits} == {None}


# Expansion.


# Without weight for meaning a document that keywords do not lead to scores 0; but as much of
# their weight as of the question's words is unknown goes to meaning, up to half.
def test_keywords_weigh_less_the_more_words_are_unknown(seed_library: Library) -> None:
    def by_meaning(text: str) -> float:
        question = Question(text, limit=100)
        hits = seed_library.ask(question, RankingWeights(dense_weight=0.0)).hits
        return max(hit.score for hit in hits if hit.legs.keyword is None)

    assert by_meaning("smuggling routes Africa") == 0.0
    third = by_meaning("smuggling Africa qwzrtk")
    assert third > 0.0
    assert by_meaning("smuggling qwzrtk vbnmqx") > third
    # Hardly a word of this is known; more than half of the weight meaning has not.
    text = "Boats capsized; fishermen dragged swimmers ashore; smugglers"
    assert 0.4 < by_meaning(text) <= 0.5


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_keywords_keep_a_share_of_their_weight(share: float, seed_library: Library) -> None:
    weights = RankingWeights(dense_weight=0.0, min_keyword_share=share)
    # All of its words but one of twenty are unknown. What keywords lack, meaning has.
    text = "smuggling " + " ".join(f"qwz{letter}rtk" for letter in "abcdefghijklmnopqrs")
    hits = seed_library.ask(Question(text, limit=100), weights).hits
    by_meaning = max(hit.score for hit in hits if hit.legs.keyword is None)
    assert by_meaning <= 1 - share
    assert (by_meaning == 0.0) is (share == 1.0)


def test_a_name_of_an_author_is_a_known_word(seed_library: Library) -> None:
    def best(text: str) -> float:
        return seed_library.ask(Question(text), RankingWeights(dense_weight=0.0)).hits[0].score

    assert best("Surtees") == 1.0


def test_a_misspelt_word_is_found_by_keyword_when_expanded(ask: Ask) -> None:
    assert ask("erthquake", mode="keyword", expand=False).total == 0
    assert NEPAL in ids(ask("erthquake", mode="keyword"))


def test_another_word_for_the_same_is_found_by_keyword_when_expanded(ask: Ask) -> None:
    assert ask("quake", mode="keyword", expand=False).total == 0
    assert NEPAL in ids(ask("quake", mode="keyword"))


def test_an_acronym_finds_what_spells_it_out(ask: Ask) -> None:
    assert LEBANON in ids(ask("ToT for SOPs"))[:3]


# Pages.


@pytest.mark.parametrize(
    ("text", "mode"),
    [(DISASTERS, "hybrid"), (PREVENTION, "semantic"), ("human trafficking of migrants", "keyword")],
)
def test_pages_together_are_the_whole(text: str, mode: Mode, seed_library: Library) -> None:
    whole = seed_library.ask(Question(text, limit=41, mode=mode))
    pages = [
        seed_library.ask(Question(text, limit=7, offset=at, mode=mode)) for at in range(0, 42, 7)
    ]
    assert [hit for page in pages for hit in page.hits] == list(whole.hits)
    assert len(whole.hits) > 20
    for page in pages:
        assert (page.total, page.facets) == (whole.total, whole.facets)
        assert (page.verdict, page.probability) == (whole.verdict, whole.probability)
        assert [each.meaning for each in page.understood] == [
            each.meaning for each in whole.understood
        ]
    # What is used on one of the pages is used on the whole.
    for index, each in enumerate(whole.understood):
        assert each.used == any(page.understood[index].used for page in pages)


@pytest.mark.parametrize("mode", MODES)
def test_a_limit_above_the_count_gives_all(mode: Mode, ask: Ask) -> None:
    answer = ask(PREVENTION, mode=mode, limit=MAX_LIMIT)
    assert len(answer.hits) == answer.total <= 41


@pytest.mark.parametrize("mode", MODES)
def test_after_the_last_page_there_is_nothing(mode: Mode, ask: Ask) -> None:
    answer, first = ask(PREVENTION, mode=mode, offset=41), ask(PREVENTION, mode=mode)
    assert answer.hits == ()
    assert (answer.total, answer.facets) == (first.total, first.facets)


# Filters.

FILTERS: list[tuple[str, Filters, Callable[[Document], bool]]] = [
    ("country", Filters(countries=("Lebanon",)), lambda d: "Lebanon" in d.countries),
    ("code", Filters(countries=("lbn",)), lambda d: "Lebanon" in d.countries),
    (
        "countries",
        Filters(countries=("Nigeria", "Viet Nam")),
        lambda d: not {"Nigeria", "Vietnam"}.isdisjoint(d.countries),
    ),
    (
        "worldwide",
        Filters(countries=("Lebanon",), include_worldwide=True),
        lambda d: not {"Lebanon", "Worldwide"}.isdisjoint(d.countries),
    ),
    ("topic", Filters(topics=("trafficking",)), lambda d: "Trafficking" in d.topics),
    ("author", Filters(authors=("surtees",)), lambda d: "Rebecca Surtees" in d.authors),
    (
        "region",
        Filters(regions=("Asia and the Pacific",)),
        lambda d: "Asia and the Pacific" in d.regions,
    ),
    ("years", Filters(year_from=2010, year_to=2014), lambda d: 2010 <= (d.year or 0) <= 2014),
    (
        "several",
        Filters(topics=("Referral Mechanisms",), year_from=2019),
        lambda d: "Referral Mechanisms" in d.topics and (d.year or 0) >= 2019,
    ),
]


@pytest.mark.parametrize("mode", ["hybrid", "semantic"])
@pytest.mark.parametrize(
    ("filters", "allows"), [each[1:] for each in FILTERS], ids=[each[0] for each in FILTERS]
)
def test_filters_allow_the_right_documents_with_exact_counts(
    filters: Filters,
    allows: Callable[[Document], bool],
    mode: Mode,
    ask: Ask,
    seeds: list[Document],
) -> None:
    allowed = [each for each in seeds if allows(each)]
    answer = ask(PREVENTION, mode=mode, limit=100, filters=filters)
    assert 0 < len(allowed) < 41
    assert set(ids(answer)) == {each.id for each in allowed}
    assert answer.total == len(allowed)
    assert facets(answer) == counted(allowed)


@pytest.mark.parametrize(
    ("filters", "allows"), [each[1:] for each in FILTERS], ids=[each[0] for each in FILTERS]
)
def test_filters_hold_for_keywords_with_exact_counts(
    filters: Filters, allows: Callable[[Document], bool], ask: Ask
) -> None:
    everything = ask(PREVENTION, mode="keyword", limit=100)
    allowed = [hit.document for hit in everything.hits if allows(hit.document)]
    answer = ask(PREVENTION, mode="keyword", limit=100, filters=filters)
    assert set(ids(answer)) == {each.id for each in allowed}
    assert answer.total == len(allowed)
    assert facets(answer) == counted(allowed)


@pytest.mark.parametrize("mode", MODES)
def test_counts_are_of_all_hits_and_not_of_a_page(mode: Mode, ask: Ask) -> None:
    filters = Filters(year_from=2010, year_to=2014)
    page = ask(PREVENTION, mode=mode, limit=1, filters=filters)
    whole = ask(PREVENTION, mode=mode, limit=100, filters=filters)
    assert len(page.hits) == 1 < page.total == len(whole.hits)
    assert page.facets == whole.facets


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "filters",
    [
        Filters(countries=("France",)),
        Filters(countries=("Lebanon",), year_from=2020),
        Filters(year_to=1990),
    ],
    ids=["no documents", "nobody", "years"],
)
def test_a_filter_that_allows_nothing_gives_nothing(filters: Filters, mode: Mode, ask: Ask) -> None:
    answer = ask(PREVENTION, mode=mode, filters=filters)
    assert (answer.total, answer.hits, answer.verdict) == (0, (), "none")
    assert all(counts == () for counts in answer.facets.values())


def test_an_unknown_value_in_a_filter_is_an_error_with_the_nearest(ask: Ask) -> None:
    with pytest.raises(UnknownValue) as error:
        ask(PREVENTION, filters=Filters(topics=("Traficking",)))
    assert error.value.field == "topics"
    assert error.value.nearest[0] == "Trafficking"


# Minimum similarity.


@pytest.mark.parametrize("mode", MODES)
def test_hits_are_at_least_as_similar_as_asked(mode: Mode, ask: Ask) -> None:
    everything = ask(DISASTERS, mode=mode, limit=100)
    threshold = float(np.median([hit.similarity for hit in everything.hits])) + 1e-5
    near = [hit.document for hit in everything.hits if hit.similarity >= threshold]
    answer = ask(DISASTERS, mode=mode, limit=100, min_similarity=threshold)
    assert 0 < len(near) < everything.total
    assert set(ids(answer)) == {each.id for each in near}
    assert answer.total == len(near)
    assert facets(answer) == counted(near)


@pytest.mark.parametrize("mode", MODES)
def test_nothing_is_similar_enough(mode: Mode, ask: Ask) -> None:
    answer = ask(PREVENTION, mode=mode, min_similarity=0.99)
    assert (answer.total, answer.hits, answer.verdict) == (0, (), "none")


def test_everything_is_similar_enough(ask: Ask) -> None:
    assert ask(PREVENTION, min_similarity=-1.0).total == 41


# Finding.


def test_a_long_abstract_is_found_by_its_last_sentence(
    ask: Ask, seeds: list[Document], encoder: Encoder
) -> None:
    (document,) = [each for each in seeds if each.id == LONGEST]
    (tokens,) = encoder.count_tokens([document.abstract])
    assert tokens > 1.9 * encoder.max_tokens
    start, end = split_sentences(document.abstract)[-1]
    hit = ask(document.abstract[start:end]).hits[0]
    assert hit.document.id == LONGEST
    assert (hit.evidence[0].start, hit.evidence[0].end) == (start, end)
    assert hit.evidence[0].text == document.abstract[start:end]


@pytest.mark.parametrize("mode", MODES)
def test_every_document_is_found_by_its_title(mode: Mode, ask: Ask, seeds: list[Document]) -> None:
    late = [each.id for each in seeds[::4] if ids(ask(each.title, mode=mode)).index(each.id) >= 3]
    assert late == []


ONE_SENTENCE = "After the earthquake in Nepal people may be trafficked and exploited."
STORY = f"""
I have been doing this work for eleven years and this week was one of the longest that I remember.
On Monday the printer broke again and we had to copy all the forms by hand until the afternoon.
My colleague Anna was away because her daughter has a cold and could not go to her music lesson.
The heating in our office makes a strange noise, so everybody sits in the kitchen with a coat on.
I took the bus because my bicycle has a flat tyre, and the bus came twenty minutes late as usual.
At lunch we ate soup with beans and talked about the football match that everybody had watched.
The landlord wants to paint the stairs in green, which nobody likes, but it is cheaper than white.
In the afternoon the telephone rang eleven times and nine of the calls were a wrong number.
{ONE_SENTENCE}
On Tuesday it rained so much that the cellar was wet and we carried forty boxes up to the attic.
My mother called to ask whether I would come for dinner on Sunday and bring the big blue bowl.
The new calendar has pictures of mountain lakes, and the one for this month hangs upside down.
On Wednesday the coffee machine was repaired, but now it makes everything taste a bit like soap.
I forgot my umbrella in the library and found it again next to the shelf with the cookery books.
On Thursday the cat of the neighbours walked in through the window and slept on the keyboard.
On Friday we cleaned the windows, watered the plants, and finally wrote the list for the weekend.
"""


@pytest.mark.parametrize("mode", ["hybrid", "semantic"])
def test_one_sentence_in_the_middle_of_a_story_finds_its_document(mode: Mode, ask: Ask) -> None:
    assert 280 <= len(STORY.split()) <= 330
    answer = ask(STORY, mode=mode)
    # Of 41: the small model is asked with the whole story, of which this is a sixteenth.
    assert NEPAL in ids(answer)[:5]
    (hit,) = [each for each in answer.hits if each.document.id == NEPAL]
    best = hit.matched[0]
    assert STORY[best.start : best.end] == ONE_SENTENCE
    assert "Nepal" in hit.evidence[0].text


def test_a_question_longer_than_the_model_reads_is_read_to_its_end(
    ask: Ask, encoder: Encoder
) -> None:
    filler = "It is a day like any other and nothing happens at all. " * 60
    assert encoder.count_tokens([filler])[0] > 2 * encoder.max_tokens
    answer = ask(filler + ONE_SENTENCE, limit=41)
    (hit,) = [each for each in answer.hits if each.document.id == NEPAL]
    assert hit.matched[0].end == len(filler + ONE_SENTENCE)
    assert hit.rank <= 5


def test_the_longest_question_is_answered(ask: Ask) -> None:
    text = (STORY * 10)[:MAX_QUERY_CHARS]
    answer = ask(text)
    assert answer.total == 41
    for hit in answer.hits:
        for each in hit.matched:
            assert 0 <= each.start < each.end <= len(text)


# Refused questions.


class Unused:
    """An encoder, or what else a test expects not to be asked for anything."""

    def __getattr__(self, name: str) -> NoReturn:
        raise AssertionError(f"{name} was used")


def test_a_question_is_refused_before_anything_is_searched() -> None:
    served, snapshot = cast("ServedGeneration", Unused()), cast("Snapshot", Unused())
    with pytest.raises(RequestError, match="the question is empty"):
        answer(served, snapshot, Question(""))


def test_the_library_refuses_what_cannot_be_answered(seed_library: Library) -> None:
    with pytest.raises(RequestError, match="limit 0 is out of range: 1 to 100"):
        seed_library.ask(Question("secret", limit=0))


# Similar documents.


def test_similar_documents_are_all_others_nearest_first(
    seed_library: Library, seeds: list[Document]
) -> None:
    hits = seed_library.similar(NEPAL, limit=100)
    assert {hit.document.id for hit in hits} == {each.id for each in seeds} - {NEPAL}
    values = [hit.similarity for hit in hits]
    assert values == sorted(values, reverse=True)
    assert [hit.rank for hit in hits] == list(range(1, 41))
    assert seed_library.similar(NEPAL, limit=3) == hits[:3]


def test_the_most_similar_documents_are_about_the_same_subject(seed_library: Library) -> None:
    hits = seed_library.similar("smuggled-south-an-updated-overview-of-mixed-cdb309b1", limit=5)
    assert any("migra" in hit.document.title.lower() for hit in hits)
    for hit in hits:
        for each in hit.evidence:
            assert each.text == hit.document.abstract[each.start : each.end]


@pytest.mark.parametrize("limit", [0, -1, 101])
def test_a_limit_of_similar_documents_out_of_range_is_an_error(
    limit: int, seed_library: Library
) -> None:
    with pytest.raises(RequestError, match=f"limit {limit} is out of range: 1 to 100"):
        seed_library.similar(NEPAL, limit=limit)


def test_a_missing_document_has_no_similar_ones(seed_library: Library) -> None:
    with pytest.raises(DocumentNotFound, match="no document has the id 'gone'"):
        seed_library.similar("gone")


# Small libraries.


def test_years_filter_documents_without_a_year_out(animals: Library) -> None:
    answer = animals.ask(Question("cats", filters=Filters(year_from=1)))
    assert ids(answer) == ["stars"]


def test_one_document_is_a_library(tmp_path: Path, encoder: Encoder) -> None:
    library = make(tmp_path, encoder, {"id": "one", "title": "Cats", "abstract": "Cats sleep."})
    for mode in MODES:
        assert ids(library.ask(Question("cats", mode=mode))) == ["one"]
    assert library.ask(Question("zebra", mode="keyword")).verdict == "none"
    assert library.similar("one") == []


def test_equal_documents_are_in_the_order_of_the_library(tmp_path: Path, encoder: Encoder) -> None:
    alike = {"abstract": "Cats sleep at night."}
    documents = [{"id": f"d{at}", "title": "Cats", "year": 2000 + at, **alike} for at in range(5)]
    library = make(tmp_path, encoder, *documents)
    for mode in MODES:
        hits = library.ask(Question("cats", mode=mode)).hits
        assert [hit.document.id for hit in hits] == ["d0", "d1", "d2", "d3", "d4"]
        assert len({hit.score for hit in hits}) == 1


@pytest.mark.parametrize("mode", MODES)
def test_pages_are_stable_beyond_the_reranked_documents(mode: Mode, large: Library) -> None:
    text = "cats in spring. Nepal by night!"
    pages = [large.ask(Question(text, limit=40, offset=at, mode=mode)) for at in range(0, 200, 40)]
    hits = [hit for page in pages for hit in page.hits]
    assert len({hit.document.id for hit in hits}) == len(hits) == pages[0].total
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert len(hits) == 200 or mode == "keyword"


@pytest.mark.parametrize("mode", ["hybrid", "semantic"])
def test_a_filter_finds_what_is_ranked_last_without_it(mode: Mode, large: Library) -> None:
    text = "cats in spring"
    last = large.ask(Question(text, limit=1, offset=199, mode=mode)).hits[0].document
    filters = Filters(year_from=last.year, year_to=last.year)
    answer = large.ask(Question(text, filters=filters, mode=mode))
    assert (ids(answer), answer.total) == ([last.id], 1)
