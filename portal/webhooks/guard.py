"""Where a message may go: public addresses only, checked when saved and again at each delivery.

A retailer names the address, and our machine calls it: without this, our own network could be reached
(server-side request forgery). What is connected to is the address that was checked (portal.webhooks.sending),
so that a name whose answer changes between two look-ups (DNS rebinding) gains nothing.
"""

import ipaddress
import re
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

LONGEST = 500
LOOK_UP_SECONDS = 3.0
LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
HOST = re.compile(rf"(?=.{{1,253}}\Z)({LABEL}\.)*{LABEL}")
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# What is_global lets through although nobody's service is there.
ODD = tuple(
    ipaddress.ip_network(one)
    for one in (
        "192.88.99.0/24",  # 6to4 relays (RFC 7526)
        "2001::/23",  # protocol assignments, Teredo among them
        "2002::/16",  # 6to4: an IPv4 address inside
        "3fff::/20",  # documentation (RFC 9637)
    )
)
UNICAST6 = ipaddress.ip_network("2000::/3")  # outside: v4-mapped, NAT64, local, multicast, everything else
Address = IPv4Address | IPv6Address
Resolve = Callable[..., Sequence[tuple[Any, ...]]]


class AddressRefused(Exception):
    """The address may not be called; `message` says why, to the person who gave it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True)
class Target:
    """An address taken apart; `host` is lower case ASCII, without brackets or a last dot."""

    host: str
    port: int
    path: str
    encrypted: bool

    @property
    def named(self) -> str:
        """For the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.encrypted else 80) else f"{host}:{self.port}"


def target_of(url: str) -> Target:
    """The parts of a URL that may be called; AddressRefused for every other. Looks nothing up."""
    if len(url) > LONGEST or any(char <= " " or char == "\x7f" for char in url) or "\\" in url:
        raise AddressRefused("This is not a web address.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise AddressRefused("This is not a web address.") from error
    encrypted = _scheme(parts)
    if "@" in parts.netloc:
        raise AddressRefused("Leave out the user name and password.")
    if parts.fragment:
        raise AddressRefused("Leave out the part from # on.")
    port = port if port is not None else (443 if encrypted else 80)
    if port not in settings.WEBHOOK_PORTS:
        allowed = ", ".join(str(one) for one in settings.WEBHOOK_PORTS)
        raise AddressRefused(f"Port {port} is not allowed. Use one of: {allowed}.")
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    return Target(_host(parts), port, _ascii(path), encrypted)


def _scheme(parts: SplitResult) -> bool:
    if parts.scheme == "https" or (parts.scheme == "http" and settings.WEBHOOK_HTTP):
        return parts.scheme == "https"
    raise AddressRefused("The address has to begin with https://.")


def _ascii(path: str) -> str:
    if not path.isascii():
        raise AddressRefused("Write letters outside A to Z in the path as %-codes.")
    return path


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if parts.netloc.startswith("["):
        return _literal(host)
    try:
        host = host.encode("idna").decode().lower().removesuffix(".")
    except UnicodeError as error:
        raise AddressRefused("This is not a web address.") from error
    # "Ends in a number" (WHATWG URL, 3.5): 2130706433, 0x7f.1 and 0177.0.0.1 are addresses to a C library.
    if NUMBER.fullmatch(host.rsplit(".", 1)[-1]):
        return _literal(host)
    if not HOST.fullmatch(host):
        raise AddressRefused("This is not a web address.")
    return host


def _literal(text: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError as error:
        raise AddressRefused("Write the host by its name.") from error
    if getattr(address, "scope_id", None):
        raise AddressRefused("Write the host by its name.")
    return str(address)


def is_public(address: Address) -> bool:
    """Whether it is one of the open internet: not private, local, shared, reserved or wrapped in another."""
    if isinstance(address, IPv6Address) and address not in UNICAST6:
        return False
    if address.is_multicast or address.is_reserved or not address.is_global:
        return False
    return not any(address in network for network in ODD if network.version == address.version)


def _allowed(address: Address) -> bool:
    inside = [ipaddress.ip_network(one) for one in settings.WEBHOOK_INSIDE]
    trusted = any(address in network for network in inside if network.version == address.version)
    return trusted or is_public(address)


def addresses_of(target: Target, *, resolve: Resolve | None = None) -> list[str]:
    """The target's numeric addresses, all allowed; AddressRefused where one is not, or there is none."""
    found = [ipaddress.ip_address(one) for one in _looked_up(target, resolve or socket.getaddrinfo)]
    if not found:
        raise AddressRefused("This host could not be found.")
    if not all(_allowed(one) for one in found):
        raise AddressRefused("This host is not on the public internet.")
    return [str(one) for one in found]


def _looked_up(target: Target, resolve: Resolve) -> list[str]:
    pool = ThreadPoolExecutor(1)  # the C library's look-up takes no time limit
    try:
        answers = pool.submit(resolve, target.host, target.port, type=socket.SOCK_STREAM)
        rows = answers.result(LOOK_UP_SECONDS)
    except (OSError, UnicodeError, Late) as error:
        raise AddressRefused("This host could not be found.") from error
    finally:
        pool.shutdown(wait=False)
    return list(dict.fromkeys(str(row[4][0]).partition("%")[0] for row in rows))


def check(url: str, *, resolve: Resolve | None = None) -> tuple[Target, list[str]]:
    """Both: the target and its addresses; AddressRefused."""
    target = target_of(url)
    return target, addresses_of(target, resolve=resolve)
