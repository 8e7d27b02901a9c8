"""The figures a retailer gets: counted by PostgreSQL or SQLite, they are those of counting one by one."""

import os
from pathlib import Path

from portal.reviews.models import Decision
from portal.reviews.tallies import STATUS, offender_tallies, still_tallies
from portal.submissions.models import Offender
from tests.audit.manage import manage
from tests.cast import Cast, make_offender
from tests.reviews.recount import differences, make_reports

ON_SQLITE = """
from portal.accounts.models import Organisation, Store, User
from tests.reviews.recount import differences, make_reports
force = Organisation.objects.create(name="Force", kind="force")
retailer = Organisation.objects.create(name="Retailer", kind="retailer")
Store.objects.create(retailer=retailer, name="High Street")
people = [User.objects.create_user(f"{n}@example.org", name="Somebody", organisation=org, role=role)
          for n, (org, role) in enumerate(((retailer, "loss_prevention"), (force, "facial_reviewer"),
                                           (force, "second_reviewer")))]
make_reports(force, people[0], people[1:])
print("differences:", differences(retailer))
"""


def test_figures_are_those_of_a_plain_recount(cast: Cast) -> None:
    make_reports(cast.force, cast.loss_prevention, [cast.facial_reviewer, cast.second_reviewer])
    make_reports(cast.force, cast.neighbour, [cast.facial_reviewer, cast.second_reviewer])
    assert differences(cast.retailer) == []


def test_figures_are_right_at_once_after_a_write(cast: Cast) -> None:
    make_reports(cast.force, cast.loss_prevention, [cast.facial_reviewer, cast.second_reviewer])
    decided = Decision.objects.filter(outcome="no_match").first()
    assert decided is not None
    Decision.objects.filter(pk=decided.pk).update(outcome="inconclusive")
    Offender.objects.filter(pk=decided.offender_id).update(value="77.77", store=None)
    assert differences(cast.retailer) == []


def test_nothing_reported_is_nothing(cast: Cast) -> None:
    nobody = Offender.objects.filter(submission__retailer=cast.uninvited)
    assert (offender_tallies(nobody).whole.offenders, still_tallies(nobody).whole.stills) == (0, 0)
    assert offender_tallies(nobody).by[STATUS] == {}
    make_offender(cast.loss_prevention, cast.campaign)
    assert list(offender_tallies(Offender.objects.all()).by[STATUS]) == ["needs_still"]


def test_sqlite_counts_the_same(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    env = {**kept, "STILLMATCH_STATE_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "portal.settings"}
    assert manage(env, "migrate", "--verbosity", "0").returncode == 0
    done = manage(env, "shell", "-c", ON_SQLITE)
    assert "differences: []" in done.stdout, done.stdout + done.stderr
