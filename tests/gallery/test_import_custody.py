"""`manage.py import_custody`: good rows in, bad rows reported and none half-done, run again at will."""

import csv
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from portal import storage
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.gallery.models import CaseOutcome, CustodyImage, CustodySubject, Template
from portal.work import WorkState
from tests.cast import Cast, custody_picture, picture
from tests.work.race import at_once
from tests.working import WorkerProcess, wait_until

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
HEADER = (
    "path,reference,captured_on,review_on,case_outcome,name,born_on,age_at_capture,sex,ethnicity,pnc_id,"
    "cro_number"
)
GOOD = ("1.jpg", "NM/1", "2024-02-03", "2031-01-01")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with twelve sound pictures."""
    for number in range(1, 13):
        (tmp_path / f"{number}.jpg").write_bytes(picture(number))
    return tmp_path


def write(folder: Path, *rows: tuple[str, ...], header: str = HEADER, encoding: str = "utf-8") -> Path:
    """A manifest of these rows."""
    manifest = folder / "manifest.csv"
    with manifest.open("w", newline="", encoding=encoding) as file:
        writer = csv.writer(file)
        writer.writerow(header.split(","))
        writer.writerows(rows)
    return manifest


def run(manifest: Path, cast: Cast, **options: Any) -> str:
    """The command's output."""
    out = StringIO()
    call_command("import_custody", manifest, police=cast.force.name, stdout=out, **options)
    return out.getvalue()


def report(folder: Path) -> list[dict[str, str]]:
    """The report of bad rows."""
    path = folder / "manifest.errors.csv"
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def custody_files() -> set[str]:
    """Every file in the custody storage."""
    place = storage.custody()
    if not place.exists(""):
        return set()
    return {f"{folder}/{name}" for folder in place.listdir("")[0] for name in place.listdir(folder)[1]}


@contextmanager
def nothing_written() -> Iterator[None]:
    """Neither rows nor files nor log entries come or go."""

    def everything() -> tuple[object, ...]:
        counts = [model.objects.count() for model in (CustodyImage, CustodySubject, Entry)]
        return (*counts, custody_files())

    before = everything()
    yield
    assert everything() == before


def test_a_full_row(cast: Cast, folder: Path) -> None:
    rest = ("nfa", "Zoë Ångström", "1990-05-06", "33", "F", "W1", "12/345678A", "98765/12B")
    said = run(write(folder, (*GOOD, *rest)), cast)
    assert "1 of 1 rows: 1 imported, 0 already there, 0 left out" in said
    image = CustodyImage.objects.select_related("subject").get()
    assert (image.captured_on, image.review_on) == (date(2024, 2, 3), date(2031, 1, 1))
    assert (image.case_outcome, image.age_at_capture) == (CaseOutcome.NFA, 33)
    subject = image.subject
    assert (subject.force, subject.reference, subject.name) == (cast.force, "NM/1", "Zoë Ångström")
    assert (subject.born_on, subject.sex, subject.ethnicity) == (date(1990, 5, 6), "F", "W1")
    assert (subject.pnc_id, subject.cro_number) == ("12/345678A", "98765/12B")
    original = storage.read(storage.custody(), image.original_key)
    assert original == picture(1)
    assert hashlib.sha256(original).hexdigest() == image.original_sha256
    entry = Entry.objects.get(tag=Tag.CUSTODY_IMPORTED)
    assert (entry.subject_id, entry.actor) == (str(image.uid), "system:import_custody")
    assert "Ångström" not in str(entry.details)
    assert report(folder) == []


def test_four_columns_are_enough(cast: Cast, folder: Path) -> None:
    run(write(folder, GOOD, header="path,reference,captured_on,review_on"), cast)
    image = CustodyImage.objects.get()
    assert (image.case_outcome, image.age_at_capture, image.subject.name) == (CaseOutcome.UNKNOWN, None, "")


def test_a_byte_order_mark_and_more_columns(cast: Cast, folder: Path) -> None:
    header = "path,reference,captured_on,review_on,remark"
    run(write(folder, (*GOOD, "from Excel"), header=header, encoding="utf-8-sig"), cast)
    assert CustodyImage.objects.count() == 1


def test_several_images_of_one_person(cast: Cast, folder: Path) -> None:
    run(write(folder, GOOD, ("2.jpg", *GOOD[1:]), ("3.jpg", "NM/2", *GOOD[2:])), cast)
    assert sorted(s.images.count() for s in CustodySubject.objects.all()) == [1, 2]


