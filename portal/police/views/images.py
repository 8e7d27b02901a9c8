"""Images leave here: checked, recorded, then sent. Nothing about a candidate but its picture.

A blind picture's address is an opaque judgement; all crops have one size; no ETag, no date, no name.
The log is written last: while it is, no other writer of the service waits for a picture to be drawn.
"""

import hashlib
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_POST

from matching.geometry import Box
from portal import storage
from portal.accounts.access import SignedInRequest, for_roles
from portal.accounts.models import User
from portal.accounts.roles import REVIEWING_ROLES, Role
from portal.audit.log import record
from portal.audit.tags import Tag
from portal.gallery.models import CustodyImage
from portal.gallery.queries import searchable_images
from portal.police.crops import aligned_crop, whole_frame
from portal.police.forms import ReasonForm
from portal.reviews.models import Judgement, Review
from portal.reviews.queries import readable_records
from portal.reviews.states import LIVE
from portal.submissions.bystanders import boxes_beside
from portal.submissions.models import Still

UNTOUCHED = {
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
}
COMPARING = (*sorted(REVIEWING_ROLES), Role.AUDITOR)


def jpeg_response(jpeg: bytes) -> HttpResponse:
    """A picture that no cache keeps and that can do nothing if opened by itself."""
    response = HttpResponse(jpeg, content_type="image/jpeg")
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Content-Disposition"] = "inline"
    return response


def _may_look(user: User, prefix: str = "") -> Q:
    """Reviews whose pictures this person may see: their own open ones, and those of readable records."""
    mine = Q(**{f"{prefix}reviewer": user, f"{prefix}state__in": LIVE})
    return mine | Q(**{f"{prefix}decision__in": readable_records(user)})


def _probe(user: User, review_uid: UUID, number: int) -> tuple[Review, dict[str, Any], bytes, list[Box]]:
    """The review, its probe of this number (from 1), the stored copy, bystanders; 404 where there is none."""
    review = get_object_or_404(Review, _may_look(user), uid=review_uid)
    if not 1 <= number <= len(review.probes):
        raise Http404
    probe = review.probes[number - 1]
    still = get_object_or_404(Still, uid=probe["still"])
    content = storage.read(storage.stills(), still.copy_key)
    if hashlib.sha256(content).hexdigest() != probe["copy_sha256"]:
        raise OSError("the stored copy of this still is not what the review was made on")
    hidden = boxes_beside(still, probe["box"]) if probe["box"] else []
    return review, probe, content, hidden


@require_GET
@for_roles(*COMPARING)
def probe_face(request: SignedInRequest, review_uid: UUID, number: int) -> HttpResponse:
    """The chosen face of a probe, turned upright at the scale of the candidates; 404 without a face."""
    review, probe, content, hidden = _probe(request.user, review_uid, number)
    if probe["box"] is None:
        raise Http404
    crop = aligned_crop(content, probe["box"], probe["landmarks"], hidden)
    record(Tag.STILL_VIEWED, actor=request.user, subject=review, still=probe["still"], part="face")
    return jpeg_response(crop)


@require_GET
@for_roles(*COMPARING)
def probe_frame(request: SignedInRequest, review_uid: UUID, number: int) -> HttpResponse:
    """The whole frame of a probe, the chosen face outlined."""
    review, probe, content, hidden = _probe(request.user, review_uid, number)
    frame = whole_frame(content, probe["box"], hidden)
    record(Tag.STILL_VIEWED, actor=request.user, subject=review, still=probe["still"], part="frame")
    return jpeg_response(frame)


@require_POST
@for_roles(Role.SUPERVISOR, Role.AUDITOR)
def probe_original(request: SignedInRequest, review_uid: UUID, number: int) -> HttpResponse:
    """The file as the retailer sent it, untouched, to be kept and not shown: with the reason, logged."""
    review = get_object_or_404(Review, decision__in=readable_records(request.user), uid=review_uid)
    if not 1 <= number <= len(review.probes):
        raise Http404
    still = get_object_or_404(Still, uid=review.probes[number - 1]["still"])
    form = ReasonForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Say why you need the original file.")
        return redirect("police:decision-record", review.decision.uid)
    content = storage.read(storage.originals(), still.original_key)
    if hashlib.sha256(content).hexdigest() != still.original_sha256:
        raise OSError("the stored original of this still is not what was received")
    response = HttpResponse(content, content_type="application/octet-stream")
    for name, value in UNTOUCHED.items():
        response[name] = value
    response["Content-Disposition"] = f'attachment; filename="{still.uid}.{still.original_format.lower()}"'
    reason = form.cleaned_data["reason"]
    record(
        Tag.ORIGINAL_VIEWED, actor=request.user, subject=still, reason=reason, sha256=still.original_sha256
    )
    return response


@require_GET
@for_roles(*COMPARING)
def candidate_face(request: SignedInRequest, judgement_uid: UUID) -> HttpResponse:
    """The custody crop a judgement is about; 404 once the image may no longer be used."""
    found = Judgement.objects.filter(_may_look(request.user, "review__")).select_related("candidate")
    judgement = get_object_or_404(found, uid=judgement_uid)
    image_id = judgement.candidate.image_id if judgement.candidate else None
    image = get_object_or_404(searchable_images(), pk=image_id)
    crop = custody_crop(image)
    record(Tag.CUSTODY_IMAGE_VIEWED, actor=request.user, subject=judgement, image=str(image.uid))
    return jpeg_response(crop)


def custody_crop(image: CustodyImage) -> bytes:
    """The face of a custody image, aligned (JPEG); Http404 where it has none."""
    if image.box is None:
        raise Http404
    return aligned_crop(storage.read(storage.custody(), image.copy_key), image.box, image.landmarks)
