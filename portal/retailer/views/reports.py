"""The report in short steps, saved as it is typed, and sent with the declaration."""

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.accounts.access import SignedInRequest, for_retailers
from portal.retailer.forms import posted
from portal.retailer.queries import offenders_for
from portal.retailer.report_forms import ReportForm
from portal.retailer.steps import BY_SLUG, REPORT, STEPS, Step, next_step, says, step_after
from portal.retailer.usual import clocks_of, copied_from, in_words, last_report_of, usual_for
from portal.submissions.actions import SubmissionRefused, change_offender
from portal.submissions.guesses import FREE_TEXTS, guesses_in
from portal.submissions.models import Offender
from portal.submissions.reports import confirm_no_names, guesses_of

LONGEST_ASKED = 5000  # letters of one text that are looked over while somebody types
get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@for_retailers
@require_safe
def offender_edit(request: SignedInRequest, uid: str) -> HttpResponse:
    """Go on with the report where it needs something."""
    one = get_object_or_404(offenders_for(request.user), uid=uid)
    return redirect("retailer:offender-step", uid=uid, step=next_step(one).slug)


@for_retailers
@get_or_post
def offender_step(request: SignedInRequest, uid: str, step: str) -> HttpResponse:
    """One step of the report. A draft keeps what is in order even where something else is not."""
    one = get_object_or_404(offenders_for(request.user), uid=uid)
    if step not in BY_SLUG:
        raise Http404
    page = BY_SLUG[step]
    last = last_report_of(request.user, besides=one) if one.declared_at is None else None
    form = _step_form(request, one, page, last)
    if request.method == "POST" and _saved(request, one, form):
        if "copy" in request.POST and last is not None:
            _copy(request, one, last)
            return redirect("retailer:offender-step", uid=uid, step=step)
        return _onwards(request, one, page)
    context = {
        "offender": one,
        "form": form,
        "part": form.part(page),
        "number": STEPS.index(page) + 1,
        "steps": STEPS,
        "last": last,
        "suggested": " ".join(name for name in form.initial if _is_suggested(form, one, name)),
        "guesses": guesses_of(one, page.all_names),
    }
    return render(request, "retailer/offender_step.html", context)


def _step_form(request: SignedInRequest, one: Offender, page: Step, last: Offender | None) -> ReportForm:
    own_copy = offenders_for(request.user).get(pk=one.pk)  # cleaning a form writes to its instance
    # Once store or time are said, a clock that is right was said to be.
    new = one.declared_at is None and not says(one, "store") and not says(one, "started_at")
    clocks = clocks_of(request.user) if new and "clock_offset_minutes" in page.all_names else None
    usual = usual_for(request.user, last=last, clocks=clocks)
    unsaid = {name: value for name, value in usual.items() if not says(one, name)}
    return ReportForm(
        *posted(request),
        instance=own_copy,
        user=request.user,
        names=page.all_names,
        complete="copy" not in request.POST,
        clocks=clocks,
        initial=unsaid if one.declared_at is None else {},
    )


def _is_suggested(form: ReportForm, one: Offender, name: str) -> bool:
    """Whether the page fills in what the report does not say yet: saved with the first change."""
    return name in form.fields and not form.is_bound and bool(form.initial[name]) and not says(one, name)


def _saved(request: SignedInRequest, one: Offender, form: ReportForm) -> bool:
    """Whether the step is in order and saved; of a draft what is in order is saved in any case."""
    in_order = form.is_valid()
    if not in_order and one.declared_at is not None:
        return False
    try:
        change_offender(one, form.report, by=request.user)
    except SubmissionRefused as error:
        form.add_error(None, error.message)
        return False
    return in_order


def _onwards(request: SignedInRequest, one: Offender, page: Step) -> HttpResponse:
    """The next step; the same one again where a name may be guessed and nobody was asked yet."""
    if "no_names" in request.POST:
        confirm_no_names(one, by=request.user, names=page.all_names)
    elif guesses_of(one, page.all_names) and "asked" not in request.POST:
        messages.warning(request, "Saved. Please look at the words marked below: they may be names.")
        return redirect("retailer:offender-step", uid=one.uid, step=page.slug)
    if one.declared_at is not None:
        messages.success(request, "The report was changed.")
        return redirect("retailer:offender", uid=one.uid)
    following = step_after(page)
    if following is None:
        return redirect("retailer:offender-declare", uid=one.uid)
    return redirect("retailer:offender-step", uid=one.uid, step=following.slug)


def _copy(request: SignedInRequest, one: Offender, last: Offender) -> None:
    """Fill in what the last report says and this one does not, and say what that was."""
    fields, kept = copied_from(last, one)
    if fields:
        change_offender(one, fields, by=request.user)
        messages.success(request, f"Copied from your last report: {in_words(list(fields))}.")
    else:
        messages.info(request, "Nothing was copied: your last report has nothing that is missing here.")
    if kept:
        messages.info(request, f"Left as you typed it: {in_words(kept)}.")


@for_retailers
@require_POST
def offender_save(request: SignedInRequest, uid: str) -> JsonResponse:
    """Save the fields of a draft that were sent, for the page that saves by itself; each problem by field."""
    one = get_object_or_404(offenders_for(request.user), uid=uid)
    if one.declared_at is not None:
        text = "This report was sent. Press “Save” to change it."
        return JsonResponse({"problems": {"": text}}, status=409)
    names = [name for name in REPORT if name in request.POST]
    own_copy = offenders_for(request.user).get(pk=one.pk)
    form = ReportForm(request.POST, instance=own_copy, user=request.user, names=names, complete=False)
    form.is_valid()
    in_order = form.report
    try:
        change_offender(one, in_order, by=request.user)
    except SubmissionRefused as error:
        return JsonResponse({"problems": {"": error.message}}, status=409)
    answer = {
        "saved": [name for name in names if name in in_order],
        "at": timezone.localtime().strftime("%H:%M"),
        "problems": {name: " ".join(map(str, errors)) for name, errors in form.errors.items()},
        "guesses": {name: [guess.text for guess in found] for name, found in guesses_of(one, names).items()},
        "footage_until": one.footage_until.isoformat() if one.footage_until else "",
    }
    return JsonResponse(answer)


@for_retailers
@require_POST
def guesses(request: SignedInRequest) -> JsonResponse:
    """What may be a guessed name in these free texts, by field: for a form not saved yet. Keeps nothing."""
    texts = {name: request.POST[name][:LONGEST_ASKED] for name in FREE_TEXTS if name in request.POST}
    found = {name: [guess.text for guess in guesses_in(text)] for name, text in texts.items()}
    response = JsonResponse({name: asked for name, asked in found.items() if asked})
    response["Cache-Control"] = "no-store"
    return response
