"""Discarding a draft: gone with its stills, and its place is free; what was sent stays."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks

from portal import storage
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.submissions.actions import move_campaign
from portal.submissions.models import Offender
from portal.submissions.states import CampaignState
from tests.cast import Cast, make_offender, make_still, search_still


def test_a_draft_goes_with_its_stills_and_files(
    cast: Cast, lena: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign, declared=False)
    still = make_still(offender)
    search_still(still)
    url = reverse("retailer:offender-discard", args=[offender.uid])
    assert "Discard the draft" in lena.get(url).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        html = lena.post(url, follow=True).content.decode()
    assert "Place 1 is free" in html
    assert not Offender.objects.exists()
    for place, key in ((storage.originals(), still.original_key), (storage.stills(), still.copy_key)):
        assert not place.exists(key)
    entry = Entry.objects.get(tag=Tag.OFFENDER_ERASED)
    assert (entry.subject_id, entry.details) == (str(offender.uid), {"stills": 1})


@pytest.mark.parametrize("closed", [True, False])
def test_what_was_sent_or_is_closed_stays(cast: Cast, lena: Client, closed: bool) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign, declared=not closed)
    if closed:
        move_campaign(cast.campaign, CampaignState.CLOSED, by=cast.supervisor)
    url = reverse("retailer:offender-discard", args=[offender.uid])
    html = lena.post(url, follow=True).content.decode()
    assert ("This campaign is closed" if closed else "cannot be discarded") in html
    assert Offender.objects.filter(pk=offender.pk).exists()
