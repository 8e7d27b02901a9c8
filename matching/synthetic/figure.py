"""A clothed body below a head: flat parts shaded as if inflated. Millimetres, eye height at y = 0."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from matching.synthetic.identity import Identity
from matching.synthetic.render import Sprite
from matching.synthetic.surface import Array, linear, patch

CLOTHES: tuple[tuple[int, int, int], ...] = (
    (38, 42, 52),
    (70, 74, 82),
    (120, 122, 126),
    (44, 62, 96),
    (92, 36, 40),
    (48, 78, 60),
    (150, 140, 120),
    (196, 194, 188),
    (104, 84, 62),
    (66, 92, 122),
    (128, 62, 48),
    (24, 24, 26),
)
TOPS = ("tee", "sweater", "hoodie", "polo", "jacket")
Points = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Outfit:
    """What somebody wears in one picture; colours sRGB, ``sway`` -1..1 shifts arms and legs."""

    top: str
    colour: tuple[int, int, int]
    trim: tuple[int, int, int]
    trousers: tuple[int, int, int]
    stripes: float
    sway: float


def outfit(rng: np.random.Generator) -> Outfit:
    """Clothes for one day; they change between views like everybody's."""
    chosen = [CLOTHES[int(i)] for i in rng.integers(0, len(CLOTHES), 3)]
    return Outfit(
        top=TOPS[int(rng.integers(len(TOPS)))],
        colour=chosen[0],
        trim=chosen[1],
        trousers=CLOTHES[int(rng.choice((0, 1, 3, 6, 11)))],
        stripes=float(rng.uniform(16, 40)) if rng.random() < 0.2 else 0.0,
        sway=float(rng.uniform(-1, 1)),
    )


@dataclass(frozen=True)
class _Cloth:
    """One part: its outline, colour and how round it is (mm)."""

    outline: Points
    colour: tuple[int, int, int]
    roundness: float
    skin: bool = False


def figure_sprite(
    who: Identity, wear: Outfit, scale: float, eye: tuple[float, float], limit: tuple[int, int]
) -> Sprite:
    """The body, placed so that ``eye`` is the pixel between the eyes, cut at ``limit`` (height, width)."""
    left, top = int(eye[0] - 330 * scale), int(eye[1] + 90 * scale)
    high, wide = max(min(limit[0] - top, int(1750 * scale)), 2), int(660 * scale)
    rgb, cover = np.zeros((high, wide, 3), np.float32), np.zeros((high, wide), np.float32)
    offset = ((eye[0] - left) / scale, (eye[1] - top) / scale)
    for number, part in enumerate(_parts(who, wear)):
        _add_part(rgb, cover, part, (scale, *offset), who.seed + number)
    if wear.stripes:
        _stripe(rgb, wear, scale, offset[1])
    neck = _neckline(who, wear, (high, wide), scale, offset)
    return Sprite(rgb, cover * neck, np.zeros_like(cover), left, top)


def _parts(who: Identity, wear: Outfit) -> list[_Cloth]:
    shoulder = 196 + 16 * who.build - 28 * who.female
    waist = shoulder * (0.80 + 0.10 * who.build - 0.08 * who.female)
    neck = who.skull.neck_half + 4
    swing = 34 * wear.sway
    skin = (int(who.skin.rgb[0] * 0.92), int(who.skin.rgb[1] * 0.92), int(who.skin.rgb[2] * 0.92))
    sleeve = skin if wear.top in ("tee", "polo") else wear.colour
    parts = [_leg(side, waist, 18 + swing * side, wear) for side in (-1, 1)]
    parts += [_hand(side, shoulder, swing, skin) for side in (-1, 1)]
    parts += [_forearm(side, shoulder, swing, sleeve) for side in (-1, 1)]
    parts += [_upper_arm(side, shoulder, swing, wear.colour) for side in (-1, 1)]
    parts.append(_torso(neck, shoulder, waist, wear.colour))
    if wear.top == "jacket":
        parts.append(_Cloth([(-16, 150), (16, 150), (20, 640), (-20, 640)], wear.trim, 12))
    return parts


def _torso(neck: float, shoulder: float, waist: float, colour: tuple[int, int, int]) -> _Cloth:
    half = [
        (neck + 5, 124),
        (neck + 16, 136),
        (neck + 32, 146),
        (shoulder * 0.66, 162),
        (shoulder * 0.86, 176),
        (shoulder * 0.97, 194),
        (shoulder + 3, 222),
        (shoulder * 0.93, 330),
        (waist, 480),
        (waist * 1.04, 660),
    ]
    return _Cloth([*half, *[(-x, y) for x, y in reversed(half)]], colour, 95)


def _upper_arm(side: int, shoulder: float, swing: float, colour: tuple[int, int, int]) -> _Cloth:
    elbow = (side * (shoulder + 32), 470)
    return _Cloth(
        _tube((side * (shoulder - 34), 232), (elbow[0], elbow[1] + 0.2 * swing), 52, 46), colour, 48
    )


def _forearm(side: int, shoulder: float, swing: float, colour: tuple[int, int, int]) -> _Cloth:
    return _Cloth(
        _tube((side * (shoulder + 32), 470), (side * (shoulder + 14) + swing, 715), 43, 31), colour, 38
    )


