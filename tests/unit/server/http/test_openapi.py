"""The OpenAPI description: whole, and true to the app; and its reference for people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from pydantic import SecretStr

from embedder.library import Library
from server.api.schemas import AnswerOut, BatchOut, DocumentOut, SimilarityOut, SimilarOut
from server.app import create_app
from server.http import access
from server.settings import Settings
from tests.support.app import Ask, page_of

Spec = dict[str, Any]
METHODS = {"get", "post", "put", "delete", "patch"}


@pytest.fixture(scope="module")
def spec(app: APIFlask) -> Spec:
    response = app.test_client().get("/openapi.json")
    assert (response.status_code, response.mimetype) == (200, "application/json")
    description: Spec = response.get_json()
    return description


def operations(spec: Spec) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in spec["paths"].items():
        for method, operation in methods.items():
            if method in METHODS:
                yield path, method, operation


def everything(part: object) -> Iterator[dict[str, Any]]:
    """Every object in a description."""
    if isinstance(part, dict):
        yield part
        for each in part.values():
            yield from everything(each)
    elif isinstance(part, list):
        for each in part:
            yield from everything(each)


def resolve(spec: Spec, reference: str) -> Any:
    found: Any = spec
    assert reference.startswith("#/")
    for part in reference[2:].split("/"):
        found = found[part.replace("~1", "/").replace("~0", "~")]
    return found


# Whole: the rules of OpenAPI 3.1 that a generated client stumbles over.


def test_it_names_the_program_and_its_version(spec: Spec) -> None:
    assert re.fullmatch(r"3\.1\.\d", spec["openapi"])
    assert spec["info"]["title"] == "Fingerpost"
    assert spec["info"]["version"] == version("fingerpost")


def test_every_reference_leads_somewhere(spec: Spec) -> None:
    references = [each["$ref"] for each in everything(spec) if "$ref" in each]
    assert len(references) > 10
    for reference in references:
        assert isinstance(resolve(spec, reference), dict), reference


def test_every_operation_has_a_name_of_its_own(spec: Spec) -> None:
    names = [operation["operationId"] for _, _, operation in operations(spec)]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-zA-Z]+", name) for name in names)


def test_every_tag_is_listed_once(spec: Spec) -> None:
    listed = [each["name"] for each in spec["tags"]]
    used = {tag for _, _, operation in operations(spec) for tag in operation["tags"]}
    assert len(set(listed)) == len(listed)
    assert set(listed) == used


def test_a_refusal_for_now_says_how_long_to_wait(spec: Spec) -> None:
    refusals = [
        operation["responses"]["429"]
        for _, _, operation in operations(spec)
        if "429" in operation["responses"]
    ]
    assert len(refusals) >= 10
    for each in refusals:
        assert each["headers"]["Retry-After"]["schema"]["type"] == "integer"


def test_every_operation_says_what_it_does_and_answers(spec: Spec) -> None:
    for path, method, operation in operations(spec):
        assert operation["summary"], path
        assert operation["tags"], path
        assert "200" in operation["responses"], (path, method)
        for status, response in operation["responses"].items():
            assert re.fullmatch(r"[1-5]\d\d", status)
            assert response["description"]


def test_every_part_of_an_address_is_described(spec: Spec) -> None:
    for path, _, operation in operations(spec):
        described = {
            each["name"]
            for each in operation.get("parameters", [])
            if each["in"] == "path" and each["required"] and each["schema"]
        }
        assert described == set(re.findall(r"{(\w+)}", path)), path


def test_only_bodies_by_post_are_described(spec: Spec) -> None:
    for path, method, operation in operations(spec):
        assert ("requestBody" in operation) == (method == "post"), path
        if method == "post":
            assert operation["requestBody"]["content"]["application/json"]["schema"]


def schema_of(path: str) -> str:
    """The name of the shape of a route's errors."""
    if path in {"/v1/rerank", "/v2/rerank"}:
        return "CohereError"
    if path.startswith("/v1/"):
        return "OpenAiError"
    return "TeiError" if path in {"/similarity", "/embed", "/rerank", "/info"} else "Error"


def test_every_error_has_the_shape_of_its_routes(spec: Spec) -> None:
    seen = 0
    for path, _, operation in operations(spec):
        for status, response in operation["responses"].items():
            if status < "400" or path == "/ready":
                continue
            reference = response["content"]["application/json"]["schema"]["$ref"]
            assert reference == f"#/components/schemas/{schema_of(path)}", (path, status)
            seen += 1
    assert seen >= 20
    ours = resolve(spec, "#/components/schemas/Error")
    assert ours["required"] == ["error"]
    assert set(ours["properties"]["error"]["properties"]) == {"type", "message", "field"}


def test_what_can_go_wrong_is_described(spec: Spec) -> None:
    search = set(spec["paths"]["/api/search"]["post"]["responses"])
    assert search == {"200", "400", "413", "415", "422", "429", "503"}
    assert set(spec["paths"]["/health"]["get"]["responses"]) == {"200"}


def test_the_key_is_described_where_there_is_one(seed_library: Library) -> None:
    app = create_app(Settings(api_key=SecretStr("a-key-of-a-test")), seed_library)
    spec = app.test_client().get("/openapi.json").get_json()
    assert spec["components"]["securitySchemes"] == {"key": {"type": "http", "scheme": "bearer"}}
    for path, _, operation in operations(spec):
        guarded = path not in {"/health", "/ping", "/ready"}
        assert operation.get("security", []) == ([{"key": []}] if guarded else []), path
        assert ("401" in operation["responses"]) == guarded


# True to the app.


