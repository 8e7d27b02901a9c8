"""Probe against probes: which unidentified offenders of a force look like one person. Exact, same engine.

Incremental: each search is compared once, with every other query vector of its force and model version that
still stands for a still. Vectors are unsealed in memory only. A suggestion is a question to two officers.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import structlog
from django.db import transaction

from matching.index.grid import exact_scores
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
AT_ONCE = 200  # searches compared in one round
PER_OFFENDER = 5  # suggestions one search makes at most, the best first
COMPARER = SystemActor("series")
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Query:
    """A search's query vector on the grid, float32 (d,), and its probe's unified quality, 0 to 100."""

    search: Search
    offender_id: int
    vector: np.ndarray
    quality: float


@dataclass(frozen=True)
class Alike:
    """Two queries of different offenders, the older offender's first, and their exact cosine."""

    first: Query
    second: Query
    score: float
    threshold: float

    @property
    def offenders(self) -> tuple[int, int]:
        """Which pair of offenders it is."""
        return self.first.offender_id, self.second.offender_id


def suggest(*, at_most: int = AT_ONCE) -> int:
    """Compare searches that have not been compared yet, the oldest first; how many pairs were suggested."""
    fresh = list(comparable_searches().filter(compared=None, model__in=THRESHOLDS).order_by("pk")[:at_most])
    kinds = {(one.campaign.force_id, one.model, one.model_version) for one in fresh}
    made = 0
    for force_id, model, version in sorted(kinds):
        same = comparable_searches().filter(campaign__force=force_id, model=model, model_version=version)
        made += _compare(force_id, model, list(same), {one.pk for one in fresh})
    return made


def threshold_for(model: str, quality: float) -> float:
    """The cosine from which two probes are suggested, the poorer one of this unified quality."""
    return next(cosine for least, cosine in THRESHOLDS[model] if quality >= least)


def _compare(force_id: int, model: str, searches: Sequence[Search], fresh: set[int]) -> int:
    queries = [query for one in searches if (query := _unsealed(one)) is not None]
    found: dict[tuple[int, int], Alike] = {}
    if queries:
        matrix = np.stack([one.vector for one in queries])
        for query in queries:
            if query.search.pk in fresh:
                scores = exact_scores(matrix, query.vector)
                _keep_best(found, _alike(query, queries, scores, model))
    compared = [one.pk for one in searches if one.pk in fresh]
    return _store(force_id, model, list(found.values()), compared)


def _unsealed(search: Search) -> Query | None:
    try:
        plain = vault.unseal(bytes(search.query), context=query_context(search.query_sha256))
    except vault.VaultError:
        log.warning("query_not_readable", search=str(search.uid))
        return None
    assert search.still is not None
    quality = max(0.0, float(search.quality.get("unified_score") or 0.0))
    return Query(search, search.still.offender_id, np.frombuffer(plain, "<f4"), quality)


def _alike(query: Query, queries: Sequence[Query], scores: np.ndarray, model: str) -> Iterator[Alike]:
    """The few best of other offenders, each offender once."""
    partners = {query.offender_id}
    lowest = min(cosine for _, cosine in THRESHOLDS[model])
    for position in np.argsort(-scores, kind="stable"):
        other, score = queries[position], float(scores[position])
        if score < lowest or len(partners) > PER_OFFENDER:
            return
        threshold = threshold_for(model, min(query.quality, other.quality))
        if other.offender_id not in partners and score >= threshold:
            partners.add(other.offender_id)
            first, second = sorted((query, other), key=lambda one: one.offender_id)
            yield Alike(first, second, score, threshold)


def _keep_best(found: dict[tuple[int, int], Alike], alike: Iterable[Alike]) -> None:
    for one in alike:
        known = found.get(one.offenders)
        if known is None or one.score > known.score:
            found[one.offenders] = one


@transaction.atomic
def _store(force_id: int, model: str, found: Sequence[Alike], compared: Iterable[int]) -> int:
    series = series_by_offender({offender for one in found for offender in one.offenders})
    wanted = [
        Pair(
            force_id=force_id,
            first_id=one.first.offender_id,
            second_id=one.second.offender_id,
            first_search=one.first.search,
            second_search=one.second.search,
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
