"""The retailer's forms. They check and clean; portal.submissions.actions writes."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.datastructures import MultiValueDict

from portal.accounts.models import Store, User
from portal.retailer.preservation import overwritten_on
from portal.submissions.models import Campaign, Offender, Still
from portal.submissions.states import MAX_STILLS, OffenceType, YesNoUnknown

SMALLEST_BOX_PX = 12
FUTURE_TOLERANCE = timedelta(hours=1)  # clocks of recorders and people differ
ACCEPT = "image/jpeg,image/png,image/webp,.jpg,.jpeg,.png,.webp"


def posted(request: HttpRequest) -> tuple[QueryDict | None, MultiValueDict | None]:
    """What a form gets: the sent fields and files, even if all are empty; nothing where nothing was sent."""
    return (request.POST, request.FILES) if request.method == "POST" else (None, None)


class Section(NamedTuple):
    """A part of the report: its heading, a hint, its fields."""

    title: str
    hint: str
    names: tuple[str, ...]


FIRST = Section(
    "What happened",
    "",
    ("store", "offence", "started_at", "ended_at", "goods", "value"),
)
SECTIONS = (
    Section(
        "More about the incident",
        "",
        (
            "place_in_store", "camera", "clock_offset_minutes", "quantity", "recovered", "violence",
            "threats", "weapon", "hate_element", "police_called", "incident_reference", "crime_reference",
            "reporter_name", "reporter_contact",
        ),
    ),
    Section(
        "What was seen of the person",
        "Only what you or a camera saw. Do not guess who it is, and do not give a name.",
        (
            "build", "height", "hair", "clothing", "marks", "under_18", "offender_count", "direction",
            "vehicle", "vrm",
        ),
    ),
    Section(
        "Why this person matters",
        "",
        ("method", "prolific", "organised", "linked_incidents"),
    ),
    Section(
        "Evidence you keep",
        "",
        ("footage_kept", "footage_until", "receipt_held", "statement_signed"),
    ),
)  # fmt: skip
REPORT = FIRST.names + tuple(name for section in SECTIONS for name in section.names)
DEFAULTS: dict[str, Any] = {
    "clock_offset_minutes": 0,
    "offender_count": 1,
    **dict.fromkeys(
        ("recovered", "police_called", "under_18", "organised", "footage_kept"), YesNoUnknown.UNKNOWN
    ),
}
HINTS = {
    "started_at": "As the CCTV clock shows it.",
    "clock_offset_minutes": "0 if it is right. −5 if it is five minutes slow.",
    "value": "Of everything taken in this incident.",
    "footage_until": "Left empty, we count from the incident by the store's own setting.",
    "under_18": "As far as you can tell. It decides how carefully the report must be handled.",
    "method": "For example: fills a bag in the aisle, leaves while somebody comes in.",
    "vrm": "As it was read from the plate.",
}


class ManyFilesInput(forms.ClearableFileInput):
    """A file input that takes several files."""

    allow_multiple_selected = True


class StillsField(forms.FileField):
    """One or more files. What is in them is judged one by one by portal.retailer.uploads."""

    def __init__(self, **kwargs: Any) -> None:
        widget = ManyFilesInput(attrs={"accept": ACCEPT, "data-most": MAX_STILLS})
        super().__init__(widget=widget, allow_empty_file=True, **kwargs)

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        """Every file of the input; required means at least one."""
        files = (data if isinstance(data, list | tuple) else [data]) or [None]
        given = [super(StillsField, self).clean(file, initial) for file in files]
        return [file for file in given if file is not None]  # an empty file is false, and refused by name


def _moment() -> forms.DateTimeInput:
    return forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"})


class StillsForm(forms.Form):
    """Stills for an offender that is there already."""

    stills = StillsField(
        label="Stills",
        help_text=f"JPEG, PNG or WebP, up to 32 MB each and {MAX_STILLS} for an offender. "
        "The full camera frame is better than a crop.",
        error_messages={"required": "Choose at least one still."},
    )
    captured_at = forms.DateTimeField(label="When they were captured", required=False, widget=_moment())


class ReportForm(forms.ModelForm):
    """The fields of a report. Give it an instance of its own: cleaning writes to it."""

    class Meta:
        model = Offender
        fields = REPORT
        widgets = {
            "started_at": _moment(),
            "ended_at": _moment(),
            "footage_until": forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
            "value": forms.NumberInput(attrs={"inputmode": "decimal", "min": 0, "step": "0.01"}),
            **{
                name: forms.Textarea(attrs={"rows": 3}) for name in ("method", "prolific", "linked_incidents")
            },
        }
        help_texts = HINTS
        error_messages = {"offence": {"required": "Choose the offence."}}

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        store = self.fields["store"]
        assert isinstance(store, forms.ModelChoiceField)
        store.queryset = user.organisation.stores.all()
        store.required, store.empty_label = True, "Choose a store"
        store.error_messages["required"] = "Choose the store."
        offence = self.fields["offence"]
        assert isinstance(offence, forms.TypedChoiceField)
        offence.choices = [("", "Choose the offence"), *OffenceType.choices]
        offence.required = True  # only what lies in the tray may lack it
        for name in DEFAULTS:
            self.fields[name].required = False  # left empty, the default of the model stands

    def first(self) -> list[forms.BoundField]:
        """The fields that stand on top."""
        return [self[name] for name in FIRST.names]

    def sections(self) -> Iterator[dict[str, Any]]:
        """The other parts; one that has an error, or was filled in, is shown open."""
        for section in SECTIONS:
            fields = [self[name] for name in section.names]
            is_open = any(field.errors or self._says(field) for field in fields)
            yield {"title": section.title, "hint": section.hint, "fields": fields, "open": is_open}

    def _says(self, field: forms.BoundField) -> bool:
        """Whether somebody filled the field in, now or earlier."""
        usual = DEFAULTS.get(field.name)
        if self.instance.pk is None:
            usual = self.get_initial_for_field(field.field, field.name) or usual
        return str(field.value()) not in ("None", "", "False", str(usual))

    def clean(self) -> dict[str, Any]:
        """Times that make sense, defaults for what was left empty, and the preservation clock."""
        data = super().clean() or {}
        data |= {name: default for name, default in DEFAULTS.items() if data.get(name) in (None, "")}
        self._check_times(data)
        ended = data.get("ended_at") or data.get("started_at")
        kept = data.get("footage_kept") != YesNoUnknown.NO
        if ended and data.get("store") and kept and not data.get("footage_until"):
            data["footage_until"] = overwritten_on(data["store"], ended)
        return data

    def _check_times(self, data: dict[str, Any]) -> None:
        start, end = data.get("started_at"), data.get("ended_at")
        latest = timezone.now() + FUTURE_TOLERANCE
        if start and start > latest:
            self.add_error("started_at", "The incident cannot start in the future.")
        if start and end and end < start:
            self.add_error("ended_at", "The incident must end after it starts.")
            data.pop("ended_at", None)  # or the model's own constraint says it again
        if data.get("value") is not None and data["value"] < 0:
            self.add_error("value", "The value cannot be less than nothing.")

    @property
    def report(self) -> dict[str, Any]:
        """The cleaned fields of the report, for the actions."""
        return {name: self.cleaned_data[name] for name in REPORT}


class OffenderForm(ReportForm):
    """A new offender: report, stills and declaration in one go."""

    field_order = ("stills", "captured_at", *REPORT, "declared")
    stills = StillsForm.base_fields["stills"]
    captured_at = StillsForm.base_fields["captured_at"]
    declared = forms.BooleanField(
        label="I declare that this report is accurate to the best of my knowledge, that the stills were "
        "lawfully obtained, and that no names were guessed.",
        error_messages={"required": "Make the declaration, or save the report as a draft."},
    )

    def __init__(self, *args: Any, draft: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if draft:
            self.fields["stills"].required = self.fields["declared"].required = False


class DeclarationForm(forms.Form):
    """The declaration alone, for a draft."""

    declared = OffenderForm.base_fields["declared"]


class FaceForm(forms.Form):
    """Which of the faces found is the offender's."""

    face = forms.UUIDField()


