"""The daily round of erasing."""

import contextlib

from portal.audit.log import SystemActor
from portal.celery import MAINTENANCE, task
from portal.retention import actions, orphans, queries
from portal.submissions.bulk.actions import purge_bulk_uploads
from portal.submissions.uploads import sweep_uploads

ROUND = SystemActor("retention")


@task("retention.purge_due", queue=MAINTENANCE, soft_seconds=3000, hard_seconds=3300)
def purge_due() -> None:
    """Erase what is due, one by one: uploads nobody went on with, stills past their retention period and
    documents about them, custody images marked for deletion.
    """
    sweep_uploads()
    for still in queries.stills_due().iterator():
        with contextlib.suppress(actions.AlreadyErased):
            actions.erase_still(still, by=ROUND, reason="retention period ended")
    for document in queries.documents_due().iterator():
        with contextlib.suppress(actions.AlreadyErased):
            actions.erase_document(document, by=ROUND, reason="retention period ended")
    for image in queries.custody_due().iterator():
        with contextlib.suppress(actions.AlreadyErased):
            actions.erase_custody_image(image, by=ROUND, reason=image.deletion_reason or "deletion requested")
    purge_bulk_uploads(by=ROUND)


@task("retention.sweep_orphans", queue=MAINTENANCE, soft_seconds=3000, hard_seconds=3300)
def sweep_orphans() -> None:
    """Delete stored files that no row names."""
    orphans.sweep_orphans()
