"""One choice for each kind of message a role is told of."""

from typing import Any

from django import forms

from portal.accounts.models import User
from portal.notifications.queries import wishes_of
from portal.notifications.states import Frequency, Kind, choices_of

HINTS = {
    Kind.PRESERVATION: "Seven, three and one day before the recorder overwrites it.",
    Kind.QUEUE: "How many offenders you may take, each morning on which there are any.",
}


class WishesForm(forms.Form):
    """How often a person wants to hear of each kind."""

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind, frequency in wishes_of(user).items():
            self.fields[kind.value] = forms.ChoiceField(
                label=kind.label,
                help_text=HINTS.get(kind, ""),
                choices=[(one.value, one.label) for one in choices_of(kind)],
                initial=frequency,
                widget=forms.RadioSelect,
            )

    def wishes(self) -> dict[Kind, Frequency]:
        """What was chosen, for the action."""
        return {Kind(name): Frequency(value) for name, value in self.cleaned_data.items()}
