"""Adding stills to an offender that is there."""

from datetime import UTC, datetime

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from matching.decoding import DecodeLimits
from portal.submissions.actions import move_campaign
from portal.submissions.states import CampaignState
from tests.cast import Cast, make_offender, picture


def files(*contents: bytes) -> list[SimpleUploadedFile]:
    return [SimpleUploadedFile(f"still-{n}.jpg", content) for n, content in enumerate(contents)]


def test_good_ones_are_kept_bad_ones_named(cast: Cast, lena: Client) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign)
    url = reverse("retailer:still-add", args=[offender.uid])
    data = {"stills": files(picture(1), b"GIF89a", picture(2)), "captured_at": "2026-11-01T10:15"}
    html = lena.post(url, data, follow=True).content.decode()
    assert "2 stills were received" in html
    assert "still-1.jpg was not taken." in html
    moments = set(offender.stills.values_list("captured_at", flat=True))
    assert moments == {datetime(2026, 11, 1, 10, 15, tzinfo=UTC)}


def test_a_file_that_is_too_large_is_not_read_to_its_end(cast: Cast, lena: Client) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign)
    large = picture(1) + bytes(DecodeLimits().max_bytes + 1000)
    url = reverse("retailer:still-add", args=[offender.uid])
    html = lena.post(url, {"stills": files(large)}, follow=True).content.decode()
    assert "larger than 32 MB" in html
    assert offender.refused_uploads.get().bytes == DecodeLimits().max_bytes + 1


def test_no_file_is_asked_for(cast: Cast, lena: Client) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign)
    html = lena.post(reverse("retailer:still-add", args=[offender.uid]), {}).content.decode()
    assert "Choose at least one still." in html


def test_a_name_made_to_deceive_is_shown_plainly(cast: Cast, lena: Client) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign)
    file = SimpleUploadedFile("face\u202egpj.exe", picture(1))
    lena.post(reverse("retailer:still-add", args=[offender.uid]), {"stills": [file]})
    assert offender.stills.get().name == "facegpj.exe"


def test_not_after_closing(cast: Cast, lena: Client) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign)
    move_campaign(cast.campaign, CampaignState.CLOSED, by=cast.supervisor)
    url = reverse("retailer:still-add", args=[offender.uid])
    html = lena.post(url, {"stills": files(picture(1))}, follow=True).content.decode()
    assert "This campaign is closed" in html
    assert not offender.stills.exists()
