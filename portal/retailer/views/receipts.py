"""The receipt to keep, as a file."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.accounts.access import SignedInRequest, for_retailers
from portal.audit.log import record
from portal.audit.tags import Tag
from portal.retailer.queries import BY_PLACE, campaigns_for, offenders_for, with_stills
from portal.submissions import receipt_pdf as pdf


@for_retailers
@require_safe
def receipt_pdf(request: SignedInRequest, uid: str) -> HttpResponse:
    """What was received, with times, declarations and the hash of every still; recorded as a disclosure."""
    campaign = get_object_or_404(campaigns_for(request.user), uid=uid)
    ours = offenders_for(request.user).filter(submission__campaign=campaign)
    offenders = list(with_stills(ours).order_by(BY_PLACE, "pk"))
    content = pdf.receipt_pdf(campaign, offenders, user=request.user, at=timezone.now())
    stills = sum(len(one.stills.all()) for one in offenders)
    record(
        Tag.EXPORTED,
        actor=request.user,
        subject=campaign,
        what="receipt",
        offenders=len(offenders),
        stills=stills,
    )
    answer = HttpResponse(content, content_type="application/pdf")
    answer["Content-Disposition"] = 'attachment; filename="receipt.pdf"'
    answer["Cache-Control"] = "private, no-store"
    return answer
