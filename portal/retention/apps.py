"""Erasing what may no longer be kept, and proving it."""

from django.apps import AppConfig


class RetentionConfig(AppConfig):
    """See the module."""

    name = "portal.retention"
