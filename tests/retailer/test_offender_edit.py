"""Going on with a report: where it needs something."""

from django.test import Client
from django.urls import reverse

from tests.cast import Cast, make_offender


def goes_on_at(client: Client, uid: object) -> str:
    response = client.get(reverse("retailer:offender-edit", args=[uid]))
    assert response.status_code == 302
    return response["Location"].rstrip("/").rsplit("/", 1)[-1]


def test_the_first_step_that_needs_something(cast: Cast, lena: Client) -> None:
    new = make_offender(cast.loss_prevention, cast.campaign, declared=False, offence="", store=None)
    assert goes_on_at(lena, new.uid) == "when-and-where"
    half = make_offender(cast.loss_prevention, cast.campaign, declared=False, offence="")
    assert goes_on_at(lena, half.uid) == "what-happened"


def test_then_the_first_that_says_nothing(cast: Cast, lena: Client) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign, declared=False)
    assert goes_on_at(lena, offender.uid) == "who-was-seen"
