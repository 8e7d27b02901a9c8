"""The engine that the settings name. Loading it is for worker children: portal.gallery.serving."""

from pathlib import Path

from django.conf import settings

from matching.engine import EngineSettings


def engine_settings() -> EngineSettings:
    """Which detector, model and weights the force has chosen."""
    weights = Path(settings.MATCHING_WEIGHTS) if settings.MATCHING_WEIGHTS else None
    return EngineSettings(
        model=settings.MATCHING_MODEL, detector=settings.MATCHING_DETECTOR, weights_dir=weights
    )
