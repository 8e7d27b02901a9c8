"""The reveal, the adjudication, and the conclusion both end in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from portal.accounts.access import SignedInRequest, for_roles
from portal.accounts.roles import REVIEWING_ROLES, Role
from portal.audit.log import record
from portal.audit.tags import Tag
from portal.police.forms import ConclusionForm
from portal.police.strength import chances_of, supports_of
from portal.police.views.queue import my_review, next_review
from portal.police.views.reviews import probes_of
from portal.reviews import actions
from portal.reviews.actions import Conflict, Invalid
from portal.reviews.models import Judgement, Review
from portal.reviews.states import ReviewState, Stage, Verdict


@dataclass(frozen=True)
class Shown:
    """One candidate with everything: the judgement, what the search said, what custody says."""

    judgement: Judgement
    others: Sequence[Judgement]

    @property
    def name(self) -> str:
        """What a conclusion calls this candidate."""
        candidate = self.judgement.candidate
        subject = candidate.subject if candidate else None
        return f"Candidate {self.judgement.position}: {subject.reference if subject else 'erased'}"

    @property
    def possible(self) -> bool:
        """Whether anybody whose judgement counts here found it possible."""
        judged = self.others or (self.judgement,)
        return any(one.verdict == Verdict.POSSIBLE for one in judged)


def shown_candidates(mine: Review, others: Iterable[Judgement] = ()) -> list[Shown]:
    """Every candidate of a review with the search's and custody's details; possible ones first."""
    by_subject: dict[UUID, list[Judgement]] = {}
    for one in others:
        by_subject.setdefault(one.subject_uid, []).append(one)
    rows = mine.judgements.select_related(
        "candidate__subject", "candidate__image", "candidate__search__still"
    )
    shown = [Shown(row, by_subject.get(row.subject_uid, ())) for row in rows]
    return sorted(shown, key=lambda one: (not one.possible, one.judgement.position))


@never_cache
@require_http_methods(["GET", "POST"])
@for_roles(*sorted(REVIEWING_ROLES))
def review_reveal(request: SignedInRequest, review_uid: UUID) -> HttpResponse:
    """Rank, score and custody details of what was judged blind; the conclusion."""
    mine = my_review(request, review_uid)
    if mine.state != ReviewState.REVEALED or mine.stage == Stage.ADJUDICATION:
        return redirect("police:review", mine.uid)
    context = {"candidates": shown_candidates(mine), "verdicts": Verdict.choices}
    return _conclude(request, mine, "police/review_reveal.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@for_roles(Role.SUPERVISOR)
def review_adjudicate(request: SignedInRequest, review_uid: UUID) -> HttpResponse:
    """Both records side by side; the supervisor decides."""
    mine = my_review(request, review_uid)
    if mine.state != ReviewState.REVEALED or mine.stage != Stage.ADJUDICATION:
        return redirect("police:review", mine.uid)
    earlier = list(
        Review.objects.filter(decision=mine.decision_id, round=mine.round, state=ReviewState.COMPLETE)
        .select_related("reviewer", "candidate__subject")
        .order_by("stage")
    )
    judgements = (
        Judgement.objects.filter(review__in=earlier).select_related("review").order_by("review__stage")
    )
    context = {"candidates": shown_candidates(mine, judgements.order_by("review__stage")), "earlier": earlier}
    return _conclude(request, mine, "police/review_adjudicate.html", context)


def _conclude(request: SignedInRequest, mine: Review, template: str, context: dict[str, Any]) -> HttpResponse:
    nameable = [one for one in context["candidates"] if one.possible and one.judgement.candidate]
    choices = [(str(one.judgement.candidate.uid), one.name) for one in nameable]
    form = ConclusionForm(request.POST or None, candidates=choices)
    if request.method == "POST" and form.is_valid():
        try:
            actions.complete_review(mine, form.conclusion(), by=request.user)
        except Invalid as error:
            form.add_error(None, str(error))
        except Conflict as error:
            messages.error(request, str(error))
            return redirect("police:review", mine.uid)
        else:
            messages.success(request, "Your review is recorded.")
            return next_review(request) if "next" in request.POST else redirect("police:queue")
    return _revealed(request, mine, template, {**context, "form": form})


def _revealed(request: SignedInRequest, mine: Review, template: str, context: dict[str, Any]) -> HttpResponse:
    actions.keep_lease(mine)
    page = {
        **context,
        "named": [one for one in context["candidates"] if one.possible],
        "others": [one for one in context["candidates"] if not one.possible],
        "review": mine,
        "offender": mine.decision.offender,
        "probes": probes_of(mine),
        "searches": mine.searches.order_by("pk"),
        "supports": supports_of(mine, [one.judgement for one in context["candidates"]]),
        "chances": chances_of(mine),
    }
    response = render(request, template, page, status=422 if context["form"].errors else 200)
    record(Tag.CANDIDATES_REVEALED, actor=request.user, subject=mine)
    return response
