"""What a review compares: each still as it stood when the review was taken."""

from collections.abc import Mapping, Sequence
from typing import Any

from portal.reviews.models import Decision, Review
from portal.reviews.queries import completed
from portal.reviews.states import Stage
from portal.searches.models import Search
from portal.submissions.models import Offender, Still


def probes_for(decision: Decision, stage: Stage, searches: Sequence[Search]) -> list[dict[str, Any]]:
    """What is compared, fixed now: a retailer may choose another face while an officer is looking."""
    first = completed(decision, Stage.FIRST)
    if stage != Stage.FIRST and first is not None:
        return list(first.probes)
    return _probes_now(decision.offender, {search.still_id: search for search in searches})


def _probes_now(offender: Offender, searches: Mapping[int | None, Search]) -> list[dict[str, Any]]:
    probes = []
    for still in offender.stills.select_related("chosen_face"):
        face, search = still.chosen_face, searches.get(still.pk)
        probes.append(
            {
                "still": str(still.uid),
                "sha256": still.original_sha256,
                "copy_sha256": still.copy_sha256,
                "search": str(search.uid) if search else None,
                "box": {"x": face.x, "y": face.y, "w": face.w, "h": face.h} if face else None,
                "landmarks": face.landmarks if face else None,
                "quality": face.quality if face else {},
                "chosen_how": still.chosen_how,
                "why_not_searched": "" if search else still.work_error,
            }
        )
    return probes


def forget_probe(still: Still) -> None:
    """Take what reviews had copied of an erased still: the face's place, points and measures.

    Call inside the transaction of the erasure. Hash and search stay, as the record of what was compared.
    """
    for review in Review.objects.filter(decision__offender=still.offender_id):
        for probe in review.probes:
            if probe["still"] == str(still.uid):
                probe.update(box=None, landmarks=None, quality={})
        Review.objects.filter(pk=review.pk).update(probes=review.probes)
