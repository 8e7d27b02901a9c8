"""Camera and lamps: a head seen from somewhere, under some light, as pixels.

Light travels in a gamma of 2 (see ``surface.linear``). Shading is done once per point of the capsule map,
then every pixel looks its point up: rays are marched on a coarse grid first and refined at full size.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from matching.synthetic.head import Head
from matching.synthetic.surface import ANGLE_MAX, ANGLE_STEP, CENTRE_Y, DOME, V_STEP, V_TOP, Array

COARSE = 4
REACH = 135.0
"""No part of a head lies farther than this from its axis, mm."""


@dataclass(frozen=True, slots=True)
class Pose:
    """Degrees; yaw > 0 turns to the image's right, pitch > 0 looks down, roll > 0 leans clockwise."""

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0

    def matrix(self) -> Array:
        """Rotation (3, 3) from the head's frame to the camera's."""
        yaw, pitch, roll = np.deg2rad((self.yaw, self.pitch, self.roll))
        about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
        about_x = np.array([[1, 0, 0], [0, np.cos(pitch), np.sin(pitch)], [0, -np.sin(pitch), np.cos(pitch)]])
        about_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
        return about_z @ about_x @ about_y


@dataclass(frozen=True, slots=True)
class Lamp:
    """Direction towards the lamp in the camera's frame, and its strength."""

    direction: tuple[float, float, float]
    strength: float


@dataclass(frozen=True, slots=True)
class Light:
    """Lamps, light from everywhere, and the colour of it all."""

    lamps: tuple[Lamp, ...]
    ambient: float
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Camera:
    """``scale`` px per mm at the head, ``x, y`` pixel of the point between the eyes, ``distance`` mm."""

    scale: float
    x: float
    y: float
    distance: float = 1600.0


@dataclass(frozen=True)
class Sprite:
    """rgb (h, w, 3) float32 0..255, cover and hair (h, w) 0..1, to be laid at pixel (left, top)."""

    rgb: Array
    cover: Array
    hair: Array
    left: int
    top: int


