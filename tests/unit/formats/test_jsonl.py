from __future__ import annotations

import codecs
import json
from pathlib import Path
from typing import Any

import pytest

from embedder.build.diff import find_changes, identify
from embedder.errors import SourceError
from embedder.formats import jsonl, listing
from embedder.records import Document
from tests.conftest import SEEDS

KNOWN = (
    'known keys: "id", "title", "abstract", "countries", "country_codes", "regions", "authors", '
    '"year", "topics", "category", "sources", "metadata", and BEIR\'s "_id" and "text"'
)


def write(folder: Path, *lines: str) -> Path:
    path = folder / "library.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def read_one(folder: Path, line: str | dict[str, Any]) -> Document:
    text = line if isinstance(line, str) else json.dumps(line, ensure_ascii=False)
    (entry,) = jsonl.read(write(folder, text))
    return entry.document


def problem_of(folder: Path, line: str | dict[str, Any]) -> str:
    """Read a good line and this one, and return the error of the second."""
    text = line if isinstance(line, str) else json.dumps(line)
    path = write(folder, '{"title": "a good one"}', text)
    with pytest.raises(SourceError) as caught:
        list(jsonl.read(path))
    assert caught.value.line == 2
    place = f"{path}:2: "
    assert caught.value.message.startswith(place)
    return caught.value.message.removeprefix(place)


# What is read.


def test_our_own_keys_are_all_kept(tmp_path: Path) -> None:
    line = {
        "id": "health-mekong",
        "title": " Health  and Human Trafficking",
        "abstract": "To date, there has been\nlittle research. ",
        "countries": ["Thailand", "Vietnam"],
        "country_codes": ["THA", "VNM"],
        "regions": ["Asia and the Pacific"],
        "authors": ["C. Zimmerman et al."],
        "year": 2014,
        "topics": ["Trafficking", "Referral Mechanisms"],
        "category": "Reports",
        "sources": ["000.txt", "004.txt"],
    }
    assert read_one(tmp_path, line).as_dict() == line


def test_a_title_alone_is_a_document(tmp_path: Path) -> None:
    assert read_one(tmp_path, {"title": "Alone"}) == Document(
        id="", title="Alone", abstract="", sources=("library.jsonl",)
    )


def test_beir_keys_are_read_as_ours(tmp_path: Path) -> None:
    line = {
        "_id": "MED-10",
        "title": "Statins",
        "text": "A study.",
        "metadata": {"url": "http://x.org/1", "authors": ["A. Nobody"], "year": 1999},
    }
    assert read_one(tmp_path, line) == Document(
        id="MED-10", title="Statins", abstract="A study.", sources=("library.jsonl",)
    )


def test_an_empty_text_is_a_document(tmp_path: Path) -> None:
    # As in Cranfield: documents 471 and 995 have neither.
    found = read_one(tmp_path, {"_id": "471", "title": "", "text": "", "metadata": {}})
    assert found == Document(id="471", title="", abstract="", sources=("library.jsonl",))


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("MED-10", "MED-10"),
        ("two words", "two words"),
        ("Ärzte/2019#1", "Ärzte/2019#1"),
        ("x" * 200, "x" * 200),
        (12, "12"),
        (0, "0"),
        (-3, "-3"),
        (123456789012345678901234567890, "123456789012345678901234567890"),
        (None, ""),
    ],
    ids=str,
)
def test_an_id_is_kept_as_text(value: str | int | None, kept: str, tmp_path: Path) -> None:
    assert read_one(tmp_path, {"id": value}).id == kept
    assert read_one(tmp_path, {"_id": value}).id == kept


def test_an_id_in_the_file_is_the_documents_id(tmp_path: Path) -> None:
    (entry,) = identify(jsonl.read(write(tmp_path, '{"_id": 12, "text": "A study."}')))
    assert entry.document.id == "12"


def test_blank_lines_count_in_line_numbers(tmp_path: Path) -> None:
    path = write(tmp_path, "", '{"id": "a"}', " \t ", "", '{"id": "b"}', "")
    assert [(each.document.id, each.line, each.path) for each in jsonl.read(path)] == [
        ("a", 2, path),
        ("b", 5, path),
    ]


