"""The board: thirty places and the tray, and what is done on it. Every step works without JavaScript."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from portal.accounts.access import SignedInRequest, for_retailers
from portal.retailer.board import TRAY_PAGE, Board, board_of
from portal.retailer.board_forms import DropForm
from portal.retailer.forms import posted
from portal.retailer.polling import is_poll, unchanged
from portal.retailer.queries import (
    campaigns_for,
    offenders_for,
    on_board,
    refused_on_board,
    stills_for,
)
from portal.retailer.uploads import take_drafts, tell
from portal.reviews.disclosure import disclose
from portal.reviews.status import Status, statuses_of
from portal.searches.strength import chances_now
from portal.submissions.actions import (
    SubmissionRefused,
    accepts_submissions,
    next_place,
    send_anyway,
    start_submission,
)
from portal.submissions.board import (
    dismiss_grouping,
    dismiss_refusals,
    merge_offenders,
    move,
    place,
    place_all,
    split_still,
)
from portal.submissions.models import Campaign, Offender, RefusedUpload

NUMBER = re.compile(r"[0-9]{1,18}")
MOST_DISMISSED = 100
NOT_THERE = "Choose a number from 1 to 30."


@for_retailers
@require_safe
def submission(request: SignedInRequest, uid: str) -> HttpResponse:
    """The board: thirty numbered places, the offenders in theirs, the tray of those without one."""
    campaign = get_object_or_404(campaigns_for(request.user), uid=uid)
    offenders, statuses, board = _board(request, campaign)
    if unchanged(request, board.seen):
        return HttpResponse(status=204)
    disclose(offenders, statuses, to=request.user)
    context = _context(request, campaign, board)
    if is_poll(request):
        return render(request, "retailer/_submission.html", context)
    return render(request, "retailer/submission.html", {**context, "form": DropForm()})


def _board(request: SignedInRequest, campaign: Campaign) -> tuple[list[Offender], dict[int, Status], Board]:
    offenders = list(on_board(request.user, campaign))
    statuses = statuses_of(offenders)
    refused = refused_on_board(request.user, campaign)
    return offenders, statuses, board_of(offenders, statuses, refused, chances_now())


def _context(request: SignedInRequest, campaign: Campaign, board: Board) -> dict[str, Any]:
    shown = _tray_shown(request)
    return {
        "campaign": campaign,
        "board": board,
        "board_url": _address(request, campaign, board),
        "open": accepts_submissions(campaign),
        "tray": board.tray[:shown],
        "hidden": len(board.tray) - shown,
        "more": shown + TRAY_PAGE,
        "next_place": next_place([one.rank for one in board.places if one.card]),
    }


def _address(request: SignedInRequest, campaign: Campaign, board: Board) -> str:
    """Where the board asks for itself, with what it shows already."""
    query = QueryDict(mutable=True)
    query["seen"] = board.seen
    if _tray_shown(request) != TRAY_PAGE:
        query["tray"] = str(_tray_shown(request))
    return f"{reverse('retailer:submission', args=[campaign.uid])}?{query.urlencode()}"


def _tray_shown(request: SignedInRequest) -> int:
    asked = request.GET.get("tray", "")
    return int(asked) if asked.isdecimal() and len(asked) < 4 else TRAY_PAGE


def _answered(
    request: SignedInRequest, campaign: Campaign, act: Callable[[], str], *, back: str = ""
) -> HttpResponse:
    """Do it, then show the board: the part of the page for the script, the page again without it."""
    try:
        said, tone = act(), "good"
    except SubmissionRefused as error:
        said, tone = error.message, "bad"
    if request.htmx:  # type: ignore[attr-defined]
        offenders, statuses, board = _board(request, campaign)
        disclose(offenders, statuses, to=request.user)
        context = {**_context(request, campaign, board), "said": said, "tone": tone}
        return render(request, "retailer/_submission.html", context)
    (messages.success if tone == "good" else messages.error)(request, said)
    return redirect(back) if back else redirect("retailer:submission", uid=campaign.uid)


@for_retailers
@require_POST
def board_drop(request: SignedInRequest, uid: str) -> HttpResponse:
    """Files of a plain form: each becomes an offender in the tray."""
    campaign = get_object_or_404(campaigns_for(request.user), uid=uid)
    form = DropForm(*posted(request))
    if not form.is_valid():
        for error in form.errors.get("stills", []):
            messages.error(request, str(error))
        return redirect("retailer:submission", uid=uid)
    try:
        started = start_submission(campaign, by=request.user)
        tell(request, take_drafts(started, form.cleaned_data["stills"], by=request.user))
    except SubmissionRefused as error:
        messages.error(request, error.message)
    return redirect("retailer:submission", uid=uid)


@for_retailers
@require_POST
def board_place_all(request: SignedInRequest, uid: str) -> HttpResponse:
    """Put what waits in the tray into the free places, by file name."""
    campaign = get_object_or_404(campaigns_for(request.user), uid=uid)

    def act() -> str:
        placed, left = place_all(start_submission(campaign, by=request.user), by=request.user)
        rest = f" {left} still wait: all 30 places are taken." if left else ""
        return f"{_offenders(placed)} placed by file name.{rest}"

    return _answered(request, campaign, act)


def _offenders(count: int) -> str:
    return "1 offender was" if count == 1 else f"{count} offenders were"


def _named(request: SignedInRequest, campaign: Campaign) -> Sequence[Offender]:
    """The offenders of this board that a form names, in the form's order; others do not exist."""
    wanted = request.POST.getlist("offender")[:100]
    ours = offenders_for(request.user).filter(submission__campaign=campaign)
    found = {str(one.uid): one for one in ours}
    return [found[uid] for uid in dict.fromkeys(wanted) if uid in found]


