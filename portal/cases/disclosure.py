"""All that a retailer may know of a series: that a report is linked to others. Not how many, not whose."""

from collections.abc import Iterable

from portal.cases.models import Membership


def linked_offenders(offender_ids: Iterable[int]) -> set[int]:
    """Those of these offenders that officers have linked to other reports."""
    held = Membership.objects.filter(offender__in=list(offender_ids), until=None)
    return set(held.values_list("offender_id", flat=True))
