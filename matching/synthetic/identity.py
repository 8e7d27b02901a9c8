"""Who a synthetic person is: every shape and colour that must not change between two pictures of them.

Millimetres in the head's own frame: x to the image's right, y down from eye height, z towards the camera.
Ranges follow adult anthropometry, wide on purpose: rendered people resemble each other more than real ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

RGB = tuple[float, float, float]

SALT = 0x5717
"""Keeps an identity's random stream apart from its views' streams."""

SKIN_TONES: tuple[RGB, ...] = (
    (247, 218, 200),
    (240, 204, 180),
    (226, 184, 154),
    (208, 162, 128),
    (180, 132, 98),
    (146, 100, 72),
    (112, 74, 52),
    (84, 55, 40),
)
"""sRGB from the palest to the darkest, evenly spaced along ``Skin.tone`` 0..1."""

IRIS_COLOURS: tuple[RGB, ...] = (
    (44, 26, 16),
    (72, 44, 24),
    (104, 74, 40),
    (96, 104, 70),
    (84, 108, 122),
    (112, 146, 170),
)

HAIR_COLOURS: tuple[RGB, ...] = (
    (18, 15, 14),
    (32, 23, 19),
    (56, 38, 28),
    (88, 60, 40),
    (124, 88, 56),
    (170, 130, 82),
    (206, 172, 118),
    (132, 62, 34),
    (166, 84, 44),
)

MALE_STYLES = ("buzz", "crop", "short", "fringe", "curly", "bald", "long")
FEMALE_STYLES = ("tied", "bob", "long", "fringe", "curly", "short")
BEARDS = ("none", "shadow", "stubble", "full", "goatee", "moustache", "strap")


@dataclass(frozen=True, slots=True)
class Skull:
    """Outline of head, jaw and neck."""

    head_half: float
    face_half: float
    jaw_half: float
    jaw_y: float
    chin_y: float
    chin_half: float
    chin_out: float
    top: float
    depth: float
    squareness: float
    brow_ridge: float
    cheekbone: float
    cheek: float
    neck_half: float
    ear_out: float
    ear_half_height: float
    ear_y: float


@dataclass(frozen=True, slots=True)
class Eyes:
    """Both eyes; ``tilt`` > 0 lifts the outer corners."""

    x: float
    half_width: float
    upper: float
    lower: float
    tilt: float
    depth: float
    crease: float
    iris_radius: float
    iris: RGB
    bag: float
    lashes: float


@dataclass(frozen=True, slots=True)
class Brows:
    """Both eyebrows; ``density`` 0..1."""

    y: float
    inner_x: float
    outer_x: float
    arch: float
    slope: float
    thickness: float
    density: float
    colour: RGB


@dataclass(frozen=True, slots=True)
class Nose:
    """``base_y`` is where the nose meets the upper lip."""

    base_y: float
    half_width: float
    bridge_half: float
    root_out: float
    tip_out: float
    tip_round: float
    tip_up: float
    hump: float
    skew: float
    nostril: float


@dataclass(frozen=True, slots=True)
class Mouth:
    """``y`` is the line between the lips; ``corner`` > 0 lifts the corners."""

    y: float
    half_width: float
    upper: float
    lower: float
    bow: float
    corner: float
    out: float
    redness: float


@dataclass(frozen=True, slots=True)
class Hair:
    """``line_y`` at the middle of the forehead; ``temple`` how far the temples recede, mm."""

    style: str
    colour: RGB
    line_y: float
    temple: float
    peak: float
    thickness: float
    sideburn_y: float
    parting: float
    length_y: float
    wave: float
    beard: str
    beard_density: float
    beard_length: float


@dataclass(frozen=True, slots=True)
class Skin:
    """Colour and marks; amounts are 0..1, moles are (x, y, radius)."""

    tone: float
    rgb: RGB
    redness: float
    freckles: float
    blotches: float
    folds: float
    wrinkles: float
    shine: float
    moles: tuple[tuple[float, float, float], ...]
    scar: tuple[float, float, float, float] | None


@dataclass(frozen=True, slots=True)
class Asymmetry:
    """Half differences right minus left, mm."""

    eye_y: float
    eye_open: float
    brow_y: float
    mouth: float
    jaw: float


@dataclass(frozen=True, slots=True)
class Identity:
    """One person who does not exist; equal seeds give equal people."""

    seed: int
    female: bool
    age: float
    build: float
    skull: Skull
    eyes: Eyes
    brows: Brows
    nose: Nose
    mouth: Mouth
    hair: Hair
    skin: Skin
    asymmetry: Asymmetry


@dataclass(frozen=True, slots=True)
class _Traits:
    """What the parts depend on in common; ``f`` is 1 for female, ``old`` 0..1."""

    f: float
    age: float
    old: float
    weight: float
    tone: float


class _Draw:
    """Draws uniformly within two spreads: same range as a clipped normal, but fewer average people."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def near(self, mean: float, spread: float) -> float:
        return mean + spread * float(self.rng.uniform(-2.0, 2.0))

    def unit(self, low: float = 0.0, high: float = 1.0) -> float:
        return float(self.rng.uniform(low, high))

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def pick(self, names: tuple[str, ...], weights: tuple[float, ...]) -> str:
        shares = np.asarray(weights) / np.sum(weights)
        return names[int(self.rng.choice(len(names), p=shares))]


