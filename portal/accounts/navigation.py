"""The main navigation: what each role finds in it, in this order."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from portal.accounts.models import User
from portal.accounts.roles import EVERYONE, POLICE_ROLES, RETAILER_ROLES, REVIEWING_ROLES, Role


@dataclass(frozen=True)
class Destination:
    """A page of the main navigation: its words, its route, who sees it; `counted`: with the open tasks."""

    label: str
    route: str
    roles: frozenset[Role]
    counted: bool = False


@dataclass(frozen=True)
class Link:
    """A destination as a template shows it; `current` is "page", "true" (a page below it) or ""."""

    label: str
    url: str
    current: str
    counted: bool = False


INVITERS = frozenset({Role.ADMINISTRATOR, Role.RETAILER_MANAGER})
OVERSIGHT = frozenset({Role.AUDITOR, Role.ADMINISTRATOR})
DESTINATIONS = (
    Destination("Dashboard", "retailer:dashboard", RETAILER_ROLES),
    Destination("Campaigns", "retailer:campaigns", RETAILER_ROLES),
    Destination("Tasks", "retailer:questions", RETAILER_ROLES, counted=True),
    Destination("Queue", "police:queue", REVIEWING_ROLES | {Role.AUDITOR}),
    Destination("Questions", "police:questions", REVIEWING_ROLES | {Role.AUDITOR}),
    Destination("Series", "police:series", REVIEWING_ROLES | {Role.AUDITOR}),
    Destination("Cases", "police:cases", REVIEWING_ROLES | {Role.AUDITOR}),
    Destination("Progress", "police:dashboard", POLICE_ROLES - {Role.FACIAL_REVIEWER, Role.SECOND_REVIEWER}),
    Destination("My accuracy", "police:my-accuracy", REVIEWING_ROLES),
    Destination("Campaigns", "police:campaigns", POLICE_ROLES),
    Destination("Gallery", "police:gallery", frozenset({Role.GALLERY_MANAGER, Role.AUDITOR})),
    Destination("Operations", "oversight:operations", OVERSIGHT | {Role.SUPERVISOR}),
    Destination("Audit log", "oversight:audit", OVERSIGHT),
    Destination("People", "accounts:people", INVITERS),
    Destination("Retailers", "accounts:organisations", frozenset({Role.ADMINISTRATOR})),
    Destination("API tokens", "api:tokens", frozenset({Role.RETAILER_MANAGER})),
    Destination("Webhooks", "api:webhooks", frozenset({Role.RETAILER_MANAGER})),
    Destination("Your account", "accounts:profile", EVERYONE),
)


def links_for(user: User, request: HttpRequest) -> list[Link]:
    """The navigation of a signed-in person, the current page (or the one it belongs to) marked."""
    urls = {one: reverse(one.route) for one in DESTINATIONS if user.role in one.roles}
    above = max((url for url in urls.values() if request.path.startswith(url)), key=len, default="")
    return [
        Link(one.label, url, _current(url, above, request.path), one.counted) for one, url in urls.items()
    ]


def _current(url: str, above: str, path: str) -> str:
    if url != above:
        return ""
    return "page" if url == path else "true"
