"""From the queue to an outcome, with plain forms: no script."""

from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from portal.reviews.models import Decision, Review
from portal.reviews.states import DecisionState, Outcome, ReviewState, Verdict
from portal.reviews.status import statuses_of
from tests.cast import Cast, client_of, decision_on, make_gallery, searched_offender

CONCLUSION = {"rationale": "Brow, nose and ears agree.", "caveat_acknowledged": "on"}


def take_next(client: Client) -> UUID:
    """Press "take next"; the review."""
    answer = client.post(reverse("police:take-next"), follow=True)
    assert answer.status_code == 200
    return answer.resolver_match.kwargs["review_uid"]


def judge_all(client: Client, review: Review, possible: UUID | None) -> None:
    """Judge by the forms: this subject possible, everybody else not."""
    for one in review.judgements.all():
        verdict = Verdict.POSSIBLE if one.subject_uid == possible else Verdict.NOT_THIS_PERSON
        url = reverse("police:judgement-save", args=[review.uid, one.uid])
        answer = client.post(url, {"verdict": verdict, "feature_nose": "similar", "confidence": 4})
        assert answer.status_code == 302
    client.post(reverse("police:blind-save", args=[review.uid]))
    review.refresh_from_db()
    assert review.state == ReviewState.REVEALED


def conclude(client: Client, review: Review, outcome: Outcome, subject: UUID | None = None) -> None:
    """Send the conclusion form."""
    chosen = review.judgements.get(subject_uid=subject).candidate if subject else None
    form = {**CONCLUSION, "outcome": outcome, "candidate": chosen.uid if chosen else ""}
    answer = client.post(reverse("police:review-reveal", args=[review.uid]), form)
    assert answer.status_code == 302, answer.content.decode()


def review_by(client: Client, outcome: Outcome, subject: UUID | None = None) -> Review:
    """A whole review through the pages."""
    review = Review.objects.get(uid=take_next(client))
    judge_all(client, review, subject)
    assert client.get(reverse("police:review-reveal", args=[review.uid])).status_code == 200
    conclude(client, review, outcome, subject)
    return review


@pytest.fixture
def ready(cast: Cast) -> Decision:
    """One offender, searched, waiting; a gallery of four."""
    make_gallery(cast.force, 4)
    return decision_on(searched_offender(cast.loss_prevention, cast.campaign, person=2))


def test_two_officers_who_agree_identify(cast: Cast, ready: Decision) -> None:
    subject = ready.offender.stills.get().searches.get().candidates.get(rank=1).subject_uid
    review_by(client_of(cast.facial_reviewer), Outcome.IDENTIFIED, subject)
    ready.refresh_from_db()
    assert (ready.state, ready.outcome) == (DecisionState.AWAITING_SECOND, "")
    review_by(client_of(cast.second_reviewer), Outcome.IDENTIFIED, subject)
    ready.refresh_from_db()
    assert (ready.state, ready.outcome, ready.subject_uid) == (DecisionState.DECIDED, "identified", subject)
    assert statuses_of([ready.offender])[ready.offender.pk].code == "identified"


def test_who_disagrees_goes_to_the_supervisor(cast: Cast, ready: Decision) -> None:
    subject = ready.offender.stills.get().searches.get().candidates.get(rank=1).subject_uid
    review_by(client_of(cast.facial_reviewer), Outcome.IDENTIFIED, subject)
    review_by(client_of(cast.second_reviewer), Outcome.NO_MATCH)
    ready.refresh_from_db()
    assert ready.state == DecisionState.DISPUTED
    supervisor = client_of(cast.supervisor)
    review = Review.objects.get(uid=take_next(supervisor))
    page = supervisor.get(reverse("police:review-adjudicate", args=[review.uid])).content.decode()
    assert cast.facial_reviewer.name in page
    assert cast.second_reviewer.name in page
    form = {**CONCLUSION, "outcome": Outcome.NO_MATCH}
    answer = supervisor.post(reverse("police:review-adjudicate", args=[review.uid]), form)
    assert answer.status_code == 302
    ready.refresh_from_db()
    assert (ready.state, ready.outcome, ready.adjudicator) == (
        DecisionState.DECIDED,
        Outcome.NO_MATCH,
        cast.supervisor,
    )
    record = supervisor.get(reverse("police:decision-record", args=[ready.uid]))
    assert record.status_code == 200


def test_after_one_conclusion_comes_the_next(cast: Cast, ready: Decision) -> None:
    searched_offender(cast.loss_prevention, cast.campaign, person=3)
    client = client_of(cast.facial_reviewer)
    review = Review.objects.get(uid=take_next(client))
    judge_all(client, review, None)
    form = {**CONCLUSION, "outcome": Outcome.NO_MATCH, "next": "1"}
    answer = client.post(reverse("police:review-reveal", args=[review.uid]), form, follow=True)
    assert answer.resolver_match.view_name == "police:review-blind"
    assert answer.resolver_match.kwargs["review_uid"] != review.uid
