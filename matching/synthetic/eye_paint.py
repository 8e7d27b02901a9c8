"""Eyes as seen from the front: lids, lashes, white, iris, pupil, catchlight."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from matching.synthetic.identity import Identity
from matching.synthetic.surface import FACE_STEP, FACE_TOP, FACE_X, Array, linear, noise, ramp

FINE = 3
"""Eyes are painted this many times finer than the face grid, then averaged down."""

HALF_WIDE, HALF_HIGH = 24, 18
WHITE = linear((214, 206, 200))
DUCT = linear((196, 120, 108))
DARK = linear((26, 18, 15))


@dataclass(frozen=True)
class _Window:
    """One eye's fine grid: mm from its centre (x outwards), s = x / half-width, and its lid lines (1, w)."""

    x: Array
    y: Array
    s: Array
    upper: Array
    lower: Array


def paint_eyes(canvas: Array, who: Identity) -> None:
    """Paint both eyes over the canvas (h, w, 3) in place."""
    for side in (-1, 1):
        rows, columns = _place(who, side)
        region = canvas[rows, columns]
        sheet = cv2.resize(region[:, ::side], None, fx=FINE, fy=FINE, interpolation=cv2.INTER_LINEAR)
        _paint_eye(sheet, who, side, _window(who, side, rows, columns))
        small = cv2.resize(sheet, region.shape[1::-1], interpolation=cv2.INTER_AREA)
        canvas[rows, columns] = small[:, ::side]


def _place(who: Identity, side: int) -> tuple[slice, slice]:
    middle = round((side * who.eyes.x + FACE_X) / FACE_STEP)
    level = round((side * who.asymmetry.eye_y - FACE_TOP) / FACE_STEP)
    wide, high = int(HALF_WIDE / FACE_STEP), int(HALF_HIGH / FACE_STEP)
    return slice(level - high, level + high), slice(middle - wide, middle + wide)


def _window(who: Identity, side: int, rows: slice, columns: slice) -> _Window:
    step = FACE_STEP / FINE
    inset = step / 2 - FACE_STEP / 2
    xs = np.arange((columns.stop - columns.start) * FINE, dtype=np.float32) * step + inset
    ys = np.arange((rows.stop - rows.start) * FINE, dtype=np.float32) * step + inset
    left = (columns.start * FACE_STEP - FACE_X) if side > 0 else -((columns.stop - 1) * FACE_STEP - FACE_X)
    x = (xs + left - who.eyes.x)[None, :]
    y = (ys + rows.start * FACE_STEP + FACE_TOP - side * who.asymmetry.eye_y)[:, None]
    eyes, s = who.eyes, x / who.eyes.half_width
    axis = 0.6 - eyes.tilt * s
    open_by = 1 + side * who.asymmetry.eye_open / 5
    shape = np.clip(1 - np.abs(s) ** 2.1, 0, 1)
    upper = axis - eyes.upper * open_by * shape**0.72 * (1 - 0.14 * s)
    lower = axis + eyes.lower * shape**0.85 * (1 + 0.14 * s)
    return _Window(x, y, s, upper, lower)


def _paint_eye(sheet: Array, who: Identity, side: int, at: _Window) -> None:
    skin = linear(who.skin.rgb)
    _paint_lids(sheet, who, at)
    within = ramp(at.y - at.upper, -0.25, 0.35) * ramp(at.lower - at.y, -0.3, 0.3) * (np.abs(at.s) < 1)
    ball = _eyeball(who, side, at)
    sheet += within[..., None] * (ball - sheet)
    _paint_margins(sheet, who, at, skin)


def _paint_lids(sheet: Array, who: Identity, at: _Window) -> None:
    """Fold above the upper lid, shade around the eye, a lighter lower rim."""
    eyes = who.eyes
    fold = at.upper - eyes.crease * np.clip(1.15 - 0.5 * np.abs(at.s) ** 2, 0.2, 1.2)
    along = ramp(np.abs(at.s), 1.25, 0.85)
    crease = np.exp(-(((at.y - fold) / 0.65) ** 2)) * along
    sheet *= (1 - 0.5 * crease)[..., None]
    hollow = ramp(at.y, -HALF_HIGH * 0.9, -7) * ramp(at.y, 6, 0) * ramp(np.abs(at.s), 1.5, 0.6)
    inner = np.exp(-(((at.x + eyes.half_width + 3) / 5) ** 2) - ((at.y + 3) / 6) ** 2)
    sheet *= (1 - 0.16 * hollow - 0.25 * inner)[..., None]
    pouch = np.exp(-(((at.y - at.lower - 4.2) / 0.9) ** 2)) * along
    sheet *= (1 - (0.08 + 0.2 * eyes.bag) * pouch)[..., None]


def _eyeball(who: Identity, side: int, at: _Window) -> Array:
    eyes = who.eyes
    distance = np.sqrt((at.x - 0.2) ** 2 + (at.y + 0.15) ** 2)
    lit = 0.42 + 0.58 * ramp(at.y - at.upper, 0.0, 3.6)
    lit = lit * (1 - 0.35 * np.abs(at.s) ** 2.5)
    ball = np.broadcast_to(WHITE, (*lit.shape, 3)) * lit[..., None]
    ball = ball + (ramp(-at.s, 0.78, 0.95) * 0.8)[..., None] * (DUCT * 0.8 - ball)
    fibre = noise("soft")[: lit.shape[0], : lit.shape[1]]
    r = distance / eyes.iris_radius
    tone = (0.75 + 0.5 * ramp(r, 0.4, 0.85) + 0.14 * fibre) * (1 - 0.75 * ramp(r, 0.80, 1.0))
    iris = linear(eyes.iris) * 1.35 * (tone * (0.45 + 0.55 * lit))[..., None]
    ball = ball + ramp(r, 1.06, 0.94)[..., None] * (iris - ball)
    pupil = ramp(distance, 2.5, 2.0)[..., None]
    ball = ball * (1 - 0.96 * pupil)
    glint = np.exp(-((((at.x * side + 1.6) / 0.85) ** 2 + ((at.y + 2.0) / 0.85) ** 2) ** 2))
    return ball + glint[..., None] * (1.5 - ball)


def _paint_margins(sheet: Array, who: Identity, at: _Window, skin: Array) -> None:
    """Lash line above, wet rim and thin lashes below."""
    eyes = who.eyes
    edge = ramp(np.abs(at.s), 1.06, 0.92)
    weight = 0.55 + 0.55 * eyes.lashes
    thick = 0.5 + 0.45 * eyes.lashes * (1 + 0.4 * at.s)
    lash = np.exp(-(((at.y - at.upper + 0.25) / thick) ** 2)) * edge
    sheet += np.clip(weight * lash, 0, 0.95)[..., None] * (DARK - sheet)
    rim = np.exp(-(((at.y - at.lower - 0.35) / 0.5) ** 2)) * edge
    sheet += 0.45 * rim[..., None] * (skin * np.asarray((1.05, 0.85, 0.82), np.float32) - sheet)
    below = np.exp(-(((at.y - at.lower - 0.9) / 0.45) ** 2)) * edge * ramp(at.s, -0.8, 0.4)
    sheet += (0.4 * weight * below)[..., None] * (DARK - sheet)
