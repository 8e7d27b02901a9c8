"""Retailers joining, and their stores."""

import pytest
from django.urls import reverse

from portal.accounts.models import Organisation, OrganisationKind, Store
from portal.audit.models import Entry
from portal.audit.tags import Tag
from tests.cast import Cast, client_of

STORE = {"name": "Market Square", "code": "014", "borough": "Northmoor East", "footage_days": "21"}


def test_an_administrator_adds_a_retailer(cast: Cast) -> None:
    client = client_of(cast.administrator)
    page = client.post(reverse("accounts:organisations"), {"name": "Dunmarsh Outdoor"}, follow=True)
    assert b"Stores of Dunmarsh Outdoor" in page.content
    added = Organisation.objects.get(name="Dunmarsh Outdoor")
    assert added.kind == OrganisationKind.RETAILER
    assert Entry.objects.get(tag=Tag.ORGANISATION_CHANGED).subject_id == str(added.uid)
    again = client.post(reverse("accounts:organisations"), {"name": "dunmarsh outdoor"})
    assert b"of this name already" in again.content


def test_a_manager_adds_and_changes_the_own_stores(cast: Cast) -> None:
    client = client_of(cast.retailer_manager)
    url = reverse("accounts:organisation", args=[cast.retailer.uid])
    assert b"Market Square" in client.post(url, STORE, follow=True).content
    assert b"store of this name already" in client.post(url, STORE).content
    store = Store.objects.get(name="Market Square", retailer=cast.retailer)
    client.post(reverse("accounts:store-edit", args=[store.uid]), {**STORE, "footage_days": "28"})
    store.refresh_from_db()
    assert (store.footage_days, store.clock_offset_minutes) == (28, 0)
    acts = Entry.objects.filter(tag=Tag.ORGANISATION_CHANGED).order_by("number")
    assert [entry.details["added"] for entry in acts] == [True, False]


def test_another_retailers_stores_are_not_there(cast: Cast) -> None:
    client = client_of(cast.retailer_manager)
    other = cast.other_retailer
    store = cast.other_store
    assert client.get(reverse("accounts:organisation", args=[other.uid])).status_code == 404
    assert client.post(reverse("accounts:organisation", args=[other.uid]), STORE).status_code == 404
    assert client.post(reverse("accounts:store-edit", args=[store.uid]), STORE).status_code == 404
    assert not Store.objects.filter(name="Market Square").exists()


def test_a_force_has_no_stores(cast: Cast) -> None:
    url = reverse("accounts:organisation", args=[cast.force.uid])
    assert client_of(cast.administrator).get(url).status_code == 404


@pytest.mark.parametrize("more", [0, 40])
def test_as_many_queries_whatever_the_length(cast: Cast, django_assert_max_num_queries, more: int) -> None:
    for number in range(more):
        Organisation.objects.create(name=f"Retailer {number:02}", kind=OrganisationKind.RETAILER)
        Store.objects.create(name=f"Store {number:02}", retailer=cast.retailer)
    client = client_of(cast.administrator)
    for url in (
        reverse("accounts:organisations"),
        reverse("accounts:organisation", args=[cast.retailer.uid]),
    ):
        client.get(url)
        with django_assert_max_num_queries(7):
            assert client.get(url).status_code == 200
