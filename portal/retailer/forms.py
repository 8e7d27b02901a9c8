"""The retailer's forms. They check and clean; portal.submissions.actions writes."""

from datetime import timedelta
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, QueryDict
from django.utils.datastructures import MultiValueDict

from portal.submissions.models import Still
from portal.submissions.states import MAX_STILLS

SMALLEST_BOX_PX = 12
MOST_ARCHIVE_BYTES = 400 * 2**20
FUTURE_TOLERANCE = timedelta(hours=1)  # clocks of recorders and people differ
ACCEPT = "image/jpeg,image/png,image/webp,.jpg,.jpeg,.png,.webp"


def posted(request: HttpRequest) -> tuple[QueryDict | None, MultiValueDict | None]:
    """What a form gets: the sent fields and files, even if all are empty; nothing where nothing was sent."""
    return (request.POST, request.FILES) if request.method == "POST" else (None, None)


class ManyFilesInput(forms.ClearableFileInput):
    """A file input that takes several files."""

    allow_multiple_selected = True


class StillsField(forms.FileField):
    """One or more files. What is in them is judged one by one by portal.retailer.uploads."""

    def __init__(self, *, accept: str = ACCEPT, most: int = MAX_STILLS, **kwargs: Any) -> None:
        widget = ManyFilesInput(attrs={"accept": accept, "data-most": most})
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


class BulkForm(forms.Form):
    """A filled-in table, and perhaps a zip with its stills."""

    table = forms.FileField(
        label="The filled-in table",
        help_text="CSV or XLSX, 200 rows at most.",
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx,text/csv"}),
        error_messages={"required": "Choose the table.", "empty": "The table is empty."},
    )
    archive = forms.FileField(
        label="A zip with the stills",
        help_text="Up to 400 MB. Leave it out if the stills are on the board already.",
        required=False,
        widget=forms.FileInput(attrs={"accept": ".zip,application/zip"}),
        error_messages={"empty": "The zip is empty."},
    )

    def clean_archive(self) -> UploadedFile | None:
        """The zip, if it is not larger than can be taken."""
        archive: UploadedFile | None = self.cleaned_data["archive"]
        if archive is not None and (archive.size or 0) > MOST_ARCHIVE_BYTES:
            raise forms.ValidationError("The zip is larger than 400 MB. Send it in parts.")
        return archive


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
