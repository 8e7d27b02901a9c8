"""The list policy: twenty candidates by default, more on request, and the request is on the review."""

from django.db import transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.audit.log import record
from portal.audit.tags import Tag
from portal.reviews.claims import add_in_random_order
from portal.reviews.judging import open_blind
from portal.reviews.models import Review
from portal.reviews.moves import Invalid, lease_end
from portal.reviews.queries import candidates_of
from portal.reviews.states import LIST_LENGTHS
from portal.searches.again import Asked, record_searches, repeat_searches
from portal.searches.models import Occasion


@transaction.atomic
def lengthen_list(review: Review, to: int, *, why: str, by: User) -> int:
    """Add the next candidates, up to the best `to`, to one's own blind review; how many were new.

    What was judged stays; the new ones follow in a random order of their own. The gallery is asked as it
    stood at the first search, so that the list only grows; who may no longer be searched is left out.
    Invalid where there is no reason, the length is not a step further, or nobody is left to show.
    """
    locked = open_blind(review, by)
    if to not in LIST_LENGTHS or to <= locked.list_length:
        raise Invalid("Choose how long the list is to be.")
    if not why.strip():
        raise Invalid("Say why you need a longer list.")
    bases = locked.searches.filter(extends=None).order_by("pk")
    asked = Asked(Occasion.LONGER_LIST, why.strip(), by)
    longer = repeat_searches(bases, asked, length=to, as_the_gallery_was=True)
    known = set(locked.judgements.values_list("subject_uid", flat=True))
    new = [one for one in candidates_of(longer, to) if one.subject_uid not in known]
    if not new:
        raise Invalid("There is nobody else in the gallery to show.")
    locked.searches.add(*longer)
    add_in_random_order(locked, new)
    request = {
        "at": timezone.now().isoformat(timespec="seconds"),
        "from": locked.list_length,
        "to": to,
        "why": why.strip()[:500],
        "added": len(new),
    }
    Review.objects.filter(pk=locked.pk).update(
        list_length=to, list_requests=[*locked.list_requests, request], lease_until=lease_end()
    )
    record_searches(longer)
    record(Tag.LIST_LENGTHENED, actor=by, subject=locked, reason=why, to=to, added=len(new))
    return len(new)
