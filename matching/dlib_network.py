"""dlib's 128-d face network in ONNX Runtime: the same weights, several times faster on a CPU.

dlib writes its networks from the input to the output: a layer's name, then its parameters as one tensor
(version, four sizes, little-endian floats). The architecture is that of dlib's
examples/dnn_face_recognition_ex.cpp (anet_type). Agreement with dlib itself is tested (cosine >= 0.9999)
and measured in docs/evaluation.md.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.errors import WeightsMismatch
from matching.onnx_graph import Graph
from matching.weights import DLIB_RESNET, verified_path

CHIP = 150  # pixels, the network's input
DIMENSION = 128
_MEAN = np.array([122.782, 117.001, 104.298], dtype=np.float32)  # R, G, B; dlib, input_rgb_image_sized
# (filters, stride) of every residual block, input to output
_BLOCKS = (
    [(32, 1)] * 3 + [(64, 2)] + [(64, 1)] * 3 + [(128, 2)] + [(128, 1)] * 2 + [(256, 2)] + [(256, 1)] * 2
)
_BLOCKS += [(256, 2)]


@dataclass(frozen=True)
class _Convolution:
    """A convolution with the affine layer after it folded in: weights (out, in, h, w), bias (out,)."""

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]


class DlibNetwork:
    """Chips in, unit vectors out; one thread, a session of its own."""

    dimension = DIMENSION

    def __init__(self, weights_dir: Path | None = None) -> None:
        path = verified_path(DLIB_RESNET, weights_dir)
        self._session = session(network_graph(path.read_bytes()))

    def embed(self, chips: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """uint8 (150, 150, 3) RGB chips -> float32 (n, 128) as dlib gives them (not normalised)."""
        if not len(chips):
            return np.zeros((0, DIMENSION), np.float32)
        pixels = (np.stack(chips).astype(np.float32) - _MEAN) / np.float32(256)
        vectors: NDArray[np.float32] = self._session.run(
            None, {"chips": np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))}
        )[0]
        return vectors


def session(model: bytes) -> Any:
    """An ONNX Runtime session on one CPU thread: worker processes are the parallelism."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def network_graph(dat: bytes) -> bytes:
    """dlib's .dat as a serialised ONNX model: input `chips` (n, 3, 150, 150), output `vectors` (n, 128)."""
    layers = _convolutions(dat)
    graph = Graph({"chips": ("n", 3, CHIP, CHIP)}, {"vectors": ("n", DIMENSION)})
    first = next(layers)
    out = graph.node("Relu", [_convolve(graph, "chips", first, stride=2, padding=0)])
    out = graph.node("MaxPool", [out], kernel_shape=(3, 3), strides=(2, 2))
    side, channels = 35, 32
    for filters, stride in _BLOCKS:
        out, side = _residual(graph, out, (next(layers), next(layers)), (stride, side), filters - channels)
        channels = filters
    pooled = graph.node("Flatten", [graph.node("GlobalAveragePool", [out])])
    after_sizes = dat.rindex(b"fc_2") + 4 + 5  # past the numbers of outputs (2 bytes) and inputs (3 bytes)
    last = _tensor_after(dat, after_sizes).reshape(channels, DIMENSION)
    graph.node("MatMul", [pooled, graph.constant(last)], output="vectors")
    return graph.to_bytes()


def _residual(
    graph: Graph, entry: str, pair: tuple[_Convolution, _Convolution], shape: tuple[int, int], widened: int
) -> tuple[str, int]:
    """relu(block(x) + x); a halving block pools x, and the smaller of the two is padded with zeros, as dlib
    does.
    """
    stride, side = shape
    inner = graph.node("Relu", [_convolve(graph, entry, pair[0], stride, padding=1 if stride == 1 else 0)])
    block = _convolve(graph, inner, pair[1], 1, padding=1)
    if stride == 1:
        return graph.node("Relu", [graph.node("Add", [block, entry])]), side
    pooled_side, block_side = side // 2, (side - 3) // 2 + 1
    skip = graph.node("AveragePool", [entry], kernel_shape=(2, 2), strides=(2, 2))
    skip = _pad(graph, skip, widened, 0)
    block = _pad(graph, block, 0, pooled_side - block_side)
    return graph.node("Relu", [graph.node("Add", [block, skip])]), pooled_side


def _pad(graph: Graph, entry: str, channels: int, pixels: int) -> str:
    if channels == pixels == 0:
        return entry
    pads = graph.constant(np.array([0, 0, 0, 0, 0, channels, pixels, pixels], dtype=np.int64))
    return graph.node("Pad", [entry, pads])


def _convolve(graph: Graph, entry: str, layer: _Convolution, stride: int, padding: int) -> str:
    size = layer.weights.shape[2]
    return graph.node(
        "Conv",
        [entry, graph.constant(layer.weights), graph.constant(layer.bias)],
        kernel_shape=(size, size),
        strides=(stride, stride),
        pads=(padding,) * 4,
    )


def _convolutions(dat: bytes) -> Iterator[_Convolution]:
    """Every convolution in order, with its affine layer (scale, shift) folded in."""
    filters_of = iter([32] + [filters for filters, _ in _BLOCKS for _ in range(2)])
    at, size, entry = 0, 7, 3
    for filters in filters_of:
        at = dat.find(b"con_4", at) + 5
        flat = _tensor_after(dat, at)
        at = dat.find(b"affine_", at) + 7
        scale, shift = _tensor_after(dat, at).reshape(2, filters)
        weights = flat[:-filters].reshape(filters, entry, size, size) * scale[:, None, None, None]
        yield _Convolution(weights, flat[-filters:] * scale + shift)
        size, entry = 3, filters


def _tensor_after(dat: bytes, at: int) -> NDArray[np.float32]:
    """The flat floats of a dlib tensor; its sizes are dlib's variable-length integers."""
    sizes = []
    for _ in range(5):
        length = dat[at] & 0x0F
        sizes.append(int.from_bytes(dat[at + 1 : at + 1 + length], "little"))
        at += 1 + length
    if sizes[0] != 2:
        raise WeightsMismatch("dlib's network file is not laid out as expected.")
    count = int(np.prod(sizes[1:]))
    return np.frombuffer(dat, "<f4", count, at).copy()
