"""What officers decide: blind judgements, second reviews, adjudication."""

from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    """Reviews and decisions."""

    name = "portal.reviews"
