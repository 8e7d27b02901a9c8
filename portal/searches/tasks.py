"""Background work on stills."""

import hashlib

from matching.decoding import decode_normalised
from portal import storage, work
from portal.celery import INTERACTIVE, MAINTENANCE, send, task
from portal.gallery.serving import engine
from portal.searches import actions, turns
from portal.submissions.actions import PROCESS_STILL
from portal.submissions.models import Still


@task(PROCESS_STILL, queue=INTERACTIVE)
def process_still(*, still_id: int) -> None:
    """Find the face of a still, measure it, embed the chosen one, search the gallery.

    Of the still whose sender's turn it is, which need not be the one the message names.
    """
    held = turns.claim_in_turn(still_id)
    if held is None:
        return
    with work.attempt(held):
        _process(held)


def _process(held: work.Claim) -> None:
    still = Still.objects.select_related("offender__submission__campaign", "chosen_face").get(pk=held.pk)
    content = storage.read(storage.stills(), still.copy_key)
    if hashlib.sha256(content).hexdigest() != still.copy_sha256:
        raise OSError("the stored copy of this still is not what was written")
    matcher = engine()
    found, chosen = actions.analyse(still, decode_normalised(content), matcher)
    if chosen is None:
        actions.finish_without_face(held, matcher.info)
        return
    declared = still.offender.declared_at is not None
    vector = matcher.embed([found[chosen]])[0]
    if declared:
        actions.finish(held, still, found, chosen, vector=vector, info=matcher.info)
    else:
        actions.finish_draft(held, still, found, chosen, vector=vector, info=matcher.info)


@task("searches.sweep", queue=MAINTENANCE)
def sweep() -> None:
    """Send again stills that waited too long or whose worker died."""
    work.sweep(Still, lambda pk: send(PROCESS_STILL, queue=INTERACTIVE, still_id=pk))
