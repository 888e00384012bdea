"""The list, the map, the pages of documents, and what is selected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from embedder.library import Library
from tests.support.answers import hits_of
from tests.support.app import page_of
from tests.support.search_page import MERGED, NURSES, send, title_of

Documents = list[dict[str, Any]]


def test_the_list_leads_to_every_document(client: FlaskClient, documents: Documents) -> None:
    page = page_of(client.get("/documents"))
    links = page.one("ul", **{"class": "near"}).all("a")
    assert [each.text for each in links] == [each["title"] for each in documents]
    for link, document in zip(links, documents, strict=True):
        assert link.attributes["href"] == f"/documents/{document['id']}"
    assert "41 documents." in page.text


@pytest.mark.slow
def test_a_long_list_comes_in_pages(client_of: Callable[..., FlaskClient]) -> None:
    client = client_of(*({"id": f"d{at:03}", "title": f"Number {at}"} for at in range(101)))
    shown: list[str] = []
    address = "/documents"
    for number in (1, 2, 3):
        page = page_of(client.get(address))
        assert f"101 documents. Page {number} of 3." in page.text
        shown += [each.text for each in page.one("ul", **{"class": "near"}).all("a")]
        links = {each.text: each.attributes["href"] for each in page.one("main").all("a")}
        assert ("Earlier" in links) == (number > 1)
        address = f"/documents{links.get('Further', '')}"
    assert shown == [f"Number {at}" for at in range(101)]
    assert address == "/documents"


@pytest.mark.parametrize("number", ["abc", "-1", "0", "", "1.5", "9" * 40])
def test_any_page_number_is_answered(client: FlaskClient, number: str) -> None:
    assert client.get(f"/documents?page={number}").status_code == 200


def test_a_document_has_a_page_with_its_neighbours(client: FlaskClient) -> None:
    page = page_of(client.get(f"/documents/{NURSES}"))
    document = client.get(f"/api/documents/{NURSES}").get_json()
    assert page.one("h1").text == document["title"]
    assert page.one("p", **{"class": "abstract"}).text == document["abstract"]
    assert page.one("title").text == f"{document['title']} – Fingerpost"
    near = client.get(f"/api/documents/{NURSES}/similar?limit=5").get_json()["hits"]
    links = page.one("ul", **{"class": "near"}).all("a")
    assert [each.text for each in links] == [each["document"]["title"] for each in near]
    assert client.get(links[0].attributes["href"]).status_code == 200


def test_a_document_of_two_pages_names_both(client: FlaskClient) -> None:
    page = page_of(client.get(f"/documents/{MERGED}"))
    assert "Trafficking; Referral Mechanisms" in page.text
    assert "000_7dcb1351ec7842b8.txt; 002_d928f7a9413ea7ac.txt" in page.text


def test_an_unknown_document_has_a_page_that_says_so(client: FlaskClient) -> None:
    page = page_of(client.get("/documents/no-such"), 404)
    assert page.one("h1").text == "Not found"
    assert "This library has no such document." in page.text


@pytest.mark.slow
def test_a_document_without_a_title_is_headed_by_its_abstract(
    client_of: Callable[..., FlaskClient],
) -> None:
    words = " ".join(f"word{at}" for at in range(20))
    client = client_of({"id": "a", "abstract": words}, {"id": "b", "title": " ", "abstract": ""})
    start = " ".join(f"word{at}" for at in range(12)) + "…"
    assert page_of(client.get("/documents/a")).one("h1").text == start
    assert page_of(client.get("/documents/b")).one("h1").text == "b"
    assert [title_of(each) for each in hits_of(page_of(send(client, "word3")))] == [start]


def test_a_document_page_leads_to_its_citation_as_a_file(client: FlaskClient) -> None:
    document = client.get("/api/documents?limit=1").get_json()["documents"][0]
    page = page_of(client.get(f"/documents/{document['id']}"))
    files = {
        each.attributes["type"]: each.attributes["href"]
        for each in page.all("link", rel="alternate")
    }
    assert len(files) == 4
    for media_type, address in files.items():
        answer = client.get(address)
        assert answer.mimetype == media_type
        assert document["title"] in answer.get_data(as_text=True)
        assert "attachment" in answer.headers["Content-Disposition"]


def test_an_unknown_format_gives_the_page(client: FlaskClient) -> None:
    document = client.get("/api/documents?limit=1").get_json()["documents"][0]
    page = page_of(client.get(f"/documents/{document['id']}?format=docx"))
    assert page.one("h1").text == document["title"]


# The map.


def test_the_map_shows_every_document_and_the_table_too(client: FlaskClient) -> None:
    ids = {each["id"] for each in client.get("/api/documents?limit=100").get_json()["documents"]}
    page = page_of(client.get("/map"))
    drawn = [each.attributes["href"] for each in page.one("svg", id="map").all("a")]
    listed = [each.one("th").one("a").attributes["href"] for each in page.one("tbody").all("tr")]
    assert set(drawn) == {f"/documents/{each}" for each in ids}
    assert len(drawn) == 41
    assert listed == drawn


def test_the_map_is_moved_by_links(client: FlaskClient) -> None:
    page = page_of(client.get("/map"))
    (moves,) = page.all("nav", **{"class": "moves"})
    nearer = moves.all("a")[0].attributes["href"]
    box = page_of(client.get(nearer)).one("svg", id="map").attributes["viewbox"]
    assert box == "250 250 500 500"


def test_a_document_page_shows_where_it_lies(client: FlaskClient, seed_library: Library) -> None:
    shown = seed_library.map().points[7]
    page = page_of(client.get(f"/documents/{shown.document.id}"))
    (ring,) = page.all("circle", **{"class": "here"})
    assert float(ring.attributes["cx"]) == round(30 + shown.x * 940, 1)
    assert float(ring.attributes["cy"]) == round(30 + shown.y * 940, 1)
    all_dots, near = page.one("svg", role="img").all("path")
    assert all_dots.attributes["d"].count("M") == 41
    assert near.attributes["d"].count("M") == 5


@pytest.mark.slow
def test_a_library_without_a_map_says_so(client_of: Callable[..., FlaskClient]) -> None:
    client = client_of({"id": "a", "title": "", "abstract": ""})
    assert "There is no map yet" in page_of(client.get("/map")).text
    assert page_of(client.get("/documents/a")).all("circle") == []


# A selection.


@pytest.mark.parametrize("name", ["ris", "bibtex", "csv", "csl-json"])
def test_selected_documents_are_exported(client: FlaskClient, name: str) -> None:
    wanted = [NURSES, MERGED]
    response = client.post("/selection", data={"pick": wanted, "format": name})
    api = [client.get(f"/api/documents/{each}?format={name}") for each in wanted]
    assert response.status_code == 200
    assert response.mimetype == api[0].mimetype
    assert "attachment" in response.headers["Content-Disposition"]
    titles = [client.get(f"/api/documents/{each}").get_json()["title"] for each in wanted]
    text = response.get_data(as_text=True)
    assert all(each in text for each in titles)
    if name == "ris":
        assert text == "".join(each.get_data(as_text=True) for each in api)


def test_without_a_selection_all_that_is_shown_is_exported(client: FlaskClient) -> None:
    sent = {"shown": [NURSES, MERGED], "format": "ris"}
    assert client.post("/selection", data=sent).get_data(as_text=True).count("ER  -") == 2
    ticked_one = {**sent, "pick": MERGED}
    assert client.post("/selection", data=ticked_one).get_data(as_text=True).count("ER  -") == 1


def test_a_list_to_print_holds_whole_abstracts(client: FlaskClient) -> None:
    page = page_of(client.post("/selection", data={"pick": NURSES, "format": "print"}))
    document = client.get(f"/api/documents/{NURSES}").get_json()
    (item,) = page.one("ol", **{"class": "hits"}).all("li")
    assert item.one("h2").text == document["title"]
    assert item.one("p", **{"class": "abstract"}).text == document["abstract"]
    assert item.one("p", **{"class": "citation"}).text == f"{document['title']} (2009)"
    empty = page_of(client.post("/selection", data={}))
    assert "No document is selected." in empty.text
    assert page_of(client.post("/selection", data={"pick": "gone"}), 404)
