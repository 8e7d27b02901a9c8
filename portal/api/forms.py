"""The form with which a retailer's manager makes a token."""

from typing import Any

from django import forms
from django.conf import settings

from portal.accounts.models import User
from portal.api.scopes import LEAST, Scope
from portal.webhooks.states import Event

SPANS = ((30, "30 days"), (90, "90 days"), (180, "180 days"), (365, "1 year"))


class TokenForm(forms.Form):
    """What the token is for, whom it acts as, what it may do, how long it lasts."""

    name = forms.CharField(
        label="What is it for?",
        max_length=80,
        help_text="For example: the nightly export of our case system.",
    )
    account = forms.ModelChoiceField(
        User.objects.none(),
        label="Which account does it act as?",
        help_text="What is sent with the token is recorded as sent by this account.",
        empty_label="Choose an account",
    )
    scopes = forms.MultipleChoiceField(
        label="What may it be used for?",
        choices=Scope.choices,
        initial=LEAST,
        widget=forms.CheckboxSelectMultiple,
        help_text="Choose only what your program needs. You can make another token later.",
    )
    days = forms.TypedChoiceField(
        label="How long does it last?", coerce=int, initial=90, widget=forms.RadioSelect
    )

    def __init__(self, *args: Any, manager: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.filter(organisation=manager.organisation_id, is_active=True)
        self.fields["account"].queryset = people.order_by("name")  # type: ignore[attr-defined]
        allowed = [span for span in SPANS if span[0] <= settings.API_TOKEN_MAX_DAYS]
        self.fields["days"].choices = allowed or SPANS[:1]  # type: ignore[attr-defined]


class WebhookForm(forms.Form):
    """Where to send what."""

    url = forms.CharField(
        label="Address",
        max_length=500,
        widget=forms.URLInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="Begins with https://. It has to be reachable from the public internet.",
    )
    events = forms.MultipleChoiceField(
        label="What should it be told?", choices=Event.choices, widget=forms.CheckboxSelectMultiple
    )
