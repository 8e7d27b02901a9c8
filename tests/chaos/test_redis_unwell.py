"""A broker that is there but does not take messages costs an upload nothing but time."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from portal.embedded.redis_server import EmbeddedRedis
from portal.searches.tasks import sweep
from portal.submissions.models import Still
from portal.work import WorkState
from tests.cast import Cast, make_offender, picture
from tests.hostile.doors import Doors

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(transaction=True)]


@contextmanager
def full(redis: EmbeddedRedis) -> Iterator[None]:
    """No memory is left, and nothing may be evicted."""
    with redis.client() as client:
        client.config_set("maxmemory", 1)
        yield
        assert client.llen("interactive") == 0
        client.config_set("maxmemory", 0)


@contextmanager
def frozen(redis: EmbeddedRedis) -> Iterator[None]:
    """It takes connections and never answers."""
    assert redis.child is not None
    redis.child.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        redis.child.send_signal(signal.SIGCONT)


@contextmanager
def read_only(redis: EmbeddedRedis) -> Iterator[None]:
    """A replica after a failover that went wrong."""
    with redis.client() as client:
        client.replicaof("127.0.0.1", "1")
        yield
        assert client.llen("interactive") == 0
        client.replicaof("NO", "ONE")


@pytest.mark.parametrize("unwell", [full, frozen, read_only])
def test_uploads_are_kept_and_sent_when_it_is_well_again(
    cast: Cast, redis_server: EmbeddedRedis, unwell: object, settings: object
) -> None:
    assert callable(unwell)
    doors = Doors(cast.loss_prevention)
    offender = make_offender(cast.loss_prevention, cast.campaign)
    with unwell(redis_server):
        assert doors.by_api(offender, picture(1)).status_code == 201
        assert "1 still was received" in doors.by_form(offender, picture(2))
    assert {still.work_state for still in Still.objects.all()} == {WorkState.QUEUED}
    settings.WORK_RESEND_SECONDS = 0  # type: ignore[attr-defined]
    with redis_server.client() as client:
        client.flushall()
        sweep()
        assert client.llen("interactive") == 2
