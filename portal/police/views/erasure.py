"""Erasing a custody image at once, and the certificate that stays."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from portal.accounts.access import SignedInRequest, for_roles
from portal.accounts.roles import Role
from portal.police.gallery_forms import ErasureForm
from portal.police.views.gallery import image_or_404
from portal.retention.actions import AlreadyErased, erase_custody_image


@require_http_methods(["GET", "POST"])
@for_roles(Role.GALLERY_MANAGER)
def custody_erase(request: SignedInRequest, image_uid: UUID) -> HttpResponse:
    """Image, crops, templates and index rows go now; confirmed and with the reason."""
    image = image_or_404(request, image_uid)
    form = ErasureForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            certificate = erase_custody_image(image, by=request.user, reason=form.cleaned_data["reason"])
        except AlreadyErased as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"Erased. Certificate {certificate.uid}.")
        return redirect("police:custody-image", image.uid)
    status = 422 if form.errors else 200
    return render(request, "police/custody_erase.html", {"image": image, "form": form}, status=status)
