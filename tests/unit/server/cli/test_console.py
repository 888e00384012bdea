"""What the command line prints: nothing of it is taken for markup, and no text is shown twice."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, get_args

import pytest

from embedder.evaluation import Evaluation
from embedder.measures import NAMES, Compared, Measured
from embedder.records import (
    Answer,
    Document,
    Evidence,
    Filters,
    Fit,
    Hit,
    Legs,
    Manifest,
    SuggestedFilter,
    Understood,
    Verdict,
)
from embedder.search.verdict import cosines
from embedder.verdict_measures import VerdictCounts
from server.cli.console import (
    Bars,
    print_answer,
    print_documents,
    print_evaluation,
    print_hits,
    print_status,
    status_dict,
)
from tests.support.app import CANARY

Capture = pytest.CaptureFixture[str]

# What rich would take for markup: a style, an end, a link, an action, an escaped bracket.
MARKUP = r"[bold]Title[/] [/nothing] [link=x] [@click=y] \[red]z"

GUIDE = Document(
    id="guide-1",
    title="A guide",
    abstract="First aid. How to refer.",
    countries=("Lebanon", "Jordan"),
    authors=("A. Healy", "C. Lee"),
    year=2009,
    topics=("Trafficking", "Health"),
)
REFER = Evidence("abstract", 11, 24, "How to refer.", 0.7)


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of known width, where nothing is coloured."""
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("FORCE_COLOR", raising=False)


def hit(
    document: Document = GUIDE, *evidence: Evidence, rank: int = 1, fit: Fit | None = "best"
) -> Hit:
    return Hit(rank, 0.9, 0.6789, document, evidence, Legs(0.6789, None), fit=fit)


def answer(
    *hits: Hit,
    verdict: Verdict = "strong",
    understood: Sequence[Understood] = (),
    languages: tuple[str, ...] = ("en",),
    suggested: Sequence[SuggestedFilter] = (),
) -> Answer:
    parts = tuple(understood)
    return Answer(verdict, 41, hits, {}, parts, "m", 1, 1.0, languages, tuple(suggested))


def lines(capsys: Capture) -> list[str]:
    """Return what was printed, without the spaces that fill lines up to the width."""
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "\x1b" not in captured.out
    return [line.rstrip() for line in captured.out.splitlines()]


def rows(capsys: Capture) -> list[list[str]]:
    """Return the cells of the tables that were printed."""
    found = [re.split("[│┃]", line)[1:-1] for line in lines(capsys)]
    return [[cell.strip() for cell in cells] for cells in found if cells]


# Answers.

VERDICTS: dict[Verdict, str] = {
    "strong": "The answer is probably in the first documents.",
    "possible": "These may help; where a sentence is quoted, check it first.",
    "none": "No clear answer was found, though there may still be one here. The nearest:",
}


@pytest.mark.parametrize("verdict", VERDICTS)
def test_the_verdict_goes_before_the_hits(capsys: Capture, verdict: Verdict) -> None:
    assert set(VERDICTS) == set(get_args(Verdict))
    print_answer(answer(hit(), verdict=verdict), CANARY)
    first, empty, second, *_ = lines(capsys)
    assert first == f"{VERDICTS[verdict]} (41 documents)"
    assert (empty, second) == ("", "1. A guide")


def test_without_hits_the_filters_are_named_and_nothing_else(capsys: Capture) -> None:
    print_answer(
        answer(verdict="none", understood=[Understood("term", 0, 3, "x", used=True)]), CANARY
    )
    assert lines(capsys) == ["No document is left with these filters."]


def test_a_question_is_not_shown(capsys: Capture) -> None:
    print_answer(answer(hit(GUIDE, REFER)), CANARY)
    assert CANARY not in capsys.readouterr().out


def test_the_options_that_would_narrow_an_answer_are_shown(capsys: Capture) -> None:
    suggested = [
        SuggestedFilter("country", 0, 1, Filters(countries=("Viet Nam",)), 1),
        SuggestedFilter("author", 0, 1, Filters(authors=("[bold]O'Hara",)), 3),
        SuggestedFilter("year", 0, 1, Filters(year_from=2010, year_to=2014), 2),
        SuggestedFilter("country", 0, 1, Filters(countries=("Paraguay",)), 0),
        SuggestedFilter("country", 0, 1, Filters(countries=("Peru",)), 0),
    ]
    print_answer(answer(hit(), suggested=suggested), CANARY)
    printed = " ".join(capsys.readouterr().out.split())
    assert (
        "Narrow with: --country 'Viet Nam' (1 document); "
        """--author '[bold]O'"'"'Hara' (3 documents); """
        "--year-from 2010 --year-to 2014 (2 documents) "
        "No document here is listed under: Paraguay. "
        "No document here is listed under: Peru."
    ) in printed


