"""The colours of the face: skin, lips, nostrils, brows, beard, marks; eyes are in ``eye_paint``."""

from __future__ import annotations

import cv2
import numpy as np

from matching.synthetic.eye_paint import paint_eyes
from matching.synthetic.identity import Identity
from matching.synthetic.surface import FACE_STEP, FACE_TOP, FACE_X, Array, face_grid, linear, patch, ramp

LIP_RED = linear((168, 72, 70))
BLOOD = linear((196, 88, 76))


def face_colours(who: Identity, beard: Array) -> Array:
    """Light reflected by the face, (h, w, 3) on the face grid; ``beard`` is its cover 0..1."""
    canvas = _skin(who)
    _paint_redness(canvas, who)
    _paint_folds(canvas, who)
    _paint_nostrils(canvas, who)
    _paint_lips(canvas, who)
    _paint_marks(canvas, who)
    paint_eyes(canvas, who)
    lay(canvas, _brow_cover(who), linear(who.brows.colour))
    lay(canvas, beard, linear(who.hair.colour) * 0.55)
    return canvas


def lay(canvas: Array, cover: Array, colour: Array) -> None:
    """Blend a colour (3,) or (h, w, 3) over the canvas in place, cover 0..1."""
    canvas += cover[..., None] * (colour - canvas)


def beard_cover(who: Identity) -> Array:
    """How much beard hides the skin, 0..1 on the face grid."""
    style = who.hair.beard
    if style == "none":
        return np.zeros(face_grid().shape, np.float32)
    area = _beard_area(who, style)
    fine: Array = 0.5 + 0.5 * patch("grain", who.seed, area.shape)
    fine = cv2.GaussianBlur(fine, (0, 0), 0.7)
    if style == "shadow":
        return np.clip(area * (0.16 + 0.16 * fine) * who.hair.beard_density, 0, 0.5)
    if style == "stubble":
        return np.clip(area * (0.34 + 0.35 * fine) * who.hair.beard_density, 0, 0.8)
    hairs = 0.84 + 0.13 * patch("strand", who.seed, area.shape)
    return (
        np.clip(1.25 * area - 0.12 + 0.1 * fine * area, 0, 1)
        * np.clip(hairs, 0, 0.97)
        * who.hair.beard_density
    )


def beard_height(who: Identity, cover: Array) -> Array:
    """How far a full-grown beard stands off the skin, mm."""
    if who.hair.beard in ("none", "shadow", "stubble"):
        return np.zeros_like(cover)
    rough = 1 + 0.18 * patch("soft", who.seed + 5, cover.shape)
    return cv2.GaussianBlur(cover, (0, 0), 3) * who.hair.beard_length * rough * 0.7


def _skin(who: Identity) -> Array:
    grid, skin = face_grid(), who.skin
    uneven = 0.035 * skin.blotches * patch("blotch", who.seed, grid.shape)
    pores = 0.022 * patch("soft", who.seed + 1, grid.shape) + 0.018 * patch("grain", who.seed + 2, grid.shape)
    return linear(skin.rgb) * (1 + uneven + pores)[..., None]


def _paint_redness(canvas: Array, who: Identity) -> None:
    grid, skin, nose = face_grid(), who.skin, who.nose
    flush = 0.8 * grid.pair(42, 34, 15, 13) + 0.9 * grid.bump(0, nose.base_y - 6, 9, 8)
    flush += 0.4 * grid.bump(0, who.skull.chin_y - 8, 14, 8)
    mottled = np.clip(1 + 0.35 * patch("blotch", who.seed + 3, grid.shape), 0, 2)
    lay(
        canvas,
        np.clip((0.06 + 0.20 * skin.redness) * flush * mottled, 0, 0.6),
        BLOOD * linear(skin.rgb).mean() * 2.6,
    )
    canvas *= (1 - (0.10 + 0.24 * who.eyes.bag) * grid.pair(who.eyes.x * 0.95, 10, 13, 5))[..., None]
    if skin.freckles:
        spots = ramp(patch("soft", who.seed + 4, grid.shape), 1.25, 1.9) * skin.freckles
        spots *= grid.bump(0, 24, 44, 26)
        canvas *= 1 - spots[..., None] * np.asarray((0.32, 0.42, 0.5), np.float32)


