"""Checks for tests: prepared and in the queue as they would be after a worker, by vectors not pictures."""

from itertools import count
from typing import Any

from django.db import transaction

from portal import work
from portal.accounts.models import Organisation
from portal.assurance.actions import enter_check, prepare_check
from portal.assurance.cover import Subject
from portal.assurance.models import Check
from portal.assurance.states import Origin
from portal.gallery.actions import enrol
from portal.gallery.models import CustodyImage
from portal.reviews.models import Decision
from portal.submissions.models import Campaign
from tests.cast import ENGINE, decision_on, found_face, picture, search_still, unit_vector

_numbers = count(5000)


def make_check(force: Organisation, *, person: int, present: bool = True) -> Check:
    """A prepared check; the planted image (picture of noise) is enrolled as unit_vector(person)."""
    number = next(_numbers)
    custody = picture(number + 100_000) if present else None
    with transaction.atomic():  # a worker that is up must not be quicker
        check = prepare_check(
            force, Subject(Origin.SYNTHETIC, str(number), picture(number), custody, 30, "Male")
        )
        for image in CustodyImage.objects.filter(subject__only_for=check.offender_uid):
            held = work.claim(CustodyImage, image.pk)
            assert held is not None
            enrol(held, found_face(), unit_vector(person), ENGINE)
    return check


def queued_check(campaign: Campaign, *, person: int, present: bool = True, **found: Any) -> Decision:
    """A check in the queue, its still searched as unit_vector(person)."""
    check = make_check(campaign.force, person=person, present=present)
    with transaction.atomic():
        offender = enter_check(check, campaign, percent=5.0)
        search_still(offender.stills.get(), person=person, **found)
    return decision_on(offender)
