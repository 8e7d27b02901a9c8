"""Questions: their steps, who may take them, and what becomes of the stills that answer them."""

from datetime import timedelta
from itertools import product

import pytest
from django.utils import timezone

from portal.accounts.models import User
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.questions.actions import Answer, Asked, QuestionRefused, answer, ask, reconsider, withdraw
from portal.questions.models import Question
from portal.questions.queries import askable_decisions, questions_of, questions_to, unconsidered
from portal.questions.states import Kind, QuestionState
from portal.reviews import actions as reviews
from portal.reviews.queries import waiting_for
from portal.reviews.states import DecisionState, Outcome, Stage
from portal.submissions.actions import SubmissionRefused, Upload, add_still, move_campaign
from portal.submissions.states import MAX_STILLS, CampaignState
from tests.cast import (
    Cast,
    decide,
    decision_on,
    make_gallery,
    make_offender,
    make_still,
    picture,
    review_as,
    search_still,
    searched_offender,
)
from tests.questions.asking import answered, make_question


# --- asking ---------------------------------------------------------------------------------------
def test_a_question_goes_to_the_retailer_that_reported(cast: Cast) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign)
    question = make_question(offender, cast.facial_reviewer)
    for user in (cast.loss_prevention, cast.team_mate, cast.retailer_manager):
        assert list(questions_to(user)) == [question]
    for user in (cast.neighbour, cast.stranger):
        assert not questions_to(user).exists()
    entry = Entry.objects.get(tag=Tag.QUESTION_ASKED)
    assert (entry.subject_id, entry.actor) == (str(question.uid), cast.facial_reviewer.audit_name)
    assert "till camera" not in str(entry.details)


@pytest.mark.parametrize("who", ["loss_prevention", "auditor", "foreign_officer"])
def test_not_everybody_asks(cast: Cast, who: str) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign)
    with pytest.raises(QuestionRefused):
        make_question(offender, getattr(cast, who))


@pytest.mark.parametrize(
    ("code", "text", "days"), [("no_text", " \n", 3), ("due_date", "Please", -1), ("due_date", "Please", 91)]
)
def test_what_is_asked_must_make_sense(cast: Cast, code: str, text: str, days: int) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign)
    due = timezone.localdate() + timedelta(days=days)
    with pytest.raises(QuestionRefused) as refused:
        ask(offender, Asked(Kind.STATEMENT, text, due), by=cast.facial_reviewer)
    assert refused.value.code == code


def test_nothing_is_asked_that_cannot_be_answered(cast: Cast) -> None:
    draft = make_offender(cast.loss_prevention, cast.campaign, declared=False)
    full = make_offender(cast.loss_prevention, cast.campaign)
    for _ in range(MAX_STILLS):
        make_still(full)
    for offender, code in ((draft, "not_sent"), (full, "too_many_stills")):
        with pytest.raises(QuestionRefused) as refused:
            make_question(offender, cast.facial_reviewer)
        assert refused.value.code == code
    make_question(full, cast.facial_reviewer, Kind.FULL_FOOTAGE)


# --- answering and withdrawing --------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "given_", "code"),
    [
        (Kind.BETTER_STILL, {"provided": True}, "no_still"),
        (Kind.BETTER_STILL, {"provided": False, "text": " "}, "no_reason"),
        (Kind.FULL_FOOTAGE, {"provided": True, "text": "On a disc"}, "no_place"),
        (Kind.RECEIPT, {"provided": True, "text": "Kept"}, "no_place"),
        (Kind.STATEMENT, {"provided": True}, "no_text"),
    ],
)
def test_half_an_answer_is_none(cast: Cast, kind: Kind, given_: dict[str, object], code: str) -> None:
    question = make_question(make_offender(cast.loss_prevention, cast.campaign), cast.supervisor, kind)
    with pytest.raises(QuestionRefused) as refused:
        answer(question, Answer(**given_), by=cast.team_mate)  # type: ignore[arg-type]
    assert refused.value.code == code
    question.refresh_from_db()
    assert question.is_open