# --- bad rows ---------------------------------------------------------------------------------------
def changed(**columns: str) -> tuple[str, ...]:
    """A good row but for these columns."""
    names = HEADER.split(",")
    values = dict.fromkeys(names, "") | dict(zip(names, GOOD, strict=False)) | columns
    return tuple(values.values())


BAD: dict[str, tuple[tuple[str, ...], str]] = {
    "no reference": (changed(reference=" "), "reference is empty"),
    "long reference": (changed(reference="N" * 61), "reference is longer than 60"),
    "NUL in the name": (changed(name="a\0b"), "name has characters"),
    "bell in the reference": (changed(reference="N\a1"), "reference has characters"),
    "right-to-left override": (changed(name="\u202egnp.exe"), "name has characters"),
    "long PNC ID": (changed(pnc_id="1" * 21), "pnc_id is longer"),
    "no review date": (changed(review_on=""), "review_on"),
    "no capture date": (changed(captured_on=""), "captured_on"),
    "a date that is none": (changed(review_on="2026-02-30"), "review_on '2026-02-30' is not a date"),
    "British date": (changed(captured_on="03/02/2024"), "is not a date like 2026-01-31"),
    "week date": (changed(captured_on="2024-W05-1"), "is not a date like 2026-01-31"),
    "birth date": (changed(born_on="last year"), "born_on"),
    "outcome": (changed(case_outcome="guilty"), "case_outcome 'guilty' is not one of charged"),
    "age in words": (changed(age_at_capture="forty"), "age_at_capture"),
    "negative age": (changed(age_at_capture="-1"), "age_at_capture"),
    "superscript age": (changed(age_at_capture="²"), "age_at_capture"),
    "age beyond its column": (changed(age_at_capture="99999"), "age_at_capture"),
    "no path": (changed(path=""), "cannot be read"),
    "no such file": (changed(path="none.jpg"), "cannot be read: FileNotFoundError"),
    "a folder": (changed(path="."), "cannot be read"),
    "outside": (changed(path="../outside.jpg"), "outside the manifest's folder"),
    "absolute": (changed(path="/etc/hostname"), "outside the manifest's folder"),
    "a link to outside": (changed(path="link.jpg"), "outside the manifest's folder"),
    "NUL in the path": (changed(path="1\0.jpg"), "cannot be read"),
    "long path": (changed(path="p" * 5000), "cannot be read"),
    "text": (changed(path="text.jpg"), ""),
    "half a picture": (changed(path="half.jpg"), ""),
    "nothing in it": (changed(path="empty.jpg"), ""),
    "too few columns": (("1.jpg", "NM/9"), "required"),
}


@pytest.fixture
def traps(folder: Path) -> Path:
    """The folder with files that no import may take."""
    (folder.parent / "outside.jpg").write_bytes(picture(99))
    (folder / "link.jpg").symlink_to(folder.parent / "outside.jpg")
    (folder / "text.jpg").write_text("this is no picture")
    (folder / "half.jpg").write_bytes(picture(5)[: len(picture(5)) // 2])
    (folder / "empty.jpg").write_bytes(b"")
    return folder


def test_every_kind_of_bad_row_is_reported_and_leaves_nothing(cast: Cast, traps: Path) -> None:
    manifest = write(traps, *(row for row, _ in BAD.values()))
    with nothing_written():
        said = run(manifest, cast)
    assert f"{len(BAD)} rows were left out" in said
    lines = report(traps)
    assert [line["line"] for line in lines] == [str(number) for number in range(2, len(BAD) + 2)]
    for line, (name, (row, why)) in zip(lines, BAD.items(), strict=True):
        assert why in line["reason"], name
        assert len(line["reason"]) > 10, name
        assert line["path"] == row[0].strip(), name


def test_good_rows_between_bad_ones(cast: Cast, traps: Path) -> None:
    bad = [row for row, _ in BAD.values()][:6]
    good = [changed(path=f"{number}.jpg", reference=f"NM/{number}") for number in range(1, 7)]
    run(write(traps, *(row for pair in zip(good, bad, strict=True) for row in pair)), cast)
    assert CustodyImage.objects.count() == 6
    assert [line["line"] for line in report(traps)] == ["3", "5", "7", "9", "11", "13"]
    assert len(custody_files() & keys_in_use()) == 12


def keys_in_use() -> set[str]:
    """The files that rows name."""
    return {key for pair in CustodyImage.objects.values_list("original_key", "copy_key") for key in pair}


def test_a_report_does_not_outlive_its_cause(cast: Cast, folder: Path) -> None:
    run(write(folder, changed(age_at_capture="old")), cast)
    assert len(report(folder)) == 1
    run(write(folder, changed(age_at_capture="33")), cast)
    assert report(folder) == []


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no column path, reference, captured_on, review_on"),
        (b"path,reference\n1.jpg,NM/1\n", "no column captured_on, review_on"),
        (b"\xff\xfep\0a\0t\0h\0", "cannot be read"),
        (b"path,reference,captured_on,review_on\n" + b"x" * 200_000, "cannot be read"),
    ],
)
def test_a_manifest_that_cannot_be_read(cast: Cast, tmp_path: Path, content: bytes, why: str) -> None:
    manifest = tmp_path / "manifest.csv"
    manifest.write_bytes(content)
    with nothing_written(), pytest.raises(CommandError, match=why):
        run(manifest, cast)


