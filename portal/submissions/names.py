"""What file names say: their order as people count, and which belong together."""

import re

# What stands behind a person's own number: "_b", "-2", " (3)", or a letter right behind a digit.
COUNTER = re.compile(r"(.*\d.*?)(?:[ _.-]+\(?(?:\d{1,2}|[a-z])\)?|\(\d{1,2}\)|(?<=\d)[a-z])")
DIGITS = re.compile(r"(\d+)")


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sorts offender2.jpg before offender10.jpg."""
    parts = DIGITS.split(name.casefold())
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part)


def group_of(name: str) -> str:
    """The part that offender07_a.jpg and offender07_b.jpg share; empty where the name has no number.

    A name without a number of its own (img_1, img_2) only counts pictures, it does not tell people apart.
    """
    stem = name.rsplit(".", 1)[0].strip().casefold()
    found = COUNTER.fullmatch(stem)
    base = found[1] if found else stem
    return base if DIGITS.search(base) else ""
