"""What is erased is gone from everywhere, and what remains says so."""

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from portal import storage, work
from portal.audit.log import SystemActor
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.gallery.actions import purge_templates
from portal.gallery.models import CustodyImage, Event, EventKind, Template
from portal.retention.actions import AlreadyErased, erase_custody_image, erase_still
from portal.retention.models import ErasureCertificate
from portal.reviews import actions as reviews
from portal.reviews.states import Outcome, Stage
from portal.searches import actions as searches
from portal.searches.models import Candidate, Search
from portal.submissions.models import Face, Still
from tests.cast import (
    ENGINE,
    Cast,
    client_of,
    decide,
    decision_on,
    found_face,
    make_custody_image,
    make_gallery,
    make_offender,
    make_still,
    picture,
    search_still,
    searched_offender,
    unit_vector,
)
from tests.gallery.asking import found, our_index, template_of, vector_bytes
from tests.gallery.neighbour import Neighbour
from tests.work.race import at_once, messages_lost
from tests.working import wait_until

BY = SystemActor("test")


def there(place: storage.Storage, *keys: str) -> list[bool]:
    """Which of these files there are."""
    return [place.exists(key) for key in keys]


def state_files_with(needle: bytes) -> list[Path]:
    """Files of this host's state, the database's own apart, that hold these bytes."""
    root = Path(django_settings.STATE_DIR)
    files = [path for path in root.rglob("*") if path.is_file() and "postgres" not in path.parts]
    return [path for path in files if needle in path.read_bytes()]


# --- a custody image --------------------------------------------------------------------------------
def test_nothing_of_a_custody_image_is_left(cast: Cast) -> None:
    images = make_gallery(cast.force, 4)
    gone, keys = images[1], (images[1].original_key, images[1].copy_key)
    template = template_of(gone)
    found(cast.force, 2)
    index = our_index().flat.path
    assert vector_bytes(2) in index.read_bytes()
    assert there(storage.custody(), *keys) == [True, True]

    erase_custody_image(gone, by=cast.gallery_manager, reason="acquitted, asked")

    assert there(storage.custody(), *keys) == [False, False]
    assert not Template.objects.filter(pk=template).exists()
    assert not Template.objects.filter(image=gone).exists()
    assert state_files_with(vector_bytes(2)) == []
    assert state_files_with(vector_bytes(2)[64:96]) == []
    assert vector_bytes(3) in index.read_bytes()
    assert Event.objects.filter(kind=EventKind.PURGED, template_id=template).count() == 1
    gone.refresh_from_db()
    assert (gone.original_key, gone.copy_key, gone.box, gone.landmarks, gone.quality) == (
        "",
        "",
        None,
        None,
        {},
    )
    assert gone.erased_at is not None
    assert template not in dict(found(cast.force, 2))
    assert our_index().verify().agrees


def test_the_code_and_the_rest_of_its_row_are_zero_in_the_index(cast: Cast) -> None:
    make_gallery(cast.force, 3)
    found(cast.force, 1)
    before = our_index().flat.path.read_bytes()
    erase_custody_image(CustodyImage.objects.order_by("pk")[1], by=BY, reason="asked")
    after, place = our_index().flat.path.read_bytes(), before.index(vector_bytes(2))
    assert after[place : place + len(vector_bytes(2))] == bytes(len(vector_bytes(2)))


