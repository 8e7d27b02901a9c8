"""The commands others run, as they run them: real processes, their JSON keys, their exit codes."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from matching.synthetic import write_dataset

REPOSITORY = Path(__file__).resolve().parent.parent.parent
PILOT_KEYS = {
    "stills",
    "gallery",
    "seconds_import",
    "seconds_stills",
    "per_still_p50",
    "per_still_p95",
    "face_found",
    "rank1",
    "top20",
    "refused",
    "quarantined",
    "lost",
    "cores",
    "workers",
    "model",
}
SHARES = {
    "gallery",
    "mated",
    "nonmated",
    "face_found",
    "rank1",
    "top10",
    "top20",
    "top50",
    "fnir_at_fpir_0.01",
    "fnir_at_fpir_0.05",
    "fnir_at_fpir_0.1",
}


def manage(state: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """manage.py on embedded defaults in a state directory of its own."""
    ours = ("DATABASE_URL", "DJANGO_SETTINGS_MODULE", "SECRET_KEY", "REDIS_URL")
    env = {name: value for name, value in os.environ.items() if name not in ours}
    return subprocess.run(
        [sys.executable, str(REPOSITORY / "manage.py"), *map(str, arguments)],
        env={**env, "STILLMATCH_STATE_DIR": str(state), "DJANGO_SETTINGS_MODULE": "portal.settings"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten people in the gallery, a still of six of them and of two others."""
    folder = tmp_path_factory.mktemp("people")
    write_dataset(folder, 10, 1, 5, mated=6, unmated=2)
    return folder / "manifest.csv"


def few_real(faces: Path, folder: Path, people: int = 20) -> Path:
    """A CSV beside nothing: its paths are absolute to the photographs' folder through a link."""
    (folder / "images").symlink_to(faces / "images")
    with (faces / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    probes = [row for row in rows if row["kind"] == "mated" and row["role"] == "probe"][: people * 2]
    known = {row["identity"] for row in probes}
    gallery = [row for row in rows if row["role"] == "gallery" and row["identity"] in known]
    strangers = [row for row in rows if row["role"] == "nonmated"][:5]
    path = folder / "few.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows([*gallery, *probes, *strangers])
    return path


def run_pilot(tmp_path: Path, manifest: Path, *more: object) -> dict[str, Any]:
    out = tmp_path / "pilot.json"
    state = tmp_path / "state"
    done = manage(
        state, "pilot", "--gallery", manifest, "--probes", manifest, "--retailers", 3, "--json", out, *more
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(out.read_text()))


@pytest.mark.chaos  # heavy: one at a time
def test_pilot_on_people_who_do_not_exist(tmp_path: Path, people: Path) -> None:
    figures = run_pilot(tmp_path, people, "--pad", 500)
    assert figures.keys() >= PILOT_KEYS
    assert (figures["stills"], figures["gallery"], figures["workers"]) == (8, 510, 2)
    assert (figures["lost"], figures["quarantined"]) == (0, 0)
    assert figures["face_found"] >= 0.8
    assert figures["top20"] >= 0.6
    assert figures["seconds_stills"] > 0


@pytest.mark.chaos
def test_the_upload_coach_speaks_of_every_still(tmp_path: Path, people: Path) -> None:
    figures = run_pilot(tmp_path, people, "--coach")
    assert (figures["alone"], figures["together"], figures["without_words"]) == (3, 4, 0)
    assert figures["together_first_after_drop"] <= figures["together_all_after_drop"]


@pytest.mark.chaos
@pytest.mark.faces
def test_pilot_on_real_photographs(tmp_path: Path, faces: Path) -> None:
    figures = run_pilot(tmp_path, few_real(faces, tmp_path), "--limit", 30)
    assert figures["stills"] == 30
    assert (figures["lost"], figures["quarantined"]) == (0, 0)
    assert figures["face_found"] >= 0.95
    assert figures["rank1"] >= 0.85


def test_pilot_says_which_picture_is_missing(tmp_path: Path) -> None:
    manifest = tmp_path / "m.csv"
    manifest.write_text("path,identity,source,role\nnowhere.jpg,a,b,gallery\n")
    done = manage(
        tmp_path / "state", "pilot", "--gallery", manifest, "--probes", manifest, "--json", tmp_path / "o"
    )
    assert done.returncode != 0
    assert "nowhere.jpg" in done.stderr
    assert not (tmp_path / "o").exists()


def test_evaluate_prints_the_documented_keys(tmp_path: Path, people: Path) -> None:
    out = tmp_path / "evaluate.json"
    done = manage(tmp_path / "state", "evaluate", "--gallery", people, "--probes", people, "--json", out)
    assert done.returncode == 0, done.stderr
    figures = json.loads(out.read_text())
    assert figures.keys() >= SHARES | {"by_source", "seconds", "model", "detector"}
    assert (figures["gallery"], figures["mated"], figures["nonmated"]) == (10, 6, 2)
    assert figures["by_source"]["synthetic"].keys() >= SHARES
    assert figures["face_found"] >= 0.8


@pytest.mark.faces
def test_evaluate_on_real_photographs(tmp_path: Path, faces: Path) -> None:
    manifest = few_real(faces, tmp_path)
    out = tmp_path / "evaluate.json"
    done = manage(tmp_path / "state", "evaluate", "--gallery", manifest, "--probes", manifest, "--json", out)
    assert done.returncode == 0, done.stderr
    figures = json.loads(out.read_text())
    assert figures["face_found"] >= 0.95
    assert figures["rank1"] >= 0.85


def test_make_people_writes_the_same_bytes_again(tmp_path: Path) -> None:
    for name in ("one", "two"):
        done = manage(tmp_path / "state", "make_people", tmp_path / name, "--people", 2, "--seed", 9)
        assert done.returncode == 0, done.stderr
    first, second = (sorted((tmp_path / name).rglob("*.jpg")) for name in ("one", "two"))
    assert [one.read_bytes() for one in first] == [two.read_bytes() for two in second]
    assert (tmp_path / "one" / "manifest.csv").read_text().startswith("path,identity,source,role")
