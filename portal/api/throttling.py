"""How many requests a token may make a minute; counted in the cache that all processes share."""

import time

from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from portal.api.models import Token

WINDOW_SECONDS = 60


class PerToken(BaseThrottle):
    """A fixed window of a minute per token: one counter, not a list of times, so that it stays light."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Count this request; whether it is still within settings.API_REQUESTS_PER_MINUTE."""
        if not isinstance(request.auth, Token):
            return True
        key = f"api:{request.auth.uid}:{int(time.time()) // WINDOW_SECONDS}"
        try:
            seen = cache.incr(key)
        except ValueError:
            seen = 1 if cache.add(key, 1, 2 * WINDOW_SECONDS) else cache.incr(key)
        request._request.api_requests_seen = seen  # type: ignore[attr-defined]
        return seen <= settings.API_REQUESTS_PER_MINUTE

    def wait(self) -> float:
        """Seconds until the next window."""
        return WINDOW_SECONDS - time.time() % WINDOW_SECONDS


def allowance(request: Request) -> dict[str, str]:
    """What is left, as headers (draft-ietf-httpapi-ratelimit-headers-10); empty where nothing was counted."""
    seen = getattr(getattr(request, "_request", None), "api_requests_seen", None)
    if seen is None:
        return {}
    quota, left = settings.API_REQUESTS_PER_MINUTE, settings.API_REQUESTS_PER_MINUTE - seen
    ends = int(WINDOW_SECONDS - time.time() % WINDOW_SECONDS) + 1
    return {
        "RateLimit-Policy": f'"token";q={quota};w={WINDOW_SECONDS}',
        "RateLimit": f'"token";r={max(0, left)};t={ends}',
    }
