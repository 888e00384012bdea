"""The formats that exist, which files are read, and what holds for every format."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import FrozenInstanceError
from importlib import import_module
from pathlib import Path

import pytest

from embedder.errors import SourceError
from embedder.formats import registry
from embedder.formats.registry import CSL_JSON, EXPORTS, FORMATS, LISTING, Format, find_files
from embedder.records import Document
from tests.conftest import SEEDS
from tests.support.documents import PLAIN, seeds, written

ENDINGS = "known endings: .txt, .jsonl, .ndjson, .csv, .ris, .bib"
UNKNOWN_ENDING = f"files with this ending cannot be read; {ENDINGS}"
NO_SOURCE = f"there is no source file in this folder; {ENDINGS}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with three source files, one in a folder of its own, and other files."""
    for name in ("b.txt", "a.jsonl", "deep/er/c.ndjson", "notes.md", "d.txt.bak", ".e.txt"):
        path = tmp_path / "pages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    (tmp_path / "pages" / "folder.txt").mkdir()
    (tmp_path / "pages" / ".hidden").mkdir()
    (tmp_path / "pages" / ".hidden" / "f.txt").write_text("{}")
    return tmp_path / "pages"


def names(paths: list[Path], folder: Path) -> list[str]:
    return [path.relative_to(folder.resolve()).as_posix() for path in paths]


def test_source_files_of_a_folder_are_found_in_order_of_name(folder: Path) -> None:
    assert names(find_files([folder]), folder) == ["a.jsonl", "b.txt", "deep/er/c.ndjson"]


def test_the_seeds_are_five_pages() -> None:
    assert names(find_files([SEEDS]), SEEDS) == sorted(path.name for path in SEEDS.iterdir())
    assert len(find_files([SEEDS])) == 5


def test_files_are_found_in_the_order_they_are_named(folder: Path) -> None:
    found = find_files([folder / "deep", folder / "b.txt", folder / "a.jsonl"])
    assert names(found, folder) == ["deep/er/c.ndjson", "b.txt", "a.jsonl"]


def test_a_file_named_twice_is_found_once(folder: Path) -> None:
    roundabout = folder / "deep" / ".." / "b.txt"
    found = find_files([folder / "b.txt", folder, roundabout, folder / "deep"])
    assert names(found, folder) == ["b.txt", "a.jsonl", "deep/er/c.ndjson"]


def test_paths_are_absolute(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert find_files([Path("b.txt")]) == [(folder / "b.txt").resolve()]
    assert find_files([Path()]) == find_files([folder])


def test_an_ending_may_be_in_any_case(tmp_path: Path) -> None:
    (tmp_path / "PAGE.TXT").write_text("{}")
    assert names(find_files([tmp_path]), tmp_path) == ["PAGE.TXT"]
    assert names(find_files([tmp_path / "PAGE.TXT"]), tmp_path) == ["PAGE.TXT"]


def test_a_hidden_file_or_folder_is_found_when_named(folder: Path) -> None:
    assert names(find_files([folder / ".e.txt"]), folder) == [".e.txt"]
    assert names(find_files([folder / ".hidden"]), folder) == [".hidden/f.txt"]


def test_without_paths_there_are_no_files() -> None:
    assert find_files([]) == []


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        pytest.param("gone.txt", "no such file or folder", id="not there"),
        pytest.param("gone", "no such file or folder", id="folder not there"),
        pytest.param(
            "notes.md",
            UNKNOWN_ENDING,
            id="other ending",
        ),
        pytest.param(
            "d.txt.bak",
            UNKNOWN_ENDING,
            id="last ending",
        ),
        pytest.param(
            "folder.txt",
            NO_SOURCE,
            id="folder",
        ),
    ],
)
def test_what_cannot_be_read_is_refused(name: str, problem: str, folder: Path) -> None:
    with pytest.raises(SourceError) as caught:
        find_files([folder / "b.txt", folder / name])
    assert caught.value.message == f"{folder / name}: {problem}"
    assert caught.value.line is None


def test_a_broken_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "page.txt").symlink_to(tmp_path / "gone.txt")
    with pytest.raises(SourceError, match=r"page\.txt: no such file or folder$"):
        find_files([tmp_path / "page.txt"])


def test_a_link_and_its_file_are_found_once(tmp_path: Path) -> None:
    (tmp_path / "page.txt").write_text("{}")
    (tmp_path / "link.txt").symlink_to(tmp_path / "page.txt")
    assert names(find_files([tmp_path]), tmp_path) == ["page.txt"]


