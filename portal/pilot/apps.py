"""The whole service under load, on a throw-away state: what `manage.py pilot` measures."""

from django.apps import AppConfig


class PilotConfig(AppConfig):
    """See the module."""

    name = "portal.pilot"