class BoxForm(forms.Form):
    """A box around a face, in pixels of the picture."""

    x = forms.FloatField(label="From the left")
    y = forms.FloatField(label="From the top")
    w = forms.FloatField(label="Width")
    h = forms.FloatField(label="Height")

    def __init__(self, *args: Any, still: Still, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.still = still
        limits = {"x": still.width, "y": still.height, "w": still.width, "h": still.height}
        for name, limit in limits.items():
            self.fields[name].widget.attrs.update({"min": 0, "max": limit, "step": 1, "inputmode": "numeric"})
            self.fields[name].error_messages["required"] = (
                f"Enter {self.fields[name].label.lower()}, in pixels."  # type: ignore[union-attr]
            )

    def clean(self) -> dict[str, Any]:
        """The box, cut to the picture; it must be large enough to hold a face."""
        data = super().clean() or {}
        if self.errors:
            return data
        left, top = max(0.0, data["x"]), max(0.0, data["y"])
        width = min(data["w"], self.still.width - left)
        height = min(data["h"], self.still.height - top)
        if min(width, height) < SMALLEST_BOX_PX:
            raise forms.ValidationError(
                f"Draw the box around the whole head: at least {SMALLEST_BOX_PX} pixels wide and high, "
                "inside the picture."
            )
        return {"x": left, "y": top, "w": width, "h": height}


class FilterForm(forms.Form):
    """The dashboard's filters; they live in the address."""

    campaign = forms.ModelChoiceField(Campaign.objects.none(), required=False, to_field_name="uid")
    status = forms.ChoiceField(required=False)
    store = forms.ModelChoiceField(Store.objects.none(), required=False, to_field_name="uid")

    def __init__(self, *args: Any, user: User, statuses: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._offer(
            "campaign", Campaign.objects.filter(submissions__retailer=user.organisation_id), "All campaigns"
        )
        self._offer("store", user.organisation.stores.all(), "All stores")
        status = self.fields["status"]
        assert isinstance(status, forms.ChoiceField)
        status.choices = [("", "Any status"), *statuses]

    def _offer(self, name: str, choices: Any, empty_label: str) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset, field.empty_label = choices, empty_label
