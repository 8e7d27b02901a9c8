"""Opening cases, gathering the offences of a person across retailers, moving a case on."""

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction
from django.db.models import F, Max, QuerySet
from django.utils import timezone

from portal.accounts.models import Organisation, User
from portal.assurance.actions import Truth, record_later_truth
from portal.assurance.states import TruthKind
from portal.audit.log import Actor, SystemActor, record
from portal.audit.tags import Tag
from portal.cases.actions import Conflict, Invalid
from portal.cases.models import Case, CaseOffence, CaseStep
from portal.cases.queries import Gathering, cases_in_progress, decisions_without_case, gatherings
from portal.cases.states import CASE_MOVES, MAY_EDIT, Basis, CaseResult, CaseState
from portal.gallery.models import CustodySubject
from portal.reviews.models import Decision
from portal.reviews.states import DecisionState, Outcome

AT_ONCE = 200
FOLLOWER = SystemActor("cases")
EDITABLE = (
    "oic_name", "oic_contact", "crime_reference", "urn", "custody_record", "pnc_id", "cro_number", "exhibits",
    "notes",
)  # fmt: skip
TRUTHS: dict[str, TruthKind] = {
    CaseResult.CHARGED: TruthKind.CHARGED,
    CaseResult.ELIMINATED: TruthKind.ELIMINATED,
    CaseResult.WRONG_PERSON: TruthKind.WRONG_PERSON,
}
CHANGED = "Somebody else has changed this case meanwhile. Look at it again."


def open_cases() -> int:
    """Give every identified offender its place in a case; how many were placed."""
    placed = 0
    for decision in decisions_without_case().select_related("offender__submission__campaign")[:AT_ONCE]:
        open_case(decision, by=FOLLOWER)
        placed += 1
    return placed


@transaction.atomic
def open_case(decision: Decision, *, by: Actor) -> Case:
    """The case in progress of the subject identified, opened where there is none; again is the same case."""
    if decision.state != DecisionState.DECIDED or decision.outcome != Outcome.IDENTIFIED:
        raise Invalid("A case is opened once two officers, or an adjudication, have identified somebody.")
    force_id = decision.offender.submission.campaign.force_id
    Organisation.objects.select_for_update(no_key=True).get(pk=force_id)
    standing = CaseOffence.objects.filter(decision=decision, removed_at=None).select_related("case").first()
    if standing is not None:
        return standing.case
    assert decision.subject_uid is not None
    case = cases_in_progress(force_id).filter(subject_uid=decision.subject_uid).first()
    opened = case is None
    if case is None:
        case = _opened(decision.subject_uid, force_id, by)
    changes = _gather(case, gatherings(force_id).get(case.subject_uid, Gathering()))
    if opened:
        record(Tag.CASE_OPENED, actor=by, subject=case, decision=str(decision.uid))
    if any(changes):
        record(Tag.CASE_GATHERED, actor=by, subject=case, added=changes[0], removed=changes[1])
    return case


def _opened(subject_uid: UUID, force_id: int, by: Actor) -> Case:
    subject = CustodySubject.objects.filter(uid=subject_uid).first()
    last = Case.objects.filter(force=force_id).aggregate(last=Max("number"))["last"] or 0
    case = Case.objects.create(
        force_id=force_id,
        number=last + 1,
        subject=subject,
        subject_uid=subject_uid,
        custody_record=subject.reference if subject else "",
        pnc_id=subject.pnc_id if subject else "",
        cro_number=subject.cro_number if subject else "",
    )
    CaseStep.objects.create(case=case, by_id=by.pk, to=CaseState.OPENED)
    return case


def gather_offences() -> int:
    """Let every case in progress follow decisions and series; how many cases changed."""
    changed = 0
    for force_id in Case.objects.order_by().values_list("force", flat=True).distinct():
        belonging = gatherings(force_id)
        for case in cases_in_progress(force_id).prefetch_related("offences"):
            wanted = belonging.get(case.subject_uid, Gathering())
            if _differs(case, wanted):
                changed += _gather_again(case)
    return changed


def _differs(case: Case, wanted: Gathering) -> bool:
    standing = {one.offender_id for one in case.offences.all() if one.removed_at is None}
    return standing != wanted.all


@transaction.atomic
def _gather_again(case: Case) -> bool:
    """Decided anew under the force's lock: series and decisions may have moved since they were compared."""
    Organisation.objects.select_for_update(no_key=True).get(pk=case.force_id)
    added, removed = _gather(case, gatherings(case.force_id).get(case.subject_uid, Gathering()))
    if added or removed:
        record(Tag.CASE_GATHERED, actor=FOLLOWER, subject=case, added=added, removed=removed)
    return bool(added or removed)


