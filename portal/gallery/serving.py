"""Which model this gallery is searched with, and the engine of this process for it.

An empty gallery's is what the settings say; one that was never switched keeps the model of its oldest
template: a new default in a release, or a changed setting, must not search where nothing is. A switch is
one row: every worker loads the new engine for its next job, and what an old one was still enrolling is put
back.
"""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from matching.engine import EngineInfo, EngineSettings, FaceEngine, load_engine
from matching.errors import WeightsMismatch
from portal.engine import engine_settings
from portal.gallery.models import Serving, Template


class Superseded(WeightsMismatch):
    """The vector was made by another model than the gallery is searched with now: do the work again."""


def serving_settings() -> EngineSettings:
    """Detector, model and weights in use."""
    chosen, row = engine_settings(), Serving.objects.first()
    if row is None:
        oldest = Template.objects.order_by("pk").values_list("model", flat=True).first()
        return replace(chosen, model=oldest or chosen.model)
    weights = Path(row.weights_dir) if row.weights_dir else None
    return EngineSettings(model=row.model, detector=chosen.detector, weights_dir=weights)


@lru_cache(maxsize=1)
def _loaded(settings: EngineSettings) -> FaceEngine:
    return load_engine(settings)


def engine() -> FaceEngine:
    """The loaded engine; WeightsMissing or WeightsMismatch (matching.errors) where it may not start."""
    loaded = _loaded(serving_settings())
    must_serve(loaded.info)
    return loaded


def must_serve(info: EngineInfo) -> None:
    """Raises Superseded where vectors of this model and version are not what the gallery holds."""
    row = Serving.objects.first()
    if row and (row.model, row.model_version) != (info.model, info.model_version):
        raise Superseded(
            f"The gallery is searched with {row}, and this process makes {info.model} {info.model_version}. "
            "After an upgrade or a change of weights: manage.py reembed."
        )
