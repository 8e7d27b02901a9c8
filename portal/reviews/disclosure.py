"""Telling a retailer an outcome is disclosure: logged the first time each outcome is shown to the retailer.

Later looks at the same outcome disclose nothing new, and a page or program that polls must not fill the log.
"""

from collections.abc import Mapping, Sequence

from django.db import transaction

from portal.audit.log import Actor, record
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.reviews.status import Status
from portal.submissions.models import Offender


def disclose(offenders: Sequence[Offender], statuses: Mapping[int, Status], *, to: Actor) -> int:
    """Log what these statuses (by offender id) tell `to`'s retailer for the first time; how many were new."""
    decided = {str(one.uid): one for one in offenders if statuses[one.pk].decided_at}
    if not decided:
        return 0
    told = Entry.objects.filter(
        tag=Tag.STATUS_DISCLOSED,
        organisation_id=to.organisation_id,
        subject_type=Offender._meta.label_lower,
        subject_id__in=list(decided),
    )
    known = set(told.values_list("subject_id", "details__outcome"))
    new = [one for uid, one in decided.items() if (uid, statuses[one.pk].code) not in known]
    with transaction.atomic():
        for offender in new:
            record(Tag.STATUS_DISCLOSED, actor=to, subject=offender, outcome=statuses[offender.pk].code)
    return len(new)
