"""The list of people, one person's page, switching accounts off and on."""

import pytest
from django.urls import reverse

from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.audit.models import Entry
from portal.audit.tags import Tag
from tests.cast import Cast, client_of, make_user


def test_a_manager_sees_the_own_people_only(cast: Cast) -> None:
    page = client_of(cast.retailer_manager).get(reverse("accounts:people")).content.decode()
    for person in (cast.loss_prevention, cast.team_mate, cast.retailer_manager):
        assert person.email in page
    for person in (cast.neighbour, cast.stranger, cast.facial_reviewer, cast.administrator):
        assert person.email not in page
        assert person.name not in page


def test_an_administrator_sees_the_own_force_and_retailers(cast: Cast) -> None:
    page = client_of(cast.administrator).get(reverse("accounts:people")).content.decode()
    assert cast.neighbour.email in page
    assert cast.supervisor.email in page
    assert cast.foreign_officer.email not in page


def test_the_list_is_narrowed(cast: Cast) -> None:
    client = client_of(cast.administrator)
    by_name = client.get(reverse("accounts:people"), {"q": "nell"}).content.decode()
    assert cast.neighbour.email in by_name
    assert cast.supervisor.email not in by_name
    by_place = client.get(reverse("accounts:people"), {"organisation": cast.force.pk}).content.decode()
    assert cast.supervisor.email in by_place
    assert cast.neighbour.email not in by_place
    foreign = client.get(reverse("accounts:people"), {"organisation": cast.other_force.pk}).content.decode()
    assert cast.foreign_officer.email not in foreign


@pytest.mark.parametrize("more", [0, 60])
def test_the_list_is_paginated_with_as_many_queries_whatever_its_length(
    cast: Cast, django_assert_max_num_queries, more: int
) -> None:
    for number in range(more):
        make_user(f"extra{number:02}", f"Extra {number:02}", Role.LOSS_PREVENTION, cast.retailer)
    client = client_of(cast.administrator)
    client.get(reverse("accounts:people"))
    with django_assert_max_num_queries(9):
        page = client.get(reverse("accounts:people"))
    assert len(page.context["page"].object_list) <= 25
    if more:
        last = client.get(reverse("accounts:people"), {"q": "extra", "page": "3"}).content.decode()
        assert "51 to 60 of 60" in last
        assert "?q=extra&amp;page=2" in last


def test_an_account_is_switched_off_and_on(cast: Cast) -> None:
    client = client_of(cast.retailer_manager)
    url = reverse("accounts:person-switch", args=[cast.team_mate.uid])
    assert b"Switched off" in client.post(url, {"active": "0"}, follow=True).content
    assert not User.objects.get(pk=cast.team_mate.pk).is_active
    assert b"Active" in client.post(url, {"active": "1"}, follow=True).content
    assert User.objects.get(pk=cast.team_mate.pk).is_active
    entries = Entry.objects.filter(tag=Tag.USER_CHANGED, actor_id=cast.retailer_manager.pk)
    assert [entry.details["is_active"] for entry in entries.order_by("number")] == [False, True]


def test_nobody_switches_off_themselves(cast: Cast) -> None:
    client = client_of(cast.administrator)
    url = reverse("accounts:person-switch", args=[cast.administrator.uid])
    assert b"cannot switch off your own" in client.post(url, {"active": "0"}, follow=True).content
    assert User.objects.get(pk=cast.administrator.pk).is_active


@pytest.mark.parametrize("other", ["neighbour", "administrator", "foreign_officer"])
def test_somebody_elses_people_are_not_there(cast: Cast, other: str) -> None:
    client = client_of(cast.retailer_manager)
    uid = getattr(cast, other).uid
    assert client.get(reverse("accounts:person", args=[uid])).status_code == 404
    assert client.post(reverse("accounts:person-switch", args=[uid]), {"active": "0"}).status_code == 404
    assert User.objects.get(uid=uid).is_active


def test_only_the_administrator_resets_a_second_factor(cast: Cast) -> None:
    url = reverse("accounts:person-second-factor", args=[cast.team_mate.uid])
    assert client_of(cast.retailer_manager).post(url).status_code == 403
    page = client_of(cast.retailer_manager).get(reverse("accounts:person", args=[cast.team_mate.uid]))
    assert b"second factor" not in page.content
