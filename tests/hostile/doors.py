"""The two doors a file comes in by, with names as no well-behaved client would send them."""

from typing import Any

from django.test import Client
from django.urls import reverse

from portal.accounts.models import User
from portal.submissions.models import Offender
from tests.api.conftest import program_of
from tests.cast import client_of

BOUNDARY = "----stranger"


def multipart(field: str, name: bytes, content: bytes, declared: str = "image/jpeg") -> bytes:
    """A form of one file, its name sent byte by byte as given."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"; filename="'.encode() + name
    return (
        head
        + f'"\r\nContent-Type: {declared}\r\n\r\n'.encode()
        + content
        + f"\r\n--{BOUNDARY}--\r\n".encode()
    )


def _post(client: Client, url: str, body: bytes, **more: Any) -> Any:
    return client.post(url, body, content_type=f"multipart/form-data; boundary={BOUNDARY}", **more)


class Doors:
    """A retailer's person at the web form, and their program at the API."""

    def __init__(self, user: User) -> None:
        self.browser = client_of(user)
        self.token = program_of(user).secret

    def by_form(self, offender: Offender, content: bytes, name: bytes = b"still.jpg") -> str:
        """The page after sending; anything but a page fails."""
        url = reverse("retailer:still-add", args=[offender.uid])
        answer = _post(self.browser, url, multipart("stills", name, content), follow=True)
        assert answer.status_code == 200
        return str(answer.content.decode())

    def by_api(self, offender: Offender, content: bytes, name: bytes = b"still.jpg") -> Any:
        """The answer."""
        url = f"/api/v1/offenders/{offender.uid}/stills/"
        headers = {"Authorization": f"Bearer {self.token}"}
        return _post(Client(), url, multipart("file", name, content), headers=headers)