@for_retailers
@require_POST
def board_merge(request: SignedInRequest, uid: str) -> HttpResponse:
    """Put the named drafts together as one person."""
    campaign = get_object_or_404(campaigns_for(request.user), uid=uid)

    def act() -> str:
        named = _named(request, campaign)
        if len(named) < 2:
            raise SubmissionRefused("nothing_to_merge", "Tick at least two offenders to put together.")
        first, *others = sorted(named, key=lambda one: (one.rank is None, one.rank or 0))
        into = merge_offenders(first, others, by=request.user)
        return f"{len(named)} were put together as one person: {into.title.lower()}."

    return _answered(request, campaign, act)


@for_retailers
@require_POST
def board_dismiss(request: SignedInRequest, uid: str) -> HttpResponse:
    """The named drafts are not one person: do not suggest it again."""
    campaign = get_object_or_404(campaigns_for(request.user), uid=uid)

    def act() -> str:
        dismiss_grouping(_named(request, campaign), by=request.user)
        return "Noted: these are different people. It is not suggested again."

    return _answered(request, campaign, act)


@for_retailers
@require_POST
def refused_dismiss(request: SignedInRequest, uid: str) -> HttpResponse:
    """Somebody has read why these files were not taken: the page need not say so any longer."""
    campaign = get_object_or_404(campaigns_for(request.user), uid=uid)
    named = [int(one) for one in request.POST.getlist("file")[:MOST_DISMISSED] if NUMBER.fullmatch(one)]
    one = RefusedUpload.objects.filter(pk__in=named[:1], submission__retailer=request.user.organisation_id)
    back = one.values_list("offender__uid", flat=True).first()

    def act() -> str:
        ours = campaign.submissions.filter(retailer=request.user.organisation_id).first()
        count = dismiss_refusals(ours, named, by=request.user) if ours else 0
        return (
            "Dismissed. Nothing of it is needed from you." if count else "Somebody has dismissed it already."
        )

    return _answered(request, campaign, act, back=reverse("retailer:offender", args=[back]) if back else "")


@for_retailers
@require_POST
def offender_place(request: SignedInRequest, uid: str) -> HttpResponse:
    """Give an offender a place, so that the others make room, or take it back into the tray."""
    one = get_object_or_404(offenders_for(request.user), uid=uid)
    wanted = request.POST.get("rank", request.POST.get("to", "")).strip()

    def act() -> str:
        if not wanted:
            place(one, None, by=request.user)
            return "It is back among those not placed yet."
        if not wanted.isdecimal() or len(wanted) > 3:
            raise SubmissionRefused("no_such_place", NOT_THERE)
        move(one, int(wanted), by=request.user)
        return f"It is in place {one.rank} now."

    return _answered(request, one.submission.campaign, act)


@for_retailers
@require_POST
def still_split(request: SignedInRequest, uid: str) -> HttpResponse:
    """Make a still an offender of its own, in the tray."""
    still = get_object_or_404(stills_for(request.user), uid=uid)
    before = still.offender

    def act() -> str:
        split_still(still, by=request.user)
        return "The still is an offender of its own now. It is on the board, not placed yet."

    return _answered(
        request, before.submission.campaign, act, back=reverse("retailer:offender", args=[before.uid])
    )


@for_retailers
@require_POST
def still_send_anyway(request: SignedInRequest, uid: str) -> HttpResponse:
    """Keep that a poor still is sent all the same."""
    still = get_object_or_404(stills_for(request.user), uid=uid)

    def act() -> str:
        send_anyway(still, by=request.user)
        return "Noted: this still is sent as it is."

    return _answered(request, still.offender.submission.campaign, act)
