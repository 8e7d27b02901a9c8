"""A shop aisle in perspective: tiled floor, shelves with products, ceiling lights. Nobody in it yet."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from matching.synthetic.surface import Array, patch

PER_METRE = 150
"""Texture pixels per metre of shelf and floor."""

LENGTH, SHELF_HIGH, CEILING = 11.0, 1.95, 3.1
"""Metres."""

SHOPS = 16
"""Different shelf fillings; kept small so that a data set shares them like a chain's cameras do."""


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """A mounted camera: frame in px, focal length px, height above the floor m, tilt down in radians,
    sideways place in the aisle m and pan in radians."""

    width: int
    height: int
    focal: float
    mount: float
    tilt: float
    sideways: float
    pan: float

    def project(self, points: Array) -> Array:
        """Pixels (n, 2) of points (n, 3): metres right of the aisle's middle, above the floor, ahead."""
        x, y, z = (points - (self.sideways, self.mount, 0.0)).T
        x, z = x * np.cos(self.pan) - z * np.sin(self.pan), x * np.sin(self.pan) + z * np.cos(self.pan)
        down, ahead = (
            -y * np.cos(self.tilt) - z * np.sin(self.tilt),
            z * np.cos(self.tilt) - y * np.sin(self.tilt),
        )
        ahead = np.maximum(ahead, 0.05)
        return np.stack(
            [self.width / 2 + self.focal * x / ahead, self.height / 2 + self.focal * down / ahead], 1
        )


def aisle(view: Viewpoint, shop: int, half_width: float = 1.25) -> Array:
    """The empty aisle, float32 RGB 0..255 (height, width, 3)."""
    picture = np.full((view.height, view.width, 3), 96, np.uint8)
    near = 0.9
    _plane(
        picture,
        view,
        _ceiling(),
        [(-6, CEILING, near), (6, CEILING, near), (6, CEILING, 24), (-6, CEILING, 24)],
    )
    _plane(
        picture,
        view,
        _wall(shop % 4),
        [(-6, CEILING, LENGTH), (6, CEILING, LENGTH), (6, 0, LENGTH), (-6, 0, LENGTH)],
    )
    _plane(picture, view, _floor(shop % 4), [(-3, 0, LENGTH), (3, 0, LENGTH), (3, 0, near), (-3, 0, near)])
    for side in (-1, 1):
        x = side * half_width
        corners = [(x, SHELF_HIGH, near), (x, SHELF_HIGH, LENGTH), (x, 0, LENGTH), (x, 0, near)]
        _plane(picture, view, _shelves(2 * (shop % SHOPS) + (side > 0)), corners)
    return picture.astype(np.float32)


def _plane(
    picture: Array, view: Viewpoint, texture: Array, corners: list[tuple[float, float, float]]
) -> None:
    """Warp a texture onto four corners (its top left, top right, bottom right, bottom left) in place."""
    high, wide = texture.shape[:2]
    source = np.array([(0, 0), (wide, 0), (wide, high), (0, high)], np.float32)
    target = view.project(np.asarray(corners, np.float64)).astype(np.float32)
    turn = cv2.getPerspectiveTransform(source, target)
    size = (view.width, view.height)
    cv2.warpPerspective(texture, turn, size, picture, cv2.INTER_LINEAR, cv2.BORDER_TRANSPARENT)


@lru_cache(maxsize=2 * SHOPS)
def _shelves(number: int) -> Array:
    """A run of shelving seen square on, near end left, darker towards the floor."""
    rng = np.random.default_rng((0x5E1F, number))
    wide, high = int((LENGTH - 0.9) * PER_METRE), int(SHELF_HIGH * PER_METRE)
    sheet = np.full((high, wide, 3), (58, 56, 54), np.uint8)
    level = high - 14
    for _ in range(5):
        tall = int(rng.uniform(0.30, 0.40) * PER_METRE)
        _fill_shelf(sheet, rng, level, tall)
        cv2.rectangle(sheet, (0, level), (wide, level + 7), (188, 186, 180), -1)
        _price_labels(sheet, rng, level)
        level -= tall + 8
    shade = np.linspace(1.05, 0.6, high)[:, None, None]
    grain = 1 + 0.05 * np.resize(patch("blotch", number, (min(high, 1024), 1024)), (high, wide))[..., None]
    return np.clip(sheet * shade * grain, 0, 255).astype(np.uint8)


