"""Finding faces: boxes with a score, best first. Detectors share a Protocol; which one is a setting."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from matching.engine import Image
from matching.geometry import Box, mapped
from matching.mtcnn_network import MtcnnNetworks, Thresholds

HOG_SHORTEST_FACE = 40  # pixels; dlib's HOG window with one upsampling
LONGEST_SIDE = (
    1600  # a still is searched at no more than this; a 20-pixel face in a larger one is searched by region
)


@dataclass(frozen=True)
class Detection:
    """`score` orders detections of one detector; it is no probability."""

    box: Box
    score: float


class Detector(Protocol):
    """name and version are recorded with every search."""

    name: str
    version: str

    def detect(self, image: Image) -> list[Detection]:
        """Boxes in the image's pixels, any order."""


class HogDetector:
    """dlib's frontal HOG detector on an image upsampled once."""

    name = "hog"
    version = "dlib-20.0.1"

    def __init__(self, threshold: float = -0.2, upsample: int = 1) -> None:
        import dlib

        self._detector: Any = dlib.get_frontal_face_detector()
        self._threshold = threshold
        self._upsample = upsample

    def detect(self, image: Image) -> list[Detection]:
        """Faces at least about 40 px wide, near frontal."""
        small, scale = shrunk(image, LONGEST_SIDE)
        boxes, scores, _ = self._detector.run(small, self._upsample, self._threshold)
        found = [Box(b.left(), b.top(), b.width(), b.height()) for b in boxes]
        return [
            Detection(mapped(box, 1 / scale), float(score)) for box, score in zip(found, scores, strict=True)
        ]


def shrunk(image: Image, longest: int) -> tuple[Image, float]:
    """The image at no more than `longest` pixels a side, and the factor applied (<= 1)."""
    import cv2

    scale = min(1.0, longest / max(image.shape[:2]))
    if scale == 1.0:
        return image, 1.0
    size = round(image.shape[1] * scale), round(image.shape[0] * scale)
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA), scale


class CascadeDetector:
    """MTCNN's networks at their usual thresholds; only where that finds nothing, twice the size and lower ones."""

    name = "cascade"
    version = "mtcnn-1.0.0/1"

    def __init__(self, weights_dir: Path | None = None) -> None:
        self._networks = MtcnnNetworks(weights_dir)

    def detect(self, image: Image) -> list[Detection]:
        """Faces at least about 16 px wide, any light."""
        small, scale = shrunk(image, LONGEST_SIDE)
        for shortest, limits in ((20, Thresholds()), (14, Thresholds(0.5, 0.5, 0.5))):
            boxes, scores, _ = self._networks.find(small, shortest, limits)
            if len(boxes):
                break
        return [
            Detection(mapped(Box(*map(float, (l, t, r - l, b - t))), 1 / scale), float(score))
            for (l, t, r, b), score in zip(boxes, scores, strict=True)
        ]
