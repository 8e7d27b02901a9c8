"""What may be compared, which pairs wait for whom, series and cases of a force."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from portal.accounts.models import User
from portal.assurance.queries import real_decisions
from portal.cases.models import Case, CaseOffence, Membership, Package, Pair, Series
from portal.cases.states import MAY_JUDGE, TO_JUDGE, CaseState
from portal.reviews.models import Decision
from portal.reviews.queries import READS_EVERY_RECORD
from portal.reviews.states import DecisionState, Outcome
from portal.searches.models import Search
from portal.submissions.genuine import genuine


# --- series ---------------------------------------------------------------------------------------
def comparable_searches() -> QuerySet[Search]:
    """The newest search of each still's chosen face, of declared offenders nobody has identified."""
    newer = Search.objects.filter(still=OuterRef("still"), pk__gt=OuterRef("pk"))
    identified = Decision.objects.filter(offender=OuterRef("still__offender"), outcome=Outcome.IDENTIFIED)
    return (
        Search.objects.filter(
            ~Exists(newer),
            ~Exists(identified),
            genuine("still__offender__"),
            face=F("still__chosen_face"),
            still__offender__declared_at__isnull=False,
        )
        .exclude(query=b"")
        .select_related("still", "campaign")
    )


def series_by_offender(offender_ids: Iterable[int]) -> dict[int, int]:
    """The series each of these offenders is in now; offenders in none are left out."""
    rows = Membership.objects.filter(offender__in=list(offender_ids), until=None)
    return dict(rows.values_list("offender_id", "series_id"))


def pairs_for(user: User) -> QuerySet[Pair]:
    """Every pair of the officer's force."""
    return Pair.objects.filter(force=user.organisation_id)


def pairs_to_judge(user: User) -> QuerySet[Pair]:
    """Pairs this officer may judge, longest waiting first; never one the officer has judged."""
    if user.role not in MAY_JUDGE:
        return Pair.objects.none()
    waiting = pairs_for(user).filter(state__in=TO_JUDGE).exclude(judgements__officer=user)
    return waiting.order_by("suggested_at", "pk")


def series_for(user: User) -> QuerySet[Series]:
    """Every series of the officer's force that holds, with how many offenders and retailers it has."""
    held = Q(memberships__until=None)
    retailers = Count("memberships__offender__submission__retailer", filter=held, distinct=True)
    return Series.objects.filter(force=user.organisation_id, ended_at=None).annotate(
        members=Count("memberships", filter=held, distinct=True), retailers=retailers
    )


# --- cases ----------------------------------------------------------------------------------------
def cases_for(user: User) -> QuerySet[Case]:
    """Every case of the officer's force."""
    return Case.objects.filter(force=user.organisation_id)


def readable_cases(user: User) -> QuerySet[Case]:
    """Cases this person may read: supervisors and auditors all of their force's; a reviewer not those with
    an offender whom somebody still reviews, for a case says who it is."""
    if user.role in READS_EVERY_RECORD:
        return cases_for(user)
    under_review = Exists(
        CaseOffence.objects.filter(case=OuterRef("pk"), removed_at=None).exclude(
            offender__decision__state=DecisionState.DECIDED
        )
    )
    return cases_for(user).filter(~under_review)


def identified_decisions() -> QuerySet[Decision]:
    """Decisions that two officers, or a supervisor after a disagreement, made "identified"."""
    return real_decisions().filter(
        state=DecisionState.DECIDED, outcome=Outcome.IDENTIFIED, subject_uid__isnull=False
    )


def decisions_without_case() -> QuerySet[Decision]:
    """Identified offenders that stand in no case as identified, oldest first."""
    standing = CaseOffence.objects.filter(
        offender=OuterRef("offender"), removed_at=None, decision=OuterRef("pk")
    )
    return identified_decisions().filter(~Exists(standing)).order_by("decided_at", "pk")


@dataclass
class Gathering:
    """The offenders that belong in the case of one subject: identified as it, or in a series with one."""

    identified: dict[int, int] = field(default_factory=dict)  # offender id → decision id
    linked: set[int] = field(default_factory=set)

    @property
    def all(self) -> set[int]:
        """Every offender that belongs there."""
        return {*self.identified, *self.linked}


def gatherings(force_id: int) -> dict[UUID, Gathering]:
    """By subject, for a whole force. A series identified as several people belongs to none of them."""
    found: dict[UUID, Gathering] = {}
    subject_of: dict[int, UUID] = {}
    rows = identified_decisions().filter(force=force_id)
    for offender, decision, subject in rows.values_list("offender_id", "pk", "subject_uid"):
        assert subject is not None
        found.setdefault(subject, Gathering()).identified[offender] = decision
        subject_of[offender] = subject
    members: dict[int, list[int]] = {}
    held = Membership.objects.filter(series__force=force_id, until=None)
    for series, offender in held.values_list("series_id", "offender_id"):
        members.setdefault(series, []).append(offender)
    for offenders in members.values():
        subjects = {subject_of[one] for one in offenders if one in subject_of}
        if len(subjects) == 1:
            found[subjects.pop()].linked.update(one for one in offenders if one not in subject_of)
    return found


def cases_in_progress(force_id: int) -> QuerySet[Case]:
    """Cases whose offences still follow the decisions and the series."""
    return Case.objects.filter(force=force_id).exclude(state=CaseState.CONCLUDED)


def packages_for(user: User) -> QuerySet[Package]:
    """Every package about a case of the officer's force."""
    return Package.objects.filter(case__force=user.organisation_id)