def person(seed: int) -> Identity:
    """The identity of a seed (any int >= 0)."""
    draw = _Draw(np.random.default_rng((SALT, seed)))
    female = draw.chance(0.38)
    age = draw.unit(18, 68)
    traits = _Traits(float(female), age, (age - 18) / 50, draw.unit(-1, 1), float(draw.rng.beta(1.0, 1.25)))
    skin = _skin(draw, traits)
    nose = _nose(draw, traits)
    hair = _hair(draw, traits)
    return Identity(
        seed=seed,
        female=female,
        age=age,
        build=traits.weight,
        skull=_skull(draw, traits),
        eyes=_eyes(draw, traits),
        brows=_brows(draw, traits, hair),
        nose=nose,
        mouth=_mouth(draw, traits, nose),
        hair=hair,
        skin=skin,
        asymmetry=_asymmetry(draw),
    )


def between(palette: tuple[RGB, ...], position: float) -> RGB:
    """Colour at ``position`` 0..1 along a palette, linearly interpolated."""
    at = np.clip(position, 0, 1) * (len(palette) - 1)
    low = min(int(at), len(palette) - 2)
    mix = (1 - (at - low)) * np.asarray(palette[low]) + (at - low) * np.asarray(palette[low + 1])
    return (float(mix[0]), float(mix[1]), float(mix[2]))


def _skull(draw: _Draw, t: _Traits) -> Skull:
    jaw_half = draw.near(56 - 4 * t.f + 2.0 * t.weight, 4.4)
    face_half = max(draw.near(68 - 2 * t.f + 2.0 * t.weight, 3.2), jaw_half + 5)
    return Skull(
        head_half=max(draw.near(75 - 1.5 * t.f, 2.5), face_half + 2),
        face_half=face_half,
        jaw_half=jaw_half,
        jaw_y=draw.near(77, 5),
        chin_y=draw.near(113 - 5 * t.f, 5),
        chin_half=draw.near(19 - 4 * t.f, 4),
        chin_out=draw.near(0, 2.2),
        top=draw.near(-113 + 2 * t.f, 4),
        depth=draw.near(93, 2),
        squareness=draw.near(2.25 - 0.08 * t.f, 0.1),
        brow_ridge=max(draw.near(4.0 - 2.8 * t.f, 1.8), 0),
        cheekbone=max(draw.near(3.5, 2.0), 0),
        cheek=draw.near(-0.8 + 2.2 * t.weight - 1.5 * t.old, 1.8),
        neck_half=draw.near(53 - 7 * t.f + 4 * t.weight, 2.5),
        ear_out=max(draw.near(14, 4), 6),
        ear_half_height=draw.near(30 + 3 * t.old, 2.5),
        ear_y=draw.near(18, 3),
    )


def _eyes(draw: _Draw, t: _Traits) -> Eyes:
    colour_limit = 0.25 if t.tone > 0.55 else 1.0
    return Eyes(
        x=draw.near(31.8, 2.2),
        half_width=draw.near(15, 1.2),
        upper=draw.near(5.0 + 0.5 * t.f - 0.7 * t.old, 1.0),
        lower=draw.near(4.0, 0.7),
        tilt=draw.near(1.2, 1.6),
        depth=draw.near(10.0, 2.2),
        crease=max(draw.near(3.6, 1.7), 1.0),
        iris_radius=draw.near(5.9, 0.2),
        iris=between(IRIS_COLOURS, draw.unit() * colour_limit),
        bag=np.clip(draw.near(0.15 + 0.6 * t.old, 0.2), 0, 1),
        lashes=draw.unit(0.2, 0.6) + 0.5 * t.f * draw.unit(),
    )


def _brows(draw: _Draw, t: _Traits, hair: Hair) -> Brows:
    shade = np.asarray(hair.colour) * draw.unit(0.45, 0.8)
    return Brows(
        y=draw.near(-18 - 0.8 * t.f, 2.3),
        inner_x=max(draw.near(11.0, 3.0), 5),
        outer_x=draw.near(51, 3.0),
        arch=draw.near(2.6 + 0.8 * t.f, 1.6),
        slope=draw.near(0.5, 1.6),
        thickness=max(draw.near(5.6 - 1.7 * t.f, 1.7), 1.8),
        density=float(np.clip(draw.near(0.82, 0.2), 0.35, 1)),
        colour=(float(shade[0]), float(shade[1]), float(shade[2])),
    )


