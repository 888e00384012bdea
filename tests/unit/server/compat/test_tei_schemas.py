"""Which model a body of TEI's, txtai's, Cohere's or Jina's is read as, and what errors say."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, RootModel, ValidationError

from embedder.errors import RequestError
from server.compat.schemas import In
from server.compat.tei_schemas import (
    AnyBody,
    CohereHitOut,
    CohereHitTextOut,
    CohereRankIn,
    CohereRankOut,
    CompareBody,
    CompareIn,
    DocumentOut,
    EmbedIn,
    Options,
    RankBody,
    RankIn,
    RankingOut,
    RankOut,
    RankTextOut,
    ScoreIn,
)
from tests.support.app import CANARY

Body = type[RootModel[Any]]
Problems = list[tuple[str, str]]

SENTENCES = {"source_sentence": "s", "sentences": ["a", "b"]}


def problems(model: type[BaseModel], value: object) -> Problems:
    """Check that a value is refused, and return where and with what messages."""
    with pytest.raises(ValidationError) as caught:
        model.model_validate(value)
    return [(".".join(map(str, each["loc"])), each["msg"]) for each in caught.value.errors()]


# Which model reads a body.

READ_AS: dict[str, tuple[Body, object, type[In]]] = {
    # /similarity
    "similarity: inputs": (CompareBody, {"inputs": SENTENCES}, CompareIn),
    "similarity: query": (CompareBody, {"query": "q", "texts": ["a"]}, ScoreIn),
    "similarity: both": (
        CompareBody,
        {"inputs": SENTENCES, "query": "q", "texts": ["a"]},
        CompareIn,
    ),
    # /rerank
    "rerank: texts": (RankBody, {"query": "q", "texts": ["a"]}, RankIn),
    "rerank: documents": (RankBody, {"query": "q", "documents": ["a"]}, CohereRankIn),
    "rerank: both": (RankBody, {"query": "q", "texts": ["a"], "documents": ["b"]}, RankIn),
    # /
    "root: an object as inputs": (AnyBody, {"inputs": SENTENCES}, CompareIn),
    "root: a text as inputs": (AnyBody, {"inputs": "a"}, EmbedIn),
    "root: texts as inputs": (AnyBody, {"inputs": ["a", "b"]}, EmbedIn),
    "root: documents": (AnyBody, {"query": "q", "documents": ["a"]}, CohereRankIn),
    "root: inputs and documents": (AnyBody, {"inputs": "a", "documents": ["b"]}, EmbedIn),
    "root: inputs, query and texts": (
        AnyBody,
        {"inputs": "a", "query": "q", "texts": ["b"]},
        EmbedIn,
    ),
    "root: an object as inputs, query and texts": (
        AnyBody,
        {"inputs": SENTENCES, "query": "q", "texts": ["b"]},
        CompareIn,
    ),
}


@pytest.mark.parametrize(("body", "value", "model"), READ_AS.values(), ids=list(READ_AS))
def test_the_keys_say_what_a_body_is(body: Body, value: object, model: type[In]) -> None:
    found = body.model_validate(value).root
    assert type(found) is model
    assert found == model.model_validate(value)


@pytest.mark.parametrize(
    "more", [{}, {"documents": ["b"]}, {"return_text": True}, {"newer": 5}], ids=repr
)
def test_a_body_of_two_routes_is_refused_at_the_root(more: dict[str, Any]) -> None:
    with pytest.raises(RequestError) as caught:
        AnyBody.model_validate({"query": CANARY, "texts": [CANARY], **more})
    assert caught.value.field == "texts"
    assert caught.value.message == (
        "`query` and `texts` may be meant for two routes. Send them to /rerank or /similarity."
    )


# Errors are of the model that was chosen, and of no other.

NO_OBJECT = "Input should be a valid dictionary or instance of "
NO_TEXT = "Input should be a valid string"
REFUSED: dict[str, tuple[Body, object, Problems]] = {
    "similarity: nothing": (CompareBody, {}, [("inputs", "Field required")]),
    "similarity: a list": (CompareBody, [SENTENCES], [("", f"{NO_OBJECT}CompareIn")]),
    "similarity: a text as inputs": (
        CompareBody,
        {"inputs": CANARY},
        [("inputs", f"{NO_OBJECT}Sentences")],
    ),
    "similarity: no sentences": (
        CompareBody,
        {"inputs": {"source_sentence": CANARY}},
        [("inputs.sentences", "Field required")],
    ),
    "similarity: no texts": (CompareBody, {"query": CANARY}, [("texts", "Field required")]),
    "similarity: texts alone": (CompareBody, {"texts": [CANARY]}, [("inputs", "Field required")]),
    "rerank: nothing": (
        RankBody,
        {},
        [("query", "Field required"), ("texts", "Field required")],
    ),
    "rerank: null": (RankBody, None, [("", f"{NO_OBJECT}RankIn")]),
    "rerank: one text": (
        RankBody,
        {"query": CANARY, "texts": CANARY},
        [("texts", "Input should be a valid list")],
    ),
    "rerank: documents without a query": (
        RankBody,
        {"documents": [CANARY]},
        [("query", "Field required")],
    ),
    "rerank: a number for a document": (
        RankBody,
        {"query": CANARY, "documents": [CANARY, 5]},
        [("documents.1", NO_TEXT)],
    ),
    "rerank: a document without text": (
        RankBody,
        {"query": CANARY, "documents": [{"title": CANARY}]},
        [("documents.0.text", "Field required")],
    ),
    "rerank: another side": (
        RankBody,
        {"query": "q", "texts": ["a"], "truncation_direction": "up"},
        [("truncation_direction", "Input should be 'Left', 'Right', 'left' or 'right'")],
    ),
    "root: nothing": (AnyBody, {}, [("inputs", "Field required")]),
    "root: a text": (AnyBody, CANARY, [("", f"{NO_OBJECT}EmbedIn")]),
    "root: a query alone": (AnyBody, {"query": CANARY}, [("inputs", "Field required")]),
    "root: a number as inputs": (
        AnyBody,
        {"inputs": 5},
        [("inputs", "Input should be a text or a list of texts")],
    ),
    "root: null as inputs": (
        AnyBody,
        {"inputs": None, "query": "q", "texts": ["a"]},
        [("inputs", "Input should be a text or a list of texts")],
    ),
    "root: a number among inputs": (AnyBody, {"inputs": [CANARY, 5]}, [("inputs.1", NO_TEXT)]),
    "root: another object as inputs": (
        AnyBody,
        {"inputs": {"text": CANARY}},
        [
            ("inputs.source_sentence", "Field required"),
            ("inputs.sentences", "Field required"),
        ],
    ),
}


@pytest.mark.parametrize(("body", "value", "found"), REFUSED.values(), ids=list(REFUSED))
def test_an_error_is_about_the_model_that_the_keys_chose(
    body: Body, value: object, found: Problems
) -> None:
    assert problems(body, value) == found
    assert all(CANARY not in message for _, message in found)


# The fields of each.


def test_one_text_is_a_list_of_one() -> None:
    assert EmbedIn.model_validate({"inputs": "a"}).inputs == ["a"]
    assert EmbedIn.model_validate({"inputs": ["a", "b"]}).inputs == ["a", "b"]


def test_a_document_may_be_an_object_with_its_text() -> None:
    body = {"query": "q", "documents": [{"text": "a", "title": "t"}, "b"]}
    assert CohereRankIn.model_validate(body).documents == ["a", "b"]


DEFAULTS: list[tuple[type[In], dict[str, Any], dict[str, Any]]] = [
    (Options, {}, {"truncate": None, "truncation_direction": "Right"}),
    (EmbedIn, {"inputs": ["a"]}, {"prompt_name": None, "normalize": True, "dimensions": None}),
    (CompareIn, {"inputs": SENTENCES}, {"parameters": None}),
    (ScoreIn, {"query": "q", "texts": ["a"]}, {}),
    (RankIn, {"query": "q", "texts": ["a"]}, {"raw_scores": False, "return_text": False}),
    (
        CohereRankIn,
        {"query": "q", "documents": ["a"]},
        {"top_n": None, "return_documents": False, "model": None},
    ),
]


@pytest.mark.parametrize(
    ("model", "body", "defaults"), DEFAULTS, ids=[each[0].__name__ for each in DEFAULTS]
)
def test_the_defaults(model: type[In], body: dict[str, Any], defaults: dict[str, Any]) -> None:
    options = {"truncate": None, "truncation_direction": "Right"}
    if not issubclass(model, Options):
        options = {}
    found = model.model_validate({**body, "newer": CANARY})
    assert found.model_dump() == {**options, **body, **defaults}


@pytest.mark.parametrize("side", ["Left", "Right", "left", "right"])
def test_texts_are_cut_on_either_side(side: str) -> None:
    assert Options.model_validate({"truncation_direction": side}).truncation_direction == side


@pytest.mark.parametrize(
    ("model", "field", "value", "message"),
    [
        (EmbedIn, "dimensions", 0, "Input should be greater than or equal to 1"),
        (EmbedIn, "dimensions", 1.5, "Input should be a valid integer"),
        (EmbedIn, "normalize", None, "Input should be a valid boolean"),
        (EmbedIn, "truncate", "yes", "Input should be a valid boolean"),
        (EmbedIn, "prompt_name", 5, "Input should be a valid string"),
        (CohereRankIn, "top_n", 0, "Input should be greater than or equal to 1"),
        (CohereRankIn, "top_n", True, "Input should be a valid integer"),
        (CohereRankIn, "return_documents", 1, "Input should be a valid boolean"),
        (RankIn, "return_text", "yes", "Input should be a valid boolean"),
    ],
)
def test_a_value_of_another_type_is_refused(
    model: type[In], field: str, value: object, message: str
) -> None:
    body = {"inputs": "a", "query": "q", "texts": ["a"], "documents": ["a"]}
    assert problems(model, {**body, field: value}) == [(field, message)]


def test_whole_numbers_may_be_written_with_a_point() -> None:
    assert EmbedIn.model_validate({"inputs": "a", "dimensions": 8.0}).dimensions == 8
    body = {"query": "q", "documents": ["a"], "top_n": 2.0}
    assert CohereRankIn.model_validate(body).top_n == 2


@pytest.mark.parametrize(
    "read",
    [
        EmbedIn.model_validate({"inputs": [CANARY]}),
        CompareIn.model_validate({"inputs": {"source_sentence": CANARY, "sentences": [CANARY]}}),
        RankBody.model_validate({"query": CANARY, "texts": [CANARY]}),
        RankBody.model_validate({"query": CANARY, "documents": [CANARY, {"text": CANARY}]}),
    ],
    ids=["embed", "compare", "rank", "cohere"],
)
def test_a_body_does_not_print_its_text(read: BaseModel) -> None:
    assert CANARY not in repr(read)


def test_a_text_is_in_an_answer_only_where_it_was_asked_for() -> None:
    hits = RankingOut([RankTextOut(index=1, score=0.5, text="b"), RankOut(index=0, score=0.25)])
    assert hits.model_dump() == [
        {"index": 1, "score": 0.5, "text": "b"},
        {"index": 0, "score": 0.25},
    ]
    plain = CohereHitOut(index=0, relevance_score=0.5)
    with_text = CohereHitTextOut(index=1, relevance_score=0.25, document=DocumentOut(text="b"))
    assert CohereRankOut(results=[plain, with_text]).model_dump() == {
        "results": [
            {"index": 0, "relevance_score": 0.5},
            {"index": 1, "relevance_score": 0.25, "document": {"text": "b"}},
        ]
    }
