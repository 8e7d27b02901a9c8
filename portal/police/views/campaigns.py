"""Campaigns: their grounds, whom they invite, opening and closing."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.accounts.access import SignedInRequest, for_police, for_roles
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.police.campaign_forms import CampaignForm
from portal.submissions.actions import SubmissionRefused, move_campaign, save_campaign
from portal.submissions.genuine import genuine
from portal.submissions.models import LAWFUL, Campaign, Offender
from portal.submissions.states import CAMPAIGN_MOVES, CampaignState

MANAGERS = (Role.SUPERVISOR, Role.ADMINISTRATOR)
PER_PAGE = 25
VERBS = {CampaignState.OPEN: "Open", CampaignState.CLOSED: "Close"}


def campaigns_for(user: User) -> QuerySet[Campaign]:
    """The campaigns of this person's force."""
    return Campaign.objects.filter(force=user.organisation_id)


@require_GET
@for_police
def campaigns(request: SignedInRequest) -> HttpResponse:
    """Every campaign of the force."""
    rows = campaigns_for(request.user).annotate(invited=_invited(), offenders=_sent())
    page = Paginator(rows.order_by("-pk"), PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "may_change": request.user.role in MANAGERS}
    return render(request, "police/campaigns.html", context)


def _invited() -> Coalesce:
    """How many retailers; counted for the rows of a page only, as a subquery is."""
    invited = Campaign.retailers.through.objects.filter(campaign=OuterRef("pk"))
    return _number(invited.values("campaign"))


def _sent() -> Coalesce:
    """How many offenders were sent; made-up ones are not counted."""
    sent = Offender.objects.filter(genuine(), submission__campaign=OuterRef("pk"), declared_at__isnull=False)
    return _number(sent.order_by().values("submission__campaign"))


def _number(grouped: QuerySet[Any]) -> Coalesce:
    return Coalesce(Subquery(grouped.annotate(number=Count("pk")).values("number")), 0)


@require_GET
@for_police
def campaign(request: SignedInRequest, campaign_uid: UUID) -> HttpResponse:
    """One campaign with its grounds, and what may be done with it."""
    found = get_object_or_404(campaigns_for(request.user), uid=campaign_uid)
    moves = [(state, VERBS[state]) for state in CAMPAIGN_MOVES[CampaignState(found.state)]]
    context = {
        "campaign": found,
        "grounds": [(Campaign._meta.get_field(name), getattr(found, name)) for name in LAWFUL],
        "retailers": found.retailers.order_by("name"),
        "moves": moves,
        "may_change": request.user.role in MANAGERS,
    }
    return render(request, "police/campaign.html", context)


@require_http_methods(["GET", "POST"])
@for_roles(*MANAGERS)
def campaign_create(request: SignedInRequest) -> HttpResponse:
    """Prepare a new campaign."""
    return _edit(request, Campaign(force=request.user.organisation))


@require_http_methods(["GET", "POST"])
@for_roles(*MANAGERS)
def campaign_edit(request: SignedInRequest, campaign_uid: UUID) -> HttpResponse:
    """Change a campaign."""
    return _edit(request, get_object_or_404(campaigns_for(request.user), uid=campaign_uid))


def _edit(request: SignedInRequest, edited: Campaign) -> HttpResponse:
    form = CampaignForm(request.POST or None, instance=edited)
    if request.method == "POST" and form.is_valid():
        saved = save_campaign(form.instance, by=request.user, retailers=list(form.cleaned_data["retailers"]))
        messages.success(request, "The campaign is saved.")
        return redirect("police:campaign", saved.uid)
    status = 422 if form.errors else 200
    return render(request, "police/campaign_edit.html", {"form": form, "campaign": edited}, status=status)


@require_POST
@for_roles(*MANAGERS)
def campaign_move(request: SignedInRequest, campaign_uid: UUID) -> HttpResponse:
    """Open or close a campaign."""
    found = get_object_or_404(campaigns_for(request.user), uid=campaign_uid)
    wanted = request.POST.get("to", "")
    try:
        if wanted not in VERBS:
            raise SubmissionRefused("wrong_state", "Choose whether to open or to close the campaign.")
        move_campaign(found, CampaignState(wanted), by=request.user)
    except SubmissionRefused as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"The campaign is now {found.get_state_display().lower()}.")
    return redirect("police:campaign", found.uid)
