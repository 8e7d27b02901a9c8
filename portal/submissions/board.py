"""Arranging a submission: places and the tray, merging drafts, splitting them, dismissing suggestions.

Every action holds the submission's row, then all its offenders', so that two people at once take turns.
Offenders that were sent keep their places and their stills: their numbers stand on receipts.
"""

from collections.abc import Iterable, Sequence
from itertools import combinations

from django.db import transaction
from django.db.models.functions import Now

from portal.accounts.models import User
from portal.audit.log import record
from portal.audit.tags import Tag
from portal.submissions.actions import FULL, SubmissionRefused, delete_files, must_accept
from portal.submissions.combining import combined
from portal.submissions.models import (
    NotGrouped,
    Offender,
    PartialUpload,
    RefusedUpload,
    Still,
    Submission,
)
from portal.submissions.names import natural_key
from portal.submissions.states import MAX_OFFENDERS, MAX_STILLS

PLACES = range(1, MAX_OFFENDERS + 1)
SENT = ("already_sent", "This report was sent to the police, so its place and its stills stay as they are.")
PLACE_TAKEN = ("place_taken", "Another offender has this place. Choose a free one.")
SENT_IS_THERE = ("place_taken", "The offender in this place was sent already and keeps it. Choose another.")
NO_SUCH_PLACE = ("no_such_place", f"Choose a place from 1 to {MAX_OFFENDERS}.")
GONE = ("offender_gone", "This offender was discarded or merged meanwhile. Look at the board again.")
ELSEWHERE = ("other_submission", "Only offenders of one campaign can be put together.")
TOO_FEW = ("nothing_to_merge", "Choose at least two offenders to put together.")
MERGED_TOO_LARGE = (
    "too_many_stills",
    f"Together they would have more than {MAX_STILLS} stills. Leave out the poorer ones first.",
)
LAST_STILL = ("last_still", "This is the offender's only still, so there is nothing to separate.")


def _held(submission_id: int) -> dict[int, Offender]:
    """All offenders of a submission by id, locked until the transaction ends."""
    submission = Submission.objects.select_for_update(no_key=True).get(pk=submission_id)
    must_accept(submission.campaign_id)
    rows = Offender.objects.select_for_update(no_key=True).filter(submission=submission).order_by("pk")
    return {one.pk: one for one in rows}


def _draft(held: dict[int, Offender], pk: int) -> Offender:
    one = held.get(pk)
    if one is None:
        raise SubmissionRefused(*GONE)
    if one.declared_at is not None:
        raise SubmissionRefused(*SENT)
    return one


def _by_place(held: dict[int, Offender]) -> dict[int, Offender]:
    return {one.rank: one for one in held.values() if one.rank is not None}


def _write(ranks: dict[int, int | None]) -> None:
    """Ranks by offender id; emptied first, so that no two ever hold one place."""
    Offender.objects.filter(pk__in=ranks).update(rank=None)
    for pk, rank in ranks.items():
        if rank is not None:
            Offender.objects.filter(pk=pk).update(rank=rank)


# --- places ---------------------------------------------------------------------------------------
@transaction.atomic
def place(offender: Offender, rank: int | None, *, by: User) -> None:
    """Put a draft on a free place, or (None) back into the tray; SubmissionRefused where it is taken."""
    held = _held(offender.submission_id)
    one = _draft(held, offender.pk)
    if rank is not None and rank not in PLACES:
        raise SubmissionRefused(*NO_SUCH_PLACE)
    there = _by_place(held).get(rank) if rank is not None else None
    if there is not None and there.pk != one.pk:
        raise SubmissionRefused(*PLACE_TAKEN)
    _settle({one.pk: rank}, held, offender, by)


@transaction.atomic
def move(offender: Offender, rank: int, *, by: User) -> None:
    """Put a draft on a place; the drafts between make room, sent ones keep theirs.

    SubmissionRefused where a sent one is there, or where no place is left for one that comes from the tray.
    """
    held = _held(offender.submission_id)
    one = _draft(held, offender.pk)
    if rank not in PLACES:
        raise SubmissionRefused(*NO_SUCH_PLACE)
    taken = _by_place(held)
    if rank in taken and taken[rank].declared_at is not None:
        raise SubmissionRefused(*SENT_IS_THERE)
    _settle(_room_made(one, rank, taken), held, offender, by)


