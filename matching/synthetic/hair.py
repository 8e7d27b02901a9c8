"""Hair of the head: where it grows, how far it stands off, its strands and colour."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from matching.synthetic.geometry import Skeleton
from matching.synthetic.identity import Identity
from matching.synthetic.surface import Array, capsule_grid, linear, noise, patch, ramp


@dataclass(frozen=True)
class Style:
    """mm over the crown, at the sides; curtain = hangs below the ears; rough = unevenness 0..1."""

    crown: float
    side: float
    curtain: bool = False
    rough: float = 0.35
    noise: str = "strand"


STYLES: dict[str, Style] = {
    "buzz": Style(2.5, 1.5, rough=0.2, noise="grain"),
    "crop": Style(10, 3.5),
    "short": Style(17, 8),
    "fringe": Style(15, 9),
    "curly": Style(27, 17, rough=1.0, noise="curl"),
    "bald": Style(0, 3.0, rough=0.2, noise="grain"),
    "long": Style(13, 12, curtain=True),
    "tied": Style(7, 4, rough=0.15),
    "bob": Style(14, 13, curtain=True),
}


@dataclass(frozen=True)
class HairLayer:
    """``cover`` 0..1, ``height`` mm over the bare head and ``colour`` (H, W, 3) on the capsule map."""

    cover: Array
    height: Array
    colour: Array


def hair_layer(who: Identity, bare: Skeleton) -> HairLayer:
    """Everything that grows on the head."""
    style = STYLES[who.hair.style]
    strands = _strands(who, style)
    grown = _grown_area(who, strands)
    height = _thickness(who, style) * ramp(grown, 0.8, 2.8)
    cover = ramp(grown, -0.5, 0.6)
    if style.curtain:
        cover, height = _with_curtain(who, bare, cover, height)
    clumps = patch("curl", who.seed + 21, grown.shape) if style.noise == "curl" else strands
    height = height + np.minimum(height, 24) * style.rough * (0.16 * clumps + 0.05 * strands)
    thin = 0.82 if who.hair.style in ("buzz", "bald") else 1.0
    cover, height = (cover * thin).astype(np.float32), np.maximum(height, 0).astype(np.float32)
    return HairLayer(cover, height, _colour(who, style, strands))


def hairline(who: Identity) -> Array:
    """Height v (1, W) below which no hair grows from the scalp."""
    hair, angle = who.hair, np.abs(capsule_grid().angle[0])
    front = hair.line_y
    crown = -120.0 if hair.style == "bald" else front - hair.temple
    middle = -150.0 if hair.style == "bald" else front + hair.peak
    knots = (0, 9, 22, 36, 50, 63, 71, 79, 82, 100, 108, 126)
    sides = (hair.sideburn_y, hair.sideburn_y, -14.0, -12.0, 60.0, 74.0)
    top = (middle, front, front - 0.3 * hair.temple, crown, front + 16, -22.0)
    if hair.style == "bald":
        top = (middle, middle, -145.0, -130.0, -95.0, -40.0)
    line = np.interp(angle, knots, top + sides).astype(np.float32)[None, :]
    return cv2.GaussianBlur(line, (0, 0), 5, borderType=cv2.BORDER_REPLICATE)


def _strands(who: Identity, style: Style) -> Array:
    """Unit noise combed along the hair: waves sideways, a sweep towards the parting on top."""
    grid, hair = capsule_grid(), who.hair
    start = int(np.random.default_rng((0x57A2, who.seed)).integers(0, 1024))
    high, wide = grid.shape
    rows, columns = np.mgrid[0:high, 0:wide].astype(np.float32)
    sweep = 60 * (hair.parting if who.hair.style != "tied" else 0.1) * ramp(grid.v, -20, -130)
    wave = (6 * hair.wave) * np.sin(grid.v / 9 + 2 * hair.parting)
    return cv2.remap(noise(style.noise), (columns + sweep + wave + start) % 1023, rows, cv2.INTER_LINEAR)


def _grown_area(who: Identity, strands: Array) -> Array:
    """How deep inside the hairline a point lies, about 0 at its edge and 1 a few mm inside."""
    grid = capsule_grid()
    line = hairline(who)
    if who.hair.style == "fringe":
        drop = ramp(np.abs(grid.angle), 58, 34) * (24 + 5 * np.sin(grid.angle / 11 + 6 * who.hair.parting))
        line = line + drop
    wild = 0.6 if who.hair.style == "tied" else 2.2
    ragged = wild * strands + 0.7 * wild * patch("soft", who.seed + 22, grid.shape)
    soft = 5.0 if who.hair.style in ("buzz", "bald", "crop") else 3.2
    return ((line - grid.v + ragged) / soft).astype(np.float32)


def _thickness(who: Identity, style: Style) -> Array:
    """mm of hair at every point (H, W), thickest on the crown, lopsided by the parting."""
    grid = capsule_grid()
    up = ramp(grid.v, -35, -110)
    lean = 1 + 0.18 * who.hair.parting * grid.sin
    return (style.side + (style.crown - style.side) * up) * who.hair.thickness * lean


def _with_curtain(who: Identity, bare: Skeleton, cover: Array, height: Array) -> tuple[Array, Array]:
    """Hair that hangs beside the face, over the ears and down to ``length_y``."""
    grid, hair = capsule_grid(), who.hair
    wave = 2.5 * hair.wave * np.sin(grid.v / 13 + 3 * hair.parting) + 1.5 * patch(
        "blotch", who.seed + 23, grid.shape
    )
    opening = 66 + 5 * hair.parting * np.sign(grid.angle) - 9 * ramp(grid.v, 20, 110) + wave
    past = np.abs(grid.angle) - opening
    front = ramp(past, 0, 3)
    down = ramp(hair.length_y - grid.v + 4 * patch("strand", who.seed + 24, grid.shape), 0, 8)
    reach = down * ramp(grid.v, -55, -25)
    hang = front * reach
    outer = who.skull.head_half + 13 * hair.thickness + 5 * hair.wave * np.sin(grid.v / 16)
    needed = np.maximum(outer - bare.radius, height)
    return np.maximum(cover, ramp(past, -3, -1) * reach), height * (1 - hang) + needed * hang


def _colour(who: Identity, style: Style, strands: Array) -> Array:
    base = linear(who.hair.colour)
    coarse = patch("blotch", who.seed + 25, strands.shape)
    depth = 0.30 if style.noise != "grain" else 0.2
    light = np.clip(1 + depth * strands + 0.08 * coarse, 0.35, 2.0)
    return base * light[..., None]
