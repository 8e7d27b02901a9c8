"""Files that were not taken: read, dismissed one by one or all, and still known to the operator."""

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.submissions.models import RefusedUpload
from tests.cast import Cast, client_of, make_offender

Read = Callable[..., str]


@pytest.fixture
def refused(cast: Cast, lena: Client) -> list[RefusedUpload]:
    files = [SimpleUploadedFile(f"a{number}.pdf", b"%%PDF-1.%d" % number) for number in range(3)]
    lena.post(reverse("retailer:board-drop", args=[cast.campaign.uid]), {"stills": files}, follow=True)
    return list(RefusedUpload.objects.order_by("pk"))


def dismiss(client: Client, cast: Cast, *files: object, **headers: str) -> str:
    url = reverse("retailer:refused-dismiss", args=[cast.campaign.uid])
    return client.post(url, {"file": files}, follow=True, headers=headers).content.decode()


def test_one_and_then_all_others_are_dismissed(
    cast: Cast, lena: Client, refused: list[RefusedUpload]
) -> None:
    html = dismiss(lena, cast, refused[0].pk)
    assert "Dismissed." in html
    assert "2 files could not be taken" in html
    assert "a0.pdf" not in html
    html = dismiss(lena, cast, *(one.pk for one in refused), **{"HX-Request": "true"})
    assert "could not be taken" not in html
    assert 'id="board"' in html
    assert "dismissed it already" in dismiss(lena, cast, refused[0].pk, "no number", 10**15)
    entries = Entry.objects.filter(tag=Tag.REFUSAL_DISMISSED).order_by("number")
    assert [len(entry.details["codes"]) for entry in entries] == [1, 2]
    assert {one.dismissed_by for one in RefusedUpload.objects.all()} == {cast.loss_prevention}
    operator = client_of(cast.administrator).get(reverse("oversight:refused"))
    assert operator.context["page"].paginator.count == 3


def test_what_was_refused_for_an_offender_is_dismissed_on_its_page(
    cast: Cast, lena: Client, read: Read
) -> None:
    one = make_offender(cast.loss_prevention, cast.campaign, declared=False)
    bad = {"stills": [SimpleUploadedFile("till.pdf", b"%PDF-1.4")]}
    lena.post(reverse("retailer:still-add", args=[one.uid]), bad)
    lena.get(reverse("retailer:offender", args=[one.uid]))  # says once what became of the files
    assert "Files that were not taken" in read("offender", one.uid)
    html = dismiss(lena, cast, RefusedUpload.objects.get().pk)
    assert f"<h1>{one.title}</h1>" in html
    assert "Files that were not taken" not in html


def test_nobody_dismisses_what_another_retailer_sent(cast: Cast, refused: list[RefusedUpload]) -> None:
    dismiss(client_of(cast.neighbour), cast, *(one.pk for one in refused))
    assert not RefusedUpload.objects.exclude(dismissed_at=None).exists()