@pytest.mark.parametrize("kind", Kind)
def test_not_having_it_is_an_answer(cast: Cast, kind: Kind) -> None:
    question = make_question(make_offender(cast.loss_prevention, cast.campaign), cast.supervisor, kind)
    answered(question, cast.team_mate, provided=False, text="Overwritten on Monday", collect_from="")
    assert (question.state, question.provided, question.answered_by) == ("answered", False, cast.team_mate)


def test_anothers_question_and_still_are_refused(cast: Cast) -> None:
    question = make_question(make_offender(cast.loss_prevention, cast.campaign), cast.supervisor)
    with pytest.raises(QuestionRefused):
        answered(question, cast.neighbour, provided=False, text="No")
    other = make_still(make_offender(cast.loss_prevention, cast.campaign))
    with pytest.raises(QuestionRefused):
        answered(question, cast.loss_prevention, stills=[other])


def test_only_the_asker_and_a_supervisor_withdraw(cast: Cast) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign)
    mine, other = (make_question(offender, cast.facial_reviewer) for _ in range(2))
    with pytest.raises(QuestionRefused):
        withdraw(mine, by=cast.another_reviewer)
    withdraw(mine, by=cast.facial_reviewer)
    withdraw(other, by=cast.supervisor)
    assert set(Question.objects.values_list("state", flat=True)) == {QuestionState.WITHDRAWN}


STEPS = ("answer", "refuse", "withdraw", "withdraw_supervisor")


def test_a_question_ends_once(cast: Cast) -> None:
    """Whatever is tried in whatever order: the first step stands, every later one is told."""
    offender = make_offender(cast.loss_prevention, cast.campaign)
    for steps in product(STEPS, repeat=3):
        question = make_question(offender, cast.facial_reviewer, Kind.STATEMENT)
        stale = [Question.objects.get(pk=question.pk) for _ in steps]  # pages opened long ago
        done = [_tried(one, step, cast) for one, step in zip(stale, steps, strict=True)]
        question.refresh_from_db()
        ends = {"answer": "answered", "refuse": "answered"}
        assert (done, question.state) == ([True, False, False], ends.get(steps[0], "withdrawn"))
        assert question.provided == {"answer": True, "refuse": False}.get(steps[0])


def _tried(question: Question, step: str, cast: Cast) -> bool:
    try:
        if step in ("answer", "refuse"):
            answer(question, Answer(step == "answer", "It is here", "The office"), by=cast.loss_prevention)
        else:
            withdraw(question, by=cast.facial_reviewer if step == "withdraw" else cast.supervisor)
    except QuestionRefused as refused:
        return refused.code != "already_settled"
    return True


# --- the better still -----------------------------------------------------------------------------
def _sent(question: Question, by: User, seed: int = 77) -> Question:
    still, _ = add_still(question.offender, Upload(picture(seed), "better.jpg"), by=by, asked_for=True)
    return answered(question, by, stills=[still], collect_from="")


def test_a_still_that_was_asked_for_is_taken_after_closing(cast: Cast) -> None:
    offender = searched_offender(cast.loss_prevention, cast.campaign)
    question = make_question(offender, cast.facial_reviewer)
    move_campaign(cast.campaign, CampaignState.CLOSED, by=cast.supervisor)
    with pytest.raises(SubmissionRefused):
        add_still(offender, Upload(picture(5), "x.jpg"), by=cast.loss_prevention)
    assert _sent(question, cast.loss_prevention).stills.count() == 1


def test_a_review_not_begun_takes_the_new_still_in(cast: Cast) -> None:
    offender = searched_offender(cast.loss_prevention, cast.campaign)
    question = _sent(make_question(offender, cast.supervisor), cast.loss_prevention)
    assert question.considered_at is not None


def test_a_review_under_way_goes_on_with_what_it_has(cast: Cast) -> None:
    make_gallery(cast.force, 2)
    offender = searched_offender(cast.loss_prevention, cast.campaign)
    decision = decision_on(offender)
    review = reviews.claim_review(decision, Stage.FIRST, by=cast.facial_reviewer)
    question = _sent(make_question(offender, cast.facial_reviewer), cast.loss_prevention)
    assert list(unconsidered()) == [question]
    reviews.release_review(review, by=cast.facial_reviewer)
    search_still(offender.stills.latest("pk"), person=2)
    assert reconsider(question)
    assert not unconsidered().exists()
    again = review_as(decision, Stage.FIRST, cast.another_reviewer, Outcome.INCONCLUSIVE)
    assert len(again.probes) == 2


