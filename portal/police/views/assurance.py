"""How good one is, for oneself; and what became known of a decision later."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from portal.accounts.access import SignedInRequest, for_roles
from portal.accounts.roles import REVIEWING_ROLES, Role
from portal.assurance.actions import NotRecorded, Truth, record_later_truth
from portal.assurance.queries import real_decisions
from portal.assurance.rates import accuracy, drifts, results_shown_to
from portal.assurance.states import TruthKind
from portal.reviews.queries import readable_records
from portal.reviews.states import DecisionState, Outcome

PER_PAGE = 25


@require_GET
@for_roles(*sorted(REVIEWING_ROLES))
def my_accuracy(request: SignedInRequest) -> HttpResponse:
    """A reviewer's own known-answer checks: nobody else's, and each only once it is decided."""
    results = list(results_shown_to(request.user))
    page = Paginator(results[::-1], PER_PAGE).get_page(request.GET.get("page"))
    context = {"mine": accuracy(results), "drifts": drifts(results, "You"), "page": page}
    return render(request, "police/my_accuracy.html", context)


class TruthForm(forms.Form):
    """What became known of an identification."""

    kind = forms.ChoiceField(label="What became known", choices=TruthKind.choices, widget=forms.RadioSelect)
    source = forms.CharField(
        label="Where it is known from",
        max_length=200,
        help_text="For example the custody record or the court",
    )
    known_on = forms.DateField(
        label="When it became known", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    note = forms.CharField(
        label="Note", max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def truth(self) -> Truth:
        """What was entered, for the action."""
        data = self.cleaned_data
        return Truth(TruthKind(data["kind"]), data["source"], data["known_on"], data["note"])


@require_http_methods(["GET", "POST"])
@for_roles(Role.SUPERVISOR)
def later_truth(request: SignedInRequest, decision_uid: UUID) -> HttpResponse:
    """Record what became known; earlier entries stay, the newest stands."""
    found = readable_records(request.user).filter(
        pk__in=real_decisions().values("pk"), state=DecisionState.DECIDED, outcome=Outcome.IDENTIFIED
    )
    decision = get_object_or_404(found.select_related("offender"), uid=decision_uid)
    form = TruthForm(request.POST or None, initial={"known_on": timezone.localdate()})
    if request.method == "POST" and form.is_valid():
        try:
            record_later_truth(decision, form.truth(), by=request.user)
        except NotRecorded as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Recorded. It counts in the error rates from now on.")
            return redirect("police:decision-record", decision.uid)
    context = {"form": form, "decision": decision, "truths": decision.later_truths.all()}
    return render(request, "police/later_truth.html", context, status=422 if form.errors else 200)
