"""Choosing the face, or drawing a box, with plain forms."""

import pytest
from django.test import Client
from django.urls import reverse

from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.submissions.actions import move_campaign
from portal.submissions.models import Still
from portal.submissions.states import CampaignState, FaceChoice
from portal.work import WorkState
from tests.cast import Cast, found_face, make_offender, make_still, search_still
from tests.retailer.conftest import POLL


@pytest.fixture
def still(cast: Cast) -> Still:
    made = make_still(make_offender(cast.loss_prevention, cast.campaign))
    search_still(made, [found_face(10, 10), found_face(100, 10), found_face(200, 10)])
    made.refresh_from_db()
    return made


@pytest.fixture
def url(still: Still) -> str:
    return reverse("retailer:still-face", args=[still.uid])


def test_every_face_has_its_number_and_button(still: Still, url: str, lena: Client) -> None:
    html = lena.get(url).content.decode()
    assert html.count("<rect") == 4  # three faces and the box that is drawn
    assert [f"Choose face {n}" in html for n in (1, 2, 3)] == [False, True, True]
    assert "?for=choosing" in html


def test_choosing_another_face_searches_it(still: Still, url: str, lena: Client) -> None:
    other = still.faces.get(position=1)
    response = lena.post(url, {"face": other.uid})
    assert response.status_code == 302
    still.refresh_from_db()
    assert (still.chosen_face, still.chosen_how) == (other, FaceChoice.PERSON)
    assert still.work_state == WorkState.QUEUED
    entry = Entry.objects.get(tag=Tag.FACE_CHOSEN)
    assert entry.details == {"face": str(other.uid)}


@pytest.mark.parametrize("face", ["6d7f3c1e-0000-4000-8000-000000000000", "not-a-uuid", ""])
def test_a_face_that_is_not_there(still: Still, url: str, lena: Client, face: object) -> None:
    html = lena.post(url, {"face": face}).content.decode()
    assert "This face is not there any more." in html
    still.refresh_from_db()
    assert still.work_state == WorkState.DONE


def test_a_box_is_looked_into(still: Still, url: str, lena: Client) -> None:
    response = lena.post(url, {"x": "-5", "y": "20", "w": "60", "h": "4000"})
    assert response.status_code == 302
    still.refresh_from_db()
    assert still.region == {"x": 0.0, "y": 20.0, "w": 60.0, "h": still.height - 20.0}
    assert still.chosen_how == FaceChoice.DRAWN
    assert still.work_state == WorkState.QUEUED


@pytest.mark.parametrize(
    ("box", "message"),
    [
        ({"x": "1", "y": "1", "w": "5", "h": "50"}, "at least 12 pixels"),
        ({"x": "5000", "y": "1", "w": "50", "h": "50"}, "inside the picture"),
        ({"x": "", "y": "1", "w": "50", "h": "50"}, "Enter from the left, in pixels."),
        ({"x": "nan", "y": "1", "w": "50", "h": "50"}, "Enter a number."),
    ],
)
def test_a_box_that_holds_no_face(
    still: Still, url: str, lena: Client, box: dict[str, str], message: str
) -> None:
    assert message in lena.post(url, box).content.decode()
    still.refresh_from_db()
    assert still.region is None


def test_while_it_is_being_checked_it_is_busy(still: Still, url: str, lena: Client) -> None:
    lena.post(url, {"face": still.faces.get(position=1).uid})
    html = lena.post(url, {"face": still.faces.get(position=2).uid}).content.decode()
    assert "being checked right now" in html


def test_not_after_closing(cast: Cast, still: Still, url: str, lena: Client) -> None:
    move_campaign(cast.campaign, CampaignState.CLOSED, by=cast.supervisor)
    html = lena.post(url, {"face": still.faces.get(position=1).uid}).content.decode()
    assert "This campaign is closed" in html
    assert "Choose face" not in html
    still.refresh_from_db()
    assert still.work_state == WorkState.DONE


def test_the_result_shows_in_place(still: Still, url: str, lena: Client) -> None:
    html = lena.post(url, {"x": "20", "y": "20", "w": "60", "h": "60"}, follow=True).content.decode()
    assert "Looking for the face" in html
    assert "Look for the face in this box" not in html  # not while it is being looked for
    assert "HX-Refresh" not in lena.get(url, headers=POLL).headers
    search_still(still, [])
    assert lena.get(url, headers=POLL)["HX-Refresh"] == "true"
    html = lena.get(url).content.decode()
    assert "No face was found." in html
    assert "Look for the face in this box" in html
