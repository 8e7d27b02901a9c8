"""Everybody's own page."""

import pytest
from django.urls import reverse

from portal.accounts.roles import Role
from tests.cast import Cast, client_of


@pytest.mark.parametrize("role", sorted(Role))
def test_everybody_sees_their_own_account(cast: Cast, role: Role) -> None:
    person = cast.by_role[role]
    page = client_of(person).get(reverse("accounts:profile")).content.decode()
    for shown in (person.name, person.email, person.organisation.name, Role(role).label):
        assert shown in page
