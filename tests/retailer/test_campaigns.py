"""The campaigns a retailer is invited to."""

from collections.abc import Callable

from portal.submissions.actions import move_campaign
from portal.submissions.states import CampaignState
from tests.cast import Cast, client_of, make_campaign, make_offender


def test_invitations_with_their_places(cast: Cast, read: Callable[..., str]) -> None:
    make_offender(cast.loss_prevention, cast.campaign)
    make_offender(cast.neighbour, cast.campaign)
    html = read("campaigns")
    assert "Winter campaign" in html
    assert "1 of 30 places taken" in html
    assert ">Open<" in html


def test_neither_drafts_nor_others_invitations(cast: Cast, read: Callable[..., str]) -> None:
    make_campaign(cast.supervisor, [cast.retailer], name="Secret plan", opened=False)
    make_campaign(cast.supervisor, [cast.other_retailer], name="Their campaign")
    html = read("campaigns")
    assert "Secret plan" not in html
    assert "Their campaign" not in html


def test_closed_ones_stay_readable(cast: Cast, read: Callable[..., str]) -> None:
    move_campaign(cast.campaign, CampaignState.CLOSED, by=cast.supervisor)
    assert ">Closed<" in read("campaigns")


def test_nobody_invited(cast: Cast) -> None:
    html = client_of(cast.stranger).get("/retailer/campaigns/").content.decode()
    assert "No police force has invited you" in html
