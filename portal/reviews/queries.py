"""Which offenders wait for whom, and what one review compares."""

from collections.abc import Iterable

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.gallery.queries import may_be_searched
from portal.reviews.models import Decision, Judgement, Review
from portal.reviews.states import LIVE, MAY_TAKE, WAITING, DecisionState, ReviewState, Stage
from portal.searches.fusion import fused_scores
from portal.searches.models import Candidate, Search
from portal.submissions.models import Offender, Still
from portal.work import WorkState

BUSY = (WorkState.QUEUED, WorkState.RUNNING)
SETTLED = (WorkState.DONE, WorkState.REFUSED)
READS_EVERY_RECORD = frozenset({Role.SUPERVISOR, Role.AUDITOR})


def ready_offenders() -> QuerySet[Offender]:
    """Declared offenders with a candidate list or a stated reason, and no still in the works.

    A still that was set aside for an operator does not hold up the others.
    """
    stills = Still.objects.filter(offender=OuterRef("pk"))
    return Offender.objects.filter(
        Exists(stills.filter(work_state__in=SETTLED)),
        ~Exists(stills.filter(work_state__in=BUSY)),
        declared_at__isnull=False,
    )


def open_decisions() -> int:
    """Give every offender that became ready its decision record; how many were new."""
    missing = ready_offenders().filter(decision=None).values_list("pk", "submission__campaign__force")
    new = [Decision(offender_id=pk, force_id=force) for pk, force in missing]
    return len(Decision.objects.bulk_create(new, ignore_conflicts=True))


def waiting_for(user: User, stage: Stage) -> QuerySet[Decision]:
    """Decisions this officer may take at this stage, longest waiting first: never their own second look."""
    if user.role not in MAY_TAKE[stage]:
        return Decision.objects.none()
    waiting = decisions_for(user).filter(state=WAITING[stage]).order_by("entered_at", "pk")
    if stage == Stage.FIRST:
        busy = Still.objects.filter(offender=OuterRef("offender"), work_state__in=BUSY)
        waiting = waiting.filter(~Exists(busy))
    else:
        waiting = waiting.exclude(Q(first_reviewer=user) | Q(second_reviewer=user))
    if stage == Stage.ADJUDICATION:
        return waiting
    return waiting.filter(~Exists(saw_this_list(user, stage).filter(decision=OuterRef("pk"))))


def saw_this_list(user: User, stage: Stage) -> QuerySet[Review]:
    """Reviews in which this officer saw the reveal of the list that a decision is at this stage about.

    Whoever has such a review cannot look blind. In an earlier round it was this list only if it held all
    that is compared now; an empty list has nothing to be blind about.
    """
    revealed = Q(blind_saved_at__isnull=False) | Q(stage=Stage.ADJUDICATION)
    compared = Review.searches.through.objects.filter(review=OuterRef(OuterRef("pk")), search=OuterRef("pk"))
    unseen = _compared_now(stage).filter(~Exists(compared))
    shown = Judgement.objects.filter(review=OuterRef("pk"))
    this_round = Q(round=F("decision__round")) & ~Q(stage=stage)
    earlier = Q(Exists(shown), ~Exists(unseen), round__lt=F("decision__round"))
    return Review.objects.filter(revealed, this_round | earlier, reviewer=user)


def _compared_now(stage: Stage) -> QuerySet[Search]:
    """For a query on reviews: what their decision is about now, as claims.py takes it at this stage."""
    if stage == Stage.FIRST:
        return newest_searches().filter(still__offender=OuterRef("decision__offender"))
    first = Review.searches.through.objects.filter(
        search=OuterRef("pk"),
        review__decision=OuterRef(OuterRef("decision")),
        review__round=OuterRef(OuterRef("decision__round")),
        review__stage=Stage.FIRST,
        review__state=ReviewState.COMPLETE,
    )
    return Search.objects.filter(Exists(first), extends=None)


def completed(decision: Decision, stage: Stage) -> Review | None:
    """The finished review of a stage in the decision's present round."""
    done = Review.objects.filter(decision=decision, round=decision.round, state=ReviewState.COMPLETE)
    return done.filter(stage=stage).first()


def live_reviews_of(user: User) -> QuerySet[Review]:
    """What this officer has open."""
    return Review.objects.filter(reviewer=user, state__in=LIVE).select_related("decision__offender")


def decisions_for(user: User) -> QuerySet[Decision]:
    """Every decision of the officer's force."""
    return Decision.objects.filter(force=user.organisation_id)


def readable_records(user: User) -> QuerySet[Decision]:
    """Decisions whose record this person may read: supervisors and auditors all of their force's,
    a reviewer those the reviewer took part in, once decided (before that it would unblind a colleague)."""
    if user.role in READS_EVERY_RECORD:
        return decisions_for(user)
    mine = Review.objects.filter(decision=OuterRef("pk"), reviewer=user, state=ReviewState.COMPLETE)
    return decisions_for(user).filter(Exists(mine), state=DecisionState.DECIDED)


def latest_searches(offender: Offender) -> QuerySet[Search]:
    """The newest search of each still: what its list stands for now."""
    return newest_searches().filter(still__offender=offender)


def newest_searches() -> QuerySet[Search]:
    """The newest search of the chosen face of every still; a longer list is one of its review only."""
    newer = Search.objects.filter(still=OuterRef("still"), extends=None, pk__gt=OuterRef("pk"))
    return Search.objects.filter(~Exists(newer), extends=None, face=F("still__chosen_face"))


def candidates_of(searches: Iterable[Search], length: int) -> list[Candidate]:
    """One candidate per subject over all stills: by the stills fused, where there are several, else by score.

    A custody image that may no longer be searched is not shown either, whenever the search was.
    """
    asked = list(searches)
    rows = Candidate.objects.filter(may_be_searched(prefix="image__"), search__in=asked)
    best: dict[object, Candidate] = {}
    for candidate in rows.order_by("-score", "template_id", "pk"):
        best.setdefault(candidate.subject_uid, candidate)
    listed = list(best.values())
    if len(asked) > 1:
        fused = fused_scores(asked, listed)
        listed.sort(key=lambda one: fused.get(one.subject_uid, one.score), reverse=True)
    return listed[:length]
