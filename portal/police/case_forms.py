"""Forms of pairs, series, cases and packages."""

from typing import Any

from django import forms

from portal.cases.actions.cases import EDITABLE
from portal.cases.models import Case
from portal.cases.states import CASE_MOVES, CaseResult, CaseState, PackageKind, PairVerdict, Ruling

KEPT = "It is kept and may be disclosed."


class PairForm(forms.Form):
    """A blind judgement of two faces."""

    verdict = forms.ChoiceField(
        label="Your judgement",
        choices=PairVerdict.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose one of the three judgements."},
    )
    reason = forms.CharField(
        label="Reasons",
        help_text=f"What you compared, what speaks for and against. {KEPT}",
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=3000,
    )


class RulingForm(forms.Form):
    """A supervisor's ruling; `round`: whose judgements were looked at."""

    round = forms.IntegerField(widget=forms.HiddenInput)
    ruling = forms.ChoiceField(
        label="Your ruling",
        choices=Ruling.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose one of the three rulings."},
    )
    reason = forms.CharField(
        label="Reason",
        help_text=f"What decided it, against the judgement you do not follow. {KEPT}",
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=500,
    )


class TakeBackForm(forms.Form):
    """Why a ruling does not stand."""

    reason = forms.CharField(label="Why it is taken back", max_length=500, help_text=KEPT)


class SplitForm(forms.Form):
    """Why an offender does not belong to a series."""

    reason = forms.CharField(label="Reason", max_length=500, help_text=KEPT)


class CaseForm(forms.ModelForm):
    """References and the officer in the case; `revision` is the one that was looked at."""

    revision = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = Case
        fields = EDITABLE
        widgets = {
            "exhibits": forms.Textarea(attrs={"rows": 3}),
            "notes": forms.Textarea(attrs={"rows": 4}),
        }


class MoveForm(forms.Form):
    """Where a case goes, how it ended, why."""

    to = forms.ChoiceField(label="New state", widget=forms.RadioSelect)
    result = forms.ChoiceField(
        label="Outcome, if concluded", choices=[("", "None"), *CaseResult.choices], required=False
    )
    reason = forms.CharField(label="Reason", max_length=500, help_text=KEPT)

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        allowed = CASE_MOVES[CaseState(case.state)]
        self.fields["to"] = forms.ChoiceField(
            label="New state",
            choices=[(state.value, state.label) for state in CaseState if state in allowed],
            widget=forms.RadioSelect,
            error_messages={"required": "Choose the new state."},
        )


class PackageForm(forms.Form):
    """Which package, and what it is for."""

    kind = forms.ChoiceField(
        label="Kind of package",
        choices=PackageKind.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose the kind of package."},
    )
    purpose = forms.CharField(label="What it is for", max_length=300, help_text="Printed on the package.")


class HandOutForm(forms.Form):
    """Who receives a package, and why."""

    recipient = forms.CharField(
        label="Who receives it", max_length=200, help_text="Name, role and organisation."
    )
    reason = forms.CharField(label="Why", max_length=300, help_text="Kept in the log as a disclosure.")