def render_head(head: Head, pose: Pose, light: Light, camera: Camera) -> Sprite:
    """The head as the camera sees it; the sprite may reach beyond the picture."""
    wide, up, down = 122 * camera.scale, 168 * camera.scale, 185 * camera.scale
    left, top = int(camera.x - wide), int(camera.y - up)
    size = (int(up + down) // COARSE * COARSE, int(2 * wide) // COARSE * COARSE)
    column, row, miss = _trace(head, pose, camera, (left, top), size)
    texture = shade(head, pose, light)
    seen = cv2.remap(texture, column, row, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE).astype(np.float32)
    cover: Array = np.clip(1.25 - miss * camera.scale, 0, 1)
    cover = cv2.morphologyEx(cover, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    return Sprite(seen[..., :3], cover, seen[..., 3] / 255, left, top)


def shade(head: Head, pose: Pose, light: Light) -> Array:
    """The lit head on the capsule map: RGB as displayed and hair cover, uint8 (H, W, 4)."""
    turn = pose.matrix().T.astype(np.float32)
    diffuse, shine = _illumination(head, turn, light)
    lit = np.empty((*head.open.shape, 4), np.float32)
    for channel, (tint, wrap) in enumerate(zip(light.tint, (0.14, 0.05, 0.02), strict=True)):
        soft = (diffuse + wrap) / (1 + wrap)
        lit[..., channel] = head.albedo[..., channel] * (soft * tint) + shine
    np.maximum(lit, 0, out=lit)
    lit[..., :3] = 255 * np.sqrt(lit[..., :3] / (1 + 0.12 * lit[..., :3]))
    lit[..., 3] = head.hair * 255
    return np.clip(lit, 0, 255).astype(np.uint8)


def _illumination(head: Head, turn: Array, light: Light) -> tuple[Array, Array]:
    """Light received and light mirrored (skin shine, hair sheen) per point."""
    nx, ny, nz = head.normal
    received = light.ambient * (0.8 - 0.2 * ny) * head.open
    shine = np.zeros_like(received)
    view = turn @ np.array([0, 0, 1], np.float32)
    for lamp in light.lamps:
        towards = turn @ _unit(lamp.direction)
        facing = nx * towards[0] + ny * towards[1] + nz * towards[2]
        received += lamp.strength * np.clip((facing + 0.12) / 1.12, 0, None) * (0.35 + 0.65 * head.open)
        half = _unit(towards + view)
        mirror = np.clip(nx * half[0] + ny * half[1] + nz * half[2], 0, 1)
        wide = mirror * mirror * mirror
        wide *= wide
        shine += lamp.strength * (
            0.035 * head.gloss * wide * wide * mirror * mirror + 0.03 * head.hair * wide
        )
    return received, shine * head.open


def _unit(vector: Array | tuple[float, ...]) -> Array:
    """The direction (3,) float32 with length 1."""
    return (np.asarray(vector) / np.linalg.norm(vector)).astype(np.float32)


def _trace(
    head: Head, pose: Pose, camera: Camera, corner: tuple[int, int], size: tuple[int, int]
) -> tuple[Array, Array, Array]:
    """Map column, map row and how far the ray misses (mm), each (h, w)."""
    small = (size[0] // COARSE, size[1] // COARSE)
    rays = _Rays(pose, camera, corner, small, COARSE)
    depth, miss = _march(head.radius, rays, np.full(small, camera.distance - REACH, np.float32), 20, 0.8)
    guess = cv2.resize(depth, size[::-1], interpolation=cv2.INTER_LINEAR)
    within = cv2.erode((miss < 1).astype(np.uint8), np.ones((3, 3), np.uint8))
    rays = _Rays(pose, camera, corner, size, 1)
    depth, miss = _march(head.radius, rays, guess, 5, 0.85)
    column, row, _ = _lookup(rays.at(depth))
    return column, row, miss * (cv2.resize(within, size[::-1], interpolation=cv2.INTER_NEAREST) == 0)


class _Rays:
    """One ray per pixel, in the head's frame."""

    def __init__(
        self, pose: Pose, camera: Camera, corner: tuple[int, int], size: tuple[int, int], step: int
    ) -> None:
        turn = pose.matrix().T.astype(np.float32)
        inset = (step - 1) / 2
        x = (np.arange(size[1], dtype=np.float32) * step + inset + corner[0] - camera.x) / camera.scale
        y = (np.arange(size[0], dtype=np.float32) * step + inset + corner[1] - camera.y) / camera.scale
        x, y = x[None, :] / camera.distance, y[:, None] / camera.distance
        self.origin = turn @ np.array([0, 0, camera.distance], np.float32)
        self.slope = [turn[i, 0] * x + turn[i, 1] * y - turn[i, 2] for i in range(3)]
        self.near, self.far = camera.distance - REACH, camera.distance + REACH

    def at(self, depth: Array) -> tuple[Array, Array, Array]:
        """Points (x, y, z) at a depth (mm along the camera's axis)."""
        x, y, z = (self.origin[i] + depth * self.slope[i] for i in range(3))
        return x, y, z


def _march(radius: Array, rays: _Rays, depth: Array, steps: int, pace: float) -> tuple[Array, Array]:
    """Walk to the surface; returns depth of the nearest approach and its distance, mm (0 once inside)."""
    best, closest = depth.copy(), np.full(depth.shape, 1e3, np.float32)
    inside = np.zeros(depth.shape, bool)
    for _ in range(steps):
        column, row, reach = _lookup(rays.at(depth))
        gap = reach - cv2.remap(radius, column, row, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE)
        closer = np.abs(gap) < closest
        np.copyto(best, depth, where=closer)
        np.copyto(closest, np.abs(gap), where=closer)
        inside |= gap < 0
        depth = np.clip(depth + pace * np.clip(gap, -12, 40), rays.near, rays.far)
    return best, np.where(inside, 0, closest)


def _lookup(point: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
    """Map column, map row and distance from the axis (or the dome's centre) of points."""
    x, y, z = point
    flat = np.sqrt(x * x + z * z)
    above = np.minimum(y - CENTRE_Y, 0)
    column = (np.rad2deg(np.arctan2(x, z)) + ANGLE_MAX) / ANGLE_STEP
    v = np.maximum(y, CENTRE_Y) + DOME * np.arctan2(above, flat)
    return column, (v - V_TOP) / V_STEP, np.sqrt(flat * flat + above * above)


def paste(picture: Array, sprite: Sprite, *, only: Array | None = None) -> None:
    """Lay a sprite over a picture (H, W, 3) float32 in place; ``only`` (h, w) thins its cover."""
    rows = slice(max(sprite.top, 0), min(sprite.top + sprite.cover.shape[0], picture.shape[0]))
    columns = slice(max(sprite.left, 0), min(sprite.left + sprite.cover.shape[1], picture.shape[1]))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return
    part = (
        slice(rows.start - sprite.top, rows.stop - sprite.top),
        slice(columns.start - sprite.left, columns.stop - sprite.left),
    )
    cover = sprite.cover[part] if only is None else sprite.cover[part] * only[part]
    below = picture[rows, columns]
    below += cover[..., None] * (sprite.rgb[part] - below)


def face_outline(pose: Pose, camera: Camera, points: Array) -> Array:
    """Pixels (n, 2) of points (n, 3) given in the head's frame."""
    seen = points @ pose.matrix().T
    zoom = camera.scale * camera.distance / (camera.distance - seen[:, 2:])
    return seen[:, :2] * zoom + (camera.x, camera.y)
