"""From faces to people: series, cases, packages."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """From faces to people: series, cases, packages."""

    name = "portal.cases"
