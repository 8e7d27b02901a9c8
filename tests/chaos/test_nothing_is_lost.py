"""kill -9, FLUSHALL and restarts in the middle of sixty stills: all end right, none twice."""

from collections.abc import Callable
from threading import Barrier, Thread

import pytest
from django.db import connection

from portal.embedded.postgres_server import EmbeddedPostgres
from portal.embedded.redis_server import EmbeddedRedis
from portal.searches.tasks import sweep
from portal.submissions.models import Still
from portal.work import WorkState
from tests.chaos.conftest import (
    SHORT,
    STILLS,
    all_ended_right_and_once,
    kill_one_of,
    reconnect,
    settled,
    somebody_had_to_try_again,
    wait_for,
)
from tests.working import WorkerProcess, wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(transaction=True)]
Start = Callable[..., WorkerProcess]
Send = Callable[..., list[Still]]


def test_pool_processes_are_killed(start_worker: Start, send_sixty: Send) -> None:
    stills = send_sixty()
    worker = start_worker(concurrency=2, **SHORT)
    for count in (4, 14, 24, 34, 44):
        wait_for(count)
        kill_one_of(worker)
    wait_for(STILLS)
    assert somebody_had_to_try_again()
    all_ended_right_and_once(stills)


def test_the_whole_worker_is_killed(start_worker: Start, send_sixty: Send) -> None:
    stills = send_sixty()
    worker = start_worker(concurrency=2, beat=True, **SHORT)
    for count in (10, 35):
        wait_for(count)
        worker.kill()
        assert settled() < STILLS
        worker.start()
    wait_for(STILLS)
    assert somebody_had_to_try_again()
    all_ended_right_and_once(stills)


def test_redis_is_killed_flushed_and_restarted(
    start_worker: Start, send_sixty: Send, redis_server: EmbeddedRedis
) -> None:
    """By the worker's own beat and sweeper alone."""
    stills = send_sixty()
    start_worker(concurrency=2, beat=True, **SHORT)
    for count, fault in ((5, flush), (20, kill_and_forget), (40, flush)):
        watch_for(count)
        fault(redis_server)
    watch_for(STILLS)
    all_ended_right_and_once(stills)


def watch_for(count: int) -> None:
    """Until so many stills are done, without sweeping here."""
    done = Still.objects.filter(work_state=WorkState.DONE)
    wait_until(lambda: done.count() >= count, seconds=120, what=f"{count} searches")


def flush(redis: EmbeddedRedis) -> None:
    """Every message is gone."""
    with redis.client() as client:
        client.flushall()


def kill_and_forget(redis: EmbeddedRedis) -> None:
    """kill -9, and the append-only file is lost too."""
    redis.kill()
    (redis.data_dir / "appendonly.aof").unlink()
    redis.start()


def test_everything_at_once(
    start_worker: Start,
    send_sixty: Send,
    redis_server: EmbeddedRedis,
    postgres_server: EmbeddedPostgres,
) -> None:
    stills = send_sixty()
    worker = start_worker(concurrency=2, **SHORT)
    wait_for(8)
    restart(postgres_server)
    wait_for(20)
    redis_server.kill()
    worker.kill()
    redis_server.start()
    flush(redis_server)
    worker.start()
    wait_for(35)
    postgres_server.kill()
    postgres_server.start()
    reconnect()
    kill_one_of(worker)
    wait_for(STILLS)
    assert somebody_had_to_try_again()
    all_ended_right_and_once(stills)


def restart(postgres: EmbeddedPostgres) -> None:
    """As an operator would, with work going on."""
    postgres.stop()
    postgres.start()
    reconnect()


def test_stills_sent_while_redis_is_down_are_kept_and_searched_when_it_is_back(
    start_worker: Start, send_sixty: Send, redis_server: EmbeddedRedis
) -> None:
    redis_server.kill()
    stills = send_sixty(people=2)
    assert Still.objects.filter(work_state=WorkState.QUEUED).count() == len(stills)
    redis_server.start()
    flush(redis_server)
    start_worker(concurrency=2, **SHORT)
    wait_for(len(stills))
    all_ended_right_and_once(stills)


def test_sweepers_at_once_double_nothing(start_worker: Start, send_sixty: Send) -> None:
    """Four sweepers keep sending what waits, and every message is looked at by one of two processes."""
    stills = send_sixty(people=2)
    worker = start_worker(concurrency=2, **SHORT)
    barrier = Barrier(4)

    def keep_sweeping() -> None:
        barrier.wait()
        for _ in range(10):
            sweep()
        connection.close()

    threads = [Thread(target=keep_sweeping) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_for(len(stills))
    worker.stop()
    all_ended_right_and_once(stills)
