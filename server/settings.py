"""All settings of the server in one frozen object; an unknown key is an error."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from embedder.errors import RequestError
from embedder.runtime import CORES

_PREFIX = "FINGERPOST_"
# What pydantic says in its own terms, by the type of its error.
_PLAINER = {
    "extra_forbidden": "There is no such setting",
    "too_short": "It is too short; give {min_length} characters at least",
}


class Settings(BaseModel):
    """What the server is set to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    vectors: Path = Field(Path("vectors"), description="the folder of the library")
    cache: Path | None = Field(
        None, description="where converted models are kept (read by the embedder), not the user's"
    )
    host: str = Field("127.0.0.1", description="the address to listen on")
    port: int = Field(8000, ge=0, le=65535, description="the port to listen on")
    api_key: SecretStr | None = Field(
        None, min_length=8, description="what programs must send to use the API; none: nothing"
    )
    # One more than the cores: while the model has them all, another question is prepared. More
    # only wait for Python's lock, which takes a third of the answers a second.
    threads: int = Field(
        CORES + 1, ge=1, le=64, description="requests that use the model at once: cores + 1"
    )
    queue: int = Field(
        32, ge=0, le=1000, description="requests that wait for the model; more are refused (429)"
    )
    requests_per_minute: int | None = Field(
        None,
        ge=0,
        le=1_000_000,
        description="of one client, 0 for any number; unless set, 0 on 127.0.0.1, else 600",
    )
    # A thousand abstracts, LangChain's batch, are about 2 MB; with accents as \uXXXX, six times.
    largest_body: int = Field(8_388_608, ge=1024, description="bytes of a request's body")
    most_texts: int = Field(1000, ge=1, description="texts in one call, OpenAI's route apart")
    # As many as OpenAI takes: what programs send in one call is cut by that.
    most_inputs: int = Field(2048, ge=1, description="texts in one call of /v1/embeddings")
    longest_text: int = Field(100_000, ge=1, description="characters of one such text")
    most_questions: int = Field(100, ge=1, description="questions in one call")

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str] | None = None, **given: object
    ) -> Self:
        """Read settings from `FINGERPOST_…` variables; what is `given` goes before them.

        Raises RequestError for a variable that is no setting or has an unusable value.
        """
        source = os.environ if environment is None else environment
        found: dict[str, object] = {
            name.removeprefix(_PREFIX).lower(): value
            for name, value in source.items()
            if name.startswith(_PREFIX)
        }
        found.update({name: value for name, value in given.items() if value is not None})
        try:
            return cls.model_validate(found)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = ".".join(map(str, first["loc"]))
            plain = _PLAINER.get(first["type"])
            said = plain.format_map(first.get("ctx", {})) if plain else first["msg"]
            known = ", ".join(_PREFIX + each.upper() for each in cls.model_fields)
            raise RequestError(
                name, f"setting {_PREFIX + name.upper()}: {said}. Known: {known}"
            ) from None
