"""Senders take turns: nobody waits behind another's many stills, and no still is forgotten."""

import random
from datetime import timedelta

import pytest
from django.utils import timezone

from portal import work
from portal.accounts.models import OrganisationKind
from portal.accounts.roles import Role
from portal.searches import turns
from portal.searches.turns import claim_in_turn
from portal.submissions.models import Still
from portal.work import WorkState
from tests.cast import Cast, make_offender, make_organisation, make_still, make_user, picture

MANY = 12


@pytest.fixture
def many(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> list[Still]:
    monkeypatch.setattr(turns, "_dice", random.Random(1))
    offenders = [make_offender(cast.loss_prevention, cast.campaign) for _ in range(2)]
    return [make_still(offenders[n % 2], picture(n)) for n in range(MANY)]


@pytest.fixture
def one(cast: Cast) -> Still:
    shop = make_organisation("Corner Shop", OrganisationKind.RETAILER, "Main")
    cast.campaign.retailers.add(shop)
    user = make_user("corner", "Corner", Role.LOSS_PREVENTION, shop)
    return make_still(make_offender(user, cast.campaign), picture(99))


def test_who_came_last_with_one_still_is_not_served_last(many: list[Still], one: Still) -> None:
    served = []
    for still in [*many, one]:
        held = claim_in_turn(still.pk)
        assert held is not None
        served.append(held.pk)
    assert sorted(served) == sorted(still.pk for still in [*many, one])
    assert served.index(one.pk) < 5
    assert [pk for pk in served if pk != one.pk] == [still.pk for still in many]  # each sender's in order


def test_a_message_too_many_finds_nothing(many: list[Still]) -> None:
    for still in many:
        assert claim_in_turn(still.pk) is not None
    assert claim_in_turn(many[0].pk) is None


def test_a_still_whose_worker_died_is_taken_by_its_own_message(many: list[Still]) -> None:
    dead = work.claim(Still, many[3].pk)
    assert dead is not None
    Still.objects.filter(pk=dead.pk).update(work_lease_until=timezone.now() - timedelta(seconds=1))
    again = claim_in_turn(many[3].pk)
    assert again is not None
    assert again.pk == dead.pk
    assert again.attempt == 2


def test_a_still_set_aside_is_not_taken(many: list[Still]) -> None:
    Still.objects.filter(pk=many[0].pk).update(work_state=WorkState.QUARANTINED)
    held = claim_in_turn(many[0].pk)
    assert held is not None
    assert held.pk == many[1].pk
