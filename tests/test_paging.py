"""Lists that are not counted: every row is on exactly one page, and the last says how many there were."""

import pytest

from portal.paging import LookAhead


@pytest.mark.parametrize("length", [0, 1, 9, 10, 11, 20, 21])
def test_every_row_is_on_one_page(length: int) -> None:
    seen: list[int] = []
    number = 1
    while True:
        pages = LookAhead(range(length), 10)
        page = pages.get_page(number)
        seen += page.object_list
        assert pages.more == page.has_next()
        if not page.has_next():
            break
        number = page.next_page_number()
    assert seen == list(range(length))
    assert pages.count == length


@pytest.mark.parametrize(
    ("asked", "first"), [(None, 0), ("", 0), ("x", 0), ("-3", 0), ("2", 10), ("3", 20), ("999", 20)]
)
def test_whatever_the_address_says(asked: str | None, first: int) -> None:
    assert LookAhead(range(25), 10).get_page(asked).object_list[0] == first
