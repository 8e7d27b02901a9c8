"""A finished head: shape and colours of one identity on the capsule map, before any camera or lamp."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from matching.synthetic.face_paint import beard_cover, beard_height, face_colours
from matching.synthetic.geometry import features, normals, occlusion, skeleton
from matching.synthetic.hair import hair_layer
from matching.synthetic.identity import Identity
from matching.synthetic.surface import Array, capsule_grid, face_grid, linear, patch, ramp


@dataclass(frozen=True)
class Head:
    """All (H, W[, 3]) float32 on the capsule map; albedo is light reflected 0..1, gloss and hair 0..1."""

    radius: Array
    normal: tuple[Array, Array, Array]
    albedo: Array
    open: Array
    gloss: Array
    hair: Array


@lru_cache(maxsize=4)
def head_of(who: Identity) -> Head:
    """Build (or reuse) the head of an identity; about 60 ms on one core."""
    bare = skeleton(who)
    beard = beard_cover(who)
    frontal = ramp(capsule_grid().cos, 0.02, 0.2) * ramp(capsule_grid().v - bare.jaw_edge, 22, 4)
    relief = face_grid().onto_head(features(who) + beard_height(who, beard), bare.x, bare.y, 0.0)
    hair = hair_layer(who, bare)
    radius = (bare.radius + relief * frontal + hair.height).astype(np.float32)
    albedo = _albedo(who, bare.x, bare.y, beard, frontal)
    albedo += hair.cover[..., None] * (hair.colour - albedo)
    beard_head = face_grid().onto_head(beard, bare.x, bare.y, 0.0) * frontal
    matt = np.clip(hair.cover + beard_head, 0, 1)
    return Head(radius, normals(radius), albedo, occlusion(radius), (1 - matt) * who.skin.shine, hair.cover)


def _albedo(who: Identity, x: Array, y: Array, beard: Array, frontal: Array) -> Array:
    """Skin all over, the painted face in front."""
    skin = linear(who.skin.rgb)
    tint = face_grid().onto_head(face_colours(who, beard) / skin, x, y, 1.0)
    uneven = 1 + 0.03 * patch("soft", who.seed + 30, x.shape)
    plain = np.broadcast_to(skin, (*x.shape, 3)) * uneven[..., None]
    return np.ascontiguousarray(skin * (1 + frontal[..., None] * (tint - 1)) * 0.999 + 0.001 * plain).astype(
        np.float32
    )
