"""The gallery manager's pages: what is held, single images, reviews, deletion requests."""

from uuid import UUID

from django.contrib import messages
from django.core import signing
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from portal import storage
from portal.accounts.access import SignedInRequest, for_roles
from portal.accounts.roles import Role
from portal.audit.log import record
from portal.audit.tags import Tag
from portal.gallery.actions import change_review, request_deletion
from portal.gallery.models import CaseOutcome, CustodyImage
from portal.police import holdings
from portal.police.gallery_forms import CustodyReviewForm, ReasonForm
from portal.police.views.images import jpeg_response
from portal.retention.models import ErasureCertificate

READERS = (Role.GALLERY_MANAGER, Role.AUDITOR)
PER_PAGE = 50
PERMIT = "custody-view"
PERMIT_SECONDS = 300


@require_GET
@for_roles(*READERS)
def gallery(request: SignedInRequest) -> HttpResponse:
    """Counts, what the next search searches, what is due, what came in."""
    user = request.user
    counts = holdings.counted(user)
    context = {
        "counts": counts,
        "total": sum(number for _, _, number in counts),
        "due": holdings.due_soon(user).count(),
        "soonest": holdings.due_soon(user)[:10],
        "imports": holdings.imports_by_day(user),
        "snapshot": holdings.snapshot(user),
    }
    return render(request, "police/gallery.html", context)


@never_cache
@require_GET
@for_roles(*READERS)
def gallery_images(request: SignedInRequest) -> HttpResponse:
    """Images by condition, with the reasons of those that could not be enrolled."""
    state, text = request.GET.get("state", ""), request.GET.get("reference", "").strip()
    rows = holdings.filtered(request.user, state, text)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "state": state, "text": text, "counts": holdings.counted(request.user)}
    response = render(request, "police/gallery_images.html", context)
    listed = ("gallery.custodyimage", "list")
    record(Tag.CUSTODY_SUBJECT_VIEWED, actor=request.user, subject=listed, state=state, rows=len(page))
    return response


# --- one image ------------------------------------------------------------------------------------
def image_or_404(request: SignedInRequest, image_uid: UUID) -> CustodyImage:
    """A custody image of this person's force; 404 for any other."""
    return get_object_or_404(holdings.images_for(request.user), uid=image_uid)


@never_cache
@require_http_methods(["GET", "POST"])
@for_roles(*READERS)
def custody_image(request: SignedInRequest, image_uid: UUID) -> HttpResponse:
    """The record of an image; the picture only after a reason is given."""
    image = image_or_404(request, image_uid)
    may_look = request.user.role == Role.GALLERY_MANAGER and bool(image.copy_key)
    form = ReasonForm(request.POST or None)
    permit = ""
    if request.method == "POST" and may_look and form.is_valid():
        permit = _permit(request, image, form.cleaned_data["reason"])
    context = {
        "image": image,
        "form": form,
        "permit": permit,
        "may_look": may_look,
        "may_change": request.user.role == Role.GALLERY_MANAGER and image.erased_at is None,
        "state": _condition(image),
        "templates": image.templates.order_by("model"),
        "certificates": ErasureCertificate.objects.filter(subject_id=str(image.uid)),
    }
    response = render(request, "police/custody_image.html", context, status=422 if form.errors else 200)
    record(Tag.CUSTODY_SUBJECT_VIEWED, actor=request.user, subject=image)
    return response


def _condition(image: CustodyImage) -> tuple[str, str]:
    for code, (label, condition) in holdings.conditions(timezone.localdate()).items():
        if CustodyImage.objects.filter(condition, pk=image.pk).exists():
            return code, label
    raise AssertionError(f"{image} is in no condition")


def _permit(request: SignedInRequest, image: CustodyImage, reason: str) -> str:
    """A short-lived word that this person gave a reason for this image."""
    return signing.dumps([request.user.pk, str(image.uid), reason], salt=PERMIT)


@require_GET
@for_roles(Role.GALLERY_MANAGER)
def custody_picture(request: SignedInRequest, image_uid: UUID) -> HttpResponse:
    """The picture itself, with the permit its page made; recorded with the reason."""
    image = image_or_404(request, image_uid)
    try:
        user_id, uid, reason = signing.loads(
            request.GET.get("permit", ""), salt=PERMIT, max_age=PERMIT_SECONDS
        )
    except signing.BadSignature as error:
        raise Http404 from error
    if (user_id, uid) != (request.user.pk, str(image.uid)) or not image.copy_key:
        raise Http404
    content = storage.read(storage.custody(), image.copy_key)
    record(Tag.CUSTODY_IMAGE_VIEWED, actor=request.user, subject=image, reason=reason)
    return jpeg_response(content)


@require_http_methods(["GET", "POST"])
@for_roles(Role.GALLERY_MANAGER)
def deletion_request(request: SignedInRequest, image_uid: UUID) -> HttpResponse:
    """Take an image out of every search, with the reason."""
    image = image_or_404(request, image_uid)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        request_deletion(image, by=request.user, reason=form.cleaned_data["reason"])
        messages.success(request, "From now on no search returns this image.")
        return redirect("police:custody-image", image.uid)
    status = 422 if form.errors else 200
    return render(request, "police/deletion_request.html", {"image": image, "form": form}, status=status)


@require_http_methods(["GET", "POST"])
@for_roles(Role.GALLERY_MANAGER)
def custody_review(request: SignedInRequest, image_uid: UUID) -> HttpResponse:
    """Record a periodic review: a new date, the outcome of the case as known now."""
    image = image_or_404(request, image_uid)
    if image.erased_at is not None:
        raise Http404
    initial = {"case_outcome": image.case_outcome}
    form = CustodyReviewForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        outcome = CaseOutcome(data["case_outcome"])
        change_review(
            image,
            review_on=data["review_on"],
            case_outcome=outcome,
            by=request.user,
            reason=data["reason"],
        )
        messages.success(request, "The review is recorded.")
        return redirect("police:custody-image", image.uid)
    status = 422 if form.errors else 200
    return render(request, "police/custody_review.html", {"image": image, "form": form}, status=status)
