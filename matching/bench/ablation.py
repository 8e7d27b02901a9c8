"""What each step after detection brings, per source, with intervals over people:

    python -m matching.bench.ablation --gallery CSV --probes CSV [--bootstrap 200] [--json OUT]

Every step is the one before it and one thing more. Of the three numbers that were chosen by measuring, the
softened views' weight, the second network's and the crowd's floor, `chosen elsewhere` chooses anew on other
people: five folds by identity, each searched with what did best on the other four.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from matching.alignment import softened
from matching.calibration import FLOOR, crowd_of
from matching.decoding import decode_normalised, normalise
from matching.deepface_engine import SFACE_WEIGHT, SOFT_WEIGHT, DlibEmbedder, SFaceEmbedder, unit
from matching.engine import Face, load_engine
from matching.errors import RejectedImage
from matching.evaluation import (
    FPIRS,
    Embedded,
    Enrolled,
    LabelledImage,
    Ranked,
    enrol,
    figures,
    ranked_by,
    read_rows,
    thresholds,
)
from matching.intervals import intervals
from matching.resampling import folds

Floats = NDArray[np.float64]
WEIGHTS, SFACE_WEIGHTS, FLOORS, FOLDS = (0.3, 0.5, 0.7), (0.5, 0.7, 1.0), (0.0, 0.01, 0.03), 5
REPORTED = ("rank1", "top20", "fnir_at_fpir_0.01")


class Views(NamedTuple):
    """One face as unit vectors. `dlib` (6, d): chip, mirrored, second chip, mirrored, softened, mirrored;
    `sface` (4, d): chip, mirrored, softened, mirrored.
    """

    dlib: Floats
    sface: Floats


@dataclass(frozen=True)
class Viewed:
    """A row's most prominent face; None where no face was found."""

    row: LabelledImage
    views: Views | None


@dataclass(frozen=True)
class Step:
    """How views become one vector, and scores comparable: `floor` None leaves the cosines as they are."""

    name: str
    combine: Callable[[Views], Floats]
    floor: float | None = None


def _sharp_and_soft(views: Floats, weight: float) -> Floats:
    """The last two views are the softened ones."""
    both = unit(views[:-2].mean(0)[None]) + weight * unit(views[-2:].mean(0)[None])
    return np.asarray(unit(both)[0], np.float64)


def _both(soft: float = SOFT_WEIGHT, sface: float = SFACE_WEIGHT) -> Callable[[Views], Floats]:
    def combine(views: Views) -> Floats:
        parts = (_sharp_and_soft(part, soft) for part in views)
        return np.concatenate([next(parts), sface * next(parts)])

    return combine


STEPS = (
    Step("one chip by five points", lambda views: views.dlib[0]),
    Step("+ mirrored", lambda views: views.dlib[:2].mean(0)),
    Step("+ second chip by 68 points", lambda views: views.dlib[:4].mean(0)),
    Step("+ softened views", lambda views: _sharp_and_soft(views.dlib, SOFT_WEIGHT)),
    Step("+ SFace's network beside dlib's", _both()),
    Step("+ against the crowd (as built)", _both(), FLOOR),
)


def viewed(rows: Sequence[LabelledImage]) -> list[Viewed]:
    """Detect, align and embed every view once."""
    engine, embedders = load_engine(), (DlibEmbedder(None), SFaceEmbedder(None))
    found = []
    for row in rows:
        try:
            faces = engine.find_faces(decode_normalised(normalise(row.path.read_bytes()).jpeg))
        except RejectedImage:
            faces = []
        found.append(Viewed(row, _views(faces[0], *embedders) if faces else None))
    return found


def _views(face: Face, dlib: DlibEmbedder, sface: SFaceEmbedder) -> Views:
    second = face.chip if face.second_chip is None else face.second_chip
    chips = [view for chip in (face.chip, second, softened(face.chip)) for view in (chip, chip[:, ::-1])]
    return Views(unit(dlib.embed(chips)).astype(np.float64), unit(sface.embed(chips[:2])).astype(np.float64))


def ranked_at(step: Step, gallery: Sequence[Viewed], probes: Sequence[Viewed]) -> list[Ranked]:
    """Every probe against the gallery with this step's vectors and scores."""
    enrolled = enrol([_embedded(one, step) for one in gallery])
    return [_ranked(_embedded(one, step), enrolled, step.floor) for one in probes]


