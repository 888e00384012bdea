"""What is read for a build: changed files, documents in memory, and what they supersede."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from embedder.build import diff, sources
from embedder.build.context import BuildContext
from embedder.build.pipeline import index
from embedder.build.sources import ReadSources
from embedder.errors import RequestError, SourceError
from embedder.formats import registry
from embedder.library import Library
from embedder.records import Document
from embedder.store.database import Store
from tests.conftest import Silent, write_jsonl
from tests.support.words import WordEncoder, a_document, build_words, read_words, returns


def some(first: int, last: int) -> list[dict[str, Any]]:
    return [a_document(f"d{at}") for at in range(first, last)]


def some_ids(first: int, last: int) -> list[str]:
    return [f"d{at}" for at in range(first, last)]


def ids(library: Library) -> list[str]:
    return [each.id for each in library.documents()]


def ids_of(read: ReadSources) -> list[str]:
    return [each.document.id for each in read.entries]


def store(context: BuildContext, read: ReadSources) -> None:
    """Store what was read, as a build does."""
    with context.writer.transaction():
        for entry in read.entries:
            context.writer.put_document(entry.document)
        context.writer.replace_entries(
            read.hashes.keys() - read.unread, map(diff.to_stored_entry, read.entries), read.hashes
        )


# Documents in memory.


def test_documents_in_memory_become_entries() -> None:
    one = Document(id="a", title="One", countries=("Lebanon",), sources=("x.txt", "y.txt"))
    two = Document(title="A title", abstract="An abstract.", year=2019)
    read = sources.from_memory([one, two])
    assert [(str(each.path), each.line) for each in read.entries] == [
        ("memory:a", 1),
        ("memory:a-title-c2e0129c", 1),
    ]
    assert [each.document for each in read.entries] == [
        replace(one, country_codes=("LBN",)),
        replace(two, id="a-title-c2e0129c"),
    ]
    assert (read.hashes, read.unread, read.superseded) == ({}, frozenset(), ())


def test_no_documents_in_memory_are_nothing_read() -> None:
    read = sources.from_memory([])
    assert list(read.entries) == []
    assert (read.hashes, read.unread, read.superseded) == ({}, frozenset(), ())


@pytest.mark.parametrize("given", [(), ("x.txt",), ("b", "a", "b")])
def test_the_sources_of_a_document_in_memory_are_those_it_has(given: tuple[str, ...]) -> None:
    (entry,) = sources.from_memory([Document(id="a", sources=given)]).entries
    assert entry.document.sources == given


# As a program without types may give them.
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "year": ({"year": 999}, "year: Input should be greater than or equal to 1000"),
    "year as text": ({"year": "2019"}, "year: Input should be a valid integer"),
    "country code": ({"country_codes": ("XXZ",)}, "country_codes.0: Value error, 'XXZ' is not a "),
    "title": ({"title": 5}, "title: Input should be a valid string"),
    "list": ({"topics": "Health"}, "topics: Input should be a valid tuple"),
    "value": ({"authors": ("Ann", " ")}, "authors.1: String should have at least 1 character"),
    "surrogate": ({"authors": ("a \ud800",)}, "authors.0: Input should be a valid string"),
}


@pytest.mark.parametrize(("wrong", "problem"), WRONG.values(), ids=WRONG)
def test_a_value_that_cannot_be_right_names_the_document(
    wrong: dict[str, Any], problem: str
) -> None:
    for named, place in ({"id": "x"}, "the document 'x'"), ({}, "document 2"):
        with pytest.raises(RequestError) as caught:
            sources.from_memory([Document(id="a"), Document(**{**named, **wrong})])
        assert caught.value.message.startswith(f"{place}: {problem}")
        assert caught.value.field == "document"


@pytest.mark.parametrize("field", ["title", "abstract", "category"])
@pytest.mark.parametrize("key", ["x", ""], ids=["with id", "without"])
def test_an_unpaired_surrogate_is_refused(field: str, key: str) -> None:
    wrong: dict[str, Any] = {field: "a \ud800"}
    with pytest.raises(RequestError):
        sources.from_memory([Document(id=key, **wrong)])


@pytest.mark.parametrize("key", ["a//b", "a/./b"])
def test_a_message_names_the_id_to_the_letter(key: str) -> None:
    with pytest.raises(RequestError) as caught:
        sources.from_memory([Document(id=key, year=999)])
    assert caught.value.message.startswith(f"the document {key!r}: year: ")


@pytest.mark.parametrize(
    "key",
    [" a", "a ", "a\n", "a\nb", "a\0", "\x7f", "\t", "x" * 201, "\ud800", "a/similar", "/similar"],
    ids=ascii,
)
def test_an_id_that_cannot_be_one_is_refused(key: str) -> None:
    with pytest.raises(RequestError, match=r"^the document .*: id: ") as caught:
        sources.from_memory([Document(id=key, title="T")])
    assert caught.value.field == "document"
    assert "\n" not in caught.value.message


HOSTILE = (
    *(
        "a/b",
        "a//b",
        "a%2Fb",
        "a%252Fb",
        "../../etc/passwd",
        "/etc/passwd",
        ".",
        "..",
        "~",
        "C:\\x",
    ),
    *("memory:a", "a b", "a+b", "a?b#c", "é", "e\u0301", "E\u0301", "🦊", "\u2028", "similar", "%"),
    *("'; DROP TABLE sources; --", "x" * 200, "é" * 200),
)


def test_each_hostile_id_has_a_path_of_its_own() -> None:
    read = sources.from_memory([Document(id=key, title="T") for key in HOSTILE])
    assert ids_of(read) == list(HOSTILE)
    paths = [str(entry.path) for entry in read.entries]
    assert len(set(paths)) == len(HOSTILE)
    assert [unquote(path.removeprefix("memory:")) for path in paths] == list(HOSTILE)
    for entry in read.entries:
        assert entry.path.parts == (entry.path.name,)
        assert not entry.path.is_absolute()
        assert str(entry.path).isascii()


@pytest.mark.slow
def test_hostile_ids_can_be_added_replaced_and_removed(tmp_path: Path) -> None:
    library = Library(tmp_path / "v", load=returns(WordEncoder()))
    library.add(*(Document(id=key, title=f"T {at}") for at, key in enumerate(HOSTILE)))
    assert sorted(ids(library)) == sorted(HOSTILE)
    report = library.add(Document(id="../../etc/passwd", title="Changed"))
    assert (report.changed, report.new, report.documents) == (1, 0, len(HOSTILE))
    assert library.document("../../etc/passwd").title == "Changed"
    library.remove(["a/b", "..", "é"])
    assert sorted(ids(library)) == sorted(set(HOSTILE) - {"a/b", "..", "é"})
    assert [path.name for path in tmp_path.iterdir()] == ["v"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            [Document(id="a", title="One"), Document(id="b"), Document(id="a", title="Two")],
            "2 of the documents have the id 'a'.",
        ),
        ([Document(id="a")] * 3, "3 of the documents have the id 'a'."),
        (
            [Document(title="A title", abstract="An abstract.", year=2019)] * 2,
            "2 of the documents have the id 'a-title-c2e0129c'.",
        ),
        (
            [
                Document(title="A title", abstract="An abstract.", year=2019),
                Document(id="a-title-c2e0129c", title="Another"),
            ],
            "2 of the documents have the id 'a-title-c2e0129c'.",
        ),
    ],
    ids=["two", "three", "without ids", "one without"],
)
def test_two_documents_of_one_id_are_refused(given: list[Document], message: str) -> None:
    with pytest.raises(RequestError) as caught:
        sources.from_memory(given)
    assert (caught.value.message, caught.value.field) == (message, "document")


def test_ids_that_differ_in_case_are_two() -> None:
    assert ids_of(sources.from_memory([Document(id="a"), Document(id="A")])) == ["a", "A"]


# Files.


def test_files_are_read_in_order_and_get_ids(tmp_path: Path) -> None:
    one = write_jsonl(tmp_path / "one.jsonl", *some(0, 2))
    two = write_jsonl(
        tmp_path / "two.jsonl", {"title": "A title", "abstract": "An abstract.", "year": 2019}
    )
    progress = Silent()
    read = sources.read_files([two, one], {}, progress)
    assert [(each.document.id, each.path, each.line) for each in read.entries] == [
        ("a-title-c2e0129c", two, 1),
        ("d0", one, 1),
        ("d1", one, 2),
    ]
    assert read.hashes == {str(path): registry.content_hash(path) for path in (one, two)}
    assert (read.unread, read.superseded) == (frozenset(), ())
    assert progress.steps == [("Reading", 2)]


def test_a_file_with_a_known_hash_is_not_read(tmp_path: Path) -> None:
    one = write_jsonl(tmp_path / "one.jsonl", *some(0, 2))
    two = write_jsonl(tmp_path / "two.jsonl", *some(2, 3))
    known = {str(one): registry.content_hash(one), str(two): registry.content_hash(one)}
    read = sources.read_files([one, two], known, Silent())
    assert ids_of(read) == ["d2"]
    assert read.unread == {str(one)}
    assert read.hashes == {str(path): registry.content_hash(path) for path in (one, two)}


def test_a_hash_counts_for_its_path_alone(tmp_path: Path) -> None:
    one = write_jsonl(tmp_path / "one.jsonl", *some(0, 2))
    copy = Path(shutil.copy(one, tmp_path / "copy.jsonl"))
    read = sources.read_files([copy], {str(one): registry.content_hash(one)}, Silent())
    assert ids_of(read) == ["d0", "d1"]


def test_a_malformed_file_with_a_known_hash_is_no_error(tmp_path: Path) -> None:
    file = tmp_path / "one.jsonl"
    file.write_text("{\n", encoding="utf-8")
    with pytest.raises(SourceError, match=r"one\.jsonl:1: "):
        sources.read_files([file], {}, Silent())
    known = {str(file): registry.content_hash(file)}
    assert sources.read_files([file], known, Silent()).unread == {str(file)}


def test_a_file_that_is_gone_meanwhile_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"one\.jsonl: cannot be read: No such file"):
        sources.read_files([tmp_path / "one.jsonl"], {}, Silent())


def test_no_files_are_nothing_read() -> None:
    read = sources.read_files([], {"x": b""}, Silent())
    assert (list(read.entries), read.hashes, read.unread) == ([], {}, frozenset())


def test_what_was_read_later_is_no_longer_unread() -> None:
    entry, other = sources.from_memory([Document(id="a"), Document(id="b")]).entries
    first = ReadSources([entry], {"x": b"1", "y": b"1"}, frozenset({"x", "y"}))
    read = first.joined(ReadSources([other], {"y": b"2", "z": b"2"}, frozenset({"z"})))
    assert read.entries == (entry, other)
    assert read.hashes == {"x": b"1", "y": b"2", "z": b"2"}
    assert read.unread == {"x", "z"}
    assert read.superseding(["x", "y", "other"]) == replace(read, superseded=["y", "other"])


# Hashes that are known.


def known_of(context: BuildContext) -> Mapping[str, bytes]:
    return sources.known_hashes(Store(context.folder))


def test_where_there_is_no_library_no_hash_is_known(tmp_path: Path) -> None:
    assert sources.known_hashes(Store(tmp_path / "v")) == {}
    assert not (tmp_path / "v").exists()


def test_the_hashes_of_undamaged_sources_are_known(context: BuildContext, tmp_path: Path) -> None:
    one = write_jsonl(tmp_path / "one.jsonl", *some(0, 3))
    two = write_jsonl(tmp_path / "two.jsonl", *some(2, 5))
    read = sources.read_files([one, two], {}, Silent())
    store(context, read.joined(sources.from_memory([Document(id="m")])))
    assert known_of(context) == read.hashes
    context.writer._db.execute("UPDATE documents SET record = '{}' WHERE key = 'd4'")
    assert known_of(context) == {str(one): read.hashes[str(one)]}
    context.writer._db.execute("DELETE FROM documents WHERE key = 'd2'")  # it is in both
    assert known_of(context) == {}


# Another build meanwhile.


def test_unread_files_are_not_read_while_the_library_holds_them(
    context: BuildContext, tmp_path: Path
) -> None:
    one = write_jsonl(tmp_path / "one.jsonl", *some(0, 3))
    store(context, sources.read_files([one], {}, Silent()))
    read = sources.read_files([one], known_of(context), Silent())
    write_jsonl(one, *some(0, 4))  # the next build reads it
    progress = Silent()
    assert sources.catch_up(context.writer, [one], read, progress) is read
    assert progress.steps == []


@pytest.mark.parametrize("change", ["taken away", "read at another time", "damaged"])
def test_an_unread_file_is_read_when_the_library_no_longer_holds_it(
    context: BuildContext, tmp_path: Path, change: str
) -> None:
    one = write_jsonl(tmp_path / "one.jsonl", *some(0, 3))
    two = write_jsonl(tmp_path / "two.jsonl", *some(3, 5))
    new = write_jsonl(tmp_path / "new.jsonl", *some(5, 6))
    store(context, sources.read_files([one, two], {}, Silent()))
    read = sources.read_files([one, two, new], known_of(context), Silent())
    assert read.unread == {str(one), str(two)}
    if change == "taken away":
        context.writer.replace_entries([str(one)], [], {})
    elif change == "damaged":
        context.writer._db.execute("UPDATE documents SET record = '{}' WHERE key = 'd1'")
    else:
        context.writer._db.execute("UPDATE sources SET sha256 = x'00' WHERE path = ?", (str(one),))
    progress = Silent()
    caught_up = sources.catch_up(context.writer, [one, two, new], read, progress)
    assert ids_of(caught_up) == ["d5", "d0", "d1", "d2"]
    assert caught_up.unread == {str(two)}
    assert caught_up.hashes == read.hashes
    assert progress.steps == [("Reading", 1)]


def test_a_file_that_both_read_changed_stays_unread(context: BuildContext, tmp_path: Path) -> None:
    one = write_jsonl(tmp_path / "one.jsonl", *some(0, 3))
    store(context, sources.read_files([one], {}, Silent()))
    read = sources.read_files([one], known_of(context), Silent())
    write_jsonl(one, *some(1, 5))
    store(context, sources.read_files([one], {}, Silent()))
    caught_up = sources.catch_up(context.writer, [one], read, Silent())
    assert list(caught_up.entries) == []
    assert caught_up.unread == {str(one)}
    assert caught_up.hashes == {str(one): registry.content_hash(one)} != read.hashes


# What no longer counts.


@pytest.fixture
def shelf(context: BuildContext, tmp_path: Path) -> dict[str, Path]:
    """Files in the library, by name: two in `s`, one in `s/deep`, one in `ss`, and `memory:m`."""
    files = {
        name: write_jsonl(tmp_path / f"{name}.jsonl", a_document(name))
        for name in ("s/a", "s/b", "s/deep/c", "ss/d")
    }
    read = sources.read_files(list(files.values()), {}, Silent())
    store(context, read.joined(sources.from_memory([Document(id="m")])))
    return files


def superseded(
    context: BuildContext, *paths: Path, memory: tuple[str, ...] = (), replace: bool = False
) -> set[str]:
    """List the superseded sources, after reading what is in `paths`, by name."""
    files = registry.find_files(paths)
    read = sources.read_files(files, {}, Silent())
    read = read.joined(sources.from_memory([Document(id=key) for key in memory]))
    found = sources.superseded(context.writer, read, files, paths, replace=replace)
    assert len(found) == len(set(found))
    top = f"{context.folder.parent}/"
    return {path.removeprefix(top).removesuffix(".jsonl") for path in found}


EVERYTHING = {"s/a", "s/b", "s/deep/c", "ss/d", "memory:m"}


def test_a_file_given_again_supersedes_itself(
    context: BuildContext, shelf: dict[str, Path], tmp_path: Path
) -> None:
    assert superseded(context, shelf["s/a"]) == {"s/a"}
    assert superseded(context, shelf["ss/d"], shelf["s/deep/c"]) == {"ss/d", "s/deep/c"}
    new = write_jsonl(tmp_path / "s" / "new.jsonl", a_document("new"))
    assert superseded(context, new) == set()


@pytest.mark.usefixtures("shelf")
def test_a_document_given_again_supersedes_itself(context: BuildContext) -> None:
    assert superseded(context, memory=("m", "new")) == {"memory:m"}
    assert superseded(context, memory=("new",)) == set()


@pytest.mark.usefixtures("shelf")
def test_nothing_given_supersedes_nothing(context: BuildContext) -> None:
    assert superseded(context) == set()


@pytest.mark.parametrize("gone", ["s/a", "s/deep/c"])
def test_what_is_gone_from_a_folder_is_superseded(
    context: BuildContext, shelf: dict[str, Path], tmp_path: Path, gone: str
) -> None:
    shelf[gone].unlink()
    assert superseded(context, tmp_path / "s") == {"s/a", "s/b", "s/deep/c"}
    assert superseded(context, tmp_path / "ss" / ".." / "s") == {"s/a", "s/b", "s/deep/c"}
    # A neighbour whose name begins alike is not in the folder.
    assert superseded(context, tmp_path / "ss") == {"ss/d"}
    assert superseded(context, tmp_path) == EVERYTHING - {"memory:m"}


def test_a_folder_may_be_named_by_a_link_or_from_here(
    context: BuildContext, shelf: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf["s/b"].unlink()
    (tmp_path / "link").symlink_to(tmp_path / "s")
    assert superseded(context, tmp_path / "link") == {"s/a", "s/b", "s/deep/c"}
    monkeypatch.chdir(tmp_path / "s")
    assert superseded(context, Path()) == {"s/a", "s/b", "s/deep/c"}
    assert superseded(context, Path("deep")) == {"s/deep/c"}


def test_replace_supersedes_all(context: BuildContext, shelf: dict[str, Path]) -> None:
    assert superseded(context, shelf["s/a"], replace=True) == EVERYTHING
    assert superseded(context, memory=("new",), replace=True) == EVERYTHING
    assert superseded(context, replace=True) == EVERYTHING


def test_what_is_unread_is_not_superseded(context: BuildContext, shelf: dict[str, Path]) -> None:
    files = [shelf["s/a"], shelf["s/b"]]
    write_jsonl(shelf["s/b"], a_document("other"))
    read = sources.read_files(files, known_of(context), Silent())
    listed = sources.superseded(context.writer, read, files, files, replace=True)
    others = {str(shelf["s/b"]), str(shelf["s/deep/c"]), str(shelf["ss/d"]), "memory:m"}
    assert set(read.superseding(listed).superseded) == others


# Whole builds.


@pytest.mark.slow
def test_a_removed_file_of_a_folder_disappears(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "s" / "1.jsonl", a_document("a"))
    second = write_jsonl(tmp_path / "s" / "deep" / "2.jsonl", a_document("b"))
    build_words(tmp_path / "v", tmp_path / "s")
    second.unlink()
    report = build_words(tmp_path / "v", tmp_path / "s")
    assert (report.read, report.removed, report.unchanged) == (1, 1, 1)
    assert ids(read_words(tmp_path / "v")) == ["a"]


@pytest.mark.slow
def test_replace_forgets_all_other_sources(tmp_path: Path) -> None:
    build_words(tmp_path / "v", write_jsonl(tmp_path / "1.jsonl", a_document("a")))
    other = write_jsonl(tmp_path / "2.jsonl", a_document("b"))
    report = build_words(tmp_path / "v", other, replace=True)
    assert (report.new, report.removed, report.embedded) == (1, 1, 1)
    assert ids(read_words(tmp_path / "v")) == ["b"]


def note_names(monkeypatch: pytest.MonkeyPatch, function: str, names: list[str]) -> None:
    """Have a function of the registry note the names of the files that it is given."""
    real = getattr(registry, function)

    def noting(path: Path) -> Any:
        names.append(path.name)
        return real(path)

    monkeypatch.setattr(registry, function, noting)


@pytest.mark.slow
def test_an_unchanged_file_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = write_jsonl(tmp_path / "one.jsonl", *some(0, 5))
    two = write_jsonl(tmp_path / "two.jsonl", *some(5, 8))
    build_words(tmp_path / "v", one, two)
    read: list[str] = []
    note_names(monkeypatch, "read", read)
    report = build_words(tmp_path / "v", one, two)
    assert (read, report.read, report.unchanged, report.generation) == ([], 8, 8, 1)
    write_jsonl(two, *some(5, 9))
    report = build_words(tmp_path / "v", one, two)
    assert (read, report.read, report.new, report.unchanged) == (["two.jsonl"], 9, 1, 8)


@pytest.mark.slow
def test_each_file_is_hashed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [write_jsonl(tmp_path / f"{at}.jsonl", *some(at, at + 1)) for at in range(3)]
    hashed: list[str] = []
    note_names(monkeypatch, "content_hash", hashed)
    build_words(tmp_path / "v", *files[:2])
    assert hashed == ["0.jsonl", "1.jsonl"]
    hashed.clear()
    write_jsonl(files[1], *some(1, 3))
    assert build_words(tmp_path / "v", *files).read == 4
    assert hashed == ["0.jsonl", "1.jsonl", "2.jsonl"]


class Meanwhile(Silent):
    """Does something between the first reading of the files and the lock."""

    def __init__(self, act: Callable[[], object]) -> None:
        super().__init__()
        self.act = act

    @contextmanager
    def step(self, name: str, total: int) -> Iterator[Callable[[int], None]]:
        first = not self.steps
        with super().step(name, total) as advance:
            yield advance
        if first:
            self.act()


@pytest.mark.slow
def test_a_file_that_another_build_took_away_meanwhile_is_read(tmp_path: Path) -> None:
    one = write_jsonl(tmp_path / "one.jsonl", *some(0, 3))
    two = write_jsonl(tmp_path / "two.jsonl", *some(3, 5))
    build_words(tmp_path / "v", one)
    progress = Meanwhile(lambda: build_words(tmp_path / "v", two, replace=True))
    report = index(tmp_path / "v", [one], progress, load=returns(WordEncoder()))
    assert progress.steps[:2] == [("Reading", 1), ("Reading", 1)]
    assert (report.read, report.new, report.documents) == (3, 3, 5)
    assert read_words(tmp_path / "v").page()[0] == 5


@pytest.mark.slow
def test_a_file_that_another_build_read_changed_meanwhile_is_not_read_again(tmp_path: Path) -> None:
    one = write_jsonl(tmp_path / "one.jsonl", *some(0, 3))
    build_words(tmp_path / "v", one)

    def change() -> None:
        write_jsonl(one, *some(1, 5))
        build_words(tmp_path / "v", one)

    report = index(tmp_path / "v", [one], Meanwhile(change), load=returns(WordEncoder()))
    assert (report.read, report.unchanged, report.documents) == (4, 4, 4)
    assert ids(read_words(tmp_path / "v")) == some_ids(1, 5)


@pytest.mark.slow
@pytest.mark.parametrize("known", [True, False], ids=["read before", "new"])
def test_a_file_that_changes_meanwhile_is_read_by_the_next_build(
    tmp_path: Path, known: bool
) -> None:
    one = write_jsonl(tmp_path / "one.jsonl", *some(0, 3))
    if known:
        build_words(tmp_path / "v", one)
    change = Meanwhile(lambda: write_jsonl(one, *some(1, 5)))
    index(tmp_path / "v", [one], change, load=returns(WordEncoder()))
    assert ids(read_words(tmp_path / "v")) == some_ids(0, 3)
    build_words(tmp_path / "v", one)
    assert ids(read_words(tmp_path / "v")) == some_ids(1, 5)


@pytest.mark.slow
def test_a_document_in_an_unchanged_and_a_changed_file_is_merged(tmp_path: Path) -> None:
    one = write_jsonl(tmp_path / "one.jsonl", *some(0, 3))
    two = write_jsonl(tmp_path / "two.jsonl", *some(5, 6))
    build_words(tmp_path / "v", one, two)
    shared = {**some(0, 1)[0], "topics": ["Shared"]}
    write_jsonl(two, shared)
    report = build_words(tmp_path / "v", one, two)
    assert (report.read, report.merged, report.changed, report.unchanged) == (4, 1, 1, 2)
    assert report.removed == 1
    assert set(read_words(tmp_path / "v").document("d0").topics) == {"Shared"}


@pytest.mark.slow
def test_other_rules_read_every_file_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_jsonl(tmp_path / "one.jsonl", *some(0, 3))
    build_words(tmp_path / "v", source)
    read: list[str] = []
    note_names(monkeypatch, "read", read)
    monkeypatch.setattr(registry, "RULE_VERSION", 99)
    build_words(tmp_path / "v", source)
    assert read == ["one.jsonl"]


@pytest.mark.slow
def test_a_damaged_document_in_an_unchanged_file_is_mended(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "one.jsonl", *some(0, 3))
    build_words(tmp_path / "v", source)
    with Store(tmp_path / "v").writing() as writer:
        writer._db.execute("UPDATE documents SET record = replace(record, 'd1', 'dX') WHERE id = 2")
    assert read_words(tmp_path / "v").verify()
    build_words(tmp_path / "v", source)
    assert read_words(tmp_path / "v").verify() == []
    assert read_words(tmp_path / "v").document("d1").title == "Title d1"
