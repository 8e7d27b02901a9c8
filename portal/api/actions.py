"""The only writer of tokens; keys are written by portal.api.idempotency."""

from collections.abc import Collection
from datetime import timedelta
from typing import cast

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from portal.accounts.models import User
from portal.api.models import Token
from portal.api.scopes import LEAST, Scope
from portal.audit.log import record
from portal.audit.tags import Tag


@transaction.atomic
def make_token(
    user: User, *, name: str, days: int, by: User, scopes: Collection[str] = LEAST
) -> tuple[Token, str]:
    """A token that acts as `user` within these scopes; the secret is returned once and never stored."""
    days, allowed = min(days, settings.API_TOKEN_MAX_DAYS), sorted(Scope(one).value for one in scopes)
    made = Token.objects.create(
        user, expiry=timedelta(days=days), name=name.strip(), made_by=by, scopes=allowed
    )
    token, secret = cast("tuple[Token, str]", made)
    record(Tag.TOKEN_MADE, actor=by, subject=token, account=user.pk, days=days, scopes=allowed)
    return token, secret


@transaction.atomic
def revoke_token(token: Token, *, by: User) -> None:
    """The token stops working at its next request."""
    deleted, _ = Token.objects.filter(pk=token.pk).delete()
    if deleted:
        record(Tag.TOKEN_REVOKED, actor=by, subject=token, account=token.user_id)


def note_use(token: Token, user: User, address: str) -> None:
    """Log the first use of a token on each day, as a log-in is; once however many requests come at once."""
    today = timezone.localdate()
    if token.last_used_on == today:
        return
    with transaction.atomic():
        first = Token.objects.filter(Q(last_used_on=None) | Q(last_used_on__lt=today), pk=token.pk)
        if first.update(last_used_on=today) == 1:
            record(Tag.TOKEN_USED, actor=user, subject=token, address=address)
