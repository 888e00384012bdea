"""Prompts and pooling of well-known families of models, for folders that do not say them.

Most sentence-transformers folders name their prompts and their pooling; older ones, and plain
transformers folders, leave that to the model's card. Without its prompts a model finds less, and
with another pooling nothing at all. What a folder says goes before what stands here.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

_REPRESENT = "Represent this sentence for searching relevant passages: "
_INSTRUCT = (
    "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: "
)


@dataclass(frozen=True, slots=True)
class Family:
    """A family of models, whose names `pattern` matches, and what their cards say.

    `query` and `document` are the prompts, empty where there are none; `pooling` is how token
    vectors become a text's.
    """

    name: str
    pattern: re.Pattern[str]
    query: str
    document: str
    pooling: Literal["mean", "cls"]


def _family(
    name: str, pattern: str, query: str, document: str, pooling: Literal["mean", "cls"]
) -> Family:
    return Family(name, re.compile(pattern, re.IGNORECASE), query, document, pooling)


# The first that matches counts. From the models' cards on the hub.
FAMILIES = (
    _family("E5, instructed", r"\be5-[\w-]*instruct", _INSTRUCT, "", "mean"),
    _family("E5", r"\b(multilingual-)?e5-(small|base|large)", "query: ", "passage: ", "mean"),
    _family("BGE, English", r"\bbge-(small|base|large)-en", _REPRESENT, "", "cls"),
    _family(
        "BGE, Chinese",
        r"\bbge-(small|base|large)-zh",
        "为这个句子生成表示以用于检索相关文章：",
        "",
        "cls",
    ),
    _family("BGE-M3", r"\bbge-m3\b", "", "", "cls"),
    _family("GTE", r"\bgte-(small|base|large)$", "", "", "mean"),
    _family("GTE, ModernBERT", r"\bgte-modernbert", "", "", "cls"),
    _family("Arctic, 2.0", r"\barctic-embed-\w+-v2", "query: ", "", "cls"),
    _family("Arctic", r"\barctic-embed-(xs|s|m|l)", _REPRESENT, "", "cls"),
    _family("Granite", r"\bgranite-embedding", "", "", "cls"),
    _family("LEAF", r"\bmdbr-leaf-(ir|mt)", _REPRESENT, "", "mean"),
)


def family_of(name: str, folder: Path) -> Family | None:
    """Return the family of a model, None for an unknown one.

    It is recognised by the name that it was asked for, by its folder's, or by the name that its
    configuration gives it; of a path by the last part alone.
    """
    names = (Path(name).name, folder.name, _configured_name(folder))
    return next(
        (family for family in FAMILIES for each in names if family.pattern.search(each)), None
    )


def _configured_name(folder: Path) -> str:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(config.get("_name_or_path", "")) if isinstance(config, dict) else ""
