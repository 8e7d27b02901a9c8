"""Stills over the API."""

from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image

from matching.decoding import DecodeLimits
from portal import work
from portal.submissions.actions import move_campaign
from portal.submissions.models import Offender, RefusedUpload, Still
from portal.submissions.states import CampaignState
from portal.work import WorkState
from tests.api.conftest import Program
from tests.api.test_authentication import refused
from tests.cast import Cast, found_face, make_offender, make_still, picture, search_still


@pytest.fixture
def offender(cast: Cast) -> Offender:
    """An offender of the program's retailer."""
    return make_offender(cast.loss_prevention, cast.campaign)


def test_a_still_is_new_once(program: Program, offender: Offender) -> None:
    first = program.upload(
        offender.uid, picture(1), "CCTV ../../cam 3.jpg", captured_at="2026-11-01T10:00:00Z"
    )
    again = program.upload(offender.uid, picture(1), "other name.jpg")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    shown = program.get(first["Location"].removeprefix("/api/v1/")).json()
    assert (shown["name"], shown["state"], shown["faces"]) == ("cam 3.jpg", "waiting", [])
    assert shown["captured_at"] == "2026-11-01T10:00:00Z"
    assert Still.objects.count() == 1


def gif() -> bytes:
    """An animation."""
    out = BytesIO()
    frames = [Image.new("P", (100, 100), colour) for colour in range(3)]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 422, "empty_file"),
        (b"%PDF-1.7 a document", 422, "document_not_supported"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 422, "unsupported_format"),
        (gif(), 422, "unsupported_format"),
        (picture(2)[:3000], 422, "damaged"),
        (picture(3, width=48, height=48), 422, "too_small"),
    ],
)
def test_a_file_that_cannot_be_used(
    program: Program, offender: Offender, content: bytes, status: int, code: str
) -> None:
    problem = refused(program.upload(offender.uid, content), status, code)
    assert problem["detail"].endswith(".")
    assert not Still.objects.exists()
    assert RefusedUpload.objects.get().code == code


def test_a_file_too_large_is_not_even_read(program: Program, offender: Offender) -> None:
    content = picture(1) + b"\x00" * (DecodeLimits().max_bytes + 100_000)
    refused(program.upload(offender.uid, content), 413, "file_too_large")


def test_a_file_a_little_too_large(program: Program, offender: Offender) -> None:
    content = picture(1) + b"\x00" * DecodeLimits().max_bytes
    refused(program.upload(offender.uid, content), 413, "file_too_large")


def test_a_form_without_a_file(program: Program, offender: Offender) -> None:
    answer = program.call("post", f"offenders/{offender.uid}/stills/", {"file": "text"})
    refused(answer, 415, "unsupported_media_type")


def test_the_eleventh_still(program: Program, offender: Offender) -> None:
    for _ in range(10):
        make_still(offender)
    refused(program.upload(offender.uid, picture(9999)), 409, "too_many_stills")


def test_after_the_campaign_closed(cast: Cast, program: Program, offender: Offender) -> None:
    move_campaign(cast.campaign, CampaignState.CLOSED, by=cast.supervisor)
    refused(program.upload(offender.uid, picture(1)), 409, "campaign_closed")


def test_anothers_still_is_an_absent_one(neighbour: Program, offender: Offender) -> None:
    still = make_still(offender)
    for method, tail in (("get", ""), ("put", "face/"), ("put", "region/")):
        theirs = neighbour.call(method, f"stills/{still.uid}/{tail}", {} if method == "put" else None)
        absent = neighbour.call(method, f"stills/{uuid4()}/{tail}", {} if method == "put" else None)
        assert (theirs.status_code, theirs.content) == (404, absent.content)
    assert neighbour.upload(offender.uid, picture(5)).status_code == 404
    assert neighbour.get(f"offenders/{offender.uid}/stills/").status_code == 404


# --- what became of it ----------------------------------------------------------------------------
def state_of(program: Program, still: Still) -> dict[str, Any]:
    """The still as the API shows it."""
    shown: dict[str, Any] = program.get(f"stills/{still.uid}/").json()
    return shown


def test_searched(program: Program, offender: Offender) -> None:
    still = make_still(offender)
    search = search_still(still, [found_face(), found_face(100, 60)])
    assert search is not None
    shown = state_of(program, still)
    assert shown["state"] == "searched"
    assert shown["searched_at"]
    assert [face["chosen"] for face in shown["faces"]] == [True, False]
    assert set(shown["faces"][0]["quality"]) == {
        "unified_score",
        "inter_eye_distance",
        "sharpness",
        "yaw",
        "pitch",
        "roll",
    }


def test_no_face(program: Program, offender: Offender) -> None:
    still = make_still(offender)
    search_still(still, [])
    assert state_of(program, still)["state"] == "no_face"


def test_a_face_before_the_declaration(cast: Cast, program: Program) -> None:
    still = make_still(make_offender(cast.loss_prevention, cast.campaign, declared=False))
    search_still(still)
    assert state_of(program, still)["state"] == "face_found"


def test_held_up_without_our_reasons(program: Program, offender: Offender) -> None:
    still = make_still(offender)
    work.quarantine(Still, still.pk, "OSError: /var/lib/inside")
    answer = program.get(f"stills/{still.uid}/")
    assert answer.json()["state"] == "held_up"
    assert "inside" not in answer.content.decode()


def test_another_face_is_chosen(program: Program, offender: Offender) -> None:
    still = make_still(offender)
    search_still(still, [found_face(), found_face(100, 60)])
    second = state_of(program, still)["faces"][1]["uid"]
    answer = program.call("put", f"stills/{still.uid}/face/", {"face": second})
    assert answer.status_code == 200
    assert (answer.json()["state"], answer.json()["faces"][1]["chosen"]) == ("waiting", True)
    refused(program.call("put", f"stills/{still.uid}/face/", {"face": second}), 409, "still_busy")
    refused(program.call("put", f"stills/{still.uid}/face/", {"face": str(uuid4())}), 404, "not_found")


def test_a_box_is_drawn(program: Program, offender: Offender) -> None:
    still = make_still(offender)
    search_still(still, [])
    box = {"x": 20, "y": 30, "w": 60, "h": 70}
    outside = program.call("put", f"stills/{still.uid}/region/", {**box, "w": 10_000})
    assert refused(outside, 400, "invalid")["errors"][0]["code"] == "outside_picture"
    assert program.call("put", f"stills/{still.uid}/region/", box).status_code == 200
    still.refresh_from_db()
    assert (still.region, still.work_state) == (box, WorkState.QUEUED)


def test_the_list_of_an_offenders_stills(program: Program, offender: Offender) -> None:
    stills = [make_still(offender) for _ in range(3)]
    answer = program.get(f"offenders/{offender.uid}/stills/?limit=2").json()
    assert [one["uid"] for one in answer["results"]] == [str(one.uid) for one in stills[:2]]
    rest = program.get(answer["next"].partition("/api/v1/")[2]).json()
    assert (rest["next"], [one["uid"] for one in rest["results"]]) == (None, [str(stills[2].uid)])
