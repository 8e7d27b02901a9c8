"""Asking the retailer: previewed word for word, without a trace of what the blind stage hides."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.questions.models import Question
from portal.questions.states import Kind
from portal.reviews import actions as reviews
from portal.reviews.models import Review
from portal.reviews.states import Outcome, Stage
from portal.searches.models import Candidate
from tests.cast import Cast, client_of, decide, decision_on, make_custody_image, review_as, searched_offender
from tests.questions.asking import answered, make_question

CANARY = "CANARY"


@pytest.fixture
def review(cast: Cast) -> Review:
    """A blind review, with canaries in custody."""
    for number in (1, 2):
        make_custody_image(cast.force, number, name=f"{CANARY}{number}", reference=f"{CANARY}-REF{number}")
    offender = searched_offender(cast.loss_prevention, cast.campaign, method=f"{CANARY}-METHOD")
    return reviews.claim_review(decision_on(offender), Stage.FIRST, by=cast.facial_reviewer)


@pytest.fixture
def robin(cast: Cast) -> Client:
    return client_of(cast.facial_reviewer)


def url_of(review: Review) -> str:
    return reverse("police:question-ask", args=[review.decision.uid])


def words(**changed: str) -> dict[str, str]:
    due = timezone.localdate() + timedelta(days=4)
    return {"kind": Kind.BETTER_STILL, "text": "Till camera, please.", "due_on": due.isoformat(), **changed}


def test_nothing_is_sent_unseen(robin: Client, review: Review, cast: Cast) -> None:
    first = robin.post(url_of(review), words())
    assert "This is exactly what the retailer sees" in first.content.decode()
    digest = first.context["digest"]
    changed = robin.post(url_of(review), words(text="Other words", previewed=digest))
    assert changed.context["preview"] is not None
    assert not Question.objects.exists()
    sent = robin.post(url_of(review), words(previewed=digest))
    assert sent["Location"] == reverse("police:review", args=[review.uid])
    question = Question.objects.get()
    assert (question.text, question.asked_by, question.kind) == (
        "Till camera, please.",
        cast.facial_reviewer,
        Kind.BETTER_STILL,
    )


def test_the_preview_is_the_retailers_own_part(robin: Client, review: Review, cast: Cast) -> None:
    text = "A <b>frame</b>\nfrom the door"
    preview = robin.post(url_of(review), words(text=text)).content.decode()
    quoted = preview.partition("<blockquote>")[2].partition("</blockquote>")[0]
    assert "&lt;b&gt;" in quoted
    question = make_question(review.decision.offender, review.reviewer, text=text)
    theirs = (
        client_of(cast.loss_prevention)
        .get(reverse("retailer:question", args=[question.uid]))
        .content.decode()
    )
    assert quoted == theirs.partition("<blockquote>")[2].partition("</blockquote>")[0]


def test_the_blind_stage_stays_blind(robin: Client, review: Review, cast: Cast) -> None:
    make_question(review.decision.offender, cast.supervisor, Kind.STATEMENT, text="Colleague's words")
    candidates = [str(one.uid) for one in Candidate.objects.all()]
    candidates += [str(one.subject_uid) for one in Candidate.objects.all()]
    pages = [
        robin.get(url_of(review)),
        robin.post(url_of(review), words()),
        robin.get(reverse("police:questions")),
    ]
    for page in pages:
        html = page.content.decode()
        assert page.status_code == 200
        for secret in (CANARY, cast.retailer.name, "Colleague&#x27;s words", *candidates):
            assert secret not in html, (page.request["PATH_INFO"], secret)


def test_mistakes_are_told_at_their_field(robin: Client, review: Review) -> None:
    html = robin.post(url_of(review), {"kind": "", "text": "", "due_on": "2020-01-01"}).content.decode()
    assert "Choose what you ask for." in html
    first = robin.post(url_of(review), words(due_on="2020-01-01"))
    late = robin.post(url_of(review), words(due_on="2020-01-01", previewed=first.context["digest"]))
    assert "Choose a day from today" in late.content.decode()
    assert not Question.objects.exists()


def test_who_has_nothing_to_do_with_it_finds_nothing(review: Review, cast: Cast) -> None:
    for user in (cast.second_reviewer, cast.another_reviewer, cast.foreign_officer):
        assert client_of(user).get(url_of(review)).status_code == 404
    assert client_of(cast.supervisor).get(url_of(review)).status_code == 200
    assert client_of(cast.gallery_manager).get(url_of(review)).status_code == 403


def test_the_answer_stands_on_the_record_and_in_the_list(cast: Cast) -> None:
    make_custody_image(cast.force, 1)
    offender = searched_offender(cast.loss_prevention, cast.campaign)
    decision = decide(offender, Outcome.IDENTIFIED, cast)
    question = make_question(offender, cast.facial_reviewer, Kind.FULL_FOOTAGE)
    answered(question, cast.loss_prevention, text="On a disc", collect_from="Back office")
    for url in (reverse("police:decision-record", args=[decision.uid]), reverse("police:questions")):
        html = client_of(cast.second_reviewer).get(url).content.decode()
        assert "On a disc" in html
        assert "Back office" in html


def test_withdrawing(cast: Cast, review: Review, robin: Client) -> None:
    question = make_question(review.decision.offender, cast.facial_reviewer)
    url = reverse("police:question-withdraw", args=[question.uid])
    assert client_of(cast.another_reviewer).post(url).status_code == 404
    html = robin.post(url, follow=True).content.decode()
    assert "The question was withdrawn." in html
    assert "already" not in html
    assert "answered or withdrawn meanwhile" in robin.post(url, follow=True).content.decode()


def test_a_second_reviewer_does_not_learn_what_the_first_asked(cast: Cast) -> None:
    make_custody_image(cast.force, 1)
    offender = searched_offender(cast.loss_prevention, cast.campaign)
    decision = decision_on(offender)
    review_as(decision, Stage.FIRST, cast.facial_reviewer, Outcome.IDENTIFIED)
    make_question(offender, cast.facial_reviewer, Kind.STATEMENT, text="Colleague's words")
    decision.refresh_from_db()
    mine = reviews.claim_review(decision, Stage.SECOND, by=cast.second_reviewer)
    sam = client_of(cast.second_reviewer)
    for url in (
        reverse("police:question-ask", args=[decision.uid]),
        reverse("police:questions"),
        reverse("police:review-blind", args=[mine.uid]),
        reverse("police:queue"),
    ):
        assert "Colleague&#x27;s words" not in sam.get(url).content.decode(), url
    assert sam.get(reverse("police:questions")).context["page"].paginator.count == 0
