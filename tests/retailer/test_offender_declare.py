"""Sending a draft: the declaration starts the search."""

from django.test import Client
from django.urls import reverse

from portal import work
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.submissions.actions import declare_offender, move_campaign
from portal.submissions.models import Still
from portal.submissions.states import CampaignState
from portal.work import WorkState
from tests.cast import Cast, make_offender, make_still, search_still


def test_the_declaration_queues_the_stills_for_searching(cast: Cast, lena: Client) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign, declared=False)
    still = make_still(offender)
    assert search_still(still) is None  # a face was found, nothing was searched
    response = lena.post(reverse("retailer:offender-declare", args=[offender.uid]), {"declared": "on"})
    assert response.status_code == 302
    offender.refresh_from_db()
    assert offender.declared_by == cast.loss_prevention
    assert search_still(still) is not None
    assert Entry.objects.filter(tag=Tag.OFFENDER_DECLARED).count() == 1


def test_a_still_a_worker_is_looking_at_is_searched_too(cast: Cast) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign, declared=False)
    still = make_still(offender)
    before = work.claim(Still, still.pk)
    assert before is not None
    declare_offender(offender, by=cast.loss_prevention)
    assert work.settle(before) is False  # it read the still before the declaration
    assert search_still(still) is not None
    still.refresh_from_db()
    assert still.work_state == WorkState.DONE


def test_without_the_tick_nothing_is_sent(cast: Cast, lena: Client) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign, declared=False)
    html = lena.post(reverse("retailer:offender-declare", args=[offender.uid]), {}).content.decode()
    assert "Make the declaration" in html
    offender.refresh_from_db()
    assert offender.declared_at is None


def test_not_after_closing(cast: Cast, lena: Client) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign, declared=False)
    move_campaign(cast.campaign, CampaignState.CLOSED, by=cast.supervisor)
    url = reverse("retailer:offender-declare", args=[offender.uid])
    assert "This campaign is closed" in lena.post(url, {"declared": "on"}).content.decode()
