"""Two reports judged one person, a case across two retailers, a package that leaves and is verified."""

import json
import zipfile
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.cases import tasks
from portal.cases.models import Case, Package, Pair
from portal.cases.states import Basis, PackageKind, PairState, PairVerdict
from portal.reviews.states import Outcome
from tests.browsing import Browser
from tests.cases.acting import look_alikes
from tests.cast import Cast, decide, make_gallery
from tests.police.officer import Officer, retailers_words

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def judge_blind(officer: Officer) -> None:
    """The pair that waits: two faces and a form, nothing of the reports; then their own words come back."""
    page = officer.open("police:series")
    officer.choose("a:has-text('Judge the next pair')")
    expect(page.get_by_role("heading", name="Is this one person?")).to_be_visible()
    expect(page.get_by_role("img", name="face")).to_have_count(2)
    officer.look()
    told = page.content()
    assert [word for word in (*officer.never, "cosine", "left ear") if word in told] == []
    officer.choose(f"input[name=verdict][value={PairVerdict.SAME}]", "Space")
    officer.write("textarea[name=reason]", f"The same left ear, says {officer.user.name}.")
    officer.choose("button[name=next]")
    expect(page.get_by_text("No pair is waiting for you just now.")).to_be_visible()


def make_package(supervisor: Officer, case: Case) -> Package:
    """Asked for on the case's page; the page tells by itself when the worker has made it."""
    page = supervisor.open("police:cases")
    supervisor.choose(f"a[href*='{case.uid}']")
    expect(page.get_by_role("heading", name=f"Case {case.number}")).to_be_visible()
    supervisor.look()
    supervisor.choose("a:has-text('Make a package')")
    supervisor.choose(f"input[name=kind][value={PackageKind.DISCLOSURE}]", "Space")
    supervisor.write("input[name=purpose]", "For the prosecutor")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Being made:")).to_be_visible()
    package = Package.objects.get()
    tasks.make_package(package_id=package.pk)
    expect(page.get_by_text("Ready until")).to_be_visible()
    supervisor.look()
    return package


def download(supervisor: Officer, path: Path) -> Path:
    """To whom and why first."""
    page = supervisor.page
    supervisor.choose("a.button:has-text('Download')")
    supervisor.write("input[name=recipient]", "Crown Prosecution Service")
    supervisor.write("input[name=reason]", "Charging decision")
    with page.expect_download() as told:
        page.keyboard.press("Enter")
    told.value.save_as(path)
    return path


def test_a_series_a_case_and_a_package(
    cast: Cast, browser: Browser, live_server: LiveServer, tmp_path: Path
) -> None:
    make_gallery(cast.force, 3)
    mine, theirs = look_alikes(cast, person=1)
    tasks.suggest_series()
    for user in (cast.facial_reviewer, cast.second_reviewer):
        officer = Officer(browser, user, live_server.url, retailers_words(cast))
        judge_blind(officer)
        officer.leave()
    assert Pair.objects.get().state == PairState.LINKED

    decide(mine, Outcome.IDENTIFIED, cast)
    tasks.follow_decisions()
    case = Case.objects.get()
    bases = dict(case.offences.values_list("offender", "basis"))
    assert bases == {mine.pk: Basis.DECISION, theirs.pk: Basis.SERIES}

    supervisor = Officer(browser, cast.supervisor, live_server.url)
    package = make_package(supervisor, case)
    path = download(supervisor, tmp_path / "package.zip")
    supervisor.leave()
    said = StringIO()
    call_command("verify_package", path, stdout=said)
    assert "disclosure" in said.getvalue()
    with zipfile.ZipFile(path) as archive:
        record = json.loads(archive.read("record.json"))
    assert len(record["offences"]) == 2
    handed = Entry.objects.get(tag=Tag.EXPORTED)
    assert (handed.actor_id, handed.subject_id) == (cast.supervisor.pk, str(package.uid))
