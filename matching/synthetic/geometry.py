"""The shape of a head: a radius for every point of the capsule map."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from matching.synthetic.identity import Identity, Skull
from matching.synthetic.surface import Array, capsule_grid, face_grid, ramp


@dataclass(frozen=True)
class Skeleton:
    """Bare head before hair: radius (H, W) mm, where it lies, and the jaw's edge per column (1, W)."""

    radius: Array
    x: Array
    y: Array
    jaw_edge: Array


def skeleton(who: Identity) -> Skeleton:
    """Skull, jaw, neck and ears of one person, without the features of the face."""
    grid = capsule_grid()
    face = _shell(who.skull)
    edge = jaw_edge(who)
    below = _sigmoid((grid.v - edge) / 3.2)
    face = face - 6.0 * _sigmoid((grid.v - edge + 7) / 4.5)
    radius = face * (1 - below) + _neck(who.skull) * below
    radius = (radius + _ears(who.skull)).astype(np.float32)
    x, y, _ = grid.points(radius)
    return Skeleton(radius, x, y, edge)


def features(who: Identity) -> Array:
    """Height of brow, eyes, nose, cheeks, mouth and chin over the bare face, mm, on the face grid."""
    height = _brow_and_cheeks(who) + _eye_sockets(who) + _nose(who) + _mouth_and_chin(who)
    return (height + _folds(who)).astype(np.float32)


def normals(radius: Array) -> tuple[Array, Array, Array]:
    """Unit outward normal x, y, z (H, W) of the surface with this radius."""
    x, y, z = capsule_grid().points(radius)
    across = [cv2.Sobel(p, cv2.CV_32F, 1, 0, ksize=3) for p in (x, y, z)]
    down = [cv2.Sobel(p, cv2.CV_32F, 0, 1, ksize=3) for p in (x, y, z)]
    nx = down[1] * across[2] - down[2] * across[1]
    ny = down[2] * across[0] - down[0] * across[2]
    nz = down[0] * across[1] - down[1] * across[0]
    size = -np.sqrt(nx * nx + ny * ny + nz * nz) - 1e-6
    return nx / size, ny / size, nz / size


