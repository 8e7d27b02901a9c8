"""A folder as a loss-prevention user has one: 30 offenders, 40 stills, and what does not belong there."""

import csv
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from tests.cast import face_picture, picture

OFFENDERS = 30
SECOND_STILLS = 10  # of the first ten offenders
POOR = (11, 12, 13, 14, 15)
CROWDED = (16, 17)
FACELESS = 18
NO_IMAGE = "receipt.jpg"
COPIES = ("z_offender03_a.jpg", "z_offender20_a.jpg")


@dataclass
class Folder:
    """The files, and which stills are of which offender."""

    files: list[Path] = field(default_factory=list)
    stills: dict[int, list[str]] = field(default_factory=dict)


def make_folder(where: Path) -> Folder:
    """43 files: 40 stills (5 poor, 2 with several faces, 1 with none), 1 that is no image, 2 duplicates."""
    folder = Folder()
    for number in range(1, OFFENDERS + 1):
        contents = {f"offender{number:02}_a.jpg": _first(number)}
        if number <= SECOND_STILLS:
            contents[f"offender{number:02}_b.jpg"] = face_picture(number, 1, face_px=90)
        folder.stills[number] = list(contents)
        for name, content in contents.items():
            (where / name).write_bytes(content)
    (where / NO_IMAGE).write_bytes(b"%PDF-1.4 a till receipt")
    for copy in COPIES:
        (where / copy).write_bytes((where / copy.removeprefix("z_")).read_bytes())
    folder.files = sorted(where.iterdir())
    return folder


def _first(number: int) -> bytes:
    if number in POOR:
        return face_picture(number, face_px=22)
    if number in CROWDED:
        return _beside(face_picture(number, face_px=90), face_picture(number + 50, face_px=80))
    if number == FACELESS:
        return picture(number, width=640, height=480)
    return face_picture(number, face_px=90)


def _beside(left: bytes, right: bytes) -> bytes:
    halves = [np.asarray(Image.open(BytesIO(content)).convert("RGB")) for content in (left, right)]
    height = min(half.shape[0] for half in halves)
    out = BytesIO()
    Image.fromarray(np.concatenate([half[:height] for half in halves], axis=1)).save(out, "JPEG", quality=92)
    return out.getvalue()


def fill_table(template: Path, folder: Folder, store: str) -> Path:
    """The downloaded template with a row for every offender: store, time, offence, goods, value, stills."""
    with template.open(newline="", encoding="utf-8-sig") as file:
        headings = next(csv.reader(file))
    wanted = {"Store": store, "Offence": "Theft from shop", "Goods": "spirits", "Value (£)": "120"}
    filled = template.with_name("offenders.csv")
    with filled.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, headings)
        writer.writeheader()
        for number, names in folder.stills.items():
            moment = f"{1 + number % 20:02}/11/2026 14:{number:02}"
            row = {**wanted, "Start of the incident": moment, "Stills (file names)": "; ".join(names)}
            writer.writerow({name: row.get(name, "") for name in headings})
    return filled
