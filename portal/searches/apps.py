"""From probe to candidates: where background work meets the face engine."""

from django.apps import AppConfig


class SearchesConfig(AppConfig):
    """Searches and candidate lists."""

    name = "portal.searches"
