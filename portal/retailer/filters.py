"""The dashboard's filters; they live in the address, and the download uses the same."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from portal.accounts.models import Store, User
from portal.reviews.status import WORDS, with_code
from portal.submissions.models import Campaign, Offender
from portal.submissions.states import OffenceType

NEEDS_YOU = frozenset({"needs_still", "draft", "no_face"})
NEEDS_YOU_LABEL = "Waiting for you"
NEEDS_YOU_CODE = "needs_you"


class FilterForm(forms.Form):
    """Every field may be left empty; a value that means nothing filters nothing."""

    campaign = forms.ModelChoiceField(Campaign.objects.none(), required=False, to_field_name="uid")
    store = forms.ModelChoiceField(Store.objects.none(), required=False, to_field_name="uid")
    offence = forms.ChoiceField(required=False)
    status = forms.ChoiceField(required=False)
    since = forms.DateField(required=False, label="Sent from", widget=forms.DateInput({"type": "date"}))
    until = forms.DateField(required=False, label="Sent until", widget=forms.DateInput({"type": "date"}))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ours = Campaign.objects.filter(submissions__retailer=user.organisation_id).only("uid", "name")
        self._offer_rows("campaign", ours, "All campaigns")
        self._offer_rows("store", user.organisation.stores.all(), "All stores")
        offences = [(one.value, one.label.partition(" (")[0]) for one in OffenceType]
        self._offer("offence", [("", "Any offence"), *offences])
        codes = [(code, label) for code, (label, _) in WORDS.items()]
        self._offer("status", [("", "Any status"), (NEEDS_YOU_CODE, NEEDS_YOU_LABEL), *codes])

    def _offer_rows(self, name: str, choices: Any, empty_label: str) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset, field.empty_label = choices, empty_label

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def _wanted(self) -> dict[str, Any]:
        self.is_valid()
        return {name: value for name, value in getattr(self, "cleaned_data", {}).items() if value}

    def narrow(self, offenders: QuerySet[Offender]) -> QuerySet[Offender]:
        """By campaign, store, offence and dates: what the figures count."""
        wanted = self._wanted()
        fields = {
            "campaign": "submission__campaign",
            "store": "store",
            "offence": "offence",
            "since": "declared_at__date__gte",
            "until": "declared_at__date__lte",
        }
        kept = {path: wanted[name] for name, path in fields.items() if name in wanted}
        return offenders.filter(**kept)

    @property
    def codes(self) -> frozenset[str] | None:
        """The statuses that the list is narrowed to; None where it is not."""
        code = self._wanted().get("status")
        if not code:
            return None
        return NEEDS_YOU if code == NEEDS_YOU_CODE else frozenset({code})

    def of_status(self, offenders: QuerySet[Offender]) -> QuerySet[Offender]:
        """By status too: what the list shows."""
        codes = self.codes
        if codes is None:
            return offenders
        wanted: dict[str, Any] = {"status_code__in": codes}
        return with_code(offenders).filter(**wanted)
