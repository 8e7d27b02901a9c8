"""What a search costs, against faiss and the machine's memory, interleaved in one run.

    python -m matching.bench.search                      1,000,000 rows of 128, 256 and 512 components
    python -m matching.bench.search --rows 50000         a quick look
    python -m matching.bench.search --postgres URL       the pgvector engine as well
    python -m matching.bench.search --json var/search.json

One thread. Times are medians of interleaved rounds: read them as ratios. Hits are compared with fp64.
"""

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from matching.index import FlatIndex, RowBatch, SearchHits, Tuning, to_grid

EPOCH = UUID("a3a7c2f0-93a1-4e55-9a54-4f0f1d9f8a10")
TOP = 50
CHECKED = 40
Timer = dict[str, list[float]]


@dataclass
class Report:
    """One dimension's figures. times: milliseconds, medians. ratios: ours to the other's."""

    rows: int
    dimension: int
    times: dict[str, float] = field(default_factory=dict)
    ratios: dict[str, float] = field(default_factory=dict)
    notes: dict[str, object] = field(default_factory=dict)

    def lines(self) -> Iterator[str]:
        """For people."""
        yield f"{self.rows:,} rows × {self.dimension}"
        for name, milliseconds in self.times.items():
            yield f"  {name:<44}{milliseconds:>12.2f} ms"
        for name, ratio in self.ratios.items():
            yield f"  {name:<44}{ratio:>12.2f} ×"
        for name, note in self.notes.items():
            yield f"  {name:<44}{note!s:>12}"


