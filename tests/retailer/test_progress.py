"""What the status says beyond its name: late is late, looked at again, linked, waiting for the retailer."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from portal.questions.states import Kind
from portal.reviews.reopening import reopen_decision
from portal.reviews.states import Outcome
from portal.submissions.models import Offender
from tests.cases.acting import link, look_alikes
from tests.cast import Cast, decide, make_gallery, searched_offender
from tests.questions.asking import make_question

Read = Callable[..., str]


@pytest.mark.parametrize(
    ("days_ago", "said"),
    [
        (2, "The police want to tell you an outcome by"),
        (8, "3 days ago. It is still in hand."),
        (6, "1 day ago"),
    ],
)
def test_late_is_said(cast: Cast, read: Read, days_ago: int, said: str) -> None:
    offender = searched_offender(cast.loss_prevention, cast.campaign)
    Offender.objects.update(declared_at=timezone.now() - timedelta(days=days_ago))
    html = read("offender", offender.uid)
    assert said in html
    assert ("<strong>Late.</strong>" in html) == (days_ago > cast.campaign.target_days)


def test_a_late_outcome_is_said_to_be_late(cast: Cast, read: Read) -> None:
    offender = searched_offender(cast.loss_prevention, cast.campaign)
    Offender.objects.update(declared_at=timezone.now() - timedelta(days=7))
    decide(offender, Outcome.UNSUITABLE, cast)
    assert "The outcome came 2 days after the target" in read("offender", offender.uid)


def test_looked_at_again_has_a_target_of_its_own(cast: Cast, read: Read) -> None:
    make_gallery(cast.force, 2)
    offender = searched_offender(cast.loss_prevention, cast.campaign)
    Offender.objects.update(declared_at=timezone.now() - timedelta(days=30))
    decision = decide(offender, Outcome.NO_MATCH, cast)
    reopen_decision(decision, reason="A better still came", by=cast.supervisor)
    html = read("offender", offender.uid)
    assert "<strong>Being looked at again</strong>" in html
    assert "<strong>Late.</strong>" not in html
    assert "A better still came" not in html


def test_linked_and_no_more(cast: Cast, read: Read) -> None:
    mine, theirs = look_alikes(cast)
    assert "Linked to other reports" not in read("offender", mine.uid)
    link(mine, theirs, cast)
    html = read("offender", mine.uid)
    assert "Linked to other reports" in html
    assert cast.other_retailer.name not in html
    assert str(theirs.uid) not in html


def test_the_board_says_what_waits(cast: Cast, read: Read) -> None:
    offender = searched_offender(cast.loss_prevention, cast.campaign)
    make_question(offender, cast.supervisor, Kind.STATEMENT)
    assert "Waiting for you: a statement" in read("submission", cast.campaign.uid)
