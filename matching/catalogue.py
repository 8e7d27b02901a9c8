"""The recognition models and detectors that settings may name: dimension, licence, and which files they read.

Models and file names are DeepFace 0.0.103's; licences are those of the weights as their authors state them.
Nothing here downloads: a file is in an installed package or in the folder MATCHING_WEIGHTS names.
"""

from dataclasses import dataclass
from pathlib import Path

from matching.engine import DEFAULT_MODEL, EngineSettings
from matching.errors import EngineFault, WeightsMissing
from matching.weights import (
    DLIB_RESNET,
    FIVE_POINTS,
    MTCNN_O,
    MTCNN_P,
    MTCNN_R,
    SFACE,
    SIXTY_EIGHT_POINTS,
    WeightsFile,
    sha256_of,
    verified_path,
)


@dataclass(frozen=True)
class Listed:
    """A model or detector. `files`: alternatives in the weights folder, the first present one is read.
    `pinned`: files of ours, all of them read. Neither: it needs none. `dimension` 0 for detectors.
    """

    name: str
    licence: str
    files: tuple[str, ...] = ()
    dimension: int = 0
    pinned: tuple[WeightsFile, ...] = ()


VIEWS = "v6"  # changes with the views of a face that make its vector (deepface_engine.sharp_and_soft)
_MIT, _NON_COMMERCIAL, _APACHE = "MIT", "non-commercial research only", "Apache-2.0"
_AGPL = "AGPL-3.0 (ultralytics)"


def _deepface(name: str, dimension: int, licence: str, *files: str) -> Listed:
    return Listed(name, licence, files, dimension)


MODELS = {
    one.name: one
    for one in (
        Listed(
            DEFAULT_MODEL,
            f"{DLIB_RESNET.licence}; {SFACE.licence}",
            dimension=256,
            pinned=(DLIB_RESNET, SFACE),
        ),
        Listed("Dlib", DLIB_RESNET.licence, dimension=128, pinned=(DLIB_RESNET,)),
        _deepface("VGG-Face", 4096, _NON_COMMERCIAL, "vgg_face_weights.onnx", "vgg_face_weights.h5"),
        _deepface("Facenet", 128, _MIT, "facenet_weights.onnx", "facenet_weights.h5"),
        _deepface("Facenet512", 512, _MIT, "facenet512_weights.onnx", "facenet512_weights.h5"),
        _deepface("OpenFace", 128, _APACHE, "openface_weights.onnx", "openface_weights.h5"),
        _deepface(
            "DeepFace",
            4096,
            _MIT,
            "VGGFace2_DeepFace_weights_val-0.9034.onnx",
            "VGGFace2_DeepFace_weights_val-0.9034.h5",
        ),
        _deepface("DeepID", 160, "not stated", "deepid_weights.onnx", "deepid_keras_weights.h5"),
        _deepface("ArcFace", 512, _NON_COMMERCIAL, "arcface_weights.onnx", "arcface_weights.h5"),
        _deepface("SFace", 128, _APACHE, "face_recognition_sface_2021dec.onnx"),
        _deepface("GhostFaceNet", 512, _MIT, "ghostfacenet_v1.onnx", "ghostfacenet_v1.h5"),
        _deepface("Buffalo_L", 512, _NON_COMMERCIAL, "buffalo_l/webface_r50.onnx"),
    )
}
DETECTORS = {
    one.name: one
    for one in (
        Listed("cascade", "MIT (mtcnn)", pinned=(MTCNN_P, MTCNN_R, MTCNN_O)),
        Listed("hog", "Boost (dlib)"),
        Listed("opencv", "Apache-2.0 (OpenCV)"),
        Listed("mtcnn", _MIT),
        Listed("ssd", _APACHE, ("res10_300x300_ssd_iter_140000.caffemodel",)),
        Listed("yunet", _MIT, ("face_detection_yunet_2023mar.onnx",)),
        Listed("centerface", _MIT, ("centerface.onnx",)),
        Listed("retinaface", _MIT, ("retinaface.h5",)),
        Listed("yolov8n", _AGPL, ("yolov8n-face.pt",)),
        Listed("yolov11n", _AGPL, ("yolov11n-face.pt",)),
    )
}


def model(name: str) -> Listed:
    """The model of this name; EngineFault, naming the choices, where there is none."""
    return _named(MODELS, name, "MATCHING_MODEL")


def detector(name: str) -> Listed:
    """The detector of this name; EngineFault, naming the choices, where there is none."""
    return _named(DETECTORS, name, "MATCHING_DETECTOR")


def _named(known: dict[str, Listed], name: str, setting: str) -> Listed:
    if name not in known:
        raise EngineFault(f"{setting}={name} is not one of: {', '.join(known)}.")
    return known[name]


def weights_of(one: Listed, weights_dir: Path | None) -> tuple[Path, ...]:
    """The files it reads, those we pin checked; raises WeightsMissing or WeightsMismatch with what to do."""
    if one.pinned or not one.files:
        return tuple(verified_path(file, weights_dir) for file in one.pinned)
    for name in one.files:
        if weights_dir and (weights_dir / name).is_file():
            return (weights_dir / name,)
    raise WeightsMissing(
        f"No weights for {one.name}: MATCHING_WEIGHTS must name a folder that holds {' or '.join(one.files)}."
    )


def digest_of(one: Listed, weights_dir: Path | None) -> str:
    """What a version begins with: 12 hex digits of the sha256 of each file that is read."""
    return "+".join(sha256_of(path)[:12] for path in weights_of(one, weights_dir))


def version(settings: EngineSettings) -> str:
    """The `model_version` of an engine of these settings; loads nothing. Raises what load_engine would."""
    return f"{digest_of(model(settings.model), settings.weights_dir)}-{VIEWS}"


def landmark_weights(settings: EngineSettings) -> Path | None:
    """Where landmarks and the cascade are read: a weights folder may hold another model's file alone."""
    folder = settings.weights_dir
    alone = folder and not settings.model.startswith("Dlib") and not (folder / FIVE_POINTS.name).exists()
    return None if alone else folder


def check(settings: EngineSettings) -> None:
    """Whether an engine of these settings could start; loads nothing. Raises what load_engine would."""
    weights_of(model(settings.model), settings.weights_dir)
    own = landmark_weights(settings)
    for file in (FIVE_POINTS, SIXTY_EIGHT_POINTS):
        verified_path(file, own)
    chosen = detector(settings.detector)
    weights_of(chosen, own if chosen.pinned else settings.weights_dir)
