"""The records' examples, and what they do beyond holding values."""

from __future__ import annotations

import doctest
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from embedder import records
from embedder.records import (
    Answer,
    Document,
    Evidence,
    FacetCount,
    Filters,
    Hit,
    Legs,
    Matched,
    Question,
    SuggestedFilter,
    Understood,
)


def test_the_examples_are_true() -> None:
    result = doctest.testmod(records)
    assert (result.failed, result.attempted > 5) == (0, True)


def hit(rank: int) -> Hit:
    return Hit(
        rank=rank,
        score=0.9,
        similarity=0.6,
        document=Document(f"d{rank}", "A guide", "How to refer."),
        evidence=(Evidence("abstract", 0, 13, "How to refer.", 0.7),),
        legs=Legs(semantic=0.6, keyword=None),
        matched=(Matched(0, 4, 0.5),),
        fit="likely",
    )


def answer(*hits: Hit, total: int) -> Answer:
    facets = {"years": (FacetCount(2014, 1),)}
    understood = (Understood("term", 2, 7, "health care provider", used=True),)
    return Answer(
        *("strong", total, hits, facets, understood, "a-model", 3, 2.5), probability=0.875
    )


def test_a_document_may_have_no_field_at_all() -> None:
    assert Document() == Document(id="", title="", abstract="")
    assert Document().as_dict() == {
        "id": "",
        "title": "",
        "abstract": "",
        "countries": [],
        "country_codes": [],
        "regions": [],
        "authors": [],
        "year": None,
        "topics": [],
        "category": None,
        "sources": [],
    }


def test_the_first_three_fields_of_a_document_are_positional() -> None:
    assert Document("a", "t", "x") == Document(id="a", title="t", abstract="x")


def test_an_answer_iterates_over_the_hits_of_its_page() -> None:
    found = answer(hit(1), hit(2), total=7)
    assert [each.document.id for each in found] == ["d1", "d2"]
    assert list(found) == list(found.hits)
    assert (len(found), found.total) == (2, 7)
    assert found


def test_an_answer_without_hits_is_empty_but_still_an_answer() -> None:
    found = answer(total=0)
    assert (list(found), len(found), bool(found)) == ([], 0, True)


def test_an_answer_is_one_json_object() -> None:
    assert answer(hit(1), total=1).as_dict() == {
        "verdict": "strong",
        "probability": 0.875,
        "total": 1,
        "hits": [
            {
                "rank": 1,
                "score": 0.9,
                "similarity": 0.6,
                "fit": "likely",
                "document": Document("d1", "A guide", "How to refer.").as_dict(),
                "evidence": [
                    {
                        "field": "abstract",
                        "start": 0,
                        "end": 13,
                        "text": "How to refer.",
                        "similarity": 0.7,
                    }
                ],
                "legs": {"semantic": 0.6, "keyword": None},
                "matched": [{"start": 0, "end": 4, "similarity": 0.5}],
            }
        ],
        "facets": {"years": [{"value": 2014, "count": 1}]},
        "understood": [
            {
                "kind": "term",
                "start": 2,
                "end": 7,
                "meaning": "health care provider",
                "used": True,
            }
        ],
        "languages": ["en"],
        "suggested_filters": [],
        "model": "a-model",
        "generation": 3,
        "took_ms": 2.5,
    }


def test_a_hit_without_a_question_has_no_fit() -> None:
    near = Hit(1, 0.9, 0.6, Document("d1"), (), Legs(0.6, None))
    assert near.fit is None
    assert near.as_dict()["fit"] is None


def test_an_answer_is_not_probable_unless_that_is_said() -> None:
    assert Answer("none", 0, (), {}, (), "a-model", 3, 2.5).as_dict()["probability"] == 0.0


@pytest.mark.parametrize(
    ("filters", "content"),
    [
        (Filters(countries=("Lebanon",)), {"countries": ["Lebanon"]}),
        (Filters(year_from=2010, year_to=2014), {"year_from": 2010, "year_to": 2014}),
        (Filters(year_to=2014), {"year_to": 2014}),
    ],
)
def test_a_suggested_filter_has_its_own_filters_alone(
    filters: Filters, content: dict[str, Any]
) -> None:
    assert SuggestedFilter("country", 3, 10, filters, 2).as_dict() == {
        "kind": "country",
        "start": 3,
        "end": 10,
        "filters": content,
        "count": 2,
    }


def test_a_question_keeps_its_text_out_of_its_repr() -> None:
    assert "secret" not in repr(Question("a secret", limit=3))
    assert "limit=3" in repr(Question("a secret", limit=3))


def test_a_record_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Document().title = "x"  # type: ignore[misc]
