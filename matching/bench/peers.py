"""Ours beside DeepFace.find and face_recognition: the same gallery and probes, interleaved in one run.

    ./run bench-peers --gallery CSV --probes CSV [--sizes 500 2000] [--limit 100] --json OUT

CSV as for `manage.py evaluate`. Each library is used as its documentation shows: DeepFace.find with its Dlib
model (whose weights need no download) and default detector, over a folder it has indexed before;
face_recognition with its default detector, over encodings kept in memory. An image in which a library finds
no face is a miss of that library. One thread. `seconds_per_probe`: from the file to the ranked list, median;
each library is asked once before to warm up.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import numpy as np

from matching.decoding import decode_normalised, normalise
from matching.engine import load_engine
from matching.evaluation import LabelledImage, read_rows
from matching.index import FlatIndex, Row, to_grid
from matching.weights import prepare_deepface_home

LISTED = 20


class Library(Protocol):
    """One way to ask who a probe looks like."""

    name: str

    def enrol(self, rows: Sequence[LabelledImage]) -> None:
        """Add gallery images."""

    def ask(self, path: Path) -> list[str]:
        """Identities, best first, at most 20; empty where no face is found."""


class Ours:
    """Engine and flat index, as a worker uses them."""

    name = "stillmatch"

    def __init__(self, folder: Path) -> None:
        self._engine = load_engine()
        info = self._engine.info
        epoch = UUID("a3a7c2f0-93a1-4e55-9a54-4f0f1d9f8a10")
        self._index = FlatIndex.create(
            folder / "ours.index", model=info.model, dimension=info.dimension, epoch=epoch
        )
        self._names: list[str] = []

    def _vector(self, path: Path) -> np.ndarray | None:
        faces = self._engine.find_faces(decode_normalised(normalise(path.read_bytes()).jpeg))
        return to_grid(self._engine.embed(faces[:1]))[0] if faces else None

    def enrol(self, rows: Sequence[LabelledImage]) -> None:
        """One event an image."""
        for row in rows:
            vector = self._vector(row.path)
            if vector is not None:
                self._names.append(row.identity)
                number = len(self._names)
                self._index.add([Row(number, vector)], seq=number)

    def ask(self, path: Path) -> list[str]:
        """Decode in the bounded child, find, embed six views, search."""
        vector = self._vector(path)
        if vector is None:
            return []
        [hits] = self._index.search(vector[None], LISTED)
        return [self._names[number - 1] for number in hits.ids.tolist()]


class DeepFaceFind:
    """DeepFace.find over a folder; its own store of representations is made by the first call."""

    name = "DeepFace.find"

    def __init__(self, folder: Path) -> None:
        os.environ["DEEPFACE_HOME"] = str(prepare_deepface_home())
        os.environ["DEEPFACE_BACKEND_ENGINE"] = "onnx"
        os.environ["DEEPFACE_LOG_LEVEL"] = "40"
        from deepface import DeepFace

        self._find: Any = DeepFace.find
        self._folder = folder / "deepface"
        self._folder.mkdir()
        self._names: dict[str, str] = {}

    def enrol(self, rows: Sequence[LabelledImage]) -> None:
        """Files linked into its folder; one question makes it embed them all."""
        for row in rows:
            name = f"{len(self._names):06}{row.path.suffix}"
            shutil.copyfile(row.path, self._folder / name)
            self._names[name] = row.identity
        self._ask(rows[0].path, refresh=True)

    def ask(self, path: Path) -> list[str]:
        """As its README shows."""
        return self._ask(path, refresh=False)

    def _ask(self, path: Path, *, refresh: bool) -> list[str]:
        try:
            found = self._find(
                img_path=str(path),
                db_path=str(self._folder),
                model_name="Dlib",
                silent=True,
                refresh_database=refresh,
                similarity_search=True,
                k=LISTED,
            )
        except ValueError:  # its word for "no face"
            return []
        return [self._names[Path(name).name] for name in found[0]["identity"]] if found else []


class FaceRecognition:
    """face_recognition's encodings in memory."""

    name = "face_recognition"

    def __init__(self) -> None:
        import face_recognition

        self._library: Any = face_recognition
        self._encodings: list[np.ndarray] = []
        self._names: list[str] = []

    def enrol(self, rows: Sequence[LabelledImage]) -> None:
        """The first face of each image."""
        for row in rows:
            found = self._library.face_encodings(self._library.load_image_file(str(row.path)))
            if found:
                self._encodings.append(found[0])
                self._names.append(row.identity)

    def ask(self, path: Path) -> list[str]:
        """face_distance to all, sorted."""
        found = self._library.face_encodings(self._library.load_image_file(str(path)))
        if not found:
            return []
        order = np.argsort(self._library.face_distance(self._encodings, found[0]))[:LISTED]
        return [self._names[number] for number in order.tolist()]


