"""Whose still is next: senders take turns, so that nobody waits behind another's two hundred.

A message means "one of the waiting stills"; there is one for each. Whoever gets one draws a sender at random
among those who have stills waiting, and takes that sender's oldest: each of n senders gets an n-th of the
workers, whoever came first with however many, and no turn has to be remembered anywhere.
"""

import random

from portal import work
from portal.submissions.models import Still
from portal.work import WorkState

TRIES = 5  # another worker may take the same still between the look and the claim
_dice = random.SystemRandom()


def claim_in_turn(still_id: int) -> work.Claim | None:
    """The claim on the still whose turn it is; on the one named, where nothing waits or its lease ran out.

    What was tried before and had to wait is taken by its own message only (the sweeper's): at the head of its
    sender's line it would keep everything behind it from being tried.
    """
    waiting = Still.objects.filter(work_state=WorkState.QUEUED, work_error="")
    if not waiting.filter(pk=still_id).exists():
        held = work.claim(Still, still_id)
        if held is not None:
            return held
    for _ in range(TRIES):
        senders = list(waiting.order_by().values_list("added_by", flat=True).distinct())
        if not senders:
            return None
        oldest = waiting.filter(added_by=_dice.choice(senders)).order_by("work_queued_at", "pk").first()
        held = work.claim(Still, oldest.pk) if oldest else None
        if held is not None:
            return held
    return work.claim(Still, still_id)