def test_the_certificate_is_complete(cast: Cast) -> None:
    images = make_gallery(cast.force, 4)
    gone, template = images[1], template_of(images[1])
    returned = []
    for _ in range(3):
        offender = searched_offender(cast.loss_prevention, cast.campaign, person=2)
        returned.append(str(Search.objects.get(still__offender=offender).uid))
    certificate = erase_custody_image(gone, by=cast.gallery_manager, reason="acquitted, asked")
    certificate.refresh_from_db()
    assert certificate.by == cast.gallery_manager.audit_name
    assert (certificate.subject_type, certificate.subject_id) == ("gallery.custodyimage", str(gone.uid))
    assert (certificate.reason, certificate.sha256) == ("acquitted, asked", gone.original_sha256)
    assert (certificate.templates, certificate.files) == ([template], 2)
    assert certificate.searches == sorted(returned)
    (receipt,) = certificate.receipts
    assert (receipt["template_ids"], receipt["erased"], receipt["verified"]) == ([template], 1, True)
    assert receipt["fingerprint_before"] != receipt["fingerprint_after"]
    assert abs((timezone.now() - certificate.at).total_seconds()) < 60
    entry = Entry.objects.get(tag=Tag.CUSTODY_ERASED)
    assert (entry.subject_id, entry.actor_id) == (str(gone.uid), cast.gallery_manager.pk)
    assert entry.details == {"certificate": str(certificate.uid)}


def test_candidate_rows_keep_who_and_how_like_without_the_image(cast: Cast) -> None:
    images = make_gallery(cast.force, 3)
    offender = searched_offender(cast.loss_prevention, cast.campaign, person=2)
    candidates = Candidate.objects.filter(search__still__offender=offender).order_by("rank")
    before = list(candidates.values_list("uid", "rank", "subject_uid", "template_id", "score"))
    erase_custody_image(images[1], by=BY, reason="asked")
    assert list(candidates.values_list("uid", "rank", "subject_uid", "template_id", "score")) == before
    assert [one.image for one in candidates] == [None, *(one.image for one in candidates[1:])]
    assert None not in [one.image for one in candidates[1:]]


def test_an_image_without_a_template_can_be_erased(cast: Cast) -> None:
    image = make_custody_image(cast.force, 1)
    Template.objects.all().delete()
    certificate = erase_custody_image(image, by=BY, reason="asked")
    assert (certificate.templates, certificate.receipts, certificate.files) == ([], [], 2)


def test_other_images_of_the_person_stay(cast: Cast) -> None:
    images = make_gallery(cast.force, 2)
    CustodyImage.objects.filter(pk=images[1].pk).update(subject=images[0].subject, original_sha256="0" * 64)
    erase_custody_image(images[0], by=BY, reason="asked")
    assert [pk for pk, _ in found(cast.force, 1)] == [template_of(images[1])]


def test_twice_is_told(cast: Cast) -> None:
    image = make_custody_image(cast.force, 1)
    erase_custody_image(image, by=BY, reason="asked")
    with pytest.raises(AlreadyErased):
        erase_custody_image(image, by=BY, reason="asked")
    assert ErasureCertificate.objects.count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_four_at_once_one_erases(cast: Cast) -> None:
    image = make_custody_image(cast.force, 1)
    outcomes = at_once([lambda: erase_custody_image(image, by=BY, reason="asked")] * 4)
    kinds = sorted(type(one).__name__ for one in outcomes)
    assert kinds == ["AlreadyErased", "AlreadyErased", "AlreadyErased", "ErasureCertificate"]
    assert Entry.objects.filter(tag=Tag.CUSTODY_ERASED).count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_another_process_that_had_it_open_returns_it_no_more(cast: Cast, service_env: dict[str, str]) -> None:
    images = make_gallery(cast.force, 3)
    with Neighbour(service_env) as neighbour:
        assert neighbour.search(cast.force.pk, 2)[0][0] == template_of(images[1])
        erase_custody_image(images[1], by=BY, reason="asked")
        assert len(neighbour.search(cast.force.pk, 2)) == 2
    assert state_files_with(vector_bytes(2)) == []


def test_an_erasure_that_is_rolled_back_erases_nothing(cast: Cast) -> None:
    image = make_custody_image(cast.force, 1)
    with connection.cursor() as cursor:
        cursor.execute("""
            CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'no space left on device'; END $$;
            CREATE TRIGGER full_disk BEFORE INSERT ON audit_entry FOR EACH ROW EXECUTE FUNCTION full_disk();
        """)
    with pytest.raises(Exception, match="no space left"):
        erase_custody_image(image, by=BY, reason="asked")
    assert there(storage.custody(), image.original_key, image.copy_key) == [True, True]
    assert len(found(cast.force, 1)) == 1


