"""The administrator sets how often checks enter the queue: bounded, explained, in the log."""

import pytest
from django.urls import reverse

from portal.assurance.queries import own_rate_of, rate_of
from portal.audit.models import Entry
from portal.audit.tags import Tag
from tests.cast import Cast, client_of

PAGE = "oversight:check-rate"


def test_the_rate_is_set_and_recorded(cast: Cast) -> None:
    client = client_of(cast.administrator)
    assert "5 in a hundred" in client.get(reverse(PAGE)).content.decode()
    answer = client.post(reverse(PAGE), {"percent": "7.5"}, follow=True)
    assert "From now on 7.5 in a hundred are checks." in answer.content.decode()
    assert rate_of(cast.force) == 7.5
    entry = Entry.objects.get(tag=Tag.CHECK_RATE_SET)
    assert (entry.actor_id, entry.details) == (cast.administrator.pk, {"before": None, "after": 7.5})


@pytest.mark.parametrize("entered", ["-1", "51", "many", "nan", "inf"])
def test_it_stays_in_range(cast: Cast, entered: str) -> None:
    answer = client_of(cast.administrator).post(reverse(PAGE), {"percent": entered})
    assert answer.status_code == 422
    assert own_rate_of(cast.force) is None
    assert not Entry.objects.filter(tag=Tag.CHECK_RATE_SET).exists()


def test_empty_is_the_services_rate_again(cast: Cast) -> None:
    client = client_of(cast.administrator)
    client.post(reverse(PAGE), {"percent": "0"})
    assert rate_of(cast.force) == 0
    client.post(reverse(PAGE), {"percent": ""})
    assert own_rate_of(cast.force) is None
    assert rate_of(cast.other_force) == 5


@pytest.mark.parametrize("who", ["facial_reviewer", "supervisor", "auditor", "gallery_manager"])
def test_who_is_checked_does_not_set_how_often(cast: Cast, who: str) -> None:
    client = client_of(getattr(cast, who))
    assert client.get(reverse(PAGE)).status_code == 403
    assert client.post(reverse(PAGE), {"percent": "0"}).status_code == 403
