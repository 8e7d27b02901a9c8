"""Looking at a still: recorded, private, and bystanders are not recognisable."""

from io import BytesIO

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image

from portal import storage
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.submissions.models import Still
from tests.cast import Cast, found_face, make_offender, make_still, picture, search_still

FIRST, SECOND = (20, 20, 60, 70), (200, 40, 60, 70)


def pixels(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(content)).convert("RGB"), np.float32)


def detail(image: np.ndarray, box: tuple[int, int, int, int]) -> float:
    """How much neighbouring pixels differ inside a box."""
    x, y, w, h = box
    part = image[y : y + h, x : x + w].mean(2)
    return float(np.abs(np.diff(part, axis=1)).mean())


@pytest.fixture
def still(cast: Cast) -> Still:
    made = make_still(make_offender(cast.loss_prevention, cast.campaign), picture(77))
    search_still(made, [found_face(*FIRST), found_face(*SECOND)])
    return made


@pytest.fixture
def url(still: Still) -> str:
    return reverse("retailer:still-image", args=[still.uid])


def test_it_is_private_and_recorded(still: Still, url: str, lena: Client, cast: Cast) -> None:
    response = lena.get(url)
    assert response["Content-Type"] == "image/jpeg"
    assert response["Cache-Control"] == "private, no-store"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "sandbox"
    entry = Entry.objects.get(tag=Tag.STILL_VIEWED)
    assert (entry.subject_id, entry.actor_id) == (str(still.uid), cast.loss_prevention.pk)
    assert entry.details == {"purpose": "looking"}


def test_only_the_chosen_face_stays_clear(still: Still, url: str, lena: Client) -> None:
    stored, seen = pixels(picture(77)), pixels(lena.get(url).content)
    assert seen.shape == stored.shape
    assert detail(seen, FIRST) > 0.8 * detail(stored, FIRST)
    assert detail(seen, SECOND) < 0.3 * detail(stored, SECOND)


def test_an_overlapping_bystander_does_not_hide_the_chosen_face(cast: Cast, lena: Client) -> None:
    still = make_still(make_offender(cast.loss_prevention, cast.campaign), picture(78))
    search_still(still, [found_face(100, 50, 60, 60), found_face(140, 60, 60, 60)])
    seen = pixels(lena.get(reverse("retailer:still-image", args=[still.uid])).content)
    assert detail(seen, (100, 50, 60, 60)) > 0.8 * detail(pixels(picture(78)), (100, 50, 60, 60))


def test_for_choosing_all_faces_are_clear_and_it_says_so(url: str, lena: Client) -> None:
    seen = pixels(lena.get(url, {"for": "choosing"}).content)
    assert detail(seen, SECOND) > 0.8 * detail(pixels(picture(77)), SECOND)
    assert Entry.objects.get(tag=Tag.STILL_VIEWED).details == {"purpose": "choosing"}


def test_on_the_board_only_the_face_is_sent(url: str, lena: Client) -> None:
    image = Image.open(BytesIO(lena.get(url, {"for": "board"}).content))
    assert max(image.size) <= 160


def test_a_bystander_close_by_is_not_recognised_on_the_board(cast: Cast, lena: Client) -> None:
    still = make_still(make_offender(cast.loss_prevention, cast.campaign), picture(79))
    search_still(still, [found_face(100, 50, 60, 60), found_face(158, 50, 60, 60)])
    url = reverse("retailer:still-image", args=[still.uid])
    seen = pixels(lena.get(url, {"for": "board"}).content)
    stored = pixels(picture(79))[32:128, 82:178]  # the face with its margin; the bystander begins at 76
    assert detail(seen, (80, 20, 14, 55)) < 0.5 * detail(stored, (80, 20, 14, 55))


def test_the_original_never_leaves(still: Still, url: str, lena: Client) -> None:
    assert storage.read(storage.originals(), still.original_key) not in lena.get(url).content


def test_a_file_that_is_gone_is_not_found(still: Still, url: str, lena: Client) -> None:
    storage.stills().delete(still.copy_key)
    assert lena.get(url).status_code == 404
