"""What the bodies of other servers' routes have in common.

Keys that are not known here are passed over, as those servers do: a program that is written for a
newer one still works. Nothing may be empty; as that is an error of its own there, not one of
shape, the models only describe it, and `reading` refuses it.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _whole(value: object) -> object:
    """Take 10.0 for 10, as JSON does."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Text = Annotated[str, Field(json_schema_extra={"minLength": 1})]
Texts = Annotated[list[Text], Field(json_schema_extra={"minItems": 1})]
Whole = BeforeValidator(_whole)
Dimensions = Annotated[
    int,
    Field(ge=1, description="how many of a vector's numbers are kept, at most all of them"),
    Whole,
]


class In(BaseModel):
    """A body that is sent."""

    model_config = ConfigDict(extra="ignore", strict=True, hide_input_in_errors=True)


class Out(BaseModel):
    """A body that is answered."""

    model_config = ConfigDict(extra="forbid")
