"""What officers ask of the retailer: the list of tasks, and answering one in place."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from portal.accounts.access import SignedInRequest, for_retailers
from portal.questions.actions import Answer, QuestionRefused, answer
from portal.questions.documents import MAX_BYTES, add_document
from portal.questions.models import Question
from portal.questions.queries import open_questions_to, questions_to
from portal.questions.states import Kind
from portal.retailer.answer_forms import AnswerForm
from portal.retailer.forms import posted
from portal.retailer.uploads import OUR_FAULT, take, tell
from portal.storage import StorageUnavailable
from portal.submissions.actions import Upload
from portal.submissions.models import Still

PER_PAGE = 25
THANKS = {
    Kind.BETTER_STILL: "Thank you. The new still is searched, and an officer looks at this offender again.",
}


@for_retailers
@require_safe
def questions(request: SignedInRequest) -> HttpResponse:
    """Everything officers asked: what waits for an answer first, the most urgent on top."""
    page = Paginator(questions_to(request.user), PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "waiting": open_questions_to(request.user).count()}
    return render(request, "retailer/questions.html", context)


@for_retailers
@require_http_methods(["GET", "HEAD", "POST"])
def question(request: SignedInRequest, uid: str) -> HttpResponse:
    """One question, answered in place; once settled, what was answered."""
    one = get_object_or_404(questions_to(request.user).prefetch_related("stills", "documents"), uid=uid)
    form = AnswerForm(*posted(request), kind=Kind(one.kind), received=bool(one.documents.all()))
    if request.method == "POST" and form.is_valid() and _answered(request, one, form):
        messages.success(request, THANKS.get(Kind(one.kind), "Thank you. The officer sees your answer."))
        return redirect("retailer:offender", uid=one.offender.uid)
    one.refresh_from_db()
    return render(
        request, "retailer/question.html", {"question": one, "offender": one.offender, "form": form}
    )


def _answered(request: SignedInRequest, one: Question, form: AnswerForm) -> bool:
    """Whether the answer was taken; what was wrong with it is told on the page."""
    try:
        provided = form.cleaned_data["provided"]
        stills = _stills(request, one, form) if provided else []
        if provided and not _documents(request, one, form):
            return False
        given = Answer(
            provided,
            form.cleaned_data["text"],
            form.cleaned_data.get("collect_from", ""),
            stills,
        )
        answer(one, given, by=request.user)
    except QuestionRefused as error:
        form.refuse(error)
        return False
    except StorageUnavailable:
        form.add_error("documents" if "documents" in form.fields else None, OUR_FAULT)
        return False
    return True


def _documents(request: SignedInRequest, one: Question, form: AnswerForm) -> bool:
    """Whether every document was taken; of each other it is told why, and those that were stay."""
    for file in form.cleaned_data.get("documents") or []:
        try:
            add_document(one, Upload(file.read(MAX_BYTES + 1), file.name or ""), by=request.user)
        except QuestionRefused as error:
            form.refuse(error, about=file.name or "")
    return not form.errors


def _stills(request: SignedInRequest, one: Question, form: AnswerForm) -> list[Still]:
    """The stills of the form, received; one that came with an answer which then failed counts as well."""
    files = form.cleaned_data.get("stills") or []
    if not files or not one.is_open:
        return []
    taken = take(one.offender, files, form.cleaned_data["captured_at"], by=request.user, asked_for=True)
    tell(request, taken)
    return [still for still in taken.stills if still.added_at >= one.asked_at]
