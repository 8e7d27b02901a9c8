"""How good the review room is: known-answer checks, later truth, error rates."""

from django.apps import AppConfig


class AssuranceConfig(AppConfig):
    """How good the review room is: known-answer checks, later truth, error rates."""

    name = "portal.assurance"
