"""Series: pairs to judge blind, what was linked, taking apart."""

import hashlib
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from portal import storage
from portal.accounts.access import SignedInRequest, for_roles
from portal.accounts.models import User
from portal.audit.log import record
from portal.audit.tags import Tag
from portal.cases.actions import Conflict, Invalid
from portal.cases.actions.rulings import standing_ruling
from portal.cases.actions.series import judge_pair, split
from portal.cases.models import Membership, Pair, Series
from portal.cases.queries import pairs_for, pairs_to_judge, series_for
from portal.cases.states import (
    DISPUTED,
    MAY_JUDGE,
    MAY_READ,
    MAY_RULE,
    MAY_SPLIT,
    TO_JUDGE,
    PairState,
    PairVerdict,
)
from portal.police.case_forms import PairForm, SplitForm
from portal.police.crops import aligned_crop
from portal.police.pairs import LEFT, RIGHT, first_on_the_left, look_of, search_on_side
from portal.police.views.images import jpeg_response
from portal.submissions.models import Face, Still

PER_PAGE = 25
SIDES = ((LEFT, "Left"), (RIGHT, "Right"))
reading = for_roles(*sorted(MAY_READ))


@never_cache
@require_GET
@reading
def series(request: SignedInRequest) -> HttpResponse:
    """How many pairs wait, every series that holds, and the pairs that were settled without a link."""
    user = request.user
    shown = "settled" if request.GET.get("show") == "settled" else "series"
    rows = _settled(request) if shown == "settled" else series_for(user).order_by("-made_at", "-pk")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    waiting = pairs_for(user).filter(state__in=TO_JUDGE)
    context = {
        "page": page,
        "shown": shown,
        "waiting": waiting.count(),
        "mine": pairs_to_judge(user).count() if user.role in MAY_JUDGE else None,
    }
    return render(request, "police/series.html", context)


def _settled(request: SignedInRequest) -> QuerySet[Pair]:
    settled = pairs_for(request.user).exclude(state__in=(*TO_JUDGE, PairState.LINKED))
    return settled.order_by("-settled_at", "-pk")


@require_GET
@for_roles(*sorted(MAY_JUDGE))
def series_next(request: SignedInRequest) -> HttpResponse:
    """To the pair that has waited longest for this officer."""
    pair = pairs_to_judge(request.user).first()
    if pair is None:
        messages.info(request, "No pair is waiting for you just now.")
        return redirect("police:series")
    return redirect("police:series-pair", pair.uid)


# --- a pair ---------------------------------------------------------------------------------------
def pair_of(request: SignedInRequest, pair_uid: UUID) -> Pair:
    """A pair of the officer's force, with what its faces need; Http404 for another force's."""
    found = pairs_for(request.user).select_related(
        "first_search__face", "first_search__still__chosen_face",
        "second_search__face", "second_search__still__chosen_face",
    )  # fmt: skip
    return get_object_or_404(found, uid=pair_uid)


@never_cache
@require_http_methods(["GET", "POST"])
@reading
def series_pair(request: SignedInRequest, pair_uid: UUID) -> HttpResponse:
    """Two faces side by side, nothing else; after one's own judgement the score; once settled everything."""
    pair = pair_of(request, pair_uid)
    form = PairForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            return _judged(request, pair, form)
        except Invalid as error:
            form.add_error(None, str(error))
        except Conflict as error:
            messages.error(request, str(error))
            return redirect("police:series-pair", pair.uid)
    look = look_of(pair, request.user)
    context = {
        "pair": pair,
        "look": look,
        "form": form if look.to_judge else None,
        "sides": sides_of(pair, request.user),
        "judgements": pair.judgements.select_related("officer") if look.everything else (),
        "rulings": pair.rulings.select_related("by", "taken_back_by") if look.everything else (),
        "may_rule": request.user.role in MAY_RULE and pair.state in DISPUTED,
        "may_take_back": request.user.role in MAY_RULE and standing_ruling(pair) is not None,
        "held": held_series(pair) if look.everything else None,
    }
    response = render(request, "police/series_pair.html", context, status=422 if form.errors else 200)
    record(Tag.PAIR_VIEWED, actor=request.user, subject=pair)
    return response


def sides_of(pair: Pair, user: User) -> list[tuple[int, str, bool]]:
    """Number and label of each side for this officer, and whether its still is held."""
    searches = [search_on_side(pair, user, side) for side, _ in SIDES]
    held = [search is not None and search.still is not None for search in searches]
    return [(side, label, there) for (side, label), there in zip(SIDES, held, strict=True)]


