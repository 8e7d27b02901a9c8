"""The main navigation and the first page of each role."""

import re

import pytest
from django.urls import reverse

from portal.accounts.roles import Role
from tests.cast import Cast, client_of


def _marked(page: str) -> list[tuple[str, str]]:
    return re.findall(r'<a href="([^"]+)" aria-current="(page|true)"', page.partition("</nav>")[0])


@pytest.mark.parametrize("role", sorted(Role))
def test_every_destination_opens_for_its_role(cast: Cast, role: Role) -> None:
    client = client_of(cast.by_role[role])
    start = client.get(reverse("home"), follow=True)
    assert start.status_code == 200
    links = start.context["navigation"]
    assert len(links) >= 3
    assert [link.label for link in links if client.get(link.url).status_code != 200] == []
    assert len(_marked(start.content.decode())) == 1


def test_only_the_nearest_page_is_marked(cast: Cast) -> None:
    client = client_of(cast.facial_reviewer)
    campaign = reverse("police:campaign", args=[cast.campaign.uid])
    assert _marked(client.get(campaign).content.decode()) == [(reverse("police:campaigns"), "true")]
    assert _marked(client.get(reverse("police:queue")).content.decode()) == [
        (reverse("police:queue"), "page")
    ]