def _paint_folds(canvas: Array, who: Identity) -> None:
    grid, nose, mouth, skin = face_grid(), who.nose, who.mouth, who.skin
    for side in (-1, 1):
        wing = [
            (side * (nose.half_width - 3), nose.base_y - 12),
            (side * (nose.half_width + 0.6), nose.base_y - 6),
            (side * (nose.half_width - 3), nose.base_y - 0.5),
        ]
        canvas *= (1 - 0.34 * grid.stroke(wing, 1.0, 1.0))[..., None]
        corner = mouth.half_width + 6
        line = [
            (side * (nose.half_width + 1), nose.base_y - 7),
            (side * (corner - 4), mouth.y - 12),
            (side * corner, mouth.y + 3),
        ]
        canvas *= (1 - (0.04 + 0.3 * skin.folds) * grid.stroke(line, 1.0, 1.2))[..., None]
    canvas *= (1 - 0.16 * grid.bump(0, nose.base_y + 3, nose.half_width * 0.7, 3))[..., None]


def _paint_nostrils(canvas: Array, who: Identity) -> None:
    grid, nose = face_grid(), who.nose
    x, size = nose.half_width * 0.47, nose.nostril
    hole = np.clip(1.5 * grid.pair(x, nose.base_y - 2.4, 3.4 * size, 1.5 * size), 0, 1)
    lay(canvas, hole * 0.88, linear(who.skin.rgb) * np.asarray((0.14, 0.07, 0.06), np.float32))


def _lip_edges(who: Identity) -> tuple[Array, Array, Array, Array]:
    """Height of upper edge, meeting line and lower edge per column, and s = x / half-width, each (1, w)."""
    mouth, grid = who.mouth, face_grid()
    s = grid.x / mouth.half_width
    inside = np.clip(1 - s * s, 0, 1)
    line = mouth.y - mouth.corner * s * s + who.asymmetry.mouth * s * 0.6
    line = line + 0.7 * np.exp(-((s / 0.16) ** 2)) - 0.5 * np.exp(-(((np.abs(s) - 0.35) / 0.2) ** 2))
    bow = mouth.bow * (np.exp(-((s / 0.11) ** 2)) - 0.5 * np.exp(-(((np.abs(s) - 0.26) / 0.16) ** 2)))
    upper = line - mouth.upper * inside**0.75 + bow
    return upper, line, line + mouth.lower * inside**0.62, s


def _paint_lips(canvas: Array, who: Identity) -> None:
    upper, line, lower, s = _lip_edges(who)
    y, mouth = face_grid().y, who.mouth
    soft = 0.9
    ends = ramp(np.abs(s), 1.02, 0.92)
    cover = ramp(y - upper, -soft, soft) * ramp(lower - y, -1.3, 1.3) * ends
    skin = linear(who.skin.rgb)
    lip = skin * 0.62 + (LIP_RED * (0.16 + skin.mean() * 1.9) - skin * 0.62) * mouth.redness
    shade = np.where(y < line, 0.74, 1.0 + 0.18 * np.exp(-(((y - line - mouth.lower * 0.45) / 2) ** 2)))
    creases = 1 + 0.05 * patch("strand", who.seed + 9, cover.shape)
    lay(canvas, cover * (0.55 + 0.4 * mouth.redness), lip * (shade * creases)[..., None])
    gap = np.exp(-(((y - line) / 0.75) ** 2)) * ramp(np.abs(s), 1.06, 0.86)
    lay(canvas, 0.86 * gap, skin * np.asarray((0.13, 0.06, 0.06), np.float32))
    canvas *= (1 - 0.13 * face_grid().bump(0, mouth.y + mouth.lower + 3.5, 13, 2.6))[..., None]


def _paint_marks(canvas: Array, who: Identity) -> None:
    grid, skin = face_grid(), linear(who.skin.rgb)
    for x, y, radius in who.skin.moles:
        lay(canvas, 0.8 * np.clip(1.4 * grid.bump(x, y, radius * 0.7, radius * 0.7), 0, 1), skin * 0.28)
    if who.skin.scar:
        x0, y0, x1, y1 = who.skin.scar
        line = [(x0, y0), ((x0 + x1) / 2 + 1, (y0 + y1) / 2), (x1, y1)]
        lay(canvas, 0.5 * grid.stroke(line, 0.8, 0.6), skin * 1.25 + 0.03)