def _embedded(one: Viewed, step: Step) -> Embedded:
    vector = None if one.views is None else unit(step.combine(one.views)[None])[0]
    return Embedded(one.row, vector)


def _ranked(probe: Embedded, enrolled: Enrolled, floor: float | None) -> Ranked:
    if probe.vector is None:
        return ranked_by(probe, enrolled, None)
    scores = enrolled.scores(probe.vector)
    plain = ranked_by(probe, enrolled, scores)
    crowd = crowd_of(scores)
    if crowd is None:
        return plain
    shift, scale = (0.0, 1.0) if floor is None else (crowd.mean, crowd.spread + floor)
    mate = enrolled.place.get(probe.row.identity) if plain.mated else None
    top = float((scores.max() - shift) / scale)
    return replace(
        plain, top_score=top, mate_score=-np.inf if mate is None else float((scores[mate] - shift) / scale)
    )


def chosen_elsewhere(gallery: Sequence[Viewed], probes: Sequence[Viewed]) -> list[Ranked]:
    """The last step with weights and floor chosen on the other folds' people."""
    fold_of = folds([one.row.identity for one in probes], FOLDS)
    tried = [
        ranked_at(Step("", _both(soft, sface), floor), gallery, probes)
        for soft, sface, floor in product(WEIGHTS, SFACE_WEIGHTS, FLOORS)
    ]
    together: list[Ranked | None] = [None] * len(probes)
    for fold in range(FOLDS):
        elsewhere = [[one for one, at in zip(rows, fold_of, strict=True) if at != fold] for rows in tried]
        best = max(range(len(tried)), key=lambda number: _merit(elsewhere[number]))
        unit_score = thresholds(elsewhere[best])[min(FPIRS)]
        for at in np.flatnonzero(fold_of == fold):
            together[int(at)] = _in_units(tried[best][int(at)], unit_score)
    return [one for one in together if one is not None]


def _in_units(ranked: Ranked, unit_score: float) -> Ranked:
    """Scores of different settings differ in scale: each in units of its own threshold on other people."""
    return replace(ranked, top_score=ranked.top_score / unit_score, mate_score=ranked.mate_score / unit_score)


def _merit(ranked: Sequence[Ranked]) -> float:
    found = figures(ranked, 0, thresholds(ranked))
    return float((found["rank1"] or 0) + (found["top20"] or 0) - (found["fnir_at_fpir_0.01"] or 0))


def table(gallery: Sequence[Viewed], probes: Sequence[Viewed], draws: int) -> list[dict[str, Any]]:
    """One entry a step: figures of all and of every source, with intervals of the first."""
    results = {step.name: ranked_at(step, gallery, probes) for step in STEPS}
    results["as built, chosen elsewhere"] = chosen_elsewhere(gallery, probes)
    return [_entry(name, ranked, draws) for name, ranked in results.items()]


def _entry(name: str, ranked: Sequence[Ranked], draws: int) -> dict[str, Any]:
    limits = thresholds(ranked)
    found, spans = figures(ranked, 0, limits), intervals(ranked, draws) if draws else {}
    sources = sorted({one.source for one in ranked if one.mated})
    by_source = {one: figures([row for row in ranked if row.source == one], 0, limits) for one in sources}
    return {
        "step": name,
        **{key: found[key] for key in REPORTED},
        "intervals": {key: spans.get(key) for key in REPORTED},
        "by_source": {one: {key: values[key] for key in REPORTED} for one, values in by_source.items()},
    }


def main() -> None:
    """Print the table, and write it as JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gallery", type=Path, required=True)
    parser.add_argument("--probes", type=Path, required=True)
    parser.add_argument("--bootstrap", type=int, default=200)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    gallery = viewed(read_rows(asked.gallery, {"gallery"}))
    probes = viewed(read_rows(asked.probes, {"probe", "nonmated"}))
    entries = table(gallery, probes, asked.bootstrap)
    for entry in entries:
        print(entry["step"].ljust(34), *(_said(entry, key) for key in REPORTED))  # noqa: T201
    if asked.json:
        asked.json.write_text(json.dumps(entries, indent=2) + "\n")


def _said(entry: dict[str, Any], key: str) -> str:
    span = entry["intervals"][key]
    return f"{key} {entry[key]}" + (f" [{span[0]:.3f}, {span[1]:.3f}]" if span else "")


if __name__ == "__main__":
    main()
