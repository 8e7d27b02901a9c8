"""The index follows the database: what has committed counts in the next search of every process."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from matching.index import FlatIndex
from portal.audit.log import SystemActor
from portal.gallery.actions import request_deletion
from portal.gallery.models import CustodyImage, Event, Template
from portal.retention.actions import erase_custody_image
from portal.vault import VaultError
from tests.cast import ENGINE, Cast, make_custody_image, make_gallery, unit_vector
from tests.gallery.asking import ask, found, our_index, template_of, vector_bytes
from tests.gallery.neighbour import Neighbour

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
ERASER = SystemActor("test")


@pytest.fixture
def neighbour(service_env: dict[str, str]) -> Iterator[Neighbour]:
    """Another process."""
    with Neighbour(service_env) as process:
        yield process


# --- following ------------------------------------------------------------------------------------
def test_an_enrolment_counts_at_once_everywhere_and_not_before(cast: Cast, neighbour: Neighbour) -> None:
    make_gallery(cast.force, 3)
    assert len(neighbour.search(cast.force.pk, 4)) == 3
    for number in (4, 5, 6):
        with transaction.atomic():
            image = make_custody_image(cast.force, number)
            assert template_of(image) not in dict(neighbour.search(cast.force.pk, number))
        first, score = neighbour.search(cast.force.pk, number)[0]
        assert first == template_of(image)
        assert score == pytest.approx(1.0, abs=1e-6)
    assert neighbour.search(cast.force.pk, 2) == found(cast.force, 2)


def ask_for_deletion(image: CustodyImage, cast: Cast) -> None:
    request_deletion(image, by=cast.gallery_manager, reason="acquitted")


def erase(image: CustodyImage, cast: Cast) -> None:
    erase_custody_image(image, by=cast.gallery_manager, reason="acquitted")


def let_review_pass(image: CustodyImage, cast: Cast) -> None:
    yesterday = timezone.localdate() - timedelta(days=1)
    CustodyImage.objects.filter(pk=image.pk).update(review_on=yesterday)


@pytest.mark.parametrize("go", [ask_for_deletion, erase, let_review_pass])
def test_what_may_not_be_searched_is_gone_at_once_everywhere(
    cast: Cast, neighbour: Neighbour, go: Callable[[CustodyImage, Cast], None]
) -> None:
    images = make_gallery(cast.force, 4)
    gone = template_of(images[1])
    assert neighbour.search(cast.force.pk, 2)[0][0] == gone
    go(images[1], cast)
    for answer in (neighbour.search(cast.force.pk, 2), found(cast.force, 2)):
        assert gone not in dict(answer)
        assert len(answer) == 3


def test_a_review_date_passes_at_midnight_in_london(cast: Cast) -> None:
    image = make_custody_image(cast.force, 1)
    last_day = image.review_on
    for moment, size in ((f"{last_day}T22:59:00Z", 1), (f"{last_day + timedelta(days=1)}T00:01:00Z", 0)):
        with time_machine.travel(moment, tick=False):
            assert len(found(cast.force, 1)) == size, moment


def test_a_list_is_not_shortened_by_those_left_out(cast: Cast) -> None:
    images = make_gallery(cast.force, 12)
    for image in images[:6]:
        ask_for_deletion(image, cast)
    assert len(found(cast.force, 1, length=6)) == 6


def test_only_the_forces_own_gallery_is_searched(cast: Cast) -> None:
    ours, theirs = make_custody_image(cast.force, 1), make_custody_image(cast.other_force, 2, person=1)
    assert [pk for pk, _ in found(cast.force, 1)] == [template_of(ours)]
    assert [pk for pk, _ in found(cast.other_force, 1)] == [template_of(theirs)]


def test_another_version_of_the_model_is_never_compared(cast: Cast) -> None:
    images = make_gallery(cast.force, 3)
    Template.objects.filter(image=images[0]).update(model_version="older")
    answer = ask(cast.force, 1)
    assert [one.image_id for one in answer.listed if one.image_id == images[0].pk] == []
    assert answer.excluded == [template_of(images[0])]


def test_two_processes_catch_up_at_once(cast: Cast, service_env: dict[str, str]) -> None:
    with Neighbour(service_env) as one, Neighbour(service_env) as other:
        for process in (one, other):
            process.search(cast.force.pk, 1)
        for round_ in range(3):
            images = [make_custody_image(cast.force, round_ * 20 + number) for number in range(1, 21)]
            erase_rows(images[:5])
            for process in (one, other):
                process.ask(cast.force.pk, round_)
            here = found(cast.force, round_)
            assert here == one.answer() == other.answer()
            assert len(here) == min(20, 15 * (round_ + 1))
    verified = our_index().verify()
    assert verified.agrees, verified


def erase_rows(images: list[CustodyImage]) -> None:
    """Erase in the database only, as another host would: this host's index has yet to follow."""
    from portal.gallery.actions import purge_templates

    with transaction.atomic():
        CustodyImage.objects.filter(pk__in=[image.pk for image in images]).update(erased_at=timezone.now())
        purge_templates(images)


