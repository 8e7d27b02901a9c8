"""Inviting people, letting them in, switching accounts off."""

from datetime import timedelta

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core import signing
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from portal.accounts.models import Invitation, Organisation, OrganisationKind, Store, User
from portal.accounts.queries import organisations_for
from portal.accounts.roles import POLICE_ROLES, RETAILER_ROLES, Role
from portal.audit.log import SystemActor, record
from portal.audit.tags import Tag

SALT = "invitation"
TAKEN = "This address already has an account."
SPENT = "This invitation was already used or withdrawn."


class InvitationError(Exception):
    """An invitation that cannot be made or used; the message is for the person who tried."""


def invitable_roles(inviter: User) -> frozenset[Role]:
    """An administrator invites anybody, a retailer manager only people of the own retailer."""
    if inviter.role == Role.ADMINISTRATOR:
        return frozenset(Role)
    return RETAILER_ROLES if inviter.role == Role.RETAILER_MANAGER else frozenset()


def _check(inviter: User, organisation: Organisation, role: Role, email: str) -> None:
    if role not in invitable_roles(inviter):
        raise InvitationError("You cannot invite people to this role.")
    if not organisations_for(inviter).filter(pk=organisation.pk).exists():
        raise InvitationError("You cannot invite people to this organisation.")
    if (role in POLICE_ROLES) != (organisation.kind == OrganisationKind.FORCE):
        raise InvitationError("This role belongs to the other kind of organisation.")
    if User.objects.filter(email__iexact=email).exists():
        raise InvitationError(TAKEN)
    if Invitation.objects.filter(email__iexact=email, accepted_at=None, withdrawn_at=None).exists():
        raise InvitationError("This address was already invited. Withdraw that invitation or send it again.")


@transaction.atomic
def invite(*, inviter: User, organisation: Organisation, role: Role, email: str, name: str) -> Invitation:
    """Make an invitation and the audit entry; the mail is sent by `send_invitation`."""
    _check(inviter, organisation, role, email)
    invitation = Invitation.objects.create(
        email=email.lower(), name=name, role=role, organisation=organisation, invited_by=inviter
    )
    record(Tag.USER_INVITED, actor=inviter, subject=invitation, role=role, organisation=organisation.pk)
    return invitation


def invitation_token(invitation: Invitation) -> str:
    """What the mailed link carries: signed, so that it cannot be guessed or altered."""
    return signing.dumps(str(invitation.uid), salt=SALT)


def send_invitation(invitation: Invitation, link: str) -> None:
    """Mail the link. It names the product and nothing about any case."""
    send_mail(
        "Your invitation to Stillmatch",
        f"You have been invited to Stillmatch by {invitation.organisation.name}.\n\n"
        f"Choose your password here, within {settings.INVITATION_DAYS} days:\n{link}\n",
        None,
        [invitation.email],
    )


def open_invitation(token: str) -> Invitation:
    """The invitation a token stands for; InvitationError where it is spent, old or not ours."""
    try:
        uid = signing.loads(token, salt=SALT, max_age=timedelta(days=settings.INVITATION_DAYS))
    except signing.BadSignature as error:
        raise InvitationError("This invitation has expired or is not complete. Ask for a new one.") from error
    invitation = Invitation.objects.filter(uid=uid, accepted_at=None, withdrawn_at=None).first()
    if invitation is None:
        raise InvitationError(SPENT)
    return invitation


@transaction.atomic
def renew_invitation(invitation: Invitation, *, by: User) -> None:
    """Start the days of an invitation anew; the caller mails the new link."""
    if not _still_open(invitation).update(sent_at=Now()):
        raise InvitationError(SPENT)
    record(Tag.USER_INVITED, actor=by, subject=invitation, role=invitation.role, again=True)


@transaction.atomic
def withdraw_invitation(invitation: Invitation, *, by: User) -> None:
    """Make the mailed link useless from now on."""
    if not _still_open(invitation).update(withdrawn_at=timezone.now()):
        raise InvitationError(SPENT)
    record(Tag.USER_CHANGED, actor=by, subject=invitation, withdrawn=True)


def _still_open(invitation: Invitation) -> QuerySet[Invitation]:
    return Invitation.objects.filter(pk=invitation.pk, accepted_at=None, withdrawn_at=None)


@transaction.atomic
def accept_invitation(invitation: Invitation, password: str) -> User:
    """Make the account, once; InvitationError for whoever comes second."""
    if _still_open(invitation).update(accepted_at=timezone.now()) != 1:
        raise InvitationError(SPENT)
    user = _joined(invitation, password)
    record(Tag.USER_JOINED, actor=user, subject=user, invitation=str(invitation.uid))
    return user


def _joined(invitation: Invitation, password: str) -> User:
    try:
        with transaction.atomic():
            return User.objects.create_user(
                invitation.email,
                password,
                role=Role(invitation.role),
                organisation=invitation.organisation,
                name=invitation.name,
            )
    except IntegrityError as error:
        raise InvitationError(TAKEN) from error


@transaction.atomic
def set_active(user: User, active: bool, *, by: User) -> None:
    """Switch an account off (it is out at its next request) or on again."""
    User.objects.filter(pk=user.pk).update(is_active=active)
    record(Tag.USER_CHANGED, actor=by, subject=user, is_active=active)


@transaction.atomic
def reset_second_factor(user: User, *, by: User) -> None:
    """For a lost phone: the person sets up a new second factor at the next log-in (police: has to)."""
    Authenticator.objects.filter(user=user).delete()
    record(Tag.USER_CHANGED, actor=by, subject=user, second_factor="reset")


@transaction.atomic
def add_retailer(name: str, *, by: User) -> Organisation:
    """A retailer joins the service."""
    retailer = Organisation.objects.create(name=name, kind=OrganisationKind.RETAILER)
    record(Tag.ORGANISATION_CHANGED, actor=by, subject=retailer, added=True)
    return retailer


@transaction.atomic
def save_store(store: Store, *, by: User) -> Store:
    """Add a store, or change what is known of it."""
    added = store.pk is None
    store.save()
    record(Tag.ORGANISATION_CHANGED, actor=by, subject=store, added=added, retailer=store.retailer_id)
    return store


@transaction.atomic
def first_administrator(*, force: str, email: str, name: str) -> User:
    """The account from which everybody else is invited; made where the service is installed.

    InvitationError where the address is taken or the organisation is no force. It has no password yet.
    """
    organisation, _ = Organisation.objects.get_or_create(
        name=force, defaults={"kind": OrganisationKind.FORCE}
    )
    if organisation.kind != OrganisationKind.FORCE:
        raise InvitationError(f"{force} is not a police force.")
    if User.objects.filter(email__iexact=email).exists():
        raise InvitationError(TAKEN)
    user = User.objects.create_user(email, role=Role.ADMINISTRATOR, organisation=organisation, name=name)
    record(Tag.USER_JOINED, actor=SystemActor("create_administrator"), subject=user, administrator=True)
    return user
