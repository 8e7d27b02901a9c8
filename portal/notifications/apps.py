"""E-mail to people: digests and warnings, with no personal data in them."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """E-mail to people: digests and warnings, with no personal data in them."""

    name = "portal.notifications"
