"""Every error that Fingerpost raises on purpose.

    FingerpostError
    ├── SourceError            a source file cannot be read
    ├── EncoderError           a model cannot be loaded or used
    │   ├── ModelNotFound      nothing is there under that name or path
    │   └── ModelChanged       the weights are not the ones expected
    ├── LibraryError           the library in vectors/ cannot be used
    │   ├── LibraryMissing     there is none yet
    │   ├── LibraryBusy        another build is writing to it
    │   ├── LibraryDamaged     a checksum does not match
    │   └── LibraryMismatch    it was built for another model, rule or version
    ├── RequestError           a person or program asked something unusable
    │   └── UnknownValue       a filter names something the library does not have
    └── DocumentNotFound       no document has that id

A message says what was wrong, the value, and what to do. No message holds the
text of a question: messages reach logs and terminals, questions must not.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

# Characters of an id that a message shows; ours have at most 57.
_LONGEST_SHOWN = 100


class FingerpostError(Exception):
    """The root of every error meant for a person to read.

    `kind` is a short stable name for programs (it is `error.type` in the API). With `values`,
    `message` is a template that they stand in, in the form of `str.format`; `template` and
    `values` are kept for whoever says it in another language.
    """

    kind = "error"

    def __init__(self, message: str, **values: object) -> None:
        self.template, self.values = message, values
        self.message = message.format_map(values) if values else message
        super().__init__(self.message)


class SourceError(FingerpostError):
    """A source file cannot be read; names the file and, where one is known, the line."""

    kind = "source"

    def __init__(self, path: Path | str, line: int | None, problem: str) -> None:
        self.path = str(path)
        self.line = line
        place = self.path if line is None else f"{self.path}:{line}"
        super().__init__(f"{place}: {problem}")


class EncoderError(FingerpostError):
    """A model cannot be loaded or used."""

    kind = "model"


class ModelNotFound(EncoderError):
    """Nothing was found under the model's name or path."""

    kind = "model_not_found"


class ModelChanged(EncoderError):
    """The model's weights are not the ones that were expected."""

    kind = "model_changed"


class LibraryError(FingerpostError):
    """The library in the vectors folder cannot be used."""

    kind = "library"


class LibraryMissing(LibraryError):
    """There is no library in the vectors folder yet."""

    kind = "library_missing"


class LibraryBusy(LibraryError):
    """Another process is building the library at this moment."""

    kind = "library_busy"


class LibraryDamaged(LibraryError):
    """Something stored does not match its checksum."""

    kind = "library_damaged"


class LibraryMismatch(LibraryError):
    """The library was built for another model, rule or version than the one in use."""

    kind = "library_mismatch"

    def __init__(self, what: str, stored: object, wanted: object, mend: str) -> None:
        self.what, self.stored, self.wanted = what, stored, wanted
        super().__init__(f"the library's {what} is {stored!r}, but {wanted!r} is needed. {mend}")


class RequestError(FingerpostError):
    """What was asked cannot be answered as it stands; `field` names the part at fault."""

    kind = "invalid"

    def __init__(self, field: str, message: str, **values: object) -> None:
        super().__init__(message, **values)
        self.field = field


class UnknownValue(RequestError):
    """A filter names a value that the library does not have; lists the nearest it has."""

    kind = "unknown_value"

    def __init__(self, field: str, value: str, nearest: Sequence[str]) -> None:
        self.value, self.nearest = value, tuple(nearest)
        super().__init__(
            field,
            "{value} is not among the library's {what}. The nearest it has: {nearest}."
            if nearest
            else "{value} is not among the library's {what}. It has none at all.",
            value=repr(value),
            what=field,
            nearest=", ".join(map(repr, nearest)),
        )


class DocumentNotFound(FingerpostError):
    """No document of the library has that id; a long one may be a text, and is not shown."""

    kind = "not_found"

    def __init__(self, document_id: str) -> None:
        self.document_id = document_id
        long = len(document_id) > _LONGEST_SHOWN
        named = f"that id of {len(document_id)} characters" if long else f"the id {document_id!r}"
        super().__init__(
            f"no document has {named}. 'fingerpost documents' and GET /api/documents list them all."
        )
