"""Settings and evaluation, on a library whose answers are known."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from embedder.errors import RequestError, SourceError
from embedder.evaluation import SearchSettings, evaluate_library
from embedder.library import Library
from embedder.records import Answer, Document, Hit, Legs, Question, RankingWeights, Verdict
from embedder.search.pipeline import DEFAULT_WEIGHTS
from embedder.trec_files import read_run

DOCUMENTS = {
    document_id: Document(document_id, f"Title {document_id}", "A text.") for document_id in "abc"
}


class KnownAnswers(Library):
    """Answers each question with the documents that it names, in reverse with keyword search."""

    def __init__(self) -> None:
        self.asked: list[tuple[Question, RankingWeights]] = []

    def documents(self) -> Iterator[Document]:
        return iter(DOCUMENTS.values())

    def ask(self, question: Question, weights: RankingWeights = DEFAULT_WEIGHTS) -> Answer:
        self.asked.append((question, weights))
        names = [name for name in question.text.split() if name in DOCUMENTS]
        if question.mode == "keyword":
            names.reverse()
        hits = tuple(
            Hit(rank, 1 / rank, 0.5, DOCUMENTS[name], (), Legs(0.5, None))
            for rank, name in enumerate(names, start=1)
        )
        verdict: Verdict = "strong" if hits else "none"
        return Answer(verdict, len(hits), hits, {}, (), "known", 1, 0.0)


def write_queries(folder: Path, *queries: Mapping[str, object]) -> Path:
    path = folder / "queries.jsonl"
    path.write_text("".join(json.dumps(query) + "\n" for query in queries))
    return path


FIRST = {"_id": "1", "text": "a b", "kind": "short", "relevant": {"Title a": 1}}
SECOND = {"_id": "2", "text": "c b", "kind": "long", "relevant": {"b": 1}}


def test_answers_are_measured_by_kind(tmp_path: Path) -> None:
    library = KnownAnswers()
    queries = write_queries(tmp_path, FIRST, SECOND)
    result = evaluate_library(library, queries, None, SearchSettings(), None)
    assert result.run == {"1": {"a": 100.0, "b": 99.0}, "2": {"c": 100.0, "b": 99.0}}
    ranks = {each.kind: each.mean for each in result.measured if each.measure == "MRR@10"}
    assert ranks == pytest.approx({"all": 0.75, "short": 1.0, "long": 0.5})
    assert [(each.kind, each.queries) for each in result.measured][::4] == [
        ("all", 2),
        ("short", 1),
        ("long", 1),
    ]
    assert result.compared == ()


def test_questions_are_asked_with_the_settings(tmp_path: Path) -> None:
    library = KnownAnswers()
    settings = SearchSettings().changed(["mode=semantic", "expand=no", "ring_weight=0.25"])
    evaluate_library(library, write_queries(tmp_path, FIRST), None, settings, None)
    ((question, weights),) = library.asked
    assert question == Question("a b", limit=100, mode="semantic", expand=False)
    assert weights == RankingWeights(ring_weight=0.25)


def test_judgements_may_be_in_a_file_of_their_own(tmp_path: Path) -> None:
    qrels = tmp_path / "qrels.tsv"
    qrels.write_text("query-id\tcorpus-id\tscore\n2\tc\t1\n")
    queries = write_queries(tmp_path, FIRST, SECOND)
    result = evaluate_library(KnownAnswers(), queries, qrels, SearchSettings(), None)
    # The first query has no judgement there, and those beside the queries do not count.
    assert result.run.keys() == {"2"}
    assert {each.mean for each in result.measured if each.measure == "MRR@10"} == {1.0}


def test_queries_that_nothing_answers_count_for_verdicts_alone(tmp_path: Path) -> None:
    unanswerable = (
        {"_id": "3", "text": "a", "kind": "none", "relevant": {"b": 1}},
        {"_id": "4", "text": "x", "kind": "near"},
        {"_id": "5", "text": "y", "kind": "off", "relevant": {}},
    )
    queries = write_queries(tmp_path, FIRST, *unanswerable)
    result = evaluate_library(KnownAnswers(), queries, None, SearchSettings(), "mode=keyword")
    assert result.run.keys() == {"1"}
    assert {(each.kind, each.queries) for each in result.measured} == {("all", 1), ("short", 1)}
    assert result.verdicts.answerable == {"strong": 1, "possible": 0, "none": 0}
    assert result.verdicts.unanswerable == {"strong": 1, "possible": 0, "none": 2}


@pytest.mark.parametrize("grade", [0, 1])
def test_a_query_without_an_answer_by_now_is_not_counted(tmp_path: Path, grade: int) -> None:
    undone = {"_id": "3", "text": "a b", "relevant": {"a": grade}}
    queries = write_queries(tmp_path, FIRST | {"relevant": {"a": 3}}, undone)
    result = evaluate_library(KnownAnswers(), queries, None, SearchSettings(), None)
    assert result.run.keys() == {"1"}
    assert sum(result.verdicts.answerable.values()) == 1


def test_without_an_answerable_query_verdicts_are_counted(tmp_path: Path) -> None:
    queries = write_queries(tmp_path, {"_id": "1", "text": "x", "kind": "none"})
    result = evaluate_library(KnownAnswers(), queries, None, SearchSettings(), "mode=keyword")
    assert (result.measured, result.run, result.compared) == ((), {}, ())
    assert result.verdicts.unanswerable == {"strong": 0, "possible": 0, "none": 1}


@pytest.mark.parametrize(
    ("grades", "answers", "strong_right"),
    [
        pytest.param({"a": 3, "b": 2}, 2, 2, id="both answer"),
        pytest.param({"a": 1, "b": 2}, 2, 1, id="one is related"),
        # Of grades 0 and 1 alone, as in most collections, 1 is the answer.
        pytest.param({"a": 1, "b": 0}, 1, 1, id="0 and 1"),
    ],
)
def test_a_strong_verdict_is_right_with_an_answer_first(
    tmp_path: Path, grades: Mapping[str, int], answers: int, strong_right: int
) -> None:
    queries = write_queries(
        tmp_path,
        *({"_id": name, "text": name, "relevant": grades} for name in ("a", "b")),
    )
    verdicts = evaluate_library(KnownAnswers(), queries, None, SearchSettings(), None).verdicts
    assert (verdicts.answers, verdicts.strong_right) == (answers, strong_right)
    assert verdicts.answerable["strong"] == 2


def test_a_query_without_hits_counts_0(tmp_path: Path) -> None:
    queries = write_queries(tmp_path, {"_id": "1", "text": "x", "relevant": {"a": 1}})
    result = evaluate_library(KnownAnswers(), queries, None, SearchSettings(), None)
    assert result.run == {"1": {}}
    assert {each.mean for each in result.measured} == {0.0}


def test_without_a_judged_query_there_is_nothing_to_measure(tmp_path: Path) -> None:
    unjudged = {"_id": "1", "text": "a"}
    irrelevant = {"_id": "2", "text": "a", "relevant": {"a": 0}}
    queries = write_queries(tmp_path, unjudged, irrelevant)
    with pytest.raises(RequestError) as caught:
        evaluate_library(KnownAnswers(), queries, None, SearchSettings(), None)
    assert (
        caught.value.message
        == "no query has a judgement above 0. Give judgements with --qrels FILE."
    )


def test_other_settings_are_a_baseline(tmp_path: Path) -> None:
    library = KnownAnswers()
    queries = write_queries(tmp_path, FIRST, SECOND)
    result = evaluate_library(
        library, queries, None, SearchSettings(), "mode=keyword,spelling=false"
    )
    assert [weights.spelling for _, weights in library.asked] == [True, True, False, False]
    compared = {each.measure: each for each in result.compared}
    # In reverse, the first query has its document second and the second query has it first.
    assert (compared["MRR@10"].first, compared["MRR@10"].second) == pytest.approx((0.75, 0.75))
    assert compared["Recall@10"].difference == 0.0


def test_a_run_in_a_file_is_a_baseline(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.write_text("1 Q0 b 1 2.0 other\n1 Q0 a 2 1.0 other\n")
    queries = write_queries(tmp_path, FIRST)
    result = evaluate_library(KnownAnswers(), queries, None, SearchSettings(), str(run))
    compared = {each.measure: each for each in result.compared}
    assert (compared["MRR@10"].first, compared["MRR@10"].second) == pytest.approx((0.5, 1.0))
    with pytest.raises(SourceError, match="No such file"):
        evaluate_library(
            KnownAnswers(), queries, None, SearchSettings(), str(tmp_path / "no-such-run")
        )


def test_an_evaluation_is_a_json_object_and_a_run(tmp_path: Path) -> None:
    queries = write_queries(tmp_path, FIRST)
    result = evaluate_library(KnownAnswers(), queries, None, SearchSettings(), "mode=keyword")
    found = json.loads(json.dumps(result.as_dict()))
    assert list(found) == ["measures", "verdicts", "compared"]
    assert found["measures"][0] == {
        "measure": "nDCG@10",
        "kind": "all",
        "queries": 1,
        "mean": pytest.approx(1.0),
        "low": pytest.approx(1.0),
        "high": pytest.approx(1.0),
    }
    assert found["verdicts"] == {
        "answerable": {"strong": 1, "possible": 0, "none": 0},
        "unanswerable": {"strong": 0, "possible": 0, "none": 0},
        "answers": 1,
        "strong_right": 1,
        "calibration_error": 1.0,  # it is right, with a probability of 0
    }
    assert list(found["compared"][0]) == [
        "measure",
        "first",
        "second",
        "difference",
        "low",
        "high",
        "p",
    ]
    result.write_run(tmp_path / "run")
    assert read_run(tmp_path / "run") == {"1": {"a": 100.0, "b": 99.0}}


# Settings.


def test_settings_change_by_name() -> None:
    changes = ["mode=keyword", "expand=no", "dense_weight=1", "acronyms=no", "spelling=true"]
    assert SearchSettings().changed(changes) == SearchSettings(
        mode="keyword",
        expand=False,
        weights=RankingWeights(dense_weight=1.0, acronyms=False, spelling=True),
    )
    assert SearchSettings().changed([]) == SearchSettings()


@pytest.mark.parametrize(
    "change", ["mode=fast", "expand=maybe", "spelling=2", "no_such=1", "mode", "", "=1"]
)
def test_an_unusable_setting_is_refused(change: str) -> None:
    with pytest.raises(RequestError) as caught:
        SearchSettings().changed([change])
    assert caught.value.field == "set"
    assert caught.value.message == (
        f"{change!r} is not NAME=VALUE with one of: mode, expand, dense_weight, "
        "min_keyword_share, sentence_weight, ring_weight, acronyms, spelling, like_weight, "
        "unlike_weight"
    )


def test_a_weight_is_a_number() -> None:
    with pytest.raises(RequestError) as caught:
        SearchSettings().changed(["ring_weight=much"])
    assert caught.value.message == "ring_weight='much': a number is expected"
