"""Every measure goes the right way when the picture is made worse in its own way."""

from collections.abc import Callable
from dataclasses import fields

import cv2
import numpy as np
import pytest

from matching.engine import FaceEngine, QualityMeasures, load_engine
from matching.synthetic import custody_image, person

Change = Callable[[np.ndarray], np.ndarray]


@pytest.fixture(scope="module")
def engine() -> FaceEngine:
    return load_engine()


@pytest.fixture(scope="module", params=[2, 5, 8])
def portrait(request: pytest.FixtureRequest) -> np.ndarray:
    return np.asarray(custody_image(person(request.param)))


def measured(engine: FaceEngine, image: np.ndarray) -> QualityMeasures:
    return engine.find_faces(np.ascontiguousarray(image))[0].quality


def blurred(image: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(image, (0, 0), image.shape[1] / 90)


def darkened(image: np.ndarray) -> np.ndarray:
    return (image * 0.18).astype(np.uint8)


def glaring(image: np.ndarray) -> np.ndarray:
    return np.clip(image.astype(np.float32) * 1.55 + 15, 0, 255).astype(np.uint8)


def flattened(image: np.ndarray) -> np.ndarray:
    return (image * 0.3 + 110).astype(np.uint8)


def lit_from_one_side(image: np.ndarray) -> np.ndarray:
    return (image * np.linspace(0.25, 1, image.shape[1])[None, :, None]).astype(np.uint8)


def halved(image: np.ndarray) -> np.ndarray:
    return cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


def squeezed(image: np.ndarray) -> np.ndarray:
    coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 8])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR))


def tilted(image: np.ndarray) -> np.ndarray:
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), -15, 1)
    return cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)


@pytest.mark.parametrize(
    ("name", "change", "direction"),
    [
        ("sharpness", blurred, -1),
        ("under_exposure", darkened, 1),
        ("over_exposure", glaring, 1),
        ("contrast", flattened, -1),
        ("illumination_uniformity", lit_from_one_side, -1),
        ("inter_eye_distance", halved, -1),
        ("face_width", halved, -1),
        ("compression", squeezed, 1),
        ("roll", tilted, 1),
        ("unified_score", blurred, -1),
        ("unified_score", darkened, -1),
    ],
)
def test_goes_the_right_way(
    engine: FaceEngine, portrait: np.ndarray, name: str, change: Change, direction: int
) -> None:
    before, after = measured(engine, portrait), measured(engine, change(portrait))
    assert direction * (getattr(after, name) - getattr(before, name)) > 0


def test_a_mirrored_face_turns_the_other_way(engine: FaceEngine, portrait: np.ndarray) -> None:
    turned = measured(engine, tilted(portrait))
    mirrored = measured(engine, tilted(portrait)[:, ::-1])
    assert turned.roll == pytest.approx(-mirrored.roll, abs=4)
    assert turned.yaw == pytest.approx(-mirrored.yaw, abs=8)


def test_a_portrait_faces_the_camera(engine: FaceEngine, portrait: np.ndarray) -> None:
    quality = measured(engine, portrait)
    assert abs(quality.yaw) < 15
    assert abs(quality.roll) < 10


def test_every_measure_stays_in_its_range(engine: FaceEngine, portrait: np.ndarray) -> None:
    for change in (blurred, darkened, glaring, flattened, lit_from_one_side, halved, squeezed):
        quality = measured(engine, change(portrait))
        for name in ("illumination_uniformity", "under_exposure", "over_exposure", "contrast", "compression"):
            assert 0 <= getattr(quality, name) <= 1
        for name in ("sharpness", "unified_score"):
            assert 0 <= getattr(quality, name) <= 100
        assert set(quality.as_dict()) == {field.name for field in fields(QualityMeasures)}