def _hand(side: int, shoulder: float, swing: float, skin: tuple[int, int, int]) -> _Cloth:
    wrist = side * (shoulder + 14) + swing
    return _Cloth(_tube((wrist, 710), (wrist - side * 8, 800), 33, 26), skin, 26, skin=True)


def _leg(side: int, waist: float, step: float, wear: Outfit) -> _Cloth:
    return _Cloth(
        _tube((side * waist * 0.5, 620), (side * (waist * 0.5 + step * 0.4), 1540), waist * 0.54, 66),
        wear.trousers,
        90,
    )


def _tube(start: tuple[float, float], end: tuple[float, float], wide: float, narrow: float) -> Points:
    """A tapering limb with round ends."""
    a, b = np.asarray(start), np.asarray(end)
    along = (b - a) / np.linalg.norm(b - a)
    across = np.array((-along[1], along[0]))
    turn = np.linspace(0, np.pi, 9)[:, None]
    first = a + wide * (across * np.cos(turn) - along * np.sin(turn))
    second = b + narrow * (-across * np.cos(turn) + along * np.sin(turn))
    return [(float(x), float(y)) for x, y in np.concatenate([first, second])]


def _add_part(rgb: Array, cover: Array, part: _Cloth, frame: tuple[float, float, float], seed: int) -> None:
    """Draw one part over what is there; ``frame``: px per mm, x and y (mm) of the eyes from the corner."""
    scale, eye = frame[0], np.array(frame[1:])
    points = np.rint((np.asarray(part.outline) + eye) * scale * 16).astype(np.int32)
    mask = np.zeros(cover.shape, np.uint8)
    cv2.fillPoly(mask, [points], 255, cv2.LINE_AA, 4)
    if not mask.any():
        return
    low, high = np.clip(points.min(0) // 16 - 2, 0, None), points.max(0) // 16 + 3
    window = (slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0])))
    alpha = mask[window].astype(np.float32) / 255
    lit = _inflated(mask[window], part, scale, seed)
    colour = 255 * np.sqrt(linear(part.colour) * lit[..., None])
    rgb[window] += alpha[..., None] * (colour - rgb[window])
    cover[window] = np.maximum(cover[window], alpha)


def _inflated(mask: Array, part: _Cloth, scale: float, seed: int) -> Array:
    """Light on a part that bulges towards the camera, about 0.25..1.2."""
    shrink = min(0.5 / scale, 1.0)
    small = cv2.resize(mask, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    pad = cv2.copyMakeBorder(small, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    pad[-1] = pad[-2]
    inside = cv2.distanceTransform((pad > 127).astype(np.uint8), cv2.DIST_L2, 5) / (scale * shrink)
    depth = np.minimum(inside, part.roundness)
    height = np.sqrt(depth * (2 * part.roundness - depth)) * scale * shrink
    if not part.skin:
        folds = 0.5 * patch("blotch", seed, height.shape) + 0.12 * patch("curl", seed, height.shape)
        height = height + 2.6 * scale * shrink * folds * 5
    height = cv2.GaussianBlur(height.astype(np.float32), (0, 0), 1.6)
    dx, dy = cv2.Sobel(height, cv2.CV_32F, 1, 0) / 8, cv2.Sobel(height, cv2.CV_32F, 0, 1) / 8
    light = (0.62 - 0.10 * dx - 0.42 * dy) / np.sqrt(1 + dx * dx + dy * dy) + 0.34
    wide = cv2.resize(light[1:-1, 1:-1], mask.shape[::-1], interpolation=cv2.INTER_LINEAR)
    weave = 1 + 0.03 * patch("grain", seed, (min(mask.shape[0], 1024), min(mask.shape[1], 1024)))
    wide[: weave.shape[0], : weave.shape[1]] *= weave
    return np.clip(wide, 0.2, 1.3)


def _stripe(rgb: Array, wear: Outfit, scale: float, eye_mm: float) -> None:
    """Horizontal stripes of the trim colour across the top garment."""
    y = np.arange(rgb.shape[0]) / scale - eye_mm
    on = ((np.sin(y * 2 * np.pi / wear.stripes / 1.6) > 0.2) & (y < 640))[:, None, None]
    shade = rgb.mean(2, keepdims=True) / max(float(np.mean(wear.colour)), 30.0)
    rgb[:] = np.where(on, np.clip(shade, 0, 1.5) * np.asarray(wear.trim, np.float32), rgb)


def _neckline(
    who: Identity, wear: Outfit, shape: tuple[int, int], scale: float, offset: tuple[float, float]
) -> Array:
    """1 where cloth covers, 0 in the opening at the neck."""
    x = np.arange(shape[1], dtype=np.float32)[None, :] / scale - offset[0]
    y = np.arange(shape[0], dtype=np.float32)[:, None] / scale - offset[1]
    half = who.skull.neck_half + (2 if wear.top in ("hoodie", "jacket", "polo") else 8)
    deep = {"tee": 38, "sweater": 30, "hoodie": 28, "polo": 52, "jacket": 34}[wear.top]
    across = np.abs(x / half)
    edge = 118 + deep * np.sqrt(np.clip(1 - across**2, 0, 1))
    if wear.top == "polo":
        edge = 118 + deep * np.clip(1 - across, 0, 1)
    return np.clip((y - edge) * scale + 0.5, 0, 1) * (across < 1) + (across >= 1)
