"""The loss-prevention user's own browser, for every page's tests."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from tests.cast import Cast, client_of

POLL = {"X-Poll": "1", "HX-Request": "true"}


@pytest.fixture
def lena(cast: Cast) -> Client:
    """The loss-prevention user's client."""
    return client_of(cast.loss_prevention)


@pytest.fixture
def read(lena: Client) -> Callable[..., str]:
    """`read("offender", uid)`: a page of the retailer as text; anything but 200 fails."""

    def get(name: str, *args: object, query: str = "") -> str:
        response = lena.get(reverse(f"retailer:{name}", args=args) + query)
        assert response.status_code == 200
        return response.content.decode()

    return get
