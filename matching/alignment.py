"""From a found face to the 150-pixel chip dlib's network was trained on, and the points its pose is read from.

Measured (docs/evaluation.md): this chip, not the detector's own crop, decides the accuracy of the default model.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.engine import Image
from matching.geometry import Box, Landmarks
from matching.weights import FIVE_POINTS, SIXTY_EIGHT_POINTS, verified_path

CHIP_SIZE = 150
CHIP_PADDING = (
    0.25  # what dlib_face_recognition_resnet_model_v1 was trained with (dlib, dnn_face_recognition_ex.cpp)
)


class Aligner:
    """dlib's 5-point predictor for the chip, its 68-point predictor for the pose."""

    def __init__(self, weights_dir: Path | None = None) -> None:
        import dlib

        self._dlib: Any = dlib
        self._five = dlib.shape_predictor(str(verified_path(FIVE_POINTS, weights_dir)))
        self._sixty_eight = dlib.shape_predictor(str(verified_path(SIXTY_EIGHT_POINTS, weights_dir)))

    def chip(self, image: Image, box: Box) -> tuple[NDArray[np.uint8], Landmarks]:
        """Aligned uint8 (150, 150, 3) RGB, and the five points it was aligned by, in the image's pixels."""
        shape = self._five(image, self._rectangle(box))
        chip = self._dlib.get_face_chip(image, shape, CHIP_SIZE, CHIP_PADDING)
        return np.asarray(chip, dtype=np.uint8), _points(shape)

    def outline(self, image: Image, box: Box) -> Landmarks:
        """68 points (iBUG 300-W order) in the image's pixels."""
        return _points(self._sixty_eight(image, self._rectangle(box)))

    def _rectangle(self, box: Box) -> Any:
        left, top = round(box.x), round(box.y)
        return self._dlib.rectangle(left, top, round(box.x + box.w) - 1, round(box.y + box.h) - 1)


def _points(shape: Any) -> Landmarks:
    return np.array([(part.x, part.y) for part in shape.parts()], dtype=np.float32)
