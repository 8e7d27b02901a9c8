"""The preservation clock: stores overwrite their footage, and then the best evidence is gone."""

from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from portal.submissions.models import Offender
from portal.submissions.states import YesNoUnknown

SOON_DAYS = 7


@dataclass(frozen=True)
class Clock:
    """When an offender's footage is overwritten, and how many days are left (negative: it is gone)."""

    until: date
    days_left: int

    @property
    def tone(self) -> str:
        """How loudly a page says it."""
        if self.days_left < 0:
            return "bad"
        return "warn" if self.days_left <= SOON_DAYS else "neutral"

    @property
    def text(self) -> str:
        """The clock in words."""
        if self.days_left < 0:
            return "Footage overwritten"
        if self.days_left == 0:
            return "Footage is overwritten today"
        return f"{self.short} to keep the footage"

    @property
    def countdown(self) -> str:
        """The clock for a card: "footage overwritten in 6 days"."""
        if self.days_left < 0:
            return "footage overwritten"
        if self.days_left == 0:
            return "footage overwritten today"
        return f"footage overwritten in {self.days_left} day{'s' if self.days_left != 1 else ''}"

    @property
    def short(self) -> str:
        """The clock in a word or two, for lists."""
        if self.days_left < 0:
            return "Overwritten"
        return f"{self.days_left} day{'s' if self.days_left != 1 else ''} left" if self.days_left else "Today"


def clock_of(offender: Offender) -> Clock | None:
    """The clock of an offender; None where no footage is kept or no day is known."""
    if offender.footage_until is None or offender.footage_kept == YesNoUnknown.NO:
        return None
    return Clock(offender.footage_until, (offender.footage_until - timezone.localdate()).days)
