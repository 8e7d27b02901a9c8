"""Deliveries to real receivers: signed, tried again, given up, never sent where they may not go."""

import json
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import standardwebhooks
from django.db import connection
from django.utils import timezone

from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.webhooks import delivering, sending
from portal.webhooks.actions import (
    WebhookRefused,
    make_webhook,
    redeliver,
    rotate_secret,
    secrets_of,
    send_test,
    switch_off,
    switch_on,
)
from portal.webhooks.models import Attempt, Delivery, Webhook
from portal.webhooks.states import DELAYS, MOST_ATTEMPTS, DeliveryState, Event
from portal.webhooks.tasks import deliver
from tests.cast import Cast
from tests.webhooks.conftest import Hooked, Receiver
from tests.working import WorkerProcess, wait_until


def again(delivery: Delivery) -> Delivery:
    """One more attempt, now."""
    Delivery.objects.filter(pk=delivery.pk).update(due_at=timezone.now() - timedelta(seconds=1))
    deliver(delivery_id=delivery.pk)
    delivery.refresh_from_db()
    return delivery


def test_a_test_message_arrives_and_is_signed(hooked: Hooked, receiver: Receiver) -> None:
    delivery = again(send_test(hooked.webhook))
    told = receiver.verified(hooked.secret)
    assert (told["type"], told["data"]) == ("webhook.test", {})
    assert receiver.requests[0][0] == "/hooks"
    assert receiver.requests[0][1]["content-type"] == "application/json"
    assert delivery.state == DeliveryState.DELIVERED
    assert (delivery.tries.get().status, delivery.tries.get().number) == (204, 1)
    with pytest.raises(standardwebhooks.webhooks.WebhookVerificationError):
        receiver.verified("whsec_" + "A" * 43 + "=")


def test_the_secret_is_sealed_and_never_in_the_log(hooked: Hooked) -> None:
    stored = bytes(Webhook.objects.get().secret)
    assert hooked.secret.encode() not in stored
    assert secrets_of(hooked.webhook) == [hooked.secret]
    assert hooked.secret not in str(list(Entry.objects.values()))


def test_while_secrets_overlap_both_sign(hooked: Hooked, cast: Cast, receiver: Receiver) -> None:
    fresh = rotate_secret(hooked.webhook, by=cast.retailer_manager)
    again(send_test(hooked.webhook))
    assert receiver.verified(hooked.secret) == receiver.verified(fresh)
    Webhook.objects.update(previous_until=timezone.now())
    again(send_test(hooked.webhook))
    receiver.verified(fresh)
    with pytest.raises(standardwebhooks.webhooks.WebhookVerificationError):
        receiver.verified(hooked.secret)


def test_an_error_then_success_with_the_same_id(hooked: Hooked, receiver: Receiver) -> None:
    receiver.answers = [(500, {}, b"<h1>Oops\x00\x1b[31m</h1> whsec_abc+/= " + b"x" * 9000)]
    delivery = again(send_test(hooked.webhook))
    hooked.webhook.refresh_from_db()
    assert delivery.state == DeliveryState.WAITING
    assert hooked.webhook.failing_since is not None
    assert delivery.due_at > timezone.now()
    first = Attempt.objects.get()
    assert (first.status, len(first.snippet)) == (500, 200)
    assert first.snippet.startswith("<h1>Oops  [31m</h1> whsec_… x")
    delivery = again(delivery)
    assert delivery.state == DeliveryState.DELIVERED
    assert receiver.ids == [delivery.message_id] * 2
    hooked.webhook.refresh_from_db()
    assert hooked.webhook.failing_since is None


def test_a_receiver_that_is_down(hooked: Hooked, receiver: Receiver, settings: Any) -> None:
    settings.WEBHOOK_PORTS = [1]
    Webhook.objects.update(url="http://127.0.0.1:1/")
    again(send_test(hooked.webhook))
    attempt = Attempt.objects.get()
    assert (attempt.status, attempt.error) == (None, "No connection: Connection refused")


@pytest.mark.parametrize("drip", [False, True])
def test_a_receiver_that_is_slow(
    hooked: Hooked, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, drip: bool
) -> None:
    """Silent, or a byte now and then, which no time-out of a single read would notice."""
    monkeypatch.setattr(sending, "TOTAL_SECONDS", 0.5)
    done = threading.Event()

    def dawdle(handler: Any) -> None:
        while not done.wait(0.05):
            if drip:
                handler.wfile.write(b"H")

    receiver.before_answer = dawdle
    delivery = again(send_test(hooked.webhook))
    done.set()
    attempt = Attempt.objects.get()
    assert (attempt.status, attempt.error) == (None, "No answer in time.")
    assert delivery.state == DeliveryState.WAITING


def test_a_redirect_is_not_followed(hooked: Hooked, receiver: Receiver) -> None:
    receiver.answers = [(307, {"Location": "http://169.254.169.254/latest/meta-data/"}, b"")]
    delivery = again(send_test(hooked.webhook))
    assert (Attempt.objects.get().status, delivery.state) == (307, DeliveryState.WAITING)
    assert len(receiver.requests) == 1


def test_an_address_that_became_one_of_ours_is_not_called(
    hooked: Hooked, receiver: Receiver, settings: Any
) -> None:
    settings.WEBHOOK_INSIDE = []
    again(send_test(hooked.webhook))
    assert Attempt.objects.get().error == "This host is not on the public internet."
    assert receiver.requests == []


