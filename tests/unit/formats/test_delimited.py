from __future__ import annotations

import pytest

from embedder.formats.delimited import join, split


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ((), ""),
        (("Lebanon",), "Lebanon"),
        (("Lebanon", "Viet Nam"), "Lebanon; Viet Nam"),
        (("a;b", "c"), r"a\;b; c"),
        (("a\\", "b"), r"a\\; b"),
        ((";", "\\;", "\\\\"), r"\;; \\\;; \\\\"),
        (("a, b", '"c"'), 'a, b; "c"'),
    ],
)
def test_values_are_joined_and_split(values: tuple[str, ...], text: str) -> None:
    assert join(values) == text
    assert split(text) == values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a;b", ("a", "b")),
        (" a ;  b ;; ", ("a", "b")),
        (";", ()),
        (" ", ()),
        ("C:\\temp; D:\\", ("C:\\temp", "D:\\")),
        ("a, b", ("a, b",)),
    ],
)
def test_lists_of_other_programs_are_split(text: str, values: tuple[str, ...]) -> None:
    assert split(text) == values
