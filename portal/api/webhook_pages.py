"""Pages where a retailer's manager sets up webhooks and sees what was delivered."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from portal.accounts.access import SignedInRequest, for_roles
from portal.accounts.roles import Role
from portal.api.forms import WebhookForm
from portal.webhooks import actions
from portal.webhooks.models import Delivery, Webhook
from portal.webhooks.queries import deliveries_of, webhooks_of
from portal.webhooks.states import DeliveryState

PAGE_SIZE = 25
for_retailer_managers = for_roles(Role.RETAILER_MANAGER)


def _one(request: SignedInRequest, uid: UUID) -> Webhook:
    return get_object_or_404(webhooks_of(request.user), uid=uid)


@for_retailer_managers
@never_cache
def webhooks(request: SignedInRequest) -> HttpResponse:
    """The retailer's webhooks, and a form for another one; its secret is on the answer and never again."""
    form = WebhookForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            webhook, secret = actions.make_webhook(given["url"], given["events"], by=request.user)
        except actions.WebhookRefused as refused:
            form.add_error(refused.field or None, refused.message)
        else:
            return render(request, "api/webhook_secret.html", {"webhook": webhook, "secret": secret})
    return render(request, "api/webhooks.html", {"form": form, "webhooks": webhooks_of(request.user)})


@for_retailer_managers
@never_cache
def webhook(request: SignedInRequest, uid: UUID) -> HttpResponse:
    """One webhook: its settings and its log, which can be filtered by state."""
    one = _one(request, uid)
    form = WebhookForm(request.POST or None, initial={"url": one.url, "events": one.events})
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_webhook(
                one, form.cleaned_data["url"], form.cleaned_data["events"], by=request.user
            )
        except actions.WebhookRefused as refused:
            form.add_error(refused.field or None, refused.message)
        else:
            messages.success(request, "Saved.")
            return redirect("api:webhook", uid=uid)
    return render(request, "api/webhook.html", {"webhook": one, "form": form, **_log(request, one)})


def _log(request: HttpRequest, one: Webhook) -> dict[str, Any]:
    state, rows = request.GET.get("state", ""), deliveries_of(one)
    if state in DeliveryState.values:
        rows = rows.filter(state=state)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    return {"page": page, "state": state, "states": DeliveryState.choices}


def _done(request: SignedInRequest, uid: UUID, act: Callable[[Webhook], object], said: str) -> HttpResponse:
    """Act on a webhook, say how it went, back to its page."""
    try:
        act(_one(request, uid))
    except actions.WebhookRefused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, said)
    return redirect("api:webhook", uid=uid)


@for_retailer_managers
@require_POST
def webhook_test(request: SignedInRequest, uid: UUID) -> HttpResponse:
    """Send a message that says nothing."""
    return _done(request, uid, actions.send_test, "A test message is on its way. The log shows its result.")


@for_retailer_managers
@require_POST
@never_cache
def webhook_rotate(request: SignedInRequest, uid: UUID) -> HttpResponse:
    """A new secret, shown once."""
    one = _one(request, uid)
    secret = actions.rotate_secret(one, by=request.user)
    one.refresh_from_db()
    return render(request, "api/webhook_secret.html", {"webhook": one, "secret": secret})


@for_retailer_managers
@require_POST
def webhook_switch(request: SignedInRequest, uid: UUID) -> HttpResponse:
    """On or off."""
    if request.POST.get("on") == "1":
        return _done(request, uid, lambda one: actions.switch_on(one, by=request.user), "Switched on.")
    return _done(request, uid, lambda one: actions.switch_off(one, by=request.user), "Switched off.")


@for_retailer_managers
@require_POST
def webhook_remove(request: SignedInRequest, uid: UUID) -> HttpResponse:
    """Gone, with its log."""
    actions.remove_webhook(_one(request, uid), by=request.user)
    messages.success(request, "The webhook was removed.")
    return redirect("api:webhooks")


@for_retailer_managers
@require_POST
def delivery_again(request: SignedInRequest, uid: UUID) -> HttpResponse:
    """Send a settled message again."""
    mine = Delivery.objects.filter(webhook__organisation=request.user.organisation_id)
    delivery = get_object_or_404(mine.select_related("webhook"), uid=uid)
    said = "The message is sent again, with the same id."
    return _done(request, delivery.webhook.uid, lambda _: actions.redeliver(delivery), said)
