"""The routes of the service, read from Django's resolver."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from portal.accounts.access import Audience


@dataclass(frozen=True)
class Route:
    """A named address: `parameters` are the names of its variable parts."""

    name: str
    parameters: tuple[str, ...]
    view: Callable[..., Any]

    @property
    def audience(self) -> Audience | None:
        """What the view (or, for DRF, its class) declares."""
        declared = getattr(self.view, "audience", None)
        return declared or getattr(getattr(self.view, "cls", None), "audience", None)


def every_route() -> list[Route]:
    """All routes, each once, in the resolver's order."""
    return list(_within(get_resolver().url_patterns, ""))


def _within(patterns: list[Any], namespace: str) -> Iterator[Route]:
    for one in patterns:
        if isinstance(one, URLResolver):
            inner = f"{namespace}{one.namespace}:" if one.namespace else namespace
            yield from _within(one.url_patterns, inner)
        elif isinstance(one, URLPattern):
            name = one.name or str(one.pattern)
            yield Route(f"{namespace}{name}", tuple(one.pattern.regex.groupindex), one.callback)
