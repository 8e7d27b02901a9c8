"""The folder of synthetic pictures and its manifest."""

import csv
from hashlib import sha256
from pathlib import Path

import cv2
import pytest

from matching.synthetic import write_dataset


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("people")
    write_dataset(folder, people=4, views=2, seed=11, mated=2, unmated=1)
    return folder


def test_manifest_lists_every_file_once(written: Path) -> None:
    with (written / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    pictures = {str(path.relative_to(written)) for path in written.rglob("*.jpg")}
    assert {row["path"] for row in rows} == pictures
    assert len(rows) == len(pictures) == 4 + 2 * 2 + 2


def test_roles_and_kinds_follow_the_evaluation_sets(written: Path) -> None:
    with (written / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["path", "identity", "source", "role", "kind", "fx", "fy", "fw", "fh"]
    pairs = [(row["role"], row["kind"]) for row in rows]
    assert pairs.count(("gallery", "mated")) == 2
    assert pairs.count(("gallery", "distractor")) == 2
    assert pairs.count(("probe", "mated")) == 4
    assert pairs.count(("nonmated", "nonmated")) == 2
    gallery = {row["identity"] for row in rows if row["role"] == "gallery"}
    assert {row["identity"] for row in rows if row["role"] == "probe"} <= gallery
    assert not {row["identity"] for row in rows if row["role"] == "nonmated"} & gallery


def test_pictures_open_and_boxes_lie_inside(written: Path) -> None:
    with (written / "manifest.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            picture = cv2.imread(str(written / row["path"]))
            assert picture is not None
            high, wide = picture.shape[:2]
            assert 0 <= float(row["fx"]) < float(row["fx"]) + float(row["fw"]) <= wide
            assert 0 <= float(row["fy"]) < float(row["fy"]) + float(row["fh"]) <= high


def test_two_processes_write_the_same_bytes_and_report_progress(written: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    write_dataset(
        tmp_path,
        4,
        2,
        11,
        mated=2,
        unmated=1,
        workers=2,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert _digests(tmp_path) == _digests(written)
    assert seen == [(done, 10) for done in range(1, 11)]


def test_data_sets_of_different_seeds_share_nobody(written: Path, tmp_path: Path) -> None:
    other = write_dataset(tmp_path, people=1, views=0, seed=12)
    assert not (written / other[0].path).exists()
