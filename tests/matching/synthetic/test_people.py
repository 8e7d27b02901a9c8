"""Synthetic people: the same seed gives the same person, the engine finds them and tells them apart."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pytest

from matching.engine import EngineSettings, FaceEngine, Image, load_engine
from matching.geometry import Box
from matching.synthetic import cctv_still, custody_image, distinct_people, empty_still, person

GALLERY = 100
PROBES = 40


@dataclass
class Eye:
    """The real engine, looking at one face at a time."""

    engine: FaceEngine = field(default_factory=load_engine)

    def vector(self, image: Image, region: Box | None = None) -> np.ndarray | None:
        faces = self.engine.find_faces(image, region=region)
        return self.engine.embed(faces[:1])[0] if faces else None

    @cached_property
    def gallery(self) -> np.ndarray:
        vectors = [self.vector(custody_image(person(seed))) for seed in range(GALLERY)]
        return np.stack([vector if vector is not None else np.zeros(128) for vector in vectors])


@pytest.fixture(scope="module")
def eye() -> Eye:
    return Eye()


def _ranks(eye: Eye, stills: Sequence[tuple[Image, Box]]) -> list[int | None]:
    """Rank (0 = first) of person number i for still i; None where no face was found."""
    ranks: list[int | None] = []
    for number, (image, box) in enumerate(stills):
        vector = eye.vector(image, box)
        scores = eye.gallery @ vector if vector is not None else None
        ranks.append(None if scores is None else int((scores > scores[number]).sum()))
    return ranks


def test_the_same_seed_is_the_same_person() -> None:
    assert person(7) == person(7)
    assert person(7) != person(8)


def test_the_same_seeds_give_the_same_pixels() -> None:
    first, box = cctv_still(person(3), 5, face_px=60, bystanders=[person(4)])
    person_between = custody_image(person(9))
    again, same_box = cctv_still(person(3), 5, face_px=60, bystanders=[person(4)])
    assert np.array_equal(first, again)
    assert box == same_box
    assert np.array_equal(person_between, custody_image(person(9)))


def test_another_view_is_another_picture() -> None:
    assert not np.array_equal(custody_image(person(3), 0), custody_image(person(3), 1))


def test_pictures_are_rgb_of_the_stated_sizes() -> None:
    assert custody_image(person(1)).shape == (800, 600, 3)
    sizes = {cctv_still(person(1), view)[0].shape for view in range(8)}
    assert sizes == {(720, 1280, 3), (576, 704, 3)}


@pytest.mark.parametrize("face_px", [12, 40, 110])
def test_a_face_is_as_wide_as_asked_and_inside_the_frame(face_px: float) -> None:
    for seed in range(6):
        image, box = cctv_still(person(seed), 1, face_px=face_px)
        assert box.w == pytest.approx(face_px, rel=0.35)
        assert 0 <= box.x < box.x + box.w <= image.shape[1]
        assert 0 <= box.y < box.y + box.h <= image.shape[0]


def test_every_custody_view_has_a_face_the_engine_finds(eye: Eye) -> None:
    found = int((np.abs(eye.gallery).sum(axis=1) > 0).sum())
    print(f"\ncustody views with a face found: {found} of {GALLERY}")
    assert found >= 0.97 * GALLERY


@pytest.mark.parametrize(("face_px", "found_floor", "first_floor"), [(100, 0.9, 0.9), (56, 0.85, 0.8)])
def test_stills_find_their_person_in_the_gallery(
    eye: Eye, face_px: float, found_floor: float, first_floor: float
) -> None:
    stills = [cctv_still(person(seed), 1, face_px=face_px) for seed in range(PROBES)]
    ranks = [rank for rank in _ranks(eye, stills) if rank is not None]
    first = ranks.count(0)
    print(f"\nface {face_px} px, gallery {GALLERY}: found {len(ranks)} of {PROBES}, rank 1 {first}")
    assert len(ranks) >= found_floor * PROBES
    assert first >= first_floor * len(ranks)


def test_an_empty_aisle_holds_nobody() -> None:
    careful = load_engine(EngineSettings(detector="hog"))
    assert [len(careful.find_faces(empty_still(view))) for view in range(6)] == [0] * 6


def test_bystanders_are_found_beside_the_person_in_front(eye: Eye) -> None:
    counts = [
        len(eye.engine.find_faces(cctv_still(person(seed), 2, face_px=90, bystanders=[person(seed + 50)])[0]))
        for seed in range(6)
    ]
    assert sum(count >= 2 for count in counts) >= 3


def test_distinct_people_are_apart_by_the_stated_distance(eye: Eye) -> None:
    chosen = distinct_people(12, 500, embed=eye.vector, apart=0.27)
    vectors = np.stack([vector for who in chosen if (vector := eye.vector(custody_image(who))) is not None])
    gaps = np.linalg.norm(vectors[:, None] - vectors[None], axis=2) + 10 * np.eye(len(vectors))
    assert len(vectors) == 12
    assert gaps.min() >= 0.27


def test_asking_for_people_too_far_apart_ends_with_a_reason(eye: Eye) -> None:
    with pytest.raises(ValueError, match="apart"):
        distinct_people(3, 500, embed=eye.vector, apart=5.0, tries=4)
