"""Shortest ways to a question and its answer."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from portal.accounts.models import User
from portal.questions.actions import Answer, Asked, answer, ask
from portal.questions.models import Question
from portal.questions.states import Kind
from portal.submissions.models import Offender


def make_question(
    offender: Offender,
    by: User,
    kind: Kind = Kind.BETTER_STILL,
    *,
    text: str = "Please send a frame from the till camera.",
    days: int = 5,
) -> Question:
    """An open question, due in `days` from today (which may lie in the past)."""
    today = timezone.localdate()
    question = ask(offender, Asked(kind, text, today + timedelta(days=max(days, 0))), by=by)
    if days < 0:
        Question.objects.filter(pk=question.pk).update(due_on=today + timedelta(days=days))
        question.refresh_from_db()
    return question


def answered(question: Question, by: User, **given: Any) -> Question:
    """The same question, answered; without more: "we have it, at the store office"."""
    usual = {"provided": True, "collect_from": "The store office", **given}
    answer(question, Answer(**usual), by=by)
    question.refresh_from_db()
    return question
