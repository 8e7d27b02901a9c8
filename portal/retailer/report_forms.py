"""The report's forms: whole, one step of it, or only the fields that changed."""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from django import forms
from django.utils import timezone

from portal.accounts.models import User
from portal.retailer.forms import FUTURE_TOLERANCE, StillsForm
from portal.retailer.steps import DEFAULTS, HINTS, REPORT, STEPS, Step
from portal.submissions.footage import keep_clock
from portal.submissions.models import Offender
from portal.submissions.reports import DECLARATION, NEEDED
from portal.submissions.states import OffenceType

MOST_MINUTES = 1440
LONG = ("method", "prolific", "linked_incidents")


def _moment() -> forms.DateTimeInput:
    return forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"})


class ReportForm(forms.ModelForm):
    """Fields of a report. Give it an instance of its own: cleaning writes to it.

    `names` are the fields it has, all if not given. Without `complete` what is needed may be left empty.
    `clocks` (portal.retailer.usual.clocks_of) are for a report that does not say yet how fast its clock was.
    """

    class Meta:
        model = Offender
        fields = REPORT
        widgets = {
            "started_at": _moment(),
            "ended_at": _moment(),
            "footage_until": forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
            "value": forms.NumberInput(attrs={"inputmode": "decimal", "min": 0, "step": "0.01"}),
            **{name: forms.Textarea(attrs={"rows": 3}) for name in LONG},
        }
        help_texts = HINTS

    def __init__(
        self,
        *args: Any,
        user: User,
        names: Collection[str] = REPORT,
        complete: bool = True,
        clocks: Mapping[str, Mapping[str, int]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if clocks is not None:  # for the script that suggests one once store and camera are chosen
            self.fields["clock_offset_minutes"].widget.attrs["data-clocks"] = json.dumps(clocks)
        store = self.fields["store"]
        assert isinstance(store, forms.ModelChoiceField)
        store.queryset = user.organisation.stores.all()
        store.empty_label = "Choose a store"
        offence = self.fields["offence"]
        assert isinstance(offence, forms.TypedChoiceField)
        offence.choices = [("", "Choose the offence"), *OffenceType.choices]
        for name, message in NEEDED.items():
            self.fields[name].required = complete
            self.fields[name].error_messages["required"] = message
        for name in DEFAULTS:
            self.fields[name].required = False  # left empty, the default of the model stands
        for name in set(REPORT) - set(names):
            del self.fields[name]

    def parts(self) -> Iterator[dict[str, Any]]:
        """The steps' fields one below the other; the optional part of one is open where it says something."""
        for step in STEPS:
            yield self.part(step)

    def part(self, step: Step) -> dict[str, Any]:
        """What a template shows of one step."""
        more = [self[name] for name in step.more]
        return {
            "step": step,
            "fields": [self[name] for name in step.names],
            "more": more,
            "open": any(field.errors or self._says(field) for field in more),
        }

    def _says(self, field: forms.BoundField) -> bool:
        """Whether somebody filled the field in, now or earlier."""
        return str(field.value()) not in ("None", "", "False", str(DEFAULTS.get(field.name)))

    def clean(self) -> dict[str, Any]:
        """Times that make sense, and defaults for what was left empty."""
        data = super().clean() or {}
        data |= {
            name: default
            for name, default in DEFAULTS.items()
            if name in self.fields and data.get(name) in (None, "")
        }
        self._check_times(data)
        if data.get("value") is not None and data["value"] < 0:
            self.add_error("value", "The value cannot be less than nothing.")
        if abs(data.get("clock_offset_minutes") or 0) > MOST_MINUTES:
            self.add_error("clock_offset_minutes", "Give minutes, 1,440 (a day) at most.")
        return data

    def _check_times(self, data: dict[str, Any]) -> None:
        """A time that is not in this form counts as it stands in the report."""
        start, end = (data.get(name, getattr(self.instance, name)) for name in ("started_at", "ended_at"))
        if data.get("started_at") and start > timezone.now() + FUTURE_TOLERANCE:
            self.add_error("started_at", "The incident cannot start in the future.")
        elif start and end and end < start:
            wrong = "ended_at" if "ended_at" in self.fields else "started_at"
            if wrong in self.fields:
                self.add_error(wrong, "The incident must end after it starts.")
                data.pop(wrong, None)  # or the model's own constraint says it again

    @property
    def report(self) -> dict[str, Any]:
        """The fields that are in order, for the actions: cleaned, with the preservation clock set."""
        kept = {name: value for name, value in self.cleaned_data.items() if name in REPORT}
        before = Offender.objects.select_related("store").filter(pk=self.instance.pk).first() or Offender()
        start, end = (kept.get(name, getattr(before, name)) for name in ("started_at", "ended_at"))
        if start and end and end < start:  # the other of the two was refused
            kept.pop("started_at")
        return keep_clock(before, kept)


class OffenderForm(ReportForm):
    """A new offender: report, stills and declaration in one go."""

    field_order = ("stills", "captured_at", *REPORT, "declared")
    stills = StillsForm.base_fields["stills"]
    captured_at = StillsForm.base_fields["captured_at"]
    declared = forms.BooleanField(
        label=DECLARATION,
        error_messages={"required": "Make the declaration, or save the report as a draft."},
    )

    def __init__(self, *args: Any, draft: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, complete=not draft, **kwargs)
        if draft:
            self.fields["stills"].required = self.fields["declared"].required = False


class DeclarationForm(forms.Form):
    """The declaration, once for all that is sent with it."""

    declared = forms.BooleanField(
        label=DECLARATION, error_messages={"required": "Make the declaration first. Nothing was sent yet."}
    )
    no_names = forms.BooleanField(label="I have looked: no name is guessed.", required=False)
