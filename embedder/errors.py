"""Every error that Fingerpost raises on purpose.

    FingerpostError
    ├── SourceError            a source file cannot be read
    ├── EncoderError           a model cannot be loaded or used
    │   ├── ModelNotFound      there is no model with that name or path
    │   └── ModelChanged       the weights are not the ones expected
    ├── LibraryError           the library in vectors/ cannot be used
    │   ├── LibraryMissing     there is no library yet
    │   ├── LibraryBusy        another build is writing to it
    │   ├── LibraryDamaged     a checksum does not match
    │   └── LibraryMismatch    it was built for another model, rule or version
    ├── RequestError           a request cannot be answered as it is
    │   └── UnknownValue       a filter has a value that the library does not have
    └── DocumentNotFound       no document has that id

A message says what was wrong, the value, and what to do. No message contains the
text of a question: messages reach logs and terminals, questions must not.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

# Characters of an id that a message shows; the ids that we make have at most 57.
_MAX_ID_SHOWN = 100


class FingerpostError(Exception):
    """The base of every error that Fingerpost raises on purpose; its message is for people.

    `kind` is a short stable name for programs (`error.type` in the API). With `values`, `message`
    is a template for `str.format`; `template` and `values` are kept for translation.

    >>> try:
    ...     library.document("no-such-id")
    ... except FingerpostError as error:
    ...     error.kind
    'not_found'
    """

    kind = "error"

    def __init__(self, message: str, **values: object) -> None:
        self.template, self.values = message, values
        self.message = message.format_map(values) if values else message
        super().__init__(self.message)


class SourceError(FingerpostError):
    """A source file cannot be read; the message begins with the file and, if known, the line.

    >>> SourceError("library.ris", 7, "the record that begins here has no end").message
    'library.ris:7: the record that begins here has no end'
    """

    kind = "source"

    def __init__(self, path: Path | str, line: int | None, problem: str) -> None:
        self.path = str(path)
        self.line = line
        location = self.path if line is None else f"{self.path}:{line}"
        super().__init__(f"{location}: {problem}")


class EncoderError(FingerpostError):
    """A model cannot be loaded or used.

    >>> EncoderError("what is wrong, and what to do").kind
    'model'
    """

    kind = "model"


class ModelNotFound(EncoderError):
    """There is no model with that name or path.

    >>> ModelNotFound("what is wrong, and what to do").kind
    'model_not_found'
    """

    kind = "model_not_found"


class ModelChanged(EncoderError):
    """The model's weights are not the ones that were expected.

    >>> ModelChanged("what is wrong, and what to do").kind
    'model_changed'
    """

    kind = "model_changed"


class LibraryError(FingerpostError):
    """The library in the vectors folder cannot be used.

    >>> LibraryError("what is wrong, and what to do").kind
    'library'
    """

    kind = "library"


class LibraryMissing(LibraryError):
    """There is no library in the vectors folder yet.

    >>> LibraryMissing("what is wrong, and what to do").kind
    'library_missing'
    """

    kind = "library_missing"


class LibraryBusy(LibraryError):
    """Another process is building the library now.

    >>> LibraryBusy("what is wrong, and what to do").kind
    'library_busy'
    """

    kind = "library_busy"


class LibraryDamaged(LibraryError):
    """A stored row or file does not match its checksum.

    >>> LibraryDamaged("what is wrong, and what to do").kind
    'library_damaged'
    """

    kind = "library_damaged"


class LibraryMismatch(LibraryError):
    """The library was built for another model, rule or version than the one in use.

    `what` names the property that differs, `remedy` is a sentence with the command to run.

    >>> LibraryMismatch("dimension", 384, 768, "Rebuild with: fingerpost index").message
    "the library's dimension is 384, but 768 is needed. Rebuild with: fingerpost index"
    """

    kind = "library_mismatch"

    def __init__(self, what: str, stored: object, wanted: object, remedy: str) -> None:
        self.what, self.stored, self.wanted = what, stored, wanted
        super().__init__(f"the library's {what} is {stored!r}, but {wanted!r} is needed. {remedy}")


class RequestError(FingerpostError):
    """A request cannot be answered as it is; `field` names the part that is wrong.

    >>> RequestError("limit", "limit 0 is out of range: 1 to 100.").field
    'limit'
    """

    kind = "invalid"

    def __init__(self, field: str, message: str, **values: object) -> None:
        super().__init__(message, **values)
        self.field = field


class UnknownValue(RequestError):
    """A filter has a value that the library does not have; `nearest` are the closest it has.

    >>> UnknownValue("topics", "Trafiking", ["Trafficking"]).message
    "'Trafiking' is not among the library's topics. The nearest it has: 'Trafficking'."
    """

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
    """No document has that id; a long id is not shown, for it may be a text sent by mistake.

    >>> DocumentNotFound("a1").document_id
    'a1'
    """

    kind = "not_found"

    def __init__(self, document_id: str) -> None:
        self.document_id = document_id
        length = len(document_id)
        name = f"the id {document_id!r}"
        if length > _MAX_ID_SHOWN:
            name = f"that id of {length} characters"
        super().__init__(
            f"no document has {name}. 'fingerpost documents' and GET /api/documents list them all."
        )
