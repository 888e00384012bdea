"""The shapes of JSON bodies in an OpenAPI description, as table rows for people to read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

Schema = Mapping[str, Any]

# Keywords that bound a value, and how they are worded; `{}` is the bound.
_BOUNDS = {
    "minimum": "{} or more",
    "maximum": "at most {}",
    "exclusiveMaximum": "under {}",
    "maxLength": "at most {} characters",
    "maxItems": "at most {}",
}


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a shape, by its path: `filters.countries`, or `hits[].rank` in a list's items."""

    name: str
    type: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Shape:
    """One of the shapes that a body may have, with all its fields, nested ones included."""

    title: str
    type: str
    fields: tuple[Field, ...]


def shapes(spec: Schema, schema: Schema) -> list[Shape]:
    """Return the shapes that a schema allows: one, or one for each alternative."""
    resolved = _resolve(spec, schema)
    alternatives = _alternatives(resolved)
    if alternatives:
        return [shape for each in alternatives for shape in shapes(spec, each)]
    fields = tuple(_nested_fields(spec, resolved, ""))
    return [Shape(_summary(resolved), _type(spec, resolved), fields)]


def parameters(spec: Schema, described: Sequence[Schema]) -> list[Field]:
    """Return the parameters of a route as fields."""
    return [
        _field(spec, each["name"], each["schema"], required=each["required"]) for each in described
    ]


def _nested_fields(spec: Schema, schema: Schema, name: str) -> list[Field]:
    """Return the fields inside a field of this name: those of an object or of a list's items.

    Of several alternatives all fields are returned; required are those that every one requires.
    """
    resolved = _resolve(spec, schema)
    alternatives = _alternatives(resolved)
    if alternatives:
        field_lists = [_nested_fields(spec, each, name) for each in alternatives]
        by_name = {field.name: field for fields in reversed(field_lists) for field in fields}
        return [
            replace(field, required=all(field in fields for fields in field_lists))
            for field in by_name.values()
        ]
    if "items" in resolved:
        return _nested_fields(spec, resolved["items"], f"{name}[]")
    if isinstance(resolved.get("additionalProperties"), dict):
        inner_name = f"{name}.*" if name else "*"
        return _nested_fields(spec, resolved["additionalProperties"], inner_name)
    return list(_properties(spec, resolved, f"{name}." if name else ""))


def _properties(spec: Schema, schema: Schema, prefix: str) -> Iterator[Field]:
    required = schema.get("required", ())
    for name, property_schema in schema.get("properties", {}).items():
        yield _field(spec, prefix + name, property_schema, required=name in required)
        yield from _nested_fields(spec, property_schema, prefix + name)


def _field(spec: Schema, name: str, schema: Schema, *, required: bool) -> Field:
    parts = [schema.get("description") or _summary(_resolve(spec, schema.get("items", schema)))]
    parts += _bounds(schema)
    default = schema.get("default")
    if default not in (None, []):
        parts.append(f"{json.dumps(default)} if left out".replace('"', ""))
    return Field(name, _type(spec, schema), required, "; ".join(part for part in parts if part))


def _summary(schema: Schema) -> str:
    """Return the first line of a schema's description, without its full stop."""
    return str(schema.get("description", "")).partition("\n")[0].rstrip(".")


def _bounds(schema: Schema) -> list[str]:
    """Word the bounds of a value, those of its alternatives first."""
    inner = [bound for each in schema.get("anyOf", ()) for bound in _bounds(each)]
    return inner + [
        wording.format(schema[key]) for key, wording in _BOUNDS.items() if key in schema
    ]


def _type(spec: Schema, schema: Schema) -> str:
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if "const" in schema:
        return str(schema["const"])
    alternatives = _alternatives(schema)
    if alternatives:
        return " or ".join(dict.fromkeys(_type(spec, each) for each in alternatives))
    if "$ref" in schema:
        return _type(spec, _resolve(spec, schema))
    name = str(schema.get("type", "object"))
    return f"list of {_type(spec, schema['items'])}" if "items" in schema else name


def _alternatives(schema: Schema) -> list[Schema]:
    return [*schema.get("oneOf", ()), *(schema.get("anyOf", ()) if "type" not in schema else ())]


def _resolve(spec: Schema, schema: Schema) -> Schema:
    """Follow a schema's `$ref`, if it is one, to the named schema."""
    reference = schema.get("$ref")
    if reference is None:
        return schema
    name = str(reference).rpartition("/")[2]
    return cast(Schema, spec["components"]["schemas"][name])
