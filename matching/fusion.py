"""Several stills of one offender as one search: ways to make one score of them, measured side by side.

A set is `size` pictures of one person in the order of the list; nobody is in two sets with one picture.
What pays and what the portal does: docs/evaluation.md.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.calibration import against_crowd
from matching.evaluation import Embedded, Enrolled, Ranked, enrol, figures, ranked_by, thresholds
from matching.intervals import intervals

Floats = NDArray[np.float64]
# (cosines (stills, persons), qualities (stills,), vectors (stills, d), enrolled) -> one score a person
Rule = Callable[[Floats, Floats, Floats, Enrolled], Floats]


def first(cosines: Floats, *_: Any) -> Floats:
    """One still alone, for comparison."""
    return np.asarray(cosines[0])


def best(cosines: Floats, *_: Any) -> Floats:
    """The best cosine of any still."""
    return np.asarray(cosines.max(axis=0))


def best_standing_out(cosines: Floats, *_: Any) -> Floats:
    """The best deviation from the crowd of its own search."""
    return np.asarray(_deviations(cosines).max(axis=0))


def mean_standing_out(cosines: Floats, *_: Any) -> Floats:
    """The mean deviation from the crowd of each search."""
    return np.asarray(_deviations(cosines).mean(axis=0))


def equal_mean(_: Floats, __: Floats, vectors: Floats, enrolled: Enrolled) -> Floats:
    """The search of the mean vector."""
    return enrolled.scores(vectors.mean(axis=0))


def quality_mean(_: Floats, qualities: Floats, vectors: Floats, enrolled: Enrolled) -> Floats:
    """The search of the mean vector, weighted by unified quality."""
    return enrolled.scores((np.maximum(qualities, 1.0)[:, None] * vectors).sum(axis=0))


RULES: dict[str, Rule] = {
    "one_still": first,
    "best_cosine": best,
    "best_against_crowd": best_standing_out,
    "mean_against_crowd": mean_standing_out,
    "mean_vector": equal_mean,
    "quality_weighted_vector": quality_mean,
}


def _deviations(cosines: Floats) -> Floats:
    """Row by row; the cosines themselves where the gallery is too small for a crowd."""
    normed = [against_crowd(row) for row in cosines]
    return np.array([row if one is None else one for one, row in zip(normed, cosines, strict=True)])


def sets_of(probes: Sequence[Embedded], size: int) -> list[list[Embedded]]:
    """Every person's pictures in groups of `size`; what is left over is dropped."""
    by_person: dict[tuple[str, str], list[Embedded]] = defaultdict(list)
    for probe in probes:
        by_person[probe.row.identity, probe.row.role].append(probe)
    return [
        images[at : at + size]
        for images in by_person.values()
        for at in range(0, len(images) - size + 1, size)
    ]


def fused(
    gallery: Sequence[Embedded], probes: Sequence[Embedded], size: int, *, draws: int = 0
) -> dict[str, Any]:
    """Figures of every rule on the same sets of `size` pictures."""
    enrolled, sets = enrol(gallery), sets_of(probes, size)
    report: dict[str, Any] = {"sets": len(sets)}
    for name, rule in RULES.items():
        ranked = [_ranked(members, enrolled, rule) for members in sets]
        report[name] = figures(ranked, len(enrolled.vectors), thresholds(ranked))
        if draws:
            report[name]["intervals"] = intervals(ranked, draws)
    return report


def _ranked(members: Sequence[Embedded], enrolled: Enrolled, rule: Rule) -> Ranked:
    seen = [one for one in members if one.vector is not None]
    if not seen:
        return ranked_by(members[0], enrolled, None)
    vectors = np.array([one.vector for one in seen], dtype=np.float64)
    cosines = np.array([enrolled.scores(vector) for vector in vectors])
    qualities = np.array([one.quality for one in seen])
    best_quality = replace(seen[0], quality=float(qualities.max()))
    return ranked_by(best_quality, enrolled, rule(cosines, qualities, vectors, enrolled))
