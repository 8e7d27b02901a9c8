"""Campaigns, and what retailers send: submissions, offenders, stills."""

from django.apps import AppConfig


class SubmissionsConfig(AppConfig):
    """What retailers send."""

    name = "portal.submissions"
