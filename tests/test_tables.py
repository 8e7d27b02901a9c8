"""Exported tables: nothing that was typed into a report runs in a spreadsheet."""

import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.tables import csv_text, harmless

DANGEROUS = [
    '=HYPERLINK("http://x")',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =1",
    "＝1",
]


@pytest.mark.parametrize("typed", DANGEROUS)
def test_a_formula_is_text(typed: str) -> None:
    assert harmless(typed) == f"'{typed}"


def test_numbers_and_plain_text_stay() -> None:
    assert [harmless(value) for value in (-3, 1.5, None, "12 High St", "a=b")] == [
        "-3",
        "1.5",
        "",
        "12 High St",
        "a=b",
    ]


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_what_was_typed_comes_back_or_is_text(cells: list[str]) -> None:
    text = csv_text([f"c{n}" for n in range(len(cells))], [cells])
    _, row = list(csv.reader(StringIO(text.lstrip("\N{ZERO WIDTH NO-BREAK SPACE}"), newline="")))
    for typed, found in zip(cells, row, strict=True):
        assert found in (typed, f"'{typed}")
        assert not found.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