@pytest.mark.parametrize(
    "rewrite",
    [
        pytest.param(lambda raw: raw.replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(lambda raw: codecs.BOM_UTF8 + raw, id="BOM"),
        pytest.param(lambda raw: raw + b"\n\n", id="line ends at the end"),
    ],
)
def test_line_ends_and_byte_order_marks_make_no_difference(rewrite: Any, tmp_path: Path) -> None:
    path = tmp_path / "library.jsonl"
    path.write_bytes(rewrite(b'{"id": "a"}\n{"id": "b", "title": "\xc3\xa9"}'))
    assert [(each.line, each.document.id, each.document.title) for each in jsonl.read(path)] == [
        (1, "a", ""),
        (2, "b", "é"),
    ]


@pytest.mark.parametrize("odd", ["\x85", "\u2028", "\u2029"], ids=lambda odd: f"U+{ord(odd):04X}")
def test_only_line_feeds_end_lines(odd: str, tmp_path: Path) -> None:
    assert read_one(tmp_path, {"title": f"a{odd}b"}).title == f"a{odd}b"


def test_escapes_in_prose_are_decoded_and_white_space_is_kept(tmp_path: Path) -> None:
    line = r'{"title": "a\tb\u00e9\ud83d\ude00", "abstract": "one\r\ntwo\n"}'
    found = read_one(tmp_path, line)
    assert (found.title, found.abstract) == ("a\tbé😀", "one\r\ntwo\n")


def test_spaces_around_values_are_dropped(tmp_path: Path) -> None:
    assert read_one(tmp_path, {"authors": [" Ann  Ash ", "Ben\n"]}).authors == ("Ann  Ash", "Ben")


def test_country_codes_are_added_for_countries(tmp_path: Path) -> None:
    line = {"countries": ["Viet Nam", "Worldwide", "Lebanon"], "country_codes": ["lb", "GEO"]}
    found = read_one(tmp_path, line)
    assert found.countries == ("Viet Nam", "Worldwide", "Lebanon")
    assert found.country_codes == ("VNM", "LBN", "GEO")


def test_what_is_exported_is_imported_unchanged(tmp_path: Path) -> None:
    pages = sorted(SEEDS.glob("*.txt"))
    seeds = identify(entry for path in pages for entry in listing.read(path))
    documents = find_changes(seeds, kept=[], stored={}, forgotten=[]).new
    path = write(tmp_path, *(json.dumps(document.as_dict()) for document in documents))
    again = find_changes(identify(jsonl.read(path)), kept=[], stored={}, forgotten=[]).new
    assert len(again) == 41
    assert again == documents


# What is refused.


@pytest.mark.parametrize("key", ["titel", "Title", "authors ", "content", "author"])
def test_an_unknown_key_is_named_with_the_known_ones(key: str, tmp_path: Path) -> None:
    assert problem_of(tmp_path, {"title": "a", key: "b"}) == f"unknown key {key!r}; {KNOWN}"


@pytest.mark.parametrize(
    ("both", "second"), [(("id", "_id"), "_id"), (("abstract", "text"), "text")], ids=str
)
def test_one_key_under_two_names_is_refused(
    both: tuple[str, ...], second: str, tmp_path: Path
) -> None:
    line = dict.fromkeys(both, "a")
    assert problem_of(tmp_path, line) == f"unknown key {second!r}; {KNOWN}"


@pytest.mark.parametrize(
    ("line", "column"),
    [
        pytest.param("{", 1, id="cut off"),
        pytest.param('{"title": "a"} x', 16, id="more after"),
        pytest.param('{"title": "a"}{}', 15, id="two objects"),
        pytest.param("title: a", 2, id="not JSON"),
        pytest.param('{"title": "a\tb"}', 13, id="control character as it stands"),
        pytest.param(r'{"title": "\ud800"}', 18, id="unpaired surrogate, the first of a pair"),
        pytest.param(r'{"title": "\udc00"}', 17, id="unpaired surrogate, the second of a pair"),
        pytest.param(
            r'{"metadata": {"a": "\udc00b"}}',
            26,
            id="unpaired surrogate in a value that is not kept",
        ),
    ],
)
def test_a_line_that_is_not_json_is_refused(line: str, column: int, tmp_path: Path) -> None:
    # The words between are those of the JSON parser.
    problem = problem_of(tmp_path, line)
    assert problem.startswith("not a JSON object: ")
    assert problem.endswith(f" at line 1 column {column}")


@pytest.mark.parametrize("line", ["[]", '["title"]', '"title"', "12", "null", "true"])
def test_a_line_that_is_not_an_object_is_refused(line: str, tmp_path: Path) -> None:
    assert problem_of(tmp_path, line) == "the line: Input should be an object"


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("title", 1, "title: Input should be a valid string"),
        ("title", None, "title: Input should be a valid string"),
        ("abstract", ["a"], "abstract: Input should be a valid string"),
        ("text", 1, "text: Input should be a valid string"),
        ("countries", "Lebanon", "countries: Input should be a valid array"),
        ("countries", [None], "countries.0: Input should be a valid string"),
        ("authors", ["a", ""], "authors.1: String should have at least 1 character"),
        ("authors", ["a", " "], "authors.1: String should have at least 1 character"),
        ("year", "2019", "year: Input should be a valid integer"),
        ("year", 2019.0, "year: Input should be a valid integer"),
        ("year", True, "year: Input should be a valid integer"),
        ("year", 999, "year: Input should be greater than or equal to 1000"),
        ("year", 3000, "year: Input should be less than or equal to 2999"),
        ("category", 3, "category: Input should be a valid string"),
        ("metadata", "url", "metadata: Input should be an object"),
        ("id", True, "id: Input should be a valid string"),
        ("id", 1.5, "id: Input should be a valid string"),
        ("id", ["a"], "id: Input should be a valid string"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(
    key: str, value: Any, problem: str, tmp_path: Path
) -> None:
    assert problem_of(tmp_path, {key: value}) == problem


@pytest.mark.parametrize("key", ["id", "_id"])
@pytest.mark.parametrize(
    "value",
    [
        pytest.param("", id="empty"),
        pytest.param(" ", id="a space"),
        pytest.param(" a", id="space before"),
        pytest.param("a ", id="space after"),
        pytest.param("a\n", id="line feed after"),
        pytest.param("a\nb", id="line feed inside"),
        pytest.param("\x00", id="NUL"),
        pytest.param("a\x7f", id="DEL after"),
        pytest.param("x" * 201, id="201 characters"),
        # A tab inside an id would break the columns of qrels.
        pytest.param("a\tb", id="tab inside"),
        pytest.param("a\x00b", id="NUL inside"),
        pytest.param("a\x7fb", id="DEL inside"),
    ],
)
def test_an_unusable_id_is_refused(key: str, value: str, tmp_path: Path) -> None:
    assert problem_of(tmp_path, {key: value}).startswith(f"{key}: ")


# Once dropped silently.
def test_an_unknown_country_code_is_refused(tmp_path: Path) -> None:
    assert "'QQQ'" in problem_of(tmp_path, {"country_codes": ["LBN", "QQQ"]})


@pytest.mark.parametrize(
    ("raw", "line", "problem"),
    [
        pytest.param(b"", 1, "the file is empty", id="empty"),
        pytest.param(b"\n \n", 1, "the file is empty", id="white space only"),
        # Once read as a file without documents.
        pytest.param(codecs.BOM_UTF8, 1, "the file is empty", id="BOM only"),
        pytest.param(
            b'{"id": "a"}\n\n{"title": "\xe9"}',
            3,
            "byte 0xe9 is not UTF-8; save the file as UTF-8",
            id="latin-1",
        ),
        # The error must count the three bytes of the mark.
        pytest.param(
            codecs.BOM_UTF8 + b'{"id": "a"}\n\n{"title": "\xe9"}',
            3,
            "byte 0xe9 is not UTF-8; save the file as UTF-8",
            id="latin-1 after a BOM",
        ),
        pytest.param(
            '{"id": "a"}'.encode("utf-16"),
            1,
            "byte 0xff is not UTF-8; save the file as UTF-8",
            id="UTF-16",
        ),
    ],
)
def test_a_file_that_is_not_utf8_is_refused(
    raw: Any, line: int, problem: str, tmp_path: Path
) -> None:
    path = tmp_path / "library.jsonl"
    path.write_bytes(raw)
    with pytest.raises(SourceError) as caught:
        list(jsonl.read(path))
    assert caught.value.message == f"{path}:{line}: {problem}"
    assert caught.value.line == line


def test_an_id_that_would_be_a_url_of_the_api_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text('{"id": "a/similar", "title": "x"}\n')
    with pytest.raises(SourceError) as caught:
        list(jsonl.read(path))
    assert caught.value.message == f"{path}:1: id: an id cannot end in '/similar'"
