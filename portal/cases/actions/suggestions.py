"""Probe against probes: which unidentified offenders of a force look like one person. Exact, same engine.

Incremental: each search is compared once, with every other query vector of its force and model version that
still stands for a still. Vectors are unsealed in memory only. A suggestion is a question to two officers.
"""

from collections.abc import Iterable, Sequence
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

# Exact cosine of two probes from which two people look alike, by model (docs/evaluation.md, "Series";
# manage.py measure_series). A model without a measured figure makes no suggestions.
THRESHOLDS = {"Dlib": 0.95}
AT_ONCE = 200  # searches compared in one round
PER_OFFENDER = 5  # suggestions one search makes at most, the best first
COMPARER = SystemActor("series")
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Query:
    """A search's query vector on the grid, float32 (d,)."""

    search: Search
    offender_id: int
    vector: np.ndarray


def suggest(*, at_most: int = AT_ONCE) -> int:
    """Compare searches that have not been compared yet, the oldest first; how many pairs were suggested."""
    fresh = list(comparable_searches().filter(compared=None, model__in=THRESHOLDS).order_by("pk")[:at_most])
    kinds = {(one.campaign.force_id, one.model, one.model_version) for one in fresh}
    made = 0
    for force_id, model, version in sorted(kinds):
        same = comparable_searches().filter(campaign__force=force_id, model=model, model_version=version)
        made += _compare(force_id, model, list(same), {one.pk for one in fresh})
    return made


def _compare(force_id: int, model: str, searches: Sequence[Search], fresh: set[int]) -> int:
    queries = [query for one in searches if (query := _unsealed(one)) is not None]
    found: dict[tuple[int, int], tuple[float, Query, Query]] = {}
    if queries:
        matrix = np.stack([one.vector for one in queries])
        for query in queries:
            if query.search.pk in fresh:
                _collect(found, query, queries, exact_scores(matrix, query.vector), THRESHOLDS[model])
    compared = [one.pk for one in searches if one.pk in fresh]
    return _store(force_id, model, found, compared)


def _unsealed(search: Search) -> Query | None:
    try:
        plain = vault.unseal(bytes(search.query), context=query_context(search.query_sha256))
    except vault.VaultError:
        log.warning("query_not_readable", search=str(search.uid))
        return None
    assert search.still is not None
    return Query(search, search.still.offender_id, np.frombuffer(plain, "<f4"))


def _collect(
    found: dict[tuple[int, int], tuple[float, Query, Query]],
    query: Query,
    queries: Sequence[Query],
    scores: np.ndarray,
    threshold: float,
) -> None:
    """Keep the best score of each pair of offenders, for the few best of this query."""
    partners: set[int] = set()
    for position in np.argsort(-scores, kind="stable"):
        other, score = queries[position], float(scores[position])
        if score < threshold or len(partners) == PER_OFFENDER:
            return
        if other.offender_id == query.offender_id:
            continue
        partners.add(other.offender_id)
        first, second = sorted((query, other), key=lambda one: one.offender_id)
        key = first.offender_id, second.offender_id
        if key not in found or score > found[key][0]:
            found[key] = score, first, second


@transaction.atomic
def _store(
    force_id: int,
    model: str,
    found: dict[tuple[int, int], tuple[float, Query, Query]],
    compared: Iterable[int],
) -> int:
    series = series_by_offender({offender for key in found for offender in key})
    wanted = [
        Pair(
            force_id=force_id,
            first_id=first.offender_id,
            second_id=second.offender_id,
            first_search=first.search,
            second_search=second.search,
            score=score,
            threshold=THRESHOLDS[model],
        )
        for score, first, second in found.values()
        if series.get(first.offender_id, -1) != series.get(second.offender_id, -2)
    ]
    before = Pair.objects.filter(force=force_id).count()
    Pair.objects.bulk_create(wanted, ignore_conflicts=True)  # judged once is judged
    Compared.objects.bulk_create([Compared(search_id=pk) for pk in compared], ignore_conflicts=True)
    made = Pair.objects.filter(force=force_id).count() - before
    if made:
        record(Tag.PAIRS_SUGGESTED, actor=COMPARER, subject=("cases.pair", force_id), pairs=made, model=model)
    return made
