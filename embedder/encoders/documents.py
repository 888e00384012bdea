"""Split documents into passages for what reads them: of a model, the reader of their language."""

from __future__ import annotations

from embedder.encoders.encoder import Encoder
from embedder.records import Document, Passage
from embedder.text.languages import language_of
from embedder.text.passages import split_into_passages


def split_for(encoder: Encoder, document: Document) -> list[Passage]:
    """Split a document into passages that a model reads whole; none if it has no text.

    They name their reader where it is another one than the model itself.
    """
    reader = encoder.for_documents(language_of(f"{document.title}\n{document.abstract}"))
    name = "" if reader is encoder else reader.name
    return split_into_passages(document, reader.count_tokens, reader.max_tokens, name)
