"""Telling a retailer an outcome is disclosure (Data Protection Act 2018, section 62), and logged.

Once for each person (or program, or webhook) and outcome: later looks at the same outcome disclose nothing
new, and a page that refreshes itself must not fill the log. An outcome of a later round is a new one, also
where it is the same again. Pages and the API both tell through here.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from portal.audit.log import Actor, record_each
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.reviews.status import Status
from portal.submissions.models import Offender


def disclose(offenders: Sequence[Offender], statuses: Mapping[int, Status], *, to: Actor) -> int:
    """Log what these statuses (by offender id) tell this reader for the first time; how many were new."""
    decided = {str(one.uid): one for one in offenders if statuses[one.pk].decided_at}
    if not decided:
        return 0
    told = Entry.objects.filter(
        tag=Tag.STATUS_DISCLOSED,
        actor=to.audit_name,
        organisation_id=to.organisation_id,
        subject_type=Offender._meta.label_lower,
        subject_id__in=list(decided),
    )
    known = {
        uid
        for uid, outcome, at in told.values_list("subject_id", "details__outcome", "at")
        if _is_told(statuses[decided[uid].pk], outcome, at)
    }
    new = [(one, {"outcome": statuses[one.pk].code}) for uid, one in decided.items() if uid not in known]
    return len(record_each(Tag.STATUS_DISCLOSED, new, actor=to))


def _is_told(status: Status, outcome: str, at: datetime) -> bool:
    return outcome == status.code and status.decided_at is not None and at >= status.decided_at
