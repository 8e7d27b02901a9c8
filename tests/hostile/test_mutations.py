"""Seeded mutations of sound files: none is the end of the decoder, and the process that asks stays small."""

import os
import random

import pytest

from matching.decoding import SENTENCES, normalise
from matching.errors import RejectedImage
from tests.hostile.files import hostile_files, opened, saved, telling_exif
from tests.hostile.memory import MIB, decoders_of, forget_peak, peak
from tests.working import wait_until

MUTATIONS = 240


def sound_files() -> list[bytes]:
    """One of each way in which the three formats are written."""
    image = opened().resize((160, 120))
    return [
        saved(image, "JPEG", quality=80),
        saved(image, "JPEG", progressive=True, exif=telling_exif()),
        saved(image.convert("CMYK"), "JPEG"),
        saved(image.convert("L"), "JPEG", restart_marker_rows=2),
        saved(image, "PNG"),
        saved(image.convert("P"), "PNG", transparency=3),
        saved(image.convert("RGBA"), "PNG"),
        saved(image, "WEBP", lossless=True),
        saved(image.convert("RGBA"), "WEBP", quality=60),
    ]


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Bytes changed, cut out, doubled, or the end cut off."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 20)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    start, length = rng.randrange(len(changed)), rng.randrange(1, 200)
    match rng.randrange(4):
        case 0:
            del changed[start : start + length]
        case 1:
            changed[start:start] = changed[start : start + length]
        case 2:
            del changed[max(start, 20) :]
    return bytes(changed)


def outcome(data: bytes) -> str:
    """ "taken", or the code of the refusal."""
    try:
        return "taken" if normalise(data).jpeg.startswith(b"\xff\xd8\xff") else "nonsense"
    except RejectedImage as error:
        return error.code


def test_no_mutation_ends_the_decoder() -> None:
    normalise(saved(opened(), "JPEG"))
    (zygote,) = decoders_of(os.getpid())
    rng, files = random.Random(20261122), sound_files()
    outcomes = [outcome(mutated(rng.choice(files), rng)) for _ in range(MUTATIONS)]
    assert {"taken", "damaged"} <= set(outcomes) <= {"taken", *SENTENCES}
    # Never replaced, and no fork is left behind (the last one has answered, but may still be ending).
    wait_until(lambda: decoders_of(os.getpid()) == [zygote], what="the end of the forks")
    assert normalise(saved(opened(), "JPEG")).width == opened().width


@pytest.mark.parametrize("name", ["webp-bomb", "png-bomb", "png-large-and-flat", "png-text-bomb", "gif-bomb"])
def test_the_process_that_asks_stays_small(name: str) -> None:
    """What is not ours is unpacked elsewhere: 127 MB for the flat picture, gigabytes for the bombs."""
    content = hostile_files()[name].content
    outcome(saved(opened(), "JPEG"))
    before = forget_peak(os.getpid())
    outcome(content)
    assert peak(os.getpid()) - before < 40 * MIB
