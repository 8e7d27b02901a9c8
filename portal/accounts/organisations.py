"""Pages for retailers joining the service, and for their stores."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from portal.accounts import actions
from portal.accounts.access import SignedInRequest, for_roles
from portal.accounts.forms import RetailerForm, StoreForm
from portal.accounts.models import Organisation, OrganisationKind, Store
from portal.accounts.people import PAGE_SIZE, for_managers
from portal.accounts.queries import organisations_for
from portal.accounts.roles import Role


@for_roles(Role.ADMINISTRATOR)
def organisations(request: SignedInRequest) -> HttpResponse:
    """All retailers, and adding one."""
    form = RetailerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        added = actions.add_retailer(form.cleaned_data["name"], by=request.user)
        messages.success(request, f"{added.name} was added. Add its stores, then invite its manager.")
        return redirect("accounts:organisation", uid=added.uid)
    retailers = organisations_for(request.user).filter(kind=OrganisationKind.RETAILER)
    counted = retailers.annotate(
        people_count=Count("people", distinct=True), store_count=Count("stores", distinct=True)
    )
    page = Paginator(counted, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "accounts/organisations.html", {"form": form, "page": page})


def _retailer_for(request: SignedInRequest, uid: UUID) -> Organisation:
    retailers = organisations_for(request.user).filter(kind=OrganisationKind.RETAILER)
    return get_object_or_404(retailers, uid=uid)


@for_managers
def organisation(request: SignedInRequest, uid: UUID) -> HttpResponse:
    """A retailer's stores, and adding one."""
    retailer = _retailer_for(request, uid)
    form = StoreForm(request.POST or None, instance=Store(retailer=retailer))
    if request.method == "POST" and form.is_valid():
        store = actions.save_store(form.instance, by=request.user)
        messages.success(request, f"{store.name} was added.")
        return redirect("accounts:organisation", uid=uid)
    page = Paginator(retailer.stores.order_by("name", "pk"), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"form": form, "retailer": retailer, "page": page}
    return render(request, "accounts/organisation.html", context)


@for_managers
def store_edit(request: SignedInRequest, uid: UUID) -> HttpResponse:
    """Change what is known of a store."""
    within = organisations_for(request.user).order_by().values("pk")
    store = get_object_or_404(Store.objects.select_related("retailer"), uid=uid, retailer__in=within)
    form = StoreForm(request.POST or None, instance=store)
    if request.method == "POST" and form.is_valid():
        actions.save_store(form.instance, by=request.user)
        messages.success(request, f"{store.name} was changed.")
        return redirect("accounts:organisation", uid=store.retailer.uid)
    return render(request, "accounts/store_edit.html", {"form": form, "store": store})
