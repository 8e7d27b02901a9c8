"""An import whose command and workers are killed with -9 goes on; nothing is lost, nothing done twice."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cast import Cast
from tests.gallery.killing import (
    PATIENCE,
    KilledImport,
    all_there_and_once,
    progress_was_shown,
    write_pictures,
)
from tests.working import WorkerProcess

pytestmark = [pytest.mark.chaos, pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
IMAGES = 48


def test_nothing_is_lost_and_nothing_done_twice(
    cast: Cast,
    tmp_path: Path,
    service_env: dict[str, str],
    start_worker: Callable[..., WorkerProcess],
    settings: object,
) -> None:
    for name, value in PATIENCE.items():
        setattr(settings, name, int(value))  # the sweeper of this process has the worker's policy
    manifest = write_pictures(tmp_path, IMAGES)
    worker = start_worker(concurrency=2, **PATIENCE)
    run = KilledImport(manifest, cast.force.name, service_env, worker, processes=2)
    run.through(IMAGES, enrolled=IMAGES, kills=5, chance=random.Random(3))
    all_there_and_once(IMAGES, killed=run.killed, processes=2)
    progress_was_shown(run.said, IMAGES)
