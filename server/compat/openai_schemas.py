"""The bodies of OpenAI's embeddings."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, PlainValidator, TypeAdapter
from pydantic_core import PydanticCustomError

from server.compat.schemas import Dimensions, In, Out, Text, Texts, Whole

_Id = Annotated[int, Field(ge=0, lt=2**32), Whole]
_Ids = Annotated[list[_Id], Field(json_schema_extra={"minItems": 1})]
_ManyIds = Annotated[list[_Ids], Field(json_schema_extra={"minItems": 1})]

_STRICT = ConfigDict(strict=True, hide_input_in_errors=True)
_TEXTS: TypeAdapter[list[str]] = TypeAdapter(list[Text], config=_STRICT)
_IDS: TypeAdapter[list[int]] = TypeAdapter(list[_Id], config=_STRICT)
_MANY_IDS: TypeAdapter[list[list[int]]] = TypeAdapter(list[_Ids], config=_STRICT)


def _as_list(value: Any) -> list[str] | list[list[int]]:
    """Return the input as a list of texts, or of token lists, by the type of its first item.

    Raises PydanticCustomError or ValidationError for anything else.
    """
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        raise PydanticCustomError("texts", "Input should be a text, a list of texts, or tokens")
    first = value[0] if value else ""
    if isinstance(first, list):
        return _MANY_IDS.validate_python(value)
    if isinstance(first, int | float):
        return [_IDS.validate_python(value)]
    return _TEXTS.validate_python(value)


class EmbeddingsIn(In):
    """Texts to be embedded."""

    input: Annotated[
        list[str] | list[list[int]],
        PlainValidator(_as_list, json_schema_input_type=Text | Texts | _Ids | _ManyIds),
    ] = Field(
        repr=False, description="texts, or their tokens in the vocabulary of the library's model"
    )
    model: str | None = Field(None, description="ignored: the library's model answers")
    encoding_format: Literal["float", "base64"] = Field(
        "float", description="base64: of float32 numbers, little-endian"
    )
    dimensions: Dimensions | None = None
    user: str | None = Field(None, description="ignored")


class EmbeddingOut(Out):
    """A text's vector."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str


class UsageOut(Out):
    """Tokens of all texts as the model counts them, without special tokens."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingsOut(Out):
    """Vectors in the order of the texts, and the model that computed them."""

    object: Literal["list"] = "list"
    data: list[EmbeddingOut]
    model: str
    usage: UsageOut


class ModelOut(Out):
    """A model."""

    id: str
    object: Literal["model"] = "model"
    created: int = Field(description="always 0: when it was made is not known")
    owned_by: str


class ModelsOut(Out):
    """The one model that answers."""

    object: Literal["list"] = "list"
    data: list[ModelOut]
