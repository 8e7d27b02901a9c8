"""Files in parts, from the board: the tus protocol for a session (portal.submissions.tus has the rules)."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from matching.errors import RejectedImage
from portal.accounts.access import SignedInRequest, for_retailers
from portal.retailer.coach import coach
from portal.retailer.queries import campaigns_for, offenders_for, uploads_for
from portal.searches.strength import Chances, chances_now
from portal.submissions import tus
from portal.submissions.actions import SubmissionRefused, start_submission
from portal.submissions.models import PartialUpload

View = Callable[..., HttpResponseBase]
MOST_ASKED = 50  # uploads of one look: their uids must fit into an address


def _speaks_tus(view: View) -> View:
    """Refusals as JSON with a code and a sentence, with the status a client of the protocol expects."""

    @wraps(view)
    def answered(request: SignedInRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        try:
            response = view(request, *args, **kwargs)
        except SubmissionRefused as error:
            response = _refusal(error.code, error.message, tus.status_of(error))
        except RejectedImage as error:
            response = _refusal(error.code, error.message, 413)
        for name, value in tus.ALWAYS.items():
            response[name] = value
        return response

    return answered


def _refusal(code: str, message: str, status: int) -> JsonResponse:
    return JsonResponse({"code": code, "message": message}, status=status)


def _response(reply: tus.Reply) -> HttpResponse:
    return HttpResponse(status=reply.status, headers=reply.headers)


@for_retailers
@require_http_methods(["POST", "OPTIONS"])
@_speaks_tus
def upload_begin(request: SignedInRequest, uid: str) -> HttpResponse:
    """Begin an upload, or find the one begun before; its Location takes the bytes."""
    campaign = get_object_or_404(campaigns_for(request.user), uid=uid)
    if request.method == "OPTIONS":
        return _response(tus.options())
    submission = start_submission(campaign, by=request.user)
    wanted = tus.metadata_of(request.headers).get("offender", "")
    target = None
    if wanted:
        ours = offenders_for(request.user).filter(submission=submission)
        target = next((one for one in ours if str(one.uid) == wanted), None)
        if target is None:
            raise SubmissionRefused("no_such_offender", "This offender is not there any more.")
    upload, reply = tus.create(request.headers, submission, by=request.user, target=target)
    response = _response(reply)
    response["Location"] = reverse("retailer:upload", args=[upload.uid])
    return response


@for_retailers
@require_http_methods(["GET", "HEAD", "PATCH", "DELETE"])
@_speaks_tus
def upload(request: SignedInRequest, uid: str) -> HttpResponse:
    """Take bytes (PATCH), say how many are here (HEAD) or what became of the file (GET), end it (DELETE)."""
    one = get_object_or_404(uploads_for(request.user), uid=uid)
    if request.method == "PATCH":
        return _response(tus.patch(one, request.headers, request, by=request.user))
    if request.method == "DELETE":
        return _response(tus.delete(one, request.headers))
    if request.method == "HEAD":
        return _response(tus.head(one))
    return JsonResponse(_standing(one, chances_now()))


@for_retailers
@require_safe
def uploads_found(request: SignedInRequest, uid: str) -> JsonResponse:
    """What became of these files (`of`, their uids), by uid: one look of a board that waits for many."""
    campaign = get_object_or_404(campaigns_for(request.user), uid=uid)
    wanted = {one for one in map(_uuid, request.GET.getlist("of")[:MOST_ASKED]) if one}
    ours = uploads_for(request.user).filter(submission__campaign=campaign, uid__in=wanted)
    chances = chances_now()
    response = JsonResponse({str(one.uid): _standing(one, chances) for one in ours})
    response["Cache-Control"] = "no-store"
    return response


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _standing(one: PartialUpload, chances: Chances) -> dict[str, Any]:
    """What became of a file, in words: its state, and what is found in it so far."""
    told: dict[str, Any] = {
        "state": one.state,
        "offset": one.offset,
        "length": one.length,
        "code": one.code,
        "message": one.message,
    }
    if one.still is None:
        return told
    declared = one.still.offender.declared_at is not None
    coached = coach(one.still, chances, declared=declared)
    return told | {
        "offender": reverse("retailer:offender", args=[one.still.offender.uid]),
        "face": reverse("retailer:still-face", args=[one.still.uid]),
        "still": {
            "code": coached.code,
            "label": coached.label,
            "summary": coached.summary,
            "action": coached.action,
            "tone": coached.tone,
            "settled": coached.settled,
        },
    }
