"""The face engine built on DeepFace. The only module that names deepface or tensorflow, and only inside functions."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching import quality
from matching.alignment import CHIP_SIZE, Aligner
from matching.detection import CascadeDetector, Detection, HogDetector
from matching.dlib_network import DIMENSION, DlibNetwork
from matching.engine import EngineInfo, EngineSettings, Face, Image, Vectors
from matching.geometry import Box
from matching.weights import DLIB_RESNET, prepare_deepface_home, verified_path


class DeepFaceEmbedder:
    """Vectors by DeepFace, from chips we aligned ourselves (detector_backend="skip")."""

    def __init__(self, model: str, weights_dir: Path | None) -> None:
        represent = _deepface_represent(prepare_deepface_home(weights_dir), tensorflow=model != "Dlib")
        self.model = model
        self._represent = represent
        self.dimension = len(self._one(np.zeros((CHIP_SIZE, CHIP_SIZE, 3), np.uint8)))

    def embed(self, chips: Sequence[NDArray[np.uint8]]) -> Vectors:
        """chips uint8 (150, 150, 3) RGB -> float32 (n, d), unit rows."""
        vectors = np.array([self._one(chip) for chip in chips], dtype=np.float32).reshape(
            len(chips), self.dimension
        )
        return unit(vectors)

    def _one(self, chip: NDArray[np.uint8]) -> list[float]:
        bgr = np.ascontiguousarray(chip[:, :, ::-1])
        answer = self._represent(bgr, model_name=self.model, detector_backend="skip", enforce_detection=False)
        vector: list[float] = answer[0]["embedding"]
        return vector


def _deepface_represent(home: Path, *, tensorflow: bool) -> Any:
    """DeepFace's represent(), its home set and TensorFlow kept out unless the model needs it."""
    os.environ["DEEPFACE_HOME"] = str(home)
    os.environ.setdefault("DEEPFACE_LOG_LEVEL", "30")
    if not tensorflow:
        os.environ["DEEPFACE_BACKEND_ENGINE"] = "onnx"
    from deepface.modules.representation import represent

    return represent


def unit(vectors: NDArray[np.floating[Any]]) -> Vectors:
    """Rows divided by their L2 norm, float32."""
    norms = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    return (vectors / np.maximum(norms, 1e-12)).astype(np.float32)


class DlibEmbedder:
    """The Dlib model of DeepFace with its network run in ONNX Runtime."""

    dimension = DIMENSION

    def __init__(self, weights_dir: Path | None) -> None:
        self._network = DlibNetwork(weights_dir)

    def embed(self, chips: Sequence[NDArray[np.uint8]]) -> Vectors:
        """chips uint8 (150, 150, 3) RGB -> float32 (n, d), unit rows."""
        return unit(self._network.embed(chips))


class DeepFaceEngine:
    """Detector, aligner, measures and embedder of one process; see FaceEngine."""

    def __init__(self, settings: EngineSettings) -> None:
        import cv2

        cv2.setNumThreads(1)  # worker processes are the parallelism
        self._aligner = Aligner(settings.weights_dir)
        self._detector = (
            CascadeDetector(settings.weights_dir) if settings.detector == "cascade" else HogDetector()
        )
        self._embedder = (
            DlibEmbedder(settings.weights_dir)
            if settings.model == "Dlib"
            else DeepFaceEmbedder(settings.model, settings.weights_dir)
        )
        self.info = EngineInfo(
            detector=self._detector.name,
            detector_version=self._detector.version,
            model=settings.model,
            model_version=verified_path(DLIB_RESNET, settings.weights_dir).name and DLIB_RESNET.sha256[:12],
            dimension=self._embedder.dimension,
        )

    def find_faces(self, image: Image, *, region: Box | None = None) -> list[Face]:
        """Faces, most prominent first."""
        found = self._detector.detect(image)
        found.sort(key=lambda d: d.box.area * max(0.1, d.score + 0.5), reverse=True)
        return [self._face(image, detection) for detection in found]

    def embed(self, faces: Sequence[Face]) -> Vectors:
        """float32 (n, d), unit rows."""
        return self._embedder.embed([face.chip for face in faces])

    def _face(self, image: Image, detection: Detection) -> Face:
        chip, five = self._aligner.chip(image, detection.box)
        outline = self._aligner.outline(image, detection.box)
        measures = quality.measure(image, detection.box, chip, five, outline)
        return Face(detection.box, five, detection.score, measures, chip)
