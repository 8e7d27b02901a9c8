"""CCTV view: people in a shop aisle, seen by a mounted camera and stored by a cheap recorder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np

from matching.engine import Image
from matching.geometry import Box
from matching.synthetic.aisle import SHOPS, Viewpoint, aisle
from matching.synthetic.figure import figure_sprite, outfit
from matching.synthetic.head import head_of
from matching.synthetic.identity import Identity
from matching.synthetic.render import Camera, Lamp, Light, Pose, Sprite, face_outline, paste, render_head
from matching.synthetic.surface import Array, patch

SALT = 0xCC77
FRAMES = ((1280, 720), (704, 576))
FACE_WIDTH = 0.137
"""Metres, cheek to cheek."""

SHARPEST = 190.0
"""Faces narrower than this (px) are rendered this wide and averaged down."""


@dataclass(frozen=True, slots=True)
class Recorder:
    """What camera and recorder do: gain, gamma, blur (px), noise (0..255), JPEG quality 1..100."""

    gain: float
    gamma: float
    blur: float
    noise: float
    jpeg: int
    grey: bool = False


@dataclass(frozen=True, slots=True)
class _Place:
    """Where somebody stands: pixel between the eyes, px per mm, degrees the camera looks down on them."""

    x: float
    y: float
    scale: float
    elevation: float


def cctv_still(
    who: Identity, view_seed: int, *, face_px: float | None = None, bystanders: Sequence[Identity] = ()
) -> tuple[Image, Box]:
    """A still (uint8 RGB, 720 x 1280 or 576 x 704) and the face's box in it.

    ``face_px`` is the face's width (default: drawn from 28..120); ``bystanders`` stand farther back.
    """
    rng = np.random.default_rng((SALT, who.seed, view_seed))
    frame = FRAMES[int(rng.random() < 0.35)]
    width = face_px or float(np.exp(rng.uniform(np.log(28), np.log(120))))
    view, place = _viewpoint(rng, frame, width)
    picture = aisle(view, int(rng.integers(SHOPS)))
    light = _shop_light(rng)
    for number, other in enumerate(bystanders):
        _add_person(picture, other, _behind(rng, place, frame, number), light, rng)
    box = _add_person(picture, who, place, light, rng)
    return _recorded(picture, _recorder(rng), rng), box


def empty_still(view_seed: int) -> Image:
    """A still with nobody in it, uint8 RGB."""
    rng = np.random.default_rng((SALT, 1 << 40, view_seed))
    view, _ = _viewpoint(rng, FRAMES[int(rng.random() < 0.35)], 60.0)
    return _recorded(aisle(view, int(rng.integers(SHOPS))), _recorder(rng), rng)


def _viewpoint(rng: np.random.Generator, frame: tuple[int, int], face_px: float) -> tuple[Viewpoint, _Place]:
    """A camera that shows a face ``face_px`` wide at a likely place, and that place."""
    depth = float(np.clip(frame[0] * 0.9 * FACE_WIDTH / face_px, 2.6, 8.5)) * rng.uniform(0.95, 1.1)
    focal = face_px * depth / FACE_WIDTH
    elevation = np.deg2rad(rng.uniform(5, 15))
    eye = rng.uniform(1.52, 1.72)
    x = frame[0] * rng.uniform(0.36, 0.64)
    y = frame[1] * rng.uniform(0.22, 0.36) + 0.25 * face_px
    tilt = elevation - np.arctan((y - frame[1] / 2) / focal)
    mount = eye + depth * np.tan(elevation)
    view = Viewpoint(*frame, focal, mount, tilt, rng.uniform(-0.5, 0.5), rng.uniform(-0.12, 0.12))
    return view, _Place(x, y, face_px / (FACE_WIDTH * 1000), float(np.rad2deg(elevation)))


def _behind(rng: np.random.Generator, front: _Place, frame: tuple[int, int], number: int) -> _Place:
    """A place farther down the aisle, spread to either side of the person in front."""
    shrink = rng.uniform(0.62, 0.85)
    side = -1 if (number + (front.x > frame[0] / 2)) % 2 == 0 else 1
    away = (170 + 150 * (number // 2) + rng.uniform(0, 60)) * 2.2 * front.scale
    x = float(np.clip(front.x + side * away, 40 * shrink, frame[0] - 40 * shrink))
    y = front.y - (1 - shrink) * 260 * front.scale * rng.uniform(0.2, 1.0)
    return _Place(x, y, front.scale * shrink, front.elevation * 0.8)


def _shop_light(rng: np.random.Generator) -> Light:
    """Tubes overhead, a bit to one side, some light from everywhere."""
    side = rng.uniform(-0.5, 0.5)
    warm = rng.uniform(0.93, 1.07)
    lamps = (
        Lamp((side, -0.9, 0.9), rng.uniform(0.40, 0.55)),
        Lamp((-side * 1.5, -0.3, 1.0), rng.uniform(0.15, 0.3)),
    )
    return Light(lamps, rng.uniform(0.30, 0.42), (warm, 1.0, 2.0 - warm))


def _add_person(picture: Array, who: Identity, place: _Place, light: Light, rng: np.random.Generator) -> Box:
    """Draw somebody into the picture in place; returns the face's box."""
    pose = Pose(
        rng.uniform(-16, 16), float(np.clip(place.elevation + rng.uniform(-6, 4), -4, 16)), rng.uniform(-5, 5)
    )
    fine = max(SHARPEST / (place.scale * FACE_WIDTH * 1000), 1.0)
    camera = Camera(place.scale * fine, 0.0, 0.0, 3200.0)
    head = _shrunk(render_head(head_of(who), pose, light, camera), fine, place)
    body = figure_sprite(who, outfit(rng), place.scale, (place.x, place.y), picture.shape[:2])
    paste(picture, head)
    paste(picture, body)
    paste(picture, head, only=head.hair)
    return _face_box(who, pose, Camera(place.scale, place.x, place.y, 3200.0))


