"""What is somebody else's answers like what does not exist; other roles and strangers stay out."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from portal.accounts.access import Audience
from portal.accounts.roles import RETAILER_ROLES
from portal.retailer.urls import urlpatterns
from portal.submissions.bulk.actions import take_table
from portal.submissions.models import Offender, Still
from tests.cast import Cast, client_of, make_offender, make_still

OF_CAMPAIGN = (
    "submission",
    "receipt",
    "offender-add",
    "submission-declare",
    "receipt-pdf",
    "bulk",
    "bulk-template",
)
# Walked for every role and tenant by tests/test_access.py.
WALKED = (
    "board-dismiss", "board-drop", "board-merge", "board-place-all", "dashboard-export", "offender-place",
    "guesses", "refused-dismiss", "still-send-anyway", "still-split", "upload", "upload-begin",
    "uploads-found",
)  # fmt: skip
OF_BULK = ("bulk-result", "bulk-rest")
OF_OFFENDER = (
    "offender", "offender-edit", "offender-step", "offender-save", "offender-declare", "offender-discard",
    "still-add",
)  # fmt: skip
OF_STILL = ("still-face", "still-image")
ALL = OF_CAMPAIGN + OF_BULK + OF_OFFENDER + OF_STILL
FURTHER = {"offender-step": ("evidence",), "bulk-template": ("csv",), "bulk-rest": ("csv",)}
READ_ONLY = ("bulk-result", "bulk-rest", "offender", "offender-edit", "still-image")
POST_ONLY = ("offender-save",)
TABLE = b"Store,Start of the incident,Offence\nx,y,z"
VARYING = {"X-Request-ID", "Set-Cookie"}


@pytest.fixture
def theirs(cast: Cast) -> Callable[[str], object]:
    """The identifier that a route of ours would need for the neighbour's object."""
    offender = make_offender(cast.neighbour, cast.campaign)
    still = make_still(offender)

    def uid(name: str) -> object:
        if name in OF_STILL:
            return Still.objects.get(pk=still.pk).uid
        if name in OF_BULK:
            return take_table(offender.submission, TABLE, "t.csv", None, by=cast.neighbour).uid
        return Offender.objects.get(pk=offender.pk).uid if name in OF_OFFENDER else cast.campaign.uid

    return uid


def answer(client: Client, method: str, name: str, uid: object) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body, with the asked identifier taken out of it."""
    further = FURTHER.get(name, ())
    response = getattr(client, method)(reverse(f"retailer:{name}", args=[uid, *further]))
    assert isinstance(response, HttpResponse)
    headers = {key: value for key, value in response.headers.items() if key not in VARYING}
    return response.status_code, headers, response.content.replace(str(uid).encode(), b"UID")


def test_no_route_is_forgotten_here() -> None:
    elsewhere = {"question", *WALKED}
    assert {pattern.name for pattern in urlpatterns} == {
        "dashboard",
        "campaigns",
        "questions",
        "notifications",
        *ALL,
        *elsewhere,
    }


@pytest.mark.parametrize("method", ["get", "post", "head"])
@pytest.mark.parametrize("name", OF_BULK + OF_OFFENDER + OF_STILL)
def test_anothers_object_is_an_absent_one(
    cast: Cast, lena: Client, theirs: Callable[[str], object], name: str, method: str
) -> None:
    their, absent = answer(lena, method, name, theirs(name)), answer(lena, method, name, uuid4())
    if name in (READ_ONLY if method == "post" else POST_ONLY):
        assert their[0] == 405
    else:
        assert their[0] == 404
    assert their == absent


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("name", OF_CAMPAIGN)
def test_a_campaign_without_invitation_is_an_absent_one(cast: Cast, name: str, method: str) -> None:
    stranger = client_of(cast.stranger)
    their, absent = (answer(stranger, method, name, uid) for uid in (cast.campaign.uid, uuid4()))
    assert their == absent
    assert their[0] in (404, 405)


def test_every_view_declares_the_two_retailer_roles() -> None:
    for pattern in urlpatterns:
        assert getattr(pattern.callback, "audience", None) == Audience(RETAILER_ROLES), pattern.name


@pytest.mark.parametrize("name", ["dashboard", "campaigns", "questions", "notifications"])
def test_police_and_strangers_stay_out(cast: Cast, name: str) -> None:
    url = reverse(f"retailer:{name}")
    assert client_of(cast.facial_reviewer).get(url).status_code == 403
    assert Client().get(url).status_code == 302


def test_a_team_mate_and_the_manager_see_the_same(cast: Cast) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign)
    url = reverse("retailer:offender", args=[offender.uid])
    for user in (cast.team_mate, cast.retailer_manager):
        assert client_of(user).get(url).status_code == 200
