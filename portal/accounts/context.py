"""What every page's template may use."""

from typing import cast

from django.http import HttpRequest

from portal.accounts.models import User
from portal.accounts.navigation import Link, links_for

CAVEAT = "Intelligence, not evidence. A possible match is a line of enquiry, not an identification."


def house(request: HttpRequest) -> dict[str, object]:
    """The standing caveat, the product's name, the navigation of the reader's role."""
    return {"caveat": CAVEAT, "product": "Stillmatch", "navigation": _navigation(request)}


def _navigation(request: HttpRequest) -> list[Link]:
    user = getattr(request, "user", None)  # absent where a request failed before it was known
    return links_for(cast("User", user), request) if user is not None and user.is_authenticated else []
