"""What need not be typed again: the usual store and reporter, and "same as the last one"."""

from typing import Any

from portal.accounts.models import User
from portal.retailer.queries import offenders_for
from portal.retailer.steps import says
from portal.submissions.models import Offender

# What two reports of one reporter mostly share: never references, description, goods or times.
COPIED = (
    "store", "place_in_store", "camera", "clock_offset_minutes", "offence", "method", "footage_kept",
    "reporter_name", "reporter_contact",
)  # fmt: skip


RECENT = 500  # reports whose cameras are looked at
Clocks = dict[str, dict[str, int]]


def last_report_of(user: User, *, besides: Offender | None = None) -> Offender | None:
    """The newest report this person filled in, of any campaign."""
    filled_in = offenders_for(user).filter(created_by=user).exclude(offence="")
    others = filled_in.exclude(pk=besides.pk) if besides else filled_in
    return others.order_by("-created_at", "-pk").first()


def clocks_of(user: User) -> Clocks:
    """How fast each store's CCTV clocks usually are, in minutes: by store id, then by camera (lower case).

    Of a camera, what the newest report from it said; under "", the store's setting. Two queries.
    """
    stores = user.organisation.stores.values_list("pk", "clock_offset_minutes")
    clocks: Clocks = {str(pk): {"": minutes} for pk, minutes in stores}
    said = offenders_for(user).exclude(camera="").exclude(store=None).order_by("-pk")
    for store, camera, minutes in said.values_list("store", "camera", "clock_offset_minutes")[:RECENT]:
        clocks[str(store)].setdefault(camera.casefold(), minutes)
    return clocks


def usual_for(user: User, *, last: Offender | None = None, clocks: Clocks | None = None) -> dict[str, Any]:
    """Store, its clock and reporter for a new draft: of the last report, or the only store, the account."""
    stores = [last.store] if last and last.store else list(user.organisation.stores.all()[:2])
    store = stores[0] if len(stores) == 1 else None
    return {
        "store": store,
        "clock_offset_minutes": (clocks or {}).get(str(store.pk), {}).get("", 0) if store else 0,
        "reporter_name": (last and last.reporter_name) or user.name,
        "reporter_contact": (last and last.reporter_contact) or user.email,
    }


def copied_from(last: Offender, to: Offender) -> tuple[dict[str, Any], list[str]]:
    """What a copy would fill in, and the fields that differ and stay as they were typed."""
    told = [name for name in COPIED if says(last, name) and getattr(last, name) != getattr(to, name)]
    return {name: getattr(last, name) for name in told if not says(to, name)}, [
        name for name in told if says(to, name)
    ]


def in_words(names: list[str]) -> str:
    """Field names as a reader knows them: "store, camera and offence"."""
    labels = [str(Offender._meta.get_field(name).verbose_name) for name in names]  # type: ignore[union-attr]
    return " and ".join([", ".join(labels[:-1]), labels[-1]] if len(labels) > 1 else labels)