def test_without_suggested_filters_nothing_is_said_of_them(capsys: Capture) -> None:
    print_answer(answer(hit()), CANARY)
    printed = capsys.readouterr().out
    assert "Narrow" not in printed
    assert "listed under" not in printed


def test_of_a_question_only_what_was_understood_and_a_hit_has_is_shown(capsys: Capture) -> None:
    question = f"{CANARY} a  doctor\n in Libanon {CANARY}"
    doctor, country = question.index("doctor"), question.index("Libanon")
    parts = [
        Understood("spelling", country, country + 7, "lebanon", used=True),
        Understood("term", doctor - 3, doctor + 10, "health provider", used=True),
        Understood("term", doctor - 3, doctor + 10, "health provider", used=True),
        Understood("term", doctor, doctor + 6, "what no hit has"),
    ]
    print_answer(answer(hit(), understood=parts), question)
    printed = lines(capsys)
    # In alphabetical order, each once, on one line.
    assert printed[1] == "Understood: Libanon → lebanon; a doctor in → health provider"
    assert not any(CANARY in line for line in printed)


@pytest.mark.parametrize(
    ("languages", "said"),
    [
        (("fr",), "Read as French."),
        (("fr", "en"), "Read as French and English."),
        (("ti",), "Read as Tigrinya."),
        (("en",), ""),
    ],
)
def test_languages_are_named_but_for_plain_english(
    capsys: Capture, languages: tuple[str, ...], said: str
) -> None:
    print_answer(answer(hit(), languages=languages), CANARY)
    assert lines(capsys)[1] == said


def test_markup_in_a_question_is_text(capsys: Capture) -> None:
    question = "[bold]nurse[/nothing]"
    parts = [Understood("term", 0, len(question), "[red]health[/]", used=True)]
    print_answer(answer(hit(), understood=parts), question)
    assert lines(capsys)[1] == "Understood: [bold]nurse[/nothing] → [red]health[/]"


# Hits.


def test_a_hit_has_its_metadata_and_the_sentences_that_fit(capsys: Capture) -> None:
    title = Evidence("title", 0, 7, "A guide", 0.5)
    print_hits([hit(GUIDE, REFER, title)])
    assert lines(capsys) == [
        "",
        "1. A guide",
        "   2009 · Lebanon, Jordan · A. Healy; C. Lee · Trafficking; Health"
        " · similarity 0.68 · best",
        "   “How to refer.”",
        "   “A guide”",
        "   guide-1",
    ]


@pytest.mark.parametrize(
    ("fit", "said", "quoted"),
    [
        ("best", " · best", True),
        ("likely", " · likely", True),
        ("less likely", " · less likely", False),
        # Of a document that is similar to one, nothing is known.
        (None, "", True),
    ],
)
def test_a_hit_says_how_well_it_fits_and_quotes_a_sentence_where_it_does(
    capsys: Capture, fit: Fit | None, said: str, quoted: bool
) -> None:
    print_hits([hit(Document(id="a", title="b"), REFER, fit=fit)])
    assert lines(capsys) == [
        "",
        "1. b",
        f"   similarity 0.68{said}",
        *(["   “How to refer.”"] if quoted else []),
        "   a",
    ]


def test_each_hit_has_its_own_fit(capsys: Capture) -> None:
    fits: tuple[Fit, ...] = ("less likely", "best", "less likely", "likely")
    assert set(fits) == set(get_args(Fit))
    print_answer(
        answer(*(hit(GUIDE, REFER, rank=rank, fit=fit) for rank, fit in enumerate(fits, start=1))),
        CANARY,
    )
    printed = lines(capsys)
    assert [line.split(" · ")[-1] for line in printed if "similarity" in line] == list(fits)
    assert printed.count("   “How to refer.”") == 2


def test_what_a_document_does_not_have_is_left_out(capsys: Capture) -> None:
    print_hits([hit(Document(id="guide-2")), hit(Document(id="a", title="b"), rank=2)])
    assert lines(capsys) == [
        "",
        "1. guide-2",  # for a title
        "   similarity 0.68 · best",
        "   guide-2",
        "",
        "2. b",
        "   similarity 0.68 · best",
        "   a",
    ]


def test_no_hits_print_nothing(capsys: Capture) -> None:
    print_hits([])
    assert lines(capsys) == []


def test_markup_in_a_document_is_text(capsys: Capture) -> None:
    document = Document(
        id=MARKUP, title=MARKUP, countries=(MARKUP,), authors=(MARKUP,), topics=(MARKUP,)
    )
    print_hits([hit(document, Evidence("abstract", 0, 1, MARKUP, 0.5))])
    printed = "\n".join(lines(capsys))
    # A line may be folded between words.
    assert " ".join(printed.split()).count(" ".join(MARKUP.split())) == 6


