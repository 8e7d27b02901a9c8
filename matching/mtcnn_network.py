"""MTCNN's three small networks in ONNX Runtime, with the weights that the `mtcnn` package carries (MIT).

Zhang et al., "Joint Face Detection and Alignment using Multi-task Cascaded Convolutional Networks", 2016.
Proposals on an image pyramid, refined twice. The package itself runs on TensorFlow; running the same
weights here costs a fraction of the time and keeps TensorFlow out of the workers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.dlib_network import session
from matching.engine import Image
from matching.onnx_graph import Graph
from matching.weights import MTCNN_O, MTCNN_P, MTCNN_R, WeightsFile, verified_path

Floats = NDArray[np.float32]
CELL, STRIDE = 12, 2  # the proposal network's window and step, pixels of the pyramid level
PYRAMID_STEP = 0.709
HALF_IS_ENOUGH = 0.35  # pyramid levels below this are averaged from the halved picture, a quarter to read
_GREY = (127.5, 127.5, 127.5)


@dataclass(frozen=True)
class Thresholds:
    """Least score (0..1) to pass each network; the paper's are 0.6, 0.7, 0.7."""

    proposal: float = 0.6
    refinement: float = 0.7
    output: float = 0.7


class MtcnnNetworks:
    """Boxes as float32 (n, 4) left, top, right, bottom; scores (n,); points (n, 5, 2): eyes, nose, mouth
    corners.
    """

    def __init__(self, weights_dir: Path | None = None) -> None:
        self._proposal = session(_proposal_graph(_weights(MTCNN_P, weights_dir)))
        self._refinement = session(_refinement_graph(_weights(MTCNN_R, weights_dir)))
        self._output = session(_output_graph(_weights(MTCNN_O, weights_dir)))

    def find(
        self, image: Image, shortest_face: float, thresholds: Thresholds, *, corrected: bool = True
    ) -> tuple[Floats, Floats, Floats]:
        """Faces from a width (pixels) in an RGB image: boxes, scores, points."""
        boxes = self._propose(image, shortest_face, thresholds.proposal)
        return self.confirm(image, boxes, thresholds, corrected=corrected)

    def confirm(
        self, image: Image, boxes: Floats, thresholds: Thresholds, *, corrected: bool = True
    ) -> tuple[Floats, Floats, Floats]:
        """The faces that the two later networks see in these squares: boxes, scores, points.

        corrected: whether the first of them moves the squares, as published. It moves those of a half-lit
        face to its light half, where the second sees none.
        """
        if not len(boxes):
            return _nothing()
        boxes = self._refine(image, boxes, thresholds.refinement, corrected)
        if not len(boxes):
            return _nothing()
        return self._finish(image, boxes, thresholds.output)

    def _propose(self, image: Image, shortest: float, threshold: float) -> Floats:
        half = _halved(image)
        found = [
            self._propose_at(half if scale < HALF_IS_ENOUGH else image, scale, image.shape, threshold)
            for scale in _scales(image, shortest)
        ]
        rows = np.concatenate(found) if found else np.zeros((0, 9), np.float32)
        rows = rows[_kept(rows[:, :4], rows[:, 4], 0.7, _union)]
        return squared(shifted(rows[:, :4], rows[:, 5:9]))

    def _propose_at(self, image: Image, scale: float, shape: tuple[int, ...], threshold: float) -> Floats:
        """Rows of left, top, right, bottom, score, four corrections from one pyramid level; `scale` is that
        of the picture of this shape.
        """
        import cv2

        size = round(shape[1] * scale), round(shape[0] * scale)
        kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        corrections, scores = self._proposal.run(
            None, {"pixels": _input(cv2.resize(image, size, interpolation=kind)[None])}
        )
        ys, xs = np.nonzero(scores[0, 1] > threshold)
        corner = np.stack([xs, ys], axis=1).astype(np.float32) * STRIDE
        boxes = (np.concatenate([corner, corner + CELL], axis=1) / scale).astype(np.float32)
        score = scores[0, 1, ys, xs]
        rows = np.concatenate([boxes, score[:, None], corrections[0, :, ys, xs]], axis=1)
        return rows[_kept(boxes, score, 0.5, _union)]

    def _refine(self, image: Image, boxes: Floats, threshold: float, corrected: bool) -> Floats:
        corrections, scores = self._refinement.run(None, {"pixels": _input(_patches(image, boxes, 24))})
        passed = scores[:, 1] > threshold
        if not corrected:
            return boxes[passed]
        boxes = shifted(boxes[passed], corrections[passed])
        return squared(boxes[_kept(boxes, scores[passed, 1], 0.7, _union)])

    def _finish(self, image: Image, boxes: Floats, threshold: float) -> tuple[Floats, Floats, Floats]:
        corrections, marks, scores = self._output.run(None, {"pixels": _input(_patches(image, boxes, 48))})
        passed = scores[:, 1] > threshold
        boxes, scores = boxes[passed], scores[passed, 1]
        points = marks[passed].reshape(-1, 2, 5).transpose(0, 2, 1)
        points = boxes[:, None, :2] + points * (boxes[:, None, 2:] - boxes[:, None, :2])
        boxes = shifted(boxes, corrections[passed])
        kept = _kept(boxes, scores, 0.6, _smaller)
        return boxes[kept], scores[kept], points[kept]


