"""The models of the API's bodies and URLs: what they take, what they refuse, what becomes of it."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from embedder.records import DOCUMENT_FIELDS, Filters, Question, SuggestedFilter
from server.api.schemas import (
    BatchIn,
    DocumentRef,
    DocumentsIn,
    FiltersIn,
    FormatIn,
    SearchIn,
    SimilarIn,
    SimilarityIn,
    SimilarityOut,
    SuggestedFilterOut,
)
from tests.support.app import CANARY

Read = dict[str, Any]


def problems(model: type[BaseModel], value: object) -> list[tuple[str, str]]:
    """Check that a value is refused, and return where and with what messages."""
    with pytest.raises(ValidationError) as caught:
        model.model_validate(value)
    return [(".".join(map(str, each["loc"])), each["msg"]) for each in caught.value.errors()]


def refused(model: type[BaseModel], field: str, value: object, **others: object) -> str:
    """Check that a value of one field is refused alone, and return the message."""
    ((where, message),) = problems(model, {**others, field: value})
    assert where.partition(".")[0] == field
    return message


def asked(**values: object) -> SearchIn:
    return SearchIn.model_validate({"query": CANARY, **values})


# Whole numbers.

NOT_WHOLE = [10.5, "10", True, None, float("inf"), float("nan"), [10]]


@pytest.mark.parametrize(("field", "value"), [("limit", 10.0), ("offset", 10.0), ("offset", -0.0)])
def test_a_whole_number_may_be_written_with_a_point(field: str, value: float) -> None:
    found = getattr(asked(**{field: value}), field)
    assert (found, type(found)) == (int(value), int)


@pytest.mark.parametrize("value", NOT_WHOLE, ids=repr)
@pytest.mark.parametrize("field", ["limit", "offset"])
def test_what_is_no_whole_number_is_refused(field: str, value: object) -> None:
    assert refused(SearchIn, field, value, query=CANARY) == "Input should be a valid integer"


def test_a_year_may_be_written_with_a_point_or_be_null() -> None:
    read = FiltersIn.model_validate({"year_from": 2015.0, "year_to": None})
    assert (read.year_from, type(read.year_from), read.year_to) == (2015, int, None)


@pytest.mark.parametrize("value", [each for each in NOT_WHOLE if each is not None], ids=repr)
def test_what_is_no_year_is_refused(value: object) -> None:
    assert refused(FiltersIn, "year_to", value) == "Input should be a valid integer"


# Bounds.

BOUNDS: list[tuple[type[BaseModel], str, Read, tuple[float, float], tuple[float, float]]] = [
    (SearchIn, "limit", {"query": "x"}, (1, 100), (0, 101)),
    (SearchIn, "offset", {"query": "x"}, (0, 999), (-1, 1000)),
    (SearchIn, "min_similarity", {"query": "x"}, (-1, 1), (-1.001, 1.001)),
    (FiltersIn, "year_from", {}, (1, 9999), (0, 10_000)),
    (FiltersIn, "year_to", {}, (1, 9999), (0, 1e20)),
    (DocumentsIn, "limit", {}, (1, 1000), (0, 1001)),
    (DocumentsIn, "offset", {}, (0, 2**31), (-1, 2**31 + 1)),
    (SimilarIn, "limit", {}, (1, 100), (0, 101)),
]


@pytest.mark.parametrize(
    ("model", "field", "others", "within", "outside"),
    BOUNDS,
    ids=[f"{each[0].__name__}.{each[1]}" for each in BOUNDS],
)
def test_numbers_are_taken_up_to_their_bounds(
    model: type[BaseModel],
    field: str,
    others: Read,
    within: tuple[float, float],
    outside: tuple[float, float],
) -> None:
    for value in within:
        assert getattr(model.model_validate({**others, field: value}), field) == value
    for value in outside:
        assert refused(model, field, value, **others).startswith("Input should be ")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "0.5", True], ids=repr)
def test_what_is_no_similarity_is_refused(value: object) -> None:
    refused(SearchIn, "min_similarity", value, query=CANARY)


def test_a_question_is_taken_up_to_its_length() -> None:
    assert len(asked(query="x" * 10_000).query) == 10_000
    message = refused(SearchIn, "query", "x" * 10_001)
    assert message == "String should have at most 10000 characters"
    assert refused(SearchIn, "query", "") == "String should have at least 1 character"


@pytest.mark.parametrize("field", ["countries", "regions", "topics", "authors"])
def test_values_of_filters_are_taken_up_to_their_number_and_length(field: str) -> None:
    for values in ([], ["x"] * 50, ["x" * 300]):
        assert getattr(FiltersIn.model_validate({field: values}), field) == values
    assert "at most 50 items" in refused(FiltersIn, field, ["x"] * 51)
    assert "at most 300 characters" in refused(FiltersIn, field, ["x" * 301])
    assert "at least 1 character" in refused(FiltersIn, field, ["x", ""])
    assert refused(FiltersIn, field, "x") == "Input should be a valid list"
    assert refused(FiltersIn, field, [5]) == "Input should be a valid string"


@pytest.mark.parametrize("field", ["like", "unlike"])
def test_marked_documents_are_taken_up_to_their_number(field: str) -> None:
    for values in ([], ["x"] * 20, ["x" * 1000]):
        assert getattr(asked(**{field: values}), field) == values
    assert "at most 20 items" in refused(SearchIn, field, ["x"] * 21, query="x")
    assert "at least 1 character" in refused(SearchIn, field, ["x", ""], query="x")
    assert refused(SearchIn, field, "x", query="x") == "Input should be a valid list"
    assert refused(SearchIn, field, [5], query="x") == "Input should be a valid string"


def test_meanings_are_taken_up_to_their_number_and_length() -> None:
    for values in ([], ["x"] * 50, ["x" * 300]):
        assert asked(ignore=values).ignore == values
    assert "at most 50 items" in refused(SearchIn, "ignore", ["x"] * 51, query="x")
    assert "at most 300 characters" in refused(SearchIn, "ignore", ["x" * 301], query="x")
    assert "at least 1 character" in refused(SearchIn, "ignore", [""], query="x")
    assert refused(SearchIn, "ignore", "x", query="x") == "Input should be a valid list"
    assert CANARY not in repr(asked(ignore=[CANARY]))


# Unknown keys, and values of another type.

NESTED = [
    (SearchIn, {"query": CANARY, "k": 5}, "k"),
    (SearchIn, {"query": CANARY, "filters": {"country": []}}, "filters.country"),
    (BatchIn, {"questions": [{"query": CANARY}], "k": 5}, "k"),
    (BatchIn, {"questions": [{"query": CANARY}, {"query": "x", "k": 5}]}, "questions.1.k"),
    (FormatIn, {"formats": "json"}, "formats"),
    (DocumentsIn, {"page": "2"}, "page"),
    (SimilarIn, {"offset": "2"}, "offset"),
    (SimilarityIn, {"source": "x", "texts": ["y"], "model": "m"}, "model"),
    (SimilarityIn, {"source": "x", "texts": ["y", {"id": "a", "k": 5}]}, "texts.1.k"),
]


@pytest.mark.parametrize(
    ("model", "body", "key"), NESTED, ids=[f"{each[0].__name__} {each[2]}" for each in NESTED]
)
def test_an_unknown_key_is_refused_by_its_name(
    model: type[BaseModel], body: Read, key: str
) -> None:
    assert problems(model, body) == [(key, "Extra inputs are not permitted")]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("query", 5),
        ("query", None),
        ("mode", "magic"),
        ("mode", "Hybrid"),
        ("filters", None),
        ("filters", []),
        ("expand", "yes"),
        ("expand", 1),
        ("fields", "id"),
    ],
)
def test_a_value_of_another_type_is_refused(field: str, value: object) -> None:
    refused(SearchIn, field, value, **({} if field == "query" else {"query": "x"}))


def test_a_batch_has_a_question_at_least() -> None:
    assert problems(BatchIn, {"questions": []}) == [
        ("questions", "List should have at least 1 item after validation, not 0")
    ]
    assert problems(BatchIn, {}) == [("questions", "Field required")]


# Defaults, and what the library is asked.


def test_a_question_alone_is_asked_as_the_library_would_ask_it() -> None:
    read = SearchIn.model_validate({"query": CANARY})
    assert read.question() == Question(CANARY)
    assert read.fields is None
    assert FiltersIn().filters() == Filters()


ALL_FILTERS: Read = {
    "countries": ["Lebanon", "NGA"],
    "regions": ["Africa"],
    "topics": ["Trafficking", "Health"],
    "authors": ["Healy"],
    "year_from": 2001,
    "year_to": 2002,
    "include_worldwide": True,
}
ALL: Read = {
    "query": CANARY,
    "limit": 3,
    "offset": 4,
    "mode": "keyword",
    "filters": ALL_FILTERS,
    "min_similarity": -0.25,
    "expand": False,
    "like": ["a", "b"],
    "unlike": ["c"],
    "ignore": ["d"],
    "fields": ["title", "year"],
}


def test_every_filter_reaches_the_library() -> None:
    assert set(ALL_FILTERS) == {each.name for each in fields(Filters)}
    found = FiltersIn.model_validate(ALL_FILTERS).filters()
    assert found == Filters(
        countries=("Lebanon", "NGA"),
        regions=("Africa",),
        topics=("Trafficking", "Health"),
        authors=("Healy",),
        year_from=2001,
        year_to=2002,
        include_worldwide=True,
    )
    hash(found)  # no list is left in it


def test_every_field_of_a_question_reaches_the_library() -> None:
    # `fields` is the API's own: it chooses what is shown, not what is found.
    assert set(ALL) - {"query", "fields"} == {each.name for each in fields(Question)} - {"text"}
    assert set(ALL) == set(SearchIn.model_fields)
    found = SearchIn.model_validate(ALL).question()
    assert found == Question(
        CANARY,
        limit=3,
        offset=4,
        mode="keyword",
        filters=FiltersIn.model_validate(ALL_FILTERS).filters(),
        min_similarity=-0.25,
        expand=False,
        like=("a", "b"),
        unlike=("c",),
        ignore=("d",),
    )
    # No value of this test is a default, which a field that is left out would have too.
    assert [
        each.name for each in fields(Question) if getattr(found, each.name) == each.default
    ] == []


def test_the_defaults_in_a_url() -> None:
    assert FormatIn().model_dump() == {"format": "json"}
    assert DocumentsIn.model_validate({}).model_dump() == {
        "format": "json",
        "limit": 20,
        "offset": 0,
        "fields": None,
    }
    assert SimilarIn.model_validate({}).limit == 10


# In a URL, where every value is text.


def test_numbers_in_a_url_are_text() -> None:
    read = DocumentsIn.model_validate({"limit": "5", "offset": "20.0"})
    assert (read.limit, read.offset) == (5, 20)


@pytest.mark.parametrize("value", ["", " ", "x", "5.5", "five", "1e2"])
def test_a_text_that_is_no_number_is_refused(value: str) -> None:
    assert refused(SimilarIn, "limit", value).startswith("Input should be a valid integer")


@pytest.mark.parametrize("value", ["json", "ris", "bibtex", "csl-json", "csv"])
def test_the_formats(value: str) -> None:
    assert FormatIn.model_validate({"format": value}).format == value


@pytest.mark.parametrize("value", ["", "JSON", "xml", "json,ris"])
def test_another_format_is_refused_with_the_known_ones(value: str) -> None:
    message = refused(FormatIn, "format", value)
    assert message == "Input should be 'json', 'ris', 'bibtex', 'csl-json' or 'csv'"


# Names of fields.

NAMES = ",".join(DOCUMENT_FIELDS)
BAD_NAMES = ["", ",", "id,", ",id", "id,,title", " id", "id, title", "Id", "nothing", "id;title"]


@pytest.mark.parametrize("value", ["id", "id,title", "title,id", "id,id", NAMES])
def test_names_of_fields_in_a_url(value: str) -> None:
    assert DocumentsIn.model_validate({"fields": value}).fields == value


@pytest.mark.parametrize("value", BAD_NAMES)
def test_another_name_in_a_url_is_refused_with_the_known_ones(value: str) -> None:
    assert refused(DocumentsIn, "fields", value) == (
        "Name one or more of these, separated by commas: id, title, abstract, countries, "
        "country_codes, regions, authors, year, topics, category, sources"
    )


def test_the_documented_pattern_of_names_is_what_is_taken() -> None:
    options = DocumentsIn.model_json_schema()["properties"]["fields"]["anyOf"]
    (pattern,) = (each["pattern"] for each in options if each["type"] == "string")
    assert all(re.search(pattern, each) for each in ("id", "id,title", NAMES))
    assert not any(re.search(pattern, each) for each in BAD_NAMES)


def test_names_of_fields_in_a_body() -> None:
    assert asked(fields=["id"]).fields == ["id"]
    assert asked(fields=list(DOCUMENT_FIELDS)).fields == list(DOCUMENT_FIELDS)
    assert asked(fields=None).fields is None
    message = refused(SearchIn, "fields", ["id", "nothing"], query="x")
    assert message.startswith("Input should be 'id', 'title', 'abstract', ")
    assert "at least 1 item" in refused(SearchIn, "fields", [], query="x")
    too_many = ["id"] * (len(DOCUMENT_FIELDS) + 1)
    assert f"at most {len(DOCUMENT_FIELDS)} items" in refused(
        SearchIn, "fields", too_many, query="x"
    )


# Comparing.


def test_texts_and_documents_are_told_apart_by_their_type() -> None:
    read = SimilarityIn.model_validate({"source": {"id": "a"}, "texts": ["x", {"id": "b"}]})
    assert (read.source, read.texts) == (DocumentRef(id="a"), ["x", DocumentRef(id="b")])
    assert read.pairwise is False


@pytest.mark.parametrize(
    ("value", "where", "message"),
    [
        (5, "", "Input should be a valid string"),
        (None, "", "Input should be a valid string"),
        (["x"], "", "Input should be a valid string"),
        ("", "", "String should have at least 1 character"),
        ({"id": ""}, ".id", "String should have at least 1 character"),
        ({"id": 5}, ".id", "Input should be a valid string"),
        ({}, ".id", "Field required"),
    ],
)
def test_an_error_is_about_the_type_that_was_sent(value: object, where: str, message: str) -> None:
    # One error, not one for each type that would do.
    body = {"source": value, "texts": ["x"]}
    assert problems(SimilarityIn, body) == [(f"source{where}", message)]
    body = {"source": "x", "texts": ["y", value]}
    assert problems(SimilarityIn, body) == [(f"texts.1{where}", message)]


def test_the_source_may_be_left_out_of_pairs() -> None:
    assert SimilarityIn.model_validate({"texts": ["x"], "pairwise": True}).source is None
    schema = SimilarityIn.model_json_schema()
    assert "default" not in schema["properties"]["source"]
    assert schema["required"] == ["texts"]
    assert {"required": ["source"]} in schema["anyOf"]


def test_what_was_not_asked_for_is_not_in_the_answer() -> None:
    answer = SimilarityOut(model="m", similarities=[0.5], truncated=[])
    assert json.loads(answer.model_dump_json()) == {
        "model": "m",
        "similarities": [0.5],
        "truncated": [],
    }
    answer = SimilarityOut(model="m", truncated=[-1], matrix=[[1.0]])
    assert answer.model_dump() == {"model": "m", "truncated": [-1], "matrix": [[1.0]]}


FILTERS_TO_ADD = [
    Filters(countries=("Lebanon",)),
    Filters(regions=("Asia",)),
    Filters(authors=("C. Lee",)),
    Filters(year_from=2010),
    Filters(year_from=2010, year_to=2014),
]


@pytest.mark.parametrize("filters", FILTERS_TO_ADD, ids=str)
def test_suggested_filters_have_the_form_of_a_questions_filters(filters: Filters) -> None:
    content = SuggestedFilter("country", 0, 7, filters, 1).as_dict()
    assert SuggestedFilterOut.model_validate(content).model_dump() == content
    assert FiltersIn.model_validate(content["filters"]).filters() == filters


# What a body prints: its text must reach no log.


@pytest.mark.parametrize(
    "read",
    [
        asked(),
        BatchIn.model_validate({"questions": [{"query": CANARY}]}),
        SimilarityIn.model_validate({"source": CANARY, "texts": [CANARY]}),
    ],
    ids=lambda read: type(read).__name__,
)
def test_a_body_does_not_print_its_text(read: BaseModel) -> None:
    assert CANARY not in repr(read)
    assert CANARY not in str(read)
