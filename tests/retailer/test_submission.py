"""The board of thirty places."""

import re
from collections.abc import Callable

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.submissions.actions import move_campaign
from portal.submissions.states import MAX_OFFENDERS, CampaignState
from tests.cast import Cast, found_face, make_offender, make_still, search_still, searched_offender
from tests.retailer.conftest import POLL

Read = Callable[..., str]


def test_thirty_places_the_next_one_invites(cast: Cast, read: Read) -> None:
    make_offender(cast.loss_prevention, cast.campaign)
    html = read("submission", cast.campaign.uid)
    assert len(re.findall(r'<li class="place', html)) == MAX_OFFENDERS
    assert "1 of 30 places taken" in html
    assert "Place 2 is the next one" in html
    assert "Needs a still" in html


def test_a_face_stands_for_its_offender(cast: Cast, read: Read) -> None:
    still = searched_offender(cast.loss_prevention, cast.campaign).stills.get()
    url = reverse("retailer:still-image", args=[still.uid])
    assert f'src="{url}?for=board&amp;face={still.chosen_face_id}"' in read("submission", cast.campaign.uid)


def test_a_full_one_offers_no_place(cast: Cast, read: Read) -> None:
    for _ in range(MAX_OFFENDERS):
        make_offender(cast.loss_prevention, cast.campaign)
    html = read("submission", cast.campaign.uid)
    assert "All 30 places are taken." in html
    assert reverse("retailer:offender-add", args=[cast.campaign.uid]) not in html


def test_a_closed_one_only_tells(cast: Cast, read: Read) -> None:
    make_offender(cast.loss_prevention, cast.campaign)
    move_campaign(cast.campaign, CampaignState.CLOSED, by=cast.supervisor)
    html = read("submission", cast.campaign.uid)
    assert "This campaign is closed." in html
    assert reverse("retailer:offender-add", args=[cast.campaign.uid]) not in html


def test_it_follows_the_search_by_itself(cast: Cast, lena: Client) -> None:
    still = make_still(make_offender(cast.loss_prevention, cast.campaign))
    url = reverse("retailer:submission", args=[cast.campaign.uid])
    html = lena.get(url).content.decode()
    assert "Being checked" in html
    found = re.search(r"seen=([0-9a-f]{16})", html)
    assert found
    assert lena.get(url, {"seen": found[1]}, headers=POLL).status_code == 204
    search_still(still)
    response = lena.get(url, {"seen": found[1]}, headers=POLL)
    assert "Searched" in response.content.decode()


def test_queries_do_not_depend_on_rows(cast: Cast, lena: Client) -> None:
    url = reverse("retailer:submission", args=[cast.campaign.uid])

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            lena.get(url)
        return len(captured)

    searched_offender(cast.loss_prevention, cast.campaign)
    lena.get(url)
    few = queries()
    for _ in range(9):
        searched_offender(cast.loss_prevention, cast.campaign)
    assert queries() == few


def test_several_faces_ask_if_it_is_the_right_one(cast: Cast, read: Read) -> None:
    still = make_still(make_offender(cast.loss_prevention, cast.campaign, declared=False))
    search_still(still, [found_face(10, 10)])
    assert "faces were found" not in read("submission", cast.campaign.uid)
    search_still(
        make_still(make_offender(cast.loss_prevention, cast.campaign, declared=False)),
        [found_face(10, 10), found_face(100, 10)],
    )
    assert "2 faces were found" in read("submission", cast.campaign.uid)