# --- a file that is not what it should be -----------------------------------------------------------
def remove(path: Path) -> None:
    path.unlink()


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:1000])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def scribble(path: Path) -> None:
    path.write_bytes(b"\xa5" * path.stat().st_size)


def put_foreign(path: Path) -> None:
    path.unlink()
    foreign = FlatIndex.create(path, model=ENGINE.model, dimension=ENGINE.dimension, epoch=uuid4())
    foreign.advance(seq=1000)


def flip_a_bit_of_a_vector(path: Path) -> None:
    content, vector = bytearray(path.read_bytes()), vector_bytes(2)
    place = content.index(vector)
    content[place + 2] ^= 0x10
    path.write_bytes(bytes(content))


DAMAGE = [remove, truncate, empty, scribble, put_foreign, flip_a_bit_of_a_vector]


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_index_is_made_anew_and_brings_nobody_back(
    cast: Cast, neighbour: Neighbour, damage: Callable[[Path], None]
) -> None:
    images = make_gallery(cast.force, 5)
    before_erasure = our_index().flat.path
    erased = template_of(images[4])
    erase(images[4], cast)
    expected = neighbour.search(cast.force.pk, 2)
    assert len(expected) == 4
    damage(before_erasure)
    assert found(cast.force, 2) == expected
    assert neighbour.search(cast.force.pk, 2) == expected
    assert vector_bytes(5) not in our_index().flat.path.read_bytes()
    assert erased not in dict(found(cast.force, 5))
    assert our_index().verify().agrees


def test_an_index_from_before_a_restored_backup_is_made_anew(cast: Cast) -> None:
    """The database went back in time; ids the index knows are given to other people."""
    make_gallery(cast.force, 2)
    restored_at = Event.objects.latest("seq").seq
    lost = [make_custody_image(cast.force, number) for number in (3, 4, 5)]
    assert len(found(cast.force, 4)) == 5
    for image in lost:
        image.templates.all().delete()
        image.delete()
    Event.objects.filter(seq__gt=restored_at).delete()
    assert len(found(cast.force, 4)) == 2
    assert our_index().verify().agrees
    assert vector_bytes(4) not in our_index().flat.path.read_bytes()


def test_the_index_of_an_earlier_database_does_not_lie_about(cast: Cast) -> None:
    make_gallery(cast.force, 1)
    left = our_index().flat.path.with_name(f"{ENGINE.model}-{uuid4()}.index")
    left.write_bytes(b"templates of people whom no erasure reaches")
    ask(cast.force, 1)
    assert not left.exists()


# --- templates at rest ------------------------------------------------------------------------------
def test_no_vector_can_be_read_in_the_database(cast: Cast) -> None:
    image = make_custody_image(cast.force, 1)
    stored = bytes(image.templates.get().vector)
    assert len(stored) == ENGINE.dimension * 4 + 28
    assert vector_bytes(1)[:8] not in stored
    again = bytes(make_custody_image(cast.other_force, 2, person=1).templates.get().vector)
    assert stored != again, "one face sealed twice looks like one face"


def flip(rows: list[Template]) -> None:
    content = bytearray(bytes(rows[0].vector))
    content[40] ^= 1
    Template.objects.filter(pk=rows[0].pk).update(vector=bytes(content))


def swap(rows: list[Template]) -> None:
    for row, other in ((rows[0], rows[1]), (rows[1], rows[0])):
        Template.objects.filter(pk=row.pk).update(vector=bytes(other.vector))


def plant(rows: list[Template]) -> None:
    Template.objects.filter(pk=rows[0].pk).update(vector=b"\0" * 28 + unit_vector(9).tobytes())


@pytest.mark.parametrize("tamper", [flip, swap, plant])
def test_a_tampered_template_is_refused_rather_than_searched(
    cast: Cast, tamper: Callable[[list[Template]], None]
) -> None:
    make_gallery(cast.force, 2)
    tamper(list(Template.objects.order_by("pk")))
    with pytest.raises(VaultError):
        ask(cast.force, 1)


def test_the_index_is_for_its_owner_only(cast: Cast) -> None:
    make_gallery(cast.force, 1)
    found(cast.force, 1)
    path = our_index().flat.path
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0
