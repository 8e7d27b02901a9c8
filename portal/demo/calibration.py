"""The demo's calibration: its own searches against what only the demo knows, who everybody is.

It says what scores are worth on drawn people, and its basis says so: nothing about real faces.
"""

import time
from pathlib import Path

import numpy as np
from django.db.models import QuerySet

from matching.engine import EngineInfo
from matching.evaluation import Embedded, LabelledImage
from portal import vault
from portal.demo.data import Progress, Size, person_of
from portal.demo.people import DEMO
from portal.searches.actions import query_context
from portal.searches.calibrations import NothingLabelled, calibrate, gallery_entries
from portal.searches.models import Calibration, Search
from portal.submissions.models import Still
from portal.work import WorkState

BASIS = "drawn people of this demo, who do not exist"


def calibrate_demo(size: Size, progress: Progress) -> None:
    """Once all stills are searched; nothing where that was done before, or nothing was found."""
    _wait_for_searches(progress)
    latest = Search.objects.order_by("-pk").first()
    if latest is None or Calibration.objects.filter(model_version=latest.model_version).exists():
        return
    info = EngineInfo("", "", latest.model, latest.model_version, 0)
    searches = Search.objects.filter(model=info.model, model_version=info.model_version)
    try:
        calibrate(
            [_by_number(entry) for entry in gallery_entries(info)],
            _probes(searches.select_related("still"), size),
            info=info,
            basis=BASIS,
            by=DEMO,
        )
    except NothingLabelled:
        return


def _wait_for_searches(progress: Progress) -> None:
    while Still.objects.filter(work_state__in=(WorkState.QUEUED, WorkState.RUNNING)).exists():
        progress()
        time.sleep(0.5)


def _by_number(entry: Embedded) -> Embedded:
    """A demo reference ends with the number of the drawn person."""
    number = entry.row.identity.rpartition("/")[2].lstrip("0") or "0"
    return Embedded(LabelledImage(Path(), number, "demo", "gallery"), entry.vector, entry.quality)


def _probes(searches: QuerySet[Search], size: Size) -> list[Embedded]:
    found = []
    for search in searches:
        person = person_of(search.still.name, size) if search.still else None
        if person is not None and search.query:
            row = LabelledImage(Path(), str(person), "demo", "probe")
            found.append(Embedded(row, _vector(search), search.unified_quality or 0.0))
    return found


def _vector(search: Search) -> np.ndarray:
    plain = vault.unseal(bytes(search.query), context=query_context(search.query_sha256))
    return np.frombuffer(plain, "<f4")