def test_a_file_that_is_already_gone_does_not_stop_the_rest(cast: Cast) -> None:
    image = make_custody_image(cast.force, 1)
    storage.custody().delete(image.original_key)
    erase_custody_image(image, by=BY, reason="asked")
    assert there(storage.custody(), image.copy_key) == [False]


# --- the pages --------------------------------------------------------------------------------------
def test_officers_pages_answer_without_the_image(cast: Cast) -> None:
    images = make_gallery(cast.force, 3)
    offender = searched_offender(cast.loss_prevention, cast.campaign, person=2)
    review = reviews.claim_review(decision_on(offender), Stage.FIRST, by=cast.facial_reviewer)
    client = client_of(cast.facial_reviewer)
    faces = {
        judgement.candidate.image_id: reverse("police:candidate-face", args=[judgement.uid])
        for judgement in review.judgements.select_related("candidate")
        if judgement.candidate
    }
    erase_custody_image(images[1], by=BY, reason="asked")
    assert client.get(faces[images[1].pk]).status_code == 404
    assert client.get(faces[images[0].pk]).status_code == 200
    for name in ("police:review", "police:review-blind"):
        answer = client.get(reverse(name, args=[review.uid]), follow=True)
        assert answer.status_code == 200, name
    record = client_of(cast.auditor).get(reverse("police:custody-image", args=[images[1].uid]))
    assert record.status_code == 200
    decision = client_of(cast.supervisor).get(reverse("police:decision-record", args=[review.decision.uid]))
    assert decision.status_code == 200
    search = Search.objects.get(still__offender=offender)
    page = client_of(cast.auditor).get(reverse("oversight:search", args=[search.uid]))
    assert page.status_code == 200


def test_a_decided_case_still_shows_its_record(cast: Cast) -> None:
    images = make_gallery(cast.force, 3)
    offender = searched_offender(cast.loss_prevention, cast.campaign, person=2)
    decision = decide(offender, Outcome.IDENTIFIED, cast)
    erase_custody_image(images[1], by=BY, reason="asked")
    answer = client_of(cast.supervisor).get(reverse("police:decision-record", args=[decision.uid]))
    assert answer.status_code == 200


# --- a still ----------------------------------------------------------------------------------------
def test_nothing_of_a_still_is_left_but_its_record(cast: Cast) -> None:
    make_gallery(cast.force, 3)
    offender = make_offender(cast.loss_prevention, cast.campaign)
    content = picture(1933)  # bytes that no other test leaves behind
    still = make_still(offender, content)
    search = search_still(still, person=2)
    assert search is not None
    query = bytes(search.query)
    assert state_files_with(content) != []

    certificate = erase_still(still, by=cast.supervisor, reason="retention period ended")

    assert not Still.objects.filter(pk=still.pk).exists()
    assert not Face.objects.filter(still_id=still.pk).exists()
    assert there(storage.originals(), still.original_key) == [False]
    assert there(storage.stills(), still.copy_key) == [False]
    assert state_files_with(content) == []
    search.refresh_from_db()
    assert (bytes(search.query), search.quality, search.still, search.face) == (b"", {}, None, None)
    assert query
    assert search.candidates.count() == 3
    assert (certificate.files, certificate.sha256) == (2, still.original_sha256)
    assert certificate.searches == [str(search.uid)]
    entry = Entry.objects.get(tag=Tag.STILL_ERASED)
    assert (entry.subject_id, entry.reason) == (str(still.uid), "retention period ended")


