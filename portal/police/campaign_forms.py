"""The form of a campaign: its grounds and whom it invites."""

from typing import Any

from django import forms

from portal.accounts.models import Organisation, OrganisationKind
from portal.submissions.models import LAWFUL, Campaign
from portal.submissions.states import CampaignState


class CampaignForm(forms.ModelForm):
    """Grounds may be missing while a campaign is in preparation, never afterwards."""

    retailers = forms.ModelMultipleChoiceField(
        label="Invited retailers",
        queryset=Organisation.objects.filter(kind=OrganisationKind.RETAILER).order_by("name"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    class Meta:
        model = Campaign
        fields = (
            "name", *LAWFUL, "research_basis", "opens_on", "closes_on", "target_days", "list_length",
            "retention_days",
        )  # fmt: skip
        labels = {
            "name": "Name of the campaign",
            "legal_basis": "Legal basis",
            "authoriser": "Authoriser",
            "opens_on": "First day",
            "closes_on": "Last day",
        }
        widgets = {
            **{name: forms.Textarea(attrs={"rows": 3}) for name in (*LAWFUL[:4], "research_basis")},
            "opens_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "closes_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }
        help_texts = {
            "purpose": "what the searches are for",
            "proportionality": "how the intrusion is limited, and why it is worth it",
            "list_length": "1 to 200; 20 unless there is a reason",
            "retention_days": "unmatched stills are erased after this",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["retailers"].initial = self.instance.retailers.all()
        self.fields["list_length"].widget.attrs.update(min=1, max=200)

    def clean(self) -> dict[str, Any]:
        """Dates in order; no ground may go missing once the campaign was open."""
        data = super().clean() or {}
        opens, closes = data.get("opens_on"), data.get("closes_on")
        if opens and closes and closes < opens:
            self.add_error("closes_on", "The last day is before the first day.")
        if self.instance.state != CampaignState.DRAFT:
            for name in LAWFUL:
                if not (data.get(name) or "").strip():
                    self.add_error(name, "A campaign that was opened cannot be without this.")
        return data
