from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from embedder import generations
from embedder.generations import begin, drop_old, finish, hashes, lexical_folder, problems

# `printf TEXT | sha256sum`
ONE = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
TWO = "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3"
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.fixture
def first(tmp_path: Path) -> Path:
    """The keyword index's folder of generation 1, as tantivy leaves it."""
    folder = begin(tmp_path, 1, upon=None)
    (folder / "a.term").write_text("one")
    (folder / "meta.json").write_text("two")
    (folder / ".managed.json").write_text("two")
    (folder / ".tantivy-writer.lock").write_text("")
    return folder


FIRST = {".managed.json": TWO, "a.term": ONE, "meta.json": TWO}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_generations_index_has_its_place(tmp_path):
    assert lexical_folder(tmp_path, 7) == tmp_path / "generations" / "7" / "lexical"


# Beginning.


def test_a_first_generation_begins_empty(tmp_path):
    folder = begin(tmp_path / "vectors", 1, upon=None)
    assert folder == lexical_folder(tmp_path / "vectors", 1)
    assert names(folder) == []


def test_what_a_build_that_was_cut_off_left_is_gone(tmp_path, first):
    left = lexical_folder(tmp_path, 2)
    left.mkdir(parents=True)
    (left / "half.term").write_text("half")
    (left.parent / "other").write_text("half")
    folder = begin(tmp_path, 2, upon=1)
    assert names(folder) == [".managed.json", "a.term", "meta.json"]
    assert names(folder.parent) == ["lexical"]
    assert hashes(first) == FIRST


def test_a_generation_upon_another_has_its_files_but_no_lock(tmp_path, first):
    folder = begin(tmp_path, 2, upon=1)
    assert names(folder) == [".managed.json", "a.term", "meta.json"]
    assert hashes(folder) == hashes(first) == FIRST


def test_files_that_are_never_written_again_are_linked_and_lists_copied(tmp_path, first):
    folder = begin(tmp_path, 2, upon=1)
    same = {each: (folder / each).samefile(first / each) for each in names(folder)}
    assert same == {".managed.json": False, "a.term": True, "meta.json": False}


def test_writing_to_a_generation_leaves_the_one_before_as_it_was(tmp_path, first):
    folder = begin(tmp_path, 2, upon=1)
    (folder / "meta.json").write_text("three")
    (folder / "a.term").unlink()
    (folder / "b.term").write_text("three")
    assert hashes(first) == FIRST


def test_files_are_copied_where_there_are_no_links(tmp_path, first, monkeypatch):
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    folder = begin(tmp_path, 2, upon=1)
    assert hashes(folder) == FIRST
    assert not (folder / "a.term").samefile(first / "a.term")


def test_a_generation_upon_one_that_is_gone_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        begin(tmp_path, 2, upon=1)


# Hashes.


def test_hashes_are_of_all_files_but_locks(first):
    (first / "empty.pos").write_text("")
    (first / "folder").mkdir()
    assert hashes(first) == {**FIRST, "empty.pos": EMPTY}
    assert list(hashes(first)) == sorted(hashes(first))


def test_a_folder_that_is_not_there_has_no_hashes(tmp_path):
    assert hashes(tmp_path / "gone") == {}


def test_finishing_gives_the_hashes_and_changes_nothing(first):
    before = names(first)
    assert finish(first) == FIRST
    assert names(first) == before


def test_finishing_makes_every_file_and_folder_safe(first, monkeypatch):
    synced = []
    monkeypatch.setattr(generations, "_sync", synced.append)
    finish(first)
    assert sorted(synced) == sorted([*first.iterdir(), first, first.parent, first.parent.parent])


# Problems.


def test_what_is_as_it_was_has_no_problems(first):
    assert problems(first, finish(first)) == []


def test_a_changed_file_is_a_problem(first):
    (first / "a.term").write_text("two")
    assert problems(first, FIRST) == [
        f"the keyword index's file 'a.term' has SHA-256 {TWO}, not {ONE}"
    ]


def test_a_flipped_bit_is_a_problem(first):
    raw = bytearray((first / "a.term").read_bytes())
    raw[1] ^= 1
    (first / "a.term").write_bytes(raw)
    (problem,) = problems(first, FIRST)
    assert problem.startswith("the keyword index's file 'a.term' has SHA-256 ")
    assert problem.endswith(f", not {ONE}")


def test_a_missing_file_is_a_problem(first):
    (first / "meta.json").unlink()
    (problem,) = problems(first, FIRST)
    assert problem.startswith("the keyword index's file 'meta.json' ")
    assert TWO in problem


def test_a_file_too_many_is_a_problem(first):
    (first / "b.term").write_text("one")
    (problem,) = problems(first, FIRST)
    assert problem.startswith("the keyword index's file 'b.term' ")
    assert ONE in problem


def test_each_problem_has_its_sentence_in_order_of_name(first):
    (first / "a.term").write_text("two")
    (first / "b.term").write_text("one")
    (first / "meta.json").unlink()
    found = problems(first, FIRST)
    assert [each.split("'")[2] for each in found] == ["a.term", "b.term", "meta.json"]


def test_all_is_missing_where_the_folder_is(tmp_path):
    assert len(problems(tmp_path / "gone", FIRST)) == 3
    assert problems(tmp_path / "gone", {}) == []


# Dropping.


def test_the_current_generation_and_the_one_before_stay(tmp_path):
    for number in range(1, 7):
        begin(tmp_path, number, upon=None)
    drop_old(tmp_path, 5)
    assert names(tmp_path / "generations") == ["4", "5"]


def test_files_linked_into_what_stays_survive(tmp_path, first):
    begin(tmp_path, 2, upon=1)
    third = begin(tmp_path, 3, upon=2)
    drop_old(tmp_path, 3)
    assert names(tmp_path / "generations") == ["2", "3"]
    assert not first.exists()
    assert hashes(third) == FIRST


def test_dropping_touches_nothing_beside_the_generations(tmp_path):
    begin(tmp_path, 1, upon=None)
    (tmp_path / "library.sqlite").write_text("kept")
    drop_old(tmp_path, 9)
    assert names(tmp_path) == ["generations", "library.sqlite"]
    assert names(tmp_path / "generations") == []


def test_there_may_be_nothing_to_drop(tmp_path):
    drop_old(tmp_path, 1)
    assert names(tmp_path) == []
