"""Citations in words, and the tags that reference managers read from a page."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from embedder.records import Document
from server.web.citations import citation, heading, meta_tags
from tests.support.app import page_of


@pytest.mark.parametrize(
    ("document", "wanted"),
    [
        (
            Document("a", "A title", "", authors=("B. C.", "D"), year=2001),
            "B. C., D (2001). A title",
        ),
        (Document("a", "A title", "", authors=("B",)), "B. A title"),
        (Document("a", "A title", "", year=2001), "A title (2001)"),
        (Document("a", "A title", ""), "A title"),
        (Document("a", " ", "one two"), "one two…"),
        (Document("a", "", ""), "a"),
    ],
)
def test_a_citation_says_what_is_known(document: Document, wanted: str) -> None:
    assert citation(document) == wanted


def test_a_long_abstract_stands_for_a_title_by_its_beginning() -> None:
    assert heading(Document("a", "", " ".join("word" for _ in range(30)))) == "word " * 11 + "word…"


def test_a_document_page_has_tags_for_reference_managers(client: FlaskClient) -> None:
    listed = client.get("/api/documents?limit=100").get_json()["documents"]
    document = next(each for each in listed if len(each["authors"]) > 1)
    page = page_of(client.get(f"/documents/{document['id']}"))
    tags: dict[str, list[str]] = {}
    for each in page.all("meta"):
        if "name" in each.attributes:
            tags.setdefault(each.attributes["name"], []).append(each.attributes["content"])
    assert tags["citation_title"] == [document["title"]]
    assert tags["citation_author"] == document["authors"]
    assert tags["citation_publication_date"] == [str(document["year"])]
    assert tags["citation_abstract"] == [document["abstract"]]
    assert tags["citation_keywords"] == document["topics"]
    assert tags["bibo.type"] == ["Report"]
    (address,) = tags["citation_abstract_html_url"]
    assert address.endswith(f"/documents/{document['id']}")


def test_what_a_document_lacks_has_no_tag() -> None:
    assert meta_tags(Document("a", "", ""), "http://x/documents/a") == [
        ("citation_title", "a"),
        ("citation_abstract_html_url", "http://x/documents/a"),
        ("bibo.type", "Report"),
    ]
