"""Weights files: where they are, that they are the ones measured, and what DeepFace needs to see.

The default ones come with the `face_recognition_models` package (dlib's networks, public domain) and are
read by path: the package itself imports pkg_resources. SFace's file is taken out of a pinned source package
at set-up (fetch_weights.py). Nothing is ever downloaded while the service runs.
"""

import hashlib
import importlib.util
import os
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from matching.errors import WeightsMismatch, WeightsMissing


@dataclass(frozen=True)
class WeightsFile:
    """A file this release was measured with: its name, its sha256 (hex), the package folder that carries
    it; no package: it was put into fetched_folder() at set-up.
    """

    name: str
    sha256: str
    package: str
    folder: str
    licence: str


_DLIB = ("face_recognition_models", "models", "public domain (CC0), dlib-models")
_MTCNN = ("mtcnn", "assets/weights", "MIT, mtcnn 1.0.0")
DLIB_RESNET = WeightsFile(
    "dlib_face_recognition_resnet_model_v1.dat",
    "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
    *_DLIB,
)
FIVE_POINTS = WeightsFile(
    "shape_predictor_5_face_landmarks.dat",
    "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
    *_DLIB,
)
SIXTY_EIGHT_POINTS = WeightsFile(
    "shape_predictor_68_face_landmarks.dat",
    "fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f",
    *_DLIB,
)
MTCNN_P = WeightsFile("pnet.lz4", "ea6b0c3e685ebee3165326ad6484acc95f2ef78f1c94fbf40a55704fa989f7b5", *_MTCNN)
MTCNN_R = WeightsFile("rnet.lz4", "cb00e6460f3c98b0bfafaba3c0a0ded4bdf6e62cee7174d969e8670d7e757fee", *_MTCNN)
MTCNN_O = WeightsFile("onet.lz4", "94f6ea2f4cf985275ee958cdd762d17b6009348a4fb9d8c6be39ba73ffd22ca3", *_MTCNN)
# The file of OpenCV's model zoo, models/face_recognition_sface, by whatever package it comes.
SFACE = WeightsFile(
    "face_recognition_sface_2021dec.onnx",
    "0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79",
    "",
    "",
    "Apache-2.0, OpenCV model zoo",
)
PINNED = (DLIB_RESNET, SFACE, FIVE_POINTS, SIXTY_EIGHT_POINTS, MTCNN_P, MTCNN_R, MTCNN_O)


def verified_path(weights: WeightsFile, weights_dir: Path | None = None) -> Path:
    """Where the file is, its content checked; raises WeightsMissing or WeightsMismatch with what to do."""
    path = (weights_dir or packaged_folder(weights)) / weights.name
    if not path.is_file():
        remedy = f"Install the {weights.package} package" if weights.package else "Run ./run setup"
        raise WeightsMissing(
            f"{weights.name} is not in {path.parent}. {remedy}, "
            "or point MATCHING_WEIGHTS at a folder that holds the file."
        )
    found = sha256_of(path)
    if found != weights.sha256:
        raise WeightsMismatch(
            f"{path} has sha256 {found[:16]}…, expected {weights.sha256[:16]}…: it is damaged or another "
            "version. Put the original back (run ./run setup). Nothing is matched until then."
        )
    return path


def packaged_folder(weights: WeightsFile) -> Path:
    """The folder inside the installed package; raises WeightsMissing if the package is not installed."""
    if not weights.package:
        return fetched_folder()
    spec = importlib.util.find_spec(weights.package)
    if spec is None or not spec.submodule_search_locations:
        raise WeightsMissing(
            f"The package {weights.package}, which carries {weights.name}, is not installed."
        )
    return Path(spec.submodule_search_locations[0]) / weights.folder


def fetched_folder() -> Path:
    """Where set-up puts single files out of packages that are not installed: in the virtual environment."""
    return Path(sys.prefix) / "share" / "stillmatch"


def sha256_of(path: Path) -> str:
    """Hex digest of the file as it is now."""
    status = path.stat()
    return _sha256_at(str(path), status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=64)
def _sha256_at(path: str, _mtime_ns: int, _size: int) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cache_dir() -> Path:
    """Where derived files (graphs, links) may be kept: STILLMATCH_CACHE, XDG_CACHE_HOME or ~/.cache."""
    named = os.environ.get("STILLMATCH_CACHE")
    base = (
        Path(named)
        if named
        else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stillmatch"
    )
    base.mkdir(parents=True, exist_ok=True, mode=0o700)
    return base


def prepare_deepface_home(weights_dir: Path | None = None) -> Path:
    """A DEEPFACE_HOME whose weights folder holds links to verified files, so that DeepFace never downloads
    them.

    With a `weights_dir`, every file in it is linked under its own name (other models' weights).
    """
    home = cache_dir() / "deepface"
    folder = home / ".deepface" / "weights"
    folder.mkdir(parents=True, exist_ok=True)
    targets = {weights.name: verified_path(weights) for weights in (DLIB_RESNET, FIVE_POINTS)}
    for path in sorted(weights_dir.iterdir()) if weights_dir and weights_dir.is_dir() else []:
        targets[path.name] = path  # a file, or a folder of them
    for name, target in targets.items():
        _link(folder / name, target.resolve())
    return home


def _link(link: Path, target: Path) -> None:
    """Make link point at target; safe when several workers start at once."""
    if link.is_symlink() and link.readlink() == target:
        return
    temporary = link.with_name(f".{link.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    temporary.replace(link)
