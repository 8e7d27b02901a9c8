"""Forms of the gallery manager."""

from datetime import date

from django import forms
from django.utils import timezone

from portal.gallery.models import CaseOutcome

REASON = "It is kept in the log."


class ReasonForm(forms.Form):
    """Why somebody looks at, or does something with, a custody image."""

    reason = forms.CharField(label="Reason", max_length=300, help_text=REASON)


class ErasureForm(ReasonForm):
    """Erasing cannot be undone: it has to be confirmed."""

    confirmed = forms.BooleanField(label="I understand that this cannot be undone")


class CustodyReviewForm(forms.Form):
    """A periodic review: until when the image may be kept, and how the case ended."""

    review_on = forms.DateField(
        label="New review date", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    case_outcome = forms.ChoiceField(label="Outcome of the case", choices=CaseOutcome.choices)
    reason = forms.CharField(label="Reason", max_length=300, help_text=REASON)

    def clean_review_on(self) -> date:
        """A review looks ahead."""
        when: date = self.cleaned_data["review_on"]
        if when <= timezone.localdate():
            raise forms.ValidationError("The new review date must lie in the future.")
        return when
