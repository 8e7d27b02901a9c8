"""Images a second and core through the whole enrolment, beside the bare networks on chips that are ready.

    ./run bench-enrolment                                      200 synthetic custody images
    IMAGES=300 GALLERY=CSV ./run bench-enrolment               of an evaluation set's gallery rows

Image by image in one process, both in turn, so that other work on the machine weighs on both alike: read
the times as ratios. The whole path is what `import_custody` and a worker do: decoded and re-encoded in the
bounded child, files and rows and log written, message sent; claimed, decoded, face found, measured and
aligned, every view embedded, encrypted, committed. One thing runs at a time, so a second on the clock is a
second of one core (PostgreSQL's and the decoding child's included).
"""

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path
from statistics import median

import numpy as np
import pytest
from django.utils import timezone
from numpy.typing import NDArray

from matching.alignment import softened
from matching.decoding import decode_normalised, normalise
from matching.dlib_network import DlibNetwork
from matching.engine import DEFAULT_MODEL, Face
from matching.evaluation import read_rows
from matching.sface_network import SFaceNetwork
from portal import storage
from portal.audit.log import SystemActor
from portal.gallery.actions import CustodyRecord, add_custody_image
from portal.gallery.models import CustodyImage, Template
from portal.gallery.serving import engine
from portal.gallery.tasks import enrol_custody_image
from tests.cast import Cast, custody_picture

WARM_UP = 2  # images that load what is loaded once
Chips = list[NDArray[np.uint8]]
Milliseconds = dict[str, float]


def pictures(count: int, gallery: str | None) -> Iterator[bytes]:
    """So many files of custody images."""
    if gallery:
        yield from (row.path.read_bytes() for row in islice(read_rows(Path(gallery), {"gallery"}), count))
    else:
        yield from (custody_picture(seed) for seed in range(count))


def took(act: Callable[[], object]) -> float:
    """Milliseconds by the clock."""
    begun = time.perf_counter()
    act()
    return 1000 * (time.perf_counter() - begun)


def taken_in(cast: Cast, number: int, content: bytes) -> CustodyImage:
    """What an import does with a row."""
    today = timezone.localdate()
    about = CustodyRecord(f"NM/{number}", today - timedelta(days=9), today + timedelta(days=99))
    digest, actor = hashlib.sha256(content).hexdigest(), SystemActor("bench")
    return add_custody_image(cast.force, about, content, digest, normalise(content), by=actor)[0]


def views(face: Face) -> tuple[Chips, Chips]:
    """What dlib's and SFace's networks see of a face in the default model."""
    both = [face.chip] if face.second_chip is None else [face.chip, face.second_chip]
    dlib, sface = [*both, softened(face.chip)], [face.chip, softened(face.chip)]
    return tuple([view for chip in chips for view in (chip, chip[:, ::-1])] for chips in (dlib, sface))  # type: ignore[return-value]


def measured(cast: Cast, contents: Iterable[bytes]) -> Iterator[Milliseconds]:
    """Each image whose face is found: the whole path's parts, and the networks alone."""
    dlib, sface = DlibNetwork(), SFaceNetwork()
    for number, content in enumerate(contents):
        row: list[CustodyImage] = []
        accepted = took(lambda: row.append(taken_in(cast, number, content)))  # noqa: B023  (called here)
        enrolled = took(lambda: enrol_custody_image(image_id=row[0].pk))  # noqa: B023
        faces = engine().find_faces(decode_normalised(storage.read(storage.custody(), row[0].copy_key)))
        if faces:
            for_dlib, for_sface = views(faces[0])
            yield {
                "taken in": accepted,
                "enrolled": enrolled,
                "all views": took(lambda: (dlib.embed(for_dlib), sface.embed(for_sface))),  # noqa: B023
                "one view": took(lambda: (dlib.embed(for_dlib[:1]), sface.embed(for_sface[:1]))),  # noqa: B023
            }


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_images_a_second_and_core(cast: Cast, redis_server: object) -> None:
    count = int(os.environ.get("IMAGES", "200"))
    assert engine().info.model == DEFAULT_MODEL
    rows = list(measured(cast, pictures(count + WARM_UP, os.environ.get("GALLERY"))))
    assert Template.objects.count() == len(rows)
    found = rows[WARM_UP:]
    print(f"\n{len(found)} faces of {count + WARM_UP} images, the first {WARM_UP} not counted; ms, medians")
    for name in found[0]:
        print(f"  {name:<10}{median(one[name] for one in found):8.1f}")
    whole = median(one["taken in"] + one["enrolled"] for one in found)
    for name in ("all views", "one view"):
        alone = median(one[name] for one in found)
        print(
            f"images a second and core: whole enrolment {1000 / whole:.1f}, "
            f"networks alone on {name} {1000 / alone:.1f}; ratio {alone / whole:.2f}"
        )
