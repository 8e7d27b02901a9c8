"""The operator's pages, with Redis up and down, and with weights missing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.urls import reverse

from matching.errors import RejectedImage
from portal import work
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.embedded.redis_server import EmbeddedRedis
from portal.oversight import state
from portal.submissions.actions import Upload, add_still
from portal.submissions.models import Still
from portal.work import WorkState
from tests.cast import Cast, client_of, make_gallery, make_offender, make_still
from tests.working import WorkerProcess, wait_until

PAGE = "oversight:operations"
READERS = {Role.ADMINISTRATOR, Role.SUPERVISOR, Role.AUDITOR}


@pytest.fixture(autouse=True)
def _nothing_remembered(db: None) -> None:
    cache.clear()


def set_aside(cast: Cast, reason: str = "WeightsMissing: gone") -> Still:
    """A still that failed three times."""
    still = make_still(make_offender(cast.loss_prevention, cast.campaign))
    work.quarantine(Still, still.pk, reason)
    return still


def page(user: User) -> str:
    """The operations page as this person sees it."""
    answer = client_of(user).get(reverse(PAGE))
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("name", [PAGE, "oversight:operations-live", "oversight:refused"])
def test_who_may_look(cast: Cast, redis_server: EmbeddedRedis, name: str) -> None:
    for role, user in cast.by_role.items():
        assert client_of(user).get(reverse(name)).status_code == (200 if role in READERS else 403), role


def test_depth_and_age_of_the_work(cast: Cast, redis_server: EmbeddedRedis) -> None:
    make_gallery(cast.force, 2)
    still = make_still(make_offender(cast.loss_prevention, cast.campaign))
    set_aside(cast)
    stills, images, *_ = state.queues(cast.administrator)
    still.refresh_from_db()
    assert (stills.waiting, stills.oldest) == (1, still.work_queued_at)
    assert {key: count for key, _, count in images.counts}[WorkState.DONE] == 2
    assert state.queues(cast.foreign_officer)[0].waiting == 0
    assert "Oldest waits since" in page(cast.administrator)


def test_a_failing_reason_is_shown_before_the_last_attempt(cast: Cast, redis_server: EmbeddedRedis) -> None:
    still = make_still(make_offender(cast.loss_prevention, cast.campaign))
    held = work.claim(Still, still.pk)
    assert held is not None
    work.give_back(held, "WeightsMismatch: damaged")
    assert "1 will be tried again after “WeightsMismatch: damaged”" in page(cast.administrator)


@pytest.mark.django_db(transaction=True)
def test_workers_that_answer_and_none(cast: Cast, worker: WorkerProcess) -> None:
    assert state.workers().ok
    assert "Answering" in page(cast.administrator)
    worker.stop()
    cache.clear()
    assert "No worker answers." in page(cast.administrator)


@pytest.mark.chaos
def test_redis_stopped(cast: Cast, redis_server: EmbeddedRedis) -> None:
    redis_server.stop()
    text = page(cast.administrator)
    assert "The message broker (Redis) cannot be reached." in text
    assert "Waiting" in text


def test_weights_in_place(cast: Cast, redis_server: EmbeddedRedis) -> None:
    assert state.weights_fault() == ""
    assert "In place, checked" in page(cast.administrator)


def test_weights_missing(cast: Cast, redis_server: EmbeddedRedis, settings: Any, tmp_path: Path) -> None:
    settings.MATCHING_WEIGHTS = str(tmp_path)
    text = page(cast.administrator)
    assert "Nothing can be matched." in text
    assert "dlib_face_recognition_resnet_model_v1.dat is not in" in text


def test_weights_damaged(cast: Cast, redis_server: EmbeddedRedis, settings: Any, tmp_path: Path) -> None:
    (tmp_path / "dlib_face_recognition_resnet_model_v1.dat").write_bytes(b"not the network")
    settings.MATCHING_WEIGHTS = str(tmp_path)
    assert "has sha256" in page(cast.administrator)


def test_disk_space(cast: Cast, redis_server: EmbeddedRedis) -> None:
    disk = next(state.disks())
    assert 0 < disk.free <= disk.total
    assert "free of" in page(cast.administrator)


# --- set aside ------------------------------------------------------------------------------------
def test_a_quarantined_still_goes_round_again(cast: Cast, redis_server: EmbeddedRedis) -> None:
    still = set_aside(cast)
    assert "WeightsMissing: gone" in page(cast.administrator)
    path = reverse("oversight:work-retry", args=["stills", still.pk])
    answer = client_of(cast.administrator).post(path, follow=True)
    assert "It is on its way again." in answer.content.decode()
    still.refresh_from_db()
    assert (still.work_state, still.work_attempts, still.work_error) == (WorkState.QUEUED, 0, "")
    assert Entry.objects.filter(tag=Tag.WORK_RETRIED, actor_id=cast.administrator.pk).count() == 1
    again = client_of(cast.administrator).post(path, follow=True)
    assert "already sent round again" in again.content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_worker_takes_it_without_waiting_for_the_sweeper(cast: Cast, worker: WorkerProcess) -> None:
    still = set_aside(cast)
    client_of(cast.supervisor).post(reverse("oversight:work-retry", args=["stills", still.pk]))
    settled = Still.objects.filter(pk=still.pk, work_state=WorkState.REFUSED, work_error="no_face")
    wait_until(settled.exists, what="the worker's result")


def test_all_of_a_kind_go_round_again(cast: Cast, redis_server: EmbeddedRedis) -> None:
    for _ in range(3):
        set_aside(cast)
    path = reverse("oversight:work-retry-all", args=["stills"])
    answer = client_of(cast.supervisor).post(path, follow=True)
    assert "3 on their way again." in answer.content.decode()
    assert not Still.objects.filter(work_state=WorkState.QUARANTINED).exists()


def test_the_auditor_changes_nothing(cast: Cast, redis_server: EmbeddedRedis) -> None:
    still = set_aside(cast)
    client = client_of(cast.auditor)
    assert "Try again" not in client.get(reverse("oversight:quarantined", args=["stills"])).content.decode()
    assert client.post(reverse("oversight:work-retry", args=["stills", still.pk])).status_code == 403
    assert client.post(reverse("oversight:work-retry-all", args=["stills"])).status_code == 403
    still.refresh_from_db()
    assert still.work_state == WorkState.QUARANTINED


def test_another_forces_row_does_not_exist(cast: Cast, redis_server: EmbeddedRedis) -> None:
    still = set_aside(cast)
    User.objects.filter(pk=cast.foreign_officer.pk).update(role=Role.ADMINISTRATOR)
    client = client_of(cast.foreign_officer)
    assert client.post(reverse("oversight:work-retry", args=["stills", still.pk])).status_code == 404
    assert client.post(reverse("oversight:work-retry", args=["nothing", still.pk])).status_code == 404
    assert client.get(reverse("oversight:quarantined", args=["nothing"])).status_code == 404


def test_refused_uploads_by_code(cast: Cast, redis_server: EmbeddedRedis) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign)
    for content in (b"%PDF-1.7 and so on", b"GIF89a and so on", b"%PDF-1.4 more"):
        with pytest.raises(RejectedImage):
            add_still(offender, Upload(content, "x.jpg"), by=cast.loss_prevention)
    assert state.refusals(cast.administrator)[0] == ("document_not_supported", 2)
    assert "document_not_supported" in page(cast.administrator)
    client = client_of(cast.administrator)
    answer = client.get(reverse("oversight:refused"), {"code": "document_not_supported"})
    assert {upload.code for upload in answer.context["page"]} == {"document_not_supported"}
    assert len(answer.context["page"]) == 2


def test_queries_do_not_grow(
    cast: Cast, redis_server: EmbeddedRedis, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    client = client_of(cast.administrator)
    for count in (1, 7):
        for _ in range(count):
            set_aside(cast)
        client.get(reverse(PAGE))
        with django_assert_max_num_queries(28):
            client.get(reverse(PAGE))
