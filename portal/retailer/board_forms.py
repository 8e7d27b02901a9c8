"""The form of the board: many files at once."""

from typing import Any

from django import forms

from portal.retailer.forms import StillsField

MOST_FILES = 30  # of the plain form, in one request; the script sends up to 200, one by one


class DropForm(forms.Form):
    """Files, each of which becomes an offender in the tray."""

    stills = StillsField(
        label="Stills",
        help_text="JPEG, PNG or WebP, up to 32 MB each. The full camera frame is better than a crop.",
        error_messages={"required": "Choose at least one still."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["stills"].widget.attrs.pop("data-most", None)

    def clean_stills(self) -> Any:
        """No more than one request can carry."""
        files = self.cleaned_data["stills"]
        if len(files) > MOST_FILES:
            raise forms.ValidationError(f"Send at most {MOST_FILES} files at once.", "too_many_files")
        return files
