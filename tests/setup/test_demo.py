"""`manage.py demo` from nothing: it loads, serves, recovers and stops."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, expect

from portal.embedded.stack import free_port
from tests.working import wait_until

pytestmark = pytest.mark.chaos
REPOSITORY = Path(__file__).resolve().parents[2]
SMALL = ("--retailers", "2", "--offenders", "2", "--gallery", "6", "--processes", "1")
SERVICES = {"redis-server", "matching@", "upkeep@", "messenger@", "beat", "gunicorn"}
PASSWORD = "intelligence-not-evidence"


def embedded(state_dir: Path) -> dict[str, str]:
    """The environment of somebody who has just cloned the repository."""
    ours = {"SECRET_KEY", "VAULT_KEYS", "DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}
    return {**{k: v for k, v in os.environ.items() if k not in ours}, "STILLMATCH_STATE_DIR": str(state_dir)}


class Demo:
    """A running demo and what it has said."""

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir
        self.env = embedded(state_dir)
        port = str(free_port())
        self.output = state_dir / "said"
        command = [sys.executable, "manage.py", "demo", "--port", port, *SMALL]
        with self.output.open("wb") as said:
            self.program = subprocess.Popen(
                command, cwd=REPOSITORY, env=self.env, stdout=said, stderr=subprocess.STDOUT
            )
        self.url = f"http://127.0.0.1:{port}"

    def said(self) -> str:
        return self.output.read_text()

    def wait_until_loaded(self) -> None:
        def loaded() -> bool:
            assert self.program.poll() is None, self.said()
            return "All is loaded." in self.said()

        wait_until(loaded, seconds=180, what="the demo")

    def service(self, mark: str) -> psutil.Process:
        """The service among the demo's children whose command line holds `mark`."""
        return next(p for p in self.children() if runs(p, mark))

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.program.pid).children()

    def everybody(self) -> list[psutil.Process]:
        return psutil.Process(self.program.pid).children(recursive=True)

    def query(self, sql: str) -> list[tuple[object, ...]]:
        with sqlite3.connect(f"file:{self.state_dir / 'stillmatch.sqlite3'}?mode=ro", uri=True) as connection:
            return connection.execute(sql).fetchall()

    def code(self, email: str) -> str:
        command = [sys.executable, "manage.py", "totp", email]
        done = subprocess.run(
            command, cwd=REPOSITORY, env=self.env, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()


@contextmanager
def running(state_dir: Path) -> Iterator[Demo]:
    demo = Demo(state_dir)
    try:
        demo.wait_until_loaded()
        yield demo
    finally:
        demo.program.send_signal(signal.SIGINT)
        demo.program.wait(30)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running(tmp_path_factory.mktemp("demo")) as started:
        yield started


def runs(process: psutil.Process, mark: str) -> bool:
    """Whether the live process's command line holds `mark`."""
    try:
        return any(mark in word for word in process.cmdline())
    except psutil.Error:  # it has ended meanwhile
        return False


def ended(processes: list[psutil.Process]) -> bool:
    return not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes)


def test_every_still_of_the_demo_is_searched(demo: Demo) -> None:
    def settled() -> bool:
        states = {state for (state,) in demo.query("SELECT DISTINCT work_state FROM submissions_still")}
        return states <= {"done"}

    wait_until(settled, seconds=60, what="the end of the work")
    assert demo.query("SELECT count(*) FROM submissions_still") == [(4,)]
    assert demo.query("SELECT count(DISTINCT still_id) FROM searches_search") == [(4,)]


def test_its_state_is_nobody_else_s(demo: Demo) -> None:
    open_to_others = [
        path for path in demo.state_dir.rglob("*") if path.is_file() and path.stat().st_mode & 0o077
    ]
    assert [path for path in open_to_others if path != demo.output] == []


def test_it_names_one_login_per_role(demo: Demo) -> None:
    logins = re.findall(r"^  (\S.*?)\s+(\S+@\S+\.example)\s+(\S+)$", demo.said(), flags=re.MULTILINE)
    assert len({role for role, _, _ in logins}) == 8
    assert {password for _, _, password in logins} == {PASSWORD}


@pytest.mark.browser
def test_a_reviewer_logs_in_with_the_code_it_prints(demo: Demo, page: Page) -> None:
    email = "reviewer@northmoor.example"
    page.goto(f"{demo.url}/accounts/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign In").or_(page.get_by_role("button", name="Log in")).click()
    page.get_by_label("Code").fill(demo.code(email))
    page.get_by_role("button").first.click()
    expect(page).to_have_url(re.compile(rf"{re.escape(demo.url)}/(?!accounts/)"))


def test_codes_are_for_the_demo_s_accounts_only(demo: Demo) -> None:
    with pytest.raises(subprocess.CalledProcessError) as refused:
        demo.code("somebody@police.test")
    assert "the demo's own accounts only" in refused.value.stderr


def test_a_second_demo_on_the_same_state_is_refused(demo: Demo) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "demo"],
        cwd=REPOSITORY,
        env=demo.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "A demo is running on" in done.stderr


@pytest.mark.parametrize("mark", ["matching@", "redis-server", "gunicorn"])
def test_a_killed_service_comes_back(demo: Demo, mark: str) -> None:
    killed = demo.service(mark)
    family = [killed, *killed.children(recursive=True)]
    killed.kill()
    wait_until(lambda: ended(family), what="the end of the old process tree")

    def back() -> bool:
        return any(runs(child, mark) and child.pid != killed.pid for child in demo.children())

    wait_until(back, what=f"a new {mark}")


def test_it_stops_without_orphans_and_starts_again_where_it_was(tmp_path: Path) -> None:
    with running(tmp_path) as first:
        everybody = first.everybody()
        counts = "SELECT (SELECT count(*) FROM submissions_still), (SELECT count(*) FROM accounts_user)"
        before = first.query(counts)
    assert first.program.returncode == 0
    assert len(everybody) >= len(SERVICES)
    wait_until(lambda: ended(everybody), seconds=10, what="the end of all it had started")
    with running(tmp_path) as second:
        assert second.query(counts) == before
        everybody = second.everybody()
        second.program.kill()
        wait_until(lambda: ended(everybody), seconds=15, what="the end of all services")
