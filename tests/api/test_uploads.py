"""tus 1.0.0 for a program."""

import base64
import hashlib
from typing import Any

import pytest
from django.test import Client

from portal.submissions.models import PartialUpload, Still
from tests.api.conftest import ROOT, Program
from tests.api.test_authentication import refused
from tests.cast import Cast, make_offender, picture, submission_of

TUS = {"Tus-Resumable": "1.0.0"}
OCTETS = "application/offset+octet-stream"


def metadata(**pairs: str) -> str:
    """Upload-Metadata."""
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in pairs.items())


def begin(program: Program, cast: Cast, content: bytes, **told: str) -> Any:
    """The answer to the creation of an upload."""
    submission = submission_of(cast.loss_prevention, cast.campaign).uid
    headers = {"Upload-Length": str(len(content)), "Upload-Metadata": metadata(**told)}
    return program.call("post", f"submissions/{submission}/uploads/", **TUS, **headers)


def part(program: Program, location: str, offset: int, content: bytes, kind: str = OCTETS) -> Any:
    """The answer to some bytes."""
    headers = {"Authorization": f"Bearer {program.secret}", "Upload-Offset": str(offset), **TUS}
    return Client().patch(location, content, content_type=kind, headers=headers)


def test_a_file_in_parts_goes_on_where_it_stopped(cast: Cast, program: Program) -> None:
    content = picture(1)
    begun = begin(program, cast, content, filename="cam.jpg", fingerprint="a")
    location = begun["Location"]
    assert (begun.status_code, begun["Tus-Resumable"]) == (201, "1.0.0")
    assert part(program, location, 0, content[:1000])["Upload-Offset"] == "1000"
    refused(part(program, location, 0, content[:1000]), 409, "offset_mismatch")
    again = begin(program, cast, content, filename="cam.jpg", fingerprint="a")
    assert (again["Location"], again["Upload-Offset"]) == (location, "1000")
    path = location.removeprefix(f"{ROOT}/")
    head = program.call("head", path, **TUS)
    assert (head["Upload-Offset"], head["Upload-Length"]) == ("1000", str(len(content)))
    done = part(program, location, 1000, content[1000:])
    assert (done.status_code, done["Upload-State"]) == (204, "taken")
    told = program.get(path).json()
    assert (told["state"], told["still"], told["offset"]) == (
        "taken",
        str(Still.objects.get().uid),
        len(content),
    )


def test_a_file_for_an_offender_that_is_here_already(cast: Cast, program: Program) -> None:
    content, offender = picture(2), make_offender(cast.loss_prevention, cast.campaign)
    program.upload(offender.uid, content)
    told = {"offender": str(offender.uid), "sha256": hashlib.sha256(content).hexdigest()}
    known = begin(program, cast, content, filename="cam.jpg", **told)
    assert (known["Upload-State"], known["Upload-Offset"]) == ("known", str(len(content)))


def test_what_is_no_picture_is_refused_with_its_reason(cast: Cast, program: Program) -> None:
    content = b"%PDF-1.7" * 200
    location = begin(program, cast, content, filename="x.pdf")["Location"]
    done = part(program, location, 0, content)
    assert (done.status_code, done["Upload-State"]) == (204, "refused")
    told = program.get(location.removeprefix(f"{ROOT}/")).json()
    assert (told["state"], told["code"]) == ("refused", "document_not_supported")


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 412, "wrong_version"),
        ({**TUS}, 400, "bad_header"),
        ({**TUS, "Upload-Length": "5", "Upload-Metadata": "filename !!!"}, 400, "bad_header"),
        ({**TUS, "Upload-Length": str(2**33)}, 413, "file_too_large"),
        ({**TUS, "Upload-Length": "5", "Upload-Metadata": metadata(offender="x")}, 409, "no_such_offender"),
    ],
)
def test_beginnings_that_make_no_sense(
    cast: Cast, program: Program, headers: dict[str, str], status: int, code: str
) -> None:
    submission = submission_of(cast.loss_prevention, cast.campaign).uid
    answer = program.call("post", f"submissions/{submission}/uploads/", **headers)
    refused(answer, status, code)
    assert answer["Tus-Resumable"] == "1.0.0"


def test_another_content_type_or_another_sender(cast: Cast, program: Program, neighbour: Program) -> None:
    content = picture(3)
    location = begin(program, cast, content)["Location"]
    refused(part(program, location, 0, content, "image/jpeg"), 415, "wrong_type")
    refused(part(neighbour, location, 0, content), 404, "not_found")
    assert program.call("delete", location.removeprefix(f"{ROOT}/"), **TUS).status_code == 204
    refused(part(program, location, 0, content), 404, "not_found")
    assert not PartialUpload.objects.filter(state="arriving").exists()


def test_what_the_server_can_do(cast: Cast, program: Program) -> None:
    submission = submission_of(cast.loss_prevention, cast.campaign).uid
    answer = program.call("options", f"submissions/{submission}/uploads/")
    assert (answer.status_code, answer["Tus-Version"]) == (204, "1.0.0")
    assert answer["Tus-Extension"] == "creation,termination"
