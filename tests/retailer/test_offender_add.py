"""Adding an offender: what is required, and that a bad file or field never costs what was typed."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse

from portal.accounts.models import User
from portal.audit.models import Entry
from portal.submissions.actions import move_campaign
from portal.submissions.models import Campaign, Offender, RefusedUpload
from portal.submissions.states import MAX_OFFENDERS, MAX_STILLS, CampaignState
from tests.cast import Cast, client_of, make_offender, picture


def upload(content: bytes, name: str = "still.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="image/jpeg")


def report(cast: Cast, **fields: object) -> dict[str, object]:
    minimum = {
        "store": cast.store.pk,
        "offence": "theft",
        "started_at": "2026-11-01T10:00",
        "declared": "on",
    }
    return {**minimum, "stills": [upload(picture(1))], **fields}


def post(user: User, campaign: Campaign, data: dict[str, object]) -> HttpResponse:
    response = client_of(user).post(reverse("retailer:offender-add", args=[campaign.uid]), data, follow=True)
    assert isinstance(response, HttpResponse)
    return response


def page(response: HttpResponseBase) -> str:
    assert isinstance(response, HttpResponse)
    return response.content.decode()


def test_store_time_offence_still_and_declaration_are_enough(cast: Cast) -> None:
    response = post(cast.loss_prevention, cast.campaign, report(cast))
    offender = Offender.objects.get()
    assert (offender.rank, offender.offence, offender.store) == (1, "theft", cast.store)
    assert offender.declared_by == cast.loss_prevention
    assert offender.stills.count() == 1
    assert "1 still was received" in page(response)
    assert "Being checked" in page(response)


def test_each_missing_part_is_named_and_the_rest_is_kept(cast: Cast) -> None:
    url = reverse("retailer:offender-add", args=[cast.campaign.uid])
    data = {"goods": "baby formula", "method": "Fills a bag & leaves"}
    html = page(client_of(cast.loss_prevention).post(url, data))
    for message in ("Choose the store.", "Choose the offence.", "Say when it happened."):
        assert message in html
    assert "Choose at least one still." in html
    assert "Make the declaration" in html
    assert "baby formula" in html
    assert "Fills a bag &amp; leaves" in html
    assert not Offender.objects.exists()


def test_files_of_a_refused_form_are_asked_for_again(cast: Cast) -> None:
    html = page(post(cast.loss_prevention, cast.campaign, report(cast, store="")))
    assert "Choose the stills again" in html
    assert not Offender.objects.exists()


def test_a_draft_needs_neither_still_nor_declaration(cast: Cast) -> None:
    data: dict[str, object] = {"offence": "theft", "draft": "1"}
    response = post(cast.loss_prevention, cast.campaign, data)
    assert Offender.objects.get().declared_at is None
    assert "Needs a still" in page(response)


def test_a_hostile_file_is_refused_with_a_sentence_and_everything_else_is_kept(cast: Cast) -> None:
    files = [upload(picture(1), "good.jpg"), upload(b"<svg onload=alert(1)>", "../<b>bad.jpg")]
    response = post(cast.loss_prevention, cast.campaign, report(cast, stills=files, goods="razor blades"))
    html, offender = page(response), Offender.objects.get()
    assert offender.goods == "razor blades"
    assert offender.stills.count() == 1
    assert "This is not a JPEG, PNG or WebP picture. Please save the still as a JPEG" in html
    assert "&lt;b&gt;bad.jpg was not taken" in html
    assert "<b>bad.jpg" not in html
    assert RefusedUpload.objects.get().code == "unsupported_format"


def test_all_files_refused_leaves_the_report_asking_for_a_still(cast: Cast) -> None:
    html = page(post(cast.loss_prevention, cast.campaign, report(cast, stills=[upload(b"", "empty.jpg")])))
    assert "empty.jpg was not taken. The file is empty." in html
    assert "Needs a still" in html


def test_half_a_picture_is_refused_as_damaged(cast: Cast) -> None:
    whole = picture(1)
    html = page(
        post(cast.loss_prevention, cast.campaign, report(cast, stills=[upload(whole[: len(whole) // 2])]))
    )
    assert "damaged or incomplete" in html


def test_the_same_file_twice_is_kept_once(cast: Cast) -> None:
    files = [upload(picture(1), "a.jpg"), upload(picture(1), "b.jpg")]
    html = page(post(cast.loss_prevention, cast.campaign, report(cast, stills=files)))
    assert Offender.objects.get().stills.count() == 1
    assert "b.jpg is here already" in html


def test_the_eleventh_still_is_refused_by_name(cast: Cast) -> None:
    files = [upload(picture(n), f"still-{n}.jpg") for n in range(MAX_STILLS + 1)]
    html = page(post(cast.loss_prevention, cast.campaign, report(cast, stills=files)))
    assert Offender.objects.get().stills.count() == MAX_STILLS
    assert f"still-{MAX_STILLS}.jpg was not taken. This offender already has {MAX_STILLS} stills." in html


def test_the_31st_offender_is_refused_and_the_form_kept(cast: Cast) -> None:
    for _ in range(MAX_OFFENDERS):
        make_offender(cast.loss_prevention, cast.campaign)
    html = page(post(cast.loss_prevention, cast.campaign, report(cast, goods="thirty-first")))
    assert "All 30 places are taken." in html
    assert "thirty-first" in html
    assert Offender.objects.count() == MAX_OFFENDERS


def test_a_closed_campaign_takes_nothing_more(cast: Cast) -> None:
    move_campaign(cast.campaign, CampaignState.CLOSED, by=cast.supervisor)
    html = page(post(cast.loss_prevention, cast.campaign, report(cast, goods="too late")))
    assert "This campaign is closed" in html
    assert "too late" in html
    assert not Offender.objects.exists()
    url = reverse("retailer:offender-add", args=[cast.campaign.uid])
    response = client_of(cast.loss_prevention).get(url)
    assert response.status_code == 302


def test_the_footage_clock_follows_the_store_and_the_end_of_the_incident(cast: Cast) -> None:
    times = {"started_at": "2026-11-01T23:10", "ended_at": "2026-11-01T23:30"}
    post(cast.loss_prevention, cast.campaign, report(cast, **times))
    assert str(Offender.objects.get().footage_until) == "2026-11-29"


def test_a_day_given_for_the_footage_stands(cast: Cast) -> None:
    data = report(cast, started_at="2026-11-01T10:00", footage_until="2026-11-20", footage_kept="yes")
    post(cast.loss_prevention, cast.campaign, data)
    assert str(Offender.objects.get().footage_until) == "2026-11-20"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"started_at": "2026-11-01T10:00", "ended_at": "2026-11-01T09:00"}, "must end after it starts"),
        ({"started_at": "2066-11-01T10:00"}, "cannot start in the future"),
        ({"value": "-1"}, "cannot be less than nothing"),
        ({"value": "a lot"}, "Enter a number"),
    ],
)
def test_what_cannot_be_is_said(cast: Cast, fields: dict[str, object], message: str) -> None:
    html = page(post(cast.loss_prevention, cast.campaign, report(cast, **fields)))
    assert message in html
    assert not Offender.objects.exists()


def test_another_retailers_store_cannot_be_named(cast: Cast) -> None:
    html = page(post(cast.loss_prevention, cast.campaign, report(cast, store=cast.other_store.pk)))
    assert "Select a valid choice" in html
    assert not Offender.objects.exists()


def test_who_reports_and_the_only_store_are_filled_in(cast: Cast) -> None:
    html = page(client_of(cast.neighbour).get(reverse("retailer:offender-add", args=[cast.campaign.uid])))
    assert 'value="Nell Brook"' in html
    assert f'<option value="{cast.other_store.pk}" selected>' in html


def test_it_is_in_the_log_without_the_values(cast: Cast) -> None:
    post(cast.loss_prevention, cast.campaign, report(cast, goods="SECRET-GOODS"))
    tags = list(Entry.objects.values_list("tag", flat=True))
    assert "collection:offender:added" in tags
    assert "collection:still:received" in tags
    assert "SECRET-GOODS" not in str(list(Entry.objects.values()))
