"""The audit log's pages."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse

from portal.accounts.roles import Role
from portal.audit.log import SystemActor, record
from portal.audit.models import Entry
from portal.audit.tags import Tag
from tests.cast import Cast, client_of, make_campaign, make_offender

READERS = {Role.AUDITOR, Role.ADMINISTRATOR}


@pytest.fixture(autouse=True)
def _no_remembered_chain(db: None) -> None:
    cache.clear()


def auditor(cast: Cast) -> Client:
    """The auditor's browser."""
    return client_of(cast.auditor)


def shown(answer: Any) -> list[int]:
    """The numbers of the entries on a page."""
    return [entry.number for entry, _ in answer.context["rows"]]


def entries(count: int) -> None:
    """Entries that a process made."""
    for number in range(count):
        record(Tag.SEARCH_PERFORMED, actor=SystemActor("matching"), subject=("searches.search", number))


def test_who_may_read_it(cast: Cast) -> None:
    for role, user in cast.by_role.items():
        status = client_of(user).get(reverse("oversight:audit")).status_code
        assert status == (200 if role in READERS else 403), role


def test_reading_is_recorded(cast: Cast) -> None:
    auditor(cast).get(reverse("oversight:audit"), {"tag": Tag.LOGGED_IN, "actor": "lena"})
    entry = Entry.objects.latest("number")
    assert (entry.tag, entry.actor_id) == (Tag.AUDIT_VIEWED, cast.auditor.pk)
    assert entry.details["filter"] == {"tag": Tag.LOGGED_IN, "actor": "lena"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"tag": Tag.OFFENDER_ADDED}, {Tag.OFFENDER_ADDED}),
        ({"tag": "collection:"}, {Tag.OFFENDER_ADDED, Tag.SUBMISSION_STARTED}),
        ({"actor": "Lena"}, {Tag.OFFENDER_ADDED, Tag.SUBMISSION_STARTED, Tag.LOGGED_IN}),
        ({"actor": "lena@example.org"}, {Tag.OFFENDER_ADDED, Tag.SUBMISSION_STARTED, Tag.LOGGED_IN}),
        ({"actor": "system:matching"}, {Tag.SEARCH_PERFORMED}),
        ({"subject": "submissions.offender"}, {Tag.OFFENDER_ADDED}),
        ({"end": "2001-01-01"}, set()),
    ],
)
def test_filters(cast: Cast, query: dict[str, str], expected: set[str]) -> None:
    client_of(cast.loss_prevention)
    make_offender(cast.loss_prevention, cast.campaign)
    entries(1)
    answer = auditor(cast).get(reverse("oversight:audit"), query)
    assert {entry.tag for entry, _ in answer.context["rows"]} == expected


def test_a_wrong_filter_is_said_and_not_followed(cast: Cast) -> None:
    answer = auditor(cast).get(reverse("oversight:audit"), {"begin": "yesterday", "actor": "a\x00b"})
    assert answer.status_code == 200
    assert "There is a problem" in answer.content.decode()


def test_parts_by_number_leave_nothing_out(cast: Cast) -> None:
    entries(120)
    client, seen, query = auditor(cast), list[int](), {"tag": Tag.SEARCH_PERFORMED}
    answer = client.get(reverse("oversight:audit"), query)
    while True:
        seen += shown(answer)
        part = answer.context["part"]
        if part.older_than is None:
            break
        answer = client.get(reverse("oversight:audit"), {**query, "before": part.older_than})
    every = Entry.objects.filter(tag=Tag.SEARCH_PERFORMED).order_by("-number")
    assert seen == list(every.values_list("number", flat=True))
    back = client.get(reverse("oversight:audit"), {**query, "after": answer.context["part"].newer_than})
    assert shown(back) == seen[50:100]


@pytest.mark.parametrize("before", ["", "-1", "x", "9" * 40, "²"])
def test_a_strange_number_shows_the_newest(cast: Cast, before: str) -> None:
    entries(3)
    answer = auditor(cast).get(reverse("oversight:audit"), {"before": before})
    assert answer.status_code == 200
    assert len(shown(answer)) >= 3


def test_another_forces_people_are_not_in_it(cast: Cast) -> None:
    make_campaign(cast.foreign_officer, [cast.uninvited], name="Elsewhere")
    numbers = shown(auditor(cast).get(reverse("oversight:audit")))
    foreign = Entry.objects.filter(actor_id=cast.foreign_officer.pk)
    assert foreign.exists()
    assert not set(numbers) & set(foreign.values_list("number", flat=True))
    answer = auditor(cast).get(reverse("oversight:audit-entry", args=[foreign.first().number]))  # type: ignore[union-attr]
    assert answer.status_code == 404


def test_the_chain_is_said_to_hold_and_to_break(cast: Cast) -> None:
    entries(5)
    client = auditor(cast)
    assert "The chain held for all" in client.get(reverse("oversight:audit")).content.decode()
    victim = Entry.objects.filter(tag=Tag.SEARCH_PERFORMED).first()
    assert victim is not None
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE audit_entry SET reason = 'other' WHERE number = %s", [victim.number])
        cursor.execute("SET LOCAL session_replication_role = origin")
    answer = client.post(reverse("oversight:audit-verify"), follow=True).content.decode()
    assert f"The chain breaks at entry {victim.number}" in answer
    entry = client.get(reverse("oversight:audit-entry", args=[victim.number])).content.decode()
    assert "This entry was altered" in entry


def test_an_entry_and_the_history_of_its_subject(cast: Cast) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign)
    entry = Entry.objects.get(tag=Tag.OFFENDER_ADDED)
    client = auditor(cast)
    text = client.get(reverse("oversight:audit-entry", args=[entry.number])).content.decode()
    assert "Lena Prior" in text
    assert entry.digest in text
    assert "as it was written" in text
    history = client.get(reverse("oversight:subject", args=["submissions.offender", offender.uid]))
    assert shown(history) == [entry.number]
    viewed = Entry.objects.latest("number")
    assert (viewed.tag, viewed.subject_id) == (Tag.AUDIT_VIEWED, str(offender.uid))


def test_queries_do_not_grow_with_the_page(
    cast: Cast, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    client = auditor(cast)
    for count in (5, 40):
        entries(count)
        client.get(reverse("oversight:audit"))
        with django_assert_max_num_queries(14):
            client.get(reverse("oversight:audit"))
