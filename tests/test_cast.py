"""The cast is what its docstrings say."""

from portal.accounts.roles import Role
from portal.reviews.states import Outcome
from portal.reviews.status import statuses_of
from tests.cast import (
    Cast,
    decide,
    face_picture,
    make_gallery,
    make_offender,
    make_still,
    search_still,
    searched_offender,
)


def test_one_person_per_role(cast: Cast) -> None:
    assert {user.role for user in cast.by_role.values()} == set(Role)


def test_a_still_searched_as_a_person_finds_that_person_first(cast: Cast) -> None:
    gallery = make_gallery(cast.force, 3)
    offender = make_offender(cast.loss_prevention, cast.campaign)
    search = search_still(make_still(offender), person=2)
    assert search is not None
    assert next(c.image for c in search.candidates.all()) == gallery[1]
    assert search.candidates.count() == 3


def test_two_officers_bring_an_offender_to_its_outcome(cast: Cast) -> None:
    make_gallery(cast.force, 3)
    offender = searched_offender(cast.loss_prevention, cast.campaign)
    decide(offender, Outcome.IDENTIFIED, cast)
    assert statuses_of([offender])[offender.pk].code == "identified"


def test_a_face_picture_is_a_picture(cast: Cast) -> None:
    assert face_picture(7)[:2] == b"\xff\xd8"
