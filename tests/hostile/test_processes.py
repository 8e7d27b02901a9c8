"""Decoding where it happens: in gunicorn's threads and in a Celery pool's processes, both the real ones."""

import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

import psutil
import pytest

from portal.celery import BULK, send
from portal.embedded import process, stack
from portal.embedded.redis_server import EmbeddedRedis
from portal.submissions.models import RefusedUpload, Still
from tests.api.conftest import program_of
from tests.cast import Cast, make_offender, picture
from tests.hostile.doors import BOUNDARY, multipart
from tests.hostile.files import hostile_files
from tests.hostile.memory import MIB, decoders_of, forget_peak, peak
from tests.settings import STATE
from tests.working import WorkerProcess, wait_until

pytestmark = pytest.mark.django_db(transaction=True)
Answer = tuple[int, bytes]


@pytest.fixture
def web(
    transactional_db: None, redis_server: EmbeddedRedis, service_env: dict[str, str]
) -> Iterator[tuple[int, int]]:
    """gunicorn as the stack starts it, on the test database: its port, and the process that answers."""
    port = stack.free_port()
    service = stack.web_service(service_env, port=port)
    with (STATE / "web.log").open("ab") as log:
        child = process.start(service.command, env=service_env, output=log)
    try:
        wait_until(lambda: stack.answers(port), seconds=60, what=f"gunicorn ({STATE / 'web.log'})")
        (answering,) = psutil.Process(child.pid).children()
        yield port, answering.pid
    finally:
        process.stop(child, gently=stack.AT_ONCE)


def upload(port: int, token: str, offender: uuid.UUID, content: bytes) -> Answer:
    """Over a real socket."""
    link = HTTPConnection("127.0.0.1", port, timeout=120)
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
    }
    body = multipart("file", b"still.jpg", content)
    link.request("POST", f"/api/v1/offenders/{offender}/stills/", body, headers)
    answer = link.getresponse()
    try:
        return answer.status, answer.read()
    finally:
        link.close()


def test_gunicorns_threads_under_hostile_files(web: tuple[int, int], cast: Cast) -> None:
    port, pid = web
    token = program_of(cast.loss_prevention).secret
    offenders = [make_offender(cast.loss_prevention, cast.campaign).uid for _ in range(4)]
    assert upload(port, token, offenders[0], picture(1))[0] == 201
    before = forget_peak(pid)
    files = [file for file in hostile_files().values() if file.code]
    jobs = [(offenders[n % 4], file.content) for n, file in enumerate(files * 2)]
    jobs += [(offender, picture(n)) for n, offender in enumerate(offenders, start=2)]
    with ThreadPoolExecutor(stack.WEB_THREADS) as pool:
        answers = list(pool.map(lambda job: upload(port, token, *job), jobs))
    assert [status for status, _ in answers] == [422] * (2 * len(files)) + [201] * 4
    for (_, body), file in zip(answers, files * 2, strict=False):
        assert file.code.encode() in body
    assert (RefusedUpload.objects.count(), Still.objects.count()) == (2 * len(files), 5)
    assert peak(pid) - before < 150 * MIB  # one of the bombs alone would take 700 to 2,700
    wait_until(lambda: len(decoders_of(pid)) == 1, what="the end of the forks")
    assert upload(port, token, offenders[0], picture(99))[0] == 201


def test_a_celery_pools_processes(
    tmp_path: Path, redis_server: EmbeddedRedis, service_env: dict[str, str]
) -> None:
    worker = WorkerProcess(service_env, concurrency=2, beat=False)
    worker.command = [sys.executable, "-m", "tests.hostile.decoding_worker", *worker.command[3:]]
    expected = {name: file.code for name, file in hostile_files().items() if file.code}
    expected |= {f"sound-{n}": "jpeg" for n in range(8)}
    for name in expected:
        known = hostile_files().get(name)
        (tmp_path / name).write_bytes(known.content if known else picture(int(name[-1])))
    try:
        worker.start()
        for name in expected:
            assert send("tests.normalise", queue=BULK, path=str(tmp_path / name))
        wait_until(lambda: len(list(tmp_path.glob("*.txt"))) == len(expected), what="an answer for each file")
        assert worker.child is not None
        zygotes = decoders_of(worker.child.pid)
    finally:
        worker.stop()
    assert {name: (tmp_path / f"{name}.txt").read_text() for name in expected} == expected
    assert zygotes  # the answers came from decoders of the pool's own