def _nose(draw: _Draw, t: _Traits) -> Nose:
    return Nose(
        base_y=draw.near(47 - 1.5 * t.f, 3.6),
        half_width=draw.near(15.4 - 1.4 * t.f + 3.2 * t.tone, 2.2),
        bridge_half=draw.near(6.8 + 1.2 * t.tone, 1.3),
        root_out=draw.near(9 - 2 * t.tone, 2.2),
        tip_out=draw.near(22, 2.8),
        tip_round=draw.near(8.5 + 1.5 * t.tone, 1.4),
        tip_up=draw.near(6.5, 1.8),
        hump=draw.near(0.5, 1.3),
        skew=draw.near(0, 0.8),
        nostril=draw.near(1.0, 0.18),
    )


def _mouth(draw: _Draw, t: _Traits, nose: Nose) -> Mouth:
    thin = 1 - 0.3 * t.old
    return Mouth(
        y=nose.base_y + draw.near(23, 2.4),
        half_width=draw.near(25.5 - 1.0 * t.f, 2.6),
        upper=max(draw.near(5.8 + 1.6 * t.tone + 0.6 * t.f, 1.5) * thin, 1.5),
        lower=max(draw.near(8.2 + 1.6 * t.tone + 0.6 * t.f, 1.6) * thin, 3.0),
        bow=draw.near(1.2, 0.6),
        corner=draw.near(-0.4, 0.9),
        out=draw.near(2.5 + 1.8 * t.tone, 1.0),
        redness=float(np.clip(draw.near(0.5 + 0.12 * t.f, 0.2), 0.1, 1)),
    )


def _hair(draw: _Draw, t: _Traits) -> Hair:
    style = _style(draw, t)
    beard = "none" if t.f else draw.pick(BEARDS, (0.28, 0.2, 0.18, 0.15, 0.08, 0.06, 0.05))
    recede = 0.0 if t.f else max(draw.near(0.6 * t.old, 0.3), 0)
    return Hair(
        style=style,
        colour=_hair_colour(draw, t),
        line_y=draw.near(-67, 4.0) - 14 * recede,
        temple=draw.unit(0, 6) + 16 * recede,
        peak=draw.near(0, 2.2),
        thickness=draw.unit(0.6, 1.4),
        sideburn_y=draw.unit(0, 34),
        parting=draw.unit(-1, 1),
        length_y=draw.unit(60, 118) if style == "bob" else draw.unit(115, 170),
        wave=draw.unit(0, 1),
        beard=beard,
        beard_density=draw.unit(0.6, 1.0),
        beard_length=draw.unit(2, 9),
    )


def _style(draw: _Draw, t: _Traits) -> str:
    if t.f:
        return draw.pick(FEMALE_STYLES, (0.24, 0.2, 0.26, 0.12, 0.12, 0.06))
    bald = 0.04 + 0.3 * t.old
    return draw.pick(MALE_STYLES, (0.2, 0.24, 0.2, 0.1, 0.1, bald, 0.06))


def _hair_colour(draw: _Draw, t: _Traits) -> RGB:
    dark_only = t.tone > 0.5
    shade = draw.unit() ** 1.3 * (0.3 if dark_only else 0.9)
    colour = np.asarray(between(HAIR_COLOURS, shade))
    grey = np.clip(draw.near(1.5 * (t.old - 0.55), 0.25), 0, 0.95)
    mixed = colour * (1 - grey) + np.asarray((176.0, 174.0, 172.0)) * grey
    return (float(mixed[0]), float(mixed[1]), float(mixed[2]))


def _skin(draw: _Draw, t: _Traits) -> Skin:
    hue = np.asarray((draw.near(0, 2.5), draw.near(0, 1.5), draw.near(0, 4.0)))
    rgb = np.clip(np.asarray(between(SKIN_TONES, t.tone)) + hue, 20, 255)
    moles = tuple(
        (draw.unit(-58, 58), draw.unit(-50, 95), draw.unit(0.7, 1.9))
        for _ in range(int(draw.rng.poisson(1.8)))
    )
    return Skin(
        tone=t.tone,
        rgb=(float(rgb[0]), float(rgb[1]), float(rgb[2])),
        redness=draw.unit(0, 1) * (1 - 0.7 * t.tone),
        freckles=draw.unit(0.3, 1) if draw.chance(0.22 * (1 - t.tone)) else 0.0,
        blotches=draw.unit(0.2, 1),
        folds=float(np.clip(draw.near(0.15 + 0.75 * t.old, 0.15), 0, 1)),
        wrinkles=float(np.clip(draw.near(-0.1 + 1.0 * t.old, 0.15), 0, 1)),
        shine=draw.unit(0.3, 1),
        moles=moles,
        scar=_scar(draw),
    )


def _scar(draw: _Draw) -> tuple[float, float, float, float] | None:
    if not draw.chance(0.1):
        return None
    x, y = draw.unit(-55, 55), draw.unit(-50, 90)
    return (x, y, x + draw.unit(-12, 12), y + draw.unit(6, 22))


def _asymmetry(draw: _Draw) -> Asymmetry:
    return Asymmetry(
        eye_y=draw.near(0, 0.5),
        eye_open=draw.near(0, 0.3),
        brow_y=draw.near(0, 0.7),
        mouth=draw.near(0, 0.7),
        jaw=draw.near(0, 0.9),
    )
