from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from training.material import (
    FILES,
    MATERIAL,
    QUESTIONS,
    Part,
    Translation,
    read_entries,
    read_material,
    read_translations,
)

WHOLE = read_material()
ENTRIES, PARTS = WHOLE.entries, WHOLE.parts


def test_all_entries_are_read_in_order() -> None:
    assert len(ENTRIES) == 1042
    assert [(entry.file, entry.line) for entry in ENTRIES] == [
        (name, line) for name, lines, _ in FILES for line in range(lines)
    ]
    assert len({entry.title for entry in ENTRIES}) == 1042


def test_the_split_is_the_one_that_was_trained_with() -> None:
    assert Counter(PARTS) == {Part.TRAINING: 814, Part.DEVELOPMENT: 106, Part.TEST: 122}
    # Every tenth window of four of the first 902, counted over the files.
    unseen = {(e.file, e.line) for e, p in zip(ENTRIES, PARTS, strict=True) if p != Part.TRAINING}
    assert {line for file, line in unseen if file == "labour"} == {
        *range(28, 32),
        *range(68, 72),
        *range(108, 112),
    }
    assert {("migration-and-policy", 129), ("health-and-advice", 0)} <= unseen
    assert {("situations", line) for line in range(64, 130)} <= unseen
    assert ("situations", 63) not in unseen


def test_every_file_is_in_every_part() -> None:
    for name, _, _ in FILES:
        found = {part for entry, part in zip(ENTRIES, PARTS, strict=True) if entry.file == name}
        assert found == set(Part), name


def test_the_split_stays_as_it_is() -> None:
    development = [ENTRIES[index].title for index in WHOLE.of(Part.DEVELOPMENT)]
    assert development[0] == (
        "The Atypical Working Scheme for Non-EEA Fishers in Ireland: Retrospect and Reform"
    )
    assert development[-1] == (
        "Nowhere Safe to Sleep: Handbook on Homelessness and Exploitation for Councils, "
        "Day Centres and Street Teams in Central European Cities"
    )


def test_siblings_are_on_one_side() -> None:
    # All of a file's last lines are unseen, from line 64 on: groups of four.
    situations = [p for e, p in zip(ENTRIES, PARTS, strict=True) if e.file == "situations"]
    for start in range(64, 128, 4):
        assert len(set(situations[start : start + 4])) == 1, start


def test_an_entry_has_its_questions_and_languages() -> None:
    entry = ENTRIES[0]
    assert tuple(entry.questions) == QUESTIONS
    assert entry.document.startswith(entry.title + ". Printed in Amharic")
    assert set(entry.others) >= {"fr", "es", "ar"}


def test_another_number_of_lines_is_refused(tmp_path: Path) -> None:
    for path in MATERIAL.glob("*.jsonl"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with (tmp_path / "labour.jsonl").open("ab") as file:
        file.write(b"{}\n")
    with pytest.raises(ValueError, match=r"labour\.jsonl has 131 lines, expected 130"):
        read_entries(tmp_path)


def test_an_entry_without_a_field_is_refused(tmp_path: Path) -> None:
    for path in MATERIAL.glob("*.jsonl"):
        text = path.read_text(encoding="utf-8")
        (tmp_path / path.name).write_text(text.replace('"near"', '"nera"', 1), encoding="utf-8")
    with pytest.raises(ValueError, match=r"labour\.jsonl:1: the entry has no near"):
        read_entries(tmp_path)


def _line(**changes: object) -> str:
    row = {"file": "labour", "line": 2, "kind": "document", "language": "de", "text": "Ein Bericht"}
    return json.dumps({**row, **changes})


def test_translations_of_training_entries_are_read(tmp_path: Path) -> None:
    own = read_translations(ENTRIES, PARTS, tmp_path)
    assert {PARTS[each.entry] for each in own} == {Part.TRAINING}
    assert Counter(each.language for each in own)["fr"] == 814
    (tmp_path / "translations").mkdir()
    (tmp_path / "translations" / "de.jsonl").write_text(f"{_line()}\n{_line()}\n", encoding="utf-8")
    more = read_translations(ENTRIES, PARTS, tmp_path)
    assert more[len(own) :] == [Translation(2, "document", "de", "Ein Bericht")]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"line": 28}, "line 28 of labour is not trained on"),
        ({"line": 999}, "999"),
        ({"kind": "keywords"}, "the kind 'keywords' is not known"),
        ({"language": "en"}, "another language than English"),
        ({"text": " "}, "another language than English"),
    ],
)
def test_a_translation_in_another_form_is_refused(
    changes: dict[str, object], message: str, tmp_path: Path
) -> None:
    (tmp_path / "translations").mkdir()
    path = tmp_path / "translations" / "x.jsonl"
    path.write_text(f"{_line()}\n{_line(**changes)}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=rf"x\.jsonl:2: .*{message}"):
        read_translations(ENTRIES, PARTS, tmp_path)


def test_what_is_in_the_folder_can_be_read() -> None:
    assert len(WHOLE.translations) >= 3 * 814
    assert all(PARTS[each.entry] is Part.TRAINING for each in WHOLE.translations)
    assert WHOLE.training == [i for i in range(1042) if PARTS[i] == Part.TRAINING]
