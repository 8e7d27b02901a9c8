"""Asking the retailer for something, what was answered, and taking a question back."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.accounts.access import SignedInRequest, for_roles
from portal.accounts.roles import REVIEWING_ROLES, Role
from portal.audit.log import record
from portal.audit.tags import Tag
from portal.police.question_forms import AskForm
from portal.police.views.images import UNTOUCHED
from portal.questions.actions import QuestionRefused, ask, withdraw
from portal.questions.documents import content_of
from portal.questions.models import Question
from portal.questions.queries import askable_decisions, documents_of, questions_of
from portal.questions.states import QuestionState
from portal.reviews.models import Decision
from portal.reviews.queries import live_reviews_of, readable_records

PER_PAGE = 25
reviewing = for_roles(*sorted(REVIEWING_ROLES))


@never_cache
@require_GET
@for_roles(*sorted(REVIEWING_ROLES), Role.AUDITOR)
def questions(request: SignedInRequest) -> HttpResponse:
    """What was asked and answered, as far as this officer may read it."""
    rows, state = questions_of(request.user), request.GET.get("state", "")
    if state in QuestionState.values:
        rows = rows.filter(state=state)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    readable = readable_records(request.user).filter(offender__in=[one.offender_id for one in page])
    context = {
        "page": page,
        "state": state,
        "states": QuestionState,
        "may_read": set(readable.values_list("pk", flat=True)),
    }
    response = render(request, "police/questions.html", context)
    record(
        Tag.QUESTIONS_VIEWED,
        actor=request.user,
        subject=request.user.organisation,
        questions=[str(one.uid) for one in page],
    )
    return response


@never_cache
@require_http_methods(["GET", "POST"])
@reviewing
def question_ask(request: SignedInRequest, decision_uid: UUID) -> HttpResponse:
    """Write, see it as the retailer will, then send. Nothing of the candidates is on this page."""
    found = askable_decisions(request.user).select_related("offender__submission__campaign")
    decision = get_object_or_404(found, uid=decision_uid)
    form = AskForm(request.POST or None)
    preview = None
    if request.method == "POST" and form.is_valid():
        if form.was_previewed() and _asked(request, decision, form):
            return redirect(_back(request, decision))
        preview = Question(**vars(form.asked())) if not form.errors else None
    context = {
        "decision": decision,
        "form": form,
        "preview": preview,
        "digest": form.digest() if preview else "",
        "earlier": questions_of(request.user).filter(offender=decision.offender_id),
        "back": _back(request, decision),
    }
    return render(request, "police/question_ask.html", context)


def _asked(request: SignedInRequest, decision: Decision, form: AskForm) -> bool:
    try:
        ask(decision.offender, form.asked(), by=request.user)
    except QuestionRefused as error:
        form.refuse(error)
        return False
    messages.success(request, "The retailer was asked. You see the answer under Questions.")
    return True


def _back(request: SignedInRequest, decision: Decision) -> str:
    """Where the officer came from: the review under way, or the record."""
    live = live_reviews_of(request.user).filter(decision=decision).first()
    if live is not None:
        return reverse("police:review", args=[live.uid])
    if readable_records(request.user).filter(pk=decision.pk).exists():
        return reverse("police:decision-record", args=[decision.uid])
    return reverse("police:questions")


@require_POST
@reviewing
def question_withdraw(request: SignedInRequest, question_uid: UUID) -> HttpResponse:
    """Take an open question back."""
    one = get_object_or_404(questions_of(request.user), uid=question_uid)
    try:
        withdraw(one, by=request.user)
    except QuestionRefused as error:
        messages.error(request, error.message)
    else:
        messages.success(request, "The question was withdrawn. The retailer sees that.")
    return redirect("police:questions")


@never_cache
@require_GET
@for_roles(*sorted(REVIEWING_ROLES), Role.AUDITOR)
def question_document(request: SignedInRequest, document_uid: UUID) -> HttpResponse:
    """A document as the retailer sent it, to be kept and not shown: nobody here has looked into it."""
    document = get_object_or_404(documents_of(request.user), uid=document_uid)
    response = HttpResponse(content_of(document), content_type="application/octet-stream")
    for name, value in UNTOUCHED.items():
        response[name] = value
    # Not the sender's name: that could end in anything.
    file_name = f"{document.uid}.{document.format.lower()}"
    response["Content-Disposition"] = f'attachment; filename="{file_name}"'
    record(
        Tag.DOCUMENT_VIEWED,
        actor=request.user,
        subject=document,
        reason="answer to a question",
        question=str(document.question.uid),
        sha256=document.sha256,
    )
    return response
