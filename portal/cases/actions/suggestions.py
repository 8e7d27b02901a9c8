"""Probe against probes: which unidentified offenders of a force look like one person. Exact, same engine.

Incremental: each search is compared once, with every other query vector of its force and model version that
still stands for a still. Vectors are unsealed in memory only. A suggestion is a question to two officers.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import numpy as np
import structlog
from django.db import transaction
from django.db.models import QuerySet

from portal import vault
from portal.audit.log import SystemActor, record
from portal.audit.tags import Tag
from portal.cases.models import Compared, Pair
from portal.cases.queries import comparable_searches, series_by_offender
from portal.searches.actions import query_context
from portal.searches.models import Search

# From which exact cosine two probes look like one person, by model: (unified quality of the poorer probe at
# least, cosine). One pair of strangers in 10,000 reaches it: manage.py measure_series, docs/evaluation.md
# ("Series"). A model without measured figures makes no suggestions.
THRESHOLDS = {
    "Dlib+SFace": ((36.0, 0.788), (15.0, 0.800), (0.0, 0.809)),
    "Dlib": ((15.0, 0.947), (0.0, 0.957)),
}
AT_ONCE = 500  # searches compared in one round
READ = 2_000  # queries in memory at a time
PER_OFFENDER = 5  # suggestions one search makes at most, the best first
COMPARER = SystemActor("series")
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Probe:
    """A search, whose offender it is of, and its probe's unified quality, 0 to 100."""

    search_id: int
    offender_id: int
    quality: float


@dataclass(frozen=True)
class Batch:
    """Some probes and their query vectors on the grid, float64 (n, d): products of them are exact."""

    probes: Sequence[Probe]
    vectors: np.ndarray


@dataclass(frozen=True)
class Alike:
    """Probes of different offenders, the older offender's first, and their exact cosine."""

    first: Probe
    second: Probe
    score: float
    threshold: float

    @property
    def offenders(self) -> tuple[int, int]:
        """Which pair of offenders it is."""
        return self.first.offender_id, self.second.offender_id


def suggest(*, at_most: int = AT_ONCE) -> int:
    """Compare searches that have not been compared yet, the oldest first; how many pairs were suggested."""
    new = comparable_searches().filter(compared=None, model__in=THRESHOLDS).order_by("pk")
    kinds: dict[Kind, list[int]] = {}
    names = ("pk", "campaign__force", "model", "model_version")
    for pk, force_id, model, version in new.values_list(*names)[:at_most]:
        kinds.setdefault(Kind(force_id, model, version), []).append(pk)
    return sum(_compare(kind, kinds[kind]) for kind in sorted(kinds))


class Kind(NamedTuple):
    """What is compared with each other."""

    force_id: int
    model: str
    version: str


def threshold_for(model: str, quality: float) -> float:
    """The cosine from which two probes are suggested, the poorer one of this unified quality."""
    return next(cosine for least, cosine in THRESHOLDS[model] if quality >= least)


def _compare(kind: Kind, fresh: Sequence[int]) -> int:
    """Read the others in batches: what is held is the fresh ones, one batch, and what is alike."""
    same = comparable_searches().filter(
        campaign__force=kind.force_id, model=kind.model, model_version=kind.version
    )
    alike: dict[int, list[Alike]] = {}
    for new in _batches(same.filter(pk__in=fresh), len(fresh)):
        for others in _batches(same, READ):
            for one, pair in _over(new, others, kind.model):
                alike.setdefault(one.search_id, []).append(pair)
    found = _kept(best for of_one in alike.values() for best in _best(of_one))
    return _store(kind.force_id, kind.model, found, fresh)


def _batches(searches: QuerySet[Search], size: int) -> Iterator[Batch]:
    rows = searches.order_by("pk").values_list(
        "pk", "still__offender", "quality__unified_score", "query", "query_sha256"
    )
    unsealed = (read for row in rows.iterator(chunk_size=size) if (read := _unsealed(*row)) is not None)
    while some := list(islice(unsealed, size)):
        vectors = np.stack([vector for _, vector in some]).astype(np.float64)
        yield Batch([probe for probe, _ in some], vectors)


def _unsealed(
    pk: int, offender: int, quality: float | None, query: bytes | memoryview, digest: str
) -> tuple[Probe, np.ndarray] | None:
    try:
        plain = vault.unseal(bytes(query), context=query_context(digest))
    except vault.VaultError:
        log.warning("query_not_readable", search=pk)
        return None
    return Probe(pk, offender, max(0.0, float(quality or 0.0))), np.frombuffer(plain, "<f4")


def _over(new: Batch, others: Batch, model: str) -> Iterator[tuple[Probe, Alike]]:
    """Each new probe with each other offender's probe that is alike enough."""
    scores = new.vectors @ others.vectors.T + 0.0
    lowest = min(cosine for _, cosine in THRESHOLDS[model])
    for row, column in np.argwhere(scores >= lowest):
        one, other, score = new.probes[row], others.probes[column], float(scores[row, column])
        threshold = threshold_for(model, min(one.quality, other.quality))
        if one.offender_id != other.offender_id and score >= threshold:
            first, second = sorted((one, other), key=lambda probe: probe.offender_id)
            yield one, Alike(first, second, score, threshold)


def _best(of_one: Sequence[Alike]) -> list[Alike]:
    """The few best of other offenders, each offender once; of equals the older search."""
    found: dict[tuple[int, int], Alike] = {}
    for one in sorted(of_one, key=lambda alike: -alike.score):
        found.setdefault(one.offenders, one)
    return list(found.values())[:PER_OFFENDER]


def _kept(alike: Iterable[Alike]) -> list[Alike]:
    """The best of each pair of offenders."""
    found: dict[tuple[int, int], Alike] = {}
    for one in alike:
        known = found.get(one.offenders)
        if known is None or one.score > known.score:
            found[one.offenders] = one
    return list(found.values())


@transaction.atomic
def _store(force_id: int, model: str, found: Sequence[Alike], compared: Iterable[int]) -> int:
    series = series_by_offender({offender for one in found for offender in one.offenders})
    wanted = [
        Pair(
            force_id=force_id,
            first_id=one.first.offender_id,
            second_id=one.second.offender_id,
            first_search_id=one.first.search_id,
            second_search_id=one.second.search_id,
            score=one.score,
            threshold=one.threshold,
        )
        for one in found
        if series.get(one.first.offender_id, -1) != series.get(one.second.offender_id, -2)
    ]
    before = Pair.objects.filter(force=force_id).count()
    Pair.objects.bulk_create(wanted, ignore_conflicts=True)  # judged once is judged
    Compared.objects.bulk_create([Compared(search_id=pk) for pk in compared], ignore_conflicts=True)
    made = Pair.objects.filter(force=force_id).count() - before
    if made:
        record(Tag.PAIRS_SUGGESTED, actor=COMPARER, subject=("cases.pair", force_id), pairs=made, model=model)
    return made