def _halved(image: Image) -> Image:
    """Each 2 x 2 pixels averaged: what averaging further levels from it leaves out is a rounding."""
    import cv2

    size = max(1, image.shape[1] // 2), max(1, image.shape[0] // 2)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _nothing() -> tuple[Floats, Floats, Floats]:
    return np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, 5, 2), np.float32)


def _scales(image: Image, shortest: float) -> list[float]:
    scales, scale = [], CELL / shortest
    while min(image.shape[:2]) * scale >= CELL:
        scales.append(scale)
        scale *= PYRAMID_STEP
    return scales


def _input(pixels: NDArray[Any]) -> Floats:
    normal = (pixels.astype(np.float32) - np.float32(127.5)) / np.float32(128)
    return np.ascontiguousarray(normal.transpose(0, 3, 1, 2))


def _patches(image: Image, boxes: Floats, side: int) -> NDArray[np.uint8]:
    """(n, side, side, 3): the boxes' content; grey where a box reaches outside the image."""
    import cv2

    out = np.empty((len(boxes), side, side, 3), np.uint8)
    for place, (left, top, right, bottom) in zip(out, boxes, strict=True):
        sx, sy = (right - left) / side, (bottom - top) / side
        inverse = np.array([[sx, 0, left + sx / 2 - 0.5], [0, sy, top + sy / 2 - 0.5]], np.float32)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        cv2.warpAffine(image, inverse, (side, side), dst=place, flags=flags, borderValue=_GREY)
    return out


def shifted(boxes: Floats, corrections: Floats) -> Floats:
    """Boxes moved by corrections in units of their own size."""
    size = boxes[:, 2:] - boxes[:, :2]
    return boxes + corrections * np.concatenate([size, size], axis=1)


def squared(boxes: Floats) -> Floats:
    """The square of the longer side about the same centre."""
    half = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, keepdims=True) / np.float32(2)
    centre = (boxes[:, 2:] + boxes[:, :2]) / np.float32(2)
    return np.concatenate([centre - half, centre + half], axis=1, dtype=np.float32)


def _union(shared: Floats, area: Floats, areas: Floats) -> Floats:
    return shared / (area + areas - shared)


def _smaller(shared: Floats, area: Floats, areas: Floats) -> Floats:
    return np.asarray(shared / np.minimum(area, areas), dtype=np.float32)


def _kept(
    boxes: Floats, scores: Floats, limit: float, measure: Callable[[Floats, Floats, Floats], Floats]
) -> NDArray[np.int64]:
    """Indices after non-maximum suppression, best score first."""
    areas = np.maximum((boxes[:, 2:] - boxes[:, :2]).prod(axis=1), 1e-6)
    order, kept = np.argsort(-scores, kind="stable"), []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(best)
        low, high = np.maximum(boxes[best, :2], boxes[rest, :2]), np.minimum(boxes[best, 2:], boxes[rest, 2:])
        shared = np.maximum(high - low, 0).prod(axis=1)
        order = rest[measure(shared, areas[best], areas[rest]) <= limit]
    return np.array(kept, dtype=np.int64)


def _weights(weights: WeightsFile, weights_dir: Path | None) -> list[Floats]:
    """The package's list of arrays; a pickle, therefore read only after its sha256 was checked."""
    import joblib

    arrays: list[Floats] = joblib.load(verified_path(weights, weights_dir))
    return arrays


