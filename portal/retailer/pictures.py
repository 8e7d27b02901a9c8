"""A still as its retailer sees it: faces that are not searched are blurred in the bytes that leave."""

from collections.abc import Iterable
from io import BytesIO

from django.http import HttpResponse
from PIL import Image

from portal.submissions.bystanders import MARGIN, box_of, corners, hide
from portal.submissions.models import Face

THUMB_PX = 160


def for_view(content: bytes, hidden: Iterable[Face], shown: Face | None) -> bytes:
    """The normalised JPEG with `hidden` faces blurred; where they overlap, `shown` stays clear."""
    return _jpeg(_hidden(content, hidden, shown))


def thumbnail(content: bytes, hidden: Iterable[Face], face: Face | None) -> bytes:
    """A square of THUMB_PX: the face that is searched, or the whole picture while there is none."""
    image = _hidden(content, hidden, face)
    if face is not None:
        image = image.crop(corners(box_of(face), image, MARGIN))
    image.thumbnail((THUMB_PX, THUMB_PX))
    return _jpeg(image)


def _hidden(content: bytes, hidden: Iterable[Face], shown: Face | None) -> Image.Image:
    image = _opened(content)
    hide(image, [box_of(face) for face in hidden], box_of(shown) if shown else None)
    return image


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


def _jpeg(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "JPEG", quality=88)
    return out.getvalue()
