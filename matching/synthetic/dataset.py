"""Folders of pictures of people who do not exist, with a manifest in the evaluation sets' form."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple, dataclass, fields
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from matching.engine import Image
from matching.geometry import Box
from matching.synthetic.cctv import cctv_still
from matching.synthetic.custody import custody_image
from matching.synthetic.identity import Identity, person
from matching.synthetic.surface import Array

Embed = Callable[[Image], "Array | None"]
Progress = Callable[[int, int], None]

CUSTODY_FACE = Box(178.0, 285.0, 244.0, 262.0)
"""Where the face is in every custody view, give or take 15 px."""


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One line of manifest.csv: the columns of the evaluation sets, face box in pixels."""

    path: str
    identity: str
    source: str
    role: str
    kind: str
    fx: float
    fy: float
    fw: float
    fh: float


@dataclass(frozen=True, slots=True)
class _Picture:
    """One file to be made."""

    seed: int
    view: int
    role: str
    kind: str


def write_dataset(
    out_dir: Path,
    people: int,
    views: int,
    seed: int,
    *,
    mated: int | None = None,
    unmated: int = 0,
    progress: Progress | None = None,
    workers: int = 1,
) -> list[ManifestRow]:
    """Write custody/*.jpg, stills/*.jpg and manifest.csv; the same arguments give the same bytes.

    ``people`` are in the gallery; the first ``mated`` of them (default: all) have ``views`` stills each, and
    so have ``unmated`` further people who are not in the gallery. ``progress(done, total)`` is called after
    each picture; ``workers`` > 1 renders in that many processes.
    """
    out_dir = Path(out_dir)
    for folder in ("custody", "stills"):
        (out_dir / folder).mkdir(parents=True, exist_ok=True)
    pictures = list(_planned(people, views, seed, people if mated is None else min(mated, people), unmated))
    rows = []
    for row in _made(out_dir, pictures, workers):
        rows.append(row)
        if progress:
            progress(len(rows), len(pictures))
    _write_manifest(out_dir / "manifest.csv", rows)
    return rows


def distinct_people(n: int, seed: int, *, embed: Embed, apart: float = 0.2, tries: int = 0) -> list[Identity]:
    """The first ``n`` people from ``seed`` on whose faces are found and lie ``apart`` from each other.

    ``embed`` maps a custody image (uint8 RGB) to a vector, or None when it finds no face; distance is
    euclidean between the vectors as given. State the check with every figure that rests on it. Raises
    ValueError when ``tries`` people (default 20 n) do not hold ``n`` such.
    """
    chosen: list[Identity] = []
    known: list[Array] = []
    for number in range(seed, seed + (tries or 20 * n)):
        vector = embed(custody_image(person(number)))
        if vector is not None and all(np.linalg.norm(other - vector) >= apart for other in known):
            chosen.append(person(number))
            known.append(vector)
        if len(chosen) == n:
            return chosen
    raise ValueError(
        f"only {len(chosen)} of {n} people are {apart} apart; ask for fewer or a smaller distance"
    )


def identity_seed(seed: int, number: int) -> int:
    """Seed of the ``number``-th person of a data set; data sets with different seeds share nobody."""
    return seed * 1_000_000 + number


def _planned(people: int, views: int, seed: int, mated: int, unmated: int) -> Iterator[_Picture]:
    for number in range(people):
        yield _Picture(identity_seed(seed, number), 0, "gallery", "mated" if number < mated else "distractor")
    for number in [*range(mated), *range(people, people + unmated)]:
        role, kind = ("probe", "mated") if number < people else ("nonmated", "nonmated")
        for view in range(1, views + 1):
            yield _Picture(identity_seed(seed, number), view, role, kind)


def _made(out_dir: Path, pictures: list[_Picture], workers: int) -> Iterable[ManifestRow]:
    """Rows in the order planned, pictures written on the way."""
    if workers <= 1:
        for picture in pictures:
            yield _write_picture(out_dir, picture)
        return
    with ProcessPoolExecutor(workers, get_context("spawn"), initializer=_one_thread) as pool:
        yield from pool.map(_write_picture, [out_dir] * len(pictures), pictures, chunksize=4)


def _one_thread() -> None:
    cv2.setNumThreads(1)


def _write_picture(out_dir: Path, picture: _Picture) -> ManifestRow:
    who = person(picture.seed)
    name = f"p{picture.seed:09d}"
    if picture.role == "gallery":
        path, pixels, box = f"custody/{name}.jpg", custody_image(who), CUSTODY_FACE
    else:
        path = f"stills/{name}_{picture.view:02d}.jpg"
        pixels, box = cctv_still(who, picture.view)
    _, data = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
    (out_dir / path).write_bytes(data.tobytes())
    return ManifestRow(
        path, name, "synthetic", picture.role, picture.kind, *(round(value, 1) for value in astuple(box))
    )


def _write_manifest(path: Path, rows: list[ManifestRow]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([field.name for field in fields(ManifestRow)])
        writer.writerows(astuple(row) for row in rows)
