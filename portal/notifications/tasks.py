"""Following the log, making digests, sending them."""

from portal.celery import MAINTENANCE, task
from portal.notifications import actions, delivery, digests
from portal.notifications.following import follow
from portal.notifications.reminding import remind


@task("notifications.prepare", queue=MAINTENANCE)
def prepare() -> None:
    """Turn what happened since the last time into messages."""
    while follow():
        pass
    if remind():
        actions.forget()
    digests.make_mails()


@task("notifications.deliver", queue=MAINTENANCE)
def deliver() -> None:
    """Send the messages that are due."""
    delivery.deliver()
