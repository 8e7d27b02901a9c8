"""The only writer of questions. A step is a conditional update; whoever comes second is told."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.audit.log import SystemActor, record
from portal.audit.tags import Tag
from portal.questions.models import Document, Question
from portal.questions.states import COLLECTED, LONGEST_WAIT_DAYS, QUESTION_MOVES, Kind, QuestionState
from portal.reviews.models import Decision, Review
from portal.reviews.moves import Conflict
from portal.reviews.reopening import reopen_decision
from portal.reviews.states import DecisionState, Outcome, ReviewState, Stage
from portal.submissions.genuine import genuine
from portal.submissions.models import Offender, Still
from portal.submissions.states import MAX_STILLS


class QuestionRefused(Exception):
    """Something to put right: `code` is stable for the API, `field` names the entry, `message` says it."""

    def __init__(self, code: str, message: str, field: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field


BETTER_STILL_CAME = "The retailer sent a better still, as an officer had asked."
SETTLED = ("already_settled", "This question was answered or withdrawn meanwhile. Look at it again.")


@dataclass(frozen=True)
class Asked:
    """What an officer asks for, word for word as the retailer will read it."""

    kind: Kind
    text: str
    due_on: date


@dataclass(frozen=True)
class Answer:
    """A retailer's answer. `text` is the reason where nothing is provided; `stills` are already received."""

    provided: bool
    text: str = ""
    collect_from: str = ""
    stills: Sequence[Still] = ()


def _move(question: Question, to: QuestionState, **fields: object) -> None:
    origins = [state for state, targets in QUESTION_MOVES.items() if to in targets]
    if Question.objects.filter(pk=question.pk, state__in=origins).update(state=to, **fields) != 1:
        raise QuestionRefused(*SETTLED)
    question.refresh_from_db()


# --- asking ---------------------------------------------------------------------------------------
@transaction.atomic
def ask(offender: Offender, asked: Asked, *, by: User) -> Question:
    """Put a question to the retailer that reported the offender; QuestionRefused where it makes no sense."""
    asked = replace(asked, text=asked.text.strip())
    _check_asker(offender, by)
    _check_asked(offender, asked)
    question = Question.objects.create(
        offender=offender, kind=asked.kind, text=asked.text, due_on=asked.due_on, asked_by=by
    )
    question.refresh_from_db()  # when it was asked is the database's to say
    record(
        Tag.QUESTION_ASKED,
        actor=by,
        subject=question,
        offender=str(offender.uid),
        kind=asked.kind,
        due_on=asked.due_on.isoformat(),
    )
    return question


def _check_asker(offender: Offender, by: User) -> None:
    own = by.organisation_id == offender.submission.campaign.force_id
    if not by.is_police or by.role == Role.AUDITOR or not own:
        raise QuestionRefused("not_yours", "This offender is not your force's to ask about.")
    if offender.declared_at is None:
        raise QuestionRefused("not_sent", "The retailer has not sent this report yet.")


def _check_asked(offender: Offender, asked: Asked) -> None:
    if not asked.text:
        raise QuestionRefused("no_text", "Write what you ask for.", "text")
    today = timezone.localdate()
    if not today <= asked.due_on <= today + timedelta(days=LONGEST_WAIT_DAYS):
        message = f"Choose a day from today to {LONGEST_WAIT_DAYS} days ahead."
        raise QuestionRefused("due_date", message, "due_on")
    if asked.kind == Kind.BETTER_STILL and offender.stills.count() >= MAX_STILLS:
        message = (
            f"This offender has {MAX_STILLS} stills already, and no room for another. Ask for full footage."
        )
        raise QuestionRefused("too_many_stills", message, "kind")


@transaction.atomic
def withdraw(question: Question, *, by: User) -> None:
    """Take an open question back: whoever asked it, or a supervisor of the force."""
    own = by.organisation_id == question.offender.submission.campaign.force_id
    if not own or (question.asked_by_id != by.pk and by.role != Role.SUPERVISOR):
        raise QuestionRefused("not_yours", "Only the officer who asked and a supervisor can withdraw this.")
    _move(question, QuestionState.WITHDRAWN, withdrawn_by=by, withdrawn_at=timezone.now())
    record(Tag.QUESTION_WITHDRAWN, actor=by, subject=question, offender=str(question.offender.uid))


