"""Officers compare the face that was chosen; nobody else in the picture can be recognised."""

from io import BytesIO

import numpy as np
from django.urls import reverse
from PIL import Image

from portal.reviews import actions as reviews
from portal.reviews.states import Stage
from portal.submissions.models import Still
from tests.cast import (
    Cast,
    client_of,
    decision_on,
    found_face,
    make_gallery,
    make_offender,
    make_still,
    picture,
    search_still,
)

CHOSEN, BESIDE = (20, 20, 60, 70), (200, 40, 60, 70)


def detail(content: bytes, box: tuple[int, int, int, int]) -> float:
    """How much neighbouring pixels differ inside a box."""
    x, y, w, h = box
    part = np.asarray(Image.open(BytesIO(content)).convert("L"), np.float32)[y : y + h, x : x + w]
    return float(np.abs(np.diff(part, axis=1)).mean())


def test_the_frame_shows_the_chosen_face_alone(cast: Cast) -> None:
    make_gallery(cast.force, 2)
    still = make_still(make_offender(cast.loss_prevention, cast.campaign), picture(77))
    search_still(still, [found_face(*CHOSEN), found_face(*BESIDE)])
    review = reviews.claim_review(decision_on(still.offender), Stage.FIRST, by=cast.facial_reviewer)
    officer, parts = client_of(cast.facial_reviewer), {"review_uid": review.uid, "number": 1}
    frame = officer.get(reverse("police:probe-frame", kwargs=parts)).content
    assert detail(frame, BESIDE) < 0.3 * detail(picture(77), BESIDE)
    assert detail(frame, CHOSEN) > 0.8 * detail(picture(77), CHOSEN)
    # The sender's later choice changes nothing in what this review is about.
    Still.objects.filter(pk=still.pk).update(chosen_face=still.faces.get(position=1))
    assert officer.get(reverse("police:probe-frame", kwargs=parts)).content == frame
    assert officer.get(reverse("police:probe-face", kwargs=parts)).status_code == 200
