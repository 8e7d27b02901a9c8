"""Custody view: frontal, even light, plain grey, 600 x 800."""

from __future__ import annotations

import cv2
import numpy as np

from matching.engine import Image
from matching.synthetic.figure import figure_sprite, outfit
from matching.synthetic.head import head_of
from matching.synthetic.identity import Identity
from matching.synthetic.render import Camera, Lamp, Light, Pose, paste, render_head
from matching.synthetic.surface import Array, patch

WIDTH, HEIGHT = 600, 800
SALT = 0xC057


def custody_image(who: Identity, view_seed: int = 0) -> Image:
    """Head and shoulders, uint8 RGB (800, 600, 3); equal seeds give equal pixels."""
    rng = np.random.default_rng((SALT, who.seed, view_seed))
    camera = Camera(1.75 + rng.uniform(-0.08, 0.08), 300 + rng.uniform(-8, 8), 345 + rng.uniform(-12, 12))
    pose = Pose(rng.uniform(-3, 3), rng.uniform(-2, 4), rng.uniform(-1.5, 1.5))
    picture = _backdrop(rng)
    head = render_head(head_of(who), pose, _studio(rng), camera)
    wear = outfit(rng)
    body = figure_sprite(who, wear, camera.scale, (camera.x, camera.y), (HEIGHT, WIDTH))
    paste(picture, head)
    paste(picture, body)
    paste(picture, head, only=head.hair)
    return _photographed(picture, rng)


def _backdrop(rng: np.random.Generator) -> Array:
    """Grey wall with a soft fall-off."""
    grey = rng.uniform(148, 176)
    x = np.linspace(-1, 1, WIDTH, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, HEIGHT, dtype=np.float32)[:, None]
    wall = grey * (1.04 - 0.09 * (x * x + 0.7 * y * y)) + 0 * x
    return np.repeat(wall[..., None], 3, 2) * np.asarray((0.985, 1.0, 1.015), np.float32)


def _studio(rng: np.random.Generator) -> Light:
    """Two soft lamps, nearly balanced."""
    lean = rng.uniform(-0.06, 0.06)
    return Light(
        (Lamp((-0.6, -0.55, 1), 0.42 + lean), Lamp((0.65, -0.4, 1), 0.38 - lean)), rng.uniform(0.38, 0.46)
    )


def _photographed(picture: Array, rng: np.random.Generator) -> Image:
    """A little lens blur and sensor grain."""
    soft = cv2.GaussianBlur(picture, (3, 3), 0.6)
    grain = patch("grain", int(rng.integers(1 << 30)), (HEIGHT, WIDTH))
    return np.clip(soft + 1.3 * grain[..., None], 0, 255).astype(np.uint8)
