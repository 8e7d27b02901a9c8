"""The form with which an officer asks a retailer for something."""

import hashlib
from datetime import date, timedelta

from django import forms
from django.utils import timezone

from portal.questions.actions import Asked, QuestionRefused
from portal.questions.states import Kind

USUAL_DAYS = 7


def _usual_day() -> date:
    return timezone.localdate() + timedelta(days=USUAL_DAYS)


class AskForm(forms.Form):
    """What is asked for, in the words that the retailer reads, and until when."""

    kind = forms.ChoiceField(
        label="What do you ask for?",
        choices=Kind.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what you ask for."},
    )
    text = forms.CharField(
        label="What exactly, and why it would help",
        help_text="For example: a frame from the till camera, with the face turned to it.",
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=1000,
        error_messages={"required": "Write what you ask for."},
    )
    due_on = forms.DateField(
        label="Wanted by",
        initial=_usual_day,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"required": "Choose the day by which you need it."},
    )
    previewed = forms.CharField(required=False, widget=forms.HiddenInput)

    def asked(self) -> Asked:
        """What was entered, for the action."""
        data = self.cleaned_data
        return Asked(Kind(data["kind"]), data["text"], data["due_on"])

    def digest(self) -> str:
        """Names exactly what was entered, so that nothing is sent that was not previewed."""
        return hashlib.sha256(repr(self.asked()).encode()).hexdigest()[:32]

    def was_previewed(self) -> bool:
        """Whether the officer has seen these very words as the retailer will."""
        return bool(self.cleaned_data["previewed"] == self.digest())

    def refuse(self, error: QuestionRefused) -> None:
        """Show why the question was not sent, at the field it concerns."""
        self.add_error(error.field if error.field in self.fields else None, error.message)
