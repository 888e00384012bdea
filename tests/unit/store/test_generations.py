from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from embedder.files import file_sha256
from embedder.store import generations
from embedder.store.generations import (
    begin,
    drop_old,
    finish,
    folder,
    hashes,
    problems,
)

# `printf TEXT | sha256sum`
ONE = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
TWO = "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3"
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.fixture
def first(tmp_path: Path) -> Path:
    """The keyword index's folder of generation 1, as tantivy leaves it, beside a glossary."""
    begin(tmp_path, 1, base=None)
    place = folder(tmp_path, 1) / "lexical"
    (place / "a.term").write_text("one")
    (place / "meta.json").write_text("two")
    (place / ".managed.json").write_text("two")
    (place / ".tantivy-writer.lock").write_text("")
    (folder(tmp_path, 1) / "glossary.csv").write_text("one")
    return place


INDEX = {".managed.json": TWO, "a.term": ONE, "meta.json": TWO}
FIRST = {
    "glossary.csv": ONE,
    "lexical/.managed.json": TWO,
    "lexical/a.term": ONE,
    "lexical/meta.json": TWO,
}


def names(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir())


def test_each_generation_and_its_files_have_their_place(tmp_path: Path) -> None:
    seventh = tmp_path / "generations" / "7"
    assert folder(tmp_path, 7) == seventh
    assert (folder(tmp_path, 7) / "lexical") == seventh / "lexical"
    assert (folder(tmp_path, 7) / "glossary.csv") == seventh / "glossary.csv"


# Beginning.


def test_a_first_generation_begins_empty(tmp_path: Path) -> None:
    begin(tmp_path / "vectors", 1, base=None)
    assert names(folder(tmp_path / "vectors", 1)) == ["lexical", "sentences"]
    assert names(folder(tmp_path / "vectors", 1) / "lexical") == []


def test_what_a_build_that_was_cut_off_left_is_gone(tmp_path: Path, first: Path) -> None:
    left = folder(tmp_path, 2) / "lexical"
    left.mkdir(parents=True)
    (left / "half.term").write_text("half")
    (left.parent / "other").write_text("half")
    (folder(tmp_path, 2) / "glossary.csv").write_text("half")
    begin(tmp_path, 2, base=1)
    assert names(left) == [".managed.json", "a.term", "meta.json"]
    assert names(left.parent) == ["lexical", "sentences"]
    assert hashes(first) == INDEX


def test_a_generation_upon_another_has_its_index_but_no_lock_and_no_glossary(
    tmp_path: Path, first: Path
) -> None:
    begin(tmp_path, 2, base=1)
    place = folder(tmp_path, 2) / "lexical"
    assert names(place) == [".managed.json", "a.term", "meta.json"]
    assert hashes(place) == hashes(first) == INDEX
    assert not (folder(tmp_path, 2) / "glossary.csv").exists()


def test_files_that_are_never_written_again_are_linked_and_lists_copied(
    tmp_path: Path, first: Path
) -> None:
    begin(tmp_path, 2, base=1)
    place = folder(tmp_path, 2) / "lexical"
    same = {each: (place / each).samefile(first / each) for each in names(place)}
    assert same == {".managed.json": False, "a.term": True, "meta.json": False}


def test_writing_to_a_generation_leaves_the_one_before_as_it_was(
    tmp_path: Path, first: Path
) -> None:
    begin(tmp_path, 2, base=1)
    place = folder(tmp_path, 2) / "lexical"
    (place / "meta.json").write_text("three")
    (place / "a.term").unlink()
    (place / "b.term").write_text("three")
    (folder(tmp_path, 2) / "glossary.csv").write_text("three")
    assert hashes(first) == INDEX
    assert hashes(folder(tmp_path, 1)) == FIRST


