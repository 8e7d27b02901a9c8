"""A still as its retailer sees it: faces that are not searched are blurred in the bytes that leave."""

from collections.abc import Iterable
from io import BytesIO

from django.http import HttpResponse
from PIL import Image, ImageFilter

from portal.submissions.models import Face, Still

MARGIN = 0.3  # of a face's size: hair and ears go too
MOSAIC = 5  # a bystander's face keeps this many pixels across, then they are smoothed
THUMB_PX = 160
Corners = tuple[int, int, int, int]


def for_view(content: bytes, hidden: Iterable[Face], shown: Face | None) -> bytes:
    """The normalised JPEG with `hidden` faces blurred; where they overlap, `shown` stays clear."""
    image = _opened(content)
    clear = (_corners(shown, image, 0.0), image.crop(_corners(shown, image, 0.0))) if shown else None
    for face in hidden:
        _blur(image, _corners(face, image, MARGIN))
    if clear:
        image.paste(clear[1], clear[0])
    return _jpeg(image)


def thumbnail(content: bytes, face: Face | None) -> bytes:
    """A square of THUMB_PX: the face that is searched, or the whole picture while there is none."""
    image = _opened(content)
    if face is not None:
        image = image.crop(_corners(face, image, MARGIN))
    image.thumbnail((THUMB_PX, THUMB_PX))
    return _jpeg(image)


def bystanders(still: Still) -> list[Face]:
    """The faces of a still that are not searched; none while no face is chosen."""
    if still.chosen_face_id is None:
        return []
    return [face for face in still.faces.all() if face.pk != still.chosen_face_id]


def private_jpeg(content: bytes) -> HttpResponse:
    """An image response that nobody stores, sniffs or runs."""
    response = HttpResponse(content, content_type="image/jpeg")
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox"
    response["Content-Disposition"] = 'inline; filename="still.jpg"'
    return response


def _opened(content: bytes) -> Image.Image:
    return Image.open(BytesIO(content), formats=["JPEG"]).convert("RGB")


def _corners(face: Face, image: Image.Image, margin: float) -> Corners:
    across, down = face.w * margin, face.h * margin
    left, top = max(0, int(face.x - across)), max(0, int(face.y - down))
    right = min(image.width, int(face.x + face.w + across) + 1)
    bottom = min(image.height, int(face.y + face.h + down) + 1)
    return left, top, max(right, left + 1), max(bottom, top + 1)


def _blur(image: Image.Image, corners: Corners) -> None:
    face = image.crop(corners)
    coarse = face.resize((MOSAIC, MOSAIC), Image.Resampling.BOX).resize(face.size, Image.Resampling.BICUBIC)
    image.paste(coarse.filter(ImageFilter.GaussianBlur(face.width / MOSAIC / 2)), corners)


def _jpeg(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "JPEG", quality=88)
    return out.getvalue()