def _brow_cover(who: Identity) -> Array:
    """Hairs drawn one by one at eight times the grid, 0..1 on the face grid."""
    grid, fine = face_grid(), 4
    cover = np.zeros(grid.shape, np.float32)
    rows = slice(int((-45 - FACE_TOP) / FACE_STEP), int((5 - FACE_TOP) / FACE_STEP))
    band = np.zeros((rows.stop - rows.start, grid.shape[1]), np.uint8)
    sheet = cv2.resize(band, None, fx=fine, fy=fine)
    rng, corner = np.random.default_rng((0xB20, who.seed)), np.array((FACE_X, 45.0))
    for side in (-1, 1):
        hairs = (_brow_hairs(who, side, rng) + corner) / FACE_STEP * fine * 16
        cv2.polylines(sheet, list(np.rint(hairs).astype(np.int32)), False, 255, 2, cv2.LINE_AA, 4)
    drawn = cv2.resize(sheet, band.shape[::-1], interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    under = cv2.GaussianBlur(drawn, (0, 0), 1.6)
    cover[rows] = np.clip(0.75 * drawn + 0.5 * under, 0, 1) * (0.45 + 0.55 * who.brows.density)
    return cover


def _brow_hairs(who: Identity, side: int, rng: np.random.Generator) -> Array:
    """Strokes (n, 3, 2) in mm of one brow."""
    brows = who.brows
    count = int(150 + 230 * brows.density)
    t = rng.beta(1.05, 1.25, count)
    x = brows.inner_x + t * (brows.outer_x - brows.inner_x)
    thick = brows.thickness * np.clip(0.75 + 0.9 * t - 1.5 * t * t, 0.12, 1)
    spread = rng.uniform(-0.5, 0.5, count)
    y = brows.y + brows.slope * (0.5 - t) * 2 + side * who.asymmetry.brow_y + spread * thick
    y = y - brows.arch * (1 - ((t - 0.62) / 0.62) ** 2) + 3.2 * np.clip(t - 0.62, 0, 1) ** 1.5 * 4
    lean = np.deg2rad(70 - 75 * np.clip(t * 1.6, 0, 1) + 40 * spread * t + rng.normal(0, 9, count))
    reach = rng.uniform(2.6, 5.0, count) * (0.75 + 0.25 * brows.thickness / 5)
    tip = np.stack([x + reach * np.cos(lean), y - reach * np.sin(lean) * 0.8], 1)
    root = np.stack([x, y], 1)
    middle = 0.5 * (root + tip) - (0, 0.25)
    hairs = np.stack([root, middle, tip], 1)
    hairs[..., 0] *= side
    return hairs


def _beard_area(who: Identity, style: str) -> Array:
    """Where beard grows for a style, soft 0..1."""
    grid, mouth, nose, skull = face_grid(), who.mouth, who.nose, who.skull
    ragged = 1.6 * patch("soft", who.seed + 7, grid.shape)
    away = np.abs(grid.x)
    cheek = np.interp(
        away[0], (0, mouth.half_width + 2, 46, 62, 70), (nose.base_y + 3, mouth.y - 7, mouth.y - 16, 34, 8)
    )
    beard = ramp(grid.y - cheek[None, :] + ragged, -3, 6) * ramp(grid.y, skull.chin_y + 16, skull.chin_y + 4)
    lips = ramp(
        ((grid.x / (mouth.half_width + 2)) ** 2 + ((grid.y - mouth.y - 1) / (mouth.lower + 3.0)) ** 2),
        0.75,
        1.2,
    )
    wide = mouth.half_width + 7
    stache = (
        ramp(grid.y + ragged * 0.5, nose.base_y + 1.5, nose.base_y + 5)
        * ramp(grid.y, mouth.y + 2, mouth.y - 2)
        * ramp(away, wide, wide - 6)
    )
    if style == "moustache":
        return stache * ramp(grid.y, mouth.y - mouth.upper * 0.2 + 1, mouth.y - mouth.upper * 0.8)
    if style == "goatee":
        ring = ramp(away + ragged, mouth.half_width + 6, mouth.half_width + 1)
        return np.maximum(beard * ring, stache) * lips
    if style == "strap":
        return beard * ramp(grid.y - cheek[None, :] + 1.6 * away, 84, 100) * lips
    bare = 1 - 0.8 * grid.pair(13, mouth.y + mouth.lower + 4, 4, 3)
    return np.maximum(beard * bare, stache) * lips
