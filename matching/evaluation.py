"""Accuracy of an engine on a labelled gallery and probes: open-set identification figures (ISO/IEC 19795-1).

One gallery person counts once, by the best of their images. A mated probe whose face is not found is a
miss; a non-mated one whose face is not found raises no alarm. Scores are compared across probes as
deviations from the crowd of each search (calibration.against_crowd); that changes thresholds, never an
order.
"""

import csv
import multiprocessing
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.calibration import Comparison, against_crowd
from matching.chances import Trial
from matching.decoding import decode_normalised, normalise
from matching.engine import EngineInfo, EngineSettings, FaceEngine, load_engine
from matching.errors import RejectedImage

Floats = NDArray[np.float64]
Progress = Callable[[int, int], None]  # images done, images in all
FPIRS = (0.01, 0.05, 0.1)
LISTED = 20  # a mate counts as found only on a list of this length
CHUNK = 8
QUALITY_EDGES = (15.0, 36.0)  # unified quality: about 36 px and blurred | about 60 px | better


@dataclass(frozen=True)
class LabelledImage:
    """One row of a CSV: an existing file, whose face it is, the collection it is from, its role, and the
    value of the column that groups are told apart by, if any.
    """

    path: Path
    identity: str
    source: str
    role: str
    group: str = ""


@dataclass(frozen=True)
class Embedded:
    """A row and its best face's unit vector and unified quality; None where no face was found or the file
    refused.
    """

    row: LabelledImage
    vector: NDArray[np.float32] | None
    quality: float = 0.0


@dataclass(frozen=True)
class Ranked:
    """One probe against the gallery's persons: best score of anyone; its mate's score and rank (1 = first,
    0 = none).
    """

    source: str
    mated: bool
    found: bool
    top_score: float
    mate_score: float
    mate_rank: int
    person: str = ""
    quality: float = 0.0
    group: str = ""

    @property
    def listed(self) -> bool:
        """Whether the mate is on a list of LISTED."""
        return 0 < self.mate_rank <= LISTED


Further = Callable[[Sequence[Embedded], Sequence[Embedded]], dict[str, Any]]


def evaluate_files(
    gallery_csv: Path,
    probes_csv: Path,
    settings: EngineSettings | None = None,
    *,
    processes: int = 1,
    progress: Progress | None = None,
    group_by: str = "",
    further: Further = lambda _gallery, _probes: {},
) -> dict[str, Any]:
    """The figures of `manage.py evaluate`; both arguments may be the same file. Raises what load_engine
    raises. `group_by` names a column of the probes; `further` adds keys from the same vectors.
    """
    started = time.monotonic()
    settings = settings or EngineSettings()
    gallery = read_rows(gallery_csv, {"gallery"})
    probes = read_rows(probes_csv, {"probe", "nonmated"}, group_by)
    info = load_engine(settings).info
    embedded = embed_rows([*gallery, *probes], settings, processes=processes, progress=progress)
    enrolled, searched = embedded[: len(gallery)], embedded[len(gallery) :]
    report = evaluate(enrolled, searched) | further(enrolled, searched)
    return report | {"seconds": round(time.monotonic() - started, 1), **names(info)}


def names(info: EngineInfo) -> dict[str, str]:
    """Which model and detector, with versions, as one string each."""
    return {
        "model": f"{info.model} {info.model_version}",
        "detector": f"{info.detector} {info.detector_version}",
    }


def read_rows(csv_path: Path, roles: Iterable[str], group_by: str = "") -> list[LabelledImage]:
    """Rows with one of the roles; a path is relative to the CSV's folder, or to images/ in it.

    Raises ValueError for a missing column, FileNotFoundError for a row whose image is in neither place.
    """
    wanted = set(roles)
    with csv_path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        needed = {"path", "identity", "source", "role", group_by} - {""}
        missing = needed - set(reader.fieldnames or ())
        if missing:
            raise ValueError(f"{csv_path} has no column {', '.join(sorted(missing))}")
        return [
            LabelledImage(
                _located(csv_path.parent, row["path"]),
                row["identity"],
                row["source"],
                row["role"],
                row[group_by] if group_by else "",
            )
            for row in reader
            if row["role"] in wanted
        ]


