"""One review: blind first, then revealed, then concluded. Nothing of the reveal is on the blind page."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.accounts.access import SignedInRequest, for_roles
from portal.accounts.roles import REVIEWING_ROLES
from portal.audit.log import record
from portal.audit.tags import Tag
from portal.police.forms import ChangeForm, JudgementForm, LongerListForm
from portal.police.view_edits import read_edits
from portal.police.views.queue import my_review
from portal.reviews import actions
from portal.reviews.actions import Conflict, Invalid
from portal.reviews.models import Judgement, Review
from portal.reviews.queries import readable_records
from portal.reviews.states import LIST_LENGTHS, ReviewState, Stage, Verdict
from portal.searches.strength import chance_for, depth_in_words

reviewing = for_roles(*sorted(REVIEWING_ROLES))


@require_GET
@reviewing
def review(request: SignedInRequest, review_uid: UUID) -> HttpResponse:
    """To the page of the step this review is at."""
    return redirect(_page_of(request, my_review(request, review_uid)))


def _page_of(request: SignedInRequest, mine: Review) -> str:
    if mine.state == ReviewState.BLIND:
        return reverse("police:review-blind", args=[mine.uid])
    if mine.state == ReviewState.REVEALED and mine.stage == Stage.ADJUDICATION:
        return reverse("police:review-adjudicate", args=[mine.uid])
    if mine.state == ReviewState.REVEALED:
        return reverse("police:review-reveal", args=[mine.uid])
    if readable_records(request.user).filter(pk=mine.decision_id).exists():
        return reverse("police:decision-record", args=[mine.decision.uid])
    finished = mine.state == ReviewState.COMPLETE
    went = "Your review is recorded." if finished else "This review went back to the queue."
    messages.info(request, went)
    return reverse("police:queue")


# --- stage 1: blind -------------------------------------------------------------------------------
@dataclass(frozen=True)
class Pair:
    """A candidate as the blind page may know it: a place in the order, an opaque id, a form."""

    position: int
    uid: UUID
    judged: str
    form: JudgementForm


@dataclass(frozen=True)
class Probe:
    """A still of the offender: its number on the page and whether a face was chosen in it."""

    number: int
    has_face: bool
    why: str


def probes_of(mine: Review) -> list[Probe]:
    """The stills compared, numbered from 1, those with a chosen face first."""
    probes = [
        Probe(number, probe["box"] is not None, probe["why_not_searched"])
        for number, probe in enumerate(mine.probes, start=1)
    ]
    return sorted(probes, key=lambda probe: not probe.has_face)


@never_cache
@require_GET
@reviewing
def review_blind(request: SignedInRequest, review_uid: UUID) -> HttpResponse:
    """Probe beside each candidate, in this officer's own random order, and nothing else about them."""
    mine = my_review(request, review_uid)
    if mine.state != ReviewState.BLIND:
        return redirect("police:review", mine.uid)
    actions.keep_lease(mine)
    response = render(request, "police/review_blind.html", _blind_context(mine))
    record(Tag.CANDIDATES_VIEWED, actor=request.user, subject=mine)
    return response


def _blind_context(mine: Review) -> dict[str, Any]:
    pairs = [Pair(one.position, one.uid, one.blind, JudgementForm.of(one)) for one in mine.judgements.all()]
    return {
        "review": mine,
        "probes": probes_of(mine),
        "pairs": pairs,
        "left": sum(not pair.judged for pair in pairs),
        "verdicts": Verdict,
        "longer": longer_than(mine) if pairs else [],
        "depth": depth_of(mine),
    }


def depth_of(mine: Review) -> str:
    """What longer lists found for stills as good as the best one compared; empty where nobody measured."""
    scores = [probe["quality"]["unified_score"] for probe in mine.probes if probe["quality"]]
    chance = chance_for(max(scores)) if scores else None
    return depth_in_words(chance) if chance else ""


def longer_than(mine: Review) -> list[int]:
    """The lengths this officer may ask for now."""
    return [length for length in LIST_LENGTHS if length > mine.list_length]


@require_POST
@reviewing
def list_lengthen(request: SignedInRequest, review_uid: UUID) -> HttpResponse:
    """Add the next candidates to one's own blind review, with the reason."""
    mine = my_review(request, review_uid)
    form = LongerListForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose how many candidates you want to see, and say why.")
        return redirect("police:review", mine.uid)
    to, why = form.cleaned_data["to"], form.cleaned_data["why"]
    try:
        added = actions.lengthen_list(mine, to, why=why, by=request.user)
    except (Conflict, Invalid) as error:
        messages.error(request, str(error))
        return redirect("police:review", mine.uid)
    messages.success(request, f"{added} more candidate{'' if added == 1 else 's'} to compare.")
    return redirect(reverse("police:review-blind", args=[mine.uid]))


