"""How good a face is, in a shop's words, with one thing that can be done about it.

The measures are those of matching.quality (ISO/IEC 29794-5 names). 80 pixels of face width is where the
aligned chip is no longer enlarged (about 40 pixels between the eyes, see matching.quality.sharpness). The
other limits are where the worst twentieth of 160 photographs with real faces begins, or beyond.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from portal.searches.strength import Chances, chance_in_words

SMALL_PX, TINY_PX = 80, 40
TURNED_DEGREES, NODDING_DEGREES = 45, 25
BLURRED = 35
DARK_SHARE = BRIGHT_SHARE = 0.25
EVEN_LIGHT = 0.45
BLOCKY = 0.5
NOT_MEASURED = Chances()


@dataclass(frozen=True)
class Advice:
    """`summary` says what was found, `action` the one thing that would help most (empty: nothing needed),
    `chance` what was measured for stills of this quality (empty: nothing was).
    """

    tone: str
    summary: str
    action: str = ""
    chance: str = ""


@dataclass(frozen=True)
class Flaw:
    """One thing wrong with a face: how bad (1 is just noticeable), what to say, what to do."""

    weight: float
    words: str
    action: str


def advise(quality: Mapping[str, float], chances: Chances = NOT_MEASURED) -> Advice:
    """One sentence on a face, one piece of advice (the worst flaw decides), and the measured chance."""
    measured = chances.of(quality)
    return replace(_advice(quality), chance=chance_in_words(measured) if measured else "")


def _advice(quality: Mapping[str, float]) -> Advice:
    width = round(quality.get("face_width", 0))
    flaws = sorted(_flaws(quality), key=lambda flaw: flaw.weight, reverse=True)
    if not flaws:
        return Advice("good", f"Face is {width} pixels wide, clear and turned to the camera.")
    words = " and ".join(flaw.words for flaw in flaws[:2])
    tone = "bad" if flaws[0].weight >= 2 else "warn"
    return Advice(tone, f"Face is {width} pixels wide, {words}.", flaws[0].action)


def _flaws(quality: Mapping[str, float]) -> list[Flaw]:
    found = (_size(quality), _turn(quality), _nod(quality), _blur(quality), _light(quality), _blocks(quality))
    return [flaw for flaw in found if flaw is not None]


def _size(quality: Mapping[str, float]) -> Flaw | None:
    width = quality.get("face_width", 0)
    if width >= SMALL_PX:
        return None
    words = "very small" if width < TINY_PX else "small"
    action = "A frame from a nearer camera, such as the till or the door, would help most."
    return Flaw(2 * TINY_PX / max(width, 1), words, action)


def _turn(quality: Mapping[str, float]) -> Flaw | None:
    yaw = abs(quality.get("yaw", 0))
    action = "A frame in which the person looks towards the camera would help most."
    return Flaw(yaw / TURNED_DEGREES, "turned away", action) if yaw > TURNED_DEGREES else None


def _nod(quality: Mapping[str, float]) -> Flaw | None:
    pitch = abs(quality.get("pitch", 0))
    action = "A frame from a camera at head height, such as a self-checkout, would help most."
    return (
        Flaw(pitch / NODDING_DEGREES, "seen from above or below", action) if pitch > NODDING_DEGREES else None
    )


def _blur(quality: Mapping[str, float]) -> Flaw | None:
    sharpness = quality.get("sharpness", 100)
    action = "Step through the footage for a frame in which the person stands still."
    return Flaw(BLURRED / max(sharpness, 1), "blurred", action) if sharpness < BLURRED else None


def _light(quality: Mapping[str, float]) -> Flaw | None:
    dark, bright = quality.get("under_exposure", 0), quality.get("over_exposure", 0)
    even = quality.get("illumination_uniformity", 1)
    if dark > DARK_SHARE:
        return Flaw(dark / DARK_SHARE, "too dark", "A frame in better light would help most.")
    if bright > BRIGHT_SHARE:
        return Flaw(bright / BRIGHT_SHARE, "too bright", "A frame without glare on the face would help most.")
    if even < EVEN_LIGHT:
        return Flaw(
            EVEN_LIGHT / max(even, 0.05), "half in shadow", "A frame with even light would help most."
        )
    return None


def _blocks(quality: Mapping[str, float]) -> Flaw | None:
    blocky = quality.get("compression", 0)
    action = "Export the frame from the recorder at its best quality, not from a messaging app."
    return Flaw(blocky / BLOCKY, "coarsely compressed", action) if blocky > BLOCKY else None
