"""Questions about known-answer checks are answered as a retailer would: in time, in kind, in every trace."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.assurance.models import Check
from portal.assurance.states import Origin
from portal.audit.models import Entry
from portal.notifications.following import follow
from portal.notifications.models import Notice
from portal.questions import stand_ins
from portal.questions.actions import reconsider, withdraw
from portal.questions.models import PlannedAnswer, Question
from portal.questions.queries import questions_to, unconsidered
from portal.questions.states import Kind, QuestionState
from portal.reviews import actions as reviews
from portal.reviews.models import Decision
from portal.reviews.states import DecisionState, Outcome, Stage
from portal.submissions.actions import Upload, add_still
from portal.submissions.models import Offender
from tests.assurance.checks import queued_check
from tests.assurance.test_indistinguishable import Shape, alike
from tests.cast import Cast, client_of, decide, decision_on, make_gallery, picture, searched_offender
from tests.questions.asking import answered, make_question


@pytest.fixture
def check(cast: Cast) -> Decision:
    """A check in the queue, under review."""
    make_gallery(cast.force, 3)
    decision = queued_check(cast.campaign, person=2)
    reviews.claim_review(decision, Stage.FIRST, by=cast.facial_reviewer)
    return decision


def due(question: Question, *, provided: bool) -> Question:
    """The same question, its drawn answer given now."""
    stand_ins.plan_answers()
    planned = PlannedAnswer.objects.filter(question=question)
    planned.update(answer_at=timezone.now() - timedelta(seconds=1), provided=provided)
    assert stand_ins.give_answers() == 1
    question.refresh_from_db()
    return question


def real_questions(cast: Cast, count: int, **fields: Any) -> None:
    """Questions to a retailer that have run their course as the fields say."""
    offender = searched_offender(cast.loss_prevention, cast.campaign, person=1)
    for _ in range(count):
        make_question(offender, cast.facial_reviewer, Kind.STATEMENT)
    Question.objects.filter(offender=offender).update(**fields)


# --- when -----------------------------------------------------------------------------------------
def test_without_examples_it_comes_in_office_hours_within_days(cast: Cast, check: Decision) -> None:
    for _ in range(30):
        make_question(check.offender, cast.facial_reviewer)
    assert stand_ins.plan_answers() == 30
    assert stand_ins.plan_answers() == 0
    plans = list(PlannedAnswer.objects.select_related("question"))
    moments = [timezone.localtime(one.answer_at) for one in plans if one.answer_at]
    assert len(set(moments)) == 30
    assert {one.weekday() for one in moments} <= {0, 1, 2, 3, 4}
    waits = [one.answer_at - one.question.asked_at for one in plans if one.answer_at]
    assert min(waits) >= stand_ins.SOONEST
    assert max(waits) < timedelta(days=10)
    assert {one.provided for one in plans} == {True, False}
    assert stand_ins.give_answers() == 0


def test_it_takes_as_long_as_retailers_take(cast: Cast, check: Decision) -> None:
    now = timezone.now()
    asked = now - timedelta(days=40)
    wait = timedelta(days=21, hours=2)
    real_questions(
        cast, 10, state=QuestionState.ANSWERED, provided=False, asked_at=asked, answered_at=asked + wait
    )
    question = make_question(check.offender, cast.facial_reviewer)
    stand_ins.plan_answers()
    plan = PlannedAnswer.objects.get()
    assert plan.answer_at is not None
    assert timedelta(days=19) < plan.answer_at - question.asked_at < timedelta(days=25)
    assert plan.provided is False


def test_where_retailers_do_not_answer_it_stays_open_as_well(cast: Cast, check: Decision) -> None:
    real_questions(cast, 10, due_on=timezone.localdate() - timedelta(days=30))
    question = make_question(check.offender, cast.facial_reviewer)
    stand_ins.plan_answers()
    assert PlannedAnswer.objects.get().answer_at is None
    withdraw(question, by=cast.facial_reviewer)
    assert stand_ins.give_answers() == 0


# --- what -----------------------------------------------------------------------------------------
def test_a_better_still_is_another_picture_of_the_same_check(cast: Cast, check: Decision) -> None:
    question = due(make_question(check.offender, cast.facial_reviewer), provided=True)
    still = question.stills.get()
    assert check.offender.stills.count() == 2
    assert still.offender == check.offender
    assert list(unconsidered()) == [question]
    # The review under way goes on with what it has; once decided, nobody is sent back to it.
    decide_rest(check, cast)
    assert reconsider(question)
    check.refresh_from_db()
    assert check.state == DecisionState.DECIDED


def decide_rest(decision: Decision, cast: Cast) -> None:
    """End the reviews of a decision one way or the other."""
    Decision.objects.filter(pk=decision.pk).update(
        state=DecisionState.DECIDED, outcome=Outcome.NO_MATCH, decided_at=timezone.now()
    )


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("provided", [True, False])
def test_every_kind_can_be_answered(cast: Cast, check: Decision, kind: Kind, provided: bool) -> None:
    question = due(make_question(check.offender, cast.facial_reviewer, kind), provided=provided)
    assert (question.state, question.provided) == (QuestionState.ANSWERED, provided)


def test_who_consented_gave_no_other_still(cast: Cast, check: Decision) -> None:
    Check.objects.update(origin=Origin.CONSENTED)
    question = due(make_question(check.offender, cast.facial_reviewer), provided=True)
    assert question.provided is False
    assert question.answer in stand_ins.NOT_THERE[Kind.BETTER_STILL]


def test_retailers_questions_are_left_to_them(cast: Cast) -> None:
    make_gallery(cast.force, 1)
    question = make_question(
        searched_offender(cast.loss_prevention, cast.campaign, person=1), cast.facial_reviewer
    )
    assert stand_ins.plan_answers() == 0
    assert list(questions_to(cast.loss_prevention)) == [question]


def test_no_retailer_sees_anything_of_it(cast: Cast, check: Decision) -> None:
    make_question(check.offender, cast.facial_reviewer)
    for user in (cast.loss_prevention, cast.neighbour, cast.stranger):
        assert not questions_to(user).exists()
    follow()
    assert not Notice.objects.exists()


# --- no tell --------------------------------------------------------------------------------------
def settled(offender: Offender, cast: Cast, kind: Kind, provided: bool) -> Question:
    """A question asked and answered, whoever it went to."""
    question = make_question(offender, cast.facial_reviewer, kind)
    if offender.submission.retailer != cast.retailer:
        return due(question, provided=provided)
    stills = []
    if provided and kind == Kind.BETTER_STILL:
        upload = Upload(picture(901), "still.jpg", offender.started_at)
        stills = [add_still(offender, upload, by=cast.loss_prevention, asked_for=True)[0]]
    text = "" if provided else "Overwritten."
    given = {"collect_from": ""} if kind == Kind.BETTER_STILL else {}
    return answered(question, cast.loss_prevention, provided=provided, stills=stills, text=text, **given)


def seen(cast: Cast, question: Question) -> dict[str, Any]:
    """What the officer who asked can tell: rows, pages, notices, queries; and what the log holds."""
    client = client_of(cast.facial_reviewer)
    ask = reverse("police:question-ask", args=[Decision.objects.get(offender=question.offender).uid])
    found: dict[str, Any] = {}
    for name, url in (("list", reverse("police:questions")), ("ask", ask)):
        with CaptureQueriesContext(connection) as caught:
            answer = client.get(url)
        shape = Shape()
        shape.feed(answer.content.decode())
        headers = {key: alike(value) for key, value in answer.headers.items() if key != "Content-Length"}
        found[name] = (answer.status_code, headers, shape.found, len(caught))
    follow()
    mine = Notice.objects.filter(key=str(question.uid), user=cast.facial_reviewer)
    found["notices"] = list(mine.values_list("kind"))
    entries = Entry.objects.filter(subject_id=str(question.uid)).exclude(tag__contains=":check:")
    found["log"] = [(one.tag, sorted(one.details)) for one in entries]
    known = ("kind", "state", "provided", "asked_by_id", "withdrawn_at", "collect_from")
    filled = {name: bool(getattr(question, name)) for name in known}
    found["row"] = filled | {"stills": question.stills.count(), "uid": question.uid.version}
    return found


@pytest.mark.parametrize(
    ("kind", "provided"),
    [
        (Kind.BETTER_STILL, True),
        (Kind.BETTER_STILL, False),
        (Kind.FULL_FOOTAGE, True),
        (Kind.STATEMENT, False),
    ],
)
def test_an_answered_check_looks_like_an_answered_report(
    cast: Cast, check: Decision, kind: Kind, provided: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if provided:  # words or none: both occur on both sides, here they are made alike
        monkeypatch.setitem(stand_ins.THERE, kind, ("",))
    real = decision_on(searched_offender(cast.loss_prevention, cast.campaign, person=2))
    reviews.release_review(check.reviews.get(), by=cast.facial_reviewer)
    looks = []
    for decision in (real, check):
        decision.refresh_from_db()
        reviews.claim_review(decision, Stage.FIRST, by=cast.facial_reviewer)
        question = settled(decision.offender, cast, kind, provided)
        looks.append(seen(cast, question))
        Question.objects.all().delete()
        reviews.release_review(decision.reviews.latest("pk"), by=cast.facial_reviewer)
    assert looks[0] == looks[1]


def test_after_a_decision_the_answer_is_no_more_than_words(cast: Cast, check: Decision) -> None:
    other = queued_check(cast.campaign, person=1)
    decide(other.offender, Outcome.NO_MATCH, cast)
    question = due(make_question(other.offender, cast.facial_reviewer), provided=True)
    assert (question.provided, other.offender.stills.count()) == (False, 1)
