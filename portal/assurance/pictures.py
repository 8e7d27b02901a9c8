"""The pictures of a check: a CCTV still and a custody view of one person, as cameras send them."""

import csv
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from django.utils.crypto import salted_hmac

from matching.synthetic import cctv_still, custody_image, person
from portal.assurance.cover import Subject
from portal.assurance.models import Check
from portal.assurance.states import Origin

JPEG_QUALITY = 92
SEEDS = 1_000_000_000  # synthetic people of checks begin here: no demo or data set has them
VIEWS = 1_000_000
NEARER = (80.0, 130.0)  # pixels across the face, of an answer to "a better still, please"
Usable = Callable[[np.ndarray], bool]


class BadPeople(Exception):
    """The list of consented people cannot be used; the message says why."""


def synthetic_subjects(
    count: int, *, present: Callable[[], bool], usable: Usable | None
) -> Iterator[Subject]:
    """People who do not exist, drawn anew each time; stills that `usable` refuses are drawn again."""
    made = 0
    while made < count:
        seed = SEEDS + secrets.randbelow(SEEDS)
        who = person(seed)
        pixels, _ = cctv_still(who, secrets.randbelow(VIEWS))
        if usable and not usable(pixels):
            continue
        made += 1
        custody = _jpeg(custody_image(who)) if present() else None
        sex = "Female" if who.female else "Male"
        yield Subject(Origin.SYNTHETIC, str(seed), _jpeg(pixels), custody, int(who.age), sex)


def another_still(check: Check, seed: str) -> bytes | None:
    """Another CCTV still (JPEG) of a made-up person, nearer to the camera; the same for the same seed.

    None of a person who consented: they gave what they gave.
    """
    if check.origin != Origin.SYNTHETIC:
        return None
    digest = salted_hmac("portal.assurance.pictures", seed, algorithm="sha256").digest()
    draw = np.random.default_rng(int.from_bytes(digest))
    pixels, _ = cctv_still(
        person(int(check.person)), int(draw.integers(VIEWS)), face_px=draw.uniform(*NEARER)
    )
    return _jpeg(pixels)


def _jpeg(pixels: np.ndarray) -> bytes:
    done, data = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise ValueError("a drawn picture could not be encoded")
    return bytes(data.tobytes())


def consented_subjects(manifest: Path, count: int) -> Iterator[Subject]:
    """People who consented, from a manifest in the evaluation sets' form (path, identity, role; age, sex).

    A person with role "gallery" and role "probe" is a target present, one with "nonmated" alone is absent.
    BadPeople where a column or a file is missing.
    """
    rows = _rows(manifest)
    gallery = {row["identity"]: row for row in rows if row["role"] == "gallery"}
    stills = [row for row in rows if row["role"] in ("probe", "nonmated")]
    secrets.SystemRandom().shuffle(stills)
    for row in stills[:count]:
        custody = gallery.get(row["identity"])
        age = row.get("age") or ""
        yield Subject(
            Origin.CONSENTED,
            row["identity"][:60],
            _read(manifest, row["path"]),
            _read(manifest, custody["path"]) if custody else None,
            int(age) if age.isascii() and age.isdigit() else None,
            row.get("sex") or "",
        )


def _rows(manifest: Path) -> list[dict[str, str]]:
    try:
        with manifest.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            missing = [name for name in ("path", "identity", "role") if name not in (reader.fieldnames or ())]
            if missing:
                raise BadPeople(f"{manifest.name} has no column {', '.join(missing)}")
            return list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadPeople(f"{manifest} cannot be read: {error}") from error


def _read(manifest: Path, name: str) -> bytes:
    folder = manifest.parent.resolve()
    path = (folder / name).resolve()
    if not path.is_relative_to(folder):
        raise BadPeople(f"{name} lies outside the manifest's folder")
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadPeople(f"{name} cannot be read: {error.__class__.__name__}") from error
