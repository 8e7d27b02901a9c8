"""The lists of decisions and searches, and the record of a search."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.urls import reverse

from portal.accounts.roles import Role
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.gallery.models import CustodyImage
from portal.reviews.states import DecisionState, Outcome
from portal.searches.models import Occasion, Search
from tests.cast import Cast, client_of, decide, decision_on, make_gallery, searched_offender

READERS = {Role.AUDITOR, Role.SUPERVISOR}
CAVEAT = "Intelligence, not evidence."


def test_who_may_read_them(cast: Cast) -> None:
    searched_offender(cast.loss_prevention, cast.campaign)
    paths = [
        reverse("oversight:decisions"),
        reverse("oversight:searches"),
        reverse("oversight:search", args=[Search.objects.get().uid]),
    ]
    for role, user in cast.by_role.items():
        for path in paths:
            status = client_of(user).get(path).status_code
            assert status == (200 if role in READERS else 403), (role, path)


def test_decisions_are_listed_and_narrowed(cast: Cast) -> None:
    make_gallery(cast.force, 3)
    decided = searched_offender(cast.loss_prevention, cast.campaign)
    decide(decided, Outcome.NO_MATCH, cast)
    waiting = decision_on(searched_offender(cast.neighbour, cast.campaign))
    client = client_of(cast.auditor)

    def listed(**query: str) -> set[int]:
        answer = client.get(reverse("oversight:decisions"), query)
        assert CAVEAT in answer.content.decode()
        return {decision.offender_id for decision in answer.context["page"]}

    assert listed() == {decided.pk, waiting.offender_id}
    assert listed(state=DecisionState.DECIDED) == {decided.pk}
    assert listed(outcome=Outcome.IDENTIFIED) == set()
    assert listed(retailer=str(cast.other_retailer.pk)) == {waiting.offender_id}
    assert "Robin Vale, Sam Orchard" in client.get(reverse("oversight:decisions")).content.decode()


def test_a_search_record_says_what_was_asked_and_answered(cast: Cast) -> None:
    images = make_gallery(cast.force, 4)
    searched_offender(cast.loss_prevention, cast.campaign, person=2)
    search = Search.objects.get()
    text = client_of(cast.auditor).get(reverse("oversight:search", args=[search.uid])).content.decode()
    for expected in (CAVEAT, search.probe_sha256, search.gallery_digest, "4 templates at event", "1.000000"):
        assert expected in text
    assert str(images[1].subject.uid) in text
    assert images[1].subject.name not in text
    entry = Entry.objects.latest("number")
    assert (entry.tag, entry.subject_id) == (Tag.CANDIDATES_VIEWED, str(search.uid))


def test_a_replay_is_identical_until_the_gallery_changes(cast: Cast) -> None:
    images = make_gallery(cast.force, 4)
    searched_offender(cast.loss_prevention, cast.campaign, person=2)
    search = Search.objects.get()
    client, path = client_of(cast.auditor), reverse("oversight:search-replay", args=[search.uid])
    assert "to the last bit" in client.post(path).content.decode()
    entry = Entry.objects.latest("number")
    assert (entry.tag, entry.actor_id, entry.details) == (
        Tag.SEARCH_REPLAYED,
        cast.auditor.pk,
        {"identical": True},
    )
    CustodyImage.objects.filter(pk=images[1].pk).update(review_on=date(2001, 1, 1))
    text = client.post(path).content.decode()
    assert "the answer differs" in text
    assert f"rank 1: was {images[1].subject.uid}" in text


def test_who_may_replay(cast: Cast) -> None:
    make_gallery(cast.force, 1)
    searched_offender(cast.loss_prevention, cast.campaign)
    path = reverse("oversight:search-replay", args=[Search.objects.get().uid])
    for role, user in cast.by_role.items():
        assert client_of(user).post(path).status_code == (200 if role in READERS else 403), role
    assert client_of(cast.auditor).get(path).status_code == 405


def test_searches_are_narrowed(cast: Cast) -> None:
    searched_offender(cast.loss_prevention, cast.campaign)
    searched_offender(cast.loss_prevention, cast.campaign)
    first, second = Search.objects.order_by("pk")
    client = client_of(cast.auditor)

    def listed(**query: str) -> list[int]:
        answer = client.get(reverse("oversight:searches"), query)
        return [search.pk for search in answer.context["page"]]

    assert listed() == [second.pk, first.pk]
    assert listed(probe=first.probe_sha256[:12]) == [first.pk]
    assert listed(end="2001-01-01") == []
    assert "Give at least 4" in client.get(reverse("oversight:searches"), {"probe": "zz"}).content.decode()


def test_another_force_sees_none_of_it(cast: Cast) -> None:
    decision_on(searched_offender(cast.loss_prevention, cast.campaign))
    cast.foreign_officer.__class__.objects.filter(pk=cast.foreign_officer.pk).update(role=Role.AUDITOR)
    client = client_of(cast.foreign_officer)
    assert list(client.get(reverse("oversight:decisions")).context["page"]) == []
    assert list(client.get(reverse("oversight:searches")).context["page"]) == []
    record = reverse("oversight:search", args=[Search.objects.get().uid])
    assert client.get(record).status_code == 404


def test_queries_do_not_grow_with_the_lists(
    cast: Cast, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    make_gallery(cast.force, 3)
    client = client_of(cast.auditor)
    for count in (2, 8):
        for _ in range(count):
            decision_on(searched_offender(cast.loss_prevention, cast.campaign))
        for name in ("decisions", "searches"):
            client.get(reverse(f"oversight:{name}"))
            with django_assert_max_num_queries(10):
                assert client.get(reverse(f"oversight:{name}")).status_code == 200


def test_a_search_record_says_who_asked(cast: Cast) -> None:
    make_gallery(cast.force, 1)
    searched_offender(cast.loss_prevention, cast.campaign)
    search, client = Search.objects.get(), client_of(cast.auditor)
    url = reverse("oversight:search", args=[search.uid])
    assert "The service, as the report was declared" in client.get(url).content.decode()
    Search.objects.update(occasion=Occasion.NEW_CUSTODY_IMAGES)
    text = client.get(url).content.decode()
    assert "The service, by itself" in text
    assert "New custody images arrived" in text
