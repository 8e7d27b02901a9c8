"""Forms of the review: one candidate's judgement, a change after the reveal, the conclusion."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import forms

from portal.accounts.context import CAVEAT
from portal.reviews.actions import LONGEST_VIEW, Conclusion, Judged
from portal.reviews.models import Judgement
from portal.reviews.states import FEATURES, LIST_LENGTHS, SINGLE_REVIEW, Finding, Outcome, Verdict

CAVEAT_UNREAD = "Tick that you have read what a possible match is."
CONFIDENCE = [(1, "1 low"), (2, "2"), (3, "3"), (4, "4"), (5, "5 high")]


class JudgementForm(forms.Form):
    """A blind judgement of one candidate."""

    verdict = forms.ChoiceField(label="Your judgement", choices=Verdict.choices, widget=forms.RadioSelect)
    confidence = forms.TypedChoiceField(
        label="Confidence",
        choices=[("", "Not given"), *CONFIDENCE],
        coerce=int,
        empty_value=None,
        required=False,
    )
    seconds_viewed = forms.FloatField(
        min_value=0, max_value=LONGEST_VIEW, required=False, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in FEATURES.items():
            self.fields[f"feature_{name}"] = forms.ChoiceField(
                label=label, choices=[("", "Not compared"), *Finding.choices], required=False
            )

    @classmethod
    def of(cls, judgement: Judgement) -> "JudgementForm":
        """The form as it stands for a judgement, its ids unique on a page of many."""
        features = {f"feature_{name}": value for name, value in judgement.features.items()}
        initial = {
            "verdict": judgement.blind,
            "confidence": judgement.confidence,
            "seconds_viewed": judgement.seconds_viewed,
        }
        return cls(initial={**initial, **features}, auto_id=f"candidate-{judgement.position}-%s")

    def features(self) -> list[forms.BoundField]:
        """The fields of the features compared."""
        return [self[f"feature_{name}"] for name in FEATURES]

    def judged(self) -> Judged:
        """What was entered, for the action."""
        data = self.cleaned_data
        features = {name: data[f"feature_{name}"] for name in FEATURES if data[f"feature_{name}"]}
        return Judged(Verdict(data["verdict"]), features, data["confidence"], data["seconds_viewed"] or 0.0)


class ChangeForm(forms.Form):
    """Another judgement after the reveal."""

    verdict = forms.ChoiceField(label="New judgement", choices=Verdict.choices)
    reason = forms.CharField(label="What changed your mind", max_length=500)


class LongerListForm(forms.Form):
    """More candidates, and why."""

    to = forms.TypedChoiceField(choices=[(length, str(length)) for length in LIST_LENGTHS], coerce=int)
    why = forms.CharField(max_length=500, strip=True)


class ReasonForm(forms.Form):
    """Why: a new search, a reopened decision, an original file."""

    reason = forms.CharField(max_length=500, strip=True)


class ConclusionForm(forms.Form):
    """What an officer concludes for the offender; `choices` are the candidates who may be named."""

    outcome = forms.ChoiceField(label="Outcome for this offender", widget=forms.RadioSelect)
    candidate = forms.ChoiceField(label="Candidate, if identified", required=False, widget=forms.RadioSelect)
    rationale = forms.CharField(
        label="Reasons for your decision",
        help_text="What you compared, what speaks for and against. It is kept and may be disclosed.",
        widget=forms.Textarea(attrs={"rows": 5}),
        max_length=5000,
        error_messages={"required": "Give the reasons for your decision."},
    )
    caveat_acknowledged = forms.BooleanField(
        label=f"I have read this: {CAVEAT}", error_messages={"required": CAVEAT_UNREAD}
    )

    def __init__(self, *args: Any, candidates: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [*candidates]
        outcomes = [one for one in Outcome.choices if named or one[0] != Outcome.IDENTIFIED]
        self.fields["outcome"] = forms.ChoiceField(
            label="Outcome for this offender",
            choices=outcomes,
            widget=forms.RadioSelect,
            error_messages={"required": "Choose an outcome."},
        )
        self.fields["candidate"] = forms.ChoiceField(
            label="Candidate, if identified", choices=named, required=False, widget=forms.RadioSelect
        )
        if not named:
            del self.fields["candidate"]

    def clean(self) -> dict[str, Any]:
        """Identified needs a candidate."""
        data = super().clean() or {}
        if data.get("outcome") == Outcome.IDENTIFIED and not data.get("candidate"):
            self.add_error("candidate", "Choose the candidate whom you judge to be this person.")
        return data

    def conclusion(self) -> Conclusion:
        """What was entered, for the action."""
        data = self.cleaned_data
        chosen = UUID(data["candidate"]) if data.get("candidate") else None
        return Conclusion(Outcome(data["outcome"]), data["rationale"], data["caveat_acknowledged"], chosen)


class TriageForm(forms.Form):
    """One outcome for several offenders without a usable face."""

    decisions = forms.MultipleChoiceField(
        label="Offenders", error_messages={"required": "Choose at least one offender."}
    )
    outcome = forms.ChoiceField(
        label="Outcome",
        choices=[(one.value, one.label) for one in Outcome if one in SINGLE_REVIEW],
        widget=forms.RadioSelect,
    )
    rationale = forms.CharField(
        label="Reasons",
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=5000,
        strip=True,
        error_messages={"required": "Give the reasons for your decision."},
    )
    caveat_acknowledged = forms.BooleanField(
        label=f"I have read this: {CAVEAT}", error_messages={"required": CAVEAT_UNREAD}
    )

    def __init__(self, *args: Any, choices: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["decisions"].choices = [*choices]  # type: ignore[attr-defined]
