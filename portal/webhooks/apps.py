"""Signed messages to a retailer's own systems, with retries and a delivery log."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    """Signed messages to a retailer's own systems, with retries and a delivery log."""

    name = "portal.webhooks"
