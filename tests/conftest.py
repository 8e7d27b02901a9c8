"""Real services for tests, started when a test first asks: PostgreSQL, Redis, a Celery worker, a browser.

Every test process (pytest-xdist) has its own of each, so that a test may kill or flush them.
"""

import contextlib
import ctypes
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from django.db import connections

from portal.embedded.postgres_server import EmbeddedPostgres
from portal.embedded.redis_server import EmbeddedRedis
from tests.browsing import Browser, Page, launched, needed_chromium
from tests.cast import cast  # noqa: F401  (the people of every test)
from tests.scene import scene  # noqa: F401  (an object of every kind for each of three tenants)
from tests.settings import RUN_DIR, STATE
from tests.working import WorkerProcess, service_environment

# Correctness is tested here, not speed: a busy machine must not turn a slow example into a failure.
hypothesis.settings.register_profile(
    "unhurried", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("unhurried")

REPOSITORY = Path(__file__).resolve().parent.parent
FACES = Path(os.environ.get("STILLMATCH_FACES") or REPOSITORY.parent / "shared" / "faces")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that kill services, and those that drive the browser, take turns (--dist loadgroup)."""
    for item in items:
        for marker in ("chaos", "browser"):
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.xdist_group(marker))
                break


def pytest_unconfigure(config: pytest.Config) -> None:
    """The process that began the run removes its state."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(RUN_DIR, ignore_errors=True)


@pytest.fixture(autouse=True)
def _whole_numbers_line() -> None:
    """Some native library lets its thread round the smallest floats to 0, and Hypothesis then refuses any."""
    with contextlib.suppress(OSError, AttributeError):  # glibc's FE_DFL_ENV is the pointer -1
        ctypes.CDLL(None).fesetenv(ctypes.c_void_p(-1))


@pytest.fixture
def reachable_dir() -> Iterator[Path]:
    """A short temporary directory that PostgreSQL's account can reach (tmp_path is private to ours)."""
    path = Path(tempfile.mkdtemp(prefix="stillmatch-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path, ignore_errors=True)


# --- services ----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[EmbeddedPostgres]:
    """This test process's PostgreSQL. A test that stops or kills it starts it again."""
    with EmbeddedPostgres(STATE, durable=False) as server:
        yield server


@pytest.fixture(scope="session")
def django_db_modify_db_settings(postgres_server: EmbeddedPostgres) -> None:
    """pytest-django makes the test database in our PostgreSQL; each test process has its own server."""


@pytest.fixture(scope="session")
def _redis_server() -> Iterator[EmbeddedRedis]:
    with EmbeddedRedis(STATE) as server:
        yield server


SHARED_WORKERS: list[WorkerProcess] = []


@pytest.fixture(autouse=True)
def _no_worker_uninvited(request: pytest.FixtureRequest) -> None:
    """A test that commits and did not ask for the shared worker does not find its stills worked on."""
    marker = request.node.get_closest_marker("django_db")
    commits = bool(marker and marker.kwargs.get("transaction"))
    commits = commits or bool({"transactional_db", "live_server"} & set(request.fixturenames))
    if commits and "worker" not in request.fixturenames:
        for worker in SHARED_WORKERS:
            worker.stop()


@pytest.fixture
def redis_server(request: pytest.FixtureRequest, _redis_server: EmbeddedRedis) -> EmbeddedRedis:
    """This test process's Redis, running and empty, which settings.REDIS_URL names.

    The shared worker takes messages only in tests that ask for it: elsewhere it would steal them.
    """
    if "worker" not in request.fixturenames:
        for worker in SHARED_WORKERS:
            worker.stop()
    if not _redis_server.ready():
        _redis_server.start()
    with _redis_server.client() as client:
        client.flushall()
    return _redis_server


@pytest.fixture(scope="session")
def service_env(django_db_setup: None) -> dict[str, str]:
    """Environment for the service's own programs (manage.py, celery) to work on the test database."""
    return service_environment(str(connections["default"].settings_dict["NAME"]))


@pytest.fixture
def start_worker(
    transactional_db: None, redis_server: EmbeddedRedis, service_env: dict[str, str]
) -> Iterator[Callable[..., WorkerProcess]]:
    """Start real Celery workers: `start_worker(concurrency=2, beat=True, WORK_LEASE_SECONDS="5")`."""
    workers: list[WorkerProcess] = []

    def start(*, concurrency: int = 1, beat: bool = False, **env: str) -> WorkerProcess:
        workers.append(WorkerProcess({**service_env, **env}, concurrency=concurrency, beat=beat).start())
        return workers[-1]

    yield start
    for worker in workers:
        worker.stop()


@pytest.fixture(scope="session")
def _shared_worker(service_env: dict[str, str], _redis_server: EmbeddedRedis) -> Iterator[WorkerProcess]:
    worker = WorkerProcess(service_env, concurrency=1, beat=False)
    SHARED_WORKERS.append(worker)
    yield worker
    worker.stop()


@pytest.fixture
def worker(
    transactional_db: None, redis_server: EmbeddedRedis, _shared_worker: WorkerProcess
) -> WorkerProcess:
    """A Celery worker on the test database that stays up between tests (its engine stays loaded)."""
    return _shared_worker.ensure_running()


# --- what a machine may not have ---------------------------------------------------------------


@pytest.fixture(scope="session")
def faces() -> Path:
    """The directory of real photographs, for measuring only."""
    if not (FACES / "manifest.csv").exists():
        pytest.skip(f"no real photographs at {FACES} (set STILLMATCH_FACES)")
    return FACES


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, driven by Playwright."""
    # Playwright's loop runs in this thread, and Django would take every query for one inside a coroutine.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with launched(needed_chromium()) as chromium:
        yield chromium


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page in a browser context of its own."""
    context = browser.new_context(locale="en-GB", timezone_id="Europe/London")
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()
