"""Fingerpost: the documents that fit a question best, with the sentence that makes each fit.

    from fingerpost import Document, Library
    library = Library.open("vectors", create=True)
    library.add("seeds/", Document(id="a1", title="…", abstract="…"))
    for hit in library.search("How are victims referred?", limit=3, countries=["LBN"]):
        print(hit.document.title, hit.evidence[0].text)

Everything that a program needs is here; the modules of `embedder` may change. docs/python.md is
the guide.
"""

from __future__ import annotations

from importlib.metadata import version

from embedder.errors import (
    DocumentNotFound,
    EncoderError,
    FingerpostError,
    LibraryBusy,
    LibraryDamaged,
    LibraryError,
    LibraryMismatch,
    LibraryMissing,
    ModelChanged,
    ModelNotFound,
    RequestError,
    SourceError,
    UnknownValue,
)
from embedder.library import Library
from embedder.progress import Progress
from embedder.records import (
    Answer,
    Document,
    Evidence,
    FacetCount,
    Filters,
    Hit,
    Legs,
    Matched,
    Question,
    Report,
    SuggestedFilter,
    Understood,
)
from embedder.runtime import configure

__all__ = [
    "Answer",
    "Document",
    "DocumentNotFound",
    "EncoderError",
    "Evidence",
    "FacetCount",
    "Filters",
    "FingerpostError",
    "Hit",
    "Legs",
    "Library",
    "LibraryBusy",
    "LibraryDamaged",
    "LibraryError",
    "LibraryMismatch",
    "LibraryMissing",
    "Matched",
    "ModelChanged",
    "ModelNotFound",
    "Progress",
    "Question",
    "Report",
    "RequestError",
    "SourceError",
    "SuggestedFilter",
    "Understood",
    "UnknownValue",
    "__version__",
    "configure",
]

__version__ = version("fingerpost")
