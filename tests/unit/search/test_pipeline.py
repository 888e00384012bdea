from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embedder.build.pipeline import index
from embedder.encoders.encoder import Encoder
from embedder.errors import DocumentNotFound, RequestError, UnknownValue
from embedder.library import Library
from embedder.records import MODES, Answer, Document, Filters, Question, RankingWeights
from embedder.search import retrieval
from embedder.search.validation import MAX_LIMIT, MAX_QUERY_CHARS, validate_query
from embedder.store.database import Store
from embedder.text.passages import split_into_passages
from embedder.text.sentences import split_sentences
from embedder.vectors import Float32Array
from tests.conftest import Silent

Ask = Callable[..., Answer]

PREVENTION = "What works in prevention programmes against trafficking?"
DISASTERS = "violence against women after earthquakes, and shelters. What about children at sea?"

NEPAL = "human-trafficking-and-exploitation-lessons-from-6cd3af1d"
LONGEST = "trafficking-along-migration-routes-to-europe-c1d794c7"
LEBANON = "training-of-trainers-curriculum-on-standard-84290d30"


@pytest.fixture(scope="module")
def ask(seed_library: Library) -> Ask:
    """Ask the seed library; what was asked before is not searched again."""
    answer = cache(seed_library.ask)

    def ask_it(text: str, **values: object) -> Answer:
        return answer(Question(text, **values))

    return ask_it


@pytest.fixture(scope="module")
def seeds(seed_library: Library) -> list[Document]:
    return seed_library.documents()[1]


def ids(answer: Answer) -> list[str]:
    return [hit.document.id for hit in answer.hits]


def same(answer: Answer) -> Answer:
    """Give an answer without the time that it took."""
    return replace(answer, took_ms=0.0)


def counted(documents: Sequence[Document]) -> dict[str, dict[str | int, int]]:
    """Count by hand what the facets count."""
    return {
        **{
            facet: dict(Counter(v for each in documents for v in set(getattr(each, facet))))
            for facet in ("countries", "regions", "topics", "authors")
        },
        "years": dict(Counter(each.year for each in documents if each.year)),
    }


def facets(answer: Answer) -> dict[str, dict[str | int, int]]:
    return {
        facet: {each.value: each.count for each in counts}
        for facet, counts in answer.facets.items()
    }


# What holds of every answer.


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("text", [PREVENTION, DISASTERS], ids=["one sentence", "two sentences"])
def test_hits_are_ranked_by_their_scores(text: Any, mode: Any, ask: Ask) -> None:
    answer = ask(text, mode=mode, limit=100)
    scores = [hit.score for hit in answer.hits]
    assert [hit.rank for hit in answer.hits] == list(range(1, len(answer.hits) + 1))
    assert scores == sorted(scores, reverse=True)
    assert 0 <= min(scores) < max(scores) <= 1
    assert len(set(ids(answer))) == len(answer.hits) == answer.total


@pytest.mark.parametrize("mode", MODES)
def test_an_answer_says_where_it_comes_from(mode: Any, ask: Ask) -> None:
    answer = ask(PREVENTION, mode=mode)
    assert (answer.model, answer.generation) == ("all-MiniLM-L6-v2", 1)
    assert answer.took_ms > 0


@pytest.mark.parametrize("mode", ["hybrid", "semantic"])
def test_every_document_can_be_found_by_meaning(mode: str, ask: Ask, seeds: list[Document]) -> None:
    answer = ask(PREVENTION, mode=mode, limit=100)
    assert answer.total == 41
    assert set(ids(answer)) == {each.id for each in seeds}
    assert facets(answer) == counted(seeds)


def test_a_hit_holds_the_document_as_it_is_stored(ask: Ask, seeds: list[Document]) -> None:
    stored = {each.id: each for each in seeds}
    for hit in ask(PREVENTION).hits:
        assert hit.document == stored[hit.document.id]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("text", [PREVENTION, DISASTERS], ids=["one sentence", "two sentences"])
def test_evidence_is_sentences_of_the_document(text: Any, mode: Any, ask: Ask) -> None:
    for hit in ask(text, mode=mode, limit=100).hits:
        assert 1 <= len(hit.evidence) <= 2
        for each in hit.evidence:
            assert each.text == hit.document.abstract[each.start : each.end]
            assert each.field == "abstract"
            assert (each.start, each.end) in split_sentences(hit.document.abstract)
            assert -1 <= each.similarity <= 1
        values = [each.similarity for each in hit.evidence]
        assert values == sorted(values, reverse=True)


