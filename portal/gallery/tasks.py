"""Background work on the gallery."""

from matching.decoding import decode_normalised
from portal import storage, work
from portal.celery import BULK, MAINTENANCE, send, task
from portal.gallery import actions, verifying
from portal.gallery.models import CustodyImage
from portal.gallery.serving import engine
from portal.work import WorkState


@task(actions.ENROL, queue=BULK)
def enrol_custody_image(*, image_id: int) -> None:
    """Find the face of a custody image, embed it, commit its template."""
    held = work.claim(CustodyImage, image_id)
    if held is None:
        return
    with work.attempt(held):
        _enrol(held)


def _enrol(held: work.Claim) -> None:
    image = CustodyImage.objects.only("copy_key").get(pk=held.pk)
    pixels = decode_normalised(storage.read(storage.custody(), image.copy_key))
    faces = engine().find_faces(pixels)
    if not faces:
        work.settle(held, WorkState.REFUSED, error="no face was found in this image")
        return
    actions.enrol(held, faces[0], engine().embed(faces[:1])[0], engine().info)


@task("gallery.verify_index", queue=BULK, soft_seconds=1500, hard_seconds=1560)
def verify_index() -> None:
    """Once a night on each host that searches."""
    verifying.verify_index()


@task("gallery.sweep", queue=MAINTENANCE)
def sweep() -> None:
    """Send again what waited too long for enrolment."""
    work.sweep(CustodyImage, lambda pk: send(actions.ENROL, queue=BULK, image_id=pk))
