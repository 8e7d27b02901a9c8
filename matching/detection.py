"""Finding faces: tight boxes with a score. Detectors share a Protocol; which one is a setting.

The default is a cascade: what finds nearly every face in a usable still runs first, and what costs more or
errs more often runs only where nothing was found. Shares and false alarms of every step:
docs/evaluation.md.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from matching.engine import Image
from matching.geometry import Box, clipped, grown, intersection_over_smaller, mapped
from matching.mtcnn_network import Floats, MtcnnNetworks, Thresholds

LONGEST_SIDE = 1600  # a still is searched at no more than this; a 20-pixel face in a larger one, by region
REGION_FACE = 80  # a drawn region is brought to this width before it is searched
FILLING = (0.85, 1.0, 1.2, 1.4)  # sides of squares tried as the face, in shorter sides of the picture
DRAWN_SCORE = 0.0  # of a face that only the person who drew the box has seen


@dataclass(frozen=True)
class Detection:
    """`score` orders detections of one detector, it is no probability; `square` is where landmarks are
    looked for.
    """

    box: Box
    score: float
    square: Box


class Detector(Protocol):
    """name and version are recorded with every search."""

    name: str
    version: str

    def detect(self, image: Image) -> list[Detection]:
        """Faces in the image's pixels, any order."""

    def detect_in(self, image: Image, region: Box) -> list[Detection]:
        """Faces in the region a person drew around one; never empty: at worst the region itself."""


class HogDetector:
    """dlib's frontal HOG detector on an image upsampled once: faces from about 40 px, near frontal."""

    name = "hog"
    version = "dlib-20.0.1"

    def __init__(self, threshold: float = -0.2, upsample: int = 1) -> None:
        import dlib

        self._detector: Any = dlib.get_frontal_face_detector()
        self._threshold = threshold
        self._upsample = upsample

    def detect(self, image: Image) -> list[Detection]:
        """Its boxes are the squares its landmarks were trained with."""
        small, scale = resized(image, min(1.0, LONGEST_SIDE / max(image.shape[:2])))
        boxes, scores, _ = self._detector.run(small, self._upsample, self._threshold)
        found = [mapped(Box(b.left(), b.top(), b.width(), b.height()), 1 / scale) for b in boxes]
        return [Detection(box, float(score), box) for box, score in zip(found, scores, strict=True)]

    def detect_in(self, image: Image, region: Box) -> list[Detection]:
        """The region is enlarged first."""
        return in_region(image, region, self.detect)


class CascadeDetector:
    """MTCNN's networks: as published; then smoothed, smaller and brighter; then as a close-up without
    margins; then as a picture that is nothing but a face; then for faces with a dark half.
    """

    name = "cascade"
    version = "mtcnn-1.0.0/6"

    def __init__(self, weights_dir: Path | None = None) -> None:
        self._networks = MtcnnNetworks(weights_dir)

    def detect(self, image: Image) -> list[Detection]:
        """Faces from about 16 px."""
        small, scale = resized(image, min(1.0, LONGEST_SIDE / max(image.shape[:2])))
        steps = (
            self._plainly,
            self._smoothed,
            self._brightened,
            self._close_up,
            self._filling,
            self._half_lit,
        )
        for step in steps:
            found = step(small)
            if found:
                return [_enlarged(detection, 1 / scale) for detection in found]
        return []

    def detect_in(self, image: Image, region: Box) -> list[Detection]:
        """The person knows that a face is there: enlarged, smoothed, lower thresholds."""
        return in_region(image, region, self._prompted)

    def _plainly(self, image: Image) -> list[Detection]:
        return _detections(*self._networks.find(image, 20, Thresholds()))

    def _smoothed(self, image: Image) -> list[Detection]:
        return _detections(*self._networks.find(smoothed(image), 16, Thresholds(0.5, 0.5, 0.5)))

    def _brightened(self, image: Image) -> list[Detection]:
        bright = brightened(smoothed(image), 0.6)
        return _detections(*self._networks.find(bright, 16, Thresholds(0.5, 0.5, 0.5)))

    def _close_up(self, image: Image) -> list[Detection]:
        """A face that fills the picture, or is cut by its edge, needs margins to be seen as one."""
        margin = max(image.shape[:2]) // 3
        wide = brightened(framed(image, margin), 0.5)
        found = self._networks.find(wide, min(image.shape[:2]) / 4, Thresholds(0.5, 0.5, 0.5))
        offset = np.float32(margin)
        return _detections(found[0] - offset, found[1], found[2] - offset)

    def _filling(self, image: Image) -> list[Detection]:
        """A tight crop in hard side light shows the proposal network half a face: the two later networks
        are asked about the whole picture instead.
        """
        found = self._networks.confirm(image, _about_the_middle(image), Thresholds(0.0, 0.6, 0.9))
        return _detections(*found)

    def _half_lit(self, image: Image) -> list[Detection]:
        """Hard side light on a face in a frame: more proposals, and a stricter last network."""
        return _detections(*self._networks.find(image, 24, Thresholds(0.1, 0.5, 0.95), corrected=False))

    def _prompted(self, image: Image) -> list[Detection]:
        plain = self._networks.find(image, REGION_FACE * 0.4, Thresholds(0.5, 0.5, 0.5))
        if not len(plain[0]):
            bright = brightened(smoothed(image), 0.6)
            plain = self._networks.find(bright, REGION_FACE * 0.4, Thresholds(0.4, 0.3, 0.3))
        return _detections(*plain)


