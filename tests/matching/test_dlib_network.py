"""The network in ONNX Runtime against dlib itself and against DeepFace."""

from typing import Any

import dlib
import numpy as np
import pytest

from matching.dlib_network import DlibNetwork
from matching.weights import DLIB_RESNET, verified_path


@pytest.fixture(scope="module")
def network() -> DlibNetwork:
    return DlibNetwork()


@pytest.fixture(scope="module")
def reference() -> Any:
    return dlib.face_recognition_model_v1(str(verified_path(DLIB_RESNET)))


def chips(count: int) -> list[np.ndarray]:
    """Smooth patterns, noise, and the extremes."""
    rng = np.random.default_rng(3)
    made = [np.zeros((150, 150, 3), np.uint8), np.full((150, 150, 3), 255, np.uint8)]
    while len(made) < count:
        coarse = rng.integers(0, 256, (10, 10, 3), dtype=np.uint8).repeat(15, 0).repeat(15, 1)
        fine = rng.integers(0, 40, (150, 150, 3), dtype=np.uint8)
        made.append((coarse // 2 + fine + rng.integers(0, 60)).astype(np.uint8))
    return made


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


def test_the_same_vectors_as_dlib(network: DlibNetwork, reference: Any) -> None:
    made = chips(24)
    expected = np.array([np.array(reference.compute_face_descriptor(chip)) for chip in made])
    vectors = network.embed(made)
    assert vectors.shape == (24, 128)
    assert vectors.dtype == np.float32
    assert np.abs(vectors - expected).max() < 1e-5
    assert cosines(vectors, expected).min() > 0.999999


def test_the_same_vectors_as_deepface(network: DlibNetwork) -> None:
    from matching.deepface_engine import DeepFaceEmbedder

    made = chips(4)[2:]
    expected = DeepFaceEmbedder("Dlib", None).embed(made)
    assert cosines(network.embed(made), expected).min() > 0.9999


def test_a_batch_gives_what_single_chips_give(network: DlibNetwork) -> None:
    made = chips(9)
    single = np.concatenate([network.embed([chip]) for chip in made])
    assert np.abs(network.embed(made) - single).max() < 1e-5


def test_no_chips_no_vectors(network: DlibNetwork) -> None:
    assert network.embed([]).shape == (0, 128)
