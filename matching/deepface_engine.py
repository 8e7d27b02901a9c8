"""The face engine built on DeepFace. Only this module names deepface or tensorflow, and only in functions."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from matching import catalogue, quality
from matching.alignment import CHIP_SIZE, Aligner, softened
from matching.detection import CascadeDetector, Detection, Detector, HogDetector, in_region, tight
from matching.dlib_network import DIMENSION, DlibNetwork
from matching.engine import DEFAULT_MODEL, EngineInfo, EngineSettings, Face, Image, Vectors
from matching.errors import EngineFault
from matching.geometry import Box
from matching.sface_network import DIMENSION as SFACE_DIMENSION
from matching.sface_network import SFaceNetwork
from matching.weights import prepare_deepface_home

# Chosen on the dev people, docs/evaluation.md.
SOFT_WEIGHT = 0.5
SFACE_WEIGHT = 0.7


class Embedder(Protocol):
    """Chips to vectors."""

    dimension: int

    def embed(self, chips: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """uint8 (150, 150, 3) RGB chips -> float32 (n, d), any norm."""


class DlibEmbedder:
    """DeepFace's Dlib model with its network run in ONNX Runtime (agreement is tested)."""

    dimension = DIMENSION

    def __init__(self, weights_dir: Path | None) -> None:
        self._network = DlibNetwork(weights_dir)

    def embed(self, chips: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """One batch."""
        return self._network.embed(chips)


class SFaceEmbedder:
    """DeepFace's SFace model with its graph in ONNX Runtime made faster (agreement is tested)."""

    dimension = SFACE_DIMENSION

    def __init__(self, weights_dir: Path | None) -> None:
        self._network = SFaceNetwork(weights_dir)

    def embed(self, chips: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """One batch."""
        return self._network.embed(chips)


@dataclass(frozen=True)
class Part:
    """One network's share of a face's vector: the cosine of two vectors is the mean of the parts' cosines,
    weighted by the squares of `weight`. `views` is how a face becomes one unit vector of its `embedder`.
    """

    embedder: Embedder
    views: Callable[[Embedder, Face], Vectors]
    weight: float = 1.0


class DeepFaceEmbedder:
    """Any model DeepFace knows, from chips we aligned ourselves (detector_backend="skip")."""

    def __init__(self, model: str, weights_dir: Path | None) -> None:
        self.model = model
        [weights, *_] = catalogue.weights_of(catalogue.model(model), weights_dir)
        home = prepare_deepface_home(weights_dir)
        self._represent = _deepface_represent(home, tensorflow=weights.suffix == ".h5")
        self.dimension = len(self._one(np.zeros((CHIP_SIZE, CHIP_SIZE, 3), np.uint8)))

    def embed(self, chips: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """One after the other."""
        vectors = [self._one(chip) for chip in chips]
        return np.array(vectors, dtype=np.float32).reshape(len(chips), self.dimension)

    def _one(self, chip: NDArray[np.uint8]) -> list[float]:
        bgr = np.ascontiguousarray(chip[:, :, ::-1])
        try:
            answer = self._represent(
                bgr, model_name=self.model, detector_backend="skip", enforce_detection=False
            )
        except Exception as error:
            raise EngineFault(f"DeepFace could not run {self.model}: {error}") from error
        vector: list[float] = answer[0]["embedding"]
        return vector


class DeepFaceDetector:
    """Any detector DeepFace knows; its boxes only: landmarks and chips are ours."""

    def __init__(self, name: str, weights_dir: Path | None) -> None:
        listed = catalogue.detector(name)
        self.name = name
        self.version = catalogue.digest_of(listed, weights_dir) or "deepface-0.0.103"
        os.environ["DEEPFACE_HOME"] = str(prepare_deepface_home(weights_dir))
        os.environ.setdefault("DEEPFACE_LOG_LEVEL", "30")
        from deepface.modules.detection import extract_faces

        self._extract: Any = extract_faces

    def detect(self, image: Image) -> list[Detection]:
        """DeepFace answers with the whole frame, confidence 0, where there is nobody: nobody is kept."""
        try:
            found = self._extract(
                np.ascontiguousarray(image[:, :, ::-1]),
                detector_backend=self.name,
                enforce_detection=False,
                align=False,
                normalize_face=False,
            )
        except Exception as error:
            raise EngineFault(f"DeepFace could not run the detector {self.name}: {error}") from error
        areas = [(one["facial_area"], float(one["confidence"] or 0)) for one in found]
        return [tight(Box(*(float(area[k]) for k in "xywh")), sure) for area, sure in areas if sure > 0]

    def detect_in(self, image: Image, region: Box) -> list[Detection]:
        """The region is enlarged first."""
        return in_region(image, region, self.detect)


def _deepface_represent(home: Path, *, tensorflow: bool) -> Any:
    """DeepFace's represent(), its home set and TensorFlow kept out unless the model needs it."""
    os.environ["DEEPFACE_HOME"] = str(home)
    os.environ.setdefault("DEEPFACE_LOG_LEVEL", "30")
    if not tensorflow:
        os.environ["DEEPFACE_BACKEND_ENGINE"] = "onnx"
    from deepface.modules.representation import represent

    return represent


def unit(vectors: NDArray[Any]) -> Vectors:
    """Rows divided by their L2 norm, float32."""
    norms = np.linalg.norm(vectors.astype(np.float64), axis=-1, keepdims=True)
    return (vectors / np.maximum(norms, 1e-12)).astype(np.float32)


class DeepFaceEngine:
    """Detector, aligner, measures and embedder of one process; see FaceEngine."""

    def __init__(self, settings: EngineSettings) -> None:
        import cv2

        cv2.setNumThreads(1)  # worker processes are the parallelism
        self._parts = load_parts(settings)
        self._aligner = Aligner(catalogue.landmark_weights(settings))
        self._detector = load_detector(settings)
        self.info = EngineInfo(
            detector=self._detector.name,
            detector_version=self._detector.version,
            model=settings.model,
            model_version=catalogue.version(settings),
            dimension=sum(part.embedder.dimension for part in self._parts),
        )

    def find_faces(self, image: Image, *, region: Box | None = None) -> list[Face]:
        """Faces, most prominent first; with a `region` never empty."""
        found = self._detector.detect_in(image, region) if region else self._detector.detect(image)
        found.sort(key=lambda one: prominence(one, image, region), reverse=True)
        return [self._face(image, detection) for detection in found]

    def embed(self, faces: Sequence[Face]) -> Vectors:
        """float32 (n, d), unit rows: the parts of each face's vector side by side."""
        if not faces:
            return np.zeros((0, self.info.dimension), np.float32)
        return np.concatenate([self._embed_one(face) for face in faces])

    def _embed_one(self, face: Face) -> Vectors:
        parts = [part.weight * part.views(part.embedder, face) for part in self._parts]
        return unit(np.concatenate(parts, axis=1))

    def _face(self, image: Image, detection: Detection) -> Face:
        aligned = self._aligner.align(image, detection.square)
        measures = quality.measure(image, detection.box, aligned.chip, aligned.five, aligned.outline)
        return Face(detection.box, aligned.five, detection.score, measures, aligned.chip, aligned.second_chip)


def prominence(detection: Detection, image: Image, region: Box | None) -> float:
    """Large, sure and central comes first: wrong on 1 of 3,996 photos, by size alone on 31
    (docs/evaluation.md).
    """
    x, y = detection.box.centre
    middle = region.centre if region else (image.shape[1] / 2, image.shape[0] / 2)
    span = (region.w, region.h) if region else (image.shape[1], image.shape[0])
    off = ((x - middle[0]) / span[0]) ** 2 + ((y - middle[1]) / span[1]) ** 2
    sure = float(np.clip(detection.score, 0.05, 1.0)) ** 2
    return float(detection.box.area**0.5 * sure * np.exp(-2 * off))


def by_both_chips(embedder: Embedder, face: Face) -> Vectors:
    """float32 (1, d), unit: see sharp_and_soft."""
    return sharp_and_soft(
        embedder, [face.chip] if face.second_chip is None else [face.chip, face.second_chip]
    )


def by_first_chip(embedder: Embedder, face: Face) -> Vectors:
    """float32 (1, d), unit: see sharp_and_soft."""
    return sharp_and_soft(embedder, [face.chip])


def sharp_and_soft(embedder: Embedder, sharp: Sequence[NDArray[np.uint8]]) -> Vectors:
    """float32 (1, d), unit: the chips, mirrored too, and at half weight the first one softened.

    A softened view brings a sharp custody photo nearer to a blurred still of the same person.
    """
    views = [view for chip in [*sharp, softened(sharp[0])] for view in (chip, chip[:, ::-1])]
    vectors = unit(embedder.embed(views))
    edge = 2 * len(sharp)
    both = unit(vectors[:edge].mean(axis=0)) + SOFT_WEIGHT * unit(vectors[edge:].mean(axis=0))
    return unit(both[None])


def load_parts(settings: EngineSettings) -> tuple[Part, ...]:
    """The fast networks for Dlib and the default, DeepFace's own runtime for every other model."""
    dlib = Part(DlibEmbedder(settings.weights_dir), by_both_chips) if "Dlib" in settings.model else None
    if settings.model == DEFAULT_MODEL and dlib:
        return dlib, Part(SFaceEmbedder(settings.weights_dir), by_first_chip, SFACE_WEIGHT)
    return (dlib or Part(DeepFaceEmbedder(settings.model, settings.weights_dir), by_both_chips),)


def load_detector(settings: EngineSettings) -> Detector:
    """Ours, or any of DeepFace's; raises EngineFault for a name nobody knows, WeightsMissing."""
    if settings.detector == "hog":
        return HogDetector()
    if settings.detector == "cascade":
        return CascadeDetector(catalogue.landmark_weights(settings))
    return DeepFaceDetector(settings.detector, settings.weights_dir)
