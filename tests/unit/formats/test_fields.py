from __future__ import annotations

from pathlib import Path

import pytest

from embedder.errors import SourceError
from embedder.formats.fields import check, name_in_order, year_in


@pytest.mark.parametrize(
    ("date", "year"),
    [
        ("2014", 2014),
        ("2014.0", 2014),
        ("2014/05/12/", 2014),
        ("2014-05-12T00:00", 2014),
        ("12 May 2014", 2014),
        ("1000", 1000),
        ("2999", 2999),
        ("2010-2014", 2010),
        ("c2014", 2014),
        ("in press", None),
        ("n.d.", None),
        ("", None),
    ],
)
def test_a_date_has_a_year(date: str, year: int | None) -> None:
    assert year_in(date) == year


@pytest.mark.parametrize("date", ["14", "May 14", "20140512", "999", "3000", "٢٠١٤"])
def test_a_date_without_a_year_is_refused(date: str) -> None:
    with pytest.raises(ValueError, match="four digits, from 1000 to 2999; correct it or remove it"):
        year_in(date)


@pytest.mark.parametrize(
    ("name", "in_order"),
    [
        ("Surtees, Rebecca", "Rebecca Surtees"),
        ("Surtees,Rebecca ", "Rebecca Surtees"),
        ("von Hagen, Markéta", "Markéta von Hagen"),
        ("King, Martin L., Jr.", "Martin L. King Jr."),
        ("Rebecca Surtees", "Rebecca Surtees"),
        ("World Health Organization,", "World Health Organization"),
        ("Ministry of Labour,, Beirut", "Ministry of Labour, Beirut"),
        ("Labour, Health, Education, and Pensions", "Labour, Health, Education, and Pensions"),
        (",", ""),
        ("", ""),
    ],
)
def test_a_name_is_put_in_order(name: str, in_order: str) -> None:
    assert name_in_order(name) == in_order


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(SourceError) as caught:
        check(Path("a.csv"), 7, {"titel": "a"})
    assert caught.value.message == "a.csv:7: titel: Extra inputs are not permitted"
