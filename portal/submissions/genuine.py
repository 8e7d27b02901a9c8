"""Telling what a retailer reported from what is made up for known-answer checks (portal.assurance)."""

from django.db.models import Q

from portal.accounts.models import OrganisationKind


def genuine(prefix: str = "") -> Q:
    """The condition on offenders (`prefix` leads to one, as "offender__"): reported, not made up.

    Every statistic, list of results, series and disclosure filters by it; the officers' queue and the
    pages of a review must not, or a check could be told there.
    """
    return ~Q(**{f"{prefix}submission__retailer__kind": OrganisationKind.CHECKS})
