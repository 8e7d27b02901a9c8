"""Replaying a search: the same question to the gallery as it stood, compared to the last bit."""

from dataclasses import dataclass, field

from portal.audit.log import Actor, record
from portal.audit.tags import Tag
from portal.searches.actions import Answer, digest_of_ids, search_gallery
from portal.searches.again import QueryGone, query_of
from portal.searches.models import Search


@dataclass(frozen=True)
class Replay:
    """What a replay found. `identical`: same subjects, same order, the same 64 bits of every score."""

    search: Search
    identical: bool
    differences: list[str] = field(default_factory=list)


def replay(search: Search, *, by: Actor) -> Replay:
    """Ask again and compare; what changed is said in words. Recorded as a search of its own kind."""
    differences = _differences(search)
    record(Tag.SEARCH_REPLAYED, actor=by, subject=search, identical=not differences)
    return Replay(search, not differences, differences)


def _differences(search: Search) -> list[str]:
    try:
        query, info = query_of(search)
    except QueryGone as gone:
        return [str(gone)]
    answer = search_gallery(
        query,
        info,
        search.campaign.force,
        length=search.list_length,
        offender=search.still.offender.uid if search.still else None,
        at=search.at,
        as_of_seq=search.gallery_seq,
    )
    return _gallery_changes(search, answer) + _list_changes(search, answer)


def _gallery_changes(search: Search, answer: Answer) -> list[str]:
    changes = []
    if answer.missing:
        changes.append(f"{len(answer.missing)} templates of that gallery have been purged since")
    if digest_of_ids(answer.excluded) != search.excluded_digest:
        changes.append("which images might be searched at that time has been changed or erased since")
    return changes


def _list_changes(search: Search, answer: Answer) -> list[str]:
    before = [(one.subject_uid, one.score.hex()) for one in search.candidates.order_by("rank")]
    now = [(one.subject_uid, float(one.score).hex()) for one in answer.listed]
    changes = []
    for rank in range(max(len(before), len(now))):
        old, new = (rows[rank] if rank < len(rows) else ("nobody", "") for rows in (before, now))
        if old != new:
            changes.append(f"rank {rank + 1}: was {old[0]} {old[1]}, is {new[0]} {new[1]}")
    return changes
