"""An offender: the report, its stills, how far it has come."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from portal.accounts.access import SignedInRequest, for_retailers
from portal.cases.disclosure import linked_offenders
from portal.questions.queries import open_by_offender
from portal.retailer.advice import Advice, advise
from portal.retailer.forms import StillsForm, posted
from portal.retailer.polling import fingerprint, is_poll, unchanged
from portal.retailer.preservation import clock_of
from portal.retailer.progress import BUSY, progress_of, still_status
from portal.retailer.queries import campaigns_for, offenders_for, refused_uploads, with_stills
from portal.retailer.report import summary_of
from portal.retailer.report_forms import OffenderForm
from portal.retailer.steps import tasks_of
from portal.retailer.uploads import take, tell
from portal.retailer.usual import clocks_of, last_report_of, usual_for
from portal.reviews.disclosure import disclose
from portal.reviews.status import Status, statuses_of
from portal.searches.strength import chances_now
from portal.submissions.actions import (
    CLOSED,
    SubmissionRefused,
    accepts_submissions,
    add_offender,
    discard_draft,
    start_submission,
)
from portal.submissions.models import Campaign, Face, Offender, Still
from portal.submissions.reports import guesses_of, lacks_of
from portal.submissions.states import MAX_STILLS

get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@dataclass(frozen=True)
class StillCard:
    """One still as the page shows it."""

    number: int
    still: Still
    code: str
    label: str
    faces: tuple[Face, ...]
    advice: Advice | None


@for_retailers
@get_or_post
def offender_add(request: SignedInRequest, uid: str) -> HttpResponse:
    """Add an offender: report, stills and declaration; a file that is refused costs nothing else."""
    campaign = get_object_or_404(campaigns_for(request.user), uid=uid)
    if request.method != "POST" and not accepts_submissions(campaign):
        messages.error(request, CLOSED[1])
        return redirect("retailer:submission", uid=uid)
    draft, clocks = "draft" in request.POST, clocks_of(request.user)
    form = OffenderForm(
        *posted(request),
        user=request.user,
        draft=draft,
        clocks=clocks,
        initial=usual_for(request.user, last=last_report_of(request.user), clocks=clocks),
    )
    if request.method == "POST" and form.is_valid():
        offender = _added(request, campaign, form, declared=not draft)
        if offender is not None:
            return redirect("retailer:offender", uid=offender.uid)
    if form.is_bound and request.FILES:
        form.add_error("stills", "Choose the stills again: your browser does not keep them.")
    return render(request, "retailer/offender_add.html", {"campaign": campaign, "form": form})


def _added(
    request: SignedInRequest, campaign: Campaign, form: OffenderForm, *, declared: bool
) -> Offender | None:
    try:
        submission = start_submission(campaign, by=request.user)
        offender = add_offender(submission, form.report, by=request.user, declared=declared)
    except SubmissionRefused as error:
        form.add_error(None, error.message)
        return None
    files, captured_at = form.cleaned_data["stills"], form.cleaned_data["captured_at"]
    tell(request, take(offender, files, captured_at, by=request.user))
    return offender


@for_retailers
@require_safe
def offender(request: SignedInRequest, uid: str) -> HttpResponse:
    """Everything about one offender; the status keeps itself up to date."""
    one = get_object_or_404(with_stills(offenders_for(request.user)), uid=uid)
    status = statuses_of([one])[one.pk]
    cards = _cards(one)
    questions = open_by_offender([one.pk]).get(one.pk, [])
    shown = [(card.still.pk, card.label, card.still.chosen_face_id) for card in cards]
    linked = one.pk in linked_offenders([one.pk])
    seen = fingerprint(status, shown, [question.pk for question in questions], linked)
    if unchanged(request, seen):
        return HttpResponse(status=204)
    disclose([one], {one.pk: status}, to=request.user)
    progress = progress_of(one, [card.still for card in cards], status, questions, linked=linked)
    context = _context(one, status, cards) | {"progress": progress, "seen": seen}
    if is_poll(request):
        return render(request, "retailer/_offender.html", context | {"polled": True})
    context |= {"sections": summary_of(one), "tasks": tasks_of(one), "lacks": lacks_of(one)}
    context |= {"guesses": guesses_of(one), "refused": refused_uploads(one), "stills_form": StillsForm()}
    return render(request, "retailer/offender.html", context)


def _context(one: Offender, status: Status, cards: list[StillCard]) -> dict[str, Any]:
    open_ = accepts_submissions(one.submission.campaign)
    return {
        "offender": one,
        "campaign": one.submission.campaign,
        "status": status,
        "cards": cards,
        "clock": clock_of(one),
        "may_change": open_ and status.decided_at is None,
        "may_add": open_ and status.decided_at is None and len(cards) < MAX_STILLS,
        "busy": any(card.still.work_state in BUSY for card in cards),
    }


def _cards(one: Offender) -> list[StillCard]:
    declared, chances = one.declared_at is not None, chances_now()
    return [
        StillCard(
            number,
            still,
            *still_status(still, declared=declared),
            tuple(still.faces.all()),
            advise(still.chosen_face.quality, chances) if still.chosen_face else None,
        )
        for number, still in enumerate(one.stills.all(), start=1)
    ]


@for_retailers
@get_or_post
def offender_discard(request: SignedInRequest, uid: str) -> HttpResponse:
    """Delete a draft, after asking."""
    one = get_object_or_404(offenders_for(request.user), uid=uid)
    campaign = one.submission.campaign
    if request.method == "POST":
        try:
            discard_draft(one, by=request.user)
        except SubmissionRefused as error:
            messages.error(request, error.message)
            return redirect("retailer:offender", uid=uid)
        freed = "" if one.rank is None else f" Place {one.rank} is free."
        messages.success(request, f"The draft was discarded.{freed}")
        return redirect("retailer:submission", uid=campaign.uid)
    return render(request, "retailer/offender_discard.html", {"offender": one, "campaign": campaign})
