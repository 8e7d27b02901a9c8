"""Filters of the oversight pages."""

from typing import Any

from django import forms

from portal.accounts.models import Organisation, OrganisationKind, User
from portal.assurance.actions import HIGHEST_RATE
from portal.audit.tags import Tag
from portal.reviews.states import DecisionState, Outcome


def _date() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class AuditFilter(forms.Form):
    """Narrows the log."""

    tag = forms.ChoiceField(label="What happened", required=False)
    actor = forms.CharField(label="Who (name, e-mail address or process)", required=False, max_length=120)
    subject = forms.CharField(label="About (identifier)", required=False, max_length=64)
    begin = forms.DateField(label="From", required=False, widget=_date())
    end = forms.DateField(label="To", required=False, widget=_date())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = sorted({tag.value.partition(":")[0] for tag in Tag})
        groups = [(f"{kind}:", f"All of {kind}") for kind in kinds]
        tags = [(tag.value, tag.value.replace("_", " ")) for tag in Tag]
        self.fields["tag"].choices = [("", "Anything"), *groups, *tags]  # type: ignore[attr-defined]


class CheckRateForm(forms.Form):
    """How often known-answer checks enter the queue; empty: the service's rate."""

    percent = forms.FloatField(
        label="Checks in a hundred of what enters the queue",
        required=False,
        min_value=0,
        max_value=HIGHEST_RATE,
        error_messages={
            "invalid": "Enter a number, such as 5.",
            "min_value": "The rate goes from 0 to 50 in a hundred.",
            "max_value": "The rate goes from 0 to 50 in a hundred.",
        },
    )

    def __init__(self, *args: Any, usual: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["percent"]
        field.help_text = (
            f"From 0 (none) to {HIGHEST_RATE}. Leave it empty for the service’s own rate, {usual:g}."
        )
        field.widget.attrs |= {"step": "any", "inputmode": "decimal"}


class DecisionFilter(forms.Form):
    """Narrows the list of decisions."""

    state = forms.ChoiceField(choices=[("", "Any"), *DecisionState.choices], required=False)
    outcome = forms.ChoiceField(choices=[("", "Any"), *Outcome.choices], required=False)
    retailer = forms.ModelChoiceField(Organisation.objects.none(), required=False, empty_label="All")

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = Organisation.objects.filter(
            kind=OrganisationKind.RETAILER, invited_to__force=viewer.organisation_id
        )
        self.fields["retailer"].queryset = known.distinct().order_by("name")  # type: ignore[attr-defined]


class SearchFilter(forms.Form):
    """Narrows the list of searches."""

    begin = forms.DateField(label="From", required=False, widget=_date())
    end = forms.DateField(label="To", required=False, widget=_date())
    probe = forms.RegexField(
        label="Probe (sha256 of the original, or its beginning)",
        regex=r"^[0-9a-f]{4,64}$",
        required=False,
        error_messages={"invalid": "Give at least 4 of the digits 0 to 9 and a to f."},
    )
