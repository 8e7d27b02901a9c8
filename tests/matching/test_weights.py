"""Weights: pinned, linked, and an operator who is told what to do when they are not right."""

import subprocess
import sys
from pathlib import Path

import pytest

from matching import catalogue, weights
from matching.engine import EngineSettings, load_engine
from matching.errors import EngineFault, WeightsMismatch, WeightsMissing


@pytest.fixture
def complete(tmp_path: Path) -> Path:
    """A weights folder with every pinned file, linked."""
    for pinned in weights.PINNED:
        (tmp_path / pinned.name).symlink_to(weights.verified_path(pinned))
    return tmp_path


def test_the_installed_packages_carry_the_pinned_files() -> None:
    catalogue.check(EngineSettings())


def test_an_engine_starts_from_a_folder_of_its_own(complete: Path) -> None:
    assert load_engine(EngineSettings(weights_dir=complete)).info.dimension == 256
    assert load_engine(EngineSettings("Dlib", weights_dir=complete)).info.dimension == 128


@pytest.mark.parametrize("pinned", weights.PINNED, ids=lambda pinned: pinned.name)
def test_a_missing_file_is_named_with_what_to_do(complete: Path, pinned: weights.WeightsFile) -> None:
    (complete / pinned.name).unlink()
    with pytest.raises(WeightsMissing, match=f"{pinned.name}.*MATCHING_WEIGHTS"):
        load_engine(EngineSettings(weights_dir=complete))


@pytest.mark.parametrize("pinned", weights.PINNED, ids=lambda pinned: pinned.name)
def test_a_damaged_file_is_refused_before_it_is_read(complete: Path, pinned: weights.WeightsFile) -> None:
    content = (complete / pinned.name).read_bytes()
    (complete / pinned.name).unlink()
    (complete / pinned.name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(WeightsMismatch, match="Nothing is matched"):
        load_engine(EngineSettings(weights_dir=complete))


def test_a_file_damaged_later_is_noticed_too(complete: Path) -> None:
    weights.verified_path(weights.MTCNN_P, complete)
    content = (complete / weights.MTCNN_P.name).read_bytes()
    (complete / weights.MTCNN_P.name).unlink()
    (complete / weights.MTCNN_P.name).write_bytes(content[:100])
    with pytest.raises(WeightsMismatch):
        weights.verified_path(weights.MTCNN_P, complete)


def test_an_unknown_model_or_detector_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(EngineFault, match="nonsense"):
        load_engine(EngineSettings(detector="nonsense"))
    with pytest.raises(WeightsMissing, match="ArcFace"):
        load_engine(EngineSettings(model="ArcFace", weights_dir=tmp_path))


def test_the_default_engine_never_imports_tensorflow_and_its_interface_nothing_heavy() -> None:
    script = """
import sys
import matching.engine, matching.decoding, matching.errors, matching.weights, matching.geometry
heavy = {"tensorflow", "keras", "tf_keras", "deepface", "dlib", "cv2", "onnxruntime", "mtcnn", "joblib"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
matching.engine.load_engine()
assert not {"tensorflow", "keras", "tf_keras", "mtcnn"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120)


def test_deepface_finds_its_weights_by_link_and_needs_no_tensorflow() -> None:
    script = """
import os, sys, tempfile
os.environ["STILLMATCH_CACHE"] = tempfile.mkdtemp()
from matching.deepface_engine import DeepFaceEmbedder
assert DeepFaceEmbedder("Dlib", None).dimension == 128
assert "tensorflow" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120)