def test_files_are_copied_where_there_are_no_links(
    tmp_path: Path, first: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    begin(tmp_path, 2, base=1)
    place = folder(tmp_path, 2) / "lexical"
    assert hashes(place) == INDEX
    assert not (place / "a.term").samefile(first / "a.term")


def test_a_generation_upon_one_that_is_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        begin(tmp_path, 2, base=1)


# Hashes.


def test_hashes_are_of_all_files_but_locks(first: Path) -> None:
    (first / "empty.pos").write_text("")
    (first / "folder").mkdir()
    assert hashes(first) == {**INDEX, "empty.pos": EMPTY}
    assert list(hashes(first)) == sorted(hashes(first))


def test_files_in_folders_are_named_by_their_path(tmp_path: Path, first: Path) -> None:
    (first / "deep").mkdir()
    (first / "deep" / "c.term").write_text("two")
    (first / "deep" / "c.lock").write_text("two")
    assert hashes(folder(tmp_path, 1)) == {**FIRST, "lexical/deep/c.term": TWO}


def test_a_folder_that_is_not_there_has_no_hashes(tmp_path: Path) -> None:
    assert hashes(tmp_path / "gone") == {}


def test_finishing_gives_the_hashes_and_changes_nothing(tmp_path: Path, first: Path) -> None:
    before = names(first)
    assert finish(tmp_path, 1, base=None, known={}) == FIRST
    assert names(first) == before


def test_finishing_makes_every_file_and_folder_safe(
    tmp_path: Path, first: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(generations, "_sync", synced.append)
    finish(tmp_path, 1, base=None, known={})
    place = folder(tmp_path, 1)
    assert sorted(synced) == sorted([*first.iterdir(), *place.iterdir(), place, place.parent])


@pytest.mark.usefixtures("first")
def test_what_is_linked_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(tmp_path, 2, base=1)
    (folder(tmp_path, 2) / "lexical" / "b.term").write_text("two")
    (folder(tmp_path, 2) / "glossary.csv").write_text("two")
    read: list[str] = []
    sha256 = file_sha256

    def look(path: Path) -> bytes:
        read.append(path.name)
        return sha256(path)

    monkeypatch.setattr(generations, "file_sha256", look)
    assert finish(tmp_path, 2, base=1, known=FIRST) == {
        "glossary.csv": TWO,
        "lexical/.managed.json": TWO,
        "lexical/a.term": ONE,
        "lexical/b.term": TWO,
        "lexical/meta.json": TWO,
    }
    assert sorted(read) == [".managed.json", "b.term", "glossary.csv", "meta.json"]


# Problems.


def test_what_is_as_it_was_has_no_problems(tmp_path: Path, first: Path) -> None:
    assert (first / "a.term").exists()
    assert problems(tmp_path, 1, finish(tmp_path, 1, base=None, known={})) == []


def test_a_changed_file_is_a_problem(tmp_path: Path, first: Path) -> None:
    (first / "a.term").write_text("two")
    assert problems(tmp_path, 1, FIRST) == [
        f"the file 'lexical/a.term' of generation 1 has SHA-256 {TWO}, not {ONE}"
    ]


def test_a_changed_glossary_is_a_problem(tmp_path: Path, first: Path) -> None:
    (first.parent / "glossary.csv").write_text("two")
    assert problems(tmp_path, 1, FIRST) == [
        f"the file 'glossary.csv' of generation 1 has SHA-256 {TWO}, not {ONE}"
    ]


def test_a_flipped_bit_is_a_problem(tmp_path: Path, first: Path) -> None:
    raw = bytearray((first / "a.term").read_bytes())
    raw[1] ^= 1
    (first / "a.term").write_bytes(raw)
    (problem,) = problems(tmp_path, 1, FIRST)
    assert problem.startswith("the file 'lexical/a.term' of generation 1 has SHA-256 ")
    assert problem.endswith(f", not {ONE}")


def test_a_missing_file_is_a_problem(tmp_path: Path, first: Path) -> None:
    (first / "meta.json").unlink()
    assert problems(tmp_path, 1, FIRST) == [
        f"the file 'lexical/meta.json' of generation 1 has SHA-256 None, not {TWO}"
    ]


def test_a_file_too_many_is_a_problem(tmp_path: Path, first: Path) -> None:
    (first / "b.term").write_text("one")
    assert problems(tmp_path, 1, FIRST) == [
        f"the file 'lexical/b.term' of generation 1 has SHA-256 {ONE}, not None"
    ]


def test_each_problem_has_its_sentence_in_order_of_name(tmp_path: Path, first: Path) -> None:
    (first / "a.term").write_text("two")
    (first / "b.term").write_text("one")
    (first / "meta.json").unlink()
    (folder(tmp_path, 1) / "glossary.csv").unlink()
    found = problems(tmp_path, 1, FIRST)
    assert [each.split("'")[1] for each in found] == [
        "glossary.csv",
        "lexical/a.term",
        "lexical/b.term",
        "lexical/meta.json",
    ]


def test_a_generation_is_compared_with_its_own_files(tmp_path: Path, first: Path) -> None:
    begin(tmp_path, 2, base=1)
    (first / "a.term").unlink()
    assert [each.split("'")[1] for each in problems(tmp_path, 2, FIRST)] == ["glossary.csv"]
    assert [each.split("'")[1] for each in problems(tmp_path, 1, FIRST)] == ["lexical/a.term"]


def test_all_is_missing_where_the_folder_is(tmp_path: Path) -> None:
    assert len(problems(tmp_path / "gone", 1, FIRST)) == 4
    assert problems(tmp_path / "gone", 1, {}) == []


# Dropping.


def test_the_current_generation_and_the_one_before_stay(tmp_path: Path) -> None:
    for number in range(1, 7):
        begin(tmp_path, number, base=None)
    drop_old(tmp_path, 5)
    assert names(tmp_path / "generations") == ["4", "5"]


def test_files_linked_into_what_stays_survive(tmp_path: Path, first: Path) -> None:
    begin(tmp_path, 2, base=1)
    begin(tmp_path, 3, base=2)
    drop_old(tmp_path, 3)
    assert names(tmp_path / "generations") == ["2", "3"]
    assert not first.exists()
    assert hashes(folder(tmp_path, 3) / "lexical") == INDEX


def test_dropping_touches_nothing_beside_the_generations(tmp_path: Path) -> None:
    begin(tmp_path, 1, base=None)
    (tmp_path / "library.sqlite").write_text("kept")
    drop_old(tmp_path, 9)
    assert names(tmp_path) == ["generations", "library.sqlite"]
    assert names(tmp_path / "generations") == []


def test_there_may_be_nothing_to_drop(tmp_path: Path) -> None:
    drop_old(tmp_path, 1)
    assert names(tmp_path) == []
