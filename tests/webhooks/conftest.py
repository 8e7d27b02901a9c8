"""A retailer's own machine: a real HTTP server on the loopback interface, which only tests may reach."""

import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import standardwebhooks

from portal.webhooks.actions import make_webhook
from portal.webhooks.models import Webhook
from portal.webhooks.states import Event
from tests.cast import Cast

Answering = tuple[int, dict[str, str], bytes]


@dataclass
class Receiver:
    """What arrived, and what is answered: the next of `answers`, then 204."""

    port: int = 0
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    answers: list[Answering] = field(default_factory=list)
    before_answer: Callable[[BaseHTTPRequestHandler], None] | None = None

    _server: ThreadingHTTPServer | None = None

    def encrypt(self, context: ssl.SSLContext) -> None:
        """From now on it speaks TLS only."""
        assert self._server is not None
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/hooks"

    def verified(self, secret: str, number: int = -1) -> Any:
        """The JSON of a request, checked as a receiver has to."""
        _, headers, body = self.requests[number]
        return standardwebhooks.Webhook(secret).verify(body, headers)

    @property
    def ids(self) -> list[str]:
        """The webhook-id of each request."""
        return [headers["webhook-id"] for _, headers, _ in self.requests]


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.requests.append((self.path, headers, body))
            if receiver.before_answer is not None:
                receiver.before_answer(self)
            status, more, content = receiver.answers.pop(0) if receiver.answers else (204, {}, b"")
            self.send_response(status)
            for name, value in {**more, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST  # noqa: N815

        def log_message(self, *args: object) -> None:
            pass

    return Handler


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    """A receiver that accepts everything unless told otherwise; webhooks may reach it."""
    receiver = Receiver()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(receiver))
    server.daemon_threads = True
    receiver._server = server
    receiver.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.WEBHOOK_HTTP = True
    settings.WEBHOOK_INSIDE = ["127.0.0.1/32"]
    settings.WEBHOOK_PORTS = [receiver.port, 443]
    yield receiver
    server.shutdown()
    server.server_close()


@dataclass(frozen=True)
class Hooked:
    """A webhook of the cast's retailer and its secret."""

    webhook: Webhook
    secret: str


@pytest.fixture
def hooked(cast: Cast, receiver: Receiver) -> Hooked:
    """A webhook for every event, at the receiver."""
    return Hooked(*make_webhook(receiver.url, list(Event), by=cast.retailer_manager))
