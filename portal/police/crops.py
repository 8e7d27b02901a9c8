"""Faces turned upright at one scale, so that probe and candidate can be compared: Pillow only, no engine.

Every crop has the same pixel size and carries no metadata, whatever it was made from.
"""

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from matching.geometry import Box, eye_centres
from portal.submissions.bystanders import hide

CROP_WIDTH, CROP_HEIGHT = 600, 750  # pixels
EYES_APART = 140.0  # pixels of the crop between the centres of the eyes
EYES_AT = (CROP_WIDTH / 2, CROP_HEIGHT * 0.44)
# A face in profile has its eyes almost on top of each other: never enlarge beyond this share of its width.
LEAST_EYES_APART = 0.28
USUAL_EYES_APART, USUAL_EYE_LINE = 0.42, 0.38  # of a detector's box, where no points are known
FRAME_SIDE = 1600
JPEG_QUALITY = 92

Points = Sequence[Sequence[float]]


@dataclass(frozen=True)
class Eyes:
    """The middle between the eyes and their distance (pixels of the image), the line's angle (radians)."""

    x: float
    y: float
    apart: float
    angle: float


def eyes_of(box: Mapping[str, float], landmarks: Points | None) -> Eyes:
    """Where the eyes are, from 5 or 68 points, or guessed from the box (x, y, w, h) without them."""
    if landmarks is None or len(landmarks) not in (5, 68):
        middle = box["x"] + box["w"] / 2, box["y"] + box["h"] * USUAL_EYE_LINE
        return Eyes(*middle, box["w"] * USUAL_EYES_APART, 0.0)
    left, right = eye_centres(np.asarray(landmarks, np.float32))
    dx, dy = (float(value) for value in right - left)
    apart = max(math.hypot(dx, dy), box["w"] * LEAST_EYES_APART)
    x, y = (float(value) for value in (left + right) / 2)
    return Eyes(x, y, apart, math.atan2(dy, dx))


def aligned_crop(
    jpeg: bytes, box: Mapping[str, float], landmarks: Points | None, hidden: Sequence[Box] = ()
) -> bytes:
    """A JPEG of CROP_WIDTH × CROP_HEIGHT, the eyes level, centred and EYES_APART; black beyond the edge.

    Faces in `hidden` are blurred, as in whole_frame.
    """
    image = _opened(jpeg, box, hidden)
    eyes = eyes_of(box, landmarks)
    shrink = max(1, int(eyes.apart / EYES_APART))  # average first, or fine detail turns into false detail
    if shrink > 1:
        image = image.reduce(shrink)
    step = eyes.apart / EYES_APART / shrink
    cos, sin = math.cos(eyes.angle) * step, math.sin(eyes.angle) * step
    u, v = EYES_AT
    x, y = eyes.x / shrink, eyes.y / shrink
    matrix = (cos, -sin, x - cos * u + sin * v, sin, cos, y - sin * u - cos * v)
    size = (CROP_WIDTH, CROP_HEIGHT)
    return _encoded(image.transform(size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC))


def whole_frame(jpeg: bytes, box: Mapping[str, float] | None, hidden: Sequence[Box] = ()) -> bytes:
    """The frame, at most FRAME_SIDE pixels a side, with the chosen face outlined, those beside it blurred."""
    image = _opened(jpeg, box, hidden)
    scale = min(1.0, FRAME_SIDE / max(image.size))
    if scale < 1:
        image = image.resize((round(image.width * scale), round(image.height * scale)))
    if box is not None:
        x, y, w, h = (box[side] * scale for side in "xywh")
        line = max(2, round(max(image.size) / 400))
        draw = ImageDraw.Draw(image)
        draw.rectangle((x - line, y - line, x + w + line, y + h + line), outline="black", width=line * 2)
        draw.rectangle((x - line, y - line, x + w + line, y + h + line), outline="#ffbf47", width=line)
    return _encoded(image)


def _opened(jpeg: bytes, box: Mapping[str, float] | None, hidden: Sequence[Box]) -> Image.Image:
    with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as source:
        image: Image.Image = source.convert("RGB")
    hide(image, hidden, Box(*(box[side] for side in "xywh")) if box else None)
    return image


def _encoded(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return out.getvalue()
