"""The append-only log of who did what to personal data, and why."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The audit log."""

    name = "portal.audit"

    def ready(self) -> None:
        """What `manage.py check --deploy --database default` looks at."""
        from portal.audit import checks  # noqa: F401  (registers itself)
