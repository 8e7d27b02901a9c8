"""Draws the demo's pictures on several cores, in order, a few ahead of their use."""

import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TypeVar

import cv2

from matching.synthetic import cctv_still, custody_image, person
from portal.embedded.leash import die_with_parent

JPEG_QUALITY = 92


@dataclass(frozen=True)
class Custody:
    """A custody view of the person `seed`."""

    seed: int


@dataclass(frozen=True)
class Still:
    """A CCTV view of the person `seed`; `view` decides the scene."""

    seed: int
    view: int


@dataclass(frozen=True)
class Description:
    """What a record would say of the person."""

    age: int
    sex: str


Job = TypeVar("Job", Custody, Still)


def description(seed: int) -> Description:
    """Age in years at a custody view, and sex as recorded."""
    who = person(seed)
    return Description(int(who.age), "Female" if who.female else "Male")


def drawn(jobs: Sequence[Job]) -> Iterator[tuple[Job, bytes]]:
    """Each job with its JPEG, in order. Leaving the loop early ends the drawing."""
    if not jobs:
        return
    cores = min(len(jobs), os.cpu_count() or 1, 8)
    pool = ProcessPoolExecutor(cores, get_context("spawn"), initializer=_set_up)
    try:
        yield from zip(jobs, pool.map(_draw, jobs), strict=True)
    finally:
        pool.shutdown(cancel_futures=True)


def _set_up() -> None:
    # Ctrl-C reaches the whole terminal group: the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent(signal.SIGKILL)
    cv2.setNumThreads(1)


def _draw(job: Custody | Still) -> bytes:
    who = person(job.seed)
    pixels = custody_image(who) if isinstance(job, Custody) else cctv_still(who, job.view)[0]
    encoded, data = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not encoded:
        raise ValueError("OpenCV could not encode a picture it drew")
    return bytes(data.tobytes())
