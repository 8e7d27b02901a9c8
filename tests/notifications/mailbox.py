"""A real SMTP server on a port of its own: it keeps what it takes and refuses whom it is told to refuse."""

import socket
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Mailbox:
    """`refused` maps addresses to the server's answers; it cuts the line `hang_up_after` so many messages."""

    def __init__(self) -> None:
        self.port = free_port()
        self.taken: list[tuple[str, EmailMessage]] = []
        self.refused: dict[str, str] = {}
        self.hang_up_after: int | None = None
        self._controller: Controller | None = None

    def start(self) -> None:
        """Listen."""
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def stop(self) -> None:
        """Be away."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    @property
    def recipients(self) -> list[str]:
        """Who got a message, in the order of arrival."""
        return [address for address, _ in self.taken]

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[Any]
    ) -> str:
        """Refuse whom it was told to refuse."""
        if answer := self.refused.get(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep the message; or cut the line before saying that it was taken."""
        if self.hang_up_after is not None and len(self.taken) >= self.hang_up_after:
            assert server.transport is not None
            server.transport.close()
            return "421 closing"
        content = envelope.content
        assert isinstance(content, bytes)
        message = BytesParser(policy=default).parsebytes(content)
        assert isinstance(message, EmailMessage)
        self.taken += [(address, message) for address in envelope.rcpt_tos]
        return "250 OK"
