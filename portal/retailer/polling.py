"""Pages that keep themselves up to date: a poll is answered with 204 while nothing on the page changed."""

import hashlib

from portal.accounts.access import SignedInRequest


def fingerprint(*shown: object) -> str:
    """A short digest of what a page shows; the page's next poll brings it back as `seen`."""
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]


def is_poll(request: SignedInRequest) -> bool:
    """Whether the page asks by itself."""
    return request.headers.get("X-Poll") == "1"


def unchanged(request: SignedInRequest, seen: str) -> bool:
    """Whether a poll would get what it has already."""
    return is_poll(request) and request.GET.get("seen") == seen