def _settle(ranks: dict[int, int | None], held: dict[int, Offender], moved: Offender, by: User) -> None:
    changed = {pk: rank for pk, rank in ranks.items() if held[pk].rank != rank}
    moved.rank = ranks.get(moved.pk, moved.rank)
    if not changed:
        return
    _write(changed)
    others = {str(held[pk].uid): rank for pk, rank in changed.items() if pk != moved.pk}
    record(Tag.OFFENDER_PLACED, actor=by, subject=moved, rank=moved.rank, others=others)


def _room_made(one: Offender, rank: int, taken: dict[int, Offender]) -> dict[int, int | None]:
    """New ranks by id: `one` gets `rank`, drafts from there on move one place on, as far as the next gap."""
    free = {there.rank for there in taken.values() if there.declared_at is not None}
    slots = [slot for slot in PLACES if slot not in free]
    at = slots.index(rank)
    on, back = slots[at:], slots[at::-1]
    forward = one.rank is not None and one.rank < rank  # the others then move towards the place it left
    ways = (back, on) if forward else (on, back)
    others = {slot: there for slot, there in taken.items() if there.pk != one.pk}
    for way in ways:
        gap = next((number for number, slot in enumerate(way) if slot not in others), None)
        if gap is not None:
            ranks: dict[int, int | None] = {others[way[n]].pk: way[n + 1] for n in range(gap)}
            return {**ranks, one.pk: rank}
    raise SubmissionRefused(*FULL)


@transaction.atomic
def place_all(submission: Submission, *, by: User) -> tuple[int, int]:
    """Put what waits in the tray into the free places, by file name; how many were placed and are left."""
    held = _held(submission.pk)
    names = _first_names(submission)
    waiting = sorted(pk for pk, one in held.items() if one.rank is None)
    waiting.sort(key=lambda pk: natural_key(names.get(pk, "")))
    free = [slot for slot in PLACES if slot not in _by_place(held)]
    ranks: dict[int, int | None] = dict(zip(waiting, free, strict=False))
    if ranks:
        _write(ranks)
        placed = {str(held[pk].uid): rank for pk, rank in ranks.items()}
        record(Tag.OFFENDER_PLACED, actor=by, subject=submission, others=placed)
    return len(ranks), len(waiting) - len(ranks)


def _first_names(submission: Submission) -> dict[int, str]:
    """The file name of each waiting offender's first still, by the offender's id."""
    stills = Still.objects.filter(offender__submission=submission, offender__rank=None).order_by("-pk")
    return dict(stills.values_list("offender_id", "name"))


# --- who is one person ----------------------------------------------------------------------------
@transaction.atomic
def merge_offenders(into: Offender, others: Sequence[Offender], *, by: User) -> Offender:
    """Put drafts together as one person: stills, and every word typed, go to `into`; the others are gone.

    Its own fields stay; empty ones are filled, and what differs is written under its other incidents.
    """
    held = _held(into.submission_id)
    if any(one.submission_id != into.submission_id for one in others):
        raise SubmissionRefused(*ELSEWHERE)
    target = _draft(held, into.pk)
    merged = [_draft(held, pk) for pk in dict.fromkeys(one.pk for one in others) if pk != into.pk]
    if not merged:
        raise SubmissionRefused(*TOO_FEW)
    dropped = _move_stills(target, merged)
    for name, value in combined(target, merged).items():
        setattr(target, name, value)
    target.save()
    _move_the_rest(target, merged)
    rank = _best_rank(target, merged)
    gone = {str(one.uid): one.rank for one in merged}
    Offender.objects.filter(pk__in=[one.pk for one in merged]).delete()
    if rank != target.rank:
        _write({target.pk: rank})
    transaction.on_commit(lambda: delete_files(dropped))
    target.rank = rank
    record(Tag.OFFENDERS_MERGED, actor=by, subject=target, merged=gone, same_files=len(dropped))
    return target