@pytest.mark.parametrize("mode", MODES)
def test_matched_is_sentences_of_the_question(mode: Any, ask: Ask) -> None:
    for hit in ask(DISASTERS, mode=mode, limit=100).hits:
        assert 1 <= len(hit.matched) <= 2
        for each in hit.matched:
            assert (each.start, each.end) in split_sentences(DISASTERS)
            assert -1 <= each.similarity <= 1


def test_a_question_of_one_sentence_has_no_matched_part(ask: Ask) -> None:
    assert {hit.matched for hit in ask(PREVENTION, limit=100).hits} == {()}


def test_the_same_question_has_the_same_answer(seed_library: Library) -> None:
    for mode in MODES:
        question = Question(DISASTERS, limit=41, mode=mode)
        assert same(seed_library.ask(question)) == same(seed_library.ask(question))


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
def test_what_is_stored_of_a_document_is_what_the_model_makes_of_its_passages(
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
    assert answer.hits[0].legs.keyword > 0


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


# Expanding.


@pytest.mark.parametrize("text", ["THB and traficking of childern", "My maid. VoT?"])
def test_without_expanding_nothing_is_understood(text: str, ask: Ask) -> None:
    assert ask(text).understood != ()
    assert ask(text, expand=False).understood == ()


ODD = ("fountain", "violin", "sweeping", "balcony", "kettle", "biscuits", "velvet", "trousers")


def test_related_words_are_looked_for_while_few_words_are_unknown(ask: Ask) -> None:
    def related(words: Sequence[str]) -> int:
        text = f"Forced labour: {', '.join(words)}."
        return sum(each.kind == "related" for each in ask(text).understood)

    assert related(ODD) > 0
    assert related([*ODD, "umbrella"]) == 0


# Without weight for meaning a document that keywords do not lead to scores 0; but as much of
# their weight as of the question's words is unknown goes to meaning, up to half.
def test_keywords_weigh_less_the_more_words_are_unknown(seed_library: Library) -> None:
    def by_meaning(text: str) -> float:
        question = Question(text, limit=100)
        hits = seed_library.ask(question, RankingWeights(dense_weight=0.0, related_weight=0.0)).hits
        return max(hit.score for hit in hits if hit.legs.keyword is None)

    assert by_meaning("smuggling routes Africa") == 0.0
    third = by_meaning("smuggling Africa qwzrtk")
    assert third > 0.0
    assert by_meaning("smuggling qwzrtk vbnmqx") > third
    # Hardly a word of this is known; more than half of the weight meaning has not.
    text = "Boats capsized; fishermen dragged swimmers ashore; smugglers"
    assert 0.4 < by_meaning(text) <= 0.5


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
def test_pages_together_are_the_whole(text: Any, mode: str, seed_library: Library) -> None:
    whole = seed_library.ask(Question(text, limit=41, mode=mode))
    pages = [
        seed_library.ask(Question(text, limit=7, offset=at, mode=mode)) for at in range(0, 42, 7)
    ]
    assert [hit for page in pages for hit in page.hits] == list(whole.hits)
    assert len(whole.hits) > 20
    for page in pages:
        assert (page.total, page.facets) == (whole.total, whole.facets)
        assert (page.verdict, page.understood) == (whole.verdict, whole.understood)


@pytest.mark.parametrize("mode", MODES)
def test_a_limit_above_the_count_gives_all(mode: Any, ask: Ask) -> None:
    answer = ask(PREVENTION, mode=mode, limit=MAX_LIMIT)
    assert len(answer.hits) == answer.total <= 41


@pytest.mark.parametrize("mode", MODES)
def test_after_the_last_page_there_is_nothing(mode: Any, ask: Ask) -> None:
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
        lambda d: {"Nigeria", "Vietnam"} & {*d.countries},
    ),
    (
        "worldwide",
        Filters(countries=("Lebanon",), include_worldwide=True),
        lambda d: {"Lebanon", "Worldwide"} & {*d.countries},
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
def test_filters_let_through_whom_they_allow_with_true_figures(
    filters: Any, allows: Any, mode: str, ask: Ask, seeds: list[Document]
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
def test_filters_hold_for_keywords_with_true_figures(filters: Any, allows: Any, ask: Ask) -> None:
    everything = ask(PREVENTION, mode="keyword", limit=100)
    allowed = [hit.document for hit in everything.hits if allows(hit.document)]
    answer = ask(PREVENTION, mode="keyword", limit=100, filters=filters)
    assert set(ids(answer)) == {each.id for each in allowed}
    assert answer.total == len(allowed)
    assert facets(answer) == counted(allowed)


@pytest.mark.parametrize("mode", MODES)
def test_figures_are_of_all_hits_and_not_of_a_page(mode: Any, ask: Ask) -> None:
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
def test_a_filter_that_allows_nothing_gives_nothing(filters: Any, mode: Any, ask: Ask) -> None:
    answer = ask(PREVENTION, mode=mode, filters=filters)
    assert (answer.total, answer.hits, answer.verdict) == (0, (), "none")
    assert all(counts == () for counts in answer.facets.values())


def test_an_unknown_value_in_a_filter_is_an_error_with_the_nearest(ask: Ask) -> None:
    with pytest.raises(UnknownValue) as error:
        ask(PREVENTION, filters=Filters(topics=("Traficking",)))
    assert error.value.field == "topics"
    assert error.value.nearest[0] == "Trafficking"


# At least so similar.


@pytest.mark.parametrize("mode", MODES)
def test_hits_are_at_least_as_similar_as_asked(mode: Any, ask: Ask) -> None:
    everything = ask(DISASTERS, mode=mode, limit=100)
    threshold = float(np.median([hit.similarity for hit in everything.hits])) + 1e-5
    near = [hit.document for hit in everything.hits if hit.similarity >= threshold]
    answer = ask(DISASTERS, mode=mode, limit=100, min_similarity=threshold)
    assert 0 < len(near) < everything.total
    assert set(ids(answer)) == {each.id for each in near}
    assert answer.total == len(near)
    assert facets(answer) == counted(near)


@pytest.mark.parametrize("mode", MODES)
def test_nothing_is_similar_enough(mode: Any, ask: Ask) -> None:
    answer = ask(PREVENTION, mode=mode, min_similarity=0.99)
    assert (answer.total, answer.hits, answer.verdict) == (0, (), "none")


def test_everything_is_similar_enough(ask: Ask) -> None:
    assert ask(PREVENTION, min_similarity=-1.0).total == 41


# What is found.


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
def test_every_document_is_found_by_its_title(mode: Any, ask: Ask, seeds: list[Document]) -> None:
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
def test_one_sentence_in_the_middle_of_a_story_finds_its_document(mode: str, ask: Ask) -> None:
    assert 280 <= len(STORY.split()) <= 330
    answer = ask(STORY, mode=mode)
    assert NEPAL in ids(answer)[:3]
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


# What cannot be asked.


@pytest.mark.parametrize(
    ("question", "field", "message"),
    [
        (
            Question(""),
            "query",
            "the question is empty. Write a few words or a situation.",
        ),
        (
            Question(" \n\t\u2003"),
            "query",
            "the question is empty. Write a few words or a situation.",
        ),
        (
            Question("x" * 10_001),
            "query",
            "the question has 10001 characters; at most 10000 are read. "
            "Leave out what matters least.",
        ),
        (Question("?! …"), "query", "the question holds no word. Write a few words."),
        (
            Question("secret \ud800"),
            "query",
            "the question holds half of a character (a lone surrogate). Send valid text.",
        ),
        (
            Question("secret\x00"),
            "query",
            "the question holds control characters. Send plain text.",
        ),
        (
            Question("secret\x7f"),
            "query",
            "the question holds control characters. Send plain text.",
        ),
        (
            Question("secret", mode="fuzzy"),
            "mode",
            "'fuzzy' is not a mode. Modes are: hybrid, semantic, keyword.",
        ),
        (Question("secret", limit=0), "limit", "limit 0 is out of range: 1 to 100."),
        (Question("secret", limit=101), "limit", "limit 101 is out of range: 1 to 100."),
        (Question("secret", offset=-1), "offset", "offset -1 is out of range: 0 to 999."),
        (Question("secret", offset=1000), "offset", "offset 1000 is out of range: 0 to 999."),
        (
            Question("secret", offset=995),
            "offset",
            "only the first 1000 hits can be paged through. Narrow with filters.",
        ),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else "",
)
def test_what_cannot_be_answered_is_refused_with_a_message(
    question: Any, field: str, message: str
) -> None:
    with pytest.raises(RequestError) as error:
        validate_query(question)
    assert (error.value.field, str(error.value)) == (field, message)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    "question",
    [
        Question("x" * 10_000),
        Question("a\tb\r\nc\fd\ve"),
        Question("7"),
        Question("人"),
        Question("x", limit=1),
        Question("x", limit=100, offset=900),
        Question("x", offset=990),
    ],
    ids=["longest", "white space", "digit", "one sign", "least", "last page", "last"],
)
def test_what_can_be_asked_is_not_refused(question: Any) -> None:
    assert validate_query(question) is None


def test_the_library_refuses_before_it_searches(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="empty"):
        Library(tmp_path / "no library").ask(Question(""))


def test_a_question_that_is_printed_does_not_show_its_text() -> None:
    assert "secret" not in repr(Question("secret"))


# Documents near one document.


def test_neighbours_are_all_others_nearest_first(
    seed_library: Library, seeds: list[Document]
) -> None:
    hits = seed_library.similar(NEPAL, limit=100)
    assert {hit.document.id for hit in hits} == {each.id for each in seeds} - {NEPAL}
    values = [hit.similarity for hit in hits]
    assert values == sorted(values, reverse=True)
    assert [hit.rank for hit in hits] == list(range(1, 41))
    assert seed_library.similar(NEPAL, limit=3) == hits[:3]


def test_the_nearest_neighbour_is_about_the_same(seed_library: Library) -> None:
    hits = seed_library.similar("smuggled-south-an-updated-overview-of-mixed-cdb309b1", limit=5)
    assert any("migra" in hit.document.title.lower() for hit in hits)
    for hit in hits:
        for each in hit.evidence:
            assert each.text == hit.document.abstract[each.start : each.end]


@pytest.mark.parametrize("limit", [0, -1, 101])
def test_a_limit_of_neighbours_out_of_range_is_an_error(limit: int, seed_library: Library) -> None:
    with pytest.raises(RequestError, match=f"limit {limit} is out of range: 1 to 100"):
        seed_library.similar(NEPAL, limit=limit)


def test_there_are_no_neighbours_of_what_is_not_there(seed_library: Library) -> None:
    with pytest.raises(DocumentNotFound, match="no document has the id 'gone'"):
        seed_library.similar("gone")


# Made-up libraries.


def make(folder: Path, encoder: Encoder, *documents: dict[str, object]) -> Library:
    source = folder / "made.jsonl"
    source.write_text("".join(json.dumps(each) + "\n" for each in documents), encoding="utf-8")
    index(folder / "vectors", [source], Silent(), load=lambda _, **__: encoder)
    return Library(folder / "vectors", load=lambda _, **__: encoder)


@pytest.fixture(scope="module")
def animals(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Library:
    return make(
        tmp_path_factory.mktemp("animals"),
        encoder,
        {"id": "cats", "title": "Cats", "abstract": "Cats sleep. Cats hunt mice at night."},
        {"id": "dogs", "title": "Dogs and wolves bark"},
        {"id": "fish", "title": "", "abstract": "🐟 Fısh — naïve ones swim. They sleep, too."},
        {"id": "stars", "title": "Stars", "abstract": "The sun is a star.", "year": 1999},
    )


def test_a_document_without_an_abstract_has_its_title_as_evidence(animals: Library) -> None:
    (hit,) = [h for h in animals.ask(Question("wolves")).hits if h.document.id == "dogs"]
    (evidence,) = hit.evidence
    assert (evidence.field, evidence.start, evidence.text) == ("title", 0, "Dogs and wolves bark")
    assert hit.rank == 1


def test_evidence_holds_around_odd_characters(animals: Library) -> None:
    hits = animals.ask(Question("fish that swim")).hits
    (hit,) = [each for each in hits if each.document.id == "fish"]
    assert hit.evidence
    for each in hit.evidence:
        assert each.text == hit.document.abstract[each.start : each.end]
        assert each.text in ("🐟 Fısh — naïve ones swim.", "They sleep, too.")


def test_years_filter_documents_without_a_year_out(animals: Library) -> None:
    answer = animals.ask(Question("cats", filters=Filters(year_from=1)))
    assert ids(answer) == ["stars"]


def test_the_best_sentence_is_the_evidence(animals: Library) -> None:
    (hit,) = animals.ask(Question("hunting for mice", limit=1)).hits
    assert hit.document.id == "cats"
    assert hit.evidence[0].text == "Cats hunt mice at night."


def test_one_document_is_a_library(tmp_path: Path, encoder: Encoder) -> None:
    library = make(tmp_path, encoder, {"id": "one", "title": "Cats", "abstract": "Cats sleep."})
    for mode in MODES:
        assert ids(library.ask(Question("cats", mode=mode))) == ["one"]
    assert library.ask(Question("zebra", mode="keyword")).verdict == "none"
    assert library.similar("one") == []


def test_equal_documents_stand_in_the_order_of_the_library(
    tmp_path: Path, encoder: Encoder
) -> None:
    alike = {"abstract": "Cats sleep at night."}
    documents = [{"id": f"d{at}", "title": "Cats", "year": 2000 + at, **alike} for at in range(5)]
    library = make(tmp_path, encoder, *documents)
    for mode in MODES:
        hits = library.ask(Question("cats", mode=mode)).hits
        assert [hit.document.id for hit in hits] == ["d0", "d1", "d2", "d3", "d4"]
        assert len({hit.score for hit in hits}) == 1


THINGS = ("cats", "ships", "taxes", "music", "bread", "rivers", "moons", "wars", "books", "fevers")
PLACES = ("Chad", "Peru", "Laos", "Malta", "Nepal", "Oman", "Togo", "Cuba", "Fiji", "Mali")
TIMES = ("in spring", "by night")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Library:
    """A library of 200 documents: more than are looked at sentence by sentence."""
    return make(
        tmp_path_factory.mktemp("large"),
        encoder,
        *(
            {"id": f"d{at}", "title": f"{thing} of {place} {when}", "year": 1000 + at}
            for at, (thing, place, when) in enumerate(product(THINGS, PLACES, TIMES))
        ),
    )


@pytest.mark.parametrize("mode", MODES)
def test_pages_are_stable_past_the_documents_that_are_looked_at_closely(
    mode: Any, large: Library
) -> None:
    text = "cats in spring. Nepal by night!"
    pages = [large.ask(Question(text, limit=40, offset=at, mode=mode)) for at in range(0, 200, 40)]
    hits = [hit for page in pages for hit in page.hits]
    assert len({hit.document.id for hit in hits}) == len(hits) == pages[0].total
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert len(hits) == 200 or mode == "keyword"


@pytest.mark.parametrize("mode", ["hybrid", "semantic"])
def test_a_filter_finds_what_would_stand_last(mode: str, large: Library) -> None:
    text = "cats in spring"
    last = large.ask(Question(text, limit=1, offset=199, mode=mode)).hits[0].document
    filters = Filters(year_from=last.year, year_to=last.year)
    answer = large.ask(Question(text, filters=filters, mode=mode))
    assert (ids(answer), answer.total) == ([last.id], 1)


@pytest.mark.parametrize("mode", ["hybrid", "semantic"])
@pytest.mark.parametrize("depth", [3, 40, 1000], ids=["few", "some", "all"])
@pytest.mark.parametrize("last", [1060, 1120, 1199], ids=["three tenths", "most", "every one"])
def test_a_broad_filter_finds_by_words_what_is_found_within_it(
    last: int, depth: int, mode: str, large: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrieval, "MAX_CANDIDATES", depth)
    # The words of most documents that are let through are found far down without the filter.
    question = Question(
        "fevers and wars by night, in Mali", filters=Filters(year_to=last), mode=mode, limit=100
    )
    found = large.ask(question)
    monkeypatch.setattr(retrieval, "_BROAD", 0)  # no filter is broad
    within = large.ask(question)
    assert same(found) == same(within)
    assert any(hit.legs.keyword for hit in found.hits)
