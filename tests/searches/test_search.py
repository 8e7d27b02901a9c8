"""What a search returns, and what its record holds."""

from datetime import timedelta
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from django.db import transaction
from django.utils import timezone

from matching.index import to_grid
from portal import work
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.gallery.actions import request_deletion
from portal.gallery.models import CustodyImage, CustodySubject, Template
from portal.searches import actions
from portal.searches.actions import SearchNotAllowed
from portal.searches.models import Candidate, Search
from portal.submissions.models import Campaign, Face, Offender, Still
from portal.work import WorkState
from tests.cast import (
    ENGINE,
    Cast,
    face_picture,
    found_face,
    make_custody_image,
    make_gallery,
    make_offender,
    make_still,
    search_still,
    searched_offender,
    unit_vector,
)
from tests.gallery.asking import ask, our_index, template_of
from tests.working import WorkerProcess, wait_until


def searched(cast: Cast, person: int = 1) -> Search:
    """The search of a new offender's still."""
    offender = searched_offender(cast.loss_prevention, cast.campaign, person=person)
    return Search.objects.get(still__offender=offender)


def exact(image_person: int, probe_person: int) -> float:
    """The cosine of two people's vectors as it must be, to the last bit."""
    gallery, probe = (
        [Fraction(value) for value in to_grid(unit_vector(number)[None])[0].tolist()]
        for number in (image_person, probe_person)
    )
    return float(sum(one * other for one, other in zip(gallery, probe, strict=True)))


# --- the record -------------------------------------------------------------------------------------
def test_the_record_says_what_was_asked_of_which_gallery(cast: Cast) -> None:
    images = make_gallery(cast.force, 7)
    request_deletion(images[6], by=cast.gallery_manager, reason="asked")
    before = timezone.now()
    search = searched(cast, person=3)
    still = search.still
    assert still is not None
    assert still.chosen_face == search.face
    assert (search.campaign, search.probe_sha256) == (cast.campaign, still.original_sha256)
    assert before <= search.at <= timezone.now()
    assert 0 <= search.duration_ms < 60_000
    assert (search.model, search.model_version) == (ENGINE.model, ENGINE.model_version)
    assert search.detector == f"{ENGINE.detector} {ENGINE.detector_version}"
    assert search.quality["inter_eye_distance"] == 60.0
    assert search.list_length == cast.campaign.list_length == 20
    snapshot = our_index().flat.snapshot()
    assert (search.engine, search.grid) == (snapshot.engine, snapshot.grid)
    assert (search.gallery_seq, search.gallery_size) == (snapshot.seq, 7)
    assert search.gallery_digest == snapshot.fingerprint
    assert (search.excluded_count, len(search.excluded_digest)) == (1, 64)
    assert search.excluded_digest == actions.digest_of_ids([template_of(images[6])])


def test_its_candidates_say_who_by_which_template_and_how_like(cast: Cast) -> None:
    images = make_gallery(cast.force, 5)
    search = searched(cast, person=3)
    listed = list(search.candidates.select_related("image", "subject"))
    assert [one.rank for one in listed] == [1, 2, 3, 4, 5]
    assert listed[0].image == images[2]
    for one in listed:
        assert one.image is not None
        assert (one.subject, one.subject_uid) == (one.image.subject, one.image.subject.uid)
        assert one.template_id == template_of(one.image)
        assert one.score == exact(images.index(one.image) + 1, 3)
    scores = [one.score for one in listed]
    assert scores == sorted(scores, reverse=True)


def test_the_log_has_it_without_names_or_scores(cast: Cast) -> None:
    make_gallery(cast.force, 3)
    search = searched(cast)
    entry = Entry.objects.get(tag=Tag.SEARCH_PERFORMED)
    assert entry.subject_id == str(search.uid)
    assert entry.details["candidates"] == 3
    assert entry.details["gallery_seq"] == search.gallery_seq
    assert set(entry.details) == {"still", "campaign", "gallery_seq", "candidates", "occasion"}


