"""Quality measures of one face under the names of ISO/IEC 29794-5:2025; values, units and ranges in
QualityMeasures.

Where the standard's algorithm needs a network whose weights are not at hand (sharpness, the unified score),
ours is a plain formula that says so. They are measures of the picture, never of the person.
"""

import numpy as np
from numpy.typing import NDArray

from matching.engine import Image, QualityMeasures
from matching.geometry import Box, Landmarks, clipped, eye_centres, grown, inter_eye_distance

DARK, BRIGHT = 25, 247  # ISO/IEC 29794-5, 7.3.5 and 7.3.6: luminance counted as under- and over-exposed
_FACE = slice(26, 124)  # the face itself inside a 150-pixel chip; the rest is background


def measure(
    image: Image, box: Box, chip: NDArray[np.uint8], five: Landmarks, outline: Landmarks
) -> QualityMeasures:
    """All measures of one face: `image` RGB, `chip` its aligned 150-pixel crop, points in the image's
    pixels.
    """
    face = luminance(chip[_FACE, _FACE])
    distance = inter_eye_distance(five)
    sharp = sharpness(face, distance)
    yaw, pitch, roll = head_pose(outline)
    measures = {
        "inter_eye_distance": distance,
        "face_width": box.w,
        "sharpness": sharp,
        "illumination_uniformity": illumination_uniformity(face),
        "under_exposure": float((face <= DARK).mean()),
        "over_exposure": float((face >= BRIGHT).mean()),
        "contrast": contrast(face),
        "yaw": yaw,
        "pitch": pitch,
        "roll": roll,
        "compression": compression(image, box),
    }
    return QualityMeasures(**measures, unified_score=unified_score(measures))


def luminance(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Rec. 709 luma of the encoded values, 0..255."""
    return rgb.astype(np.float32) @ np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)


def sharpness(face: NDArray[np.float32], eye_distance: float) -> float:
    """0..100: how much detail of the face survives, on the scale of the chip, noise discounted.

    Difference-of-Gaussians energy between 1.5 and 3 chip pixels relative to the energy of the coarse shape;
    a face enlarged from few pixels has little of it, whatever its own pixels' noise.
    """
    import cv2

    fine, coarse = cv2.GaussianBlur(face, (0, 0), 1.5), cv2.GaussianBlur(face, (0, 0), 3.0)
    detail = float(np.std(fine - coarse)) / (float(np.std(coarse)) + 4.0)
    enlarged = min(1.0, eye_distance / 40.0)  # 40 px between the eyes fill the chip without enlargement
    return float(100 * (1 - np.exp(-6 * detail)) * (0.35 + 0.65 * enlarged))


def illumination_uniformity(face: NDArray[np.float32]) -> float:
    """0..1: how alike the histograms of both halves of the face are (ISO/IEC 29794-5, 7.3.4, on the aligned
    chip).
    """
    half = face.shape[1] // 2
    left, _ = np.histogram(face[:, :half], bins=32, range=(0, 256))
    right, _ = np.histogram(face[:, -half:], bins=32, range=(0, 256))
    return float(np.minimum(left / left.sum(), right / right.sum()).sum())


def contrast(face: NDArray[np.float32]) -> float:
    """0..1: standard deviation of luminance over the largest possible one (127.5)."""
    return float(np.std(face) / 127.5)


def head_pose(outline: Landmarks) -> tuple[float, float, float]:
    """(yaw, pitch, roll) in degrees from 68 points; 0 = facing the camera. Good to about 10 degrees.

    Signs: yaw > 0 turned to the image's right, pitch > 0 looking down, roll > 0 tilted clockwise. The nose
    stands off the face: where it falls between the cheeks and between eyes and mouth tells the turn. Its
    rest (0.46) is the median of 60 studio portraits; the depths are those of a generic head.
    """
    left, right = eye_centres(outline)
    tilt = np.arctan2(right[1] - left[1], right[0] - left[0])
    turn = np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])
    level = (outline - left) @ turn.T
    nose, eyes = level[30], (level[36:42].mean(0) + level[42:48].mean(0)) / 2
    mouth = (level[48] + level[54]) / 2
    near, far = nose[0] - level[0:3, 0].mean(), level[14:17, 0].mean() - nose[0]
    aside = (near - far) / max(near + far, 1e-6) / 1.15
    below = ((nose[1] - eyes[1]) / max(mouth[1] - eyes[1], 1e-6) - 0.46) / 0.4
    yaw = np.arcsin(np.clip(aside, -1, 1))
    return float(np.degrees(yaw)), float(np.degrees(np.arctan(below))), float(np.degrees(tilt))


def compression(image: Image, box: Box) -> float:
    """0..1: how much stronger luminance steps are on the JPEG's 8-pixel grid than off it, around the face."""
    area = clipped(grown(box, 0.5), image.shape[1], image.shape[0])
    left, top = int(area.x) // 8 * 8, int(area.y) // 8 * 8
    grey = luminance(image[top : int(area.y + area.h), left : int(area.x + area.w)])
    if min(grey.shape, default=0) < 17:
        return 0.0
    across = _grid_excess(np.abs(np.diff(grey, axis=1)).mean(0))
    down = _grid_excess(np.abs(np.diff(grey, axis=0)).mean(1))
    return float(np.clip((across + down) / 2, 0.0, 1.0))


def _grid_excess(steps: NDArray[np.float32]) -> float:
    """Mean step at positions 7 mod 8 over the mean of the rest, as an excess; 0 for none."""
    on = np.arange(len(steps)) % 8 == 7
    return float((steps[on].mean() + 0.25) / (steps[~on].mean() + 0.25) - 1)


def unified_score(m: dict[str, float]) -> float:
    """0..100: product of what each measure leaves; a plain summary for sorting and advice, not the
    standard's network.
    """
    size = float(np.clip((m["inter_eye_distance"] - 6) / 44, 0.02, 1)) ** 0.5
    turned = np.exp(-((m["yaw"] / 45) ** 2) - ((m["pitch"] / 45) ** 2))
    light = (
        (1 - 0.7 * m["under_exposure"])
        * (1 - 0.7 * m["over_exposure"])
        * (0.6 + 0.4 * m["illumination_uniformity"])
    )
    clear = float(np.clip(m["sharpness"] / 60, 0.05, 1)) ** 0.5
    crisp = float(np.clip(m["contrast"] / 0.25, 0.1, 1)) ** 0.5
    return float(100 * size * turned * light * clear * crisp * (1 - 0.4 * m["compression"]))
