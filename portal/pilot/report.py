"""From the database to the figures of a pilot."""

import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from portal.pilot.upload import Sent, Uploads
from portal.searches.models import Candidate, Search
from portal.submissions.models import Still
from portal.work import WorkState

LISTED = 20


@dataclass(frozen=True)
class Result:
    """What became of one still that was taken."""

    state: str
    error: str
    finished_at: float
    references: list[str]
    searched: bool


def wait_until_settled(look: Callable[[], None]) -> None:
    """Until every still has a candidate list or a stated reason."""
    waiting = Still.objects.filter(work_state__in=(WorkState.QUEUED, WorkState.RUNNING))
    while waiting.exists():
        look()
        time.sleep(0.1)


def results() -> dict[Any, Result]:
    """Result by the still's uid."""
    listed: dict[int, list[str]] = {}
    rows = Candidate.objects.filter(search__still__isnull=False).order_by("search_id", "rank")
    for still_id, reference in rows.values_list("search__still_id", "subject__reference"):
        listed.setdefault(still_id, []).append(reference)
    searched = set(Search.objects.values_list("still_id", flat=True))
    return {
        still.uid: Result(
            still.work_state,
            still.work_error,
            still.work_finished_at.timestamp() if still.work_finished_at else 0.0,
            listed.get(still.pk, []),
            still.pk in searched,
        )
        for still in Still.objects.all()
    }


def figures(uploads: Uploads, known_as: dict[str, str]) -> dict[str, Any]:
    """The keys of the pilot's JSON that come from the stills; shares are of the mated probes."""
    found = results()
    taken = [(sent, found[sent.still]) for sent in uploads.sent if sent.still in found]
    refused = Counter(sent.refused for sent in uploads.sent if sent.refused)
    refused.update(result.error for _, result in taken if result.state == WorkState.REFUSED)
    quarantined = sum(result.state == WorkState.QUARANTINED for _, result in taken)
    listed = [(sent, result) for sent, result in taken if result.searched]
    waits = np.array([max(0.0, result.finished_at - sent.answered_at) for sent, result in listed] or [0.0])
    last = max((result.finished_at for _, result in taken), default=uploads.began_at)
    return {
        "stills": len(uploads.sent),
        "seconds_stills": round(last - uploads.began_at, 2),
        "per_still_p50": round(float(np.percentile(waits, 50)), 3),
        "per_still_p95": round(float(np.percentile(waits, 95)), 3),
        **_shares(uploads.sent, {sent.still: result for sent, result in listed}, known_as),
        "refused": dict(sorted(refused.items())),
        "quarantined": quarantined,
        "lost": len(uploads.sent) - len(listed) - refused.total() - quarantined,
        "cores": len(os.sched_getaffinity(0)),
    }


def _shares(sent: list[Sent], listed: dict[Any, Result], known_as: dict[str, str]) -> dict[str, float | None]:
    mated = [one for one in sent if one.picture.role == "probe"]
    ranks = []
    for one in mated:
        references = listed[one.still].references if one.still in listed else []
        own = known_as.get(one.picture.identity, "")
        ranks.append(references.index(own) + 1 if own in references else 0)
    with_face = sum(one.still in listed for one in mated)
    return {
        "face_found": _share(with_face, len(mated)),
        "rank1": _share(sum(rank == 1 for rank in ranks), len(mated)),
        "top20": _share(sum(0 < rank <= LISTED for rank in ranks), len(mated)),
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
