"""Coordinates a head is modelled in: a capsule map of the whole head and a flat grid for the face.

The capsule map holds one radius per (angle around the neck axis, height). Below ``CENTRE_Y`` it is a
cylinder; above, a dome whose height runs along the arc, so that a camera overhead sees an even crown.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from matching.synthetic.identity import RGB

Array = NDArray[Any]

ANGLE_MAX, ANGLE_STEP = 126.0, 0.4
V_TOP, V_BOTTOM, V_STEP = -163.5, 170.0, 0.55
CENTRE_Y, DOME = -30.0, 85.0

FACE_X, FACE_TOP, FACE_BOTTOM, FACE_STEP = 80.0, -80.0, 135.0, 0.5


@dataclass(frozen=True)
class CapsuleGrid:
    """Axes of the capsule map; rows are heights (H, 1), columns angles (1, W), all float32."""

    angle: Array
    v: Array
    sin: Array
    cos: Array
    rise_sin: Array
    rise_cos: Array

    @property
    def shape(self) -> tuple[int, int]:
        return self.v.shape[0], self.angle.shape[1]

    def points(self, radius: Array) -> tuple[Array, Array, Array]:
        """x, y, z (H, W) of the surface with this radius, mm."""
        level = np.maximum(self.v, CENTRE_Y)
        flat = radius * self.rise_cos
        return flat * self.sin, level + radius * self.rise_sin, flat * self.cos


@lru_cache(maxsize=1)
def capsule_grid() -> CapsuleGrid:
    """The one grid every head shares."""
    angle = np.arange(-ANGLE_MAX, ANGLE_MAX + ANGLE_STEP / 2, ANGLE_STEP, dtype=np.float32)[None, :]
    v = np.arange(V_TOP, V_BOTTOM, V_STEP, dtype=np.float32)[:, None]
    rise = np.minimum((v - CENTRE_Y) / DOME, 0)
    turn = np.deg2rad(angle)
    return CapsuleGrid(angle, v, np.sin(turn), np.cos(turn), np.sin(rise), np.cos(rise))


class FaceGrid:
    """A flat grid seen from the front, ``FACE_STEP`` mm apart, on which features are drawn."""

    def __init__(self) -> None:
        self.x = np.arange(-FACE_X, FACE_X + 0.1, FACE_STEP, dtype=np.float32)[None, :]
        self.y = np.arange(FACE_TOP, FACE_BOTTOM + 0.1, FACE_STEP, dtype=np.float32)[:, None]
        self.shape = (self.y.shape[0], self.x.shape[1])

    def bump(self, x: float, y: float, spread_x: float, spread_y: float) -> Array:
        """A Gaussian hill of height 1 at (x, y)."""
        across = np.exp(-0.5 * ((self.x - x) / spread_x) ** 2)
        down = np.exp(-0.5 * ((self.y - y) / spread_y) ** 2)
        return (across * down).astype(np.float32)

    def pair(self, x: float, y: float, spread_x: float, spread_y: float) -> Array:
        """The same hill on both sides of the face."""
        return self.bump(x, y, spread_x, spread_y) + self.bump(-x, y, spread_x, spread_y)

    def stroke(self, points: list[tuple[float, float]], width: float, soft: float) -> Array:
        """A soft line through points (mm), height about 1 along it."""
        mask = np.zeros(self.shape, np.uint8)
        pixels = (np.asarray(points) - (-FACE_X, FACE_TOP)) / FACE_STEP * 16
        thickness = max(round(width / FACE_STEP), 1)
        cv2.polylines(mask, [np.rint(pixels).astype(np.int32)], False, 255, thickness, cv2.LINE_AA, 4)
        blurred = cv2.GaussianBlur(mask, (0, 0), soft / FACE_STEP) if soft else mask
        peak = max(int(blurred.max()), 1)
        return blurred.astype(np.float32) / peak

    def onto_head(self, layer: Array, x: Array, y: Array, outside: float) -> Array:
        """A layer (h, w[, 3]) resampled at head points x, y (H, W)."""
        across, down = (x + FACE_X) / FACE_STEP, (y - FACE_TOP) / FACE_STEP
        border = (outside, outside, outside, outside)
        return cv2.remap(layer, across, down, cv2.INTER_LINEAR, None, cv2.BORDER_CONSTANT, border)


@lru_cache(maxsize=1)
def face_grid() -> FaceGrid:
    """The one face grid every head shares."""
    return FaceGrid()


@lru_cache(maxsize=8)
def noise(kind: str) -> Array:
    """A fixed 1024 x 1024 tile of zero-mean, unit-spread noise: grain, soft, blotch, strand or curl."""
    rng = np.random.default_rng((0xA015E, sum(kind.encode())))
    white: Array = rng.standard_normal((1024, 1024), np.float32)
    spread = {"grain": (0, 0), "soft": (2.2, 2.2), "blotch": (14, 14), "strand": (0.7, 26), "curl": (5, 5)}[
        kind
    ]
    if spread[0]:
        reach = tuple(int(4 * s) | 1 for s in spread)
        wrapped = cv2.copyMakeBorder(white, 128, 128, 128, 128, cv2.BORDER_WRAP)
        blurred = cv2.GaussianBlur(wrapped, reach, spread[0], None, spread[1])
        white = blurred[128:-128, 128:-128]
    return np.ascontiguousarray(white / white.std())


def patch(kind: str, seed: int, shape: tuple[int, int]) -> Array:
    """A window (h, w <= 1024) of a noise tile, placed by the seed; read only."""
    tile, rng = noise(kind), np.random.default_rng((0x9A7C, seed, sum(kind.encode())))
    row, column = (
        int(rng.integers(0, whole - part + 1)) for whole, part in zip(tile.shape, shape, strict=True)
    )
    return tile[row : row + shape[0], column : column + shape[1]]


def linear(rgb: RGB) -> Array:
    """sRGB 0..255 to light, with the gamma of 2 this renderer uses throughout (fast and close enough)."""
    return (np.asarray(rgb, np.float32) / 255) ** 2


def ramp(values: Array, low: float, high: float) -> Array:
    """0 below ``low``, 1 above ``high``, smooth between (also downwards when low > high)."""
    t = np.clip((values - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)
