"""The same still sent by two retailers is two stills: both searched, and neither learns of the other."""

from typing import Any

import pytest
from django.urls import reverse

from portal import storage
from portal.searches.models import Search
from portal.submissions.actions import discard_draft
from portal.submissions.models import Offender, Still
from tests.cast import Cast, make_gallery, make_offender, picture, search_still
from tests.hostile.doors import Doors

pytestmark = pytest.mark.django_db(transaction=True)
VARYING = {"uid", "offender", "added_at", "name"}


@pytest.fixture
def both(cast: Cast) -> tuple[Offender, Offender]:
    """An offender of each retailer."""
    people = (cast.loss_prevention, cast.neighbour)
    return tuple(make_offender(one, cast.campaign) for one in people)  # type: ignore[return-value]


def plain(answer: Any) -> dict[str, Any]:
    """An answer without what has to differ between any two stills."""
    return {key: value for key, value in answer.json().items() if key not in VARYING}


def test_both_are_taken_and_searched_by_themselves(cast: Cast, both: tuple[Offender, Offender]) -> None:
    make_gallery(cast.force, 2)
    ours, theirs = Doors(cast.loss_prevention), Doors(cast.neighbour)
    first = ours.by_api(both[0], picture(4), b"ours-4711.jpg")
    second = theirs.by_api(both[1], picture(4), b"theirs-4712.jpg")
    assert (first.status_code, second.status_code) == (201, 201)
    assert plain(first) == plain(second)
    stills = [one.stills.get() for one in both]
    assert stills[0].original_sha256 == stills[1].original_sha256
    assert not {stills[0].original_key, stills[0].copy_key} & {stills[1].original_key, stills[1].copy_key}
    for still in stills:
        search_still(still, person=1)
    assert sorted(Search.objects.values_list("still_id", flat=True)) == [still.pk for still in stills]
    for doors, own, other in ((ours, 0, 1), (theirs, 1, 0)):
        page = doors.browser.get(reverse("retailer:offender", args=[both[own].uid])).content.decode()
        board = doors.browser.get(reverse("retailer:dashboard")).content.decode()
        for trace in (str(stills[other].uid), str(both[other].uid), ("ours", "theirs")[other] + "-471"):
            assert trace not in page + board
        assert ("ours", "theirs")[own] + "-471" in page


def test_one_takes_its_own_back_and_the_other_keeps_its_files(cast: Cast) -> None:
    ours = make_offender(cast.loss_prevention, cast.campaign, declared=False)
    theirs = make_offender(cast.neighbour, cast.campaign)
    Doors(cast.loss_prevention).by_api(ours, picture(4))
    Doors(cast.neighbour).by_api(theirs, picture(4))
    discard_draft(ours, by=cast.loss_prevention)
    left = Still.objects.get()
    assert left.offender == theirs
    assert storage.read(storage.originals(), left.original_key) == picture(4)
    assert storage.read(storage.stills(), left.copy_key)
