"""Programs of retailers that call the API."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from portal.accounts.models import User
from portal.api.actions import make_token
from portal.api.scopes import Scope
from tests.cast import Cast

ROOT = "/api/v1"


@dataclass(frozen=True)
class Program:
    """Calls the API with a token, as a retailer's own software does."""

    secret: str

    def call(self, method: str, path: str, data: Any = None, **headers: str) -> Any:
        """Send JSON; the response, with `.json()`."""
        named = {"Authorization": f"Bearer {self.secret}", **headers}
        content = {"data": data, "content_type": "application/json"} if data is not None else {}
        return getattr(Client(), method)(f"{ROOT}/{path}", headers=named, **content)

    def get(self, path: str, **headers: str) -> Any:
        """GET."""
        return self.call("get", path, **headers)

    def post(self, path: str, data: Any, **headers: str) -> Any:
        """POST of JSON."""
        return self.call("post", path, data, **headers)

    def put(self, path: str, data: Any, **headers: str) -> Any:
        """PUT of JSON."""
        return self.call("put", path, data, **headers)

    def send(self, path: str, content: bytes, name: str = "still.jpg", **fields: str) -> Any:
        """POST of a file."""
        form = {"file": SimpleUploadedFile(name, content), **fields}
        return Client().post(f"{ROOT}/{path}", form, headers={"Authorization": f"Bearer {self.secret}"})

    def upload(self, offender_uid: object, content: bytes, name: str = "still.jpg", **fields: str) -> Any:
        """POST of a still."""
        return self.send(f"offenders/{offender_uid}/stills/", content, name, **fields)


def program_of(user: User, *, days: int = 30, scopes: Collection[str] = tuple(Scope)) -> Program:
    """A program with a fresh token of this account, by default for everything."""
    return Program(make_token(user, name="case system", days=days, by=user, scopes=scopes)[1])


@pytest.fixture
def program(cast: Cast) -> Program:
    """The program of the first retailer."""
    return program_of(cast.loss_prevention)


@pytest.fixture
def neighbour(cast: Cast) -> Program:
    """The program of the other invited retailer."""
    return program_of(cast.neighbour)
