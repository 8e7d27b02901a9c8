"""Who wants to be told what."""

from collections.abc import Iterable

from django.db.models import QuerySet

from portal.accounts.models import User
from portal.accounts.roles import RETAILER_ROLES
from portal.notifications.models import Mail, Preference
from portal.notifications.states import USUAL, Frequency, Kind, MailState, kinds_for


def wishes_of(user: User) -> dict[Kind, Frequency]:
    """How often this person hears of each kind."""
    chosen = dict(Preference.objects.filter(user=user).values_list("kind", "frequency"))
    return {kind: Frequency(chosen.get(kind, USUAL[kind])) for kind in kinds_for(user.role)}


def people_of(organisation_ids: Iterable[int]) -> dict[int, list[int]]:
    """Ids of the active people of these retailers, by organisation."""
    found: dict[int, list[int]] = {}
    rows = User.objects.filter(
        organisation__in=set(organisation_ids), is_active=True, role__in=RETAILER_ROLES
    )
    for user_id, organisation_id in rows.order_by("pk").values_list("pk", "organisation_id"):
        found.setdefault(organisation_id, []).append(user_id)
    return found


def undelivered(user: User) -> QuerySet[Mail]:
    """Messages to this person that could not be delivered, the newest first."""
    return Mail.objects.filter(user=user, state=MailState.FAILED)