def _located(folder: Path, name: str) -> Path:
    for candidate in (folder / name, folder / "images" / name):
        if candidate.is_file():
            return candidate
    raise FileNotFoundError(f"{name} is neither in {folder} nor in {folder / 'images'}")


def embed_rows(
    rows: Sequence[LabelledImage],
    settings: EngineSettings,
    *,
    processes: int = 1,
    progress: Progress | None = None,
) -> list[Embedded]:
    """Every row's vector, in order; `processes` > 1 spreads chunks over that many fresh processes."""
    chunks = [rows[at : at + CHUNK] for at in range(0, len(rows), CHUNK)]
    done: list[Embedded] = []
    for part in _embedded_chunks(chunks, settings, processes):
        done.extend(part)
        if progress:
            progress(len(done), len(rows))
    return done


def _embedded_chunks(
    chunks: list[Sequence[LabelledImage]], settings: EngineSettings, processes: int
) -> Iterator[list[Embedded]]:
    if processes <= 1:
        engine = load_engine(settings)
        yield from (embed_chunk(engine, chunk) for chunk in chunks)
        return
    # Fresh processes, not forks: native libraries with threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, initializer=_start_worker, initargs=(settings,)) as pool:
        yield from pool.map(_embed_in_worker, chunks)


_worker: dict[str, FaceEngine] = {}


def _start_worker(settings: EngineSettings) -> None:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    _worker["engine"] = load_engine(settings)


def _embed_in_worker(chunk: Sequence[LabelledImage]) -> list[Embedded]:
    return embed_chunk(_worker["engine"], chunk)


def embed_chunk(engine: FaceEngine, rows: Sequence[LabelledImage]) -> list[Embedded]:
    """Decode as the portal does, take the most prominent face, embed."""
    return [_embedded(engine, row) for row in rows]


def _embedded(engine: FaceEngine, row: LabelledImage) -> Embedded:
    try:
        image = decode_normalised(normalise(row.path.read_bytes()).jpeg)
    except RejectedImage:
        return Embedded(row, None)
    faces = engine.find_faces(image)[:1]
    if not faces:
        return Embedded(row, None)
    return Embedded(row, engine.embed(faces)[0], faces[0].quality.unified_score)


def comparisons(gallery: Sequence[Embedded], probes: Sequence[Embedded]) -> list[Comparison]:
    """The score of every mate on a list against the best stranger's of every non-mated probe.

    Officers see lists: a mate who is not on one is no candidate, and of many strangers it is the best whom
    they see at the head.
    """
    ranked = zip(rank(gallery, probes), probes, strict=True)
    scored = ((entry, entry.mate_score if entry.mated else entry.top_score, probe) for entry, probe in ranked)
    return [
        Comparison(score, probe.quality, entry.mated, entry.person)
        for entry, score, probe in scored
        if np.isfinite(score) and (entry.listed or not entry.mated)
    ]


def trials(ranked: Sequence[Ranked]) -> list[Trial]:
    """What the chance of a still's quality is counted from: mated probes whose face was found."""
    return [Trial(one.quality, one.person, one.mate_rank) for one in ranked if one.mated and one.found]


def evaluate(gallery: Sequence[Embedded], probes: Sequence[Embedded]) -> dict[str, Any]:
    """Figures from vectors. Per source: that source's probes against the whole gallery, at the overall
    thresholds.
    """
    ranked = rank(gallery, probes)
    limits = thresholds(ranked)
    sources = sorted({entry.source for entry in ranked})
    enrolled = [entry for entry in gallery if entry.vector is not None]
    by_source = {
        source: figures(
            [entry for entry in ranked if entry.source == source],
            sum(entry.row.source == source for entry in enrolled),
            limits,
        )
        for source in sources
    }
    return figures(ranked, len(enrolled), limits) | {"by_source": by_source}


