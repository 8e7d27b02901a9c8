"""Files in parts: what is here stays, nothing comes twice, and in the end it is a still or a reason."""

import base64
import hashlib
from datetime import timedelta
from http import HTTPStatus
from io import BytesIO
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matching.errors import RejectedImage
from portal import storage
from portal.retention.orphans import sweep_orphans
from portal.retention.tasks import purge_due
from portal.submissions import tus, uploads
from portal.submissions.actions import SubmissionRefused, discard_draft, move_campaign
from portal.submissions.models import Offender, PartialUpload, RefusedUpload, Still, Submission
from portal.submissions.states import CampaignState, UploadState
from tests.cast import Cast, make_offender, make_still, picture, submission_of

SPEAKS = {"Tus-Resumable": "1.0.0"}


@pytest.fixture
def submission(cast: Cast) -> Submission:
    return submission_of(cast.loss_prevention, cast.campaign)


class CutLine(BytesIO):
    """A body whose sender is gone after so many bytes."""

    def __init__(self, content: bytes, cut: int) -> None:
        super().__init__(content)
        self.cut = cut

    def read(self, size: int | None = -1, /) -> bytes:
        left = self.cut - self.tell()
        if left <= 0:
            raise OSError("connection reset")
        return super().read(min(left, size or left))


def announce(content: bytes, name: str = "still.jpg", **metadata: str) -> dict[str, str]:
    told = {"filename": name, **metadata}
    pairs = (f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in told.items())
    return {**SPEAKS, "Upload-Length": str(len(content)), "Upload-Metadata": ",".join(pairs)}


def begun(submission: Submission, content: bytes, **metadata: str) -> PartialUpload:
    headers = announce(content, **metadata)
    return tus.create(headers, submission, by=submission.started_by)[0]


def send(upload: PartialUpload, offset: int, body: Any) -> tus.Reply:
    headers = {**SPEAKS, "Upload-Offset": str(offset), "Content-Type": tus.OCTETS}
    return tus.patch(upload, headers, body, by=upload.sender)


def parts_kept() -> int:
    place = storage.uploads()
    return sum(len(place.listdir(folder)[1]) for folder in place.listdir("")[0])


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(cuts=st.lists(st.integers(0, 30_000), max_size=5), seed=st.integers(0, 10_000))
def test_however_often_the_line_is_cut_it_is_the_same_file_once(
    submission: Submission, cuts: list[int], seed: int
) -> None:
    content = picture(seed)
    for cut in cuts:
        upload = begun(submission, content, fingerprint=f"{seed}")  # a page that was loaded again
        offset = int(tus.head(upload).headers["Upload-Offset"])
        if offset == len(content):
            break
        send(upload, offset, CutLine(content[offset:], cut))
        assert upload.offset == min(len(content), offset + cut)
    upload = begun(submission, content, fingerprint=f"{seed}")
    reply = send(upload, upload.offset, BytesIO(content[upload.offset :]))
    assert reply.headers["Upload-State"] in ("taken", "known")
    assert {type(value) for value in reply.headers.values()} == {str}
    still = Still.objects.get(original_sha256=hashlib.sha256(content).hexdigest())
    assert (upload.still, still.offender.rank) == (still, None)
    assert storage.read(storage.originals(), still.original_key) == content
    assert not PartialUpload.objects.filter(state=UploadState.ARRIVING).exists()


def test_a_file_that_is_here_need_not_be_sent(submission: Submission) -> None:
    content = picture(1)
    digest = hashlib.sha256(content).hexdigest()
    first = begun(submission, content, sha256=digest)
    send(first, 0, BytesIO(content))
    again = begun(submission, content, sha256=digest)
    assert (again.state, again.offset, again.still) == (UploadState.KNOWN, len(content), first.still)
    unnamed = begun(submission, content)
    send(unnamed, 0, BytesIO(content))
    assert (unnamed.state, Offender.objects.count()) == (UploadState.KNOWN, 1)
    assert parts_kept() == 0


def test_what_another_retailer_sent_is_not_known(cast: Cast, submission: Submission) -> None:
    content = picture(1)
    begun_there = begun(submission_of(cast.neighbour, cast.campaign), content)
    send(begun_there, 0, BytesIO(content))
    digest = hashlib.sha256(content).hexdigest()
    assert begun(submission, content, sha256=digest).state == UploadState.ARRIVING


