"""How a document is cited, in words and in a page's head."""

from __future__ import annotations

from embedder.records import Document

# Words of an abstract that stand for a title that is missing.
_WORDS = 12


def heading(document: Document) -> str:
    """Give a document's title, or for one without the beginning of its abstract."""
    if document.title.strip():
        return document.title
    words = document.abstract.split()
    return " ".join(words[:_WORDS]) + "…" if words else document.id


def citation(document: Document) -> str:
    """Give a citation in one line: authors, year, title; names stand as the library has them."""
    title = heading(document)
    year = f" ({document.year})" if document.year else ""
    return f"{', '.join(document.authors)}{year}. {title}" if document.authors else title + year


def meta_tags(document: Document, address: str) -> list[tuple[str, str]]:
    """Give names and contents of the tags that reference managers read from a page.

    https://www.zotero.org/support/dev/exposing_metadata and, for the names,
    https://scholar.google.com/intl/en/scholar/inclusion.html#indexing
    """
    year = str(document.year) if document.year else ""
    tags = [
        ("citation_title", heading(document)),
        *(("citation_author", name) for name in document.authors),
        ("citation_publication_date", year),
        ("citation_abstract", document.abstract),
        ("citation_abstract_html_url", address),
        *(("citation_keywords", topic) for topic in document.topics),
        ("bibo.type", "Report"),  # else Zotero takes it for an article in a journal
    ]
    return [(name, content) for name, content in tags if content]
