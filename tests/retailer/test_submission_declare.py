"""Sending all that is ready with one declaration."""

from collections.abc import Callable
from typing import Any

from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.submissions.actions import move_campaign
from portal.submissions.models import Offender
from portal.submissions.states import CampaignState
from tests.cast import Cast, client_of, found_face, make_offender, make_still, search_still

Read = Callable[..., str]


def ready(cast: Cast, **fields: Any) -> Offender:
    offender = make_offender(cast.loss_prevention, cast.campaign, declared=False, **fields)
    make_still(offender)
    return offender


def send(client: Client, cast: Cast, *offenders: Offender, **fields: str) -> str:
    url = reverse("retailer:submission-declare", args=[cast.campaign.uid])
    data = {"offender": [str(one.uid) for one in offenders], "declared": "on", **fields}
    return client.post(url, data, follow=True).content.decode()


def declared() -> set[int]:
    return set(Offender.objects.exclude(declared_at=None).values_list("pk", flat=True))


def test_what_is_ready_and_what_the_others_lack(cast: Cast, read: Read) -> None:
    ready(cast)
    make_offender(cast.loss_prevention, cast.campaign, declared=False, offence="", store=None)
    make_offender(cast.loss_prevention, cast.campaign)
    make_offender(cast.neighbour, cast.campaign, declared=False)
    html = read("submission-declare", cast.campaign.uid)
    assert "Ready: 1" in html
    assert "Not ready yet: 1" in html
    for text in ("Choose the store.", "Choose the offence.", "Add a still in which"):
        assert text in html


def test_what_waits_in_the_tray_is_not_ready_and_leads_to_the_board(cast: Cast, read: Read) -> None:
    Offender.objects.filter(pk=ready(cast).pk).update(rank=None)
    html = read("submission-declare", cast.campaign.uid)
    assert "Not ready yet: 1" in html
    board = reverse("retailer:submission", args=[cast.campaign.uid])
    assert f'<a href="{board}">Give this offender one of the places 1 to 30 first' in html


def test_without_the_declaration_it_says_that_nothing_was_sent(cast: Cast, lena: Client) -> None:
    assert "Nothing was sent yet." in send(lena, cast, ready(cast), declared="")
    assert declared() == set()


def test_one_declaration_sends_what_was_ticked(cast: Cast, lena: Client) -> None:
    first, second, third = ready(cast), ready(cast), ready(cast)
    assert "2 reports were sent" in send(lena, cast, first, third)
    assert declared() == {first.pk, third.pk}
    assert Entry.objects.filter(tag=Tag.OFFENDER_DECLARED).count() == 2
    assert second.pk not in declared()


def test_what_is_incomplete_or_anothers_is_never_sent(cast: Cast, lena: Client) -> None:
    lacking = make_offender(cast.loss_prevention, cast.campaign, declared=False)
    foreign = make_offender(cast.neighbour, cast.campaign, declared=False)
    make_still(foreign)
    ready(cast)
    assert "Choose at least one report" in send(lena, cast, lacking, foreign)
    assert declared() == set()


def test_without_the_declaration_nothing_is_sent(cast: Cast, lena: Client) -> None:
    assert "Make the declaration" in send(lena, cast, ready(cast), declared="")
    assert declared() == set()


def test_a_poor_still_is_named_and_may_be_sent_anyway(cast: Cast, lena: Client, read: Read) -> None:
    offender = ready(cast)
    search_still(offender.stills.get(), [found_face(w=18)])
    html = read("submission-declare", cast.campaign.uid)
    assert "may not help" in html
    assert "You may send it anyway" in html
    assert "1 report was sent" in send(lena, cast, offender)
    assert offender.stills.get().sent_anyway_by == cast.loss_prevention


def test_looking_for_names_is_recorded_with_the_sending(cast: Cast, lena: Client, read: Read) -> None:
    offender = ready(cast, method="aka smiler")
    assert "“smiler” may be a name" in read("submission-declare", cast.campaign.uid)
    send(lena, cast, offender, no_names="on")
    assert Entry.objects.filter(tag=Tag.NAMES_CHECKED).count() == 1


def test_a_closed_campaign_sends_nothing(cast: Cast, lena: Client, read: Read) -> None:
    offender = ready(cast)
    move_campaign(cast.campaign, CampaignState.CLOSED, by=cast.supervisor)
    assert "closed, so nothing can be sent" in read("submission-declare", cast.campaign.uid)
    assert "This campaign is closed" in send(lena, cast, offender)
    assert declared() == set()


def test_the_number_of_queries_does_not_grow(
    cast: Cast, read: Read, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    ready(cast)
    with django_assert_max_num_queries(20) as few:
        read("submission-declare", cast.campaign.uid)
    for _ in range(4):
        ready(cast)
    with django_assert_max_num_queries(len(few.captured_queries)):
        read("submission-declare", cast.campaign.uid)


def test_a_stranger_finds_nothing(cast: Cast) -> None:
    url = reverse("retailer:submission-declare", args=[cast.campaign.uid])
    assert client_of(cast.stranger).get(url).status_code == 404
