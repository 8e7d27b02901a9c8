"""Logging in and out, the second factor, invitations. Of allauth only what is used here."""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from django.urls import include, path, re_path

from portal.accounts import organisations, people, views

own = [
    path("you/", views.profile, name="profile"),
    path("invitation/<token>/", views.invitation_accept, name="invitation-accept"),
    path("people/", people.people, name="people"),
    path("people/<uuid:uid>/", people.person, name="person"),
    path("people/<uuid:uid>/switch/", people.person_switch, name="person-switch"),
    path("people/<uuid:uid>/second-factor/", people.person_second_factor, name="person-second-factor"),
    path("retailers/", organisations.organisations, name="organisations"),
    path("retailers/<uuid:uid>/", organisations.organisation, name="organisation"),
    path("stores/<uuid:uid>/", organisations.store_edit, name="store-edit"),
    path("people/invite/", people.invitation_new, name="invitation-new"),
    path("invitations/<uuid:uid>/resend/", people.invitation_resend, name="invitation-resend"),
    path("invitations/<uuid:uid>/withdraw/", people.invitation_withdraw, name="invitation-withdraw"),
]
urlpatterns = [
    path("", include((own, "accounts"))),
    # Sign-up is closed; the page says so, and allauth's mail to unknown addresses names its route.
    path("signup/", account.signup, name="account_signup"),
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("password/change/", account.password_change, name="account_change_password"),
    path("password/reset/", account.password_reset, name="account_reset_password"),
    path("password/reset/done/", account.password_reset_done, name="account_reset_password_done"),
    re_path(  # the key has a dash of its own
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[0-9A-Za-z-]+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("2fa/", mfa.index, name="mfa_index"),
    path("2fa/authenticate/", mfa.authenticate, name="mfa_authenticate"),
    path("2fa/reauthenticate/", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("2fa/totp/", include("allauth.mfa.totp.urls")),
    path("2fa/recovery-codes/", include("allauth.mfa.recovery_codes.urls")),
]
