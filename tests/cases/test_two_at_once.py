"""Two supervisors at the same moment, on real PostgreSQL: one wins, the other is told."""

from functools import partial

import pytest

from portal.cases.actions.cases import move_case
from portal.cases.models import Case
from portal.cases.states import CaseResult, CaseState
from portal.submissions.models import Offender
from tests.cases.staging import bare_case
from tests.cast import Cast, make_gallery, searched_offender
from tests.work.race import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def concluded(offender: Offender, cast: Cast) -> Case:
    case = bare_case(offender)
    move_case(case, CaseState.CONCLUDED, by=cast.supervisor, reason="Done", result=CaseResult.NFA)
    return case


def test_of_two_cases_of_one_person_one_is_opened_again(cast: Cast) -> None:
    make_gallery(cast.force, 1)
    offenders = [searched_offender(cast.loss_prevention, cast.campaign) for _ in range(2)]
    both = [concluded(one, cast) for one in offenders]
    again = partial(move_case, to=CaseState.WITH_OIC, by=cast.supervisor, reason="New evidence")
    told = at_once([partial(again, one) for one in both])
    assert sorted(str(one) for one in told) == [
        "Another case of this person is in progress. Work on that one.",
        "None",
    ]
    assert Case.objects.exclude(state=CaseState.CONCLUDED).count() == 1
