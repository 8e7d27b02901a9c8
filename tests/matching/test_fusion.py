"""Several stills as one search."""

from pathlib import Path

import numpy as np

from matching.evaluation import Embedded, LabelledImage
from matching.fusion import RULES, fused, sets_of

RNG = np.random.default_rng(11)


def near(vector: np.ndarray, noise: float) -> np.ndarray:
    one = vector + noise * RNG.normal(size=len(vector))
    return (one / np.linalg.norm(one)).astype(np.float32)


def entry(identity: str, role: str, vector: np.ndarray | None, quality: float = 50.0) -> Embedded:
    return Embedded(LabelledImage(Path(identity), identity, "a", role), vector, quality)


PEOPLE = [near(np.zeros(64), 1.0) for _ in range(300)]
GALLERY = [entry(f"p{number}", "gallery", vector) for number, vector in enumerate(PEOPLE)]


def test_sets_share_no_picture_and_drop_the_rest() -> None:
    probes = [entry(name, "probe", PEOPLE[0]) for name in "aaaaabbb"]
    assert [[one.row.identity for one in members] for members in sets_of(probes, 2)] == [
        ["a", "a"],
        ["a", "a"],
        ["b", "b"],
    ]
    assert len(sets_of(probes, 5)) == 1


def test_more_noisy_stills_find_more_people_when_fused() -> None:
    probes = [entry(f"p{n}", "probe", near(PEOPLE[n], 0.35)) for n in range(60) for _ in range(3)]
    probes += [entry(f"x{n}", "nonmated", near(np.zeros(64), 1.0)) for n in range(60) for _ in range(3)]
    report = fused(GALLERY, probes, 3, draws=20)
    assert report["sets"] == 120
    assert set(report) == {"sets", *RULES}
    assert report["mean_vector"]["rank1"] > report["one_still"]["rank1"]
    low, high = report["mean_vector"]["intervals"]["rank1"]
    assert low <= report["mean_vector"]["rank1"] <= high


def test_a_poor_still_weighs_less_by_its_quality() -> None:
    probes = [entry("p1", "probe", near(PEOPLE[1], 0.02), 60.0), entry("p1", "probe", PEOPLE[200], 2.0)]
    report = fused(GALLERY, probes, 2)
    assert report["quality_weighted_vector"]["rank1"] == 1.0


def test_a_set_without_any_face_is_a_miss() -> None:
    probes = [entry("p1", "probe", None), entry("p1", "probe", None)]
    assert fused(GALLERY, probes, 2)["mean_vector"]["rank1"] == 0.0
