"""BM25 over words and synonym rings, filtered by labels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embedder.build.diff import find_changes, identify
from embedder.formats import listing
from embedder.index.facets import FacetFilter, Facets
from embedder.index.lexical import FIELDS, LexicalIndex, LexicalQuery, Phrase, write_index
from embedder.records import Document, Filters
from embedder.text.languages import language_of
from embedder.vectors import DocumentRows
from tests.conftest import SEEDS


def document(title: str = "", abstract: str = "", **values: Any) -> Document:
    return Document(id="x", title=title, abstract=abstract, **values)


def write(folder: Path, *documents: Document) -> LexicalIndex:
    """Write documents under the row numbers 10, 20, 30 …"""
    write_index(folder, ((10 * at, each) for at, each in enumerate(documents, start=1)))
    return LexicalIndex(folder)


def search(
    index: LexicalIndex, text: str, limit: int, allowed: FacetFilter | None = None
) -> list[tuple[int, float]]:
    """Look for the words of a text and nothing else."""
    return hits(index, LexicalQuery([Phrase(text)]), limit, allowed)


def hits(
    index: LexicalIndex, wanted: LexicalQuery, limit: int, allowed: FacetFilter | None = None
) -> list[tuple[int, float]]:
    """Return row numbers with their scores, best first."""
    numbers, scores = index.search(wanted, limit, allowed)
    assert numbers.dtype == np.int64
    assert scores.dtype == np.float32
    return list(zip(numbers.tolist(), scores.tolist(), strict=True))


def rows(found: Sequence[tuple[int, float]]) -> list[int]:
    return [row for row, _ in found]


CHILDREN, NURSES, MIGRANTS, BLANK = 10, 20, 30, 40


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LexicalIndex:
    return write(
        tmp_path_factory.mktemp("lexical"),
        document(
            "Trafficking of children",
            "Children are trafficked along the routes of smugglers.",
            countries=("Lebanon", "Vietnam"),
            regions=("Middle East and North Africa",),
            authors=("Markéta Von Hagen", "Claire Healy"),
            topics=("Trafficking",),
            year=2019,
        ),
        document(
            "Care for patients",
            "Nurses and doctors may meet a trafficked person; the naïve façade deceives.",
            countries=("Worldwide",),
            topics=("Health", "Trafficking"),
            year=2010,
        ),
        document("Migrants at sea", "Migrants drown.", topics=("Migration",)),
        document(),
    )


EVERYTHING = "children nurses migrants"  # a word of each document that has any


# Words.


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("children", [CHILDREN], id="word"),
        pytest.param("nurses migrants", {NURSES, MIGRANTS}, id="any of the words"),
        pytest.param("childhood", [], id="no stem of it"),
        pytest.param("child", [], id="singular of a plural without an ending"),
        pytest.param("nurse", [NURSES], id="singular of a plural"),
        pytest.param("doctored", [NURSES], id="other ending"),
        pytest.param("traffic trafficked trafficking", [CHILDREN, NURSES], id="stem"),
        pytest.param("CHILDREN", [CHILDREN], id="capitals"),
        pytest.param("naive facade", [NURSES], id="accents left out"),
        pytest.param("naı\u0308ve", [], id="no accent of it"),
        pytest.param("Façade", [NURSES], id="accents"),
        pytest.param("Marketa", [CHILDREN], id="author without accent"),
        pytest.param("MARKÉTA", [CHILDREN], id="author in capitals"),
        pytest.param("healy", [CHILDREN], id="author by surname"),
        pytest.param("lebanon", [CHILDREN], id="country"),
        pytest.param("worldwide", [NURSES], id="worldwide"),
        pytest.param("Africa", [CHILDREN], id="region"),
        pytest.param("2010", [NURSES], id="year"),
        pytest.param("health", [], id="topics are no words"),
        pytest.param("patient's", [NURSES], id="apostrophe"),
        pytest.param("route-smugglers", [CHILDREN], id="hyphen"),
    ],
)
def test_words_find_the_documents_that_hold_them(
    text: str, found: list[Any] | set[Any], index: LexicalIndex
) -> None:
    hits = search(index, text, 10)
    assert (set if isinstance(found, set) else list)(rows(hits)) == found
    assert all(score > 0 for _, score in hits)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("zebra", id="unknown word"),
        pytest.param("", id="empty"),
        pytest.param(" \n\t", id="white space"),
        pytest.param("the and of is to", id="stop words"),
        pytest.param("THE", id="a stop word in capitals"),
        pytest.param("?!… • ()", id="signs"),
        pytest.param("\x00", id="NUL"),
        pytest.param("人口贩运", id="other script"),
        pytest.param("x" * 10_000, id="giant word"),
    ],
)
def test_words_that_no_document_has_find_nothing(text: str, index: LexicalIndex) -> None:
    assert search(index, text, 10) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title:children", "title children"),
        ("children AND nurses", "children nurses"),
        ("children NOT nurses", "children nurses"),
        ("+children -nurses", "children nurses"),
        ("-children", "children"),
        ('"nurses children', "children nurses"),
        ('"children nurses"~2', "children nurses 2"),
        ("nurs*", "nurs"),
        ("*", ""),
        ("nurse?", "nurse"),
        ("(children OR nurses", "children nurses"),
        ("children)", "children"),
        ("[2010 TO 2019]", "2010 2019"),
        ("year:>2010", "year 2010"),
        ("{children}", "children"),
        ("children^9 nurses", "children 9 nurses"),
        ("children~1", "children 1"),
        ("labels:topics:trafficking", "labels topics trafficking"),
        (r"children\ nurses", "children nurses"),
        ("/childr.n/", "childr n"),
        ("nurses && !children", "nurses children"),
        ("title:foo AND -bar \"x", "title foo bar x"),
    ],
)  # fmt: skip
def test_nothing_in_a_text_is_an_operator(text: str, words: str, index: LexicalIndex) -> None:
    assert dict(search(index, text, 10)) == pytest.approx(dict(search(index, words, 10)))


def test_the_order_of_words_does_not_matter(index: LexicalIndex) -> None:
    once = dict(search(index, "children nurses", 10))
    assert len(once) == 2
    assert dict(search(index, "NURSES Children", 10)) == pytest.approx(once)


@pytest.mark.parametrize(
    ("text", "times"),
    [("nurses nurses", 2), ("nurse, NURSES; nursing", 3), ("nurse " * 50, 50)],
)
def test_a_word_asked_for_twice_counts_twice(text: str, times: int, index: LexicalIndex) -> None:
    ((_, once),) = search(index, "nurses", 10)
    assert dict(search(index, text, 10)) == pytest.approx({NURSES: times * once}, rel=1e-5)


def test_a_word_asked_for_twice_moves_its_document_up(tmp_path: Path) -> None:
    index = write(tmp_path, document(abstract="nurse"), document(abstract="doctor"))
    assert rows(search(index, "nurse doctor doctor", 10)) == [20, 10]
    assert rows(search(index, "nurse doctor nurse", 10)) == [10, 20]


def test_a_text_of_thousands_of_words_is_read(index: LexicalIndex) -> None:
    text = " ".join(f"word{at}" for at in range(3000)) + " nurses"
    assert search(index, text, 10) == search(index, "nurses", 10)


# Rings.


def test_a_word_counts_alike_in_all_phrases(tmp_path: Path) -> None:
    index = write(tmp_path, document(abstract="nurse doctor zebra"), document(abstract="guide"))
    phrases = [Phrase("The nurse, the doctor, the zebra."), Phrase("Is there a guide?")]
    flat = hits(index, LexicalQuery([Phrase("nurse doctor zebra guide")]), 10)
    assert hits(index, LexicalQuery(phrases), 10) == flat


def write_rings(place: Path, *rings: Sequence[int]) -> LexicalIndex:
    """Write documents called `0`, `1` … with these rings, under the row numbers 10, 20 …"""
    documents = [(10 * at + 10, document(str(at), "nurse")) for at in range(len(rings))]
    write_index(place, documents, rings=lambda each: rings[int(each.title)])
    return LexicalIndex(place)


def test_rings_find_the_documents_that_hold_them(tmp_path: Path) -> None:
    index = write_rings(tmp_path, [7, 12], [7], [], [1])
    assert set(rows(hits(index, LexicalQuery(rings=(7,)), 10))) == {10, 20}
    assert rows(hits(index, LexicalQuery(rings=(12,)), 10)) == [10]
    assert rows(hits(index, LexicalQuery(rings=(1, 2)), 10)) == [40]
    assert hits(index, LexicalQuery(rings=(2,)), 10) == []


def test_a_ring_is_not_found_as_a_word(tmp_path: Path) -> None:
    index = write_rings(tmp_path, [7, 12])
    assert search(index, "7 12", 10) == []


def test_a_document_with_a_ring_twice_comes_first(tmp_path: Path) -> None:
    index = write_rings(tmp_path, [7, 3], [7, 7], [5])
    assert rows(hits(index, LexicalQuery(rings=(7,)), 10)) == [20, 10]


def test_a_ring_counts_by_its_weight(tmp_path: Path) -> None:
    index = write_rings(tmp_path, [7], [])
    ((_, once),) = hits(index, LexicalQuery(rings=(7,)), 10)
    found = hits(index, LexicalQuery(rings=(7,), ring_weight=3.0), 10)
    assert dict(found) == pytest.approx({10: 3 * once}, rel=1e-5)


def test_rings_words_and_filters_go_together(tmp_path: Path) -> None:
    documents = [(10, document("nurse", year=2010)), (20, document("nurse", year=2020))]
    write_index(tmp_path, documents, rings=lambda _: [7])
    wanted = LexicalQuery([Phrase("nurse")], rings=(7,))
    assert rows(hits(LexicalIndex(tmp_path), wanted, 10, FacetFilter(year_from=2015))) == [20]


# What some documents have.


def some(*numbers: int) -> DocumentRows:
    return DocumentRows(np.asarray(numbers, dtype=np.int64))


def test_the_rings_of_some_documents(tmp_path: Path) -> None:
    index = write_rings(tmp_path, [7, 12], [7], [], [1])
    asked = (1, 7, 12, 30)
    assert index.rings_in(some(10), asked) == {7, 12}
    assert index.rings_in(some(20, 40), asked) == {1, 7}
    assert index.rings_in(some(40, 10, 20, 30), asked) == {1, 7, 12}
    assert index.rings_in(some(10), (1, 30)) == set()
    assert index.rings_in(some(10), ()) == set()
    assert index.rings_in(some(30), asked) == index.rings_in(some(), asked) == set()
    assert index.rings_in(some(99), asked) == set()


def test_many_rings_of_many_documents(tmp_path: Path) -> None:
    index = write_rings(tmp_path, *[[at, 100 + at] for at in range(60)])
    asked = [*range(100), 1, 2, 3]
    assert index.rings_in(some(*range(10, 610, 10)), asked) == set(range(60))
    assert index.rings_in(some(*range(10, 610, 20)), asked) == set(range(0, 60, 2))


def test_a_document_that_was_removed_has_no_rings(tmp_path: Path) -> None:
    write_rings(tmp_path, [7], [7])
    write_index(tmp_path, [], removed=[10])
    assert LexicalIndex(tmp_path).rings_in(some(10), [7]) == set()
    assert LexicalIndex(tmp_path).rings_in(some(10, 20), [7]) == {7}


def test_the_words_of_some_documents_in_any_form(tmp_path: Path) -> None:
    index = write(
        tmp_path,
        document("Maids", "A nurse meets the victims.", authors=("Healy",), year=2015),
        document(abstract="Doctors"),
    )
    asked = ["maid", "nurses", "victim", "doctor", "healy", "2015", "the", "zebra", "Nurse"]
    assert index.words_in(some(10), asked) == {"maid", "nurses", "victim", "Nurse"}
    assert index.words_in(some(20, 10), asked) >= {"doctor", "maid"}
    assert index.words_in(some(20), ["maid"]) == index.words_in(some(), asked) == set()


# Vocabulary.


@pytest.mark.parametrize(
    "word", ["children", "smuggler", "trafficker", "TRAFFICKED", "façade", "facade", "nurse"]
)
def test_words_of_documents_are_known_in_any_form(word: str, index: LexicalIndex) -> None:
    assert index.knows(word)


@pytest.mark.parametrize("word", ["lebanon", "healy", "2010"])
def test_names_places_and_years_are_known(word: str, index: LexicalIndex) -> None:
    assert index.knows(word)


@pytest.mark.parametrize("word", ["zebra", "quake"])
def test_words_that_no_document_has_are_not_known(word: str, index: LexicalIndex) -> None:
    assert not index.knows(word)


@pytest.mark.parametrize("word", ["the", "and", "THE"])
def test_stop_words_are_known(word: str, index: LexicalIndex) -> None:
    assert index.knows(word)


def test_the_vocabulary_has_words_as_written_with_their_documents(tmp_path: Path) -> None:
    index = write(
        tmp_path,
        document("Nurses and a nurse", "NURSES of the façade"),
        document("Doctors", "The nurses' 27 ab B2C", authors=("Healy",), countries=("Lebanon",)),
    )
    assert index.vocabulary() == {
        "nurses": 2,
        "nurse": 1,
        "and": 1,
        "the": 2,
        "façade": 1,
        "doctors": 1,
    }


def test_the_vocabulary_of_nothing_is_empty(tmp_path: Path) -> None:
    assert write(tmp_path, document()).vocabulary() == {}


# Ranking.


def test_better_matches_come_first(tmp_path: Path) -> None:
    index = write(
        tmp_path,
        document(abstract="nurse among many other words that say something else"),
        document(abstract="nurse"),
        document(abstract="nurse nurse nurse"),
        document(abstract="doctor nurse"),
    )
    assert rows(search(index, "nurse", 10)) == [30, 20, 40, 10]
    assert rows(search(index, "doctor nurse", 10))[0] == 40


def test_a_rare_word_counts_for_more(tmp_path: Path) -> None:
    common = [document(abstract="nurse") for _ in range(5)]
    index = write(tmp_path, *common, document(abstract="doctor"))
    found = search(index, "nurse doctor", 10)
    assert rows(found)[0] == 60
    assert found[0][1] > 3 * found[1][1]


@pytest.mark.parametrize("order", [[10, 20, 30, 40, 50], [40, 10, 50, 30, 20]])
def test_equal_documents_have_equal_scores_and_the_order_of_their_rows(
    order: list[int], tmp_path: Path
) -> None:
    write_index(tmp_path, [(row, document("Nurses", "Nurses at work.")) for row in order])
    found = search(LexicalIndex(tmp_path), "nurse", 10)
    assert rows(found) == [10, 20, 30, 40, 50]
    assert len({score for _, score in found}) == 1


def test_a_place_counts_for_less_than_an_author(tmp_path: Path) -> None:
    # Alike but for the field, so the scores differ by the fields' weights alone.
    index = write(tmp_path, document(authors=("Lebanon",)), document(countries=("Lebanon",)))
    (author, full), (place, part) = search(index, "lebanon", 10)
    assert (author, place) == (10, 20)
    assert part / full == pytest.approx(FIELDS["places"] / FIELDS["authors"])
    assert part < full


def test_a_word_counts_the_same_in_title_and_abstract(tmp_path: Path) -> None:
    index = write(tmp_path, document("nurse", "doctor"), document("doctor", "nurse"))
    (title, one), (abstract, other) = search(index, "nurse", 10)
    assert (title, abstract) == (10, 20)
    assert one == other > 0


def bm25(words: Sequence[str], texts: Sequence[Sequence[str]]) -> list[float]:
    """Compute BM25 from its definition, with k1 = 1.2 and b = 0.75.

    Robertson, Zaragoza: "The Probabilistic Relevance Framework: BM25 and Beyond", 2009, eq.
    3.15, with Lucene's `1 +` inside the logarithm, so that no word counts against a document.
    """
    average = sum(map(len, texts)) / len(texts)
    scores = []
    for text in texts:
        score = 0.0
        for word in words:
            holding = sum(word in each for each in texts)
            rarity = math.log(1 + (len(texts) - holding + 0.5) / (holding + 0.5))
            count = text.count(word)
            score += rarity * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * len(text) / average))
        scores.append(score)
    return scores


def random_texts(number: int) -> list[list[str]]:
    """Make texts of at most 40 words: tantivy keeps longer lengths in rounded steps."""
    random = np.random.default_rng(number)
    return [
        [f"w{at}" for at in random.zipf(1.5, size=random.integers(1, 41)) if at < 30]
        for _ in range(number)
    ]


@pytest.mark.parametrize("number", [1, 4, 30])
@pytest.mark.parametrize("words", [["w1"], ["w2", "w3"], ["w1", "w5", "w9"]], ids=" ".join)
def test_one_fields_scores_are_bm25(number: int, words: list[str], tmp_path: Path) -> None:
    texts = random_texts(number)
    index = write(tmp_path, *(document(abstract=" ".join(text)) for text in texts))
    scores = enumerate(bm25(words, texts), start=1)
    wanted = {10 * at: FIELDS["text"] * score for at, score in scores if score}
    found = dict(search(index, " ".join(words), 100))
    assert found == pytest.approx(wanted, rel=1e-5)
    assert list(found.values()) == sorted(found.values(), reverse=True)


def test_a_documents_score_is_the_sum_over_its_fields(tmp_path: Path) -> None:
    abstracts, authors = ([text[:28] for text in random_texts(each)[:20]] for each in (21, 22))
    titles = [text[:12] for text in random_texts(20)]
    # Title and abstract are one field.
    texts = [[*title, *text] for title, text in zip(titles, abstracts, strict=True)]
    index = write(
        tmp_path,
        *(
            document(" ".join(title), " ".join(abstract), authors=tuple(names))
            for title, abstract, names in zip(titles, abstracts, authors, strict=True)
        ),
    )
    wanted = FIELDS["text"] * np.asarray(bm25(["w1", "w2"], texts)) + FIELDS[
        "authors"
    ] * np.asarray(bm25(["w1", "w2"], authors))
    found = dict(search(index, "w1 w2", 100))
    assert found == pytest.approx({10 * at: s for at, s in enumerate(wanted, 1) if s}, rel=1e-5)


# Limits.


def test_a_limit_keeps_the_best(index: LexicalIndex) -> None:
    hits = search(index, "trafficked person", 10)
    assert len(hits) == 2
    assert search(index, "trafficked person", 1) == hits[:1]


def test_a_limit_above_the_count_gives_all(index: LexicalIndex) -> None:
    assert len(search(index, EVERYTHING, 1_000_000)) == 3


# One document with `nurse` twice, three equal ones with it once, two with it among other words.
RANKED = ["nurse nurse", *["nurse"] * 3, *["nurse and many other words besides"] * 2]


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [3, 5, 0, 2, 4, 1]])
@pytest.mark.parametrize(
    ("limit", "found"), [(1, 1), (2, 1), (3, 1), (4, 4), (5, 4), (6, 6), (7, 6)]
)
@pytest.mark.parametrize("batch", [1, 4, 6], ids=lambda batch: f"in batches of {batch}")
def test_documents_of_equal_score_are_all_found_or_none(
    order: list[int], limit: int, found: int, batch: int, tmp_path: Path
) -> None:
    for begin in range(0, len(order), batch):
        some = order[begin : begin + batch]
        write_index(tmp_path, [(10 * at + 10, document(abstract=RANKED[at])) for at in some])
    index = LexicalIndex(tmp_path)
    assert rows(search(index, "nurse", limit)) == [10, 20, 30, 40, 50, 60][:found]


def test_a_limit_keeps_as_many_as_it_can_where_all_scores_are_equal(tmp_path: Path) -> None:
    index = write(tmp_path, *[document("Nurses")] * 5)
    found = search(index, "nurses", 3)
    assert rows(found) == [10, 20, 30]
    assert found == search(index, "nurses", 5)[:3]


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_of_zero_or_less_gives_nothing(limit: int, index: LexicalIndex) -> None:
    assert search(index, "children", limit) == []


# Filters.


@pytest.mark.parametrize(
    ("allowed", "found"),
    [
        pytest.param(FacetFilter(), {CHILDREN, NURSES, MIGRANTS}, id="all"),
        pytest.param(FacetFilter((frozenset({"countries:LBN"}),)), {CHILDREN}, id="country"),
        pytest.param(FacetFilter((frozenset({"countries:worldwide"}),)), {NURSES}, id="worldwide"),
        pytest.param(
            FacetFilter((frozenset({"topics:trafficking"}),)), {CHILDREN, NURSES}, id="topic"
        ),
        pytest.param(
            FacetFilter((frozenset({"topics:health", "topics:migration"}),)),
            {NURSES, MIGRANTS},
            id="one of two",
        ),
        pytest.param(
            FacetFilter((frozenset({"topics:trafficking"}), frozenset({"countries:VNM"}))),
            {CHILDREN},
            id="both of two",
        ),
        pytest.param(
            FacetFilter((frozenset({"authors:marketa von hagen"}),)), {CHILDREN}, id="author"
        ),
        pytest.param(
            FacetFilter((frozenset({"regions:middle east and north africa"}),)),
            {CHILDREN},
            id="region",
        ),
        pytest.param(FacetFilter(year_from=2010), {CHILDREN, NURSES}, id="from a year"),
        pytest.param(FacetFilter(year_from=2011), {CHILDREN}, id="from a later year"),
        pytest.param(FacetFilter(year_to=2010), {NURSES}, id="to a year, not those without"),
        pytest.param(FacetFilter(year_from=2010, year_to=2019), {CHILDREN, NURSES}, id="years"),
        pytest.param(
            FacetFilter((frozenset({"topics:trafficking"}),), 2019, 2019),
            {CHILDREN},
            id="all at once",
        ),
        pytest.param(FacetFilter((frozenset({"countries:FRA"}),)), set(), id="country of nobody"),
        pytest.param(FacetFilter((frozenset(),)), set(), id="no label at all"),
        pytest.param(
            FacetFilter((frozenset({"topics:health"}), frozenset({"topics:migration"}))),
            set(),
            id="topics of nobody together",
        ),
        pytest.param(
            FacetFilter((frozenset({"topics:traffick"}),)), set(), id="labels have no stem"
        ),
        pytest.param(FacetFilter((frozenset({"topics:Trafficking"}),)), set(), id="nor other case"),
        pytest.param(FacetFilter(year_from=2011, year_to=2018), set(), id="years of nobody"),
        pytest.param(FacetFilter(year_from=2020), set(), id="after all years"),
        pytest.param(FacetFilter(year_to=2009), set(), id="before all years"),
    ],
)
def test_filters_let_through_who_carries_the_labels(
    allowed: Any, found: Any, index: LexicalIndex
) -> None:
    hits = search(index, EVERYTHING, 10, allowed)
    assert set(rows(hits)) == found
    unfiltered = dict(search(index, EVERYTHING, 10))
    assert dict(hits) == pytest.approx({row: unfiltered[row] for row in found})


def test_a_filter_alone_finds_nothing(index: LexicalIndex) -> None:
    allowed = FacetFilter((frozenset({"topics:migration"}),))
    assert search(index, "children", 10, allowed) == []
    assert search(index, "", 10, allowed) == []


def test_a_limit_counts_after_the_filter(index: LexicalIndex) -> None:
    allowed = FacetFilter((frozenset({"topics:migration"}),))
    assert rows(search(index, EVERYTHING, 1, allowed)) == [MIGRANTS]


@pytest.mark.parametrize(
    "filters",
    [
        Filters(countries=("Lebanon",)),
        Filters(countries=("Lebanon", "vn"), include_worldwide=True),
        Filters(regions=("Middle East and North Africa",), include_worldwide=True),
        Filters(topics=("Referral Mechanisms",), year_from=2017),
        Filters(authors=("healy", "zimmerman")),
        Filters(year_from=2012, year_to=2016),
        Filters(countries=("Lebanon",), year_from=2020),
        Filters(countries=("France",)),
    ],
    ids=["country", "worldwide", "region", "topic", "authors", "years", "nobody", "no documents"],
)
def test_the_keyword_index_and_the_mask_agree_on_who_may_answer(
    filters: Any, tmp_path: Path
) -> None:
    entries = [each for path in sorted(SEEDS.glob("*.txt")) for each in listing.read(path)]
    seeds = find_changes(identify(entries), kept=[], stored={}, forgotten=[]).new
    index = write(tmp_path, *seeds)
    facets = Facets.of((10 * at, each) for at, each in enumerate(seeds, start=1))
    every_word = " ".join(each.title for each in seeds)
    assert len(search(index, every_word, 100)) == 41
    allowed = facets.resolve(filters)
    masked = facets.rows[facets.mask(allowed)].tolist()
    assert sorted(rows(search(index, every_word, 100, allowed))) == sorted(masked)


# Writing.


def test_an_empty_index_finds_nothing(tmp_path: Path) -> None:
    write_index(tmp_path, [])
    empty = LexicalIndex(tmp_path)
    assert (empty.size, search(empty, "children", 10)) == (0, [])


def test_a_row_number_may_be_zero(tmp_path: Path) -> None:
    write_index(tmp_path, [(0, document("Nurses")), (2**40, document("Nurses"))])
    assert rows(search(LexicalIndex(tmp_path), "nurses", 10)) == [0, 2**40]


# tantivy's `remove_long` counts bytes: Georgian letters have three, Russian ones two.
@pytest.mark.parametrize(
    "word",
    ["a" * 39, "b" * 40, "c" * 255, "достопримечательности", "საქართველოსთვის"],
    ids=["39 letters", "40 letters", "255 letters", "Russian", "Georgian"],
)
def test_a_long_word_is_found(word: str, tmp_path: Path) -> None:
    index = write(tmp_path, document(f"One {word} more"))
    wanted = LexicalQuery([Phrase(word, language_of(word))])
    assert rows(hits(index, wanted, 10)) == [10]


def test_size_counts_documents_without_words_too(index: LexicalIndex) -> None:
    assert index.size == 4


def test_documents_are_added_to_those_there(tmp_path: Path) -> None:
    write(tmp_path, document("Nurses"))
    write_index(tmp_path, [(20, document("Doctors"))])
    index = LexicalIndex(tmp_path)
    assert index.size == 2
    assert rows(search(index, "nurses", 10)) == [10]
    assert rows(search(index, "doctors", 10)) == [20]


def test_a_replaced_document_is_found_by_its_new_words_alone(tmp_path: Path) -> None:
    write(tmp_path, document("Nurses", topics=("Health",)), document("Doctors"))
    write_index(tmp_path, [(10, document("Surgeons", topics=("Care",)))], removed=[10])
    index = LexicalIndex(tmp_path)
    assert index.size == 2
    assert search(index, "nurses", 10) == []
    assert rows(search(index, "surgeons", 10)) == [10]
    assert rows(search(index, "doctors", 10)) == [20]
    assert search(index, "surgeons", 10, FacetFilter((frozenset({"topics:health"}),))) == []
    assert rows(search(index, "surgeons", 10, FacetFilter((frozenset({"topics:care"}),)))) == [10]


def test_a_removed_document_is_not_found(tmp_path: Path) -> None:
    write(tmp_path, document("Nurses"), document("Nurses"))
    write_index(tmp_path, [], removed=[10])
    index = LexicalIndex(tmp_path)
    assert (index.size, rows(search(index, "nurses", 10))) == (1, [20])


def test_removing_what_is_not_there_does_nothing(tmp_path: Path) -> None:
    write(tmp_path, document("Nurses"))
    write_index(tmp_path, [], removed=[99])
    assert rows(search(LexicalIndex(tmp_path), "nurses", 10)) == [10]


def test_an_open_index_answers_as_it_was_opened(tmp_path: Path) -> None:
    index = write(tmp_path, document("Nurses"))
    before = search(index, "nurses", 10)
    write_index(tmp_path, [(10, document("Surgeons")), (20, document("Nurses"))], removed=[10])
    assert search(index, "nurses", 10) == before
    assert search(index, "surgeons", 10) == []
    assert rows(search(LexicalIndex(tmp_path), "nurses", 10)) == [20]


def test_an_index_written_in_steps_finds_what_one_written_in_one_go_does(tmp_path: Path) -> None:
    documents = [document(f"Nurses w{at % 3}", f"w{at} w{at + 1}") for at in range(1, 13)]
    at_once = write(tmp_path / "at once", *documents)
    for at, each in enumerate(documents, start=1):
        write_index(tmp_path / "steps", [(10 * at, each)], removed=[10 * at])
    in_steps = LexicalIndex(tmp_path / "steps")
    for text in ("nurses", "w1", "w2 w12", "w7"):
        assert dict(search(in_steps, text, 20)) == pytest.approx(dict(search(at_once, text, 20)))


# Languages.


ENGLISH_TEXT, FRENCH_TEXT, RUSSIAN_TEXT = 10, 20, 30


@pytest.fixture(scope="module")
def languages(tmp_path_factory: pytest.TempPathFactory) -> LexicalIndex:
    """A document in English, one in French and one in Russian."""
    return write(
        tmp_path_factory.mktemp("languages"),
        document(
            "Domestic workers from Kinshasa",
            "Employers who keep the passports of women, and what the police of Brussels can do. "
            "The pays main question is open.",
            countries=("Belgium",),
            year=2019,
        ),
        document(
            "Les employées de maison de Kinshasa",
            "Des employeurs gardent les passeports des femmes, et ce que la police de Bruxelles "
            "peut faire pour elles depuis 2021.",
            authors=("Amélie Dubois",),
        ),
        document(
            "Домашние работницы", "Работодатели забирают паспорта у женщин, и полиция помогает."
        ),
    )


def found_in(index: LexicalIndex, text: str, language: str) -> set[int]:
    return set(rows(hits(index, LexicalQuery([Phrase(text, language)]), 10)))


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [
        pytest.param("fr", "un employeur garde le passeport", {FRENCH_TEXT}, id="French"),
        pytest.param("fr", "une FEMME", {FRENCH_TEXT}, id="French, another number"),
        pytest.param("ru", "паспорт женщины", {RUSSIAN_TEXT}, id="Russian"),
        pytest.param("en", "employer passport", {ENGLISH_TEXT}, id="English"),
        pytest.param("fr", "dans le", set(), id="stop words"),
        pytest.param("uk", "чоловіки", set(), id="a word of no document"),
        # Names, places, authors and numbers.
        pytest.param("fr", "une femme à Kinshasa", {ENGLISH_TEXT, FRENCH_TEXT}, id="name"),
        pytest.param("en", "a shelter in Kinshasa", {ENGLISH_TEXT, FRENCH_TEXT}, id="the same"),
        pytest.param("uk", "кімната Brussels", {ENGLISH_TEXT}, id="name without a stemmer"),
        pytest.param("fr", "belgium", {ENGLISH_TEXT}, id="place"),
        pytest.param("es", "dubois", {FRENCH_TEXT}, id="author"),
        pytest.param("ru", "в 2019 и 2021", {ENGLISH_TEXT, FRENCH_TEXT}, id="numbers"),
    ],
)
def test_words_find_documents_of_their_language_and_names_all(
    language: str, text: str, found: set[int], languages: LexicalIndex
) -> None:
    assert found_in(languages, text, language) == found


def test_each_phrase_is_read_in_its_language(languages: LexicalIndex) -> None:
    mixed = LexicalQuery([Phrase("des femmes", "fr"), Phrase("domestic workers", "en")])
    assert set(rows(hits(languages, mixed, 10))) == {ENGLISH_TEXT, FRENCH_TEXT}


@pytest.mark.parametrize(
    ("word", "language"),
    [("passeport", "fr"), ("женщина", "ru"), ("dans", "fr"), ("passeports", "en"), ("women", "en")],
)
def test_a_word_is_known_in_its_own_language_and_in_those_of_documents(
    word: str, language: str, languages: LexicalIndex
) -> None:
    assert languages.knows(word, language)


@pytest.mark.parametrize(
    ("word", "language"), [("refuge", "fr"), ("чоловіки", "uk"), ("zebra", "en")]
)
def test_a_word_of_no_document_is_not_known(
    word: str, language: str, languages: LexicalIndex
) -> None:
    assert not languages.knows(word, language)


def test_words_of_other_languages_correct_no_english(languages: LexicalIndex) -> None:
    vocabulary = languages.vocabulary()
    assert {"passports", "brussels"} <= set(vocabulary)
    assert not {"passeports", "bruxelles", "паспорта"} & set(vocabulary)