def test_a_long_line_is_folded_under_its_hit(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    print_hits([hit(GUIDE, Evidence("abstract", 0, 1, "One two three four five six.", 0.5))])
    assert lines(capsys)[-3:-1] == ["   “One two three", "   four five six.”"]


# The library as a table.


def test_documents_are_rows_with_their_number_below(capsys: Capture) -> None:
    print_documents([GUIDE, Document(id="b")], 41)
    printed = capsys.readouterr().out
    assert printed.splitlines()[-1].strip() == "41 documents"
    print_documents([GUIDE, Document(id="b")], 41)
    assert rows(capsys) == [
        ["Title", "Year", "Countries", "Topics", "Id"],
        ["A guide", "2009", "Lebanon, Jordan", "Trafficking; Health", "guide-1"],
        ["", "", "", "", "b"],
    ]


def test_no_documents_are_an_empty_table(capsys: Capture) -> None:
    print_documents([], 0)
    assert "0 documents" in capsys.readouterr().out
    print_documents([], 0)
    assert rows(capsys) == [["Title", "Year", "Countries", "Topics", "Id"]]


@pytest.mark.parametrize("field", ["title", "countries", "topics", "id"])
def test_markup_in_a_table_is_text(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, field: str
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    value: Any = (MARKUP,) if field in ("countries", "topics") else MARKUP
    print_documents([Document(**{"id": "a", field: value})], 1)
    assert MARKUP in rows(capsys)[1]


def test_an_id_is_never_cut(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    long = "caring-for-trafficked-persons-guidance-for-3b2e2f37"
    print_documents([Document(id=long, title="t " * 50, topics=("u " * 50,))], 1)
    _, *cells = rows(capsys)
    assert "".join(row[4] for row in cells) == long


# Status.

MANIFEST = Manifest(
    model="all-MiniLM-L6-v2",
    model_sha256="ab" * 32,
    precision="bf16",
    dim=384,
    readers={"all-MiniLM-L6-v2": 57},
    passage_rule=1,
    lexical_rule=1,
    glossary_sha256="cd" * 32,
    version="0.1.0",
    created="2026-01-02T03:04:05Z",
    documents=41,
    passages=97,
    files={"dense.faiss": "ef" * 32},
    calibration={"median": 0.123456789, "chance": 0.25},
    dense={"kind": "exact", "recall": 1.0, "probes": None},
)
# What was learnt on judged questions decides them, so they are not written down here.
NONE, STRONG = (round(cosines(MANIFEST.calibration)[name], 3) for name in ("none", "strong"))


def test_the_state_of_a_library_as_json() -> None:
    facts = status_dict(3, MANIFEST, ("a", "b"), verified=True)
    assert facts == {
        "generation": 3,
        "model": "all-MiniLM-L6-v2",
        "model_sha256": "ab" * 32,
        "precision": "bf16",
        "dim": 384,
        "documents": 41,
        "passages": 97,
        "readers": {"all-MiniLM-L6-v2": 57},
        "verdict none": NONE,
        "verdict strong": STRONG,
        "index": "exact, in memory",
        "recall": 1.0,
        "version": "0.1.0",
        "created": "2026-01-02T03:04:05Z",
        "verified": True,
        "problems": ["a", "b"],
    }
    assert json.loads(json.dumps(facts)) == facts
    assert MANIFEST.calibration["median"] < NONE < STRONG < 1


def test_an_approximate_index_is_said_to_be_one() -> None:
    manifest = Manifest(
        **{each: getattr(MANIFEST, each) for each in Manifest.__slots__ if each != "dense"},
        dense={"kind": "approximate", "recall": 0.987, "probes": 16},
    )
    facts = status_dict(1, manifest, (), verified=False)
    assert facts["index"] == "approximate, recall measured when built"
    assert facts["recall"] == 0.987


def test_a_state_is_a_line_for_each_fact(capsys: Capture) -> None:
    print_status(status_dict(3, MANIFEST, (), verified=False))
    assert [" ".join(line.split()) for line in lines(capsys)] == [
        "generation 3",
        "model all-MiniLM-L6-v2",
        f"model sha256 {'ab' * 32}",
        "precision bf16",
        "dim 384",
        "documents 41",
        "passages 97",
        "readers all-MiniLM-L6-v2: 57 passages",
        f"verdict none {NONE}",
        f"verdict strong {STRONG}",
        "index exact, in memory",
        "recall 1.0",
        "version 0.1.0",
        "created 2026-01-02T03:04:05Z",
        "verified False",
        "state well (use --verify to check every checksum)",
    ]


def test_a_verified_state_says_so(capsys: Capture) -> None:
    print_status(status_dict(3, MANIFEST, (), verified=True))
    assert lines(capsys)[-1] == "state          well (every checksum matches)"


def test_problems_stand_in_place_of_a_good_state(capsys: Capture) -> None:
    problems = ("the file dense.faiss is missing", MARKUP)
    print_status(status_dict(3, MANIFEST, problems, verified=True))
    printed = lines(capsys)
    assert printed[-2:] == [
        "wrong         the file dense.faiss is missing",
        f"wrong         {MARKUP}",
    ]
    assert not any(line.startswith(("state", "problems")) for line in printed)


def test_markup_in_a_models_path_is_text(capsys: Capture) -> None:
    shown = {"model": f"/models/{MARKUP}", "readers": {}, "verified": False, "problems": []}
    print_status(shown)
    assert lines(capsys)[0] == f"model          /models/{MARKUP}"


# Evaluations.

VERDICT_COUNTS = VerdictCounts(
    answerable={"strong": 5, "possible": 3, "none": 1},
    unanswerable={"strong": 0, "possible": 1, "none": 4},
    answers=2,
    strong_right=4,
    calibration_error=0.0625,
)


def measured(kind: str, queries: int) -> list[Measured]:
    return [
        Measured(name, kind, queries, 0.5 + step / 8, 0.25, 0.98765)
        for step, name in enumerate(NAMES.values())
    ]


def test_measures_are_a_row_for_each_kind(capsys: Capture) -> None:
    every = (*measured("all", 12), *measured("[red]short[/]", 5))
    print_evaluation(Evaluation(every, VERDICT_COUNTS, {}, ()))
    cells = [f"{0.5 + step / 8:.4f} 0.250–0.988" for step in range(4)]
    assert rows(capsys)[:3] == [
        ["Kind", "Queries", "nDCG@10", "Recall@10", "Recall@100", "MRR@10"],
        ["all", "12", *cells],
        ["[red]short[/]", "5", *cells],
    ]


def test_verdicts_are_counted_of_questions_with_and_without_an_answer(capsys: Capture) -> None:
    print_evaluation(Evaluation((), VERDICT_COUNTS, {}, ()))
    assert rows(capsys) == [
        ["Questions", "strong", "possible", "none"],
        ["answerable", "5", "3", "1"],
        ["unanswerable", "0", "1", "4"],
    ]
    print_evaluation(Evaluation((), VERDICT_COUNTS, {}, ()))
    assert " ".join(lines(capsys)[-2:]) == VERDICT_COUNTS.summary()
    every_answered = replace(VERDICT_COUNTS, unanswerable=dict.fromkeys(VERDICTS, 0))
    print_evaluation(Evaluation((), every_answered, {}, ()))
    assert [row[0] for row in rows(capsys)] == ["Questions", "answerable"]


def test_a_comparison_is_the_last_table(capsys: Capture) -> None:
    compared = (
        Compared("nDCG@10", 0.5, 0.625, 0.125, 0.0625, 0.1875, 0.03125),
        Compared("MRR@10", 0.75, 0.5, -0.25, -0.5, 0.125, 1.0),
    )
    print_evaluation(Evaluation(tuple(measured("all", 12)), VERDICT_COUNTS, {}, compared))
    assert rows(capsys)[-3:] == [
        ["Measure", "This", "Other", "Difference", "p (paired permutation)"],
        ["nDCG@10", "0.6250", "0.5000", "+0.1250 +0.062 to +0.188", "0.0312"],
        ["MRR@10", "0.5000", "0.7500", "-0.2500 -0.500 to +0.125", "1.0000"],
    ]


# Progress bars.


def test_a_bar_is_on_standard_error(capsys: Capture) -> None:
    with Bars().step("Reading", 4) as advance:
        advance(1)
        advance(3)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("Reading    ")
    assert "4/4" in captured.err
    assert re.search(r"\d/s", captured.err)
    assert "0:00:00" in captured.err


def test_an_interrupted_step_shows_how_far_it_came(capsys: Capture) -> None:
    def interrupt() -> None:
        with Bars().step("Embedding", 4) as advance:
            advance(1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert "1/4" in capsys.readouterr().err


def test_a_step_without_units_is_done(capsys: Capture) -> None:
    with Bars().step("Reading", 0):
        pass
    captured = capsys.readouterr()
    assert "0/0" in captured.err
    assert "/s" not in captured.err


def test_steps_follow_one_another(capsys: Capture) -> None:
    bars = Bars()
    for name in ("Reading", "Embedding"):
        with bars.step(name, 1) as advance:
            advance(1)
    first, second = capsys.readouterr().err.strip().splitlines()
    assert (first.split()[0], second.split()[0]) == ("Reading", "Embedding")
