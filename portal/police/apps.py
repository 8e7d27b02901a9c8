"""Pages of the police side."""

from django.apps import AppConfig


class PoliceConfig(AppConfig):
    """See the module."""

    name = "portal.police"
