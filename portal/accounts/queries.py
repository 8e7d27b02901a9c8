"""Which organisations, people and invitations somebody may manage. Everything else is 404 to them."""

from django.db.models import Q, QuerySet

from portal.accounts.models import Invitation, Organisation, OrganisationKind, User
from portal.accounts.roles import Role


def organisations_for(user: User) -> QuerySet[Organisation]:
    """An administrator manages the own force and every retailer, a retailer manager the own retailer."""
    if user.role == Role.ADMINISTRATOR:
        scope = Q(pk=user.organisation_id) | Q(kind=OrganisationKind.RETAILER)
    elif user.role == Role.RETAILER_MANAGER:
        scope = Q(pk=user.organisation_id)
    else:
        return Organisation.objects.none()
    return Organisation.objects.filter(scope).order_by("kind", "name")


def people_for(user: User) -> QuerySet[User]:
    """The people of those organisations."""
    within = organisations_for(user).order_by().values("pk")
    return (
        User.objects.filter(organisation__in=within)
        .select_related("organisation")
        .order_by("organisation__name", "name", "pk")
    )


def invitations_for(user: User) -> QuerySet[Invitation]:
    """Invitations to those organisations that nobody has used or withdrawn, newest first."""
    within = organisations_for(user).order_by().values("pk")
    return (
        Invitation.objects.filter(organisation__in=within, accepted_at=None, withdrawn_at=None)
        .select_related("organisation", "invited_by")
        .order_by("-sent_at", "-pk")
    )
