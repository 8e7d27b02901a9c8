"""Background work on webhooks. Deliveries wait for other people's machines, so in a queue of their own."""

from portal.celery import MAINTENANCE, OUTGOING, send, task
from portal.webhooks import delivering, following

DELIVER = "webhooks.deliver"
ROUNDS = 20


@task("webhooks.follow", queue=MAINTENANCE)
def follow() -> None:
    """Turn what was logged since the last time into deliveries, and send word of those that are due."""
    for _ in range(ROUNDS):
        if following.follow() < following.BATCH:
            break
    for pk in delivering.due():
        if not send(DELIVER, queue=OUTGOING, delivery_id=pk):
            break  # the broker is away: it is named again


@task(DELIVER, queue=OUTGOING)
def deliver(*, delivery_id: int) -> None:
    """One attempt."""
    held = delivering.claim(delivery_id)
    if held is not None:
        delivering.settle(held, delivering.send(held))


@task("webhooks.tidy", queue=MAINTENANCE, soft_seconds=600, hard_seconds=660)
def tidy() -> None:
    """Forget old deliveries."""
    delivering.tidy()
