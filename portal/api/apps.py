"""The REST API."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """See the module."""

    name = "portal.api"
