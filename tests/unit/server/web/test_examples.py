"""Every command that /docs shows is run as it stands, against a real server."""

from __future__ import annotations

import json
import shlex
import urllib.request

from tests.support.app import Element, Running, read_page


def commands(page: Element) -> list[list[str]]:
    found = [shlex.split(each.text) for each in page.all("code") if each.text.startswith("curl")]
    assert len(found) >= 10
    return found


def call(words: list[str]) -> tuple[int, str, bytes]:
    """Do what curl does with these words."""
    assert words[:2] == ["curl", "-s"]
    address, headers, body = words[2], {}, None
    rest = iter(words[3:])
    for flag in rest:
        value = next(rest)
        if flag == "-H":
            name, _, content = value.partition(": ")
            headers[name] = content
        else:
            assert flag == "-d"
            body = value.encode()
    request = urllib.request.Request(address, body, headers)  # noqa: S310
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return answer.status, answer.headers.get_content_type(), answer.read()


def test_every_example_works(running: Running) -> None:
    with urllib.request.urlopen(f"{running.address}/docs") as answer:  # noqa: S310
        page = read_page(answer.read().decode())
    for words in commands(page):
        status, kind, body = call(words)
        assert status == 200, words
        assert body
        if kind == "application/json":
            json.loads(body)
