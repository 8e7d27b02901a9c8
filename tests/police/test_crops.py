"""Crops: eyes level, at one place and one distance, whatever the picture."""

import io
import math

import numpy as np
import pytest
from PIL import Image, ImageDraw

from portal.police.crops import (
    CROP_HEIGHT,
    CROP_WIDTH,
    EYES_APART,
    EYES_AT,
    FRAME_SIDE,
    aligned_crop,
    eyes_of,
    whole_frame,
)

BOX = {"x": 100.0, "y": 100.0, "w": 100.0, "h": 120.0}


def picture(eyes: list[tuple[float, float]], size: tuple[int, int] = (900, 700)) -> bytes:
    """Grey, with a red dot for each eye."""
    image = Image.new("RGB", size, "grey")
    draw = ImageDraw.Draw(image)
    radius = math.dist(*eyes) / 10
    for x, y in eyes:
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill="red")
    out = io.BytesIO()
    image.save(out, "JPEG", quality=95, subsampling=0)
    return out.getvalue()


def landmarks(eyes: list[tuple[float, float]]) -> list[list[float]]:
    """dlib's five points with these centres of the eyes."""
    (ax, ay), (bx, by) = eyes
    return [[bx + 2, by], [bx - 2, by], [ax - 2, ay], [ax + 2, ay], [(ax + bx) / 2, ay + 20]]


def red_dots(jpeg: bytes) -> list[tuple[float, float]]:
    """Centres of the dots in the left and in the right half."""
    pixels = np.asarray(Image.open(io.BytesIO(jpeg))).astype(int)
    ys, xs = np.nonzero((pixels[..., 0] > 180) & (pixels[..., 1] < 90))
    left = xs < CROP_WIDTH / 2
    return [(float(xs[side].mean()), float(ys[side].mean())) for side in (left, ~left)]


@pytest.mark.parametrize("apart", [20.0, 60.0, 300.0])
@pytest.mark.parametrize("degrees", [0.0, 25.0, -40.0])
def test_the_eyes_are_level_and_at_one_distance(apart: float, degrees: float) -> None:
    turn = math.radians(degrees)
    half = (apart / 2 * math.cos(turn), apart / 2 * math.sin(turn))
    eyes = [(450 - half[0], 350 - half[1]), (450 + half[0], 350 + half[1])]
    box = {"x": 450 - apart, "y": 350 - apart, "w": apart * 2, "h": apart * 2.4}
    left, right = red_dots(aligned_crop(picture(eyes), box, landmarks(eyes)))
    pixel = max(3.0, EYES_APART / apart * 1.2)  # a pixel of the picture, in pixels of the crop
    assert right[0] - left[0] == pytest.approx(EYES_APART, abs=pixel)
    assert right[1] == pytest.approx(left[1], abs=pixel)
    assert (left[0] + right[0]) / 2 == pytest.approx(EYES_AT[0], abs=pixel)
    assert (left[1] + right[1]) / 2 == pytest.approx(EYES_AT[1], abs=pixel)


def test_every_crop_has_one_size_and_no_metadata() -> None:
    eyes = [(5.0, 5.0), (25.0, 5.0)]
    for size in ((64, 64), (900, 700)):
        crop = Image.open(io.BytesIO(aligned_crop(picture(eyes, size), BOX, None)))
        assert crop.size == (CROP_WIDTH, CROP_HEIGHT)
        assert "exif" not in crop.info


def test_a_profile_is_not_blown_up() -> None:
    close = [(150.0, 150.0), (152.0, 150.0)]
    assert eyes_of(BOX, landmarks(close)).apart == pytest.approx(28)


def test_a_large_frame_is_reduced_and_the_face_outlined() -> None:
    eyes = [(300.0, 300.0), (340.0, 300.0)]
    frame = Image.open(io.BytesIO(whole_frame(picture(eyes, (3200, 1600)), BOX)))
    assert frame.size == (FRAME_SIDE, FRAME_SIDE // 2)
    pixels = np.asarray(frame).astype(int)
    yellow = (pixels[..., 0] > 200) & (pixels[..., 1] > 150) & (pixels[..., 2] < 120)
    ys, xs = np.nonzero(yellow)
    assert (xs.min(), ys.min()) == (pytest.approx(48, abs=4), pytest.approx(48, abs=4))
