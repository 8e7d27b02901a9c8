"""Who is searched for and who is in the gallery: from CSV files, or synthetic people made once and kept."""

import csv
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from matching.synthetic import write_dataset

# The pilot this models: 302 stills; a third of the offenders are not in the gallery.
STILLS, GALLERY, UNMATED = 302, 1000, 101
SEED = 7
PROBES = ("probe", "nonmated")

Say = Callable[[str], None]


class BadCsv(Exception):
    """The CSV cannot be used; the message says why."""


@dataclass(frozen=True)
class Picture:
    """One row: the picture's path below `folder`, whose face it is, and its role."""

    folder: Path
    path: str
    identity: str
    role: str

    def content(self) -> bytes:
        """The file's bytes."""
        return (self.folder / self.path).read_bytes()


def read(path: Path, roles: tuple[str, ...]) -> Iterator[Picture]:
    """Rows of these roles; BadCsv for a missing column or picture."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        missing = {"path", "identity", "source", "role"} - set(reader.fieldnames or ())
        if missing:
            raise BadCsv(f"{path} has no column {', '.join(sorted(missing))}")
        for row in reader:
            if row["role"] in roles:
                yield _located(path.parent, row)


def _located(folder: Path, row: dict[str, str]) -> Picture:
    for place in (folder, folder / "images"):
        if (place / row["path"]).is_file():
            return Picture(place, row["path"], row["identity"], row["role"])
    raise BadCsv(f"{row['path']} is neither in {folder} nor in its images folder")


def synthetic(cache: Path, say: Say) -> Path:
    """The manifest of the synthetic pilot, drawn once (same bytes on every machine) and kept in `cache`."""
    folder = cache / f"pilot-people-{STILLS}-{GALLERY}-{SEED}"
    if not (folder / "manifest.csv").exists():
        say(f"Drawing {GALLERY} custody images and {STILLS} stills of people who do not exist, once …")
        making = folder.with_name(f"{folder.name}.{os.getpid()}")
        write_dataset(
            making, GALLERY, 1, SEED, mated=STILLS - UNMATED, unmated=UNMATED, workers=os.cpu_count() or 1
        )
        shutil.rmtree(folder, ignore_errors=True)
        making.rename(folder)
    return folder / "manifest.csv"
