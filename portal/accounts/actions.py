"""Inviting people, letting them in, switching accounts off."""

from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.core.mail import send_mail
from django.db import transaction
from django.utils import timezone

from portal.accounts.models import Invitation, Organisation, User
from portal.accounts.roles import POLICE_ROLES, RETAILER_ROLES, Role
from portal.audit.log import record
from portal.audit.tags import Tag

SALT = "invitation"


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
    if inviter.is_retailer and organisation.pk != inviter.organisation_id:
        raise InvitationError("You can invite people to your own organisation only.")
    if (role in POLICE_ROLES) != (organisation.kind == "force"):
        raise InvitationError("This role belongs to the other kind of organisation.")
    if User.objects.filter(email__iexact=email).exists():
        raise InvitationError("This address already has an account.")


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
        raise InvitationError("This invitation was already used or withdrawn.")
    return invitation


@transaction.atomic
def accept_invitation(invitation: Invitation, password: str) -> User:
    """Make the account, once; InvitationError for whoever comes second."""
    taken = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, withdrawn_at=None)
    if taken.update(accepted_at=timezone.now()) != 1:
        raise InvitationError("This invitation was already used or withdrawn.")
    user = User.objects.create_user(
        invitation.email,
        password,
        role=Role(invitation.role),
        organisation=invitation.organisation,
        name=invitation.name,
    )
    record(Tag.USER_JOINED, actor=user, subject=user, invitation=str(invitation.uid))
    return user


@transaction.atomic
def set_active(user: User, active: bool, *, by: User) -> None:
    """Switch an account off (it is out at its next request) or on again."""
    User.objects.filter(pk=user.pk).update(is_active=active)
    record(Tag.USER_CHANGED, actor=by, subject=user, is_active=active)
