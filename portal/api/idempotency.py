"""Requests that may be sent twice: the same Idempotency-Key with the same request acts once (7 days)."""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Protocol, TypeVar
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request

from portal.accounts.models import User
from portal.api.models import CreationKey
from portal.submissions.actions import SubmissionRefused

KEEP_KEYS = timedelta(days=7)
KEY = re.compile(r"[A-Za-z0-9_-]{1,100}")
REUSED = ("idempotency_key_reused", "This Idempotency-Key was already used with another request.")


class Named(Protocol):
    """Anything with a uid."""

    uid: UUID


Made = TypeVar("Made", bound=Named)


def once(
    request: Request, content: Any, make: Callable[[], Made], find: Callable[[UUID], Made], *, by: User
) -> tuple[Made, bool]:
    """What `make()` returns, and True; or, for a known key, what `find()` makes of its uid, and False.

    The key and what was made stand or fall together. SubmissionRefused `idempotency_key_reused` where the key
    came with another request (its address, or `content`, differs).
    """
    key = key_of(request)
    if key is None:
        return make(), True
    mine, digest = _keys(by), _digest(request, content)
    try:
        with transaction.atomic():
            claimed = CreationKey.objects.create(
                organisation_id=by.organisation_id, key=key, request_sha256=digest
            )
            made = make()
            CreationKey.objects.filter(pk=claimed.pk).update(subject=made.uid)
            return made, True
    except IntegrityError:
        known = mine.filter(key=key).first()
        if known is None or known.subject is None:
            raise
    _check(known, digest)
    return find(known.subject), False


def remember(request: Request, content: Any, make: Callable[[], Made], *, by: User) -> Made:
    """What `make()` returns, for what may be sent twice anyway; a key is only held to its request.

    `make` is not within a transaction of ours: what it writes about a refusal stays.
    """
    key = key_of(request)
    if key is None:
        return make()
    mine, digest = _keys(by), _digest(request, content)
    if known := mine.filter(key=key).first():
        _check(known, digest)
    made = make()
    if known is None:
        CreationKey.objects.bulk_create(
            [
                CreationKey(
                    organisation_id=by.organisation_id, key=key, request_sha256=digest, subject=made.uid
                )
            ],
            ignore_conflicts=True,
        )
    return made


def key_of(request: Request) -> str | None:
    """The header, if it was sent; ValidationError for a strange one."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not KEY.fullmatch(key):
        text = "Use 1 to 100 letters, digits, hyphens and underscores."
        raise serializers.ValidationError({"Idempotency-Key": text}, "invalid")
    return key


def _keys(by: User) -> Any:
    mine = CreationKey.objects.filter(organisation=by.organisation_id)
    mine.filter(at__lt=timezone.now() - KEEP_KEYS).delete()
    return mine


def _digest(request: Request, content: Any) -> str:
    return hashlib.sha256(json.dumps([request.path, content], sort_keys=True).encode()).hexdigest()


def _check(known: CreationKey, digest: str) -> None:
    if known.request_sha256 != digest:
        raise SubmissionRefused(*REUSED)