def test_no_manifest_and_no_such_force(cast: Cast, folder: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        run(folder / "none.csv", cast)
    manifest = write(folder, GOOD)
    for name in (None, "Nowhere Police", cast.retailer.name):
        with pytest.raises(CommandError, match="--force"):
            call_command("import_custody", manifest, police=name)


# --- again ------------------------------------------------------------------------------------------
def test_a_second_run_changes_nothing(cast: Cast, folder: Path) -> None:
    rows = [changed(path=f"{number}.jpg", reference=f"NM/{number}") for number in range(1, 6)]
    manifest = write(folder, *rows)
    run(manifest, cast)
    with nothing_written():
        assert "0 imported, 5 already there" in run(manifest, cast)


def test_the_same_bytes_twice_in_one_manifest(cast: Cast, folder: Path) -> None:
    (folder / "copy.jpg").write_bytes(picture(1))
    said = run(write(folder, GOOD, GOOD, ("copy.jpg", *GOOD[1:]), ("1.jpg", "NM/2", *GOOD[2:])), cast)
    assert "2 imported, 2 already there" in said
    assert len(custody_files() & keys_in_use()) == 4


def test_two_imports_of_one_manifest_at_once(cast: Cast, folder: Path) -> None:
    rows = [changed(path=f"{number}.jpg", reference=f"NM/{number}") for number in range(1, 9)]
    manifest, before = write(folder, *rows), custody_files()
    outcomes: list[Callable[[], str]] = [
        lambda number=number: run(manifest, cast, errors=folder / f"{number}.csv")  # type: ignore[misc]
        for number in (1, 2)
    ]
    said = at_once(outcomes)
    assert all(isinstance(one, str) for one in said), said
    assert CustodyImage.objects.count() == 8
    assert custody_files() - before == keys_in_use()
    assert Entry.objects.filter(tag=Tag.CUSTODY_IMPORTED).count() == 8


def test_an_erased_image_does_not_come_back_with_the_next_import(cast: Cast, folder: Path) -> None:
    from portal.retention.actions import erase_custody_image

    manifest = write(folder, GOOD)
    run(manifest, cast)
    erase_custody_image(CustodyImage.objects.get(), by=cast.gallery_manager, reason="asked")
    with nothing_written():
        assert "0 imported, 1 already there" in run(manifest, cast)


# --- through a worker -------------------------------------------------------------------------------
def test_a_worker_enrols_what_was_imported(cast: Cast, folder: Path, worker: WorkerProcess) -> None:
    (folder / "face.jpg").write_bytes(custody_picture(3))
    run(write(folder, changed(path="face.jpg"), changed(path="2.jpg", reference="NM/2")), cast)
    settled = CustodyImage.objects.filter(work_state__in=(WorkState.DONE, WorkState.REFUSED))
    wait_until(lambda: settled.count() == 2, what="enrolment")
    face = CustodyImage.objects.get(subject__reference="NM/1")
    noise = CustodyImage.objects.get(subject__reference="NM/2")
    assert face.work_state == WorkState.DONE
    assert Template.objects.get().image_id == face.pk
    assert (noise.work_state, noise.work_error) == (WorkState.REFUSED, "no face was found in this image")
    assert face.box is not None
    assert face.box["w"] > 30
    assert "still to be enrolled" not in run(folder / "manifest.csv", cast, wait=True)