def test_the_query_vector_is_sealed_and_bound_to_its_search(cast: Cast) -> None:
    search = searched(cast)
    plain = to_grid(unit_vector(1)[None])[0].astype("<f4").tobytes()
    assert plain[:8] not in bytes(search.query)
    assert len(search.query) == len(plain) + 28


def test_nothing_is_stored_of_a_search_whose_lease_was_lost(cast: Cast) -> None:
    make_gallery(cast.force, 2)
    still = make_still(make_offender(cast.loss_prevention, cast.campaign))
    held = work.claim(Still, still.pk)
    assert held is not None
    Still.objects.filter(pk=still.pk).update(work_lease_until=timezone.now() - timedelta(seconds=1))
    assert search_still(still) is not None
    late = actions.finish(held, still, [found_face()], 0, vector=unit_vector(2), info=ENGINE)
    assert late is None
    assert Search.objects.count() == 1
    assert Candidate.objects.first() == Candidate.objects.get(rank=1)
    assert Face.objects.filter(still=still).count() == 1


# --- who is listed ----------------------------------------------------------------------------------
def extra_image(subject: CustodySubject, number: int, person: int) -> CustodyImage:
    """Another image of somebody, whose template is unit_vector(person)."""
    image = make_custody_image(subject.force, number, person=person)
    lonely = image.subject
    CustodyImage.objects.filter(pk=image.pk).update(subject=subject, original_sha256=f"{number:064x}")
    lonely.delete()
    image.refresh_from_db()
    return image


def test_a_person_with_several_images_is_one_candidate(cast: Cast) -> None:
    images = make_gallery(cast.force, 4)
    copies = [extra_image(images[0].subject, 100 + number, person=1) for number in range(30)]
    search = searched(cast)
    listed = list(search.candidates.all())
    assert len(listed) == 4
    assert listed[0].image == images[0], "of equal templates the first counts"
    assert len({one.subject_uid for one in listed}) == 4
    assert search.gallery_size == 4 + len(copies)


def test_the_best_of_a_persons_images_counts(cast: Cast) -> None:
    images = make_gallery(cast.force, 4)
    better = extra_image(images[3].subject, 99, person=50)
    (first, *_) = searched(cast, person=50).candidates.all()
    assert (first.image, first.subject) == (better, images[3].subject)


def test_of_a_persons_images_those_that_may_not_be_searched_do_not_count(cast: Cast) -> None:
    images = make_gallery(cast.force, 2)
    better = extra_image(images[1].subject, 99, person=50)
    request_deletion(better, by=cast.gallery_manager, reason="asked")
    listed = {one.subject_id: one for one in searched(cast, person=50).candidates.all()}
    assert listed[images[1].subject_id].image == images[1]
    assert listed[images[1].subject_id].score == exact(2, 50)


def test_ties_are_in_the_order_of_enrolment(cast: Cast) -> None:
    twins = [make_custody_image(cast.force, number, person=1) for number in (5, 3, 9, 1, 7)]
    listed = ask(cast.force, 1).listed
    assert [one.image_id for one in listed] == [twin.pk for twin in twins]
    assert len({one.score for one in listed}) == 1
    assert [one.image_id for one in ask(cast.force, 1, length=3).listed] == [twin.pk for twin in twins[:3]]


@pytest.mark.parametrize("length", [1, 20, 200])
def test_the_list_is_as_long_as_the_campaign_asks_and_exact(cast: Cast, length: int) -> None:
    people = list(range(1, 231))
    enrol_rows(cast, people)
    Campaign.objects.filter(pk=cast.campaign.pk).update(list_length=length)
    cast.campaign.refresh_from_db()
    search = searched(cast, person=500)
    assert (search.list_length, search.candidates.count()) == (length, length)
    by_score = sorted(people, key=lambda number: -exact(number, 500))[:length]
    references = [one.subject.reference for one in search.candidates.select_related("subject")]  # type: ignore[union-attr]
    assert references == [f"NM/{number:06}" for number in by_score]


@transaction.atomic
def enrol_rows(cast: Cast, people: list[int]) -> None:
    """Many at once: one image stored, the others as rows that point at the same picture."""
    for number in people:
        make_custody_image(cast.force, number)


