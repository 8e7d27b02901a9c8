"""Pages of lists too long to be counted for every look at them."""

from functools import cached_property
from typing import Any

from django.core.paginator import EmptyPage, Page, PageNotAnInteger, Paginator


class KnownCount(Paginator):
    """Pages of a list whose length is known already."""

    def __init__(self, *args: Any, known: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known = known

    @cached_property
    def count(self) -> int:
        """As counted."""
        return self.known


class LookAhead(Paginator):
    """Pages of a list that is not counted: reading one says whether another follows.

    `count` and `num_pages` then go as far as is known, and `more` says that there is more than that.
    """

    more = False

    def page(self, number: int | str) -> Page:
        """The rows of a page, read at once. Raises EmptyPage past the end, PageNotAnInteger."""
        wanted = self._whole(number)
        first = (wanted - 1) * self.per_page
        rows = list(self.object_list[first : first + self.per_page + 1])
        if not rows and wanted > 1:
            raise EmptyPage("The list is not that long.")
        self.more = len(rows) > self.per_page
        self.count = first + len(rows)
        return Page(rows[: self.per_page], wanted, self)

    @staticmethod
    def _whole(number: int | str) -> int:
        try:
            return max(1, int(number))
        except ValueError:
            raise PageNotAnInteger("Not the number of a page.") from None

    def get_page(self, number: int | float | str | None) -> Page:
        """The page asked for; the first for no number; past the end the last, counted for once."""
        try:
            return self.page(str(number or 1))
        except PageNotAnInteger:
            return self.page(1)
        except EmptyPage:
            length = Paginator(self.object_list, self.per_page)
            return self.page(length.num_pages)
