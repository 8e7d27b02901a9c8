"""Showing an outcome to a retailer is a disclosure (Data Protection Act 2018, section 62), and recorded."""

from collections.abc import Iterable

from django.db import models

from portal.accounts.access import SignedInRequest
from portal.audit.log import record
from portal.audit.tags import Tag
from portal.retailer.polling import is_poll
from portal.reviews.status import Status
from portal.submissions.models import Offender

TOLD = "told_outcomes"


def disclose(
    request: SignedInRequest, subject: models.Model, shown: Iterable[tuple[Offender, Status]]
) -> None:
    """Record the outcomes a page shows; of a poll only those that this session has not been told yet."""
    outcomes = {str(offender.uid): status.code for offender, status in shown if status.decided_at}
    told = request.session.get(TOLD, {})
    new = {uid: code for uid, code in outcomes.items() if told.get(uid) != code}
    recorded = new if is_poll(request) else outcomes
    if new:
        request.session[TOLD] = {**told, **new}
    if recorded:
        record(Tag.STATUS_DISCLOSED, actor=request.user, subject=subject, outcomes=recorded)