def test_it_may_be_for_an_offender_that_is_there(cast: Cast, submission: Submission) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign)
    content = picture(3)
    upload, _ = tus.create(announce(content), submission, by=cast.team_mate, target=offender)
    send(upload, 0, BytesIO(content))
    assert upload.still is not None
    assert (upload.still.offender, upload.still.added_by) == (offender, cast.team_mate)


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "empty_file"), (b"%PDF-1.4", "document_not_supported"), (picture(1)[:900], "damaged")],
)
def test_what_is_no_picture_ends_with_the_reason(submission: Submission, content: bytes, code: str) -> None:
    upload = begun(submission, content, name="invoice.pdf")
    reply = send(upload, 0, BytesIO(content))
    assert reply.headers["Upload-State"] == UploadState.REFUSED
    refused = RefusedUpload.objects.get()
    assert (upload.code, refused.code, refused.offender, refused.name) == (code, code, None, "invoice.pdf")
    assert upload.message == refused.message
    assert (parts_kept(), Offender.objects.count()) == (0, 0)


def test_a_file_that_changed_on_its_way_is_asked_for_again(submission: Submission) -> None:
    content = picture(4)
    upload = begun(submission, content, sha256=hashlib.sha256(content + b"x").hexdigest())
    send(upload, 0, BytesIO(content))
    assert (upload.state, upload.code) == (UploadState.REFUSED, "changed_on_the_way")


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(submission: Submission) -> None:
    headers = {**SPEAKS, "Upload-Length": str(uploads.MAX_BYTES + 1)}
    with pytest.raises(RejectedImage) as refused:
        tus.create(headers, submission, by=submission.started_by)
    assert refused.value.code == RefusedUpload.objects.get().code == "file_too_large"
    assert RefusedUpload.objects.get().bytes == uploads.MAX_BYTES + 1


@pytest.mark.parametrize(
    ("changed", "code", "status"),
    [
        ({"Tus-Resumable": "0.2.2"}, "wrong_version", HTTPStatus.PRECONDITION_FAILED),
        ({"Upload-Length": "-1"}, "bad_header", HTTPStatus.BAD_REQUEST),
        ({"Upload-Metadata": "filename ÿ"}, "bad_header", HTTPStatus.BAD_REQUEST),
        ({"Upload-Metadata": "sha256 YWJj"}, "bad_header", HTTPStatus.BAD_REQUEST),
    ],
)
def test_requests_that_make_no_sense(
    submission: Submission, changed: dict[str, str], code: str, status: HTTPStatus
) -> None:
    with pytest.raises(SubmissionRefused) as refused:
        tus.create({**announce(picture(1)), **changed}, submission, by=submission.started_by)
    assert (refused.value.code, tus.status_of(refused.value)) == (code, status)


def test_bytes_must_follow_on_what_is_here(submission: Submission) -> None:
    content = picture(5)
    upload = begun(submission, content)
    send(upload, 0, BytesIO(content[:100]))
    for offset in (0, 99, 101):
        with pytest.raises(SubmissionRefused) as refused:
            send(upload, offset, BytesIO(content[offset:]))
        assert refused.value.code == "offset_mismatch"
    send(upload, 100, BytesIO(content[100:] + b"more than was announced"))
    assert upload.state == UploadState.TAKEN
    assert send(upload, upload.length, BytesIO(b"")).headers["Upload-State"] == UploadState.TAKEN


def test_limits_and_closing(cast: Cast, submission: Submission, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_OPEN", 2)
    kept = [begun(submission, picture(n), fingerprint=str(n)) for n in (1, 2)]
    with pytest.raises(SubmissionRefused) as refused:
        begun(submission, picture(3), fingerprint="3")
    assert tus.status_of(refused.value) == HTTPStatus.TOO_MANY_REQUESTS
    move_campaign(cast.campaign, CampaignState.CLOSED, by=cast.supervisor)
    send(kept[0], 0, BytesIO(picture(1)))
    assert (kept[0].state, kept[0].code) == (UploadState.REFUSED, "campaign_closed")
    with pytest.raises(SubmissionRefused):
        begun(submission, picture(4))


def test_what_nobody_goes_on_with_is_swept_up_after_a_day(submission: Submission) -> None:
    old, given_up, young = (begun(submission, picture(n), fingerprint=str(n)) for n in (1, 2, 3))
    for upload in (old, given_up, young):
        send(upload, 0, BytesIO(picture(1)[:500]))
    tus.delete(given_up, SPEAKS)
    assert parts_kept() == 2
    PartialUpload.objects.filter(pk=old.pk).update(touched_at=timezone.now() - timedelta(hours=25))
    purge_due()
    sweep_orphans()
    assert list(PartialUpload.objects.all()) == [young]
    assert parts_kept() == 1


def test_discarding_the_draft_forgets_nothing_else(submission: Submission) -> None:
    content = picture(8)
    upload = begun(submission, content)
    send(upload, 0, BytesIO(content))
    assert upload.still is not None
    discard_draft(upload.still.offender, by=submission.started_by)
    upload.refresh_from_db()
    assert upload.state == UploadState.TAKEN
    assert Still.objects.count() == 0
    make_still(make_offender(submission.started_by, submission.campaign), content)
