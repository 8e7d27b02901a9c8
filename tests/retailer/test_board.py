"""The board without JavaScript, in parts for the script, for this retailer only."""

import base64
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.submissions.actions import Upload, add_draft, move_campaign
from portal.submissions.models import NotGrouped, Offender, PartialUpload, Still
from portal.submissions.states import CampaignState, UploadState
from tests.cast import (
    Cast,
    client_of,
    found_face,
    make_offender,
    make_still,
    picture,
    search_still,
    submission_of,
)
from tests.retailer.conftest import POLL

HTMX = {"HX-Request": "true"}
TUS = {"Tus-Resumable": "1.0.0"}
Read = Callable[..., str]


def post(
    client: Client, name: str, uid: object, headers: dict[str, str] | None = None, **data: object
) -> str:
    """What the next page says."""
    url = reverse(f"retailer:{name}", args=[uid])
    return client.post(url, data, headers=headers or {}, follow=True).content.decode()


def draft(cast: Cast, name: str, *, person: int | None = None, **measures: float) -> Offender:
    """A file dropped on the board; with `person` somebody's face was found in it."""
    upload = Upload(picture(Still.objects.count() + 1), name)
    still, _ = add_draft(submission_of(cast.loss_prevention, cast.campaign), upload, by=cast.loss_prevention)
    if person is not None:
        search_still(still, [found_face(**measures)], person=person)
    return still.offender


def test_files_of_a_plain_form_wait_in_the_tray(cast: Cast, lena: Client) -> None:
    files = [SimpleUploadedFile(f"o{n}.jpg", picture(n)) for n in (1, 2, 1)]
    html = post(
        lena, "board-drop", cast.campaign.uid, stills=[*files, SimpleUploadedFile("a.pdf", b"%PDF-1.4")]
    )
    assert "2 stills were received" in html
    assert "o1.jpg is here already" in html
    assert "a.pdf was not taken. This is a PDF document." in html
    assert "Not placed yet: 2" in html
    assert "1 file could not be taken" in html
    assert list(Offender.objects.values_list("rank", flat=True)) == [None, None]


def test_what_the_form_cannot_take_is_said(cast: Cast, lena: Client) -> None:
    assert "Choose at least one still." in post(lena, "board-drop", cast.campaign.uid)
    files = [SimpleUploadedFile(f"{n}.jpg", b"x") for n in range(31)]
    assert "Send at most 30 files at once." in post(lena, "board-drop", cast.campaign.uid, stills=files)
    move_campaign(cast.campaign, CampaignState.CLOSED, by=cast.supervisor)
    assert "This campaign is closed" in post(lena, "board-drop", cast.campaign.uid, stills=files[:1])


def test_places_are_given_and_changed(cast: Cast, lena: Client) -> None:
    ten, two = draft(cast, "o10.jpg"), draft(cast, "o2.jpg")
    assert "2 offenders were placed by file name." in post(lena, "board-place-all", cast.campaign.uid)
    assert "It is in place 1 now." in post(lena, "offender-place", ten.uid, to="1")
    two.refresh_from_db()
    assert two.rank == 2
    assert "It is in place 1 now." in post(lena, "offender-place", two.uid, to="9", rank="1")
    assert "Choose a number from 1 to 30." in post(lena, "offender-place", two.uid, to="first")
    assert "Choose a place from 1 to 30." in post(lena, "offender-place", two.uid, to="31")
    html = post(lena, "offender-place", two.uid, to="", headers=HTMX)
    assert "Not placed yet: 1" in html
    assert '<p id="announcement" hx-swap-oob="innerHTML">It is back among those' in html
    assert "<html" not in html


def test_a_suggestion_shows_both_and_waits_for_an_answer(cast: Cast, lena: Client, read: Read) -> None:
    drafts = [draft(cast, f"o7_{letter}.jpg", person=n) for n, letter in enumerate("ab", start=1)]
    html = read("submission", cast.campaign.uid)
    assert "Their file names begin alike: <strong>o7</strong>" in html
    assert all(f"pair-{one.stills.get().uid}-" in html for one in drafts)
    uids = [str(one.uid) for one in drafts]
    assert "These are different" not in html
    assert "Noted" in post(lena, "board-dismiss", cast.campaign.uid, offender=uids)
    assert "begin alike" not in read("submission", cast.campaign.uid)
    assert NotGrouped.objects.count() == 1
    html = post(lena, "board-merge", cast.campaign.uid, offender=uids)
    assert "2 were put together as one person" in html
    assert Offender.objects.get().stills.count() == 2
    assert "Tick at least two" in post(lena, "board-merge", cast.campaign.uid, offender=uids)