def _detections(boxes: Floats, scores: Floats, points: Floats) -> list[Detection]:
    return [
        Detection(Box(left, top, right - left, bottom - top), score, _square(place))
        for (left, top, right, bottom), score, place in zip(
            boxes.tolist(), scores.tolist(), points, strict=True
        )
    ]


def _about_the_middle(image: Image) -> Floats:
    """(36, 4) left, top, right, bottom: squares of nearly the picture's size, shifted by up to a tenth."""
    height, width = image.shape[:2]
    return np.array(
        [
            (x - side / 2, y - side / 2, x + side / 2, y + side / 2)
            for side in np.array(FILLING) * min(height, width)
            for x in width * np.array([0.4, 0.5, 0.6])
            for y in height * np.array([0.4, 0.5, 0.6])
        ],
        dtype=np.float32,
    )


def _square(points: Floats) -> Box:
    """The square dlib's detector would have drawn, from eyes, nose and mouth corners.

    Fitted on 3,399 photos on which both detectors agree. Points are steadier than the box where a face is
    small: the list of 20 held 49 % of the mates instead of 38 % at 36 px (docs/evaluation.md).
    """
    eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
    between, down = np.hypot(*(points[1] - points[0])), np.hypot(*(mouth - eyes))
    side = 1.218 * float(between + down)
    x, y = (eyes + mouth) / 2 + np.array([0.0368, 0.0171]) * side
    return Box(float(x) - side / 2, float(y) - side / 2, side, side)


def tight(box: Box, score: float) -> Detection:
    """With the square dlib's detector would have drawn: fitted on 3,399 photos on which both detectors
    agree.
    """
    side = 0.99 * (box.area**0.5)
    x, y = box.centre
    x, y = x + 0.0186 * side, y - 0.0641 * side
    return Detection(box, score, Box(x - side / 2, y - side / 2, side, side))


def _enlarged(detection: Detection, scale: float, dx: float = 0.0, dy: float = 0.0) -> Detection:
    return Detection(
        mapped(detection.box, scale, dx, dy), detection.score, mapped(detection.square, scale, dx, dy)
    )


def in_region(image: Image, region: Box, find: Callable[[Image], Sequence[Detection]]) -> list[Detection]:
    """Search the region and its surroundings at a set size; keep what overlaps what was drawn."""
    area = clipped(grown(region, 0.75), image.shape[1], image.shape[0])
    left, top = int(area.x), int(area.y)
    crop = image[top : int(area.y + area.h), left : int(area.x + area.w)]
    drawn = tight(region, DRAWN_SCORE)
    if min(crop.shape[:2]) < 8 or region.area <= 0:
        return [drawn]
    crop, scale = resized(crop, REGION_FACE / max(region.w, 1.0))
    found = [_enlarged(detection, 1 / scale, left, top) for detection in find(crop)]
    inside = [one for one in found if intersection_over_smaller(one.box, region) > 0.5]
    return inside or [drawn]


def resized(image: Image, scale: float) -> tuple[Image, float]:
    """The image scaled, at most 8 times larger, and the factor that was applied."""
    import cv2

    scale = min(scale, 8.0)
    if scale == 1.0:
        return image, 1.0
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, size, interpolation=kind), dtype=np.uint8), scale


def smoothed(image: Image) -> Image:
    """Sensor noise and JPEG blocks hide small faces from the networks more than a slight blur does."""
    import cv2

    return np.asarray(cv2.GaussianBlur(image, (0, 0), 1.0), dtype=np.uint8)


def brightened(image: Image, gamma: float) -> Image:
    """Gamma below 1 lifts the shadows."""
    table = (255 * (np.arange(256) / 255.0) ** gamma).astype(np.uint8)
    return table[image]


def framed(image: Image, margin: int) -> Image:
    """The image with its own edge pixels repeated `margin` pixels outwards."""
    import cv2

    sides = (margin,) * 4
    return np.asarray(cv2.copyMakeBorder(image, *sides, cv2.BORDER_REPLICATE), dtype=np.uint8)
