"""Which model this gallery is searched with, and the engine of this process for it.

An empty gallery's is what the settings say; one that was never switched keeps the model and version of its
oldest template: a new default, a changed setting or a release whose engine makes another version of the
templates must not search where nothing is. A switch is one row: every worker loads the new engine for its
next job, and what an old one was still enrolling is put back.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from matching import catalogue
from matching.engine import EngineInfo, EngineSettings, FaceEngine, load_engine
from matching.errors import WeightsMismatch
from portal.engine import engine_settings
from portal.gallery.models import Serving, Template


class Superseded(WeightsMismatch):
    """The vector was made by another model than the gallery is searched with now: do the work again."""


@dataclass(frozen=True)
class Served:
    """The model and version of the templates that are searched, and where its weights are."""

    model: str
    version: str
    weights_dir: Path | None

    def refusal(self, model: str, version: str) -> str:
        """Why vectors of this model and version meet nobody, and what to do; empty where they would."""
        if (self.model, self.version) == (model, version):
            return ""
        if self.model != model:
            return (
                f"The gallery is searched with {self.model} {self.version} now: tried again with that model."
            )
        weights = f" --weights {self.weights_dir}" if self.weights_dir else ""
        return (
            f"The gallery's templates were made by {self.model} {self.version}, and this release with its "
            f"weights makes {model} {version}. Run: manage.py reembed --model {self.model}{weights} --switch"
        )


def served() -> Served | None:
    """None while the gallery is empty and nothing was chosen."""
    chosen, row = engine_settings(), Serving.objects.first()
    if row:
        return Served(row.model, row.model_version, Path(row.weights_dir) if row.weights_dir else None)
    oldest = Template.objects.order_by("pk").values_list("model", "model_version").first()
    return Served(*oldest, chosen.weights_dir) if oldest else None


def serving_settings() -> EngineSettings:
    """Detector, model and weights in use."""
    return _settings(served())


def _settings(now: Served | None) -> EngineSettings:
    chosen = engine_settings()
    return replace(chosen, model=now.model, weights_dir=now.weights_dir) if now else chosen


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
    now = served()
    if now and (why := now.refusal(info.model, info.model_version)):
        raise Superseded(why)


def version_fault() -> str:
    """Why nothing can be searched until the gallery is embedded again; empty where all is well.

    Loads nothing; raises what load_engine would where the weights are missing or others.
    """
    now = served()
    return now.refusal(now.model, catalogue.version(_settings(now))) if now else ""
