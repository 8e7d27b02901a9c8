"""Searching again: when new custody images arrive, or when an officer asks; reopened only for a new face."""

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from portal import work
from portal.accounts.models import Organisation, User
from portal.audit.log import Actor, SystemActor, record
from portal.audit.tags import Tag
from portal.celery import BULK, send_on_commit
from portal.gallery.models import Event, EventKind, Template
from portal.gallery.queries import not_planted
from portal.reviews.models import Decision, Judgement, SearchAgain
from portal.reviews.moves import Conflict, Invalid
from portal.reviews.queries import candidates_of, latest_searches, newest_searches
from portal.reviews.reopening import reopen_decision
from portal.reviews.states import UNIDENTIFIED, DecisionState, ReviewState
from portal.searches.actions import ErasedMeanwhile
from portal.searches.again import Asked, record_searches, repeat_searches
from portal.searches.models import Occasion, Search
from portal.submissions.genuine import genuine
from portal.submissions.models import Campaign
from portal.work import WorkState

SEARCH_AGAIN = "reviews.search_again"
BATCH = 100  # decisions a run of the planner takes up for one force
STILL_UNIDENTIFIED = Q(state=DecisionState.DECIDED, outcome__in=UNIDENTIFIED) | Q(
    state=DecisionState.AWAITING_FIRST
)
LIVE_WORK = (WorkState.QUEUED, WorkState.RUNNING)


# --- who is due -----------------------------------------------------------------------------------
def newest_addition(force: Organisation) -> tuple[int, Template] | None:
    """The event number and template of the newest enrolment of this force; None in an empty gallery.

    What was planted for a known-answer check is no addition to it.
    """
    ours = Template.objects.filter(
        not_planted("image__subject__"), pk=OuterRef("template_id"), image__subject__force=force
    )
    event = Event.objects.filter(Exists(ours), kind=EventKind.ADDED).order_by("-seq").first()
    return (event.seq, Template.objects.defer("vector").get(pk=event.template_id)) if event else None


def due_decisions(force: Organisation) -> QuerySet[Decision]:
    """Offenders still unidentified, last searched before the newest custody image was enrolled.

    Only in campaigns that record a basis of its own for searching again, and only where the gallery still
    holds templates of the model the still was searched with.
    """
    newest = newest_addition(force)
    if newest is None:
        return Decision.objects.none()
    seq, template = newest
    older = newest_searches().filter(
        still__offender=OuterRef("offender"),
        gallery_seq__lt=seq,
        model=template.model,
        model_version=template.model_version,
    )
    busy = SearchAgain.objects.filter(
        decision=OuterRef("pk"), work_state__in=(*LIVE_WORK, WorkState.QUARANTINED)
    )
    allowed = Decision.objects.filter(genuine("offender__"), force=force)
    allowed = allowed.exclude(offender__submission__campaign__research_basis="")
    return allowed.filter(STILL_UNIDENTIFIED, Exists(older), ~Exists(busy)).order_by("pk")


def plan() -> int:
    """Put the next batch of due decisions of every force to work; how many."""
    with_a_basis = Campaign.objects.filter(force=OuterRef("pk")).exclude(research_basis="")
    return sum(
        _put_to_work(decision, None, "")
        for force in Organisation.objects.filter(Exists(with_a_basis))
        for decision in due_decisions(force)[:BATCH]
    )


@transaction.atomic
def _put_to_work(decision: Decision, by: User | None, reason: str) -> bool:
    row, made = SearchAgain.objects.get_or_create(
        decision=decision, defaults={"requested_by": by, "reason": reason}
    )
    if not made:
        idle = SearchAgain.objects.filter(pk=row.pk).exclude(work_state__in=LIVE_WORK)
        if idle.update(requested_by=by, reason=reason, **work.requeued()) != 1:
            return False
    send_on_commit(SEARCH_AGAIN, queue=BULK, again_id=row.pk)
    return True


@transaction.atomic
def search_again(decision: Decision, *, reason: str, by: User) -> None:
    """Ask for a new search of an offender who is not identified; Conflict or Invalid where it cannot be."""
    if not reason.strip():
        raise Invalid("Say why the gallery is to be searched again.")
    if not Decision.objects.filter(STILL_UNIDENTIFIED, pk=decision.pk).exists():
        raise Conflict("Only an offender who is not identified and not with an officer is searched again.")
    if not latest_searches(decision.offender).exists():
        raise Invalid("No face of this offender could be searched, so there is nothing to search again.")
    if not _put_to_work(decision, by, reason.strip()[:500]):
        raise Conflict("This offender is being searched again already.")
    record(Tag.SEARCH_REQUESTED, actor=by, subject=decision, reason=reason)


# --- one decision ---------------------------------------------------------------------------------
def perform(held: work.Claim) -> list[Search]:
    """Search every still of one decision again, once; the new searches, none where an officer has it."""
    while True:
        try:
            return _perform(held)
        except ErasedMeanwhile:
            continue  # an image went between the search and its commit: ask again


@transaction.atomic
def _perform(held: work.Claim) -> list[Search]:
    again = SearchAgain.objects.select_related("requested_by").get(pk=held.pk)
    # Nobody can take the decision meanwhile: who takes it next compares the new list.
    decision = Decision.objects.select_for_update(no_key=True).get(pk=again.decision_id)
    if not work.settle(held) or not _still_unidentified(decision):
        return []
    asked = _asked(again, decision)
    campaign = decision.offender.submission.campaign
    made = repeat_searches(latest_searches(decision.offender), asked, length=campaign.list_length)
    new = _never_judged(decision, made) if decision.state == DecisionState.DECIDED else 0
    if new:
        reopen_decision(decision, reason=_because(new, again), by=_actor(again))
    record_searches(made)
    return made


def _still_unidentified(decision: Decision) -> bool:
    return Decision.objects.filter(STILL_UNIDENTIFIED, pk=decision.pk).exists()


def _asked(again: SearchAgain, decision: Decision) -> Asked:
    if again.requested_by:
        return Asked(Occasion.OFFICER_ASKED, again.reason, again.requested_by)
    return Asked(Occasion.NEW_CUSTODY_IMAGES, decision.offender.submission.campaign.research_basis)


def _actor(again: SearchAgain) -> Actor:
    return again.requested_by or SystemActor("search-again")


def _never_judged(decision: Decision, searches: list[Search]) -> int:
    """How many candidates of the new list no finished review of this decision has judged."""
    length = max((search.list_length for search in searches), default=0)
    reviews = decision.reviews.filter(state=ReviewState.COMPLETE)
    judged = set(Judgement.objects.filter(review__in=reviews).values_list("subject_uid", flat=True))
    return sum(one.subject_uid not in judged for one in candidates_of(searches, length))


def _because(new: int, again: SearchAgain) -> str:
    why = f"asked for by an officer: {again.reason}" if again.requested_by else "new custody images"
    return f"Searched again ({why}); {new} candidate{'' if new == 1 else 's'} nobody has compared yet."
