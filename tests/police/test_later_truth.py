"""What became known later: recorded by a supervisor, kept beside the decision, counted in the rates."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from portal.assurance.models import LaterTruth
from portal.assurance.rates import later_truths
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.reviews.states import Outcome
from tests.assurance.checks import queued_check
from tests.cast import Cast, client_of, decide, make_gallery, searched_offender


def test_it_is_recorded_and_the_newest_entry_stands(cast: Cast) -> None:
    make_gallery(cast.force, 2)
    decision = decide(searched_offender(cast.loss_prevention, cast.campaign), Outcome.IDENTIFIED, cast)
    client, url = client_of(cast.supervisor), reverse("police:later-truth", args=[decision.uid])
    today = timezone.localdate()
    form = {"kind": "charged", "source": "Custody record", "known_on": today.isoformat()}
    assert client.post(url, {**form, "source": ""}).status_code == 422
    future = (today + timedelta(days=1)).isoformat()
    assert "lies in the future" in client.post(url, {**form, "known_on": future}).content.decode()
    assert later_truths().known == 0
    text = client.post(url, form, follow=True).content.decode()
    assert "Charged" in text
    assert later_truths().wrong.count == 0
    client.post(url, {**form, "kind": "wrong_person", "source": "Court"})
    found = later_truths()
    assert (found.identified, found.known, found.wrong.count) == (1, 1, 1)
    assert LaterTruth.objects.count() == 2
    assert Entry.objects.filter(tag=Tag.TRUTH_RECORDED, subject_id=str(decision.uid)).count() == 2


def test_only_a_real_identification_can_have_one(cast: Cast) -> None:
    make_gallery(cast.force, 2)
    nobody = decide(searched_offender(cast.loss_prevention, cast.campaign), Outcome.NO_MATCH, cast)
    check = queued_check(cast.campaign, person=1)
    decide(check.offender, Outcome.IDENTIFIED, cast)
    client = client_of(cast.supervisor)
    for decision in (nobody, check):
        assert client.get(reverse("police:later-truth", args=[decision.uid])).status_code == 404
        record = client.get(reverse("police:decision-record", args=[decision.uid])).content.decode()
        assert "Record what became known" not in record