@dataclass(frozen=True)
class Enrolled:
    """A gallery's vectors, float64 (n, d), and whose each is: a place among `persons`."""

    vectors: Floats
    columns: NDArray[np.int64]
    place: dict[str, int]
    known: frozenset[str]  # everybody with a gallery image, a face found in it or not

    def scores(self, vector: NDArray[Any]) -> Floats:
        """Every person's best cosine with the vector, which need not be of unit length."""
        probe = vector.astype(np.float64)
        cosines = np.full(len(self.place), -np.inf)
        np.maximum.at(cosines, self.columns, self.vectors @ (probe / np.linalg.norm(probe)))
        return cosines


def enrol(gallery: Sequence[Embedded]) -> Enrolled:
    """Those of whom a face was found."""
    found = [(entry.row.identity, entry.vector) for entry in gallery if entry.vector is not None]
    place = {person: at for at, person in enumerate(sorted({identity for identity, _ in found}))}
    columns = np.array([place[identity] for identity, _ in found], dtype=np.int64)
    matrix = np.array([vector for _, vector in found], dtype=np.float64)
    return Enrolled(matrix, columns, place, frozenset(entry.row.identity for entry in gallery))


def rank(gallery: Sequence[Embedded], probes: Sequence[Embedded]) -> list[Ranked]:
    """Every probe against every person of the gallery."""
    enrolled = enrol(gallery)
    usable = [probe.vector is not None and bool(enrolled.place) for probe in probes]
    return [
        ranked_by(
            probe, enrolled, enrolled.scores(probe.vector) if use and probe.vector is not None else None
        )
        for probe, use in zip(probes, usable, strict=True)
    ]


def ranked_by(probe: Embedded, enrolled: Enrolled, scores: Floats | None) -> Ranked:
    """Where the mate stands by every person's score; None: nothing could be searched."""
    row, mated = probe.row, probe.row.identity in enrolled.known
    blank = Ranked(
        row.source,
        mated,
        probe.vector is not None,
        -np.inf,
        -np.inf,
        0,
        row.identity,
        probe.quality,
        row.group,
    )
    if scores is None:
        return blank
    deviations = against_crowd(scores)
    best = scores if deviations is None else deviations
    mate = enrolled.place.get(row.identity) if mated else None
    if mate is None:
        return replace(blank, top_score=float(best.max()))
    better = int((best > best[mate]).sum())
    return replace(blank, top_score=float(best.max()), mate_score=float(best[mate]), mate_rank=better + 1)


def thresholds(ranked: Sequence[Ranked]) -> dict[float, float]:
    """For each FPIR the lowest score that at most that share of the non-mated probes exceeds; inf without
    any.
    """
    tops = np.sort([entry.top_score for entry in ranked if not entry.mated])[::-1]
    return {rate: float(tops[int(rate * len(tops))]) if len(tops) else np.inf for rate in FPIRS}


def figures(ranked: Sequence[Ranked], enrolled: int, limits: dict[float, float]) -> dict[str, Any]:
    """Shares of the mated probes (None without any); counts of images and probes."""
    mated = [entry for entry in ranked if entry.mated]
    report: dict[str, Any] = {
        "gallery": enrolled,
        "mated": len(mated),
        "nonmated": len(ranked) - len(mated),
        "face_found": _share(entry.found for entry in ranked),
        "rank1": _share(entry.mate_rank == 1 for entry in mated),
    }
    for length in (10, 20, 50):
        report[f"top{length}"] = _share(0 < entry.mate_rank <= length for entry in mated)
    for rate, limit in limits.items():
        missed = (not (entry.mate_score > limit and entry.listed) for entry in mated)
        report[f"fnir_at_fpir_{rate:g}"] = _share(missed) if np.isfinite(limit) else None
    return report


def _share(values: Iterable[bool]) -> float | None:
    counted = list(values)
    return round(sum(counted) / len(counted), 4) if counted else None
