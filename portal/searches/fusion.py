"""Several stills of one offender as one probe: who of their lists is compared first.

The stills' vectors, weighted by quality, make one vector; everybody on any of the lists is scored against
it. At a 36-pixel face the first 20 then hold six of a hundred more of the people searched for than the
best single scores do (docs/evaluation.md). An exact function of stored rows: asked again, it says the same.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

import numpy as np

from matching.index import to_grid
from portal import vault
from portal.gallery.models import Template
from portal.gallery.vectors import vector_of
from portal.searches.actions import query_context
from portal.searches.models import Candidate, Search

LEAST_WEIGHT = 1.0  # of a still whose unified quality is unknown or next to nothing


def fused_scores(searches: Iterable[Search], candidates: Sequence[Candidate]) -> dict[UUID, float]:
    """Cosine of every listed subject's best listed template with the fused probe, by the subject's uid.

    Empty where there is nothing to fuse: one still, vectors erased meanwhile, or of two models.
    """
    probe = _fused_probe(searches)
    if probe is None:
        return {}
    subject_of = {one.template_id: one.subject_uid for one in candidates}
    scores: dict[UUID, float] = {}
    for template in Template.objects.filter(pk__in=subject_of):
        score = float(vector_of(template).astype(np.float64) @ probe)
        uid = subject_of[template.pk]
        scores[uid] = max(score, scores.get(uid, -1.0))
    return scores


def _fused_probe(searches: Iterable[Search]) -> np.ndarray | None:
    """float64 (d,) on the grid, so that no order of summation changes a score."""
    by_query = {one.query_sha256: one for one in searches if one.query}  # a longer list asks the same
    models = {(one.model, one.model_version) for one in by_query.values()}
    if len(by_query) < 2 or len(models) != 1:
        return None
    weighted = [
        max(one.unified_quality or 0.0, LEAST_WEIGHT) * _vector(one) for _, one in sorted(by_query.items())
    ]
    total = np.sum(weighted, axis=0)
    fused = (total / np.linalg.norm(total)).astype(np.float32)
    return np.asarray(to_grid(fused[None])[0], dtype=np.float64)


def _vector(search: Search) -> np.ndarray:
    plain = vault.unseal(bytes(search.query), context=query_context(search.query_sha256))
    return np.frombuffer(plain, "<f4").astype(np.float64)
