"""Who may call each route: our views say it themselves, for others it stands here."""

from portal.accounts.access import Audience
from portal.accounts.roles import EVERYONE
from tests.routes import Route

ANYONE = Audience(EVERYONE, anonymous=True)
SIGNED_IN = Audience(EVERYONE)
# Views that are not ours cannot carry our declaration.
THIRD_PARTY = {
    "account_login": ANYONE,
    "account_logout": ANYONE,
    "account_signup": ANYONE,
    "account_inactive": ANYONE,
    "account_reset_password": ANYONE,
    "account_reset_password_done": ANYONE,
    "account_reset_password_from_key": ANYONE,
    "account_reset_password_from_key_done": ANYONE,
    "mfa_authenticate": ANYONE,  # whoever gave a right password; others are sent to the log-in
    "account_change_password": SIGNED_IN,
    "account_reauthenticate": SIGNED_IN,
    "mfa_index": SIGNED_IN,
    "mfa_reauthenticate": SIGNED_IN,
    "mfa_activate_totp": SIGNED_IN,
    "mfa_deactivate_totp": SIGNED_IN,
    "mfa_view_recovery_codes": SIGNED_IN,
    "mfa_generate_recovery_codes": SIGNED_IN,
    "mfa_download_recovery_codes": SIGNED_IN,
}


def audience_of(route: Route) -> Audience:
    """The audience of a route; KeyError where nobody declared one."""
    return route.audience or THIRD_PARTY[route.name]
