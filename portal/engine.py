"""The face engine of this process, made on first use: in worker children, never in the web process."""

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from matching.engine import EngineSettings, FaceEngine, load_engine


def engine_settings() -> EngineSettings:
    """Which detector, model and weights the force has chosen."""
    weights = Path(settings.MATCHING_WEIGHTS) if settings.MATCHING_WEIGHTS else None
    return EngineSettings(
        model=settings.MATCHING_MODEL, detector=settings.MATCHING_DETECTOR, weights_dir=weights
    )


@lru_cache(maxsize=1)
def engine() -> FaceEngine:
    """The loaded engine; WeightsMissing or WeightsMismatch (matching.errors) where it cannot start."""
    return load_engine(engine_settings())
