"""The figures, against vectors whose ranks are known by construction."""

from pathlib import Path

import numpy as np
import pytest

from matching.evaluation import Embedded, LabelledImage, comparisons, evaluate, read_rows, thresholds
from matching.evaluation import rank as ranked

KEYS = {
    "gallery", "mated", "nonmated", "face_found", "rank1", "top10", "top20", "top50",
    "fnir_at_fpir_0.01", "fnir_at_fpir_0.05", "fnir_at_fpir_0.1",
}  # fmt: skip


def entry(identity: str, role: str, vector: np.ndarray | None, source: str = "a") -> Embedded:
    return Embedded(LabelledImage(Path(identity), identity, source, role), vector)


def unit(rng: np.random.Generator, near: np.ndarray | None = None, noise: float = 1.0) -> np.ndarray:
    vector = rng.normal(size=64) * noise + (0 if near is None else near)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


@pytest.fixture
def gallery(rng: np.random.Generator) -> list[Embedded]:
    return [entry(f"p{number}", "gallery", unit(rng)) for number in range(300)]


def test_probes_equal_to_their_gallery_image_are_all_found(gallery: list[Embedded], rng) -> None:
    probes = [entry(one.row.identity, "probe", one.vector) for one in gallery[:50]]
    probes += [entry(f"x{number}", "nonmated", unit(rng)) for number in range(100)]
    report = evaluate(gallery, probes)
    assert set(report) == KEYS | {"by_source"}
    assert (report["gallery"], report["mated"], report["nonmated"]) == (300, 50, 100)
    assert report["rank1"] == report["top20"] == report["face_found"] == 1.0
    assert report["fnir_at_fpir_0.01"] == 0.0


def test_probes_of_chance_are_found_by_chance(gallery: list[Embedded], rng: np.random.Generator) -> None:
    probes = [entry(f"p{number % 300}", "probe", unit(rng)) for number in range(600)]
    probes += [entry(f"x{number}", "nonmated", unit(rng)) for number in range(200)]
    report = evaluate(gallery, probes)
    assert report["top20"] == pytest.approx(20 / 300, abs=0.04)
    assert report["fnir_at_fpir_0.01"] > 0.9


def test_an_undetected_mated_probe_is_a_miss_everywhere(gallery: list[Embedded], rng) -> None:
    probes = [entry(one.row.identity, "probe", one.vector) for one in gallery[:3]]
    probes += [entry("p7", "probe", None), entry("x", "nonmated", unit(rng)), entry("y", "nonmated", None)]
    report = evaluate(gallery, probes)
    assert report["face_found"] == pytest.approx(4 / 6, abs=1e-4)
    assert report["rank1"] == report["top50"] == 0.75
    assert report["fnir_at_fpir_0.1"] == 0.25


def test_a_mate_whose_gallery_image_had_no_face_is_a_miss_not_a_stranger(gallery: list[Embedded]) -> None:
    gallery = [entry("p0", "gallery", None), *gallery[1:]]
    report = evaluate(gallery, [entry("p0", "probe", gallery[5].vector)])
    assert (report["gallery"], report["mated"], report["nonmated"]) == (299, 1, 0)
    assert report["rank1"] == 0.0
    assert report["fnir_at_fpir_0.01"] is None  # no stranger, no threshold


def test_a_person_counts_once_by_the_best_image(gallery: list[Embedded], rng) -> None:
    mate = unit(rng)
    crowd = [entry("other", "gallery", unit(rng, mate, 0.01)) for _ in range(30)]
    twice = [entry("mate", "gallery", unit(rng)), entry("mate", "gallery", unit(rng, mate, 0.05))]
    [result] = ranked([*gallery, *crowd, *twice], [entry("mate", "probe", mate)])
    assert result.mate_rank == 2  # behind one other person, not behind thirty images


def test_the_threshold_lets_no_more_than_the_stated_share_pass(gallery: list[Embedded], rng) -> None:
    probes = [entry(f"x{number}", "nonmated", unit(rng)) for number in range(500)]
    results = ranked(gallery, probes)
    for rate, limit in thresholds(results).items():
        passed = np.mean([result.top_score > limit for result in results])
        assert rate - 0.004 <= passed <= rate


def test_sources_are_reported_apart(gallery: list[Embedded], rng: np.random.Generator) -> None:
    probes = [entry(one.row.identity, "probe", one.vector, "good") for one in gallery[:10]]
    probes += [entry("p20", "probe", None, "bad"), entry("x", "nonmated", unit(rng), "good")]
    by_source = evaluate(gallery, probes)["by_source"]
    assert set(by_source) == {"good", "bad"}
    assert by_source["good"]["rank1"] == 1.0
    assert by_source["bad"]["rank1"] == 0.0
    assert by_source["bad"]["nonmated"] == 0


def test_paths_are_beside_the_csv_or_in_its_images_folder(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "here.jpg").touch()
    (tmp_path / "images" / "there.jpg").touch()
    table = tmp_path / "rows.csv"
    table.write_text("path,identity,source,role,kind\nhere.jpg,a,s,probe,x\nthere.jpg,b,s,gallery,x\n")
    assert [row.identity for row in read_rows(table, {"probe"})] == ["a"]
    assert read_rows(table, {"gallery"})[0].path == tmp_path / "images" / "there.jpg"
    table.write_text("path,identity,source,role\ngone.jpg,a,s,probe\n")
    with pytest.raises(FileNotFoundError, match=r"gone\.jpg"):
        read_rows(table, {"probe"})
    table.write_text("path,identity\n")
    with pytest.raises(ValueError, match="role, source"):
        read_rows(table, {"probe"})


def test_mates_are_compared_with_the_best_stranger(gallery: list[Embedded], rng) -> None:
    probes = [entry(one.row.identity, "probe", one.vector) for one in gallery[:5]]
    probes += [entry(f"x{number}", "nonmated", unit(rng)) for number in range(7)]
    probes += [entry("p9", "probe", None), entry("z", "nonmated", None)]
    pairs = comparisons(gallery, probes)
    assert [pair.mated for pair in pairs] == [True] * 5 + [False] * 7
    strangers = [result.top_score for result in ranked(gallery, probes[5:12])]
    assert [pair.score for pair in pairs[5:]] == strangers
    assert min(pair.score for pair in pairs[:5]) > max(strangers)
