"""An import of 10,000 custody images whose command and workers are killed with -9 at random moments.

    ./run bench-import                             10,000 imported, all of them enrolled
    ENROLLED=500 ./run bench-import                ends with the import, once 500 are enrolled
    IMAGES=500 KILLS=20 ./run bench-import         fewer images, more kills

Says how long the command took with all its interruptions, how often what was killed, and how many attempts at
an image that cost; fails where an image is lost, there twice, embedded twice, or a run does not go on where
the one before was killed.
"""

import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cast import Cast
from tests.gallery.killing import KilledImport, all_there_and_once, progress_was_shown, write_pictures
from tests.working import WorkerProcess

# A long queue is no lost message: sent again after two minutes only.
PATIENCE = {"WORK_LEASE_SECONDS": "20", "WORK_RESEND_SECONDS": "120"}


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_an_import_goes_on(
    cast: Cast,
    tmp_path: Path,
    service_env: dict[str, str],
    start_worker: Callable[..., WorkerProcess],
    settings: object,
) -> None:
    for name, value in PATIENCE.items():
        setattr(settings, name, int(value))
    images = int(os.environ.get("IMAGES", "10000"))
    enrolled = int(os.environ.get("ENROLLED", str(images)))
    manifest = write_pictures(tmp_path, images)
    worker = start_worker(concurrency=1, **PATIENCE)
    run = KilledImport(manifest, cast.force.name, service_env, worker, processes=1)
    begun = time.monotonic()
    run.through(images, enrolled=enrolled, kills=int(os.environ.get("KILLS", "12")), chance=random.Random(1))
    spent = time.monotonic() - begun
    worker.stop()
    again = all_there_and_once(images, killed=run.killed, processes=1)
    progress_was_shown(run.said, images)
    print(f"\n{images} imported, {enrolled} or more enrolled in {spent:.0f} s; killed: {dict(run.killed)}")
    print(f"attempts that a kill cut short: {again}; nothing lost, nothing twice")
    for number, lines in enumerate(run.said, start=1):
        print(f"  run {number}: {len(lines)} lines; {lines[-1] if lines else 'killed before the first'}")
