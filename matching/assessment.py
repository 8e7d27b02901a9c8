"""What an engine's scores and stills are worth on one gallery: calibration, its reliability, and chances."""

from collections.abc import Sequence
from dataclasses import dataclass

from matching.calibration import Calibration, fit
from matching.chances import Chance, chances
from matching.evaluation import QUALITY_EDGES, Embedded, comparisons, rank, trials
from matching.reliability import Reliability, reliability


@dataclass(frozen=True)
class Assessment:
    """`reliability` and `chances` are measured; the calibration is what they entitle the pages to say."""

    calibration: Calibration
    reliability: Reliability | None
    chances: tuple[Chance, ...]


def assess(
    gallery: Sequence[Embedded],
    probes: Sequence[Embedded],
    *,
    model: str,
    edges: Sequence[float] = QUALITY_EDGES,
) -> Assessment:
    """`model` is name and version as names() writes them; probes should resemble what will be searched."""
    persons = len({entry.row.identity for entry in gallery if entry.vector is not None})
    pairs = comparisons(gallery, probes)
    return Assessment(
        fit(pairs, model=model, gallery=persons, edges=edges),
        reliability(pairs, edges=edges) if pairs else None,
        tuple(chances(trials(rank(gallery, probes)))),
    )
