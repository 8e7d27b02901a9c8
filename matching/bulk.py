"""Many pictures through an engine: the same faces again for another model, in as many processes as wanted."""

import multiprocessing
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.decoding import decode_normalised
from matching.engine import EngineSettings, Face, FaceEngine, load_engine
from matching.geometry import Box

_AHEAD = 4  # chunks in hand per process, so that a gallery is never read into memory


@dataclass(frozen=True)
class Known:
    """A picture of ours (normalised JPEG) whose face is known: `key` is the caller's."""

    key: int
    jpeg: bytes
    box: Box


@dataclass(frozen=True)
class Embedded:
    """A unit vector, float32 (d,), and the face it was made from; or why there is none."""

    key: int
    face: Face | None
    vector: NDArray[np.float32] | None
    error: str = ""


def embed_known(
    items: Iterable[Known], settings: EngineSettings, *, processes: int = 1
) -> Iterator[Embedded]:
    """In order. Raises what load_engine raises; a picture that cannot be embedded is told, not raised."""
    if processes <= 1:
        engine = load_engine(settings)
        yield from (_embed(engine, one) for one in items)
        return
    # Fresh processes, not forks: native libraries with threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, initializer=_start, initargs=(settings,)) as pool:
        waiting = []
        for one in items:
            waiting.append(pool.submit(_embed_here, one))
            if len(waiting) >= processes * _AHEAD:
                yield waiting.pop(0).result()
        yield from (one.result() for one in waiting)


_process: dict[str, FaceEngine] = {}


def _start(settings: EngineSettings) -> None:
    _process["engine"] = load_engine(settings)


def _embed_here(one: Known) -> Embedded:
    return _embed(_process["engine"], one)


def _embed(engine: FaceEngine, one: Known) -> Embedded:
    try:
        face = engine.find_faces(decode_normalised(one.jpeg), region=one.box)[0]
        return Embedded(one.key, face, engine.embed([face])[0])
    except Exception as error:  # noqa: BLE001  # one bad picture must not end a night's work
        return Embedded(one.key, None, None, f"{type(error).__name__}: {error}")
