"""The night's verification of the index: compared with the database, said and made anew where it differs."""

from datetime import timedelta

import pytest

from portal.audit.models import Verification
from portal.gallery.models import Template
from portal.gallery.tasks import verify_index as task
from portal.gallery.verifying import verify_index
from tests.cast import ENGINE, Cast, make_gallery
from tests.gallery.asking import our_index, vector_bytes

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def another_night() -> Verification | None:
    for run in Verification.objects.all():
        Verification.objects.filter(pk=run.pk).update(started_at=run.started_at - timedelta(days=1))
    return verify_index()


def test_an_index_that_holds_once_a_night(cast: Cast) -> None:
    assert verify_index() is None
    make_gallery(cast.force, 3)
    task()
    run = Verification.objects.get()
    assert (run.checked, run.fault) == (3, "")
    assert run.what.startswith(f"index of {ENGINE.model} on ")
    assert verify_index() is None


def test_what_differs_is_said_and_made_anew(cast: Cast) -> None:
    make_gallery(cast.force, 3)
    index = our_index()
    index.catch_up()
    content = bytearray(index.flat.path.read_bytes())
    content[content.index(vector_bytes(2)) + 2] ^= 0x10
    index.flat.path.write_bytes(bytes(content))
    run = verify_index()
    assert run is not None
    assert run.fault == "It did not hold what the database holds: 1 with other bytes. It was made anew."
    assert index.verify().agrees
    good = another_night()
    assert good is not None
    assert good.fault == ""


def test_a_template_that_was_tampered_with_is_said(cast: Cast) -> None:
    make_gallery(cast.force, 2)
    our_index().catch_up()
    template = Template.objects.earliest("pk")
    changed = bytes(template.vector[:-1]) + bytes([template.vector[-1] ^ 1])
    Template.objects.filter(pk=template.pk).update(vector=changed)
    run = verify_index()
    assert run is not None
    assert run.fault.startswith("A template cannot be read")


def test_one_process_at_a_time_and_an_interrupted_run_is_done_again(cast: Cast) -> None:
    make_gallery(cast.force, 1)
    assert verify_index() is not None
    Verification.objects.update(finished_at=None, head="taken")
    assert verify_index() is None
    assert another_night() is not None
    assert Verification.objects.get().finished_at is not None
