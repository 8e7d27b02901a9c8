"""The gallery manager's pages."""

from datetime import timedelta
from typing import Any

from django.core import signing
from django.urls import reverse
from django.utils import timezone

from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.gallery.models import CaseOutcome, CustodyImage, Template
from portal.gallery.queries import searchable_images
from portal.police import holdings
from portal.work import WorkState
from tests.cast import Cast, client_of, make_custody_image, make_gallery


def test_every_image_is_counted_once(cast: Cast) -> None:
    images = make_gallery(cast.force, 6)
    yesterday, now = timezone.localdate() - timedelta(days=1), timezone.now()
    changes: list[dict[str, Any]] = [
        {"review_on": yesterday},
        {"deletion_requested_at": now},
        {"erased_at": now, "deletion_requested_at": now},
        {"work_state": WorkState.REFUSED, "work_error": "no face was found in this image"},
        {"work_state": WorkState.QUEUED, "review_on": yesterday},
    ]
    for image, fields in zip(images, changes, strict=False):
        CustodyImage.objects.filter(pk=image.pk).update(**fields)
    make_custody_image(cast.other_force, 99)
    counts = {code: number for code, _, number in holdings.counted(cast.gallery_manager)}
    some = {"searchable": 1, "refused": 1, "expired": 2, "deletion": 1, "erased": 1}
    assert counts == {"waiting": 0, "quarantined": 0, **some}
    page = client_of(cast.gallery_manager).get(reverse("police:gallery-images") + "?state=refused")
    assert "no face was found in this image" in page.content.decode()
    assert "NM/000099" not in page.content.decode()


def test_a_picture_needs_a_reason_and_leaves_it_in_the_log(cast: Cast) -> None:
    image, client = make_custody_image(cast.force, 1), client_of(cast.gallery_manager)
    url = reverse("police:custody-image", args=[image.uid])
    picture = reverse("police:custody-picture", args=[image.uid])
    assert picture not in client.get(url).content.decode()
    assert client.get(picture).status_code == 404
    assert client.post(url, {"reason": ""}).status_code == 422
    page = client.post(url, {"reason": "Complaint 17"})
    permit = page.context["permit"]
    assert client.get(picture, {"permit": permit}).status_code == 200
    entry = Entry.objects.filter(tag=Tag.CUSTODY_IMAGE_VIEWED).latest("number")
    assert (entry.reason, entry.subject_id) == ("Complaint 17", str(image.uid))


def test_a_permit_is_for_one_person_and_one_image(cast: Cast) -> None:
    image, other = make_gallery(cast.force, 2)
    client = client_of(cast.gallery_manager)
    for person, uid in ((cast.auditor, image.uid), (cast.gallery_manager, other.uid)):
        permit = signing.dumps([person.pk, str(uid), "reason"], salt="custody-view")
        answer = client.get(reverse("police:custody-picture", args=[image.uid]), {"permit": permit})
        assert answer.status_code == 404


def test_a_deletion_request_takes_it_out_of_every_search(cast: Cast) -> None:
    image, client = make_custody_image(cast.force, 1), client_of(cast.gallery_manager)
    url = reverse("police:deletion-request", args=[image.uid])
    assert client.post(url, {"reason": ""}).status_code == 422
    assert client.post(url, {"reason": "acquitted, asked"}).status_code == 302
    assert image not in searchable_images()


def test_a_review_looks_ahead(cast: Cast) -> None:
    image, client = make_custody_image(cast.force, 1), client_of(cast.gallery_manager)
    url = reverse("police:custody-review", args=[image.uid])
    form = {"case_outcome": CaseOutcome.NFA, "reason": "periodic review"}
    past = timezone.localdate() - timedelta(days=1)
    assert client.post(url, {**form, "review_on": past}).status_code == 422
    ahead = timezone.localdate() + timedelta(days=700)
    assert client.post(url, {**form, "review_on": ahead}).status_code == 302
    image.refresh_from_db()
    assert (image.review_on, image.case_outcome) == (ahead, CaseOutcome.NFA)


def test_erasing_now_leaves_a_certificate(cast: Cast) -> None:
    image, client = make_custody_image(cast.force, 1), client_of(cast.gallery_manager)
    url = reverse("police:custody-erase", args=[image.uid])
    assert client.post(url, {"reason": "ordered by a court"}).status_code == 422
    page = client.post(url, {"reason": "ordered by a court", "confirmed": "on"}, follow=True)
    assert "Certificate of erasure" in page.content.decode()
    assert not Template.objects.filter(image=image).exists()
    again = client.post(url, {"reason": "once more", "confirmed": "on"}, follow=True)
    assert "erased already" in again.content.decode()
