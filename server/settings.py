"""All settings of the server in one frozen object; an unknown key is an error."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from embedder.errors import RequestError
from embedder.runtime import CORES

_PREFIX = "FINGERPOST_"
# Names that settings had before, and theirs now.
_FORMER_NAMES = {
    "largest_body": "max_body_bytes",
    "most_texts": "max_texts",
    "most_inputs": "max_inputs",
    "longest_text": "max_text_chars",
    "most_questions": "max_questions",
}
# Plain words for pydantic's messages, by the type of error.
_PLAINER = {
    "extra_forbidden": "There is no such setting",
    "too_short": "It is too short; give {min_length} characters at least",
}


class Settings(BaseModel):
    """All settings of the server."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    vectors: Path = Field(Path("vectors"), description="the folder of the library")
    cache: Path | None = Field(
        None,
        description="where converted models are kept (read by the embedder), in place of the "
        "user's cache",
    )
    reader: Literal["full", "quick"] | None = Field(
        None,
        description="what reads questions in English, where the model is ours: full or quick; "
        "unless set, what read the documents",
    )
    host: str = Field("127.0.0.1", description="the address to listen on")
    port: int = Field(8000, ge=0, le=65535, description="the port to listen on")
    api_key: SecretStr | None = Field(
        None,
        min_length=8,
        description="the key that programs must send to use the API; without one, none is needed",
    )
    # One more than the cores: while the model uses them all, another question is prepared. Still
    # more would wait for Python's lock, which costs a third of the answers a second.
    threads: int = Field(
        CORES + 1,
        ge=1,
        le=64,
        description="requests that use the model at the same time: cores + 1",
    )
    queue: int = Field(
        32, ge=0, le=1000, description="requests that wait for the model; more are refused (429)"
    )
    requests_per_minute: int | None = Field(
        None,
        ge=0,
        le=1_000_000,
        description="requests of one client, 0: any number; unless set, 0 on 127.0.0.1, else 600",
    )
    # A thousand abstracts, LangChain's batch, are about 2 MB; with accents as \uXXXX, six times.
    max_body_bytes: int = Field(8_388_608, ge=1024, description="bytes of a request's body")
    max_texts: int = Field(1000, ge=1, description="texts in one call, except OpenAI's route")
    # As many as OpenAI takes, for programs cut what they send by that.
    max_inputs: int = Field(2048, ge=1, description="texts in one call of /v1/embeddings")
    max_text_chars: int = Field(100_000, ge=1, description="characters of one such text")
    max_questions: int = Field(100, ge=1, description="questions in one call")

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str] | None = None, **overrides: object
    ) -> Self:
        """Read settings from `FINGERPOST_…` variables.

        Args:
            environment: the variables; None: those of this process.
            overrides: settings by name, which go before the variables unless they are None.

        A variable's former name is still read, unless its present one is there too.

        Raises RequestError for a variable that is not a setting or has an unusable value.
        """
        source = os.environ if environment is None else environment
        read: dict[str, object] = {
            name.removeprefix(_PREFIX).lower(): value
            for name, value in source.items()
            if name.startswith(_PREFIX)
        }
        written: dict[str, str] = {}
        for former, name in _FORMER_NAMES.items():
            value = read.pop(former, None)
            if value is not None and name not in read:
                read[name], written[name] = value, former
        read.update({name: value for name, value in overrides.items() if value is not None})
        try:
            return cls.model_validate(read)
        except ValidationError as error:
            raise _explained(error, written) from None


def _explained(error: ValidationError, written: Mapping[str, str]) -> RequestError:
    """Return the first problem in plain words, with the names of all settings.

    `written` has the former names of the settings that were given by them.
    """
    first = error.errors(include_url=False)[0]
    name = ".".join(map(str, first["loc"]))
    template = _PLAINER.get(first["type"])
    message = template.format_map(first.get("ctx", {})) if template else first["msg"]
    shown = _variable(name)
    if name in written:
        shown = f"{_variable(written[name])} (now {shown})"
    known = ", ".join(_variable(each) for each in Settings.model_fields)
    return RequestError(name, f"setting {shown}: {message}. Known: {known}")


def _variable(name: str) -> str:
    return _PREFIX + name.upper()
