"""Which entries the encoder did not see, and how they are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.kept_out import SPLIT, is_kept_out, kept_out_entries
from embedder.errors import SourceError
from tests.conftest import write_jsonl
from tests.unit.benchmarks.conftest import an_entry, write_entries

# How many lines the files have.
SIZES = {**dict.fromkeys(SPLIT, 130), "siblings": 132}


def test_four_neighbours_of_every_forty_are_kept_out() -> None:
    assert [number for number in range(100) if is_kept_out(number)] == [
        *range(28, 32),
        *range(68, 72),
    ]
    assert sum(map(is_kept_out, range(sum(SPLIT.values())))) == 902 - 814


def test_entries_are_numbered_over_all_files(tmp_path: Path) -> None:
    write_entries(tmp_path, SIZES)
    entries = kept_out_entries(tmp_path)
    assert len(entries) == 88 + 14 + 20 + 66 + 40
    ids = [entry.id for entry in entries]
    assert len(set(ids)) == len(ids)
    # 28 to 31, 68 to 71 and 108 to 111 from 0 are of the first file; 148 is of the second, whose
    # first is 130.
    assert ids[:12] == [
        f"labour-{line}" for line in (*range(29, 33), *range(69, 73), *range(109, 113))
    ]
    assert ids[12] == "children-and-violence-19"
    assert entries[12].title == "Guide to children-and-violence-19"


def test_lines_that_came_later_are_all_kept_out(tmp_path: Path) -> None:
    write_entries(tmp_path, SIZES)
    ids = {entry.id for entry in kept_out_entries(tmp_path)}
    assert {f"situations-{line}" for line in range(65, 131)} <= ids
    assert {f"overviews-{line}" for line in range(91, 131)} <= ids
    assert "overviews-90" not in ids


def test_an_entry_has_questions_by_kind_and_by_language(tmp_path: Path) -> None:
    write_entries(tmp_path, SPLIT)
    last = an_entry("toads", more={"pt": "Onde vivem?", "so": "Xaggee?"})
    write_jsonl(tmp_path / "overviews.jsonl", *[an_entry("x")] * 90, last)
    entry = kept_out_entries(tmp_path)[-1]
    assert (entry.id, entry.title) == ("overviews-91", "Guide to toads")
    assert list(entry.questions) == ["practitioner", "plain", "situation", "keywords"]
    assert entry.questions["plain"] == "where do toads live"
    assert list(entry.in_other_languages) == ["fr", "es", "ar", "pt", "so"]
    assert entry.in_other_languages["so"] == "Xaggee?"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"labour\.jsonl"):
        kept_out_entries(tmp_path)


@pytest.mark.parametrize("line", ["no JSON", '{"title": "A title"}', "[]"])
def test_a_line_of_another_form_is_an_error_with_its_number(tmp_path: Path, line: str) -> None:
    write_entries(tmp_path, SPLIT)
    path = tmp_path / "overviews.jsonl"
    path.write_text(path.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
    with pytest.raises(SourceError, match=r"overviews\.jsonl:91: expected a JSON object"):
        kept_out_entries(tmp_path)