def _shrunk(sprite: Sprite, fine: float, place: _Place) -> Sprite:
    """A finely rendered head averaged down to its place in the picture."""
    left, top = sprite.left / fine + place.x, sprite.top / fine + place.y
    pixel = (int(np.floor(left)), int(np.floor(top)))
    size = (int(sprite.cover.shape[1] / fine) + 2, int(sprite.cover.shape[0] / fine) + 2)
    layers = np.dstack([sprite.rgb * sprite.cover[..., None], sprite.cover, sprite.hair * sprite.cover])
    if fine > 1.5:
        layers = cv2.blur(layers, (max(round(fine), 1), max(round(fine), 1)))
    turn = np.array([[1 / fine, 0, left - pixel[0]], [0, 1 / fine, top - pixel[1]]], np.float32)
    small = cv2.warpAffine(layers, turn, size, flags=cv2.INTER_LINEAR)
    cover = np.clip(small[..., 3], 0, 1)
    solid = np.maximum(cover, 1e-3)
    return Sprite(small[..., :3] / solid[..., None], cover, small[..., 4] / solid, *pixel)


def _face_box(who: Identity, pose: Pose, camera: Camera) -> Box:
    """Cheek to cheek, brow to chin."""
    skull = who.skull
    half = skull.face_half - 4
    rim = [
        (-half, 15, 40),
        (half, 15, 40),
        (0, -34, 88),
        (0, skull.chin_y, 80),
        (-half + 12, skull.jaw_y, 45),
        (half - 12, skull.jaw_y, 45),
    ]
    points = face_outline(pose, camera, np.asarray(rim, np.float64))
    (x0, y0), (x1, y1) = points.min(0), points.max(0)
    return Box(float(x0), float(y0), float(x1 - x0), float(y1 - y0))


def _recorder(rng: np.random.Generator) -> Recorder:
    return Recorder(
        gain=rng.uniform(0.78, 1.02),
        gamma=rng.uniform(0.9, 1.2),
        blur=rng.uniform(0.35, 0.8),
        noise=rng.uniform(2.0, 5.0),
        jpeg=int(rng.integers(58, 84)),
        grey=bool(rng.random() < 0.06),
    )


def _recorded(picture: Array, how: Recorder, rng: np.random.Generator) -> Image:
    """Lens, sensor, overlay and compression, in that order."""
    soft: Array = cv2.GaussianBlur(picture, (0, 0), how.blur)
    grain = cv2.resize(patch("grain", int(rng.integers(1 << 30)), (720, 1000)), picture.shape[1::-1])
    chroma = patch("soft", int(rng.integers(1 << 30)), (360, 640))
    soft += (how.noise * grain)[..., None]
    soft += cv2.resize(how.noise * 0.6 * chroma, picture.shape[1::-1])[..., None] * np.asarray(
        (1, -0.4, -0.8), np.float32
    )
    levels = 255 * np.clip(how.gain * np.linspace(0, 1, 256), 0, 1) ** how.gamma
    sensed: Array = cv2.LUT(np.clip(soft, 0, 255).astype(np.uint8), levels.astype(np.uint8))
    if how.grey:
        sensed = np.repeat(cv2.cvtColor(sensed, cv2.COLOR_RGB2GRAY)[..., None], 3, 2)
    _stamp(sensed, rng)
    return _compressed(sensed, how.jpeg)


def _stamp(picture: Array, rng: np.random.Generator) -> None:
    """Date, time and camera name burnt in."""
    moment = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(seconds=int(rng.integers(0, 200 * 86400)))
    name = f"CAM {int(rng.integers(1, 17)):02d}  AISLE {int(rng.integers(1, 15))}"
    size = picture.shape[1] / 1280
    for text, x in ((f"{moment:%d-%m-%Y %H:%M:%S}", 16), (name, int(picture.shape[1] - 300 * size))):
        for colour, thick in (((12, 12, 12), 4), ((244, 244, 244), 2)):
            weight = max(round(thick * size), 1)
            cv2.putText(
                picture,
                text,
                (x, picture.shape[0] - 16),
                cv2.FONT_HERSHEY_SIMPLEX,
                0.8 * size,
                colour,
                weight,
                cv2.LINE_AA,
            )


def _compressed(picture: Image, quality: int) -> Image:
    """Through JPEG and back."""
    data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    stored: Image = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB)  # type: ignore[assignment]
    return stored
