"""The services that other tests lean on are the real ones, and start from nothing each time."""

from collections.abc import Callable

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.utils import DatabaseError
from playwright.sync_api import Page, expect

from portal.accounts.models import Organisation, OrganisationKind
from portal.audit.log import SystemActor, record
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.celery import app
from tests.working import WorkerProcess

ACTOR = SystemActor("test")


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", [1, 2])
def test_every_test_starts_with_an_empty_log_although_nobody_may_empty_it(round_: int) -> None:
    """Run twice: the second round would find the first one's row."""
    assert Entry.objects.count() == 0
    record(Tag.LOGGED_IN, actor=ACTOR, subject=("test", round_))
    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute("TRUNCATE audit_entry")


@pytest.mark.postgres
@pytest.mark.django_db
def test_the_database_is_this_process_s_own_postgresql() -> None:
    assert connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('unix_socket_directories')")
        (directory,) = cursor.fetchone()
    assert directory == f"{settings.STATE_DIR}/postgres"


def test_the_worker_works_on_the_test_database(worker: WorkerProcess) -> None:
    """The worker that answers on this test's broker sees a row that only this test's database has."""
    Organisation.objects.create(name="Only here", kind=OrganisationKind.RETAILER)
    replies = app.control.inspect(timeout=10, limit=1).stats()
    assert replies
    assert len(replies) == 1
    assert worker.env["DATABASE_URL"].startswith(f"postgresql:///{connection.settings_dict['NAME']}?")


def test_workers_started_by_a_test_end_with_kill_9(start_worker: Callable[..., WorkerProcess]) -> None:
    killed = start_worker(concurrency=2)
    killed.kill()
    assert killed.child is not None
    assert killed.child.returncode == -9


@pytest.mark.browser
def test_the_browser_opens_the_live_service(live_server: object, page: Page) -> None:
    call_command("check")
    page.goto(f"{live_server}/accounts/login/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
