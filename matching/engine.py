"""What a face engine is, and how one is loaded. Importing this module imports nothing heavy."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from matching.geometry import Box, Landmarks

Image = NDArray[np.uint8]  # (H, W, 3) RGB
Vectors = NDArray[np.float32]  # (n, d), rows of unit L2 norm

DEFAULT_MODEL = "Dlib+SFace"  # two of DeepFace's networks side by side, docs/decisions/


@dataclass(frozen=True)
class QualityMeasures:
    """One face's measures under ISO/IEC 29794-5 names; how each is computed is in quality.py.

    inter_eye_distance, face_width: pixels of the image. yaw, pitch, roll: degrees, 0 = facing the camera.
    sharpness 0..100, up is sharper. illumination_uniformity 0..1, up is more even. under_exposure,
    over_exposure: 0..1, share of the face's pixels. contrast 0..1, spread of luminance. compression 0..1,
    visible blocking. unified_score 0..100, up is better.
    """

    inter_eye_distance: float
    face_width: float
    sharpness: float
    illumination_uniformity: float
    under_exposure: float
    over_exposure: float
    contrast: float
    yaw: float
    pitch: float
    roll: float
    compression: float
    unified_score: float

    def as_dict(self) -> dict[str, float]:
        """Plain floats by name, for JSON."""
        return {name: round(float(value), 4) for name, value in asdict(self).items()}


@dataclass(frozen=True)
class Face:
    """One face: where it is, how sure the detector was (no probability), how good it is, and its aligned
    chips.

    `chip` is what people are shown and models see; `second_chip` is the same face by other landmarks, if any.
    """

    box: Box
    landmarks: Landmarks
    detection_score: float
    quality: QualityMeasures
    chip: NDArray[np.uint8]  # (150, 150, 3) RGB
    second_chip: NDArray[np.uint8] | None = None


@dataclass(frozen=True)
class EngineInfo:
    """What made a vector. Vectors whose model or model_version differ are never compared; those that
    may be, by their cosine.
    """

    detector: str
    detector_version: str
    model: str
    model_version: str
    dimension: int


@dataclass(frozen=True)
class EngineSettings:
    """`weights_dir` None: the weights that come with the installed packages."""

    model: str = DEFAULT_MODEL
    detector: str = "cascade"
    weights_dir: Path | None = None


class FaceEngine(Protocol):
    """Finds faces and turns them into vectors. One per process; not for use by several threads at once."""

    info: EngineInfo

    def find_faces(self, image: Image, *, region: Box | None = None) -> list[Face]:
        """Faces, most prominent first; `region` is where a person drew a box, and then only that place
        counts.
        """

    def embed(self, faces: Sequence[Face]) -> Vectors:
        """float32 (n, d), rows of unit L2 norm; (0, d) for no faces."""


def load_engine(settings: EngineSettings | None = None) -> FaceEngine:
    """The engine of these settings; raises WeightsMissing or WeightsMismatch. Call it in the worker, after
    the fork.
    """
    from matching.deepface_engine import DeepFaceEngine

    return DeepFaceEngine(settings or EngineSettings())
