"""The pages where a retailer's manager sets up webhooks."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from portal.accounts.roles import Role
from portal.webhooks.actions import send_test
from portal.webhooks.models import Delivery, Webhook
from portal.webhooks.states import DeliveryState, Event
from portal.webhooks.tasks import deliver
from tests.cast import Cast, client_of
from tests.webhooks.conftest import Hooked, Receiver, hooked, receiver

__all__ = ["hooked", "receiver"]
LIST = "/api/v1/webhooks/"


@pytest.fixture
def manager(cast: Cast) -> Client:
    """The retailer's manager, logged in."""
    return client_of(cast.retailer_manager)


def page_of(webhook: Webhook) -> str:
    """Its address."""
    return reverse("api:webhook", args=[webhook.uid])


def test_only_a_retailers_manager(cast: Cast) -> None:
    for role, user in cast.by_role.items():
        expected = 200 if role == Role.RETAILER_MANAGER else 403
        assert client_of(user).get(LIST).status_code == expected, role


def test_a_webhook_is_made_and_its_secret_shown_once(manager: Client, receiver: Receiver) -> None:
    answer = manager.post(LIST, {"url": receiver.url, "events": [Event.OFFENDER_SEARCHED]})
    secret = answer.context["secret"]
    assert secret.startswith("whsec_")
    assert secret in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    webhook = Webhook.objects.get()
    for url in (LIST, page_of(webhook)):
        text = manager.get(url).content.decode()
        assert receiver.url in text
        assert secret not in text
    deliver(delivery_id=send_test(webhook).pk)
    assert receiver.verified(secret)["type"] == "webhook.test"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"url": "https://169.254.169.254/", "events": ["offender.searched"]}, "not on the public internet"),
        ({"url": "http://shop.example/", "events": ["offender.searched"]}, "has to begin with https://"),
        ({"url": "https://8.8.8.8/"}, "There is a problem"),
        ({"url": "https://8.8.8.8/", "events": ["custody.changed"]}, "There is a problem"),
    ],
)
def test_what_is_refused_is_said_at_the_field(manager: Client, given: dict[str, Any], said: str) -> None:
    assert said in manager.post(LIST, given).content.decode()
    assert not Webhook.objects.exists()


def test_test_log_and_send_again(manager: Client, hooked: Hooked, receiver: Receiver) -> None:
    receiver.answers = [(500, {}, b"<script>alert(1)</script>")]
    url = page_of(hooked.webhook)
    assert "Nothing was delivered yet" in manager.get(url).content.decode()
    said = manager.post(reverse("api:webhook-test", args=[hooked.webhook.uid]), follow=True).content.decode()
    assert "on its way" in said
    delivery = Delivery.objects.get()
    deliver(delivery_id=delivery.pk)
    text = manager.get(url).content.decode()
    for shown in (
        "webhook.test",
        delivery.message_id,
        "answered 500",
        "&lt;script&gt;",
        "No message was accepted",
    ):
        assert shown in text
    again = reverse("api:delivery-again", args=[delivery.uid])
    assert "still being tried" in manager.post(again, follow=True).content.decode()
    Delivery.objects.update(state=DeliveryState.FAILED)
    assert "sent again" in manager.post(again, follow=True).content.decode()
    assert "webhook.test" not in manager.get(f"{url}?state=failed").content.decode()
    assert "webhook.test" in manager.get(f"{url}?state=waiting").content.decode()


def test_change_rotate_switch_remove(manager: Client, hooked: Hooked, receiver: Receiver) -> None:
    url, uid = page_of(hooked.webhook), hooked.webhook.uid
    manager.post(url, {"url": f"{receiver.url}/2", "events": [Event.STILL_REFUSED]})
    hooked.webhook.refresh_from_db()
    assert (hooked.webhook.url, hooked.webhook.events) == (f"{receiver.url}/2", ["still.refused"])
    rotated = manager.post(reverse("api:webhook-rotate", args=[uid]))
    assert rotated.context["secret"] != hooked.secret
    assert "two signatures" in rotated.content.decode()
    manager.post(reverse("api:webhook-switch", args=[uid]), {"on": "0"})
    assert "is told nothing" in manager.get(url).content.decode()
    refused = manager.post(reverse("api:webhook-test", args=[uid]), follow=True)
    assert "Switch the webhook on first" in refused.content.decode()
    manager.post(reverse("api:webhook-switch", args=[uid]), {"on": "1"})
    assert "is told nothing" not in manager.get(url).content.decode()
    manager.post(reverse("api:webhook-remove", args=[uid]))
    assert not Webhook.objects.exists()


def test_queries_do_not_grow_with_the_log(
    manager: Client, hooked: Hooked, django_assert_max_num_queries: Any
) -> None:
    for _ in range(12):
        deliver(delivery_id=send_test(hooked.webhook).pk)
        with django_assert_max_num_queries(12):
            assert manager.get(page_of(hooked.webhook)).status_code == 200
