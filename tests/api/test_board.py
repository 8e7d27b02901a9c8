"""The board over the API: the tray, places, merging, splitting, discarding; the receipt."""

import io
from typing import Any
from uuid import uuid4

import pytest
from pypdf import PdfReader

from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.submissions.models import Offender, Still
from tests.api.conftest import Program
from tests.api.test_authentication import refused
from tests.cast import Cast, make_offender, make_still, picture, searched_offender, submission_of


@pytest.fixture
def submission(cast: Cast) -> str:
    """The uid of the program's submission."""
    return str(submission_of(cast.loss_prevention, cast.campaign).uid)


def tray(program: Program, submission: str, *seeds: int, name: str = "cam {}.jpg") -> list[dict[str, Any]]:
    """Stills sent into the tray; the offenders they became."""
    stills = [
        program.send(f"submissions/{submission}/stills/", picture(seed), name.format(seed)).json()
        for seed in seeds
    ]
    return [program.get(f"offenders/{one['offender']}/").json() for one in stills]


def test_a_still_becomes_an_offender_without_a_place(program: Program, submission: str) -> None:
    first = program.send(f"submissions/{submission}/stills/", picture(1))
    again = program.send(f"submissions/{submission}/stills/", picture(1))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    offender = program.get(f"offenders/{first.json()['offender']}/").json()
    assert (offender["rank"], offender["offence"], offender["declared_at"]) == (None, "", None)


def test_places_are_given_taken_and_changed(program: Program, submission: str) -> None:
    one, two = tray(program, submission, 1, 2)
    placed = program.put(f"offenders/{one['uid']}/place/", {"rank": 1})
    assert placed.json()["rank"] == 1
    refused(program.put(f"offenders/{two['uid']}/place/", {"rank": 1}), 409, "place_taken")
    program.put(f"offenders/{two['uid']}/place/", {"rank": 1, "make_room": True})
    assert [row["uid"] for row in program.get("offenders/").json()["results"]] == [two["uid"], one["uid"]]
    assert program.put(f"offenders/{one['uid']}/place/", {"rank": None}).json()["rank"] is None
    refused(program.put(f"offenders/{one['uid']}/place/", {"rank": 31}), 400, "invalid")


def test_all_get_places_by_file_name(program: Program, submission: str) -> None:
    offenders = tray(program, submission, 12, 2)
    answer = program.post(f"submissions/{submission}/places/", {})
    assert answer.json() == {"placed": 2, "left": 0}
    by_place = [row["uid"] for row in program.get("offenders/").json()["results"]]
    assert by_place == [offenders[1]["uid"], offenders[0]["uid"]]


def test_drafts_are_suggested_merged_and_split(program: Program, submission: str) -> None:
    one, two = tray(program, submission, 1, 2, name="offender07_{}.jpg")
    suggested = program.get(f"submissions/{submission}/suggestions/").json()
    assert [sorted(group["offenders"]) for group in suggested] == [sorted([one["uid"], two["uid"]])]
    path, given = f"offenders/{one['uid']}/merge/", {"offenders": [two["uid"]]}
    merged = program.post(path, given, **{"Idempotency-Key": "m1"})
    assert merged.json()["uid"] == one["uid"]
    assert program.get(f"offenders/{two['uid']}/").status_code == 404
    assert program.post(path, given, **{"Idempotency-Key": "m1"}).json() == merged.json()
    refused(program.post(path, given), 400, "invalid")
    still = program.get(f"offenders/{one['uid']}/stills/").json()["results"][1]
    split = program.post(f"stills/{still['uid']}/split/", {}, **{"Idempotency-Key": "s1"})
    again = program.post(f"stills/{still['uid']}/split/", {}, **{"Idempotency-Key": "s1"})
    assert (split.status_code, again.status_code) == (201, 200)
    assert split.json() == again.json()
    assert Offender.objects.count() == 2
    refused(program.post(f"stills/{still['uid']}/split/", {}), 409, "last_still")


def test_another_retailers_draft_cannot_be_merged(cast: Cast, program: Program, submission: str) -> None:
    (mine,) = tray(program, submission, 1)
    theirs = make_offender(cast.neighbour, cast.campaign, declared=False)
    refused(program.post(f"offenders/{mine['uid']}/merge/", {"offenders": [str(theirs.uid)]}), 400, "invalid")
    assert Offender.objects.count() == 2


def test_a_draft_is_discarded_and_what_was_sent_is_not(cast: Cast, program: Program, submission: str) -> None:
    (draft,) = tray(program, submission, 1)
    assert program.call("delete", f"offenders/{draft['uid']}/").status_code == 204
    assert not Still.objects.exists()
    sent = make_offender(cast.loss_prevention, cast.campaign)
    refused(program.call("delete", f"offenders/{sent.uid}/"), 409, "already_sent")


def test_the_receipt_names_every_file_that_was_sent(cast: Cast, program: Program, submission: str) -> None:
    sent = searched_offender(cast.loss_prevention, cast.campaign)
    make_still(make_offender(cast.loss_prevention, cast.campaign, declared=False))
    receipt = program.get(f"submissions/{submission}/receipt/").json()
    assert [row["uid"] for row in receipt["offenders"]] == [str(sent.uid)]
    assert receipt["offenders"][0]["stills"][0]["sha256"] == sent.stills.get().original_sha256


def test_a_suggestion_is_dismissed_for_good(program: Program, neighbour: Program, submission: str) -> None:
    one, two = tray(program, submission, 1, 2, name="offender07_{}.jpg")
    uids = [one["uid"], two["uid"]]
    path = f"submissions/{submission}/suggestions/dismiss/"
    refused(neighbour.post(path, {"offenders": uids}), 404, "not_found")
    refused(program.post(path, {"offenders": uids[:1]}), 400, "invalid")
    assert program.post(path, {"offenders": [uids[0], str(uuid4())]}).status_code == 400
    assert program.post(path, {"offenders": uids}).status_code == 204
    assert program.get(f"submissions/{submission}/suggestions/").json() == []


def test_the_receipt_as_a_pdf(program: Program, neighbour: Program, submission: str) -> None:
    tray(program, submission, 1)
    answer = program.get(f"submissions/{submission}/receipt.pdf")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages)
    assert Still.objects.get().original_sha256[:20] in "".join(text.split())
    assert Entry.objects.filter(tag=Tag.EXPORTED).count() == 1
    refused(neighbour.get(f"submissions/{submission}/receipt.pdf"), 404, "not_found")
