"""Citations of a document: as a line of text, and as meta tags for reference managers."""

from __future__ import annotations

from embedder.records import Document

# How much of an abstract stands in for a missing title.
_HEADING_WORDS = 12


def heading(document: Document) -> str:
    """Return a document's title, or the beginning of its abstract, or its id."""
    if document.title.strip():
        return document.title
    words = document.abstract.split()
    return " ".join(words[:_HEADING_WORDS]) + "…" if words else document.id


def citation(document: Document) -> str:
    """Return a citation in one line: `Authors (year). Title`, names as the library has them."""
    title = heading(document)
    year = f" ({document.year})" if document.year else ""
    return f"{', '.join(document.authors)}{year}. {title}" if document.authors else title + year


def meta_tags(document: Document, address: str) -> list[tuple[str, str]]:
    """Return the (name, content) pairs of the tags that reference managers read from a page.

    See https://www.zotero.org/support/dev/exposing_metadata and, for the names,
    https://scholar.google.com/intl/en/scholar/inclusion.html#indexing
    """
    year = str(document.year) if document.year else ""
    tags = [
        ("citation_title", heading(document)),
        *(("citation_author", author) for author in document.authors),
        ("citation_publication_date", year),
        ("citation_abstract", document.abstract),
        ("citation_abstract_html_url", address),
        *(("citation_keywords", topic) for topic in document.topics),
        ("bibo.type", "Report"),  # without it Zotero assumes a journal article
    ]
    return [(name, content) for name, content in tags if content]
