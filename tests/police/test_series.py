"""The pages of pairs and series: blind until judged, nothing of retailers, the score after."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.accounts.models import User
from portal.audit.log import SystemActor
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.cases.models import Pair, Series
from portal.cases.states import PairState, PairVerdict
from portal.police.pairs import first_on_the_left
from portal.retention.actions import erase_still
from tests.cases.acting import judge, link, look_alikes, pair_of
from tests.cast import Cast, client_of, searched_offender


@pytest.fixture
def pair(cast: Cast) -> Pair:
    """A suggested pair across two retailers."""
    return pair_of(*look_alikes(cast))


def page(client: Client, pair: Pair) -> str:
    response = client.get(reverse("police:series-pair", args=[pair.uid]))
    assert response.status_code == 200
    return str(response.content.decode())


def test_before_the_judgement_the_page_tells_nothing_but_the_faces(cast: Cast, pair: Pair) -> None:
    text = page(client_of(cast.facial_reviewer), pair)
    told = [cast.retailer.name, cast.other_retailer.name, cast.store.name, "cosine", f"{pair.score:.3f}"]
    told += [str(one.uid) for one in (pair.first, pair.second)]
    assert [one for one in told if one in text] == []
    assert text.count("<img") == 2


def test_judging_leads_on_and_shows_the_score_but_not_the_other_judgement(cast: Cast, pair: Pair) -> None:
    judge(pair, cast.second_reviewer, PairVerdict.DIFFERENT)
    waiting = page(client_of(cast.second_reviewer), pair)
    assert "cosine" in waiting
    client = client_of(cast.facial_reviewer)
    assert "Ears and hairline" not in page(client, pair)
    entered = {"verdict": PairVerdict.SAME, "reason": "Same mole", "next": "1"}
    response = client.post(reverse("police:series-pair", args=[pair.uid]), entered, follow=True)
    assert response.redirect_chain[-1][0] == reverse("police:series")
    pair.refresh_from_db()
    assert pair.state == PairState.UNRESOLVED
    assert "Same mole" in page(client_of(cast.second_reviewer), pair)


def test_a_judgement_without_a_reason_is_put_right(cast: Cast, pair: Pair) -> None:
    url = reverse("police:series-pair", args=[pair.uid])
    response = client_of(cast.facial_reviewer).post(url, {"verdict": PairVerdict.SAME})
    assert response.status_code == 422
    assert "There is a problem" in response.content.decode()


def test_faces_have_one_size_and_no_marks_and_each_look_is_recorded(cast: Cast, pair: Pair) -> None:
    client = client_of(cast.facial_reviewer)
    urls = [reverse("police:pair-face", args=[pair.uid, number]) for number in (1, 2)]
    faces = [client.get(url) for url in urls]
    assert [one["Content-Type"] for one in faces] == ["image/jpeg"] * 2
    assert {"ETag", "Last-Modified"}.isdisjoint(faces[0].headers)
    assert faces[0].content != faces[1].content
    assert client.get(reverse("police:pair-face", args=[pair.uid, 3])).status_code == 404
    assert Entry.objects.filter(tag=Tag.STILL_VIEWED, actor_id=cast.facial_reviewer.pk).count() == 2


def test_a_linked_pair_whose_still_is_erased_says_so(cast: Cast) -> None:
    mine, theirs = look_alikes(cast)
    pair = link(mine, theirs, cast)
    erase_still(mine.stills.get(), by=SystemActor("test"), reason="Asked for")
    text = page(client_of(cast.supervisor), pair)
    assert (text.count("no longer held"), text.count("<img")) == (1, 1)
    assert "The series they are in" in text


def test_sides_are_a_toss_for_each_officer_and_pair_and_stay(cast: Cast, pair: Pair) -> None:
    people = [User(pk=number) for number in range(1, 200)]
    sides = [first_on_the_left(pair, one) for one in people]
    assert sides == [first_on_the_left(pair, one) for one in people]
    assert 60 < sum(sides) < 140


def test_a_supervisor_takes_an_offender_out_with_a_reason(cast: Cast) -> None:
    mine, theirs = look_alikes(cast)
    link(mine, theirs, cast)
    held = Series.objects.get()
    url = reverse("police:series-split", args=[held.uid, theirs.uid])
    assert client_of(cast.facial_reviewer).get(url).status_code == 403
    client = client_of(cast.supervisor)
    assert client.post(url, {"reason": " "}).status_code == 422
    assert client.post(url, {"reason": "Another scar"}).status_code == 302
    held.refresh_from_db()
    assert held.ended_at is not None
    assert client.get(reverse("police:series-detail", args=[held.uid])).status_code == 404


@pytest.mark.parametrize("name", ["police:series", "police:series-detail"])
def test_queries_do_not_grow_with_the_rows(cast: Cast, name: str) -> None:
    client, counts = client_of(cast.supervisor), []
    first = searched_offender(cast.loss_prevention, cast.campaign, person=7)
    for _ in range(2):
        for _ in range(2):
            link(first, searched_offender(cast.neighbour, cast.campaign, person=7), cast)
        held = Series.objects.get(ended_at=None)
        url = reverse(name, args=[held.uid] if name == "police:series-detail" else [])
        client.get(url)
        with CaptureQueriesContext(connection) as caught:
            assert client.get(url).status_code == 200
        counts.append(len(caught))
    assert counts[0] == counts[1]
