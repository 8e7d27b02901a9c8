"""The engine on people who do not exist and, where they are at hand, on real photographs."""

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from matching.deepface_engine import prominence
from matching.detection import Detection
from matching.engine import EngineSettings, Face, FaceEngine, load_engine
from matching.geometry import Box, intersection_over_smaller
from matching.synthetic import custody_image, person


@pytest.fixture(scope="module")
def engine() -> FaceEngine:
    return load_engine()


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    return np.asarray(custody_image(person(4)))


def scene(portrait: np.ndarray, face_width: float, at: tuple[int, int] = (300, 200)) -> np.ndarray:
    """The portrait pasted small into a 960 x 720 frame of grey shelves."""
    frame = np.full((720, 960, 3), 120, np.uint8)
    for y in range(60, 720, 90):
        cv2.rectangle(frame, (0, y), (960, y + 14), (70, 66, 60), -1)
    scale = face_width / (portrait.shape[1] * 0.45)
    small = cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    frame[at[1] : at[1] + small.shape[0], at[0] : at[0] + small.shape[1]] = small
    return frame


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b)


def test_a_face_has_a_place_points_measures_and_chips(engine: FaceEngine, portrait: np.ndarray) -> None:
    [face] = engine.find_faces(portrait)
    assert isinstance(face, Face)
    assert face.chip.shape == (150, 150, 3)
    assert face.chip.dtype == np.uint8
    assert face.landmarks.shape == (5, 2)
    assert 0 < face.detection_score <= 1
    x, y = face.box.centre
    assert abs(x / portrait.shape[1] - 0.5) < 0.15
    assert 0.2 < y / portrait.shape[0] < 0.8
    assert set(face.quality.as_dict()) >= {"inter_eye_distance", "sharpness", "unified_score"}


def test_vectors_are_unit_rows_and_the_same_every_time(engine: FaceEngine, portrait: np.ndarray) -> None:
    faces = engine.find_faces(portrait)
    vectors = engine.embed(faces * 3)
    assert vectors.shape == (3, engine.info.dimension)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert np.array_equal(vectors[0], vectors[2])
    assert engine.embed([]).shape == (0, engine.info.dimension)


@pytest.mark.parametrize("detector", ["cascade", "hog"])
def test_a_small_face_is_found_where_it_is(detector: str, portrait: np.ndarray) -> None:
    small = load_engine(EngineSettings(detector=detector))
    width = 30 if detector == "cascade" else 80
    faces = small.find_faces(scene(portrait, width))
    assert faces
    assert 300 < faces[0].box.centre[0] < 300 + 3 * width
    assert width / 2 < faces[0].quality.face_width < width * 2


def test_the_same_person_small_is_nearer_than_another(engine: FaceEngine, portrait: np.ndarray) -> None:
    other = engine.find_faces(np.asarray(custody_image(person(11))))[:1]
    same = engine.find_faces(scene(portrait, 60))[:1]
    vectors = engine.embed([*engine.find_faces(portrait)[:1], *same, *other])
    assert cosine(vectors[0], vectors[1]) > cosine(vectors[0], vectors[2])


def test_an_empty_scene_has_no_face(engine: FaceEngine) -> None:
    assert engine.find_faces(scene(np.full((100, 80, 3), 120, np.uint8), 40)) == []


def test_a_drawn_box_decides_and_is_never_empty(engine: FaceEngine, portrait: np.ndarray) -> None:
    frame = scene(portrait, 120, (60, 60))
    right = scene(portrait, 60, (700, 300))
    frame[280:, 600:] = right[280:, 600:]
    [prominent, *_] = engine.find_faces(frame)
    assert prominent.box.centre[0] < 400
    drawn = Box(710, 310, 90, 100)
    chosen = engine.find_faces(frame, region=drawn)
    assert intersection_over_smaller(chosen[0].box, drawn) > 0.5
    nothing = Box(850, 30, 60, 70)
    [only] = engine.find_faces(frame, region=nothing)
    assert only.box == nothing
    assert only.detection_score == 0.0
    assert engine.embed([only]).shape == (1, engine.info.dimension)


def test_a_region_outside_the_image_does_no_harm(engine: FaceEngine, portrait: np.ndarray) -> None:
    assert len(engine.find_faces(portrait, region=Box(-50, -50, 20, 20))) == 1


def test_large_sure_and_central_comes_first() -> None:
    image = np.zeros((100, 200, 3), np.uint8)

    def rated(box: Box, score: float) -> float:
        return prominence(Detection(box, score, box), image, None)

    assert rated(Box(80, 30, 40, 40), 0.9) > rated(Box(90, 40, 20, 20), 0.9)
    assert rated(Box(80, 30, 40, 40), 0.9) > rated(Box(80, 30, 40, 40), 0.5)
    assert rated(Box(80, 30, 40, 40), 0.9) > rated(Box(0, 0, 40, 40), 0.9)


@pytest.mark.faces
def test_real_photographs_are_found_and_told_apart(engine: FaceEngine, faces: Path) -> None:
    rows = [row for row in csv.DictReader((faces / "manifest.csv").open()) if row["source"] == "london"]
    pairs = {row["identity"]: row for row in rows if row["role"] == "probe"}
    mates = {row["identity"]: row for row in rows if row["role"] == "gallery" and row["identity"] in pairs}
    names = sorted(mates)[:12]

    def vectors(table: dict[str, dict[str, str]]) -> np.ndarray:
        images = [
            np.asarray(Image.open(faces / "images" / table[name]["path"]).convert("RGB")) for name in names
        ]
        return engine.embed([engine.find_faces(image)[0] for image in images])

    assert (vectors(pairs) @ vectors(mates).T).argmax(axis=1).tolist() == list(range(len(names)))


@pytest.mark.faces
def test_a_face_with_a_dark_half_is_found(engine: FaceEngine, faces: Path) -> None:
    """Tight crops in hard side light, which fill the picture or lie in a frame."""
    folder = faces / "images" / "yaleb"
    for name in ("yaleb_18/A+070E+00.jpg", "yaleb_31/A-070E+00.jpg", "yaleb_38/A-070E+00.jpg"):
        crop = np.asarray(Image.open(folder / name).convert("RGB"))
        [face] = engine.find_faces(crop)
        assert intersection_over_smaller(face.box, Box(24, 40, 120, 130)) > 0.9
    crop = np.asarray(Image.open(folder / "yaleb_31/A+025E+00.jpg").convert("RGB"))
    small = cv2.resize(crop, (64, 72), interpolation=cv2.INTER_AREA)
    frame = np.full((576, 704, 3), (150, 120, 140), np.uint8)
    frame[200:272, 300:364] = small
    [face] = engine.find_faces(np.asarray(cv2.GaussianBlur(frame, (0, 0), 0.6)))
    assert intersection_over_smaller(face.box, Box(300, 200, 64, 72)) > 0.8