def _gather(case: Case, wanted: Gathering) -> tuple[int, int]:
    """How many offences came and went. What stands in another case stays there, unless identified as ours."""
    standing = CaseOffence.objects.filter(removed_at=None)
    theirs = standing.exclude(case=case).filter(offender__in=wanted.identified, decision=None)
    _remove(theirs, "identified, and gathered in the case of that person")
    mine = standing.filter(case=case)
    _remove(mine.filter(offender__in=wanted.identified, decision=None), "identified since")
    gone = _remove(
        mine.exclude(offender__in=wanted.all),
        "no longer linked with an identified offender",
    )
    placed = set(standing.filter(offender__in=wanted.all).values_list("offender_id", flat=True))
    new = [_offence(case, wanted, pk) for pk in sorted(wanted.all - placed)]
    CaseOffence.objects.bulk_create(new)
    return len(new), gone


def _offence(case: Case, wanted: Gathering, offender_id: int) -> CaseOffence:
    decision = wanted.identified.get(offender_id)
    basis = Basis.DECISION if decision else Basis.SERIES
    return CaseOffence(case=case, offender_id=offender_id, basis=basis, decision_id=decision)


def _remove(offences: QuerySet[CaseOffence], why: str) -> int:
    return offences.update(removed_at=timezone.now(), removed_why=why)


# --- by a supervisor ------------------------------------------------------------------------------
def _check_may_edit(case: Case, by: User) -> None:
    if by.role not in MAY_EDIT or by.organisation_id != case.force_id:
        raise Conflict("Your role does not change cases of this force.")


@transaction.atomic
def change_case(case: Case, fields: Mapping[str, str], *, revision: int, by: User) -> None:
    """Set references and the officer in the case; Conflict where somebody changed it since `revision`."""
    _check_may_edit(case, by)
    changed = {name: fields[name].strip() for name in EDITABLE if name in fields}
    before = {name: getattr(case, name) for name in changed}
    found = Case.objects.filter(pk=case.pk, revision=revision)
    if found.update(**changed, revision=F("revision") + 1) != 1:
        raise Conflict(CHANGED)
    case.refresh_from_db()
    names = sorted(name for name, value in changed.items() if value != before[name])
    record(Tag.CASE_CHANGED, actor=by, subject=case, fields=names)


@transaction.atomic
def move_case(case: Case, to: CaseState, *, by: User, reason: str, result: str = "") -> None:
    """To its next state, for a reason; concluding needs a result, opening again takes it back."""
    _check_may_edit(case, by)
    _check_move(to, reason, result)
    origin = CaseState(case.state)
    if to not in CASE_MOVES[origin]:
        raise Conflict(CHANGED)
    done = timezone.now() if to == CaseState.CONCLUDED else None
    if origin == CaseState.CONCLUDED:
        _check_no_other(case)
    found = Case.objects.filter(pk=case.pk, state=origin)
    if found.update(state=to, result=result, concluded_at=done, revision=F("revision") + 1) != 1:
        raise Conflict(CHANGED)
    CaseStep.objects.create(
        case=case, by=by, origin=origin, to=to, result=result, reason=reason.strip()[:500]
    )
    case.refresh_from_db()
    if result in TRUTHS:
        _tell_the_truth(case, TRUTHS[result], reason, by)
    record(Tag.CASE_MOVED, actor=by, subject=case, reason=reason, to=to, result=result)


def _tell_the_truth(case: Case, kind: TruthKind, why: str, by: User) -> None:
    """How the case ended is what became known of the identifications it rests on: into their error rates."""
    standing = case.offences.filter(removed_at=None, decision__isnull=False).values("decision")
    # All rows before the first entry of the log, whose lock comes last.
    decisions = list(Decision.objects.select_for_update(no_key=True).filter(pk__in=standing).order_by("pk"))
    for decision in decisions:
        truth = Truth(kind, f"Case {case.number}", timezone.localdate(), why)
        record_later_truth(decision, truth, by=by)


def _check_move(to: CaseState, reason: str, result: str) -> None:
    if not reason.strip():
        raise Invalid("Give the reason: it is kept with the case.")
    if to == CaseState.CONCLUDED and result not in CaseResult.values:
        raise Invalid("Choose how the case ended.")
    if to != CaseState.CONCLUDED and result:
        raise Invalid("Only a concluded case has an outcome.")


def _check_no_other(case: Case) -> None:
    # One at a time in a force: two supervisors may open two cases of one person again at once.
    Organisation.objects.select_for_update(no_key=True).get(pk=case.force_id)
    if cases_in_progress(case.force_id).filter(subject_uid=case.subject_uid).exists():
        raise Conflict("Another case of this person is in progress. Work on that one.")
