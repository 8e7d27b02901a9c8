"""An offender's page: stills, faces, advice, refusals, the way to an outcome."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from matching.errors import RejectedImage
from portal import work
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.reviews import actions as reviews
from portal.reviews.reopening import reopen_decision
from portal.reviews.states import Outcome, Stage
from portal.submissions.actions import Upload, add_still, move_campaign
from portal.submissions.models import Offender, Still
from portal.submissions.states import CampaignState, YesNoUnknown
from tests.cast import (
    Cast,
    client_of,
    decide,
    decision_on,
    found_face,
    make_gallery,
    make_offender,
    make_still,
    picture,
    review_as,
    search_still,
    searched_offender,
)
from tests.retailer.conftest import POLL

Read = Callable[..., str]


@pytest.fixture
def offender(cast: Cast) -> Offender:
    return make_offender(cast.loss_prevention, cast.campaign, goods="baby formula")


def test_the_report_and_no_still_yet(offender: Offender, read: Read) -> None:
    html = read("offender", offender.uid)
    assert "baby formula" in html
    assert "No still was taken yet" in html
    assert "Needs a still" in html


def test_a_found_face_is_outlined_and_described(offender: Offender, read: Read) -> None:
    search_still(make_still(offender), [found_face(10, 20, 120, 140)])
    html = read("offender", offender.uid)
    assert re.search(r'<rect class="chosen"[^>]* x="10.0" y="20.0" width="120.0" height="140.0"', html)
    assert "Face is 120 pixels wide, clear and turned to the camera." in html
    assert ">Searched</span>" in html


def test_five_faces_are_said_and_one_can_be_chosen(offender: Offender, read: Read) -> None:
    still = make_still(offender)
    search_still(still, [found_face(60 * n, 20) for n in range(5)])
    html = read("offender", offender.uid)
    assert "5 faces were found" in html
    assert "Choose another face" in html
    assert reverse("retailer:still-face", args=[still.uid]) in html


def test_a_tiny_face_gets_advice(offender: Offender, read: Read) -> None:
    search_still(make_still(offender), [found_face(10, 10, 12, 14, sharpness=20)])
    html = read("offender", offender.uid)
    assert "Face is 12 pixels wide, very small and blurred." in html
    assert "A frame from a nearer camera" in html


def test_no_face_offers_to_draw_a_box(offender: Offender, read: Read) -> None:
    search_still(make_still(offender), [])
    html = read("offender", offender.uid)
    assert "No face found" in html
    assert "Draw a box around the face" in html


def test_a_still_set_aside_is_nobodys_fault(offender: Offender, read: Read) -> None:
    work.quarantine(Still, make_still(offender).pk, "weights missing in secret directory")
    html = read("offender", offender.uid)
    assert "Checking this still failed on our side." in html
    assert "secret directory" not in html


def test_refused_files_stay_listed_with_what_to_send_instead(
    cast: Cast, offender: Offender, read: Read
) -> None:
    with pytest.raises(RejectedImage):
        add_still(offender, Upload(b"%PDF-1.4", "invoice.pdf"), by=cast.loss_prevention)
    html = read("offender", offender.uid)
    assert "Files that were not taken" in html
    assert "invoice.pdf" in html
    assert "This is a PDF document. Please save the picture inside it as a JPEG" in html


def test_the_way_from_received_to_outcome(cast: Cast, read: Read) -> None:
    make_gallery(cast.force, 2)
    offender = searched_offender(cast.loss_prevention, cast.campaign)
    assert offender.declared_at is not None
    target = timezone.localdate(offender.declared_at + timedelta(days=cast.campaign.target_days))
    html = read("offender", offender.uid)
    for step in ("Received", "Checked", "Searched", "What happens next"):
        assert f"<strong>{step}</strong>" in html
    assert f"by {target.day} {target:%b %Y}" in html
    reviews.claim_review(decision_on(offender), Stage.FIRST, by=cast.facial_reviewer)
    assert "With an officer" in read("offender", offender.uid)


def test_an_outcome_is_told_with_the_caveat_and_ends_the_changes(cast: Cast, read: Read) -> None:
    make_gallery(cast.force, 2)
    offender = searched_offender(cast.loss_prevention, cast.campaign)
    decide(offender, Outcome.IDENTIFIED, cast)
    html = read("offender", offender.uid)
    assert "Identified (as intelligence)" in html
    assert "Intelligence, not evidence." in html
    assert "Add stills" not in html
    assert reverse("retailer:offender-edit", args=[offender.uid]) not in html


def test_a_draft_is_sent_from_here(cast: Cast, read: Read) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign, declared=False)
    search_still(make_still(offender))
    html = read("offender", offender.uid)
    assert "Not sent yet" in html
    assert "Face found" in html
    assert reverse("retailer:offender-declare", args=[offender.uid]) in html


def test_the_preservation_clock(cast: Cast, read: Read) -> None:
    until = timezone.localdate() + timedelta(days=3)
    offender = make_offender(
        cast.loss_prevention, cast.campaign, footage_kept=YesNoUnknown.YES, footage_until=until
    )
    assert "3 days left to keep the footage" in read("offender", offender.uid)


def test_after_closing_everything_can_be_read_and_nothing_changed(
    cast: Cast, offender: Offender, read: Read
) -> None:
    search_still(make_still(offender))
    move_campaign(cast.campaign, CampaignState.CLOSED, by=cast.supervisor)
    html = read("offender", offender.uid)
    assert "baby formula" in html
    assert '<form method="post" action="/retailer' not in html
    assert "Mark another face" not in html


def test_a_poll_gets_nothing_until_something_changes(offender: Offender, lena: Client) -> None:
    still = make_still(offender)
    url = reverse("retailer:offender", args=[offender.uid])
    html = lena.get(url).content.decode()
    assert 'hx-trigger="every 1s"' in html
    found = re.search(r"seen=([0-9a-f]{16})", html)
    assert found
    assert lena.get(url, {"seen": found[1]}, headers=POLL).status_code == 204
    search_still(still)
    answer = lena.get(url, {"seen": found[1]}, headers=POLL).content.decode()
    assert 'id="announcement"' in answer
    assert 'hx-trigger="every 10s"' in answer
    assert "<html" not in answer


def test_an_outcome_is_recorded_once_for_each_person_and_round(cast: Cast, lena: Client) -> None:
    make_gallery(cast.force, 2)
    offender = searched_offender(cast.loss_prevention, cast.campaign)
    entries = Entry.objects.filter(tag=Tag.STATUS_DISCLOSED, subject_id=str(offender.uid))
    url = reverse("retailer:offender", args=[offender.uid])
    decision = decide(offender, Outcome.UNSUITABLE, cast)
    for headers in ({}, POLL, POLL, {}):
        lena.get(url, headers=headers)
    assert [entry.actor_id for entry in entries.all()] == [cast.loss_prevention.pk]
    reopen_decision(decision, reason="A better still came", by=cast.supervisor)
    assert "Being looked at again" in lena.get(url).content.decode()
    assert entries.count() == 1
    review_as(decision, Stage.FIRST, cast.another_reviewer, Outcome.UNSUITABLE)
    client_of(cast.team_mate).get(url)
    for _ in range(2):
        lena.get(url)
    assert entries.count() == 3  # the same outcome again is news


def test_queries_do_not_depend_on_stills_and_faces(offender: Offender, lena: Client) -> None:
    url = reverse("retailer:offender", args=[offender.uid])

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            lena.get(url)
        return len(captured)

    search_still(make_still(offender))
    lena.get(url)
    few = queries()
    for seed in range(6):
        search_still(make_still(offender, picture(500 + seed)), [found_face(60 * n) for n in range(4)])
    assert queries() == few
