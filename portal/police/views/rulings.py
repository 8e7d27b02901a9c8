"""A supervisor's ruling on a pair that two judgements did not settle, and taking it back."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from portal.accounts.access import SignedInRequest, for_roles
from portal.audit.log import record
from portal.audit.tags import Tag
from portal.cases.actions import Conflict, Invalid
from portal.cases.actions.rulings import rule_on_pair, standing_ruling, take_back_ruling
from portal.cases.actions.series import judgements_in_force, kept_apart
from portal.cases.models import Pair
from portal.cases.states import DISPUTED, MAY_RULE, PairState, Ruling
from portal.police.case_forms import RulingForm, TakeBackForm
from portal.police.views.series import held_series, pair_of, sides_of

Form = RulingForm | TakeBackForm


@never_cache
@require_http_methods(["GET", "POST"])
@for_roles(*sorted(MAY_RULE))
def series_ruling(request: SignedInRequest, pair_uid: UUID) -> HttpResponse:
    """Both faces, both judgements, what stands against a link; the ruling, or taking one back."""
    pair = pair_of(request, pair_uid)
    standing = standing_ruling(pair)
    if pair.state not in DISPUTED and standing is None:
        return redirect("police:series-pair", pair.uid)
    form = _form(request, pair, to_rule=standing is None)
    if request.method == "POST" and form.is_valid() and _ruled(request, pair, form):
        return redirect("police:series-pair", pair.uid)
    context = {
        "pair": pair,
        "form": form,
        "standing": standing,
        "sides": sides_of(pair, request.user),
        "judgements": judgements_in_force(pair),
        "against": kept_apart(pair) if pair.state in DISPUTED else (),
        "held": held_series(pair),
    }
    record(Tag.PAIR_VIEWED, actor=request.user, subject=pair, for_a_ruling=True)
    return render(request, "police/series_ruling.html", context, status=422 if form.errors else 200)


def _form(request: SignedInRequest, pair: Pair, *, to_rule: bool) -> Form:
    data = request.POST or None
    return RulingForm(data, initial={"round": pair.round}) if to_rule else TakeBackForm(data)


def _ruled(request: SignedInRequest, pair: Pair, form: Form) -> bool:
    given = form.cleaned_data
    try:
        if isinstance(form, TakeBackForm):
            take_back_ruling(pair, given["reason"], by=request.user)
            messages.success(request, "The ruling is taken back. The pair stands where it stood before.")
        else:
            ruling = Ruling(given["ruling"])
            rule_on_pair(pair, ruling, given["reason"], by=request.user, seen_round=given["round"])
            messages.success(request, _said(pair))
    except (Conflict, Invalid) as error:
        form.add_error(None, str(error))
        return False
    return True


def _said(pair: Pair) -> str:
    if pair.state == PairState.SUGGESTED:
        return "Two other officers are asked to judge this pair."
    return "Your ruling is recorded. It can be taken back on this page."
