from __future__ import annotations

import json
from pathlib import Path

import pytest

from training.general import QUESTIONS, read_general
from training.material import MATERIAL

ROW = {
    "title": "Tidal bores",
    "abstract": "Where they form.",
    "question": "Why do tidal bores form?",
    "plain": "why does the river run backwards",
    "keywords": "tidal bore",
    "near": "Which boats ride tidal bores?",
    "near_plain": "can i surf the wave in the river",
}


def _write(folder: Path, *rows: object) -> Path:
    (folder / "general").mkdir()
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "general" / "rivers.jsonl").write_text(text, encoding="utf-8")
    return folder


def test_documents_questions_and_definitions_are_read_in_order(tmp_path: Path) -> None:
    general = read_general(_write(tmp_path, ROW, {"gloss": "bore: a high wave"}))
    assert general.texts == {
        "question": ["Why do tidal bores form?"],
        "plain": ["why does the river run backwards"],
        "keywords": ["tidal bore"],
        "document": ["Tidal bores. Where they form."],
        "gloss": ["bore: a high wave"],
    }


def test_a_line_that_lacks_a_field_is_named(tmp_path: Path) -> None:
    folder = _write(tmp_path, ROW, {key: text for key, text in ROW.items() if key != "plain"})
    with pytest.raises(ValueError, match=r"rivers\.jsonl:2: .*plain"):
        read_general(folder)


def test_a_folder_without_such_texts_has_none(tmp_path: Path) -> None:
    assert not any(read_general(tmp_path).texts.values())


def test_the_material_covers_many_fields() -> None:
    texts = read_general(MATERIAL).texts
    assert len(texts["gloss"]) == 6000
    assert len(texts["document"]) > 1000
    for kind in QUESTIONS:
        assert len(texts[kind]) == len(texts["document"]), kind
    for kind, of_kind in texts.items():
        assert len(set(of_kind)) > 0.98 * len(of_kind), kind
        assert all(text.strip() for text in of_kind), kind
