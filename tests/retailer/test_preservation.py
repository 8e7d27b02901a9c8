"""The preservation clock."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from portal.retailer.preservation import Clock, clock_of
from portal.submissions.footage import overwritten_on
from portal.submissions.states import YesNoUnknown
from tests.cast import Cast, make_offender


@pytest.mark.parametrize(
    ("days", "tone", "short"),
    [
        (-1, "bad", "Overwritten"),
        (0, "warn", "Today"),
        (1, "warn", "1 day left"),
        (20, "neutral", "20 days left"),
    ],
)
def test_how_loud_it_is(days: int, tone: str, short: str) -> None:
    clock = Clock(date(2026, 11, 30), days)
    assert (clock.tone, clock.short) == (tone, short)


def test_the_day_is_counted_where_the_shop_is(cast: Cast) -> None:
    late_evening = datetime(2026, 7, 1, 23, 30, tzinfo=UTC)  # already 2 July in London
    assert overwritten_on(cast.store, late_evening) == date(2026, 7, 30)


def test_no_clock_where_no_footage_is_kept(cast: Cast) -> None:
    soon = timezone.localdate() + timedelta(days=2)
    kept = make_offender(cast.loss_prevention, cast.campaign, footage_until=soon)
    gone = make_offender(
        cast.loss_prevention, cast.campaign, footage_until=soon, footage_kept=YesNoUnknown.NO
    )
    assert clock_of(kept) == Clock(soon, 2)
    assert clock_of(gone) is None