def test_the_reviews_copy_of_the_face_goes_too(cast: Cast) -> None:
    make_gallery(cast.force, 2)
    offender = searched_offender(cast.loss_prevention, cast.campaign)
    review = reviews.claim_review(decision_on(offender), Stage.FIRST, by=cast.facial_reviewer)
    client = client_of(cast.facial_reviewer)
    face = reverse("police:probe-face", args=[review.uid, 1])
    assert client.get(face).status_code == 200
    erase_still(offender.stills.get(), by=BY, reason="asked")
    assert client.get(face).status_code == 404
    assert client.get(reverse("police:review-blind", args=[review.uid]), follow=True).status_code == 200


def test_the_same_picture_of_another_offender_stays(cast: Cast) -> None:
    one, other = (
        make_still(make_offender(by, cast.campaign), picture(8))
        for by in (cast.loss_prevention, cast.neighbour)
    )
    erase_still(one, by=BY, reason="asked")
    assert there(storage.originals(), other.original_key) == [True]
    assert there(storage.stills(), other.copy_key) == [True]


def test_a_still_is_erased_once(cast: Cast) -> None:
    still = make_still(make_offender(cast.loss_prevention, cast.campaign))
    erase_still(still, by=BY, reason="asked")
    with pytest.raises(AlreadyErased), transaction.atomic():
        erase_still(still, by=BY, reason="asked")
    assert ErasureCertificate.objects.count() == 1


def test_a_worker_that_held_the_still_writes_nothing(cast: Cast) -> None:
    make_gallery(cast.force, 1)
    still = make_still(make_offender(cast.loss_prevention, cast.campaign))
    held = work.claim(Still, still.pk)
    assert held is not None
    loaded = Still.objects.select_related("offender__submission__campaign").get(pk=still.pk)
    erase_still(still, by=BY, reason="asked")
    late = searches.finish(held, loaded, [found_face()], 0, vector=unit_vector(1), info=ENGINE)
    assert late is None
    assert not Search.objects.exists()
    assert not Face.objects.exists()


# --- at the same time -------------------------------------------------------------------------------
def waits_for_a_lock() -> bool:
    """Whether a session of this test's server waits for another one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_search_that_was_quicker_than_the_erasure_does_not_store_what_it_found(cast: Cast) -> None:
    """It lists the image, the erasure commits, it begins again: no certificate misses a search."""
    images = make_gallery(cast.force, 3)
    with messages_lost():
        still = make_still(make_offender(cast.loss_prevention, cast.campaign))
    done: list[object] = []

    def search() -> None:
        done.append(search_still(still, person=2))
        connection.close()

    with transaction.atomic():
        CustodyImage.objects.filter(pk=images[1].pk).update(erased_at=timezone.now())
        purge_templates([images[1]])
        thread = threading.Thread(target=search)
        thread.start()
        wait_until(waits_for_a_lock, what="the search, at the erased image")
        assert not done
    thread.join(30)
    (found_by,) = done
    assert isinstance(found_by, Search)
    assert {one.image for one in found_by.candidates.all()} == {images[0], images[2]}
    assert [one.rank for one in found_by.candidates.all()] == [1, 2]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_erasures_among_searches_leave_complete_certificates(cast: Cast) -> None:
    images = make_gallery(cast.force, 6)
    with messages_lost():
        stills = [make_still(make_offender(cast.loss_prevention, cast.campaign)) for _ in range(6)]
    acts: list[Callable[[], object]] = [partial(search_still, still, person=2) for still in stills]
    acts += [partial(erase_custody_image, image, by=BY, reason="asked") for image in images[:3]]
    results = at_once(acts)
    assert not [one for one in results if isinstance(one, BaseException)]
    assert Search.objects.count() == 6
    assert not Candidate.objects.filter(image__erased_at__isnull=False).exists()
    for certificate in ErasureCertificate.objects.all():
        returned = Candidate.objects.filter(template_id__in=certificate.templates)
        assert certificate.searches == sorted(str(one.search.uid) for one in returned)