def _judged(request: SignedInRequest, pair: Pair, form: PairForm) -> HttpResponse:
    judge_pair(
        pair,
        PairVerdict(form.cleaned_data["verdict"]),
        form.cleaned_data["reason"],
        by=request.user,
        first_on_the_left=first_on_the_left(pair, request.user),
    )
    messages.success(request, "Your judgement is recorded.")
    return (
        redirect("police:series-next") if "next" in request.POST else redirect("police:series-pair", pair.uid)
    )


def held_series(pair: Pair) -> Series | None:
    """The series that both are in now."""
    both = Series.objects.filter(ended_at=None)
    for offender in (pair.first_id, pair.second_id):
        both = both.filter(pk__in=Membership.objects.filter(offender=offender, until=None).values("series"))
    return both.first()


@require_GET
@reading
def pair_face(request: SignedInRequest, pair_uid: UUID, number: int) -> HttpResponse:
    """One of the two faces: 1 stands on the left, 2 on the right, for this officer."""
    pair = pair_of(request, pair_uid)
    search = search_on_side(pair, request.user, number) if number in (LEFT, RIGHT) else None
    if search is None or search.still is None:
        raise Http404
    crop = face_of(search.still, search.face or search.still.chosen_face)
    record(Tag.STILL_VIEWED, actor=request.user, subject=pair, still=str(search.still.uid), part="face")
    return jpeg_response(crop)


def face_of(still: Still, face: Face | None) -> bytes:
    """The aligned face of a still (JPEG); Http404 where none was chosen, OSError where the copy changed."""
    if face is None:
        raise Http404
    content = storage.read(storage.stills(), still.copy_key)
    if hashlib.sha256(content).hexdigest() != still.copy_sha256:
        raise OSError("the stored copy of this still is not what was written")
    return aligned_crop(content, {side: getattr(face, side) for side in "xywh"}, face.landmarks)


# --- a series -------------------------------------------------------------------------------------
@never_cache
@require_GET
@reading
def series_detail(request: SignedInRequest, series_uid: UUID) -> HttpResponse:
    """Who is in it, by which links, who left it."""
    one = get_object_or_404(series_for(request.user), uid=series_uid)
    stills = Prefetch("offender__stills", Still.objects.exclude(chosen_face=None))
    members = one.memberships.filter(until=None).select_related(
        "offender__submission__retailer", "offender__store"
    )
    members = members.prefetch_related(stills).order_by("offender__started_at", "pk")
    offenders = [member.offender_id for member in members]
    pairs = Pair.objects.filter(first__in=offenders, second__in=offenders, state=PairState.LINKED)
    context = {
        "one": one,
        "members": members,
        "pairs": pairs.select_related(
            "link__first_officer", "link__second_officer", "link__adjudicator", "first", "second"
        ),
        "former": one.memberships.exclude(until=None).select_related("offender"),
        "may_split": request.user.role in MAY_SPLIT,
    }
    response = render(request, "police/series_detail.html", context)
    record(Tag.SERIES_VIEWED, actor=request.user, subject=one)
    return response


@require_GET
@reading
def series_face(request: SignedInRequest, series_uid: UUID, still_uid: UUID) -> HttpResponse:
    """The chosen face of a still of a member."""
    one = get_object_or_404(series_for(request.user), uid=series_uid)
    found = Still.objects.filter(offender__memberships__series=one, offender__memberships__until=None)
    still = get_object_or_404(found.select_related("chosen_face"), uid=still_uid)
    crop = face_of(still, still.chosen_face)
    record(Tag.STILL_VIEWED, actor=request.user, subject=one, still=str(still.uid), part="face")
    return jpeg_response(crop)


@never_cache
@require_http_methods(["GET", "POST"])
@for_roles(*sorted(MAY_SPLIT))
def series_split(request: SignedInRequest, series_uid: UUID, offender_uid: UUID) -> HttpResponse:
    """Take an offender out for good; confirmed, with the reason."""
    one = get_object_or_404(series_for(request.user), uid=series_uid)
    members = one.memberships.filter(until=None).select_related("offender__submission__retailer")
    member = get_object_or_404(members, offender__uid=offender_uid)
    form = SplitForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            split(one, member.offender_id, form.cleaned_data["reason"], by=request.user)
        except (Conflict, Invalid) as error:
            messages.error(request, str(error))
        else:
            messages.success(request, "Taken out of the series. It is never suggested with the others again.")
        return redirect("police:series")
    context = {"one": one, "member": member, "form": form}
    return render(request, "police/series_split.html", context, status=422 if form.errors else 200)
