"""One signed POST: to the address that was checked, within ten seconds, following nothing."""

import http.client
import re
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from portal.webhooks.guard import AddressRefused, Resolve, Target, check

CONNECT_SECONDS = 3.0
TOTAL_SECONDS = 10.0
READ_BYTES = 4096  # of an answer; the rest is not read
SNIPPET = 200
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=_-]+")


@dataclass(frozen=True)
class Answer:
    """How an attempt ended: a status, or an error in words. `snippet` is the answer's beginning."""

    status: int | None
    milliseconds: int
    error: str = ""
    snippet: str = ""

    @property
    def accepted(self) -> bool:
        """2xx, and nothing else: a redirect is not followed and counts as a failure."""
        return self.status is not None and 200 <= self.status < 300


class _ToAddress(http.client.HTTPConnection):
    """A connection to a numeric address, speaking to the target by its name; never looks a name up."""

    def __init__(self, target: Target, address: str) -> None:
        super().__init__(target.host, target.port, timeout=CONNECT_SECONDS)
        self.target, self.address = target, address

    def connect(self) -> None:
        """TCP, then TLS that verifies the certificate for the name."""
        self.sock = socket.create_connection((self.address, self.target.port), CONNECT_SECONDS)
        self.sock.settimeout(TOTAL_SECONDS)
        if self.target.encrypted:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self.target.host)


def post(url: str, body: bytes, headers: Mapping[str, str], *, resolve: Resolve | None = None) -> Answer:
    """Send it; an Answer whatever happens. The host is looked up once and checked (portal.webhooks.guard)."""
    begun = time.monotonic()
    try:
        target, addresses = check(url, resolve=resolve)
    except AddressRefused as refused:
        return Answer(None, _since(begun), refused.message)
    try:
        status, content = _spoken(_connected(target, addresses), target, body, headers, begun)
    except TimeoutError:
        return Answer(None, _since(begun), "No answer in time.")
    except ssl.SSLError as error:
        return Answer(None, _since(begun), f"The encryption failed: {error.reason or error}"[:200])
    except (OSError, http.client.HTTPException) as error:
        return Answer(None, _since(begun), f"No connection: {_words(error)}"[:200])
    return Answer(status, _since(begun), "", snippet_of(content))


def _words(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__


def _since(begun: float) -> int:
    return round((time.monotonic() - begun) * 1000)


def _connected(target: Target, addresses: list[str]) -> _ToAddress:
    """To the first address that answers, as a browser would."""
    for number, address in enumerate(addresses, start=1):
        connection = _ToAddress(target, address)
        try:
            connection.connect()
        except OSError:
            if number == len(addresses):
                raise
        else:
            return connection
    raise AssertionError  # there is at least one


def _spoken(
    connection: _ToAddress, target: Target, body: bytes, headers: Mapping[str, str], begun: float
) -> tuple[int, bytes]:
    """Request and answer. TimeoutError at the deadline, however slowly bytes drip in meanwhile."""
    late = threading.Event()

    def cut() -> None:
        late.set()
        if connection.sock is not None:
            connection.sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, TOTAL_SECONDS - (time.monotonic() - begun)), cut)
    timer.start()
    try:
        connection.request("POST", target.path, body, {**headers, "Host": target.named})
        response = connection.getresponse()
        content = response.read(READ_BYTES)
    except (OSError, http.client.HTTPException) as error:
        raise TimeoutError if late.is_set() else error from None
    finally:
        timer.cancel()
        connection.close()
    if late.is_set():
        raise TimeoutError
    return response.status, content


def snippet_of(content: bytes) -> str:
    """The beginning of an answer, fit to be shown: printable, short, without a secret that came back."""
    text = SECRET.sub("whsec_…", content.decode("utf-8", "replace"))
    return "".join(char if char.isprintable() else " " for char in text)[:SNIPPET].strip()
