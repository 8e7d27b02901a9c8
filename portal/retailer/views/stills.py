"""Stills: adding them, choosing or drawing the face, looking at one."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from portal import storage
from portal.accounts.access import SignedInRequest, for_retailers
from portal.audit.log import record
from portal.audit.tags import Tag
from portal.retailer import pictures
from portal.retailer.advice import advise
from portal.retailer.coach import coach
from portal.retailer.forms import BoxForm, FaceForm, StillsForm, posted
from portal.retailer.polling import is_poll
from portal.retailer.progress import BUSY
from portal.retailer.queries import offenders_for, stills_for
from portal.retailer.uploads import take, tell
from portal.searches.strength import chances_now
from portal.submissions.actions import (
    CLOSED,
    SubmissionRefused,
    accepts_submissions,
    choose_face,
    draw_region,
)
from portal.submissions.bystanders import bystanders
from portal.submissions.models import Face, Still

get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@for_retailers
@get_or_post
def still_add(request: SignedInRequest, uid: str) -> HttpResponse:
    """Add stills to an offender."""
    offender = get_object_or_404(offenders_for(request.user), uid=uid)
    form = StillsForm(*posted(request))
    if request.method == "POST" and form.is_valid():
        taken = take(offender, form.cleaned_data["stills"], form.cleaned_data["captured_at"], by=request.user)
        tell(request, taken)
        return redirect("retailer:offender", uid=uid)
    return render(request, "retailer/still_add.html", {"offender": offender, "form": form})


@for_retailers
@get_or_post
def still_face(request: SignedInRequest, uid: str) -> HttpResponse:
    """Choose another of the faces found, or draw a box where none was found; the result shows in place."""
    still = get_object_or_404(stills_for(request.user), uid=uid)
    busy = still.work_state in BUSY
    if is_poll(request):
        return HttpResponse(status=204, headers={} if busy else {"HX-Refresh": "true"})
    drawing = "x" in request.POST
    box = BoxForm(request.POST if drawing else None, still=still, initial=still.region or {})
    if request.method == "POST" and _changed(request, still, box if drawing else None):
        messages.success(request, "The face you marked is being looked at.")
        return redirect("retailer:still-face", uid=uid)
    chances = chances_now()
    faces = [(face, advise(face.quality, chances)) for face in still.faces.all()]
    context = {
        "still": still,
        "offender": still.offender,
        "faces": faces,
        "form": box,
        "busy": busy,
        "coached": coach(still, chances, declared=still.offender.declared_at is not None),
        "open": accepts_submissions(still.offender.submission.campaign),
    }
    return render(request, "retailer/still_face.html", context)


def _changed(request: SignedInRequest, still: Still, box: BoxForm | None) -> bool:
    """Whether the choice was taken; what was wrong with it is told on the page."""
    if box is not None and not box.is_valid():
        return False
    try:
        if not accepts_submissions(still.offender.submission.campaign):
            raise SubmissionRefused(*CLOSED)
        if box is not None:
            draw_region(still, box.cleaned_data, by=request.user)
        else:
            _choose(request, still)
    except SubmissionRefused as error:
        messages.error(request, error.message)
        return False
    return True


def _choose(request: SignedInRequest, still: Still) -> None:
    form = FaceForm(request.POST)
    try:
        if not form.is_valid():
            raise Face.DoesNotExist
        choose_face(still, form.cleaned_data["face"], by=request.user)
    except Face.DoesNotExist as error:
        message = "This face is not there any more. Choose one of those shown."
        raise SubmissionRefused("no_such_face", message) from error


@for_retailers
@require_safe
def still_image(request: SignedInRequest, uid: str) -> HttpResponse:
    """The normalised copy: bystanders blurred, except where a face has to be chosen (`?for=choosing`)."""
    still = get_object_or_404(stills_for(request.user), uid=uid)
    purpose = request.GET.get("for", "looking")
    try:
        content = storage.read(storage.stills(), still.copy_key)
    except FileNotFoundError as error:
        raise Http404 from error
    hidden = [] if purpose == "choosing" else bystanders(still)
    if purpose == "board":
        shown = pictures.thumbnail(content, hidden, still.chosen_face)
    else:
        shown = pictures.for_view(content, hidden, still.chosen_face)
    record(Tag.STILL_VIEWED, actor=request.user, subject=still, purpose=purpose[:20])
    return pictures.private_jpeg(shown)