def gallery(rows: int, dimension: int, seed: int = 1) -> NDArray[np.float32]:
    """Unit vectors in clusters, as people who look alike are; float32 (rows, dimension), on the grid."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((max(1, rows // 50), dimension), dtype=np.float32)
    vectors = np.empty((rows, dimension), dtype=np.float32)
    for start in range(0, rows, 100_000):
        part = vectors[start : start + 100_000]
        drawn = centres[rng.integers(0, len(centres), len(part))]
        part[:] = drawn + 0.8 * rng.standard_normal(part.shape, dtype=np.float32)
        part /= np.linalg.norm(part, axis=1, keepdims=True)
        part[:] = to_grid(part)
    return vectors


def probes(vectors: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Half of them somebody in the gallery, seen again; half strangers. float32 (count, d), on the grid."""
    rng = np.random.default_rng(2)
    drawn = rng.standard_normal((count, vectors.shape[1]), dtype=np.float32) / np.sqrt(vectors.shape[1])
    mated = rng.integers(0, len(vectors), count // 2)
    drawn[: count // 2] = vectors[mated] + 0.5 * drawn[: count // 2]
    return to_grid(drawn / np.linalg.norm(drawn, axis=1, keepdims=True))


def interleaved(actions: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median milliseconds of each action, one of each in every round, after one that does not count."""
    taken: Timer = {name: [] for name in actions}
    for number in range(rounds + 1):
        for name, action in actions.items():
            begun = time.perf_counter()
            action()
            if number:
                taken[name].append((time.perf_counter() - begun) * 1e3)
    return {name: statistics.median(times) for name, times in taken.items()}


def once(action: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    begun = time.perf_counter()
    action()
    return (time.perf_counter() - begun) * 1e3


def exact_order(
    vectors: NDArray[np.float32], queries: NDArray[np.float32], hits: Sequence[SearchHits]
) -> int:
    """How many of the searches differ from fp64 in order, or in one bit of a score."""
    wide = queries.astype(np.float64).T
    blocks = [vectors[at : at + 65_536].astype(np.float64) @ wide for at in range(0, len(vectors), 65_536)]
    wrong = 0
    for scores, found in zip(np.concatenate(blocks).T, hits, strict=True):
        kth = np.partition(scores, -min(TOP, len(scores)))[-min(TOP, len(scores))]
        near = np.flatnonzero(scores >= kth)
        order = near[np.lexsort((near, -scores[near]))][:TOP]
        wrong += not (
            np.array_equal(found.ids, order + 1) and found.scores.tobytes() == scores[order].tobytes()
        )
    return wrong


def made(path: Path, dimension: int, tuning: Tuning) -> FlatIndex:
    """The index at a path, opened or made."""
    with suppress(FileExistsError):
        return FlatIndex.create(path, model="bench", dimension=dimension, epoch=EPOCH, tuning=tuning)
    return FlatIndex.open(path, model="bench", dimension=dimension, epoch=EPOCH, tuning=tuning)


def faiss_search(vectors: NDArray[np.float32]) -> Callable[[NDArray[np.float32]], object] | None:
    """A top-50 search by faiss IndexFlatIP in one thread; None where faiss is not installed."""
    try:
        import faiss
    except ImportError:
        return None
    faiss.omp_set_num_threads(1)
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    return lambda queries: index.search(queries, TOP)


def measure_search(report: Report, path: Path, vectors: NDArray[np.float32], batch: int, rounds: int) -> None:
    """One probe and a batch, in both arithmetics, beside faiss and a plain reading of the same bytes."""
    queries = probes(vectors, batch)
    int8 = made(path, report.dimension, Tuning())
    float32 = made(path, report.dimension, Tuning(arithmetic="float32"))
    peer = faiss_search(vectors)
    one = iter(np.resize(queries, (10_000, report.dimension)))
    single: dict[str, Callable[[], object]] = {
        "one probe, int8 scan": lambda: int8.search(next(one), TOP),
        "one probe, float32 scan": lambda: float32.search(next(one), TOP),
        "reading the float32 bytes": lambda: vectors.view(np.int64).max(),
    }
    many: dict[str, Callable[[], object]] = {
        f"{batch} probes, int8 scan": lambda: int8.search(queries, TOP),
        f"{batch} probes, float32 scan": lambda: float32.search(queries, TOP),
    }
    if peer is not None:
        single["one probe, faiss IndexFlatIP"] = lambda: peer(next(one)[None])
        many[f"{batch} probes, faiss IndexFlatIP"] = lambda: peer(queries)
    report.times |= interleaved(single, rounds)
    report.times |= interleaved(many, max(2, rounds // 8))
    some = queries[:: max(1, batch // CHECKED)]
    report.notes["searches compared with fp64"] = len(some)
    report.notes["searches that differ from it"] = exact_order(vectors, some, int8.search(some, TOP))
    add_ratios(report, batch)


def add_ratios(report: Report, batch: int) -> None:
    """Ours to faiss's, and to the time of reading the bytes that are scanned."""
    times, reading = report.times, report.times["reading the float32 bytes"]
    for scan, share in (("int8", 0.25), ("float32", 1.0)):
        for kind in ("one probe", f"{batch} probes"):
            peer = times.get(f"{kind}, faiss IndexFlatIP")
            if peer:
                report.ratios[f"{kind}, {scan} : faiss"] = times[f"{kind}, {scan} scan"] / peer
        report.ratios[f"one probe, {scan} : reading its bytes"] = times[f"one probe, {scan} scan"] / (
            reading * share
        )
    report.notes["memory read, GB/s"] = round(report.rows * report.dimension * 4 / reading / 1e6, 1)


def measure_changes(report: Report, path: Path, rounds: int) -> None:
    """Opening, enrolling one and purging one, each with its syncs; visibility to another open index."""
    rows = report.rows
    fresh = gallery(rounds + 1, report.dimension, seed=7)
    index, other = (made(path, report.dimension, Tuning()) for _ in range(2))
    seq = index.snapshot().seq
    opening = [once(lambda: made(path, report.dimension, Tuning()).snapshot()) for _ in range(rounds)]
    enrolling, purging = [], []
    for number in range(rounds):
        row = RowBatch(np.array([rows + 1 + number]), fresh[number : number + 1])
        enrolling.append(once(lambda row=row, number=number: index.add(row, seq=seq + 1 + number)))  # type: ignore[misc]
        assert other.search(fresh[number], 1, min_seq=seq + 1 + number)[0].ids[0] == rows + 1 + number
    seq += rounds
    for number in range(rounds):
        begun = time.perf_counter()
        receipt = index.purge([rows + 1 + number], seq=seq + 1 + number)
        purging.append((time.perf_counter() - begun) * 1e3)
        report.notes["purge read back from"] = receipt.read_back
        assert receipt.verified
        assert rows + 1 + number not in other.search(fresh[number], 5, min_seq=seq + 1 + number)[0].ids
    named = {"open": opening, "enrol one": enrolling, "purge one, read back": purging}
    report.times |= {name: statistics.median(times) for name, times in named.items()}
    with path.open("rb") as file:
        report.notes["purged vectors left in the file"] = left_in(file.read(), fresh[:rounds])


def left_in(content: bytes, vectors: NDArray[np.float32]) -> int:
    """How many of the vectors have their first 16 bytes somewhere in a file."""
    return sum(vector[:4].tobytes() in content for vector in vectors)


def measure_flat(rows: int, dimension: int, batch: int, rounds: int) -> Report:
    """Everything about one dimension, in a file that is removed again."""
    report = Report(rows, dimension)
    vectors = gallery(rows, dimension)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "gallery.flat"
        index = made(path, dimension, Tuning())
        everyone = RowBatch(np.arange(1, rows + 1), vectors)
        report.times["enrol all in one batch"] = once(lambda: index.add(everyone, seq=1))
        report.notes["file, bytes a row"] = round(path.stat().st_size / rows)
        measure_search(report, path, vectors, batch, rounds)
        measure_changes(report, path, rounds)
    return report


def measure_postgres(url: str, rows: int, dimension: int, rounds: int) -> Report:
    """The pgvector engine on the same gallery: one probe."""
    import psycopg

    from matching.index.pgvector import PgVectorIndex

    report, vectors = Report(rows, dimension), gallery(rows, dimension)
    queries = probes(vectors, 8)
    with psycopg.connect(url, autocommit=True) as connection, connection.transaction(force_rollback=True):
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        index = PgVectorIndex(
            connection, model="bench", dimension=dimension, epoch=EPOCH, name="bench"
        ).create()
        everyone = RowBatch(np.arange(1, rows + 1), vectors)
        report.times["pgvector: enrol all"] = once(lambda: index.add(everyone, seq=1))
        one = iter(np.resize(queries, (10_000, dimension)))
        report.times |= interleaved({"pgvector: one probe": lambda: index.search(next(one), TOP)}, rounds)
        found = index.search(queries, TOP)
    report.notes["pgvector: searches that differ from it"] = exact_order(vectors, queries, found)
    return report


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dimensions", type=int, nargs="+", default=[128, 256, 512])
    parser.add_argument("--batch", type=int, default=302, help="probes of one batch (the pilot's 302 stills)")
    parser.add_argument("--rounds", type=int, default=24)
    parser.add_argument("--postgres", metavar="URL", help="measure the pgvector engine there, too")
    parser.add_argument("--postgres-rows", type=int, default=100_000)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def main() -> None:
    """Measure, print, and write JSON if asked."""
    chosen = arguments()
    reports = []
    for dimension in chosen.dimensions:
        reports.append(measure_flat(chosen.rows, dimension, chosen.batch, chosen.rounds))
        print(*reports[-1].lines(), sep="\n", flush=True)  # noqa: T201
        if chosen.postgres:
            rows = min(chosen.rows, chosen.postgres_rows)
            reports.append(measure_postgres(chosen.postgres, rows, dimension, min(8, chosen.rounds)))
            print(*reports[-1].lines(), sep="\n", flush=True)  # noqa: T201
    if chosen.json:
        about = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "processor": platform.processor()}
        content = {**about, "cores": os.cpu_count(), "reports": [asdict(report) for report in reports]}
        chosen.json.parent.mkdir(parents=True, exist_ok=True)
        chosen.json.write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