class _Builder:
    """Layers in the order of a weights list, on one growing tensor."""

    def __init__(self, graph: Graph, weights: list[Floats]) -> None:
        self.graph, self._weights, self.out = graph, iter(weights), "pixels"

    def convolution(self) -> "_Builder":
        """Convolution without padding, then PReLU."""
        self.out = self._convolution(None)
        slope = next(self._weights).reshape(-1, 1, 1)
        self.out = self.graph.node("PRelu", [self.out, self.graph.constant(slope)])
        return self

    def twofold_convolution(self) -> "_Builder":
        """The same to the last bit, as Relu(x) - slope * Relu(-x): x and -x by one convolution, their sum by
        a 1 x 1 one. The runtime's PReLU took longer than the rest of a large pyramid level together.
        """
        kernel, bias, slope = (next(self._weights) for _ in range(3))
        turned = kernel.transpose(3, 2, 0, 1)
        both = [np.concatenate([turned, -turned]), np.concatenate([bias, -bias])]
        constants = [self.graph.constant(values) for values in both]
        halves = self.graph.node("Conv", [self.out, *constants], kernel_shape=kernel.shape[:2])
        halves = self.graph.node("Relu", [halves])
        weights = np.concatenate([np.eye(slope.size), -np.diag(slope.ravel())], axis=1)
        mixed = self.graph.constant(weights.astype(np.float32)[:, :, None, None])
        self.out = self.graph.node("Conv", [halves, mixed], kernel_shape=(1, 1))
        return self

    def pool(self, size: int, end: int = 0) -> "_Builder":
        """Maximum over size x size at a step of 2; `end` pixels of padding at the right and below."""
        self.out = self.graph.node(
            "MaxPool", [self.out], kernel_shape=(size, size), strides=(2, 2), pads=(0, 0, end, end)
        )
        return self

    def dense(self) -> "_Builder":
        """Flatten in the package's order (width, height, channel), dense, PReLU."""
        turned = self.graph.node("Transpose", [self.out], perm=(0, 3, 2, 1))
        self.out = self.graph.node("Flatten", [turned])
        hidden = self._dense()
        self.out = self.graph.node("PRelu", [hidden, self.graph.constant(next(self._weights))])
        return self

    def heads(self, names: list[str], *, dense: bool) -> Graph:
        """The outputs; the last one is a softmax over (no face, face)."""
        for name in names:
            layer = self._dense if dense else self._convolution
            if name == "scores":
                self.graph.node("Softmax", [layer(None)], output=name, axis=1)
            else:
                layer(name)
        return self.graph

    def _convolution(self, output: str | None) -> str:
        kernel, bias = next(self._weights), next(self._weights)
        constants = [self.graph.constant(kernel.transpose(3, 2, 0, 1)), self.graph.constant(bias)]
        return self.graph.node("Conv", [self.out, *constants], output=output, kernel_shape=kernel.shape[:2])

    def _dense(self, output: str | None = None) -> str:
        matrix, bias = next(self._weights), next(self._weights)
        constants = [self.graph.constant(matrix), self.graph.constant(bias)]
        return self.graph.node("Gemm", [self.out, *constants], output=output)


def _proposal_graph(weights: list[Floats]) -> bytes:
    outputs = {"corrections": ("n", 4, "h2", "w2"), "scores": ("n", 2, "h2", "w2")}
    graph = Graph({"pixels": ("n", 3, "h", "w")}, outputs)
    body = _Builder(graph, weights).twofold_convolution().pool(2).twofold_convolution().convolution()
    return body.heads(["corrections", "scores"], dense=False).to_bytes()


def _refinement_graph(weights: list[Floats]) -> bytes:
    graph = Graph({"pixels": ("n", 3, 24, 24)}, {"corrections": ("n", 4), "scores": ("n", 2)})
    body = _Builder(graph, weights).convolution().pool(3, 1).convolution().pool(3).convolution().dense()
    return body.heads(["corrections", "scores"], dense=True).to_bytes()


def _output_graph(weights: list[Floats]) -> bytes:
    outputs = {"corrections": ("n", 4), "points": ("n", 10), "scores": ("n", 2)}
    graph = Graph({"pixels": ("n", 3, 48, 48)}, outputs)
    body = _Builder(graph, weights).convolution().pool(3, 1).convolution().pool(3).convolution().pool(2)
    return body.convolution().dense().heads(["corrections", "points", "scores"], dense=True).to_bytes()