def test_an_empty_gallery_gives_an_empty_list(cast: Cast) -> None:
    search = searched(cast)
    assert (search.gallery_size, search.candidates.count()) == (0, 0)
    assert search.still is not None
    assert search.still.work_state == WorkState.DONE


# --- grounds ----------------------------------------------------------------------------------------
def without_grounds(campaign: Campaign, ground: str, value: str = " ") -> None:
    """As if somebody had got past the forms: white space passes the database's own check."""
    Campaign.objects.filter(pk=campaign.pk).update(**{ground: value})


@pytest.mark.parametrize("ground", ["legal_basis", "purpose", "necessity", "proportionality", "authoriser"])
def test_no_search_without_recorded_grounds(cast: Cast, ground: str) -> None:
    make_gallery(cast.force, 1)
    still = make_still(make_offender(cast.loss_prevention, cast.campaign))
    without_grounds(cast.campaign, ground)
    with pytest.raises(SearchNotAllowed, match="lacks recorded grounds"):
        search_still(still)
    assert not Search.objects.exists()
    assert not Entry.objects.filter(tag=Tag.SEARCH_PERFORMED).exists()


@pytest.mark.django_db(transaction=True)
def test_a_still_without_grounds_is_set_aside_where_an_operator_sees_why(
    cast: Cast, worker: WorkerProcess
) -> None:
    with transaction.atomic():
        still = make_still(make_offender(cast.loss_prevention, cast.campaign), face_picture(3))
        without_grounds(cast.campaign, "necessity")
    for attempt in (1, 2, 3):
        tried = Still.objects.filter(pk=still.pk, work_attempts=attempt).exclude(work_state=WorkState.RUNNING)
        wait_until(tried.exists, what=f"attempt {attempt}")
        send_now(still)
    still.refresh_from_db()
    assert still.work_state == WorkState.QUARANTINED
    assert still.work_error == f"SearchNotAllowed: campaign {cast.campaign.uid} lacks recorded grounds"
    assert Entry.objects.get(tag=Tag.WORK_QUARANTINED).reason == still.work_error
    assert not Search.objects.exists()


def send_now(still: Still) -> None:
    """What the sweeper does, without its patience."""
    Still.objects.filter(pk=still.pk).update(work_sent_at=timezone.now() - timedelta(hours=1))
    from portal.searches.tasks import sweep

    sweep()


def test_a_still_of_a_draft_is_measured_and_not_searched(cast: Cast) -> None:
    make_gallery(cast.force, 1)
    offender: Offender = make_offender(cast.loss_prevention, cast.campaign, declared=False)
    still = make_still(offender)
    assert search_still(still) is None
    still.refresh_from_db()
    assert (still.work_state, still.faces.count()) == (WorkState.DONE, 1)
    assert not Search.objects.exists()


# --- the last check ---------------------------------------------------------------------------------
def test_a_template_the_database_lacks_is_never_returned(cast: Cast) -> None:
    """An index that holds somebody the database has lost cannot bring him back."""
    images = make_gallery(cast.force, 3)
    ask(cast.force, 1)
    Template.objects.filter(image=images[0]).delete()  # past the actions: no event tells the index
    listed = ask(cast.force, 1).listed
    assert [one.image_id for one in listed if one.image_id == images[0].pk] == []
    assert len(listed) == 2


def test_scores_are_cosines(cast: Cast) -> None:
    make_gallery(cast.force, 2)
    for one in ask(cast.force, 2).listed:
        number = CustodyImage.objects.get(pk=one.image_id).subject.reference[-1]
        plain = np.dot(unit_vector(int(number)).astype(float), unit_vector(2).astype(float))
        assert one.score == pytest.approx(plain, abs=1e-4)


def test_the_database_refuses_a_list_of_201(cast: Cast) -> None:
    from django.db import IntegrityError

    values: dict[str, Any] = {"list_length": 201}
    with pytest.raises(IntegrityError), transaction.atomic():
        Campaign.objects.filter(pk=cast.campaign.pk).update(**values)