@require_POST
@reviewing
def judgement_save(request: SignedInRequest, review_uid: UUID, judgement_uid: UUID) -> HttpResponse:
    """Store one blind judgement: by the page's script (JSON) or by the plain form."""
    mine = my_review(request, review_uid)
    judgement = get_object_or_404(Judgement, review=mine, uid=judgement_uid)
    form = JudgementForm(request.POST)
    if not form.is_valid():
        return _answer(request, mine, judgement, 400, "Choose one of the three judgements.")
    try:
        actions.save_judgement(mine, judgement.position, form.judged(), by=request.user)
    except (Conflict, Invalid) as error:
        status = 409 if isinstance(error, Conflict) else 400
        return _answer(request, mine, judgement, status, str(error))
    return _answer(request, mine, judgement, 200, "")


def _answer(
    request: SignedInRequest, mine: Review, judgement: Judgement, status: int, problem: str
) -> HttpResponse:
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"problem": problem}, status=status)
    if problem:
        messages.error(request, problem)
    following = judgement.position + (not problem)
    return redirect(reverse("police:review-blind", args=[mine.uid]) + f"#candidate-{following}")


@require_http_methods(["GET", "POST"])
@reviewing
def judgements_rest(request: SignedInRequest, review_uid: UUID) -> HttpResponse:
    """Ask, then judge everything not judged yet "not this person"."""
    mine = my_review(request, review_uid)
    if mine.state != ReviewState.BLIND:
        return redirect("police:review", mine.uid)
    if request.method == "GET":
        left = mine.judgements.filter(blind="").count()
        return render(request, "police/judgements_rest.html", {"review": mine, "left": left})
    return _step(request, mine, lambda: actions.rule_out_the_rest(mine, by=request.user))


@require_POST
@reviewing
def blind_save(request: SignedInRequest, review_uid: UUID) -> HttpResponse:
    """End the blind stage; the reveal follows."""
    mine = my_review(request, review_uid)
    return _step(request, mine, lambda: actions.save_blind(mine, by=request.user))


def _step(request: SignedInRequest, mine: Review, act: Callable[[], object]) -> HttpResponse:
    """Do it, or show why not; then to wherever the review now is."""
    try:
        act()
    except (Conflict, Invalid) as error:
        messages.error(request, str(error))
    return redirect("police:review", mine.uid)


# --- what was done to the view --------------------------------------------------------------------
@require_POST
@reviewing
def view_edits(request: SignedInRequest, review_uid: UUID) -> HttpResponse:
    """Record changes of the view that the page's script reports, with their values."""
    mine = my_review(request, review_uid)
    try:
        edits = read_edits(json.loads(request.body))
    except (ValueError, TypeError, KeyError):
        return HttpResponseBadRequest("not a list of view edits")
    try:
        actions.add_view_edits(mine, edits, by=request.user)
    except (Conflict, Invalid) as error:
        return JsonResponse({"problem": str(error)}, status=409)
    return JsonResponse({"problem": ""})


# --- after the reveal -----------------------------------------------------------------------------
@require_POST
@reviewing
def judgement_change(request: SignedInRequest, review_uid: UUID, judgement_uid: UUID) -> HttpResponse:
    """Judge otherwise after the reveal, with the reason."""
    mine = my_review(request, review_uid)
    form = ChangeForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose the new judgement and say what changed your mind.")
        return redirect("police:review", mine.uid)
    verdict, reason = Verdict(form.cleaned_data["verdict"]), form.cleaned_data["reason"]

    def change() -> None:
        actions.change_judgement(mine, judgement_uid, verdict, reason, by=request.user)
        messages.success(request, "The judgement is changed. The blind one is kept beside it.")

    return _step(request, mine, change)


@require_POST
@reviewing
def review_release(request: SignedInRequest, review_uid: UUID) -> HttpResponse:
    """Hand the review back to the queue."""
    mine = my_review(request, review_uid)
    try:
        actions.release_review(mine, by=request.user, reason=request.POST.get("reason", "")[:300])
    except Conflict as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Handed back to the queue. What you entered stays in the record.")
    return redirect("police:queue")