def test_every_route_for_programs_is_described(app: APIFlask, spec: Spec) -> None:
    routes = {
        (path, method)
        for (path, method), declared in access.operations(app).items()
        if declared.audience != "people" and method not in {"head", "options"}
    } - {("/openapi.json", "get")}
    described = {(path, method) for path, method, _ in operations(spec)}
    # JSON at `/` is answered by its shape; what describes that is the route of each shape.
    assert routes - described == {("/", "post")}
    assert {("/api/search", "post"), ("/v1/embeddings", "post"), ("/ping", "get")} <= described
    assert len(described) == 19


def test_no_page_and_no_question_in_an_address_is_described(spec: Spec) -> None:
    assert set(spec["paths"]) & {"/", "/documents", "/docs"} == set()
    assert set(spec["paths"]["/api/search"]) == {"post"}
    for _, _, operation in operations(spec):
        names = {each["name"] for each in operation.get("parameters", [])}
        assert not names & {"query", "q", "question", "source", "texts"}


def test_an_answer_is_as_described(ask: Ask) -> None:
    # Strict: a key more than the description has, or one of another type, is an error.
    for found in (
        ask("How are victims identified?", limit=41).get_json(),
        ask("victims", mode="keyword", limit=3).get_json(),
        ask("Who helps?", fields=["title", "year"]).get_json(),
    ):
        assert AnswerOut.model_validate(found).model_dump(mode="json", exclude_unset=True) == found


def test_several_answers_are_as_described(client: FlaskClient) -> None:
    questions = [{"query": "Who helps?", "limit": 2}, {"query": "victims", "fields": ["year"]}]
    found = client.post("/api/search/batch", json={"questions": questions}).get_json()
    assert BatchOut.model_validate(found).model_dump(mode="json", exclude_unset=True) == found


@pytest.mark.parametrize("name", ["AnswerOut", "BatchOut.AnswerOut"])
def test_the_probability_of_an_answer_is_described(spec: Spec, name: str) -> None:
    answer = resolve(spec, f"#/components/schemas/{name}")
    assert "probability" in answer["required"]
    assert answer["properties"]["probability"]["type"] == "number"
    assert "0 to 1" in answer["properties"]["probability"]["description"]


@pytest.mark.parametrize("name", ["AnswerOut.HitOut", "BatchOut.HitOut", "SimilarOut.HitOut"])
def test_how_well_a_hit_fits_is_described(spec: Spec, name: str) -> None:
    hit = resolve(spec, f"#/components/schemas/{name}")
    # It is always there, if only as null.
    assert "fit" in hit["required"]
    assert hit["properties"]["fit"]["description"]
    kinds = {each["type"]: each for each in hit["properties"]["fit"]["anyOf"]}
    assert set(kinds) == {"string", "null"}
    assert kinds["string"]["enum"] == ["best", "likely", "less likely"]


def test_neighbours_are_as_described(client: FlaskClient, documents: list[dict[str, Any]]) -> None:
    found = client.get(f"/api/documents/{documents[0]['id']}/similar?limit=40").get_json()
    assert len(found["hits"]) == 40
    assert SimilarOut.model_validate(found).model_dump(mode="json", exclude_unset=True) == found


def test_documents_and_cosines_are_as_described(
    client: FlaskClient, documents: list[dict[str, Any]]
) -> None:
    for document in documents:
        DocumentOut.model_validate(document)
    body = {"source": "x", "texts": ["y"]}
    SimilarityOut.model_validate(client.post("/api/similarity", json=body).get_json())


def test_the_documented_fields_of_a_question_are_described(spec: Spec) -> None:
    content = spec["paths"]["/api/search"]["post"]["requestBody"]["content"]
    schema = content["application/json"]["schema"]
    schema = resolve(spec, schema["$ref"]) if "$ref" in schema else schema
    fields = {"query", "limit", "offset", "mode", "filters", "min_similarity"}
    assert fields <= set(schema["properties"])
    assert schema["required"] == ["query"]
    filters = schema["properties"]["filters"]
    reference = filters.get("$ref") or filters["allOf"][0]["$ref"]
    assert set(resolve(spec, reference)["properties"]) >= {
        "countries",
        "regions",
        "topics",
        "authors",
        "year_from",
        "year_to",
        "include_worldwide",
    }


# The reference for people.


def test_the_reference_lists_every_route(client: FlaskClient, spec: Spec) -> None:
    page = page_of(client.get("/docs"))
    titles = {each.text for each in page.all("h2")}
    for path, method, operation in operations(spec):
        assert f"{method.upper()} {path}" in titles
        assert operation["summary"] in page.text


def test_the_reference_lists_the_fields_of_bodies_and_answers(client: FlaskClient) -> None:
    page = page_of(client.get("/docs"))
    names = {each.text for each in page.all("code")}
    assert {"query", "filters", "verdict", "hits", "similarities", "truncated"} <= names
    assert {"probability", "hits[].fit"} <= names


def test_the_reference_has_no_script_and_nothing_foreign(client: FlaskClient) -> None:
    page = page_of(client.get("/docs"))
    for each in page.all("script"):
        assert each.text == ""
        assert each.attributes["src"].startswith("/static/")
    for tag, name in (("a", "href"), ("link", "href"), ("img", "src"), ("form", "action")):
        for each in page.all(tag):
            assert re.match(r"/(?!/)|#", each.attributes[name]), each
    text = client.get("/docs").get_data(as_text=True)
    assert "javascript:" not in text
    assert set(re.findall(r"https?://[^/\s\"'<]+", text)) <= {"http://localhost"}  # our own
