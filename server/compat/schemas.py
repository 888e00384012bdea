"""What the bodies of other servers' routes have in common.

Unknown keys are ignored, as those servers do, so that a program written for a newer version still
works. No text and no list may be empty. Those servers have an error of its own for that, apart
from errors of shape: the models here only describe it, and `inputs` refuses it.
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
    Field(ge=1, description="length of the vectors: that many of their first numbers are kept"),
    Whole,
]


class In(BaseModel):
    """The body of a request."""

    model_config = ConfigDict(extra="ignore", strict=True, hide_input_in_errors=True)


class Out(BaseModel):
    """The body of an answer."""

    model_config = ConfigDict(extra="forbid")
