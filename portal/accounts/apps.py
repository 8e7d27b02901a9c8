"""Organisations, stores, people, roles, and who may open what."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Accounts; connects the log-in signals of Django and allauth to the audit log."""

    name = "portal.accounts"

    def ready(self) -> None:
        """Subscribe to log-in events: the only events of ours that arrive as signals."""
        from portal.accounts import logins

        logins.subscribe()
