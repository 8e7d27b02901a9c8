"""When somebody is identified, all offences of the series across retailers gather in one case."""

import pytest

from portal.assurance.models import LaterTruth
from portal.assurance.states import TruthKind
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.cases.actions import Conflict, Invalid, cases, series
from portal.cases.models import Case, Series
from portal.cases.states import Basis, CaseResult, CaseState
from portal.reviews.states import Outcome
from tests.cases.acting import link
from tests.cast import Cast, decide, make_gallery, searched_offender


def standing(case: Case) -> dict[str, str]:
    """What brought each retailer's offence into the case."""
    rows = case.offences.filter(removed_at=None)
    return dict(rows.values_list("offender__submission__retailer__name", "basis"))


def test_offences_of_two_retailers_gather_in_one_case(cast: Cast, case: Case) -> None:
    assert standing(case) == {
        cast.retailer.name: Basis.DECISION,
        cast.other_retailer.name: Basis.SERIES,
    }
    assert case.subject is not None
    assert (case.number, case.custody_record) == (1, case.subject.reference)
    assert cases.open_cases() == 0
    assert cases.gather_offences() == 0
    assert Entry.objects.filter(tag=Tag.CASE_OPENED).count() == 1


def test_a_second_identification_joins_the_same_case(cast: Cast, case: Case) -> None:
    decide(searched_offender(cast.neighbour, cast.campaign, person=1), Outcome.IDENTIFIED, cast)
    assert cases.open_cases() == 1
    assert Case.objects.count() == 1
    assert case.offences.filter(removed_at=None).count() == 3


def test_a_link_made_later_brings_its_offence(cast: Cast, case: Case) -> None:
    late = searched_offender(cast.loss_prevention, cast.campaign, person=1)
    linked = case.offences.get(basis=Basis.SERIES).offender
    link(late, linked, cast)
    assert cases.gather_offences() == 1
    assert case.offences.filter(removed_at=None).count() == 3


def test_a_split_takes_its_offence_out_again(cast: Cast, case: Case) -> None:
    linked = case.offences.get(basis=Basis.SERIES).offender
    series.split(Series.objects.get(), linked.pk, "Another person", by=cast.supervisor)
    assert cases.gather_offences() == 1
    assert standing(case) == {cast.retailer.name: Basis.DECISION}
    assert case.offences.exclude(removed_at=None).get().removed_why


def test_a_linked_offender_identified_as_another_person_goes_to_that_case(cast: Cast, case: Case) -> None:
    linked = case.offences.get(basis=Basis.SERIES).offender
    decide(linked, Outcome.IDENTIFIED, cast)
    cases.open_cases()
    cases.gather_offences()
    assert linked.case_offences.get(removed_at=None).basis == Basis.DECISION


def test_an_undecided_offender_opens_no_case(cast: Cast) -> None:
    make_gallery(cast.force, 2)
    decision = decide(searched_offender(cast.loss_prevention, cast.campaign), Outcome.NO_MATCH, cast)
    with pytest.raises(Invalid):
        cases.open_case(decision, by=cast.supervisor)
    assert cases.open_cases() == 0


def test_moves_are_recorded_and_need_a_reason(cast: Cast, case: Case) -> None:
    with pytest.raises(Invalid):
        cases.move_case(case, CaseState.CONCLUDED, by=cast.supervisor, reason="Charged today")
    with pytest.raises(Invalid):
        cases.move_case(case, CaseState.WITH_OIC, by=cast.supervisor, reason=" ")
    with pytest.raises(Conflict):
        cases.move_case(case, CaseState.WITH_OIC, by=cast.facial_reviewer, reason="Sent on")
    cases.move_case(
        case, CaseState.CONCLUDED, by=cast.supervisor, reason="Alibi", result=CaseResult.WRONG_PERSON
    )
    assert (case.state, case.result) == (CaseState.CONCLUDED, CaseResult.WRONG_PERSON)
    (identified,) = case.offences.exclude(decision=None)
    truth = LaterTruth.objects.get()
    assert (truth.decision, truth.kind) == (identified.decision, TruthKind.WRONG_PERSON)
    assert [one.to for one in case.steps.all()] == [CaseState.OPENED, CaseState.CONCLUDED]
    assert cases.open_cases() == 0


def test_of_two_changes_at_once_the_second_is_told(cast: Cast, case: Case) -> None:
    seen = case.revision
    cases.change_case(case, {"urn": "01NM0000126"}, revision=seen, by=cast.supervisor)
    with pytest.raises(Conflict):
        cases.change_case(case, {"urn": "other"}, revision=seen, by=cast.supervisor)
    case.refresh_from_db()
    assert case.urn == "01NM0000126"
