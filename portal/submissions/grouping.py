"""Suggestions that several drafts are one person, by file names or faces. Nothing is done here."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from portal.submissions.likeness import alike_pairs
from portal.submissions.models import NotGrouped, Offender
from portal.submissions.names import group_of, natural_key
from portal.submissions.states import MAX_STILLS

Pair = tuple[int, int]


@dataclass(frozen=True)
class Suggestion:
    """Drafts that may be one person, in the order of their file names, and why."""

    why: Literal["name", "face"]
    offenders: tuple[Offender, ...]
    shared: str = ""


def suggestions(drafts: Sequence[Offender]) -> list[Suggestion]:
    """Groups of drafts (with their stills prefetched) that nobody dismissed; two queries.

    Every two of a group belong together by the same reason; a draft is in one group at a time, and no group
    has more stills than an offender may have.
    """
    ids = [one.pk for one in drafts]
    dismissed = set(NotGrouped.objects.filter(first__in=ids).values_list("first", "second"))
    ordered = sorted(drafts, key=lambda one: (natural_key(name_of(one)), one.pk))
    found: list[Suggestion] = []
    for name, group in _by_name(ordered).items():
        found += [Suggestion("name", some, name) for some in _cliques(group, _all_pairs(group) - dismissed)]
    taken = {one.pk for suggestion in found for one in suggestion.offenders}
    rest = [one for one in ordered if one.pk not in taken]
    faces = alike_pairs([one.pk for one in rest]) - dismissed
    return found + [Suggestion("face", some) for some in _cliques(rest, faces)]


def name_of(offender: Offender) -> str:
    """The file name of its first still; empty without one."""
    return next((still.name for still in offender.stills.all()), "")


def _by_name(drafts: Iterable[Offender]) -> dict[str, list[Offender]]:
    groups: dict[str, list[Offender]] = defaultdict(list)
    for one in drafts:
        if name := group_of(name_of(one)):
            groups[name].append(one)
    return {name: group for name, group in groups.items() if 1 < len(group) <= MAX_STILLS}


def _all_pairs(group: Sequence[Offender]) -> set[Pair]:
    return {_pair(one, other) for one, other in combinations(group, 2)}


def _pair(one: Offender, other: Offender) -> Pair:
    return min(one.pk, other.pk), max(one.pk, other.pk)


def _cliques(ordered: Sequence[Offender], pairs: set[Pair]) -> list[tuple[Offender, ...]]:
    """Groups in which every two are a pair, greedily from the first on."""
    near: dict[int, set[int]] = defaultdict(set)
    for first, second in pairs:
        near[first].add(second)
        near[second].add(first)
    used: set[int] = set()
    found = []
    for one in ordered:
        if one.pk in used or one.pk not in near:
            continue
        group, size = [one], _size(one)
        for other in ordered:
            fits = size + _size(other) <= MAX_STILLS and other.pk not in used
            if fits and all(other.pk in near[member.pk] for member in group):
                group.append(other)
                size += _size(other)
        if len(group) > 1:
            used |= {member.pk for member in group}
            found.append(tuple(group))
    return found


def _size(offender: Offender) -> int:
    return len(offender.stills.all())
