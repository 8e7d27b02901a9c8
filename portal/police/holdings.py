"""What the gallery holds and in which state: counts that add up, and what needs attention."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from portal.accounts.models import User
from portal.gallery.events import latest_seq
from portal.gallery.models import CustodyImage, Template
from portal.gallery.queries import may_be_searched, not_planted
from portal.searches.models import Search
from portal.work import WorkState

DUE_WITHIN = timedelta(days=90)
IMPORT_DAYS = 14


def images_for(user: User) -> QuerySet[CustodyImage]:
    """Custody images of this person's force, with their subjects; none that was planted for a check."""
    mine = CustodyImage.objects.filter(not_planted("subject__"), subject__force=user.organisation_id)
    return mine.select_related("subject")


def conditions(today: date) -> Mapping[str, tuple[str, Q]]:
    """Code → label and condition; every image is in exactly one."""
    erased = ~Q(erased_at=None)
    asked = ~erased & ~Q(deletion_requested_at=None)
    kept = Q(erased_at=None, deletion_requested_at=None)
    past = kept & Q(review_on__lt=today)
    current = kept & Q(review_on__gte=today)
    waiting = Q(work_state__in=(WorkState.QUEUED, WorkState.RUNNING))
    return {
        "searchable": ("Searchable", current & Q(work_state=WorkState.DONE)),
        "waiting": ("Waiting for enrolment", current & waiting),
        "refused": ("No usable face", current & Q(work_state=WorkState.REFUSED)),
        "quarantined": ("Set aside for an operator", current & Q(work_state=WorkState.QUARANTINED)),
        "expired": ("Past the review date", past),
        "deletion": ("Deletion requested", asked),
        "erased": ("Erased", erased),
    }


def counted(user: User) -> list[tuple[str, str, int]]:
    """(code, label, number) of every condition, in one query."""
    named = conditions(timezone.localdate())
    numbers = images_for(user).aggregate(**{code: Count("pk", filter=q) for code, (_, q) in named.items()})
    return [(code, label, numbers[code]) for code, (label, _) in named.items()]


def due_soon(user: User) -> QuerySet[CustodyImage]:
    """Searchable images whose review date comes within DUE_WITHIN, soonest first."""
    until = timezone.localdate() + DUE_WITHIN
    return images_for(user).filter(may_be_searched(), review_on__lte=until).order_by("review_on", "pk")


def filtered(user: User, state: str, text: str) -> QuerySet[CustodyImage]:
    """Images in one condition ("" for any, "due" for a review soon), by custody record number if given."""
    named = conditions(timezone.localdate())
    rows = due_soon(user) if state == "due" else images_for(user).order_by("pk")
    if state in named:
        rows = rows.filter(named[state][1])
    return rows.filter(subject__reference__icontains=text) if text else rows


def imports_by_day(user: User) -> list[tuple[date, int]]:
    """How many images came in on each of the last days on which any came."""
    since = timezone.now() - timedelta(days=IMPORT_DAYS)
    rows = images_for(user).filter(imported_at__gte=since).order_by().values_list(TruncDate("imported_at"))
    return [(day, number) for day, number in rows.annotate(Count("pk")).order_by("-imported_at__date")]


def snapshot(user: User) -> dict[str, Any]:
    """What the next search will search: the log's newest number, templates by model, the last search."""
    models = (
        Template.objects.filter(image__in=images_for(user))
        .order_by("model")
        .values_list("model", "model_version")
        .annotate(Count("pk"))
    )
    last = Search.objects.filter(campaign__force=user.organisation_id).order_by("-pk").first()
    return {"seq": latest_seq(), "models": list(models), "last": last}