def _fill_shelf(sheet: Array, rng: np.random.Generator, level: int, tall: int) -> None:
    """Products of one shelf: runs of the same box, bottle or bag."""
    x = 4
    while x < sheet.shape[1] - 30:
        paint = _product_colours(rng)
        size = (int(rng.integers(9, 24)), int(tall * rng.uniform(0.5, 0.88)))
        bottle = rng.random() < 0.35
        for _ in range(int(rng.integers(2, 8))):
            if rng.random() < 0.94:
                _product(sheet, (x, level), size, paint, bottle=bottle)
            x += size[0] + 2
        x += int(rng.integers(0, 7))


def _product_colours(rng: np.random.Generator) -> tuple[Array, Array]:
    hsv = np.array([[[rng.integers(0, 180), rng.integers(15, 150), rng.integers(80, 225)]]], np.uint8)
    colour = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0]
    label = np.array((232, 228, 220)) if rng.random() < 0.6 else 255 - colour
    return colour.astype(float), label.astype(float)


def _product(
    sheet: Array, foot: tuple[int, int], size: tuple[int, int], paint: tuple[Array, Array], *, bottle: bool
) -> None:
    (x, y), (wide, tall), (colour, label) = foot, size, paint
    body = y - tall if not bottle else y - int(tall * 0.7)
    cv2.rectangle(sheet, (x, body), (x + wide - 1, y - 1), colour.tolist(), -1)
    if bottle:
        neck = max(wide // 5, 1)
        cv2.rectangle(
            sheet, (x + wide // 2 - neck, y - tall), (x + wide // 2 + neck, body), (colour * 0.8).tolist(), -1
        )
    cv2.rectangle(
        sheet, (x + 1, y - int(tall * 0.5)), (x + wide - 2, y - int(tall * 0.2)), label.tolist(), -1
    )
    cv2.line(
        sheet, (x + 2, y - int(tall * 0.36)), (x + wide - 3, y - int(tall * 0.36)), (colour * 0.5).tolist(), 2
    )
    cv2.line(sheet, (x + wide - 1, body), (x + wide - 1, y), (colour * 0.55).tolist(), 1)


def _price_labels(sheet: Array, rng: np.random.Generator, level: int) -> None:
    for x in range(6, sheet.shape[1], 34):
        yellow = rng.random() < 0.15
        cv2.rectangle(
            sheet, (x, level + 1), (x + 15, level + 6), (240, 214, 60) if yellow else (244, 244, 240), -1
        )


@lru_cache(maxsize=4)
def _floor(shop: int) -> Array:
    """Square tiles with joints, wear and the shine of the lights."""
    rng = np.random.default_rng((0xF100, shop % 4))
    wide, high, tile = 6 * 100, int((LENGTH - 0.9) * 100), 50
    tint = np.array([(176, 172, 164), (158, 162, 166), (186, 178, 160), (150, 146, 140)][shop % 4], float)
    tone = np.kron(rng.uniform(0.94, 1.04, (high // tile + 1, wide // tile + 1)), np.ones((tile, tile)))[
        :high, :wide
    ]
    sheet = tone[..., None] * tint
    sheet[::tile] *= 0.8
    sheet[:, ::tile] *= 0.8
    glare = 1 + 0.25 * np.exp(-(((np.arange(wide) - wide / 2) / 60.0) ** 2))
    lamps = 0.85 + 0.15 * np.sin(np.arange(high) / 38)
    edge = np.clip(1.15 - (np.abs(np.arange(wide) - wide / 2) / 125.0) ** 6 * 0.5, 0.45, 1)
    return np.clip(sheet * (glare * edge)[None, :, None] * lamps[:, None, None], 0, 255).astype(np.uint8)


@lru_cache(maxsize=1)
def _ceiling() -> Array:
    sheet = np.full((600, 480, 3), (142, 142, 140), np.uint8)
    sheet[::25] = 118
    sheet[:, ::24] = 118
    for x in (108, 228, 348):
        for y in range(20, 600, 75):
            cv2.rectangle(sheet, (x, y), (x + 24, y + 50), (255, 255, 250), -1)
    return sheet


@lru_cache(maxsize=4)
def _wall(shop: int) -> Array:
    """The far end: a wall with a chiller and a sign."""
    rng = np.random.default_rng((0xA11, shop))
    sheet = np.full((310, 1200, 3), (150, 148, 142), np.uint8)
    cv2.rectangle(sheet, (300, 110), (900, 310), (70, 78, 84), -1)
    for x in range(310, 890, 58):
        cv2.rectangle(sheet, (x, 120), (x + 50, 300), (118, 134, 142), -1)
        for y in range(140, 300, 32):
            colour = rng.integers(95, 185, 3).tolist()
            cv2.rectangle(sheet, (x + 3, y), (x + 46, y + 22), colour, -1)
    cv2.rectangle(sheet, (480, 40), (720, 90), rng.integers(30, 140, 3).tolist(), -1)
    return sheet
