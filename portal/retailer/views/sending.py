"""Check and send: one report, or all that are complete, with one declaration."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from portal.accounts.access import SignedInRequest, for_retailers
from portal.retailer.advice import Advice, advise
from portal.retailer.forms import posted
from portal.retailer.preservation import Clock, clock_of
from portal.retailer.queries import BY_PLACE, campaigns_for, offenders_for, with_stills
from portal.retailer.report import summary_of
from portal.retailer.report_forms import DeclarationForm
from portal.submissions.actions import accepts_submissions, send_anyway
from portal.submissions.guesses import Guess
from portal.submissions.models import Offender, Still
from portal.submissions.reports import Lack, confirm_no_names, declare_offenders, guesses_of, lacks_of
from portal.work import WorkState

get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@dataclass(frozen=True)
class Draft:
    """A report that was not sent yet: what it lacks, and what is worth a second look."""

    offender: Offender
    lacks: list[Lack]
    poor: list[tuple[Still, str]]
    guesses: dict[str, list[Guess]] = field(default_factory=dict)
    clock: Clock | None = None


def _draft(one: Offender) -> Draft:
    return Draft(one, lacks_of(one), _poor_stills(one), guesses_of(one), clock_of(one))


def _poor_stills(one: Offender) -> list[tuple[Still, str]]:
    """Stills that will hardly help, with the reason; they may be sent anyway."""
    poor = []
    for still in one.stills.all():
        advice = advise(still.chosen_face.quality) if still.chosen_face else _without_face(still)
        if advice is not None and advice.tone == "bad":
            poor.append((still, f"{advice.summary} {advice.action}"))
    return poor


def _without_face(still: Still) -> Advice | None:
    if still.work_state != WorkState.REFUSED:
        return None
    return Advice("bad", "No face was found.", "Draw a box around the face, or send another frame.")


@for_retailers
@get_or_post
def offender_declare(request: SignedInRequest, uid: str) -> HttpResponse:
    """Check one report and send it with the declaration: from then on it is searched."""
    one = get_object_or_404(with_stills(offenders_for(request.user)), uid=uid)
    form = DeclarationForm(*posted(request))
    if request.method == "POST" and form.is_valid():
        sent, kept_back = _send(request, form, [one])
        for _, reason in kept_back:
            form.add_error(None, reason)
        if sent:
            messages.success(request, f"{one.title} was sent. The stills are being searched.")
        if not form.errors:
            return redirect("retailer:offender", uid=uid)
    context = {"offender": one, "form": form, "draft": _draft(one), "parts": summary_of(one, empty=True)}
    return render(request, "retailer/offender_declare.html", context)


@for_retailers
@get_or_post
def submission_declare(request: SignedInRequest, uid: str) -> HttpResponse:
    """Send every complete report of the board with one declaration; of the others say what they lack."""
    campaign = get_object_or_404(campaigns_for(request.user), uid=uid)
    ours = offenders_for(request.user).filter(submission__campaign=campaign, declared_at=None)
    drafts = [_draft(one) for one in with_stills(ours).order_by(BY_PLACE, "pk")]
    ready = [draft for draft in drafts if not draft.lacks]
    form = DeclarationForm(*posted(request))
    if request.method == "POST" and form.is_valid():
        # Only what stood on the page is declared, not what a colleague has added since.
        shown = set(request.POST.getlist("offender"))
        wanted = [draft.offender for draft in ready if str(draft.offender.uid) in shown]
        sent, kept_back = _send(request, form, wanted)
        for one, reason in kept_back:
            messages.error(request, f"{one.title} was not sent. {reason}")
        if sent:
            messages.success(request, f"{_reports(len(sent))} sent. The stills are being searched.")
        elif not kept_back:
            form.add_error(None, "Choose at least one report to send.")
        if not form.errors:
            return redirect("retailer:submission", uid=uid)
    context = {
        "campaign": campaign,
        "open": accepts_submissions(campaign),
        "ready": ready,
        "unready": [draft for draft in drafts if draft.lacks],
        "asked": any(draft.guesses for draft in ready),
        "form": form,
    }
    return render(request, "retailer/submission_declare.html", context)


def _send(
    request: SignedInRequest, form: DeclarationForm, offenders: Sequence[Offender]
) -> tuple[list[Offender], list[tuple[Offender, str]]]:
    if form.cleaned_data["no_names"]:
        for one in offenders:
            confirm_no_names(one, by=request.user)
    sent, kept_back = declare_offenders(offenders, by=request.user)
    for one in sent:
        for still, _ in _poor_stills(one):  # the page has named them
            send_anyway(still, by=request.user)
    return sent, kept_back


def _reports(count: int) -> str:
    return "1 report was" if count == 1 else f"{count} reports were"
