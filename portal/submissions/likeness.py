"""Which drafts of one submission look like one person: a suggestion to the sender, never more.

A draft is not searched, but the vector of its chosen face is kept, sealed, until it is sent (then it is
deleted) so that nobody spends three of thirty places on one person. Drafts of one submission only are ever
compared, all of them of one retailer, and what comes out is yes or no: no score leaves this module.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from matching.engine import EngineInfo
from portal import vault
from portal.submissions.models import Likeness, Still
from portal.work import WorkState

# The poorer face's unified quality from which a cosine counts: where one pair of strangers in 1,000 is as
# alike (manage.py measure_series, docs/evaluation.md). A false one costs a look at two pictures.
ALIKE = {
    "Dlib+SFace": ((36.0, 0.762), (15.0, 0.772), (0.0, 0.781)),
    "Dlib": ((36.0, 0.931), (15.0, 0.937), (0.0, 0.947)),
}


def keep_likeness(still: Still, vector: np.ndarray, info: EngineInfo) -> None:
    """Keep the chosen face of a draft's still as a sealed vector, float32 (d,) of unit length."""
    plain = np.ascontiguousarray(vector, "<f4").tobytes()
    sealed = vault.seal(plain, context=_context(still.pk, info.model_version))
    made_by = {"model": info.model, "model_version": info.model_version, "vector": sealed}
    Likeness.objects.update_or_create(still=still, defaults=made_by)


def _context(still_id: int, version: str) -> str:
    return f"likeness:{still_id}:{version}"


class _Row(NamedTuple):
    """A likeness with what is needed to compare it."""

    offender_id: int
    still_id: int
    model: str
    model_version: str
    vector: bytes
    quality: Mapping[str, float] | None


FIELDS = (
    "still__offender_id", "still_id", "model", "model_version", "vector", "still__chosen_face__quality",
)  # fmt: skip


def alike_pairs(offender_ids: Collection[int]) -> set[tuple[int, int]]:
    """Pairs of these drafts, lower id first, that look like one person; one query."""
    settled = Likeness.objects.filter(still__work_state=WorkState.DONE, still__chosen_face__isnull=False)
    found = settled.filter(still__offender__in=offender_ids).values_list(*FIELDS)
    by_model: dict[tuple[str, str], list[_Row]] = defaultdict(list)
    for row in map(_Row._make, found):
        if row.model in ALIKE:
            by_model[row.model, row.model_version].append(row)
    return {pair for (model, _), ours in by_model.items() for pair in _pairs(ours, model)}


def _pairs(rows: list[_Row], model: str) -> Iterator[tuple[int, int]]:
    vectors = np.stack([_vector(row) for row in rows])
    quality = np.array([float((row.quality or {}).get("unified_score", 0.0)) for row in rows])
    poorer = np.minimum(quality[:, None], quality[None, :])
    alike = vectors @ vectors.T >= _thresholds(model, poorer)
    for first, second in np.argwhere(np.triu(alike, 1)):
        one, other = rows[first].offender_id, rows[second].offender_id
        if one != other:
            yield min(one, other), max(one, other)


def _vector(row: _Row) -> np.ndarray:
    plain = vault.unseal(bytes(row.vector), context=_context(row.still_id, row.model_version))
    return np.frombuffer(plain, "<f4")


def _thresholds(model: str, quality: np.ndarray) -> np.ndarray:
    bands = ALIKE[model]
    return np.select([quality >= floor for floor, _ in bands], [limit for _, limit in bands], bands[-1][1])