def occlusion(radius: Array) -> Array:
    """How open each point lies to the light, about 0.3..1.1: lower than its surroundings is darker."""
    small = cv2.resize(radius, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    wide = cv2.resize(cv2.GaussianBlur(small, (0, 0), 5), radius.shape[::-1])
    near = cv2.GaussianBlur(radius, (0, 0), 3.5)
    return np.clip(1 + 0.045 * (radius - wide) + 0.08 * (radius - near), 0.3, 1.12)


def jaw_edge(who: Identity) -> Array:
    """Height of the jaw's lower edge for every column (1, W), mm."""
    skull, grid = who.skull, capsule_grid()
    x = skull.face_half * 0.98 * grid.sin
    x = x + who.asymmetry.jaw * ramp(np.abs(x), 10, 50)
    x = np.where(grid.cos > 0, np.abs(x), 90 - 20 * np.abs(grid.sin))
    knots = (0, skull.chin_half, (skull.chin_half + skull.jaw_half) / 2, skull.jaw_half, skull.face_half, 90)
    middle = (skull.chin_y * 0.62 + skull.jaw_y * 0.38) + 2
    edge = np.interp(x[0], knots, (skull.chin_y, skull.chin_y - 1.5, middle, skull.jaw_y, 44, 40))
    return cv2.GaussianBlur(edge.astype(np.float32)[None, :], (0, 0), 9, borderType=cv2.BORDER_REPLICATE)


def _sigmoid(t: Array) -> Array:
    return 1 / (1 + np.exp(-np.clip(t, -20, 20)))


def _shell(skull: Skull) -> Array:
    """Skull and face as stacked superellipses."""
    grid, power = capsule_grid(), skull.squareness
    y = grid.v
    jaw_low = skull.jaw_half - 4
    width = _through(
        y,
        (-30, 10, 30, skull.jaw_y, 120),
        (skull.head_half, skull.face_half + 2, skull.face_half, skull.jaw_half + 1.5, jaw_low),
    )
    chin = skull.depth - 2 + skull.chin_out
    front = _through(
        y, (-30, 0, 47, 80, 112), (skull.depth, skull.depth - 2, skull.depth - 3, skull.depth - 3, chin)
    )
    flat = grid.rise_cos
    ahead = (flat / front) ** power * np.maximum(grid.cos, 0) ** power
    behind = (flat / (skull.depth + 3)) ** power * np.maximum(-grid.cos, 0) ** power
    side = (flat / width) ** power * np.abs(grid.sin) ** power
    up = (np.abs(grid.rise_sin) / (-skull.top - 30)) ** power
    return (ahead + behind + side + up) ** (-1 / power)


def _through(y: Array, knots: tuple[float, ...], values: tuple[float, ...]) -> Array:
    """A smoothed line through knots, one value per row (H, 1)."""
    line = np.interp(y[:, 0], knots, values).astype(np.float32)[:, None]
    return cv2.GaussianBlur(line, (0, 0), 14, borderType=cv2.BORDER_REPLICATE)


def _neck(skull: Skull) -> Array:
    grid = capsule_grid()
    front, back = 46.0, 74.0
    depth = np.where(grid.cos > 0, front, back)
    neck = 1 / np.sqrt((grid.sin / skull.neck_half) ** 2 + (grid.cos / depth) ** 2)
    return neck + 0.25 * np.maximum(grid.v - 125, 0)


def _ears(skull: Skull) -> Array:
    grid = capsule_grid()
    along = np.deg2rad(np.abs(grid.angle) - 86) * 72
    across, down = (along - 11) / 12, (grid.v - skull.ear_y) / skull.ear_half_height
    inside = 1 - (across**2 + (down - 0.1 * across) ** 2)
    plate = ramp(inside, 0.0, 0.30)
    bowl = ramp(1 - ((across + 0.1) / 0.55) ** 2 - ((down - 0.05) / 0.6) ** 2, 0, 0.6)
    lean = np.clip(0.25 + 0.75 * (across + 1) / 1.6, 0, 1)
    return skull.ear_out * plate * lean - 3.5 * bowl * plate


def _brow_and_cheeks(who: Identity) -> Array:
    grid, skull = face_grid(), who.skull
    height = skull.brow_ridge * grid.pair(27, -15, 17, 7)
    height += skull.brow_ridge * 0.5 * grid.bump(0, -14, 10, 8)
    height += skull.cheekbone * grid.pair(47, 26, 14, 10)
    height += skull.cheek * grid.pair(43, 60, 15, 18)
    return height + 1.5 * grid.pair(22, 36, 12, 14)


def _eye_sockets(who: Identity) -> Array:
    grid, eyes, skew = face_grid(), who.eyes, who.asymmetry.eye_y
    height = np.zeros(grid.shape, np.float32)
    for side in (-1, 1):
        x, y = side * eyes.x, side * skew
        height -= eyes.depth * grid.bump(x * 0.93, y - 1, 17, 11)
        height += (eyes.depth * 0.62) * grid.bump(x, y + 1, 11.5, 8.5)
        height += 1.4 * grid.bump(x, y - eyes.upper - eyes.crease * 0.5, 12, 2.2)
        height -= 0.9 * grid.bump(x, y - eyes.upper - eyes.crease - 1.2, 12, 1.5)
        height += eyes.bag * 1.6 * grid.bump(x * 0.98, y + 11, 11, 3.2)
        height -= eyes.bag * 1.1 * grid.bump(x * 0.95, y + 16, 12, 2.4)
    return height


def _nose(who: Identity) -> Array:
    grid, nose = face_grid(), who.nose
    tip_y = nose.base_y - nose.tip_up
    down = np.clip((grid.y + 10) / (tip_y + 10), 0, 1)
    rise = nose.root_out * ramp(grid.y, -24, -4) + (nose.tip_out - nose.root_out) * down**1.2
    rise = rise + nose.hump * np.exp(-0.5 * ((grid.y - 14) / 8) ** 2)
    rise = rise * ramp(grid.y, nose.base_y + 3.5, tip_y + 1)
    half = 0.72 * nose.bridge_half + 1.2 * ramp(grid.y, 18, tip_y)
    centre = nose.skew * np.sin(np.pi * down)
    ridge = rise * np.exp(-0.5 * (np.abs((grid.x - centre) / half)) ** 2.3)
    wing = nose.half_width - 5.5
    wings = 8.0 * _wings(wing, nose.base_y - 5.5)
    tip = 5.0 * grid.bump(nose.skew * 0.3, tip_y - 1, nose.tip_round * 0.72, 5.5)
    slope = 2.2 * _wings(wing * 0.5, nose.base_y - 15, 5, 10)
    return ridge + wings + tip + slope


def _wings(x: float, y: float, spread_x: float = 4.0, spread_y: float = 4.2) -> Array:
    return face_grid().pair(x, y, spread_x, spread_y)


def _mouth_and_chin(who: Identity) -> Array:
    grid, mouth, skull = face_grid(), who.mouth, who.skull
    half = mouth.half_width
    height = mouth.out * grid.bump(0, mouth.y, half * 0.8, 13)
    height += (1.0 + 0.28 * mouth.upper) * grid.bump(
        0, mouth.y - mouth.upper * 0.5, half * 0.55, mouth.upper * 0.45 + 0.8
    )
    height += (1.0 + 0.30 * mouth.lower) * grid.bump(
        0, mouth.y + mouth.lower * 0.5, half * 0.5, mouth.lower * 0.42 + 0.8
    )
    height -= 2.2 * grid.bump(0, mouth.y, half * 0.62, 1.3)
    height -= 1.5 * grid.pair(half + 1, mouth.y + 0.5, 3.2, 3.2)
    height -= 0.9 * grid.bump(0, (who.nose.base_y + mouth.y - mouth.upper) / 2, 2.4, 5)
    height -= 2.4 * grid.bump(0, mouth.y + mouth.lower + 4.5, 15, 3.8)
    return height + 4.2 * grid.bump(0, skull.chin_y - 12, skull.chin_half * 0.75 + 3, 8)


def _folds(who: Identity) -> Array:
    """Nose-to-mouth folds and forehead lines, deeper with age."""
    grid, skin, nose, mouth = face_grid(), who.skin, who.nose, who.mouth
    height = np.zeros(grid.shape, np.float32)
    for side in (-1, 1):
        corner = mouth.half_width + 6
        line = [
            (side * (nose.half_width + 1), nose.base_y - 8),
            (side * (corner - 4), mouth.y - 12),
            (side * corner, mouth.y + 4),
        ]
        height -= (0.15 + 1.3 * skin.folds) * grid.stroke(line, 1.5, 1.9)
        height += 1.6 * skin.folds * grid.bump(side * (corner + 3), mouth.y - 14, 7, 9)
    ripple = np.sin(grid.y * (0.85 + 0.1 * np.sin(who.seed)) + 0.05 * np.abs(grid.x))
    height += 0.42 * skin.wrinkles * ripple * grid.bump(0, -46, 26, 10)
    crow = np.sin(grid.y * 1.3 + 0.2 * np.abs(grid.x))
    return height + 0.3 * skin.wrinkles * crow * grid.pair(who.eyes.x + 24, 1, 6, 8)
