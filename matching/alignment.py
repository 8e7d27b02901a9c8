"""From a found face to the 150-pixel chips dlib's network was trained on, and the points its pose is read
from.

This chip, not the detector's own crop, decides the accuracy of the default model (docs/evaluation.md). Two
predictors disagree most where the picture is poorest; averaging both chips' vectors pays there.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.engine import Image
from matching.geometry import Box, Landmarks
from matching.weights import FIVE_POINTS, SIXTY_EIGHT_POINTS, verified_path

CHIP_SIZE = 150
SOFT_SIZE = 60  # of a chip reduced and enlarged again
CHIP_PADDING = (
    0.25  # what dlib_face_recognition_resnet_model_v1 was trained with (dnn_face_recognition_ex.cpp)
)


@dataclass(frozen=True)
class Aligned:
    """Chips uint8 (150, 150, 3) RGB, by 5 and by 68 points; the points in the image's pixels."""

    chip: NDArray[np.uint8]
    second_chip: NDArray[np.uint8]
    five: Landmarks
    outline: Landmarks


class Aligner:
    """dlib's two shape predictors."""

    def __init__(self, weights_dir: Path | None = None) -> None:
        import dlib

        self._dlib: Any = dlib
        self._five = dlib.shape_predictor(str(verified_path(FIVE_POINTS, weights_dir)))
        self._sixty_eight = dlib.shape_predictor(str(verified_path(SIXTY_EIGHT_POINTS, weights_dir)))

    def align(self, image: Image, square: Box) -> Aligned:
        """`square` as dlib's own detector draws it; see Detection.square."""
        place = self._rectangle(square)
        five, outline = self._five(image, place), self._sixty_eight(image, place)
        return Aligned(self._chip(image, five), self._chip(image, outline), _points(five), _points(outline))

    def _chip(self, image: Image, shape: Any) -> NDArray[np.uint8]:
        chip = self._dlib.get_face_chip(image, shape, CHIP_SIZE, CHIP_PADDING)
        return np.asarray(chip, dtype=np.uint8)

    def _rectangle(self, box: Box) -> Any:
        left, top = round(box.x), round(box.y)
        return self._dlib.rectangle(left, top, round(box.x + box.w) - 1, round(box.y + box.h) - 1)


def _points(shape: Any) -> Landmarks:
    return np.array([(part.x, part.y) for part in shape.parts()], dtype=np.float32)


def softened(chip: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The chip as if its face had been about 45 pixels wide; leaves a chip that was so already nearly as it
    is.
    """
    import cv2

    small = cv2.GaussianBlur(
        cv2.resize(chip, (SOFT_SIZE, SOFT_SIZE), interpolation=cv2.INTER_AREA), (0, 0), 0.6
    )
    return np.asarray(cv2.resize(small, (CHIP_SIZE, CHIP_SIZE), interpolation=cv2.INTER_CUBIC), np.uint8)
