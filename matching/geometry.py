"""Boxes and points in pixels, x right, y down, origin at the image's upper left corner. Pure functions, no
image.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Landmarks = NDArray[np.float32]  # (5, 2) or (68, 2), pixels of the image


@dataclass(frozen=True)
class Box:
    """A rectangle, pixels of the image it was found in; it may reach outside the image."""

    x: float
    y: float
    w: float
    h: float

    @property
    def area(self) -> float:
        """Square pixels."""
        return max(0.0, self.w) * max(0.0, self.h)

    @property
    def centre(self) -> tuple[float, float]:
        """(x, y) of the middle."""
        return self.x + self.w / 2, self.y + self.h / 2


def overlap(a: Box, b: Box) -> float:
    """Area of the intersection, square pixels."""
    width = min(a.x + a.w, b.x + b.w) - max(a.x, b.x)
    height = min(a.y + a.h, b.y + b.h) - max(a.y, b.y)
    return max(0.0, width) * max(0.0, height)


def intersection_over_union(a: Box, b: Box) -> float:
    """0 (apart) .. 1 (the same)."""
    shared = overlap(a, b)
    union = a.area + b.area - shared
    return shared / union if union > 0 else 0.0


def intersection_over_smaller(a: Box, b: Box) -> float:
    """0 (apart) .. 1 (one lies inside the other)."""
    smaller = min(a.area, b.area)
    return overlap(a, b) / smaller if smaller > 0 else 0.0


def grown(box: Box, share: float) -> Box:
    """The box with `share` of its own size added on every side."""
    dx, dy = box.w * share, box.h * share
    return Box(box.x - dx, box.y - dy, box.w + 2 * dx, box.h + 2 * dy)


def clipped(box: Box, width: int, height: int) -> Box:
    """The part of the box inside an image of that size; empty boxes have w or h of 0."""
    left, top = min(max(box.x, 0.0), width), min(max(box.y, 0.0), height)
    right, bottom = min(max(box.x + box.w, 0.0), width), min(max(box.y + box.h, 0.0), height)
    return Box(left, top, right - left, bottom - top)


def mapped(box: Box, scale: float, dx: float = 0.0, dy: float = 0.0) -> Box:
    """Scaled about the origin, then moved: from a crop's pixels back to the image's."""
    return Box(box.x * scale + dx, box.y * scale + dy, box.w * scale, box.h * scale)


def eye_centres(landmarks: Landmarks) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Centres of the eyes, the one on the left of the image first; dlib's 5- and 68-point layouts."""
    if len(landmarks) == 5:  # outer and inner corner of one eye, of the other, base of the nose
        pair = landmarks[2:4].mean(0), landmarks[0:2].mean(0)
    else:
        pair = landmarks[36:42].mean(0), landmarks[42:48].mean(0)
    return pair if pair[0][0] <= pair[1][0] else pair[::-1]


def inter_eye_distance(landmarks: Landmarks) -> float:
    """Pixels between the centres of the eyes (ISO/IEC 29794-5, inter-eye distance)."""
    left, right = eye_centres(landmarks)
    return float(np.hypot(*(right - left)))
