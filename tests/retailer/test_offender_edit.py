"""Changing a report."""

from django.test import Client
from django.urls import reverse

from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.submissions.actions import move_campaign
from portal.submissions.states import CampaignState
from tests.cast import Cast, make_offender


def test_what_was_typed_stands_in_the_form_and_is_changed(cast: Cast, lena: Client) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign, goods="spirits", hair="short, brown")
    url = reverse("retailer:offender-edit", args=[offender.uid])
    html = lena.get(url).content.decode()
    assert 'value="spirits"' in html
    assert "short, brown" in html
    data = {"store": cast.second_store.pk, "offence": "robbery", "goods": "coats", "hair": "short, brown"}
    response = lena.post(url, data)
    assert response.status_code == 302
    offender.refresh_from_db()
    assert (offender.goods, offender.offence, offender.store) == ("coats", "robbery", cast.second_store)


def test_the_log_names_what_changed_and_not_the_values(cast: Cast, lena: Client) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign, started_at=None, ended_at=None)
    url = reverse("retailer:offender-edit", args=[offender.uid])
    lena.post(url, {"store": cast.store.pk, "offence": "theft", "goods": "SECRET-GOODS"})
    entry = Entry.objects.get(tag=Tag.OFFENDER_CHANGED)
    assert entry.details == {"fields": ["goods"]}


def test_a_mistake_keeps_everything_typed(cast: Cast, lena: Client) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign)
    url = reverse("retailer:offender-edit", args=[offender.uid])
    html = lena.post(url, {"store": "", "offence": "theft", "goods": "typed"}).content.decode()
    assert "Choose the store." in html
    assert 'value="typed"' in html


def test_not_after_closing(cast: Cast, lena: Client) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign)
    move_campaign(cast.campaign, CampaignState.CLOSED, by=cast.supervisor)
    url = reverse("retailer:offender-edit", args=[offender.uid])
    html = lena.post(url, {"store": cast.store.pk, "offence": "theft", "goods": "late"}).content.decode()
    assert "This campaign is closed" in html
    offender.refresh_from_db()
    assert offender.goods == ""