# --- answering ------------------------------------------------------------------------------------
@transaction.atomic
def answer(question: Question, given: Answer, *, by: User) -> None:
    """Answer an open question; stills are added first (submissions.actions.add_still, asked_for=True)."""
    place = given.collect_from.strip() if given.provided else ""
    given = replace(given, text=given.text.strip(), collect_from=place)
    if by.organisation_id != question.offender.submission.retailer_id:
        raise QuestionRefused("not_yours", "This question was put to somebody else.")
    _check_answer(question, given)
    _move(
        question,
        QuestionState.ANSWERED,
        provided=given.provided,
        answer=given.text,
        collect_from=given.collect_from,
        answered_by=by,
        answered_at=timezone.now(),
    )
    question.stills.set(given.stills)
    if given.stills:
        reconsider(question)
    record(
        Tag.QUESTION_ANSWERED,
        actor=by,
        subject=question,
        offender=str(question.offender.uid),
        provided=given.provided,
        stills=[str(still.uid) for still in given.stills],
    )


def _check_answer(question: Question, given: Answer) -> None:
    if not given.provided:
        if not given.text:
            raise QuestionRefused("no_reason", "Say why you do not have it.", "text")
    elif question.kind == Kind.BETTER_STILL:
        if not given.stills:
            raise QuestionRefused("no_still", "Choose at least one still.", "stills")
        if any(still.offender_id != question.offender_id for still in given.stills):
            raise QuestionRefused("wrong_still", "These stills are of another offender.", "stills")
    elif Document.objects.filter(question=question).exists():
        return  # it says everything
    elif question.kind in COLLECTED and not given.collect_from:
        raise QuestionRefused("no_place", "Say where it can be collected, and from whom.", "collect_from")
    elif not given.text and not given.collect_from:
        raise QuestionRefused("no_text", "Write your answer, or say where it can be collected.", "text")


# --- what becomes of the stills -------------------------------------------------------------------
@transaction.atomic
def reconsider(question: Question) -> bool:
    """Bring the stills of an answer before the reviewers; whether they are there now.

    A first review that begins from now on compares them by itself. One that began earlier goes on with the
    stills it has, so that every reviewer compares the same; once decided, the offender is reopened.
    """
    decision = Decision.objects.filter(offender=question.offender_id).first()
    if not _with_reviewers(question, decision):
        return False
    pending = Question.objects.filter(pk=question.pk, considered_at=None)
    return pending.update(considered_at=timezone.now()) == 1


def _with_reviewers(question: Question, decision: Decision | None) -> bool:
    if decision is None or decision.state == DecisionState.AWAITING_FIRST:
        return True
    if decision.state != DecisionState.DECIDED:
        return False
    settled = decision.outcome == Outcome.IDENTIFIED or _were_compared(question, decision)
    return settled or _is_over(decision) or _reopened(decision)


def _is_over(decision: Decision) -> bool:
    """A decided check has been told to be one: nobody looks at it again."""
    return not Decision.objects.filter(genuine("offender__"), pk=decision.pk).exists()


def _reopened(decision: Decision) -> bool:
    try:
        with transaction.atomic():
            reopen_decision(decision, reason=BETTER_STILL_CAME, by=SystemActor("questions"))
    except Conflict:
        return False  # somebody is at it just now: look again later
    return True


def _were_compared(question: Question, decision: Decision) -> bool:
    whole = Review.objects.filter(decision=decision, stage=Stage.FIRST, state=ReviewState.COMPLETE)
    newest = whole.order_by("-pk").first()
    compared = {probe["still"] for probe in newest.probes} if newest else set()
    return {str(uid) for uid in question.stills.values_list("uid", flat=True)} <= compared