# The file that it leads to has no ending that is known.
def test_a_link_is_read_by_its_own_ending(tmp_path: Path) -> None:
    (tmp_path / "blob").write_text('{"id": "a"}')
    (tmp_path / "library.jsonl").symlink_to(tmp_path / "blob")
    (found,) = find_files([tmp_path / "library.jsonl"])
    (entry,) = registry.read(found)
    assert entry.document.id == "a"
    assert entry.document.sources == ("library.jsonl",)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.jsonl", '{"title": "A title", "text": "An abstract.", "year": 2019}'),
        ("a.NDJSON", '{"title": "A title", "text": "An abstract.", "year": 2019}'),
        (
            "a.txt",
            "Skip to main content\n\nTopic\n\nA title\n\nAn abstract.\n"
            "Country\nGeorgia\nRegion\nWorldwide\nYear\n2019\n",
        ),
    ],
)
def test_a_file_is_read_by_its_ending(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    (entry,) = registry.read(tmp_path / name)
    found = entry.document
    assert (found.title, found.abstract, found.year) == ("A title", "An abstract.", 2019)
    assert found.sources == (name,)


def test_a_hash_is_of_the_content_and_the_rule_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text("one")
    (tmp_path / "b.jsonl").write_text("one")
    before = registry.content_hash(file)
    assert len(before) == 32
    assert registry.content_hash(tmp_path / "b.jsonl") == before
    monkeypatch.setattr(registry, "RULE_VERSION", 999)
    assert registry.content_hash(file) != before
    monkeypatch.undo()
    file.write_text("two")
    assert registry.content_hash(file) != before


def test_a_file_that_cannot_be_read_has_no_hash(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read: No such file or directory"):
        registry.content_hash(tmp_path / "gone.jsonl")


# The formats.


def test_these_formats_are_exported() -> None:
    assert [(each.name, each.media_type, each.ending) for each in EXPORTS.values()] == [
        ("ris", "application/x-research-info-systems", "ris"),
        ("bibtex", "application/x-bibtex", "bib"),
        ("csl-json", "application/vnd.citationstyles.csl+json", "json"),
        ("csv", "text/csv", "csv"),
    ]
    assert all(name == each.name for name, each in EXPORTS.items())


def test_the_formats_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        EXPORTS["csv"].name = "tsv"  # type: ignore[misc]
    with pytest.raises(TypeError):
        EXPORTS["tsv"] = EXPORTS["csv"]  # type: ignore[index]


@pytest.mark.parametrize("form", EXPORTS)
def test_a_piece_needs_only_one_document(form: str) -> None:
    taken: list[str] = []

    def documents() -> Iterator[Document]:
        for each in seeds():
            taken.append(each.id)
            yield each

    pieces = EXPORTS[form].write(documents())
    assert taken == []
    for number in (1, 2, 3):
        assert next(pieces)
        assert len(taken) == number


@pytest.mark.parametrize("form", EXPORTS)
def test_nothing_is_written_before_the_first_document(form: str) -> None:
    def broken() -> Iterator[Document]:
        raise SourceError("library", None, "is not there")
        yield PLAIN

    with pytest.raises(SourceError):
        next(EXPORTS[form].write(broken()))


@pytest.mark.parametrize("form", EXPORTS)
def test_a_file_may_have_no_documents(form: str) -> None:
    empty = {"ris": "", "bibtex": "", "csl-json": "[]\n"}
    assert written(form) == empty.get(form, written("csv", PLAIN).split("\r\n")[0] + "\r\n")


def test_every_module_can_do_what_its_format_says() -> None:
    for form in FORMATS:
        module = import_module(f"embedder.formats.{form.module}")
        assert (hasattr(module, "read"), hasattr(module, "write")) == (
            form.can_read,
            form.can_write,
        ), form.name


def test_every_export_can_be_written_and_no_ending_is_read_as_two_formats() -> None:
    assert all(form.can_write for form in EXPORTS.values())
    endings = [ending for form in FORMATS for ending in form.read_endings]
    assert len(set(endings)) == len(endings) == 6
    assert all(f".{form.ending}" in form.read_endings for form in FORMATS if form.can_read)


def test_a_format_without_a_reader_says_so() -> None:
    with pytest.raises(io.UnsupportedOperation, match=r"^CSL-JSON cannot be read, only written$"):
        CSL_JSON.read(Path("library.json"))


def test_a_format_without_a_writer_says_so() -> None:
    with pytest.raises(io.UnsupportedOperation, match=r"^Listing page cannot be written"):
        LISTING.write([PLAIN])


def test_a_format_is_imported_when_it_is_first_used() -> None:
    form = Format("x", "X", "text/x", "x", (".x",), "no_such_module")
    with pytest.raises(ModuleNotFoundError, match=r"embedder\.formats\.no_such_module"):
        form.read(Path("a.x"))