def test_a_still_is_separated(cast: Cast, lena: Client) -> None:
    one = make_offender(cast.loss_prevention, cast.campaign, declared=False)
    make_still(one)
    second = make_still(one)
    html = post(lena, "still-split", second.uid)
    assert "The still is an offender of its own now." in html
    assert Offender.objects.filter(rank=None).count() == 1
    assert "only still" in post(lena, "still-split", second.uid)


def test_a_poor_still_says_why_and_may_be_sent_anyway(cast: Cast, lena: Client, read: Read) -> None:
    poor = draft(cast, "far.jpg", person=1, face_width=30.0).stills.get()
    html = read("submission", cast.campaign.uid)
    assert "Face is 30 pixels wide, very small." in html
    assert "A frame from a nearer camera" in html
    for _ in range(2):
        html = post(lena, "still-send-anyway", poor.uid)
    assert "To be sent anyway" in html
    poor.refresh_from_db()
    assert poor.sent_anyway_by == cast.loss_prevention
    assert Entry.objects.filter(tag=Tag.STILL_SENT_ANYWAY).count() == 1


def test_nobody_arranges_another_retailers_board(cast: Cast, lena: Client) -> None:
    theirs = draft(cast, "o1.jpg")
    still, ours = theirs.stills.get(), client_of(cast.neighbour)
    foreign = make_offender(cast.neighbour, cast.campaign, declared=False)
    for name, uid in (
        ("offender-place", theirs.uid),
        ("still-split", still.uid),
        ("still-send-anyway", still.uid),
    ):
        assert ours.post(reverse(f"retailer:{name}", args=[uid]), {"to": "1"}).status_code == 404
    named = [str(theirs.uid), str(foreign.uid)]
    assert "Tick at least two" in post(lena, "board-merge", cast.campaign.uid, offender=named)
    assert "Choose at least two" in post(lena, "board-dismiss", cast.campaign.uid, offender=named)
    stranger = client_of(cast.stranger)
    for name in ("board-drop", "board-place-all", "board-merge", "board-dismiss", "upload-begin"):
        assert stranger.post(reverse(f"retailer:{name}", args=[cast.campaign.uid])).status_code == 404
    theirs.refresh_from_db()
    assert theirs.rank is None


def begin(client: Client, cast: Cast, content: bytes, name: str, **metadata: str) -> Any:
    told = {"filename": name, **metadata}
    pairs = (f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in told.items())
    headers = {**TUS, "Upload-Length": str(len(content)), "Upload-Metadata": ",".join(pairs)}
    url = reverse("retailer:upload-begin", args=[cast.campaign.uid])
    return client.post(url, headers=headers)


def send(client: Client, url: str, offset: int, content: bytes) -> Any:
    headers = {**TUS, "Upload-Offset": str(offset)}
    octets = "application/offset+octet-stream"
    return client.patch(url, content, content_type=octets, headers=headers)


def test_a_file_in_parts(cast: Cast, lena: Client) -> None:
    content = picture(3)
    begun = begin(lena, cast, content, "till.jpg")
    assert (begun.status_code, begun["Upload-State"], begun["Tus-Resumable"]) == (201, "arriving", "1.0.0")
    url = begun["Location"]
    assert send(lena, url, 0, content[:1000])["Upload-Offset"] == "1000"
    assert lena.head(url)["Upload-Offset"] == "1000"
    wrong = send(lena, url, 5, content[5:])
    assert (wrong.status_code, wrong.json()["code"]) == (409, "offset_mismatch")
    assert begin(lena, cast, content, "till.jpg")["Location"] == url  # the page was loaded again
    last = send(lena, url, 1000, content[1000:])
    assert (last.status_code, last["Upload-State"]) == (204, "taken")
    told = lena.get(url).json()
    assert (told["state"], told["still"]["settled"], told["message"]) == ("taken", False, "")
    search_still(Still.objects.get(), [found_face(face_width=30.0)])
    told = lena.get(url).json()["still"]
    assert (told["settled"], told["tone"]) == (True, "bad")
    assert told["summary"].startswith("Face is 30 pixels wide")


