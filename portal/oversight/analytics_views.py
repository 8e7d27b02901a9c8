"""The page of decision analytics and its download."""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from portal.accounts.access import SignedInRequest, for_roles
from portal.accounts.models import User
from portal.accounts.roles import REVIEWING_ROLES, Role
from portal.assurance.models import Check
from portal.assurance.queries import rate_of, ready_checks
from portal.assurance.rates import drifts_in
from portal.assurance.states import CheckState
from portal.audit.log import record
from portal.audit.tags import Tag
from portal.oversight.analytics import Asked, asked_by, figures, flat
from portal.submissions.models import Campaign
from portal.tables import csv_response

for_readers = for_roles(Role.AUDITOR, Role.SUPERVISOR)
FEW_LEFT = 10


def _date() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class AnalyticsFilter(forms.Form):
    """Narrows the figures; the last 90 days where no date is given."""

    begin = forms.DateField(label="From", required=False, widget=_date())
    end = forms.DateField(label="To", required=False, widget=_date())
    campaign = forms.ModelChoiceField(Campaign.objects.none(), required=False, empty_label="All")
    reviewer = forms.ModelChoiceField(User.objects.none(), required=False, empty_label="All")

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = {"campaign": Campaign.objects.filter(force=viewer.organisation_id).only("uid", "name")}
        people = User.objects.filter(organisation=viewer.organisation_id, role__in=REVIEWING_ROLES)
        for name, rows in {**own, "reviewer": people.order_by("name")}.items():
            self.fields[name].queryset = rows  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """In order."""
        data = super().clean() or {}
        if data.get("begin") and data.get("end") and data["end"] < data["begin"]:
            self.add_error("end", "The last day is before the first day.")
        return data


def _asked(request: SignedInRequest, form: AnalyticsFilter) -> Asked:
    return asked_by(request.user, form.cleaned_data if form.is_valid() else {})


@for_readers
@require_safe
def analytics(request: SignedInRequest) -> HttpResponse:
    """Every figure with its table; drift of the error rates; how many checks are left."""
    form = AnalyticsFilter(request.GET, viewer=request.user)
    asked = _asked(request, form)
    force = request.user.organisation
    ready = ready_checks(force).count()
    context = {
        "form": form,
        "asked": asked,
        "figures": figures(asked),
        "drifts": drifts_in(force),
        "pool": ready,
        "pool_low": ready < FEW_LEFT,
        "rate": rate_of(force),
        "entered": Check.objects.filter(force=force, state=CheckState.ENTERED).count(),
        "query": request.GET.urlencode(),
    }
    return render(request, "oversight/analytics.html", context, status=422 if form.errors else 200)


@for_readers
@require_POST
def analytics_export(request: SignedInRequest) -> HttpResponse:
    """The same figures as a CSV file; that it left the service is recorded."""
    form = AnalyticsFilter(request.GET, viewer=request.user)
    asked = _asked(request, form)
    answer = csv_response("analytics", ("Figure", "Row", "Column", "Value"), flat(figures(asked)))
    record(
        Tag.EXPORTED,
        actor=request.user,
        subject=("oversight.analytics", "csv"),
        begin=str(asked.begin),
        end=str(asked.end),
        campaign=str(asked.campaign.uid) if asked.campaign else "",
        reviewer=str(asked.reviewer.uid) if asked.reviewer else "",
    )
    return answer
