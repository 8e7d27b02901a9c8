"""Cases: the list, one case with its timeline, references, moves; the prolific list."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from portal import storage
from portal.accounts.access import SignedInRequest, for_roles
from portal.audit.log import record
from portal.audit.tags import Tag
from portal.cases import harm
from portal.cases.actions import Conflict, Invalid
from portal.cases.actions.cases import change_case, move_case
from portal.cases.models import Case, CaseOffence
from portal.cases.queries import cases_for, readable_cases
from portal.cases.states import MAY_EDIT, MAY_READ, CaseState
from portal.police.case_forms import CaseForm, MoveForm
from portal.police.crops import whole_frame
from portal.police.views.images import jpeg_response
from portal.questions.models import Question
from portal.questions.queries import questions_of
from portal.submissions.models import Still

PER_PAGE = 25
SEARCHED = ("oic_name", "crime_reference", "urn", "custody_record", "subject__name", "subject__reference")
reading = for_roles(*sorted(MAY_READ))
editing = for_roles(*sorted(MAY_EDIT))


@never_cache
@require_GET
@reading
def cases(request: SignedInRequest) -> HttpResponse:
    """Every case this officer may read, those in progress first."""
    state, text = request.GET.get("state", ""), request.GET.get("text", "").strip()
    page = Paginator(_filtered(request, state, text), PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "state": state, "text": text, "states": CaseState}
    response = render(request, "police/cases.html", context)
    record(Tag.CASE_VIEWED, actor=request.user, subject=("cases.case", "list"), rows=len(page), state=state)
    return response


def _filtered(request: SignedInRequest, state: str, text: str) -> QuerySet[Case]:
    standing = Q(offences__removed_at=None)
    retailer = "offences__offender__submission__retailer"
    rows = readable_cases(request.user).annotate(
        offences_now=Count("offences", filter=standing, distinct=True),
        retailers_now=Count(retailer, filter=standing, distinct=True),
    )
    if state in CaseState.values:
        rows = rows.filter(state=state)
    elif state != "all":
        rows = rows.exclude(state=CaseState.CONCLUDED)
    if text:
        found = Q(number=int(text)) if text.isdecimal() and len(text) < 9 else Q()
        for field in SEARCHED:
            found |= Q(**{f"{field}__icontains": text})
        rows = rows.filter(found)
    return rows.select_related("subject").order_by("-opened_at", "-pk")


@dataclass(frozen=True)
class Told:
    """An offence of a case as its page shows it."""

    offence: CaseOffence
    questions: list[Question]


@never_cache
@require_GET
@reading
def case(request: SignedInRequest, case_uid: UUID) -> HttpResponse:
    """Offences on a timeline, what was asked of retailers, references, moves, packages."""
    found = readable_cases(request.user).select_related("subject")
    one = get_object_or_404(found, uid=case_uid)
    offences = list(_offences(one))
    context = {
        "case": one,
        "told": _told(request, offences),
        "totals": harm.totals_of(one),
        "removed": one.offences.exclude(removed_at=None).select_related("offender__submission__retailer"),
        "steps": one.steps.select_related("by"),
        "packages": one.packages.select_related("requested_by"),
        "may_edit": request.user.role in MAY_EDIT,
    }
    response = render(request, "police/case.html", context)
    record(Tag.CASE_VIEWED, actor=request.user, subject=one)
    return response


def _offences(one: Case) -> QuerySet[CaseOffence]:
    rows = one.offences.filter(removed_at=None).select_related(
        "offender__submission__retailer", "offender__store", "offender__decision"
    )
    stills = Prefetch("offender__stills", Still.objects.order_by("pk"))
    return rows.prefetch_related(stills).order_by("offender__started_at", "pk")


def _told(request: SignedInRequest, offences: list[CaseOffence]) -> list[Told]:
    asked: dict[int, list[Question]] = {one.offender_id: [] for one in offences}
    for question in questions_of(request.user).filter(offender__in=list(asked)):
        asked[question.offender_id].append(question)
    return [Told(one, asked[one.offender_id]) for one in offences]


@require_GET
@reading
def case_still(request: SignedInRequest, case_uid: UUID, still_uid: UUID) -> HttpResponse:
    """The whole frame of a still of the case, the chosen face outlined."""
    one = get_object_or_404(readable_cases(request.user), uid=case_uid)
    found = Still.objects.filter(offender__case_offences__case=one, offender__case_offences__removed_at=None)
    still = get_object_or_404(found.select_related("chosen_face"), uid=still_uid)
    face = still.chosen_face
    box = {side: getattr(face, side) for side in "xywh"} if face else None
    frame = whole_frame(storage.read(storage.stills(), still.copy_key), box)
    record(Tag.STILL_VIEWED, actor=request.user, subject=one, still=str(still.uid), part="frame")
    return jpeg_response(frame)


@never_cache
@require_http_methods(["GET", "POST"])
@editing
def case_edit(request: SignedInRequest, case_uid: UUID) -> HttpResponse:
    """References and the officer in the case."""
    one = get_object_or_404(cases_for(request.user), uid=case_uid)
    form = CaseForm(request.POST or None, instance=one, initial={"revision": one.revision})
    if request.method == "POST" and form.is_valid():
        entered = form.cleaned_data
        one.refresh_from_db()
        try:
            change_case(one, entered, revision=entered["revision"], by=request.user)
        except Conflict as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Saved.")
            return redirect("police:case", one.uid)
    status = 422 if form.errors else 200
    return render(request, "police/case_edit.html", {"case": one, "form": form}, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
@editing
def case_move(request: SignedInRequest, case_uid: UUID) -> HttpResponse:
    """To the officer in the case, to its end, or open again: with the reason."""
    one = get_object_or_404(cases_for(request.user), uid=case_uid)
    form = MoveForm(request.POST or None, case=one)
    if request.method == "POST" and form.is_valid():
        to, entered = CaseState(form.cleaned_data["to"]), form.cleaned_data
        try:
            move_case(one, to, by=request.user, reason=entered["reason"], result=entered["result"])
        except (Conflict, Invalid) as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"The case is now: {to.label.lower()}.")
            return redirect("police:case", one.uid)
    status = 422 if form.errors else 200
    return render(request, "police/case_move.html", {"case": one, "form": form}, status=status)


@never_cache
@require_GET
@reading
def prolific(request: SignedInRequest) -> HttpResponse:
    """Whom to look for first, with the formula."""
    found = harm.ranked(request.user, readable=readable_cases(request.user).select_related("subject"))
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "weights": harm.WEIGHTS, "ties": harm.TIES}
    response = render(request, "police/prolific.html", context)
    record(Tag.CASE_VIEWED, actor=request.user, subject=("cases.case", "prolific"), rows=len(page))
    return response
