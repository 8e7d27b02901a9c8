"""What the demo's retailers say happened: plausible, varied, the same every time."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from portal.submissions.states import OffenceType, YesNoUnknown

OFFENCES = (
    (OffenceType.THEFT, 70),
    (OffenceType.REFUND_FRAUD, 7),
    (OffenceType.THREATS, 7),
    (OffenceType.ASSAULT, 6),
    (OffenceType.MAKING_OFF, 4),
    (OffenceType.ROBBERY, 3),
    (OffenceType.DAMAGE, 3),
)
GOODS = ("spirits", "steaks and joints", "baby formula", "fragrance", "power tools", "razor blades", "coats")
PLACES = ("self-checkout", "spirits aisle", "front entrance", "fitting rooms", "customer service desk")
BUILDS = ("slim", "medium", "heavy", "athletic")
CLOTHING = ("dark hooded top, jeans", "grey tracksuit", "navy puffer jacket", "long coat, scarf", "work vest")
METHODS = (
    "Fills a bag for life in the aisle and leaves through the entrance while somebody comes in.",
    "Scans a few cheap items at the self-checkout and walks out with the rest.",
    "Asks staff to fetch a product from the back and leaves while they are away.",
    "Selects from the shelf, then claims a refund without a receipt at the desk.",
)
FOOTAGE_DAYS = 28


def report(seed: int, *, now: datetime) -> dict[str, Any]:
    """Fields of an offender's report; `now` anchors its dates, the rest follows from the seed."""
    rng = Random(f"report {seed}")  # noqa: S311  not for secrets
    offence = rng.choices([kind for kind, _ in OFFENCES], [weight for _, weight in OFFENCES])[0]
    start = (now - timedelta(days=rng.randint(1, 18), minutes=rng.randint(0, 600))).astimezone(UTC)
    violent = offence in (OffenceType.ASSAULT, OffenceType.ROBBERY)
    return {
        "incident_reference": f"LP-{seed:05}",
        "reporter_name": "Lena Prior",
        "offence": offence,
        "started_at": start,
        "ended_at": start + timedelta(minutes=rng.randint(3, 25)),
        "clock_offset_minutes": rng.choice((0, 0, 0, 2, -4)),
        "place_in_store": rng.choice(PLACES),
        "camera": f"CAM {rng.randint(1, 24):02}",
        "goods": rng.choice(GOODS),
        "quantity": rng.randint(1, 14),
        "value": Decimal(rng.randint(1200, 64000)) / 100,
        "recovered": rng.choice((YesNoUnknown.NO, YesNoUnknown.NO, YesNoUnknown.YES)),
        "violence": violent,
        "threats": offence == OffenceType.THREATS or (violent and rng.random() < 0.5),
        "police_called": YesNoUnknown.YES if violent else YesNoUnknown.NO,
        "build": rng.choice(BUILDS),
        "clothing": rng.choice(CLOTHING),
        "offender_count": rng.choice((1, 1, 1, 2)),
        "method": rng.choice(METHODS),
        "prolific": f"Recognised by staff in {rng.randint(3, 20)} incidents this quarter.",
        "footage_kept": YesNoUnknown.YES,
        "footage_until": (start + timedelta(days=FOOTAGE_DAYS)).date(),
        "receipt_held": rng.random() < 0.3,
    }
