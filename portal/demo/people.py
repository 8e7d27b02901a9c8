"""The demo's organisations and people. Nobody and nothing here exists."""

from dataclasses import dataclass

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.db import transaction

from portal.accounts.models import Organisation, OrganisationKind, Store, User
from portal.accounts.roles import POLICE_ROLES, Role
from portal.audit.log import SystemActor, record
from portal.audit.tags import Tag

DEMO = SystemActor("demo")
DOMAIN = "example"  # reserved for examples by RFC 2606: no mail can ever arrive
PASSWORD = "intelligence-not-evidence"  # noqa: S105  the demo listens on the loopback interface only
FORCE = "Northmoor Police (demo)"
RETAILERS = (
    "Aldermere Foods",
    "Brightwater Chemists",
    "Calloway Stores",
    "Dunmarsh Outdoor",
    "Elderfield Home",
    "Foxhollow Fashion",
    "Greywell Electricals",
    "Harrowgate Wines",
    "Inglebrook Toys",
    "Juniper Beauty",
    "Kestrel Sports",
    "Larkhill Convenience",
)
TOWNS = ("Northmoor Centre", "Saltby Road", "Weir Street")


@dataclass(frozen=True)
class Person:
    """Somebody who can log in."""

    email: str
    name: str
    role: Role
    organisation: str


def _officer(mailbox: str, name: str, role: Role) -> Person:
    return Person(f"{mailbox}@northmoor.{DOMAIN}", name, role, FORCE)


def _host(retailer: str) -> str:
    return f"{retailer.partition(' ')[0].lower()}.{DOMAIN}"


CAST = (
    Person(f"loss.prevention@{_host(RETAILERS[0])}", "Lena Prior", Role.LOSS_PREVENTION, RETAILERS[0]),
    Person(f"manager@{_host(RETAILERS[0])}", "Morgan Ashe", Role.RETAILER_MANAGER, RETAILERS[0]),
    _officer("reviewer", "Robin Vale", Role.FACIAL_REVIEWER),
    _officer("second", "Sam Orchard", Role.SECOND_REVIEWER),
    _officer("supervisor", "Sunniva Peel", Role.SUPERVISOR),
    _officer("gallery", "Gale Mercer", Role.GALLERY_MANAGER),
    _officer("administrator", "Adel Mason", Role.ADMINISTRATOR),
    _officer("auditor", "Audrey Tarn", Role.AUDITOR),
)


def retailer_user(retailer: str) -> Person:
    """The loss-prevention user who sends a retailer's reports."""
    return Person(f"loss.prevention@{_host(retailer)}", "Lena Prior", Role.LOSS_PREVENTION, retailer)


def organisation(name: str, kind: OrganisationKind) -> Organisation:
    """The organisation, made if it is not there; a retailer with its stores."""
    found, created = Organisation.objects.get_or_create(name=name, defaults={"kind": kind})
    if created and kind == OrganisationKind.RETAILER:
        Store.objects.bulk_create(
            Store(retailer=found, name=town, code=f"{number:03}", borough="Northmoor")
            for number, town in enumerate(TOWNS, start=1)
        )
    return found


@transaction.atomic
def account(person: Person) -> User:
    """The person's account, made if it is not there; with a second factor for the police side."""
    found = User.objects.filter(email=person.email).first()
    if found is not None:
        return found
    kind = OrganisationKind.FORCE if person.role in POLICE_ROLES else OrganisationKind.RETAILER
    user = User.objects.create_user(
        person.email,
        PASSWORD,
        role=person.role,
        organisation=organisation(person.organisation, kind),
        name=person.name,
    )
    if person.role in POLICE_ROLES:
        TOTP.activate(user, generate_totp_secret())
        RecoveryCodes.activate(user)
    record(Tag.USER_JOINED, actor=DEMO, subject=user, demo=True)
    return user