def _best_rank(target: Offender, merged: Sequence[Offender]) -> int | None:
    """Its own place; one from the tray takes the best place of those that join it."""
    if target.rank is not None:
        return target.rank
    return min((one.rank for one in merged if one.rank is not None), default=None)


def _move_stills(target: Offender, merged: Sequence[Offender]) -> list[tuple[str, str]]:
    """Stills of the merged ones become the target's; keys of files it had already, whose rows are gone."""
    own = set(target.stills.values_list("original_sha256", flat=True))
    moving: list[Still] = []
    same: list[Still] = []
    for still in Still.objects.filter(offender__in=merged).order_by("pk"):
        (same if still.original_sha256 in own else moving).append(still)
        own.add(still.original_sha256)
    if len(own) > MAX_STILLS:
        raise SubmissionRefused(*MERGED_TOO_LARGE)
    Still.objects.filter(pk__in=[one.pk for one in moving]).update(offender=target)
    Still.objects.filter(pk__in=[one.pk for one in same]).delete()
    return [(one.original_key, one.copy_key) for one in same]


def _move_the_rest(target: Offender, merged: Sequence[Offender]) -> None:
    RefusedUpload.objects.filter(offender__in=merged).update(offender=target)
    PartialUpload.objects.filter(target__in=merged).update(target=target)
    gone = {one.pk for one in merged}
    for field, partner in (("first", "second"), ("second", "first")):
        for row in NotGrouped.objects.filter(**{f"{field}__in": gone}):
            other = getattr(row, f"{partner}_id")
            if other not in gone and other != target.pk:
                _dismiss_pair(other, target.pk, row.by)


@transaction.atomic
def split_still(still: Still, *, by: User) -> Offender:
    """Make a still of a draft a draft of its own, in the tray."""
    held = _held(still.offender.submission_id)
    one = _draft(held, still.offender_id)
    if not one.stills.exclude(pk=still.pk).exists():
        raise SubmissionRefused(*LAST_STILL)
    new = Offender.objects.create(submission_id=one.submission_id, created_by=by, store=one.store)
    if Still.objects.filter(pk=still.pk, offender=one).update(offender=new) != 1:
        raise SubmissionRefused(*GONE)
    still.offender = new
    record(Tag.STILL_SPLIT, actor=by, subject=still, before=str(one.uid), offender=str(new.uid))
    return new


@transaction.atomic
def dismiss_grouping(offenders: Iterable[Offender], *, by: User) -> None:
    """Keep that these drafts are not one person, so that nobody is asked again."""
    several = sorted({one.pk: one for one in offenders}.values(), key=lambda one: one.pk)
    if len(several) < 2:
        raise SubmissionRefused(*TOO_FEW)
    held = _held(several[0].submission_id)
    if any(one.submission_id != several[0].submission_id for one in several):
        raise SubmissionRefused(*ELSEWHERE)
    if any(one.pk not in held for one in several):
        raise SubmissionRefused(*GONE)
    for first, second in combinations(several, 2):
        _dismiss_pair(first.pk, second.pk, by)
    record(
        Tag.GROUPING_DISMISSED,
        actor=by,
        subject=several[0].submission,
        offenders=[str(one.uid) for one in several],
    )


@transaction.atomic
def dismiss_refusals(submission: Submission, refused: Iterable[int], *, by: User) -> int:
    """Keep that the sender has read why these files (ids) were not taken; how many were not read before.

    The sender's pages no longer show them, the operator's do.
    """
    unread = RefusedUpload.objects.select_for_update(no_key=True).filter(
        submission=submission, pk__in=list(refused), dismissed_at=None
    )
    codes = dict(unread.values_list("pk", "code"))
    if codes:
        RefusedUpload.objects.filter(pk__in=codes).update(dismissed_by=by, dismissed_at=Now())
        record(Tag.REFUSAL_DISMISSED, actor=by, subject=submission, codes=sorted(codes.values()))
    return len(codes)


def _dismiss_pair(one: int, other: int, by: User) -> None:
    first, second = sorted((one, other))
    NotGrouped.objects.get_or_create(first_id=first, second_id=second, defaults={"by": by})
