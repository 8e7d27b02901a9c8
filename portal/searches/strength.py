"""What a score and a still are worth, said no more strongly than was measured.

Everything here is a function of rows that never change: a search, a candidate, and the calibration that
was the newest at the moment asked about. So a decision record can say again what the page said.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from matching import calibration as scales
from matching.chances import Chance
from portal.gallery.serving import serving_settings
from portal.searches.models import Calibration, Candidate, Search

NOT_CALIBRATED = "not calibrated for this gallery"


@dataclass(frozen=True)
class Support:
    """What a candidate's score supports, in `words`; `evidence` behind them, None where nothing is claimed
    and `reason` says why.
    """

    words: str
    evidence: scales.Evidence | None = None
    reason: str = ""
    basis: str = ""
    made_at: datetime | None = None

    @property
    def span(self) -> str:
        """The 95 % interval of the likelihood ratio, in words, rounded outwards."""
        if self.evidence is None:
            return ""
        return f"{_rounded(self.evidence.low, down=True)} to {_rounded(self.evidence.high, down=False)}"

    @property
    def meaning(self) -> str:
        """What was measured, in a sentence; empty where nothing was."""
        return _meaning(self.evidence.cautious) if self.evidence else ""


def _meaning(cautious: float) -> str:
    times = _rounded(cautious, down=True)
    how = "not measurably more" if times == "1" else f"at least {times} times as"
    than = "than" if times == "1" else "as"
    return f"Scores like this were {how} usual for the same person {than} for the likest stranger."


def _rounded(log10_ratio: float, *, down: bool) -> str:
    """A likelihood ratio to one significant figure, never towards the stronger claim; below 1 as 1/n."""
    if log10_ratio < 0:
        inverse = _rounded(-log10_ratio, down=not down)
        return inverse if inverse == "1" else f"1/{inverse}"
    value = 10**log10_ratio
    unit = 10 ** math.floor(log10_ratio)
    steps = math.floor(value / unit + 1e-9) if down else math.ceil(value / unit - 1e-9)
    return f"{steps * unit:,}"


def support_for(search: Search, candidate: Candidate, *, at: datetime | None = None) -> Support:
    """What this candidate's score is worth by the calibration of that moment (default: now)."""
    return _support(search, candidate.score, _newest(at))


def supports_for(candidates: Iterable[Candidate], *, at: datetime | None = None) -> dict[int, Support]:
    """The same for many candidates with their searches loaded, by the candidate's id: one more query."""
    newest = _newest(at)
    return {one.pk: _support(one.search, one.score, newest) for one in candidates}


def _newest(at: datetime | None) -> Calibration | None:
    return Calibration.objects.filter(made_at__lte=at or timezone.now()).first()


def _support(search: Search, score: float, newest: Calibration | None) -> Support:
    if newest is None:
        return Support(NOT_CALIBRATED, reason="No calibration has been made.")
    if search.crowd_mean is None or search.crowd_spread is None or search.unified_quality is None:
        return Support(NOT_CALIBRATED, reason="The gallery is too small to tell who stands out.")
    deviation = scales.Crowd(search.crowd_mean, search.crowd_spread).deviation(score)
    model = f"{search.model} {search.model_version}"
    try:
        evidence = scales.Calibration.from_dict(newest.lines).evidence(
            deviation, search.unified_quality, model=model, gallery=search.gallery_size
        )
    except scales.CalibrationRefused as refused:
        return Support(NOT_CALIBRATED, reason=str(refused))
    return Support(evidence.words, evidence, basis=newest.basis, made_at=newest.made_at)


def chance_in_words(chance: Chance) -> str:
    """One sentence for uploaders and officers; the gallery is nobody's business but the force's."""
    low, high = (round(100 * end) for end in chance.interval)
    return (
        f"Of 100 stills of this quality, about {round(100 * chance.share)} had the right person among the "
        f"first 20, when that person was on record (measured on {chance.stills} stills of {chance.people} "
        f"people; 95 % interval {low} to {high})."
    )


def depth_in_words(chance: Chance) -> str:
    """What each longer list found, for whoever asks for one; empty where it was not measured."""
    found = [f"the first {length} for {round(100 * share)}" for length, share in chance.deeper]
    if not found:
        return ""
    listed = f"{', '.join(found[:-1])} and {found[-1]}"
    return f"Of 100 stills of this quality the right person was among {listed}, when on record."


def chance_for(quality: Mapping[str, Any] | float | None) -> Chance | None:
    """The measured top-20 chance of a still of this quality (measures, or the unified score); None where it
    was not measured for the engine and about the gallery that is searched now.
    """
    return chances_now().of(quality)


@dataclass(frozen=True)
class Chances:
    """The measured chances that hold now; empty where none do. Read once for a page of many stills."""

    steps: tuple[Chance, ...] = ()

    def of(self, quality: Mapping[str, Any] | float | None) -> Chance | None:
        """The step that a still of this quality falls into."""
        score = quality.get("unified_score") if isinstance(quality, Mapping) else quality
        if score is None:
            return None
        return next((one for one in self.steps if one.holds(float(score))), None)


def chances_now() -> Chances:
    """The newest calibration's, if it was made for the model and about the gallery of the latest search."""
    newest = _newest(None)
    if newest is None or newest.model != serving_settings().model:
        return Chances()
    latest = Search.objects.order_by("-pk").only("model", "model_version", "gallery_size").first()
    if latest is not None:
        model = f"{latest.model} {latest.model_version}"
        if scales.Calibration.from_dict(newest.lines).refusal(model, latest.gallery_size):
            return Chances()
    return Chances(tuple(_chance(one) for one in newest.chances))


def _chance(kept: dict[str, Any]) -> Chance:
    deeper = tuple((length, share) for length, share in kept.get("deeper", ()))
    return Chance(**{**kept, "interval": tuple(kept["interval"]), "deeper": deeper})
