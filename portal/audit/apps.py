"""The append-only log of who did what to personal data, and why."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The audit log."""

    name = "portal.audit"
