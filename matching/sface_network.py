"""SFace (Zhong et al., IEEE TIP 2021, as OpenCV's model zoo publishes it), DeepFace's model of that name.

The zoo's file is read and its graph written anew: batch normalisation folded into the convolutions and PReLU
as slope * x + (1 - slope) * Relu(x), which takes a third of its time and changes the last bits only (tested
against the file itself).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matching.dlib_network import session
from matching.onnx_graph import Graph, read_constants
from matching.weights import SFACE, verified_path

SIDE = 112  # pixels, the network's input
DIMENSION = 128
BLOCKS = 14  # the first is a plain convolution, the others depthwise and pointwise
HALVING = frozenset({3, 5, 7, 13})
# Scale and shift that lay the mean face of dlib's chip (measured on the dev people) on the five points which
# OpenCV's FaceRecognizerSF aligns to (modules/objdetect/src/face_recognize.cpp).
SCALE, SHIFT = 0.679, (6.03, 20.75)

Floats = NDArray[np.float32]


class SFaceNetwork:
    """Chips in, vectors out; one thread, a session of its own."""

    dimension = DIMENSION

    def __init__(self, weights_dir: Path | None = None) -> None:
        self._session = session(network_graph(verified_path(SFACE, weights_dir).read_bytes()))

    def embed(self, chips: Sequence[NDArray[np.uint8]]) -> Floats:
        """uint8 (150, 150, 3) RGB chips as dlib aligns them -> float32 (n, 128), any norm."""
        if not len(chips):
            return np.zeros((0, DIMENSION), np.float32)
        crops = np.stack([crop(chip) for chip in chips]).astype(np.float32)
        vectors: Floats = self._session.run(
            None, {"crops": np.ascontiguousarray(crops.transpose(0, 3, 1, 2))}
        )[0]
        return vectors


def crop(chip: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """dlib's chip, uint8 (150, 150, 3), as the network's training cut faces out: uint8 (112, 112, 3)."""
    import cv2

    place = np.array([[SCALE, 0, SHIFT[0]], [0, SCALE, SHIFT[1]]])
    laid = cv2.warpAffine(np.ascontiguousarray(chip), place, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(laid, np.uint8)


def network_graph(onnx: bytes) -> bytes:
    """The zoo's file as the graph we run: input `crops` (n, 3, 112, 112) RGB 0..255, output `vectors`."""
    stored = read_constants(onnx)
    graph = Graph({"crops": ("n", 3, SIDE, SIDE)}, {"vectors": ("n", DIMENSION)})
    levelled = graph.node("Sub", ["crops", graph.constant(stored["scalar_op1"])])
    out = graph.node("Mul", [levelled, graph.constant(stored["scalar_op2"])])
    for block in range(1, BLOCKS + 1):
        if block > 1:
            out = _layer(graph, out, stored, f"conv_{block}_dw", stride=2 if block in HALVING else 1)
        out = _layer(graph, out, stored, f"conv_{block}")
    scale, shift = _normalisation(stored, "bn1", 2e-5)
    out = graph.node("Mul", [out, graph.constant(scale[:, None, None])])
    out = graph.node("Add", [out, graph.constant(shift[:, None, None])])
    scale, shift = _normalisation(stored, "fc1", 2e-5)
    dense = (stored["pre_fc1_weight"] * scale[:, None]).T
    hidden = graph.node("MatMul", [graph.node("Flatten", [out]), graph.constant(dense)])
    graph.node("Add", [hidden, graph.constant(stored["pre_fc1_bias"] * scale + shift)], output="vectors")
    return graph.to_bytes()


def _layer(graph: Graph, entry: str, stored: Mapping[str, Floats], name: str, stride: int = 1) -> str:
    """Convolution, batch normalisation, PReLU."""
    weights = stored[f"{name}_conv2d_weight"]
    scale, shift = _normalisation(stored, f"{name}_batchnorm", 1e-3)
    size = weights.shape[2]
    out = graph.node(
        "Conv",
        [entry, graph.constant(weights * scale[:, None, None, None]), graph.constant(shift)],
        kernel_shape=(size, size),
        strides=(stride, stride),
        pads=(size // 2,) * 4,
        group=len(weights) if name.endswith("_dw") else 1,
    )
    slope = stored[f"{name}_relu_gamma"]
    bent = graph.node("Mul", [graph.node("Relu", [out]), graph.constant(1 - slope)])
    return graph.node("Add", [graph.node("Mul", [out, graph.constant(slope)]), bent])


def _normalisation(stored: Mapping[str, Floats], name: str, epsilon: float) -> tuple[Floats, Floats]:
    """Batch normalisation as scale and shift, (channels,) each."""
    gamma, beta, mean, variance = (
        stored[f"{name}_{part}"].astype(np.float64) for part in ("gamma", "beta", "moving_mean", "moving_var")
    )
    scale = gamma / np.sqrt(variance + epsilon)
    return scale.astype(np.float32), (beta - mean * scale).astype(np.float32)
