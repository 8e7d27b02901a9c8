"""A retailer's webhooks and what was delivered to them."""

from django.db.models import Count, Q, QuerySet

from portal.accounts.models import User
from portal.webhooks.models import Delivery, Webhook
from portal.webhooks.states import DeliveryState


def webhooks_of(user: User) -> QuerySet[Webhook]:
    """Those of this person's organisation, with how many deliveries wait and were given up."""
    mine = Webhook.objects.filter(organisation=user.organisation_id).select_related("made_by")
    return mine.annotate(
        waiting=Count("deliveries", filter=Q(deliveries__state=DeliveryState.WAITING)),
        given_up=Count("deliveries", filter=Q(deliveries__state=DeliveryState.FAILED)),
    ).order_by("pk")


def deliveries_of(webhook: Webhook) -> QuerySet[Delivery]:
    """Newest first, with their attempts."""
    return webhook.deliveries.prefetch_related("tries").order_by("-pk")
