"""Pages on which an administrator or a retailer manager looks after people and invitations."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from portal.accounts import actions
from portal.accounts.access import SignedInRequest, for_roles
from portal.accounts.forms import InvitationForm, PeopleFilter
from portal.accounts.models import Invitation, User
from portal.accounts.queries import invitations_for, people_for
from portal.accounts.roles import Role

PAGE_SIZE = 25
for_managers = for_roles(Role.ADMINISTRATOR, Role.RETAILER_MANAGER)


@for_managers
def people(request: SignedInRequest) -> HttpResponse:
    """Everybody in the reader's care, and the invitations that wait."""
    narrow = PeopleFilter(request.GET, viewer=request.user)
    found = _narrowed(people_for(request.user), narrow)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    waiting = Paginator(invitations_for(request.user), PAGE_SIZE).get_page(request.GET.get("waiting"))
    return render(request, "accounts/people.html", {"filter": narrow, "page": page, "waiting": waiting})


def _narrowed(found: QuerySet[User], narrow: PeopleFilter) -> QuerySet[User]:
    if not narrow.is_valid():
        return found
    if words := narrow.cleaned_data["q"]:
        found = found.filter(Q(name__icontains=words) | Q(email__icontains=words))
    if organisation := narrow.cleaned_data["organisation"]:
        found = found.filter(organisation=organisation)
    return found


def _person_for(request: SignedInRequest, uid: UUID) -> User:
    return get_object_or_404(people_for(request.user), uid=uid)


@for_managers
def person(request: SignedInRequest, uid: UUID) -> HttpResponse:
    """One account: what it may do, switching it off and on, a lost second factor."""
    return render(request, "accounts/person.html", {"person": _person_for(request, uid)})


@for_managers
@require_POST
def person_switch(request: SignedInRequest, uid: UUID) -> HttpResponse:
    """Switch an account off, or on again; nobody switches off themselves."""
    someone = _person_for(request, uid)
    if someone == request.user:
        messages.error(request, "You cannot switch off your own account.")
    else:
        actions.set_active(someone, request.POST.get("active") == "1", by=request.user)
        messages.success(request, f"The account of {someone.name} was changed.")
    return redirect("accounts:person", uid=someone.uid)


@for_roles(Role.ADMINISTRATOR)
@require_POST
def person_second_factor(request: SignedInRequest, uid: UUID) -> HttpResponse:
    """Forget the second factor of somebody who lost it."""
    someone = _person_for(request, uid)
    actions.reset_second_factor(someone, by=request.user)
    messages.success(request, f"{someone.name} sets up a new second factor at the next log-in.")
    return redirect("accounts:person", uid=someone.uid)


@for_managers
def invitation_new(request: SignedInRequest) -> HttpResponse:
    """Invite somebody, and mail the link."""
    form = InvitationForm(request.POST or None, inviter=request.user)
    if request.method == "POST" and form.is_valid():
        invitation = _invited(request, form)
        if invitation is not None:
            _mail(request, invitation)
            return redirect("accounts:people")
    return render(request, "accounts/invitation_new.html", {"form": form})


def _invited(request: SignedInRequest, form: InvitationForm) -> Invitation | None:
    given = form.cleaned_data
    try:
        return actions.invite(
            inviter=request.user,
            organisation=given["organisation"],
            role=Role(given["role"]),
            email=given["email"],
            name=given["name"],
        )
    except actions.InvitationError as error:
        form.add_error(None, str(error))
        return None


def _mail(request: SignedInRequest, invitation: Invitation) -> None:
    path = reverse("accounts:invitation-accept", args=[actions.invitation_token(invitation)])
    actions.send_invitation(invitation, request.build_absolute_uri(path))
    messages.success(request, f"An invitation was sent to {invitation.email}.")


@for_managers
@require_POST
def invitation_resend(request: SignedInRequest, uid: UUID) -> HttpResponse:
    """Mail the link again; its days start anew."""
    invitation = get_object_or_404(invitations_for(request.user), uid=uid)
    try:
        actions.renew_invitation(invitation, by=request.user)
        _mail(request, invitation)
    except actions.InvitationError as error:
        messages.error(request, str(error))
    return redirect("accounts:people")


@for_managers
@require_POST
def invitation_withdraw(request: SignedInRequest, uid: UUID) -> HttpResponse:
    """Take an invitation back."""
    invitation = get_object_or_404(invitations_for(request.user), uid=uid)
    try:
        actions.withdraw_invitation(invitation, by=request.user)
        messages.success(request, f"The invitation to {invitation.email} was withdrawn.")
    except actions.InvitationError as error:
        messages.error(request, str(error))
    return redirect("accounts:people")
