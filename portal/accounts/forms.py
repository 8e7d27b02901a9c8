"""Forms of the accounts' pages."""

from typing import Any

from allauth.mfa import app_settings as mfa
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from django import forms
from django.contrib.auth import password_validation
from django.core.cache import cache
from django.core.exceptions import ValidationError

from portal.accounts.actions import invitable_roles
from portal.accounts.models import Invitation, Organisation, Store, User
from portal.accounts.queries import organisations_for
from portal.accounts.roles import Role


class InvitationForm(forms.Form):
    """Whom to invite, to which organisation, in which role; only what the inviter may choose is offered."""

    name = forms.CharField(max_length=120, help_text="As colleagues know the person.")
    email = forms.EmailField(label="E-mail address", help_text="A work address. It becomes the log-in.")
    organisation = forms.ModelChoiceField(Organisation.objects.none(), empty_label="Choose an organisation")
    role = forms.ChoiceField(widget=forms.RadioSelect)

    def __init__(self, *args: Any, inviter: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        organisations = organisations_for(inviter)
        self.fields["organisation"].queryset = organisations  # type: ignore[attr-defined]
        self.fields["role"].choices = [  # type: ignore[attr-defined]
            (role.value, role.label) for role in Role if role in invitable_roles(inviter)
        ]
        if inviter.is_retailer:
            self.fields["organisation"].widget = forms.HiddenInput()
            self.fields["organisation"].initial = inviter.organisation_id


class AcceptForm(forms.Form):
    """The password that an invited person chooses."""

    password = forms.CharField(
        label="Choose a password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 12 characters. Three or four unrelated words are good and easy to remember.",
    )
    again = forms.CharField(
        label="The same password again",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, invitation: Invitation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = User(email=invitation.email, name=invitation.name)

    def clean_password(self) -> str:
        """Refuse a password that is short, common or the person's own name."""
        password = self.cleaned_data["password"]
        password_validation.validate_password(password, self.person)
        return str(password)

    def clean_again(self) -> str:
        """Refuse a second password that differs."""
        if self.cleaned_data["again"] != self.cleaned_data.get("password", self.cleaned_data["again"]):
            raise ValidationError("Type the same password twice.")
        return str(self.cleaned_data["again"])


class PeopleFilter(forms.Form):
    """Narrows the list of people."""

    q = forms.CharField(label="Name or e-mail address", required=False)
    organisation = forms.ModelChoiceField(Organisation.objects.none(), required=False, empty_label="All")

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organisation"].queryset = organisations_for(viewer)  # type: ignore[attr-defined]


class RetailerForm(forms.Form):
    """A retailer that joins the service."""

    name = forms.CharField(label="Name of the retailer", max_length=120)

    def clean_name(self) -> str:
        """Refuse a name that is taken."""
        name = str(self.cleaned_data["name"])
        if Organisation.objects.filter(name__iexact=name).exists():
            raise ValidationError("There is an organisation of this name already.")
        return name


class StoreForm(forms.ModelForm):
    """A store of a retailer."""

    class Meta:
        model = Store
        fields = ["name", "code", "borough", "footage_days", "clock_offset_minutes"]
        labels = {"code": "Store number", "footage_days": "Days until CCTV is overwritten"}
        help_texts = {
            "code": "The retailer's own.",
            "footage_days": "Often 21 to 31.",
            "clock_offset_minutes": "New reports begin with it. 0 if it is right, −5 if five minutes slow.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["clock_offset_minutes"].required = False

    def clean_clock_offset_minutes(self) -> int:
        """Left empty: the clock is right."""
        return self.cleaned_data["clock_offset_minutes"] or 0

    def clean_name(self) -> str:
        """Refuse a second store of the same name in one retailer."""
        name = str(self.cleaned_data["name"])
        same = Store.objects.filter(retailer=self.instance.retailer, name=name).exclude(pk=self.instance.pk)
        if same.exists():
            raise ValidationError("This retailer has a store of this name already.")
        return name


class SingleUse:
    """A code counts once for as long as a tolerant clock takes it (allauth remembers one period only)."""

    def clean_code(self) -> str:
        """Refuse a code that was used."""
        code: str = super().clean_code()  # type: ignore[misc]
        account = self.user.pk  # type: ignore[attr-defined]
        valid_seconds = mfa.TOTP_PERIOD * (1 + 2 * mfa.TOTP_TOLERANCE)
        if not cache.add(f"mfa-used:{account}:{code.replace(' ', '')}", True, valid_seconds):
            raise get_adapter().validation_error("incorrect_code")
        return code


class CodeForm(SingleUse, AuthenticateForm):
    """The second step of logging in."""


class ConfirmCodeForm(SingleUse, ReauthenticateForm):
    """Confirming who one is before changing how one logs in."""
