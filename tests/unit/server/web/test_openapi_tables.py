"""Shapes of the API in rows: what is inside them, and what bounds it."""

from __future__ import annotations

from typing import Any

from server.web.openapi_tables import Field, Shape, parameters, shapes

TEXT = {"type": "string"}


def spec_of(**schemas: Any) -> dict[str, Any]:
    return {"components": {"schemas": schemas}}


def of(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def test_a_shape_shows_what_is_inside_its_objects_and_lists() -> None:
    spec = spec_of(
        Answer={
            "description": "What was found.\n\nMore of it.",
            "type": "object",
            "required": ["hits"],
            "properties": {
                "hits": {"type": "array", "items": of("Hit")},
                "facets": {
                    "type": "object",
                    "additionalProperties": {"type": "array", "items": of("Count")},
                },
            },
        },
        Hit={
            "description": "One document.",
            "type": "object",
            "required": ["place"],
            "properties": {"place": of("Place")},
        },
        Place={"type": "object", "properties": {"start": {"type": "integer"}}},
        Count={"type": "object", "properties": {"value": {"anyOf": [TEXT, {"type": "null"}]}}},
    )
    assert shapes(spec, of("Answer")) == [
        Shape(
            "What was found",
            "object",
            (
                Field("hits", "list of object", True, "One document"),
                Field("hits[].place", "object", True, ""),
                Field("hits[].place.start", "integer", False, ""),
                Field("facets", "object", False, ""),
                Field("facets.*[].value", "string or null", False, ""),
            ),
        )
    ]


def test_bounds_values_and_defaults_are_said() -> None:
    fields = parameters(
        {},
        [
            {"name": "limit", "required": False, "schema": schema}
            for schema in (
                {"type": "integer", "minimum": 1, "maximum": 100, "default": 10},
                {"anyOf": [{"type": "integer", "exclusiveMaximum": 9}, {"type": "null"}]},
                {"type": "boolean", "default": False, "description": "all of it"},
                {"enum": ["left", "right"], "default": "left"},
                {"type": "array", "items": TEXT, "maxItems": 50, "default": []},
                {"const": "cosine"},
            )
        ],
    )
    assert [(each.type, each.description) for each in fields] == [
        ("integer", "1 or more; at most 100; 10 if left out"),
        ("integer or null", "under 9"),
        ("boolean", "all of it; false if left out"),
        ("left | right", "left if left out"),
        ("list of string", "at most 50"),
        ("cosine", ""),
    ]


def test_of_several_shapes_each_is_shown() -> None:
    one = {"type": "object", "required": ["a"], "properties": {"a": TEXT}, "title": "One"}
    spec = spec_of(One=one, Other={**one, "description": "The other.", "required": []})
    found = shapes(spec, {"anyOf": [of("One"), of("Other")]})
    assert [each.title for each in found] == ["", "The other"]
    assert [[each.required for each in shape.fields] for shape in found] == [[True], [False]]


def test_a_field_of_several_shapes_is_needed_if_each_of_them_needs_it() -> None:
    id_ = {"type": "object", "required": ["id"], "properties": {"id": TEXT}}
    more = {**id_, "required": ["id", "text"], "properties": {"id": TEXT, "text": TEXT}}
    (found,) = shapes(spec_of(), {"type": "array", "items": {"oneOf": [id_, more]}})
    assert found.type == "list of object"
    assert {each.name: each.required for each in found.fields} == {"[].id": True, "[].text": False}
