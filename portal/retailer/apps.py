"""Pages of the retailer side."""

from django.apps import AppConfig


class RetailerConfig(AppConfig):
    """See the module."""

    name = "portal.retailer"
