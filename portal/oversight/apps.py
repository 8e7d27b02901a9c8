"""Pages for auditors and operators."""

from django.apps import AppConfig


class OversightConfig(AppConfig):
    """See the module."""

    name = "portal.oversight"
