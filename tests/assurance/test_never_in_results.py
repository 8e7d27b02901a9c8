"""A known-answer check stands in no result: not at retailers, not in the API, not in a figure or a list."""

from typing import Any

import pytest
from django.urls import reverse

from portal.accounts.roles import RETAILER_ROLES, Role
from portal.assurance.actions import grade_reviews
from portal.assurance.models import Check
from portal.cases.models import Case
from portal.gallery.models import CustodySubject
from portal.oversight.analytics import Asked, asked_by, figures
from portal.oversight.scope import decisions_for, searches_for, stills_for
from portal.police.desk import progress_by_retailer, tabs_for
from portal.reviews.models import Decision
from portal.reviews.states import Outcome
from tests.assurance.checks import queued_check
from tests.cast import Cast, client_of, decide, make_gallery, searched_offender
from tests.routes import every_route
from tests.scene import Scene

# An auditor reads the queue and the log, which hold everything that happened.
LEFT_OUT = {"police:queue", "oversight:audit"}


def figure_rows(asked: Asked) -> dict[str, Any]:
    """Every figure by its code, known-answer checks' own left out."""
    return {one.code: one.rows for one in figures(asked) if not one.code.startswith("checks")}


def identified_check(cast: Cast, *, person: int) -> Decision:
    """A check in which both reviewers found the planted person."""
    decision = queued_check(cast.campaign, person=person)
    decide(decision.offender, Outcome.IDENTIFIED, cast)
    grade_reviews()
    return decision


def test_no_figure_and_no_list_moves(cast: Cast) -> None:
    make_gallery(cast.force, 3)
    decide(searched_offender(cast.loss_prevention, cast.campaign), Outcome.IDENTIFIED, cast)
    asked = asked_by(cast.supervisor, {})

    def seen() -> Any:
        lists = [scoped(cast.auditor).count() for scoped in (decisions_for, searches_for, stills_for)]
        campaigns = client_of(cast.supervisor).get(reverse("police:campaigns")).context["page"]
        numbers = [one.offenders for one in campaigns]
        return figure_rows(asked), lists, progress_by_retailer(cast.supervisor), numbers

    before = seen()
    identified_check(cast, person=9)
    queued_check(cast.campaign, person=8, present=False)
    assert seen() == before
    assert tabs_for(cast.supervisor).total == 3  # officers work on them like on all others
    assert not Case.objects.exists()


@pytest.mark.parametrize(
    "role", [*sorted(RETAILER_ROLES), Role.ADMINISTRATOR, Role.GALLERY_MANAGER, Role.AUDITOR]
)
def test_nothing_of_it_is_on_any_page(scene: Scene, role: Role) -> None:
    decision = identified_check(scene.cast, person=9)
    check = Check.objects.get()
    planted = CustodySubject.objects.get(only_for=check.offender_uid)
    words = [str(decision.uid), str(check.offender_uid), str(planted.uid), planted.reference]
    words.append(decision.offender.submission.retailer.name)
    client = client_of(scene.cast.by_role[role])
    for route in every_route():
        if route.parameters or route.name in LEFT_OUT or ":" not in route.name or "^" in route.name:
            continue
        if route.audience is None or role not in route.audience.roles:
            continue
        answer = client.get(reverse(route.name))
        text = b"".join(answer).decode(errors="replace")  # streamed or not
        assert not [word for word in words if word in text], route.name
