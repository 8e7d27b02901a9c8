"""The daily round: who is due, who is kept, and what it leaves."""

import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from portal import storage
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.celery import MAINTENANCE, send
from portal.gallery.actions import request_deletion
from portal.gallery.models import CustodyImage
from portal.retention.models import ErasureCertificate
from portal.retention.orphans import YOUNG, sweep_orphans
from portal.retention.queries import custody_due, stills_due
from portal.retention.tasks import purge_due
from portal.reviews.models import Decision
from portal.reviews.states import Outcome
from portal.submissions.models import Campaign, Offender, Still
from tests.cast import (
    Cast,
    decide,
    decision_on,
    make_custody_image,
    make_gallery,
    make_offender,
    make_still,
    picture,
    searched_offender,
)
from tests.working import WorkerProcess, wait_until

KEPT = 31


def aged(offender: Offender, days: float) -> Still:
    """The offender's still, sent that many days ago."""
    still = offender.stills.get()
    Still.objects.filter(pk=still.pk).update(added_at=timezone.now() - timedelta(days=days))
    return still


def decided_days_ago(decision: Decision, days: float) -> None:
    Decision.objects.filter(pk=decision.pk).update(decided_at=timezone.now() - timedelta(days=days))


def searched(cast: Cast) -> Offender:
    return searched_offender(cast.loss_prevention, cast.campaign)


# --- stills -----------------------------------------------------------------------------------------
def test_without_a_decision_it_counts_from_arrival(cast: Cast) -> None:
    make_gallery(cast.force, 2)
    assert cast.campaign.retention_days == KEPT
    young, old = aged(searched(cast), KEPT - 0.01), aged(searched(cast), KEPT + 0.01)
    assert list(stills_due()) == [old]
    decision_on(young.offender)
    decision_on(old.offender)  # an open decision is none yet
    assert list(stills_due()) == [old]


def test_never_searched_counts_from_arrival_too(cast: Cast) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign, declared=False)
    make_still(offender)
    old = aged(offender, KEPT + 1)
    assert list(stills_due()) == [old]


def test_with_a_decision_it_counts_from_the_decision(cast: Cast) -> None:
    make_gallery(cast.force, 2)
    offender = searched(cast)
    decision = decide(offender, Outcome.NO_MATCH, cast)
    still = aged(offender, 400)
    assert not stills_due().exists()
    decided_days_ago(decision, KEPT - 0.01)
    assert not stills_due().exists()
    decided_days_ago(decision, KEPT + 0.01)
    assert list(stills_due()) == [still]


def test_who_was_identified_is_kept(cast: Cast) -> None:
    make_gallery(cast.force, 2)
    offender = searched(cast)
    decision = decide(offender, Outcome.IDENTIFIED, cast)
    aged(offender, 4000)
    decided_days_ago(decision, 4000)
    assert not stills_due().exists()
    purge_due()
    assert offender.stills.count() == 1


def test_the_period_is_the_campaigns(cast: Cast) -> None:
    make_gallery(cast.force, 2)
    still = aged(searched(cast), 5)
    Campaign.objects.filter(pk=cast.campaign.pk).update(retention_days=6)
    assert not stills_due().exists()
    Campaign.objects.filter(pk=cast.campaign.pk).update(retention_days=4)
    assert list(stills_due()) == [still]


# --- the round --------------------------------------------------------------------------------------
def some_due(cast: Cast) -> tuple[Still, CustodyImage]:
    """One still and one custody image that are due, among others that are not."""
    images = make_gallery(cast.force, 3)
    request_deletion(images[1], by=cast.gallery_manager, reason="acquitted")
    aged(searched(cast), 1)
    return aged(searched(cast), KEPT + 1), images[1]


def nothing_but_the_due_is_gone(still: Still, image: CustodyImage) -> None:
    assert not Still.objects.filter(pk=still.pk).exists()
    assert Still.objects.count() == 1
    assert list(CustodyImage.objects.exclude(erased_at=None)) == [image]
    reasons = dict(ErasureCertificate.objects.values_list("subject_id", "reason"))
    assert reasons == {str(still.uid): "retention period ended", str(image.uid): "acquitted"}
    assert set(Entry.objects.filter(tag__startswith="erasure:").values_list("actor", "tag")) == {
        ("system:retention", Tag.STILL_ERASED),
        ("system:retention", Tag.CUSTODY_ERASED),
        (Entry.objects.get(tag=Tag.CUSTODY_DELETION_REQUESTED).actor, Tag.CUSTODY_DELETION_REQUESTED),
    }


def test_what_is_due_goes_and_nothing_else(cast: Cast) -> None:
    still, image = some_due(cast)
    assert list(custody_due()) == [image]
    purge_due()
    nothing_but_the_due_is_gone(still, image)
    purge_due()
    assert ErasureCertificate.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_worker_makes_the_round(cast: Cast, worker: WorkerProcess) -> None:
    still, image = some_due(cast)
    assert send("retention.purge_due", queue=MAINTENANCE)
    wait_until(lambda: ErasureCertificate.objects.filter(files=2).count() == 2, what="the round")
    nothing_but_the_due_is_gone(still, image)


def test_the_round_is_on_the_timetable(settings: Any) -> None:
    tasks = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert {"retention.purge_due", "retention.sweep_orphans"} <= tasks


# --- files without a row ----------------------------------------------------------------------------
def age_of_file(place: str, key: str, seconds: float) -> None:
    path = Path(django_settings.STATE_DIR) / "files" / place / key
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_a_file_that_no_row_names_goes_after_a_day(cast: Cast) -> None:
    sweep_orphans()
    image = make_custody_image(cast.force, 1)
    still = make_still(make_offender(cast.loss_prevention, cast.campaign))
    day = YOUNG.total_seconds()
    used = [
        ("custody", image.original_key),
        ("custody", image.copy_key),
        ("originals", still.original_key),
        ("stills", still.copy_key),
    ]
    places = {"custody": storage.custody(), "originals": storage.originals(), "stills": storage.stills()}
    lost = [(name, storage.store(place, picture(1))) for name, place in places.items()]
    young = [(name, storage.store(place, picture(2))) for name, place in places.items()]
    for place, key in [*used, *lost]:
        age_of_file(place, key, day + 60)
    for place, key in young:
        age_of_file(place, key, day - 60)
    half_written = Path(django_settings.STATE_DIR) / "files" / "custody" / lost[0][1]
    half_written = half_written.with_name(".incoming-abcdef")
    half_written.write_bytes(b"half a custody ima")
    os.utime(half_written, (0, 0))

    assert sweep_orphans() >= 4  # and what earlier tests left behind

    assert [places[place].exists(key) for place, key in used] == [True] * 4
    assert [places[place].exists(key) for place, key in young] == [True] * 3
    assert [places[place].exists(key) for place, key in lost] == [False] * 3
    assert not half_written.exists()