def test_killed_between_sending_and_writing_down(hooked: Hooked, receiver: Receiver) -> None:
    """The lease runs out, and the message is sent again with its id; the dead one's word counts no more."""
    delivery = send_test(hooked.webhook)
    held = delivering.claim(delivery.pk)
    assert held is not None
    answer = delivering.send(held)  # and here it dies
    assert delivering.claim(delivery.pk) is None
    assert delivering.due() == []
    Delivery.objects.update(lease_until=timezone.now() - timedelta(seconds=1), sent_at=None)
    assert delivering.due() == [delivery.pk]
    deliver(delivery_id=delivery.pk)
    assert receiver.ids == [delivery.message_id] * 2
    assert not delivering.settle(held, answer)
    assert [one.number for one in Attempt.objects.all()] == [2]


def test_a_day_of_failures_and_then_it_is_given_up(hooked: Hooked, receiver: Receiver) -> None:
    delivery, waits = send_test(hooked.webhook), []
    receiver.answers = [(503, {}, b"")] * MOST_ATTEMPTS
    for _ in range(MOST_ATTEMPTS):
        before = timezone.now()
        delivery = again(delivery)
        waits.append(delivery.due_at - before)
    assert delivery.state == DeliveryState.FAILED
    for wait, expected in zip(waits, DELAYS, strict=False):
        assert expected * 0.75 < wait < expected * 1.25
    assert timedelta(hours=20) < sum(DELAYS, timedelta()) < timedelta(hours=28)
    assert delivering.claim(delivery.pk) is None
    redeliver(delivery)
    assert again(delivery).state == DeliveryState.DELIVERED
    assert set(receiver.ids) == {delivery.message_id}


def test_what_is_tried_anyway_is_not_sent_again_by_hand(hooked: Hooked) -> None:
    with pytest.raises(WebhookRefused, match="still being tried"):
        redeliver(send_test(hooked.webhook))


@pytest.mark.parametrize("gone", [True, False])
def test_a_webhook_that_fails_for_days_or_is_gone_is_switched_off(
    hooked: Hooked, receiver: Receiver, cast: Cast, gone: bool
) -> None:
    receiver.answers = [(410 if gone else 500, {}, b"")]
    waiting = send_test(hooked.webhook)
    Webhook.objects.update(failing_since=timezone.now() - timedelta(days=1 if gone else 6))
    again(send_test(hooked.webhook))
    hooked.webhook.refresh_from_db()
    waiting.refresh_from_db()
    assert (hooked.webhook.enabled, waiting.state) == (False, DeliveryState.FAILED)
    assert hooked.webhook.disabled_why
    entry = Entry.objects.get(tag=Tag.WEBHOOK_SWITCHED)
    assert (entry.actor, entry.details["on"]) == ("system:webhooks", False)
    for refused in (lambda: send_test(hooked.webhook), lambda: redeliver(waiting)):
        with pytest.raises(WebhookRefused, match="Switch the webhook on"):
            refused()
    switch_on(hooked.webhook, by=cast.retailer_manager)
    hooked.webhook.refresh_from_db()
    assert again(send_test(hooked.webhook)).state == DeliveryState.DELIVERED


def test_nothing_is_sent_while_it_is_switched_off(hooked: Hooked, cast: Cast) -> None:
    delivery = send_test(hooked.webhook)
    switch_off(hooked.webhook, by=cast.retailer_manager)
    assert (delivering.due(), delivering.claim(delivery.pk)) == ([], None)


def test_an_address_is_checked_when_it_is_saved(cast: Cast) -> None:
    for url in ("http://shop.example/", "https://localhost/", "https://169.254.169.254/"):
        with pytest.raises(WebhookRefused) as refused:
            make_webhook(url, list(Event), by=cast.retailer_manager)
        assert refused.value.field == "url"
    assert not Webhook.objects.exists()


def test_settled_deliveries_are_forgotten(hooked: Hooked, settings: Any) -> None:
    old, new, waiting = (send_test(hooked.webhook) for _ in range(3))
    again(old)
    again(new)
    Delivery.objects.filter(pk=old.pk).update(settled_at=timezone.now() - timedelta(days=31))
    delivering.tidy()
    assert set(Delivery.objects.all()) == {new, waiting}


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_eight_workers_at_once_send_it_once(hooked: Hooked, receiver: Receiver) -> None:
    delivery, ready = send_test(hooked.webhook), threading.Barrier(8)

    def work() -> None:
        ready.wait()
        deliver(delivery_id=delivery.pk)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert receiver.ids == [delivery.message_id]


@pytest.mark.chaos
@pytest.mark.django_db(transaction=True)
def test_a_real_worker_killed_while_the_receiver_thinks(
    hooked: Hooked, receiver: Receiver, start_worker: Callable[..., WorkerProcess]
) -> None:
    """kill -9 after the request went out; the next worker sends it again with the same id."""
    env = {"WEBHOOK_HTTP": "1", "WEBHOOK_INSIDE": "127.0.0.1/32", "WEBHOOK_PORTS": str(receiver.port)}
    thinking = threading.Event()

    def think(_: Any) -> None:
        if not thinking.is_set():
            thinking.set()
            time.sleep(3)

    receiver.before_answer = think
    delivery = send_test(hooked.webhook)
    first = start_worker(beat=True, **env)
    assert thinking.wait(30)
    first.kill()
    Delivery.objects.update(lease_until=timezone.now() - timedelta(seconds=1), sent_at=None)
    start_worker(beat=True, **env)
    wait_until(lambda: Delivery.objects.get().state == DeliveryState.DELIVERED, what="the delivery")
    assert receiver.ids == [delivery.message_id] * 2
    assert json.loads(receiver.requests[0][2]) == json.loads(receiver.requests[1][2])
