"""Shapes of the API, from its OpenAPI description, in rows for people to read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

Schema = Mapping[str, Any]

# What bounds a value, and how it is said; `{}` is the bound.
_BOUNDS = {
    "minimum": "{} or more",
    "maximum": "at most {}",
    "exclusiveMaximum": "under {}",
    "maxLength": "at most {} characters",
    "maxItems": "at most {}",
}


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a shape: `filters.countries`, of a list of objects `hits[].rank`."""

    name: str
    type: str
    needed: bool
    description: str


@dataclass(frozen=True, slots=True)
class Shape:
    """One shape that a body may have: what it is, of which type, and the fields in it."""

    title: str
    type: str
    fields: tuple[Field, ...]


def shapes(spec: Schema, schema: Schema) -> list[Shape]:
    """Give the shapes that a schema allows, with the fields of what is inside them."""
    found = _resolve(spec, schema)
    several = _alternatives(found)
    if several:
        return [each for one in several for each in shapes(spec, one)]
    return [Shape(_said(found), _type(spec, found), tuple(_inside(spec, found, "")))]


def parameters(spec: Schema, given: Sequence[Schema]) -> list[Field]:
    """Give the parameters of a route as fields."""
    return [_field(spec, each["name"], each["schema"], needed=each["required"]) for each in given]


def _inside(spec: Schema, schema: Schema, name: str) -> list[Field]:
    """Give the fields of what a field of this name holds: an object, in a list or not."""
    found = _resolve(spec, schema)
    several = _alternatives(found)
    if several:
        ways = [_inside(spec, each, name) for each in several]
        fields = {field.name: field for way in reversed(ways) for field in way}
        return [
            replace(field, needed=all(field in way for way in ways)) for field in fields.values()
        ]
    if "items" in found:
        return _inside(spec, found["items"], f"{name}[]")
    if isinstance(found.get("additionalProperties"), dict):
        return _inside(spec, found["additionalProperties"], f"{name}.*" if name else "*")
    return list(_fields(spec, found, f"{name}." if name else ""))


def _fields(spec: Schema, schema: Schema, before: str) -> Iterator[Field]:
    needed = schema.get("required", ())
    for name, each in schema.get("properties", {}).items():
        yield _field(spec, before + name, each, needed=name in needed)
        yield from _inside(spec, each, before + name)


def _field(spec: Schema, name: str, schema: Schema, *, needed: bool) -> Field:
    said = [schema.get("description") or _said(_resolve(spec, schema.get("items", schema)))]
    said += _bounds(schema)
    default = schema.get("default")
    if default not in (None, []):
        said.append(f"{json.dumps(default)} if left out".replace('"', ""))
    return Field(name, _type(spec, schema), needed, "; ".join(each for each in said if each))


def _said(schema: Schema) -> str:
    """Give what a shape says of itself, in a sentence."""
    return str(schema.get("description", "")).partition("\n")[0].rstrip(".")


def _bounds(schema: Schema) -> list[str]:
    """Say what bounds a value, or those that it may be."""
    several = [bound for each in schema.get("anyOf", ()) for bound in _bounds(each)]
    return several + [said.format(schema[key]) for key, said in _BOUNDS.items() if key in schema]


def _type(spec: Schema, schema: Schema) -> str:
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if "const" in schema:
        return str(schema["const"])
    several = _alternatives(schema)
    if several:
        return " or ".join(dict.fromkeys(_type(spec, each) for each in several))
    if "$ref" in schema:
        return _type(spec, _resolve(spec, schema))
    kind = str(schema.get("type", "object"))
    return f"list of {_type(spec, schema['items'])}" if "items" in schema else kind


def _alternatives(schema: Schema) -> list[Schema]:
    return [*schema.get("oneOf", ()), *(schema.get("anyOf", ()) if "type" not in schema else ())]


def _resolve(spec: Schema, schema: Schema) -> Schema:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    name = str(reference).rpartition("/")[2]
    return cast(Schema, spec["components"]["schemas"][name])
