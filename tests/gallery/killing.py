"""An import by its own process and workers, both killed with -9 at random, until all of it is through."""

import random
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from io import BytesIO
from itertools import cycle
from pathlib import Path

import psutil
from django.db.models import Sum
from PIL import Image

from portal import storage
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.gallery.index import current_index
from portal.gallery.models import CustodyImage, CustodySubject, Event, EventKind, Template
from portal.gallery.tasks import sweep
from portal.work import WorkState
from tests.cast import ENGINE, custody_picture
from tests.conftest import REPOSITORY
from tests.working import WorkerProcess, wait_until

HEADER = "path,reference,captured_on,review_on"
PEOPLE = 4  # pictures that are drawn; the others are the same with another remark inside
# Longer than loading the engine takes on a busy machine: no lease may run out but by a kill.
PATIENCE = {"WORK_LEASE_SECONDS": "20", "WORK_RESEND_SECONDS": "10"}
SIZE = (240, 320)  # enough for a face, and cheap
PATIENT = 1800  # seconds, for whatever comes
LINE = re.compile(r"(\d+) of (\d+) rows: (\d+) imported, (\d+) already there, (\d+) left out")
SETTLED = (WorkState.DONE, WorkState.REFUSED)


def write_pictures(folder: Path, count: int) -> Path:
    """So many small custody images, no two with the same bytes, and their manifest."""
    drawn = [_small(custody_picture(seed)) for seed in range(PEOPLE)]
    lines = [HEADER]
    for number in range(count):
        remark, content = f"{number:08}".encode(), drawn[number % PEOPLE]
        commented = content[:2] + b"\xff\xfe" + (len(remark) + 2).to_bytes(2, "big") + remark + content[2:]
        (folder / f"{number}.jpg").write_bytes(commented)
        lines.append(f"{number}.jpg,NM/{number},2024-02-03,2099-01-01")
    manifest = folder / "manifest.csv"
    manifest.write_text("\n".join(lines) + "\n")
    return manifest


def _small(jpeg: bytes) -> bytes:
    out = BytesIO()
    with Image.open(BytesIO(jpeg)) as image:
        image.resize(SIZE).save(out, "JPEG", quality=90)
    return out.getvalue()


@dataclass
class KilledImport:
    """`import_custody` and a worker on one manifest, and how often each was killed."""

    manifest: Path
    force: str
    env: dict[str, str]
    worker: WorkerProcess
    processes: int  # of the worker's pool
    killed: Counter[str] = field(default_factory=Counter)
    said: list[list[str]] = field(default_factory=list)  # lines of each run of the command
    _child: "subprocess.Popen[str] | None" = None

    def start(self) -> None:
        """The command, as an operator starts it."""
        self._child = subprocess.Popen(
            [sys.executable, "manage.py", "import_custody", str(self.manifest), "--force", self.force],
            env=self.env,
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            text=True,
        )

    def through(self, total: int, *, enrolled: int, kills: int, chance: random.Random) -> None:
        """Until all are imported and so many enrolled, with kills at random moments on the way."""
        kinds = cycle((self.kill_import, self.kill_one, self.kill_import, self.kill_worker))
        self.start()
        for moment in sorted(chance.sample(range(1, total + enrolled), kills)):
            wait_until(lambda: _done() >= moment, seconds=PATIENT, what="progress")  # noqa: B023  (called here)
            next(kinds)()
        self.finish()
        wait_until(lambda: _settled() >= enrolled, seconds=PATIENT, what="enrolment")

    def finish(self) -> None:
        """The command runs to its end."""
        assert self._child is not None
        output, _ = self._child.communicate(timeout=PATIENT)
        self.said.append(output.splitlines())
        assert self._child.returncode == 0

    def kill_import(self) -> None:
        """kill -9 of the command, which is started again."""
        assert self._child is not None
        self._child.kill()
        self.said.append(self._child.communicate()[0].splitlines())
        self.killed["import"] += 1
        self.start()

    def kill_one(self) -> None:
        """kill -9 of a process of the pool."""
        wait_until(lambda: len(self._pool()) == self.processes, what="a whole pool")
        self._pool()[0].kill()
        self.killed["process"] += 1

    def kill_worker(self) -> None:
        """kill -9 of the whole worker, which is started again."""
        self.worker.kill()
        self.killed["worker"] += 1
        self.worker.start()

    def _pool(self) -> list[psutil.Process]:
        assert self.worker.child is not None
        children = psutil.Process(self.worker.child.pid).children()
        return [one for one in children if one.status() != psutil.STATUS_ZOMBIE]  # no beat, please


def _settled() -> int:
    """How many have ended, asked as the sweeper would: with it running all the while."""
    sweep()
    return CustodyImage.objects.filter(work_state__in=SETTLED).count()


def _done() -> int:
    return CustodyImage.objects.count() + _settled()


def all_there_and_once(total: int, *, killed: Counter[str], processes: int) -> int:
    """No image is lost, there twice or embedded twice; how many attempts kills had cut short."""
    images = CustodyImage.objects.all()
    for keys in images.values_list("original_key", "copy_key"):
        assert all(len(storage.read(storage.custody(), key)) > 500 for key in keys)
    assert images.count() == CustodySubject.objects.count() == total
    assert images.values("original_sha256").distinct().count() == total
    assert not images.filter(work_state__in=(WorkState.REFUSED, WorkState.QUARANTINED)).exists()
    templates = Template.objects.values_list("image_id", flat=True)
    done = set(images.filter(work_state=WorkState.DONE).values_list("pk", flat=True))
    assert Counter(templates) == dict.fromkeys(done, 1)
    added = Event.objects.filter(kind=EventKind.ADDED).values_list("template_id", flat=True)
    assert sorted(added) == sorted(Template.objects.values_list("pk", flat=True))
    logged = Counter(Entry.objects.filter(tag=Tag.TEMPLATE_ENROLLED).values_list("subject_id", flat=True))
    assert logged == {str(uid): 1 for uid in images.filter(pk__in=done).values_list("uid", flat=True)}
    assert Entry.objects.filter(tag=Tag.CUSTODY_IMPORTED).count() == total
    assert current_index(model=ENGINE.model, dimension=ENGINE.dimension).flat.snapshot().count == len(done)
    attempts = images.filter(pk__in=done).aggregate(sum=Sum("work_attempts"))["sum"]
    in_hand = killed["process"] + killed["worker"] * processes
    assert len(done) <= attempts <= len(done) + in_hand  # each kill costs what was in hand, and no more
    return attempts - len(done)


def progress_was_shown(said: list[list[str]], total: int) -> None:
    """Every run counts upwards, begins where the one before was killed, and the last one reaches the end."""
    runs = [[tuple(map(int, LINE.match(line).groups())) for line in run if LINE.match(line)] for run in said]  # type: ignore[union-attr]
    assert all(run == sorted(run) for run in runs)
    assert all(shown[1] == total and shown[4] == 0 for run in runs for shown in run)
    done, _, imported, there, _ = runs[-1][-1]
    assert done == imported + there == total
    before = [run[-1][2] for run in runs[:-1] if run]
    assert there >= max(before, default=0)
