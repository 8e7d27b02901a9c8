"""Which questions a retailer has to answer, and which an officer may read."""

from collections.abc import Iterable

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Now

from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.questions.models import Document, PlannedAnswer, Question
from portal.questions.states import Kind, QuestionState
from portal.reviews.models import Decision
from portal.reviews.queries import decisions_for, readable_records
from portal.reviews.states import DecisionState
from portal.submissions.genuine import genuine

OPEN_FIRST = Case(
    When(state=QuestionState.OPEN, then=Value(0)), default=Value(1), output_field=IntegerField()
)
READS_EVERY_QUESTION = frozenset({Role.SUPERVISOR, Role.AUDITOR})


# --- retailers ------------------------------------------------------------------------------------
def questions_to(user: User) -> QuerySet[Question]:
    """Questions to this person's retailer: open ones first, the most urgent on top."""
    asked = Question.objects.filter(offender__submission__retailer=user.organisation_id)
    return asked.select_related("offender__submission__campaign", "offender__store", "answered_by").order_by(
        OPEN_FIRST, "due_on", "pk"
    )


def open_questions_to(user: User) -> QuerySet[Question]:
    """Those that wait for an answer."""
    return questions_to(user).filter(state=QuestionState.OPEN)


def open_by_offender(offender_ids: Iterable[int]) -> dict[int, list[Question]]:
    """The open questions about each of these offenders, the most urgent first; one query."""
    found: dict[int, list[Question]] = {}
    rows = Question.objects.filter(offender__in=list(offender_ids), state=QuestionState.OPEN)
    for question in rows.order_by("due_on", "pk"):
        found.setdefault(question.offender_id, []).append(question)
    return found


# --- officers -------------------------------------------------------------------------------------
def questions_of(user: User) -> QuerySet[Question]:
    """Questions of the force that this officer may read, open ones first.

    What a colleague asks about an offender who is not decided yet tells what the colleague thinks (nobody
    asks for a statement about a stranger): until then only the asker, supervisors and auditors read it.
    """
    asked = Question.objects.filter(offender__submission__campaign__force=user.organisation_id)
    if user.role not in READS_EVERY_QUESTION:
        asked = asked.filter(Q(asked_by=user) | Q(offender__decision__state=DecisionState.DECIDED))
    return (
        asked.select_related("offender__decision", "asked_by")
        .prefetch_related("stills", "documents")
        .order_by(OPEN_FIRST, "due_on", "pk")
    )


def askable_decisions(user: User) -> QuerySet[Decision]:
    """Decisions whose retailer this officer may ask: they review or reviewed it, or may read its record."""
    mine = Q(pk__in=readable_records(user).values("pk")) | Q(reviews__reviewer=user)
    return decisions_for(user).filter(mine).distinct()


def unconsidered() -> QuerySet[Question]:
    """Answers with better stills that no review takes into account yet."""
    return Question.objects.filter(
        state=QuestionState.ANSWERED, kind=Kind.BETTER_STILL, provided=True, considered_at=None
    )


def documents_of(user: User) -> QuerySet[Document]:
    """Documents of answers that this officer may read."""
    answered = questions_of(user).filter(state=QuestionState.ANSWERED).order_by()
    return Document.objects.filter(question__in=answered.values("pk")).select_related("question")


# --- known-answer checks --------------------------------------------------------------------------
def unplanned() -> QuerySet[Question]:
    """Open questions about checks for which no answer is drawn yet."""
    checks = Question.objects.filter(~genuine("offender__"), state=QuestionState.OPEN, planned=None)
    return checks.select_related("offender__submission__campaign").order_by("pk")


def due_answers() -> QuerySet[PlannedAnswer]:
    """Answers whose time has come, to questions that are still open."""
    due = PlannedAnswer.objects.filter(question__state=QuestionState.OPEN, answer_at__lte=Now())
    return due.select_related("question__offender__submission", "question__offender__created_by").order_by(
        "answer_at"
    )
