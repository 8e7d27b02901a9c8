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
        return seen <= settings.API_REQUESTS_PER_MINUTE

    def wait(self) -> float:
        """Seconds until the next window."""
        return WINDOW_SECONDS - time.time() % WINDOW_SECONDS
