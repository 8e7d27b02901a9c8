"""Answers to what officers ask about known-answer checks, as a retailer would have given them.

A check that is never answered could be told from a report. When, and whether it is there, is drawn from how
retailers answered the same force; the answer takes the one way there is (questions.actions.answer).
"""

from datetime import datetime, time, timedelta

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from matching.errors import RejectedImage
from portal.assurance.cover import RANDOM
from portal.assurance.models import Check
from portal.assurance.pictures import another_still
from portal.audit.log import SystemActor, record
from portal.audit.tags import Tag
from portal.questions.actions import Answer, QuestionRefused, answer
from portal.questions.models import PlannedAnswer, Question
from portal.questions.queries import due_answers, unplanned
from portal.questions.states import COLLECTED, Kind, QuestionState
from portal.reviews.models import Decision
from portal.reviews.states import DecisionState
from portal.storage import StorageUnavailable
from portal.submissions.actions import SubmissionRefused, Upload, add_still
from portal.submissions.genuine import genuine
from portal.submissions.models import Still

STAND_IN = SystemActor("questions")
RECENT = 200  # questions a pattern is taken from
ENOUGH = 10  # fewer say too little: one slow retailer would slow every check
GIVEN_UP = timedelta(days=14)  # so long after its day, a question is left unanswered for good
DAYS = (0, 1, 1, 2, 2, 3, 4, 6)  # without enough of them; reminders go out before the day it is wanted by
OFFICE = (time(8, 30), time(17, 30))
SOONEST = timedelta(minutes=25)
SATURDAY = 5

# No free text of a real answer is copied: it may name somebody.
NOT_THERE: dict[Kind, tuple[str, ...]] = {
    Kind.BETTER_STILL: (
        "No better still, sorry. This is the only camera that shows the face.",
        "Footage overwritten, we only have what we sent.",
        "We looked again, the other cameras do not show them.",
    ),
    Kind.FULL_FOOTAGE: (
        "Footage overwritten.",
        "Not kept, the recorder only holds a few weeks.",
        "The export failed and the recording is gone now.",
    ),
    Kind.STATEMENT: (
        "The colleague who saw it has left.",
        "Nobody saw it happen, we only noticed on camera.",
    ),
    Kind.RECEIPT: ("No receipt, nothing was paid for.", "The till roll for that day is not kept."),
}
THERE: dict[Kind, tuple[str, ...]] = {
    Kind.BETTER_STILL: ("", "", "From another camera.", "Best one we could find."),
    Kind.FULL_FOOTAGE: ("", "Saved.", "Copied from the recorder."),
    Kind.STATEMENT: ("The colleague is happy to give one. Please arrange a day with our security team.",),
    Kind.RECEIPT: ("", "We have the till record."),
}
PLACES = ("Our security team, who will arrange a day", "Ask for our security team, by appointment")


# --- when -----------------------------------------------------------------------------------------
def plan_answers() -> int:
    """Draw for each new question about a check when it is answered, and whether it is there; how many."""
    return sum(_plan(question) for question in unplanned())


@transaction.atomic
def _plan(question: Question) -> bool:
    pattern = _pattern(question)
    _, created = PlannedAnswer.objects.get_or_create(
        question=question,
        defaults={"answer_at": _moment(question, pattern), "provided": _is_there(pattern)},
    )
    if created:
        record(Tag.CHECK_ANSWER_PLANNED, actor=STAND_IN, subject=question)
    return created


def _pattern(question: Question) -> Question | None:
    """A question to a retailer that has run its course: answered, or not answered long after its day."""
    long_ago = timezone.localdate() - GIVEN_UP
    over = Q(state=QuestionState.ANSWERED) | Q(state=QuestionState.OPEN, due_on__lt=long_ago)
    force = question.offender.submission.campaign.force_id
    real = Question.objects.filter(over, genuine("offender__"), offender__submission__campaign__force=force)
    known = list(real.order_by("-pk")[:RECENT])
    alike = [one for one in known if one.kind == question.kind]
    drawn_from = alike if len(alike) >= ENOUGH else known
    return RANDOM.choice(drawn_from) if len(drawn_from) >= ENOUGH else None


def _is_there(pattern: Question | None) -> bool:
    return bool(pattern.provided) if pattern else RANDOM.random() < 0.5


def _moment(question: Question, pattern: Question | None) -> datetime | None:
    """As many days later and about as late in the day; None: never, as some retailers do."""
    asked = timezone.localtime(question.asked_at)
    if pattern is None:
        begin, end = (one.hour * 60 + one.minute for one in OFFICE)
        return _on(asked, RANDOM.choice(DAYS), RANDOM.uniform(begin, end), works_weekends=False)
    if pattern.answered_at is None:
        return None
    then = timezone.localtime(pattern.answered_at)
    days = (then.date() - timezone.localdate(pattern.asked_at)).days
    minute = then.hour * 60 + then.minute + RANDOM.uniform(-40, 40)
    return _on(asked, days, minute, works_weekends=then.weekday() >= SATURDAY)


def _on(asked: datetime, days: int, minute: float, *, works_weekends: bool) -> datetime:
    midnight = asked.replace(hour=0, minute=0, second=0, microsecond=0)
    moment = midnight + timedelta(days=days, minutes=minute)
    if moment < asked + SOONEST:
        moment = asked + SOONEST * RANDOM.uniform(1, 6)
    while moment.weekday() >= SATURDAY and not works_weekends:
        moment += timedelta(days=1)
    return moment


# --- what -----------------------------------------------------------------------------------------
def give_answers() -> int:
    """Answer what is due; how many were. What cannot be kept now is tried again by the next round."""
    return sum(_answered(plan) for plan in due_answers())


def _answered(plan: PlannedAnswer) -> bool:
    question = plan.question
    sender = question.offender.created_by
    try:
        answer(question, _answer(plan), by=sender)
    except (QuestionRefused, SubmissionRefused, StorageUnavailable, RejectedImage) as error:
        structlog.get_logger(__name__).warning(
            "question_not_answered", question=str(question.uid), why=str(error)
        )
        return False
    return True


def _answer(plan: PlannedAnswer) -> Answer:
    question, kind = plan.question, Kind(plan.question.kind)
    stills = _stills(question) if plan.provided and kind == Kind.BETTER_STILL else []
    if not plan.provided or (kind == Kind.BETTER_STILL and not stills):
        return Answer(False, RANDOM.choice(NOT_THERE[kind]))
    place = RANDOM.choice(PLACES) if kind in COLLECTED else ""
    return Answer(True, RANDOM.choice(THERE[kind]), place, stills)


def _stills(question: Question) -> list[Still]:
    """Another still of the same person, where one can be drawn; none once the check is over."""
    check = Check.objects.get(offender=question.offender)
    over = Decision.objects.filter(offender=question.offender, state=DecisionState.DECIDED).exists()
    content = None if over else another_still(check, str(question.uid))
    if content is None:
        return []
    offender = question.offender
    upload = Upload(content, "still.jpg", offender.started_at)
    still, _ = add_still(offender, upload, by=offender.created_by, asked_for=True)
    return [still]
