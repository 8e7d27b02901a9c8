"""The form that answers an officer's question: the same for people and pages, different by what is asked."""

from typing import Any

from django import forms

from portal.questions.actions import QuestionRefused
from portal.questions.documents import MAX_DOCUMENTS
from portal.questions.states import Kind
from portal.retailer.forms import StillsField, StillsForm

HAVE_IT = {
    Kind.BETTER_STILL: "Yes, I add it here",
    Kind.FULL_FOOTAGE: "Yes, the footage is kept",
    Kind.STATEMENT: "Yes, we can give one",
    Kind.RECEIPT: "Yes, we have it",
}
TEXT_LABELS = {
    Kind.BETTER_STILL: "A word to the officer, or why there is no better still",
    Kind.STATEMENT: "The statement or who can give it, or why there is none",
}


ABSENT = {
    Kind.BETTER_STILL: ("collect_from", "documents"),
    Kind.FULL_FOOTAGE: ("stills", "captured_at", "documents"),
}


class AnswerForm(forms.Form):
    """Whether it is there; then the stills, or where it can be collected; or why it is not."""

    provided = forms.TypedChoiceField(
        label="Do you have what is asked for?",
        widget=forms.RadioSelect,
        coerce=lambda value: value == "yes",
        error_messages={"required": "Say whether you have it."},
    )
    stills = StillsForm.base_fields["stills"]
    captured_at = StillsForm.base_fields["captured_at"]
    documents = StillsField(
        label="The document itself",
        help_text=f"PDF, JPEG or PNG, up to 10 MB each, {MAX_DOCUMENTS} at most. "
        "The officer gets it as you send it.",
        accept="application/pdf,image/jpeg,image/png,.pdf,.jpg,.jpeg,.png",
        most=MAX_DOCUMENTS,
        required=False,
    )
    collect_from = forms.CharField(
        label="Where it can be collected, and from whom",
        help_text="For example: store office, ask for the duty manager, 9 to 5.",
        max_length=300,
        required=False,
    )
    text = forms.CharField(
        label="A word to the officer, or why you do not have it",
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=2000,
        required=False,
    )

    def __init__(self, *args: Any, kind: Kind, received: bool = False, **kwargs: Any) -> None:
        """`received`: documents came before, with an answer that was not taken yet."""
        super().__init__(*args, **kwargs)
        provided = self.fields["provided"]
        assert isinstance(provided, forms.ChoiceField)
        provided.required = not self.files and not received
        provided.choices = [("yes", HAVE_IT[kind]), ("no", "No, we do not have it")]
        self.fields["stills"].required = False  # not where the answer is "we do not have it"
        self.fields["text"].label = TEXT_LABELS.get(kind, self.fields["text"].label)
        for name in ABSENT.get(kind, ("stills", "captured_at")):
            del self.fields[name]

    def clean_provided(self) -> bool:
        """Files that came along say by themselves that they are there."""
        said = self.cleaned_data["provided"]
        return True if said == "" else bool(said)

    def refuse(self, error: QuestionRefused, *, about: str = "") -> None:
        """Show why an answer, or the file `about` of it, was not taken, at the field it concerns."""
        message = f"{about}: {error.message}" if about else error.message
        self.add_error(error.field if error.field in self.fields else None, message)
