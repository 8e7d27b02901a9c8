"""The graph we write against the file it comes from, and against DeepFace's own SFace."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from matching.onnx_graph import Graph, read_constants
from matching.sface_network import SFaceNetwork, crop
from matching.weights import SFACE, verified_path
from tests.matching.test_dlib_network import chips, cosines


@pytest.fixture(scope="module")
def network() -> SFaceNetwork:
    return SFaceNetwork()


def as_published(made: list[np.ndarray]) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # it warns of every constant
    session = onnxruntime.InferenceSession(
        verified_path(SFACE).read_bytes(), options, providers=["CPUExecutionProvider"]
    )
    pixels = [crop(chip).astype(np.float32).transpose(2, 0, 1)[None] for chip in made]
    return np.concatenate([session.run(None, {"data": one})[0] for one in pixels])


def test_the_same_vectors_as_the_published_graph(network: SFaceNetwork) -> None:
    made = chips(12)
    vectors, expected = network.embed(made), as_published(made)
    assert vectors.shape == (12, 128)
    assert vectors.dtype == np.float32
    assert np.abs(vectors - expected).max() < 1e-4  # components are about 1
    assert cosines(vectors, expected).min() > 0.999999


def test_the_same_vectors_as_deepface(tmp_path: Path) -> None:
    """In a process of its own: DeepFace keeps the first SFace it built, and other tests build another."""
    (tmp_path / SFACE.name).symlink_to(verified_path(SFACE))
    script = f"""
from pathlib import Path
from matching.deepface_engine import DeepFaceEmbedder
from matching.sface_network import SFaceNetwork, crop
from tests.matching.test_dlib_network import chips, cosines
made = chips(4)[2:]
theirs = DeepFaceEmbedder("SFace", Path({str(tmp_path)!r})).embed([crop(chip) for chip in made])
assert cosines(SFaceNetwork().embed(made), theirs).min() > 0.9999
"""
    environment = {**os.environ, "STILLMATCH_CACHE": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120, env=environment)


def test_a_batch_gives_what_single_chips_give(network: SFaceNetwork) -> None:
    made = chips(5)
    single = np.concatenate([network.embed([chip]) for chip in made])
    assert np.abs(network.embed(made) - single).max() < 1e-4


def test_no_chips_no_vectors(network: SFaceNetwork) -> None:
    assert network.embed([]).shape == (0, 128)


def test_constants_are_read_as_they_were_written() -> None:
    graph = Graph({"a": (2,)}, {"b": (2,)})
    stored = {
        graph.constant(values): values
        for values in (np.linspace(-1, 1, 300, dtype=np.float32).reshape(3, 100), np.ones((1, 1), np.float32))
    }
    read = read_constants(graph.to_bytes())
    assert read.keys() == stored.keys()
    assert all(np.array_equal(read[name], values) for name, values in stored.items())
