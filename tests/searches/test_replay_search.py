"""A search is reproduced to the last bit from its record, or what changed is said."""

import math
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from portal.audit.log import SystemActor
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.gallery.actions import request_deletion
from portal.gallery.models import CustodyImage
from portal.retention.actions import erase_custody_image, erase_still
from portal.searches.models import Candidate, Search
from portal.searches.replay import replay
from portal.vault import VaultError
from tests.audit.manage import manage
from tests.cast import Cast, make_custody_image, make_gallery, searched_offender
from tests.gallery.asking import our_index

BY = SystemActor("test")


def searched(cast: Cast, person: int = 2) -> Search:
    """A recorded search."""
    offender = searched_offender(cast.loss_prevention, cast.campaign, person=person)
    return Search.objects.get(still__offender=offender)


def test_on_the_same_gallery_it_is_the_same_to_the_last_bit(cast: Cast) -> None:
    make_gallery(cast.force, 30)
    search = searched(cast)
    before = list(search.candidates.values_list("rank", "subject_uid", "template_id", "score"))
    result = replay(search, by=BY)
    assert (result.identical, result.differences) == (True, [])
    assert list(search.candidates.values_list("rank", "subject_uid", "template_id", "score")) == before
    entry = Entry.objects.get(tag=Tag.SEARCH_REPLAYED)
    assert (entry.subject_id, entry.details) == (str(search.uid), {"identical": True})


def test_a_bit_that_was_changed_in_the_record_is_noticed(cast: Cast) -> None:
    make_gallery(cast.force, 5)
    search = searched(cast)
    second = search.candidates.get(rank=2)
    changed = math.nextafter(second.score, 1)
    Candidate.objects.filter(pk=second.pk).update(score=changed)
    result = replay(search, by=BY)
    assert result.differences == [
        f"rank 2: was {second.subject_uid} {changed.hex()}, is {second.subject_uid} {second.score.hex()}"
    ]


def test_later_enrolments_do_not_count(cast: Cast) -> None:
    make_gallery(cast.force, 4)
    search = searched(cast)
    newcomer = make_custody_image(cast.force, 99, person=2)
    assert replay(search, by=BY).identical
    later = searched(cast)
    assert later.candidates.get(rank=2).image == newcomer
    assert replay(later, by=BY).identical


def test_nor_after_the_index_was_made_anew(cast: Cast) -> None:
    make_gallery(cast.force, 4)
    search = searched(cast)
    make_custody_image(cast.force, 99, person=2)
    our_index().flat.path.unlink()
    assert replay(search, by=BY).identical


def test_a_deletion_asked_for_later_does_not_change_what_was(cast: Cast) -> None:
    images = make_gallery(cast.force, 4)
    search = searched(cast)
    request_deletion(images[1], by=cast.gallery_manager, reason="asked")
    assert replay(search, by=BY).identical
    assert not replay(searched(cast), by=BY).differences


@pytest.mark.parametrize("anew", [False, True])
def test_an_erasure_is_said(cast: Cast, anew: bool) -> None:
    images = make_gallery(cast.force, 4)
    search = searched(cast)
    lost = search.candidates.get(rank=1)
    assert lost.image == images[1]
    erase_custody_image(images[1], by=BY, reason="asked")
    if anew:
        our_index().flat.path.unlink()
    result = replay(search, by=BY)
    assert not result.identical
    assert "1 templates of that gallery have been purged since" in result.differences
    assert any(line.startswith(f"rank 1: was {lost.subject_uid}") for line in result.differences)


def test_a_changed_review_date_is_said(cast: Cast) -> None:
    images = make_gallery(cast.force, 4)
    search = searched(cast)
    CustodyImage.objects.filter(pk=images[3].pk).update(review_on=search.at.date() - timedelta(days=2))
    result = replay(search, by=BY)
    assert "which images might be searched at that time has been changed" in result.differences[0]


def test_an_erased_probe_cannot_be_asked_again(cast: Cast) -> None:
    make_gallery(cast.force, 2)
    search = searched(cast)
    assert search.still is not None
    erase_still(search.still, by=BY, reason="over")
    search.refresh_from_db()
    assert replay(search, by=BY).differences == ["the probe was erased, so its query vector is gone"]
    assert search.candidates.count() == 2


def test_a_query_put_under_another_search_is_refused(cast: Cast) -> None:
    make_gallery(cast.force, 2)
    search, other = searched(cast, person=1), searched(cast, person=2)
    Search.objects.filter(pk=search.pk).update(query=bytes(other.query))
    search.refresh_from_db()
    with pytest.raises(VaultError):
        replay(search, by=BY)


# --- the command ------------------------------------------------------------------------------------
def test_it_prints_and_fails_where_the_list_differs(cast: Cast) -> None:
    images = make_gallery(cast.force, 3)
    search, out = searched(cast), StringIO()
    for name in (str(search.pk), str(search.uid)):
        call_command("replay_search", name, stdout=out)
    said = f"Search {search.uid}: 3 candidates, identical to the last bit.\n"
    assert out.getvalue() == said * 2
    erase_custody_image(images[1], by=BY, reason="asked")
    with pytest.raises(CommandError, match="cannot be reproduced"):
        call_command("replay_search", str(search.uid), stdout=out)
    assert "purged since" in out.getvalue()


@pytest.mark.parametrize(
    "wanted", ["0", "99999", "6d7f3c1e-0000-4000-8000-000000000000", "nonsense", "9" * 30]
)
def test_a_search_that_is_none(db: None, wanted: str) -> None:
    with pytest.raises(CommandError, match=f"There is no search {wanted}"):
        call_command("replay_search", wanted)


@pytest.mark.django_db(transaction=True)
def test_as_a_program_it_ends_with_a_status(cast: Cast, service_env: dict[str, str]) -> None:
    images = make_gallery(cast.force, 3)
    search = searched(cast)
    good = manage(service_env, "replay_search", str(search.uid))
    assert (good.returncode, "identical to the last bit" in good.stdout) == (0, True), good.stderr
    erase_custody_image(images[0], by=BY, reason="asked")
    bad = manage(service_env, "replay_search", str(search.uid))
    assert bad.returncode != 0
    assert "cannot be reproduced" in bad.stderr