@pytest.mark.parametrize("outcome", [Outcome.NO_MATCH, Outcome.INCONCLUSIVE, Outcome.UNSUITABLE])
def test_a_decided_offender_is_looked_at_again(cast: Cast, outcome: Outcome) -> None:
    make_gallery(cast.force, 2)
    offender = searched_offender(cast.loss_prevention, cast.campaign)
    decision = decide(offender, outcome, cast)
    question = make_question(offender, cast.facial_reviewer)
    assert reconsider(_sent(question, cast.loss_prevention)) is False  # was done with the answer
    decision.refresh_from_db()
    assert (decision.state, decision.round) == (DecisionState.AWAITING_FIRST, 2)
    assert not waiting_for(cast.another_reviewer, Stage.FIRST).exists()  # its new still is not searched yet
    search_still(offender.stills.latest("pk"), person=2)
    assert list(waiting_for(cast.another_reviewer, Stage.FIRST)) == [decision]
    assert Entry.objects.filter(tag=Tag.DECISION_REOPENED, actor="system:questions").count() == 1


def test_a_still_that_came_too_late_for_a_review_opens_the_next(cast: Cast) -> None:
    make_gallery(cast.force, 2)
    offender = searched_offender(cast.loss_prevention, cast.campaign)
    decision = decision_on(offender)
    review_as(decision, Stage.FIRST, cast.facial_reviewer, Outcome.NO_MATCH)
    question = _sent(make_question(offender, cast.facial_reviewer), cast.loss_prevention)
    search_still(offender.stills.latest("pk"), person=2)
    assert not reconsider(question)
    review_as(decision, Stage.SECOND, cast.second_reviewer, Outcome.NO_MATCH)
    assert reconsider(question)
    decision.refresh_from_db()
    assert (decision.state, decision.round) == (DecisionState.AWAITING_FIRST, 2)


def test_an_identified_offender_stays_identified(cast: Cast) -> None:
    make_gallery(cast.force, 2)
    offender = searched_offender(cast.loss_prevention, cast.campaign)
    decision = decide(offender, Outcome.IDENTIFIED, cast)
    question = _sent(make_question(offender, cast.second_reviewer), cast.loss_prevention)
    decision.refresh_from_db()
    assert (decision.outcome, question.considered_at is not None) == (Outcome.IDENTIFIED, True)


# --- what officers may read -----------------------------------------------------------------------
def test_a_question_unblinds_no_colleague(cast: Cast) -> None:
    make_gallery(cast.force, 2)
    offender = searched_offender(cast.loss_prevention, cast.campaign)
    decision = decision_on(offender)
    review_as(decision, Stage.FIRST, cast.facial_reviewer, Outcome.NO_MATCH)
    question = make_question(offender, cast.facial_reviewer, Kind.STATEMENT)
    readers = (cast.facial_reviewer, cast.supervisor, cast.auditor)
    for user in readers:
        assert list(questions_of(user)) == [question]
    for user in (cast.second_reviewer, cast.another_reviewer, cast.foreign_officer):
        assert not questions_of(user).exists()
    review_as(decision, Stage.SECOND, cast.second_reviewer, Outcome.NO_MATCH)
    assert list(questions_of(cast.another_reviewer)) == [question]


def test_who_reviews_may_ask(cast: Cast) -> None:
    offender = searched_offender(cast.loss_prevention, cast.campaign)
    decision = decision_on(offender)
    assert not askable_decisions(cast.facial_reviewer).exists()
    reviews.claim_review(decision, Stage.FIRST, by=cast.facial_reviewer)
    assert list(askable_decisions(cast.facial_reviewer)) == [decision]
    assert not askable_decisions(cast.second_reviewer).exists()
    assert list(askable_decisions(cast.supervisor)) == [decision]
