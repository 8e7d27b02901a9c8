"""A mail server, the morning, and people who want to hear of everything at once."""

from collections.abc import Iterator
from typing import Any

import pytest

from portal.accounts.models import User
from portal.notifications.actions import choose
from portal.notifications.following import follow
from portal.notifications.states import choices_of, kinds_for
from tests.cast import Cast
from tests.notifications.mailbox import Mailbox


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    """A mail server that is up, and to which Django sends."""
    box = Mailbox()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", box.port
    box.start()
    yield box
    box.stop()


@pytest.fixture
def morning(settings: Any) -> None:
    """It is past the hour of the digests, whatever the time."""
    settings.NOTIFICATIONS_HOUR = 0


@pytest.fixture
def eager(cast: Cast, morning: None) -> Cast:
    """The cast, of whom everybody hears of everything at once; what happened until now is told."""
    for user in User.objects.all():
        choose(user, {kind: choices_of(kind)[0] for kind in kinds_for(user.role)})
    while follow():
        pass
    return cast
