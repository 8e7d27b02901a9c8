"""Faces that nobody searches are made unrecognisable in the pixels, before a picture leaves for anybody."""

from collections.abc import Iterable, Mapping

from PIL import Image, ImageFilter

from matching.geometry import Box, intersection_over_union
from portal.submissions.models import Face, Still

MARGIN = 0.3  # of a face's size: hair and ears go too
MOSAIC = 5  # a bystander's face keeps this many pixels across, then they are smoothed
SAME_FACE = 0.5  # overlap from which two boxes are one face
Corners = tuple[int, int, int, int]


def bystanders(still: Still) -> list[Face]:
    """The faces of a still that are not searched; none while no face is chosen."""
    if still.chosen_face_id is None:
        return []
    return [face for face in still.faces.all() if face.pk != still.chosen_face_id]


def box_of(face: Face) -> Box:
    """Where a face is, in pixels of the normalised copy."""
    return Box(face.x, face.y, face.w, face.h)


def boxes_beside(still: Still, chosen: Mapping[str, float]) -> list[Box]:
    """Faces of a still other than the one in this box, however the still's own choice has changed since."""
    own = Box(**{side: float(chosen[side]) for side in "xywh"})
    found = (box_of(face) for face in still.faces.all())
    return [box for box in found if intersection_over_union(own, box) < SAME_FACE]


def hide(image: Image.Image, hidden: Iterable[Box], shown: Box | None) -> None:
    """Blur faces in place; where they overlap the face that is searched, that one stays clear."""
    inside = corners(shown, image, 0.0) if shown else None
    clear = image.crop(inside) if inside else None
    for box in hidden:
        _blur(image, corners(box, image, MARGIN))
    if inside and clear:
        image.paste(clear, inside)


def corners(box: Box, image: Image.Image, margin: float) -> Corners:
    """Left, top, right, bottom of a box with a margin (share of its size), inside the image."""
    across, down = box.w * margin, box.h * margin
    left = min(max(0, int(box.x - across)), image.width - 1)
    top = min(max(0, int(box.y - down)), image.height - 1)
    right = min(image.width, int(box.x + box.w + across) + 1)
    bottom = min(image.height, int(box.y + box.h + down) + 1)
    return left, top, max(right, left + 1), max(bottom, top + 1)


def _blur(image: Image.Image, where: Corners) -> None:
    face = image.crop(where)
    coarse = face.resize((MOSAIC, MOSAIC), Image.Resampling.BOX).resize(face.size, Image.Resampling.BICUBIC)
    image.paste(coarse.filter(ImageFilter.GaussianBlur(face.width / MOSAIC / 2)), where)
