"""Files without a row: left behind when a process died between storing a file and committing its row."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.core.files.storage import Storage
from django.utils import timezone

from portal import storage
from portal.assurance.queries import kept_pictures
from portal.cases.models import Package
from portal.gallery.models import CustodyImage
from portal.questions.models import Document
from portal.submissions.models import PartialUpload, Still

YOUNG = timedelta(days=1)  # its row may still be on the way


def _keys(place: Storage) -> Iterator[str]:
    try:
        folders = place.listdir("")[0]
    except FileNotFoundError:
        return  # nothing was ever stored
    for folder in folders:
        for name in place.listdir(folder)[1]:
            yield f"{folder}/{name}"


def orphans(place: Storage, known: set[str]) -> list[str]:
    """Keys of a storage that no row names and that are older than a day."""
    before = timezone.now() - YOUNG
    return [key for key in _keys(place) if key not in known and _is_older(place, key, before)]


def _is_older(place: Storage, key: str, before: datetime) -> bool:
    try:
        return place.get_modified_time(key) < before
    except FileNotFoundError:
        return False  # erased, or renamed to its key, since it was listed


def sweep_orphans() -> int:
    """Delete them from every storage; how many there were."""
    stills = Still.objects.values_list("original_key", "copy_key")
    custody = CustodyImage.objects.values_list("original_key", "copy_key")
    documents = set(Document.objects.values_list("key", flat=True))
    arriving = PartialUpload.objects.values_list("parts", flat=True)
    wanted = (
        (storage.originals(), {original for original, _ in stills} | kept_pictures() | documents),
        (storage.stills(), {copy for _, copy in stills}),
        (storage.custody(), {key for pair in custody for key in pair}),
        (storage.uploads(), {key for parts in arriving for key in parts}),
        (storage.packages(), set(Package.objects.values_list("key", flat=True))),
    )
    gone = 0
    for place, known in wanted:
        for key in orphans(place, known):
            place.delete(key)
            gone += 1
    return gone