def measure(
    libraries: Sequence[Library], gallery: Sequence[LabelledImage], probes: Sequence[LabelledImage]
) -> dict[str, dict[str, float]]:
    """Enrol everything in each, then every probe asked of each in turn; figures by library."""
    figures: dict[str, dict[str, float]] = {}
    for one in libraries:
        started = time.perf_counter()
        one.enrol(gallery)
        spent = time.perf_counter() - started
        figures[one.name] = {"enrol_seconds_per_image": spent / len(gallery)}
        print(f"{one.name}: {len(gallery)} images in {spent:.0f} s", file=sys.stderr, flush=True)
    ranks: dict[str, list[int]] = {one.name: [] for one in libraries}
    times: dict[str, list[float]] = {one.name: [] for one in libraries}
    for one in libraries:
        one.ask(probes[0].path)
    for number, probe in enumerate(probes):
        turn = number % len(libraries)
        for one in [*libraries[turn:], *libraries[:turn]]:
            started = time.perf_counter()
            listed = one.ask(probe.path)
            times[one.name].append(time.perf_counter() - started)
            ranks[one.name].append(listed.index(probe.identity) + 1 if probe.identity in listed else 0)
    ours = statistics.median(times[libraries[0].name])
    for name, places in ranks.items():
        seconds = statistics.median(times[name])
        figures[name] |= {
            "rank1": sum(place == 1 for place in places) / len(places),
            "top20": sum(place > 0 for place in places) / len(places),
            "seconds_per_probe": seconds,
            "ours_to_it": ours / seconds,
        }
    return figures


def main() -> None:
    """Print a table for each gallery size and write JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gallery", type=Path, required=True)
    parser.add_argument("--probes", type=Path, required=True)
    parser.add_argument("--sizes", type=int, nargs="+", default=[500, 2000])
    parser.add_argument("--limit", type=int, default=100, help="probes")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    report: dict[str, Any] = {"at": datetime.now(UTC).isoformat(timespec="minutes"), "sizes": {}}
    for size in asked.sizes:
        gallery, probes = drawn(asked.gallery, asked.probes, size, asked.limit)
        with tempfile.TemporaryDirectory() as folder:
            libraries: list[Library] = [Ours(Path(folder)), DeepFaceFind(Path(folder)), FaceRecognition()]
            figures = measure(libraries, gallery, probes)
        report["sizes"][len(gallery)] = {"probes": len(probes), **figures}
        print(f"gallery {len(gallery)}, {len(probes)} mated probes")
        for name, row in figures.items():
            print(f"  {name:<18}" + "  ".join(f"{key} {value:.3f}" for key, value in row.items()))
    if asked.json:
        asked.json.write_text(json.dumps(report, indent=2))


def drawn(
    gallery: Path, probes: Path, size: int, limit: int
) -> tuple[list[LabelledImage], list[LabelledImage]]:
    """A gallery of at most `size` in which every drawn probe has a mate; always the same draw."""
    rng = np.random.default_rng(3)
    known = read_rows(gallery, {"gallery"})
    mated = read_rows(probes, {"probe"})
    enrolled = {row.identity for row in known}
    mated = [row for row in mated if row.identity in enrolled]
    chosen = [mated[i] for i in rng.permutation(len(mated))[:limit]]
    wanted = {row.identity for row in chosen}
    mates = [row for row in known if row.identity in wanted]
    others = [row for row in known if row.identity not in wanted]
    fill = [others[i] for i in rng.permutation(len(others))[: max(0, size - len(mates))]]
    return mates + fill, chosen


if __name__ == "__main__":
    main()