def test_a_file_in_parts_that_is_refused_says_why(cast: Cast, lena: Client) -> None:
    begun = begin(lena, cast, b"%PDF-1.4", "a.pdf")
    assert send(lena, begun["Location"], 0, b"%PDF-1.4")["Upload-State"] == "refused"
    told = lena.get(begun["Location"]).json()
    assert (told["code"], told["message"][:22]) == ("document_not_supported", "This is a PDF document")
    large = lena.post(
        reverse("retailer:upload-begin", args=[cast.campaign.uid]),
        headers={**TUS, "Upload-Length": str(2**30)},
    )
    assert (large.status_code, large.json()["code"]) == (413, "file_too_large")
    assert begin(lena, cast, b"x", "x", offender="nobody").json()["code"] == "no_such_offender"


def test_one_look_tells_of_many_files(cast: Cast, lena: Client) -> None:
    sent = [picture(n) for n in (3, 4)]
    urls = [begin(lena, cast, content, f"o{n}.jpg")["Location"] for n, content in enumerate(sent)]
    for url, content in zip(urls, sent, strict=True):
        send(lena, url, 0, content)
    asked = {"of": [*(url.split("/")[-2] for url in urls), "no uid"]}
    look = reverse("retailer:uploads-found", args=[cast.campaign.uid])
    search_still(Still.objects.order_by("pk")[0], [found_face(face_width=30.0)])
    answer = lena.get(look, asked)
    first, second = (answer.json()[uid]["still"] for uid in asked["of"][:2])
    assert (first["settled"], second["settled"]) == (True, False)
    assert first["summary"].startswith("Face is 30 pixels wide")
    assert answer["Cache-Control"] == "no-store"
    assert lena.get(look).json() == {}
    with CaptureQueriesContext(connection) as one:
        lena.get(look, {"of": asked["of"][:1]})
    with CaptureQueriesContext(connection) as two:
        lena.get(look, asked)
    assert len(one) == len(two)
    assert client_of(cast.neighbour).get(look, asked).status_code in (200, 404)
    assert b"Face is" not in client_of(cast.neighbour).get(look, asked).content


def test_uploads_are_their_retailers_alone(cast: Cast, lena: Client) -> None:
    url = begin(lena, cast, picture(3), "till.jpg")["Location"]
    neighbour = client_of(cast.neighbour)
    assert neighbour.head(url).status_code == send(neighbour, url, 0, b"x").status_code == 404
    assert neighbour.delete(url, headers=TUS).status_code == 404
    assert lena.delete(url, headers=TUS).status_code == 204
    assert not PartialUpload.objects.exists()


def test_a_poll_is_answered_once_something_changed(cast: Cast, lena: Client) -> None:
    url = reverse("retailer:submission", args=[cast.campaign.uid])
    waiting = draft(cast, "o1.jpg")

    def seen(html: str) -> str:
        found = re.search(r"seen=([0-9a-f]{16})", html)
        assert found
        return found[1]

    html = lena.get(url).content.decode()
    assert "every 2s" in html
    before = seen(html)
    assert lena.get(url, {"seen": before}, headers=POLL).status_code == 204
    search_still(waiting.stills.get(), person=1)
    html = lena.get(url, {"seen": before}, headers=POLL).content.decode()
    assert "Face is 40 pixels wide" in html or "Face found" in html
    assert "every 5s" in html
    post(lena, "board-place-all", cast.campaign.uid)
    assert lena.get(url, {"seen": seen(html)}, headers=POLL).status_code == 200


@pytest.mark.parametrize("poll", [{}, POLL])
def test_queries_do_not_depend_on_rows(cast: Cast, lena: Client, poll: dict[str, str]) -> None:
    url = reverse("retailer:submission", args=[cast.campaign.uid])

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            lena.get(url, headers=poll)
        return len(captured)

    draft(cast, "x1.jpg", person=1)
    make_still(make_offender(cast.loss_prevention, cast.campaign))
    lena.get(url)
    few = queries()
    for number in range(6):
        draft(cast, f"y{number}.jpg", person=number // 2)
        make_offender(cast.loss_prevention, cast.campaign, declared=False)
    assert queries() == few


def test_a_long_tray_is_shown_in_parts(cast: Cast, read: Read) -> None:
    submission = submission_of(cast.loss_prevention, cast.campaign)
    by = cast.loss_prevention
    Offender.objects.bulk_create(Offender(submission=submission, created_by=by) for _ in range(70))
    html = read("submission", cast.campaign.uid)
    assert html.count('class="place waiting"') == 60
    assert "10 are not shown" in html
    assert read("submission", cast.campaign.uid, query="?tray=120").count('class="place waiting"') == 70
    assert UploadState.TAKEN in UploadState
