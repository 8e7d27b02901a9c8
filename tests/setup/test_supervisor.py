"""The supervisor against real processes that are killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from portal.embedded.redis_server import EmbeddedRedis
from portal.embedded.supervisor import FIRST_DELAY, Service, Supervisor
from tests.working import wait_until

pytestmark = pytest.mark.chaos
REPOSITORY = Path(__file__).resolve().parents[2]


@contextmanager
def supervised(state_dir: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, psutil.Process]]]:
    """The program tests/setup/supervised.py, and its services by name."""
    command = [sys.executable, "-m", "tests.setup.supervised", str(state_dir)]
    program = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    assert program.stdout is not None
    first, *pids = program.stdout.readline().split()
    assert first == "up"
    services = {name: psutil.Process(int(pid)) for name, pid in (pair.split("=") for pair in pids)}
    try:
        yield program, services
    finally:
        program.kill()
        program.wait()
        end_family(services["family"].pid)


def end_family(session: int) -> None:
    """The child of a killed service is leashed to nobody: the tests end it themselves."""
    with suppress(ProcessLookupError):
        os.killpg(session, signal.SIGKILL)


def alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def gone(*processes: psutil.Process) -> bool:
    for process in processes:
        try:
            if alive(process):
                return False
        except psutil.NoSuchProcess:
            continue
    return True


def family_of(process: psutil.Process) -> list[psutil.Process]:
    wait_until(process.children, what="the grandchild")
    return [process, *process.children()]


def test_a_killed_service_is_started_again_without_the_remains_of_the_old_one(reachable_dir: Path) -> None:
    with supervised(reachable_dir) as (program, services):
        family = family_of(services["family"])
        services["family"].kill()
        assert program.stdout is not None
        assert program.stdout.readline().startswith("family ended (-9); starting it again in 0.5 s")
        wait_until(lambda: gone(*family), what="the end of the old family")
        wait_until(lambda: len(psutil.Process(program.pid).children()) == 2, what="the new family")


def test_a_killed_redis_comes_back_with_what_it_held(reachable_dir: Path) -> None:
    redis = EmbeddedRedis(reachable_dir)
    with supervised(reachable_dir) as (_program, services):
        redis.client().set("kept", "yes")
        wait_until(lambda: redis.client().info("persistence")["aof_pending_bio_fsync"] == 0)
        services["redis"].kill()
        wait_until(lambda: gone(services["redis"]))
        wait_until(redis.ready, what="Redis")
        assert redis.client().get("kept") == b"yes"


def test_services_die_with_a_supervisor_that_was_killed(reachable_dir: Path) -> None:
    with supervised(reachable_dir) as (program, services):
        program.send_signal(signal.SIGKILL)
        program.wait()
        wait_until(lambda: gone(*services.values()), seconds=10, what="the end of the services")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stopped_supervisor_leaves_nobody_behind(reachable_dir: Path, number: int) -> None:
    with supervised(reachable_dir) as (program, services):
        everybody = [services["redis"], *family_of(services["family"])]
        program.send_signal(number)
        assert program.wait(20) == 0
        wait_until(lambda: gone(*everybody), seconds=5, what="the end of the services")


def test_the_delay_doubles_while_a_service_keeps_dying(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(log_dir=tmp_path, announce=said.append)
    supervisor.start(Service("hopeless", (sys.executable, "-c", "print('cannot'); raise SystemExit(3)")))

    def three_deaths() -> bool:
        supervisor.look()
        return len(said) == 3

    wait_until(three_deaths, what="three deaths")
    supervisor.stop()
    delays = [FIRST_DELAY, FIRST_DELAY * 2, FIRST_DELAY * 4]
    assert said == [f"hopeless ended (3); starting it again in {delay:g} s" for delay in delays]
    assert (tmp_path / "hopeless.log").read_text() == "cannot\n" * 3


def test_a_service_that_never_gets_ready_is_named_with_its_log(tmp_path: Path) -> None:
    supervisor = Supervisor(log_dir=tmp_path, announce=lambda _line: None)
    with pytest.raises(TimeoutError, match=r"deaf did not get ready: see .*/deaf\.log"):
        supervisor.start(
            Service("deaf", (sys.executable, "-c", "import time; time.sleep(60)"), ready=lambda: False),
            wait_seconds=0.3,
        )
    deaf = supervisor.running["deaf"].child
    supervisor.stop()
    assert deaf.returncode is not None
