from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from embedder.trec_files import Query
from embedder.vectors import Float32Array
from training.material import Material
from training.measure import (
    Collection,
    Reading,
    Score,
    in_english,
    measure,
    of_entries,
    of_libraries,
    table,
    write_json,
    write_section,
)

DOCUMENTS = {"a": "1 0", "b": "0.8 0.6", "c": "0 1"}
QUERIES = [Query("1", "1 0", "plain, en"), Query("2", "1 0", "plain, fr")]
QRELS = {"1": {"a": 1}, "2": {"c": 1}}


def _parse(texts: Sequence[str]) -> Float32Array:
    """Read texts that are vectors."""
    return np.array([text.split() for text in texts], dtype=np.float32)


READING = Reading("quick", "full", _parse, _parse)


def test_the_rank_of_the_right_document_is_measured() -> None:
    found = measure(Collection("test", DOCUMENTS, QUERIES, QRELS), READING, lambda _: True)
    means = {(score.kind, score.measure): score.mean for score in found}
    assert means == {
        ("all", "nDCG@10"): pytest.approx((1 + 1 / math.log2(4)) / 2),
        ("all", "MRR@10"): pytest.approx((1 + 1 / 3) / 2),
        ("plain, en", "nDCG@10"): 1,
        ("plain, en", "MRR@10"): 1,
        ("plain, fr", "nDCG@10"): pytest.approx(0.5),
        ("plain, fr", "MRR@10"): pytest.approx(1 / 3),
    }
    assert {(s.reader, s.documents, s.part, s.questions) for s in found if s.kind == "all"} == {
        ("quick", "full", "test", 2)
    }
    assert all(score.low <= score.mean <= score.high for score in found)


def test_only_english_is_asked_unless_all_is_accepted() -> None:
    collection = Collection("test", DOCUMENTS, QUERIES, QRELS)
    assert {score.kind for score in measure(collection, READING)} == {"all", "plain, en"}
    assert measure(collection, READING, lambda _: False) == []
    assert not in_english(Query("x", "", "crosslingual"))
    assert in_english(Query("x", "", "plain"))


def test_an_entry_is_asked_for_in_every_way(material: Material) -> None:
    collection = of_entries(material.entries, [2, 3], "development entries")
    assert len(collection.documents) == 24
    entry = material.entries[3]
    own = [query for query in collection.queries if collection.qrels[query.id] == {"3": 1}]
    assert {query.kind: query.text for query in own} == {
        **{f"{kind}, en": text for kind, text in entry.questions.items()},
        **{f"plain, {language}": text for language, text in entry.others.items()},
    }
    assert {grade for grades in collection.qrels.values() for grade in grades} == {"2", "3"}


def test_libraries_have_questions_with_answers() -> None:
    libraries = of_libraries()
    assert [library.part for library in libraries] == ["migration-guidance", "rural-health"]
    for library in libraries:
        assert len(library.documents) == 60
        assert len(library.queries) == 105
        for query in library.queries:
            assert library.qrels[query.id].keys() <= library.documents.keys()


SCORES = [
    Score("full", "full", "test entries", "plain, en", 12, "nDCG@10", 0.9, 0.85, 0.95),
    Score("full", "full", "test entries", "plain, en", 12, "MRR@10", 0.8, 0.7, 0.9),
    Score("quick", "full", "rural-health", "all", 9, "nDCG@10", 0.5, 0.4, 0.6),
    Score("quick", "full", "rural-health", "all", 9, "MRR@10", 0.25, 0.2, 0.3),
]


def test_a_table_has_a_row_for_each_reader_and_kind() -> None:
    assert table(SCORES, "test entries").splitlines() == [
        "| questions read by | documents read by | kind | questions | nDCG@10 | MRR@10 |",
        "| --- | --- | --- | ---: | --- | --- |",
        "| full | full | plain, en | 12 | 0.900 (0.850–0.950) | 0.800 (0.700–0.900) |",
    ]


def test_figures_are_written_as_json(tmp_path: Path) -> None:
    path = tmp_path / "new" / "measures.json"
    write_json(path, SCORES, {"weights": "here"})
    whole = json.loads(path.read_text(encoding="utf-8"))
    assert whole["weights"] == "here"
    assert whole["scores"][1]["mean"] == 0.8


def test_only_the_marked_section_of_a_page_is_written(tmp_path: Path) -> None:
    page = tmp_path / "model.md"
    page.write_text("before\n<!-- quality -->\nold\n<!-- /quality -->\nafter\n", encoding="utf-8")
    write_section(page, SCORES)
    write_section(page, SCORES)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n<!-- quality -->\n### Test entries\n\n| questions")
    assert text.endswith("0.250 (0.200–0.300) |\n<!-- /quality -->\nafter\n")
    assert text.count("### Rural-health") == 1
    assert "old" not in text


def test_a_page_without_the_section_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "model.md"
    page.write_text("before\n", encoding="utf-8")
    with pytest.raises(ValueError, match="has no section between"):
        write_section(page, SCORES)
