"""Reports in every state there is, and what they come to when Python counts them one by one."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from statistics import median
from typing import Any

from django.utils import timezone

from portal.accounts.models import Organisation, Store, User
from portal.reviews.models import Decision
from portal.reviews.states import DecisionState, Outcome
from portal.reviews.status import statuses_of
from portal.reviews.tallies import (
    CAMPAIGN,
    GOOD_QUALITY,
    MONTH,
    OFFENCE,
    STATUS,
    STORE,
    OffenderTally,
    StillTally,
    Tallies,
    offender_tallies,
    still_tallies,
)
from portal.searches.models import Search
from portal.submissions.models import Campaign, Face, Offender, Still, Submission
from portal.submissions.states import OffenceType
from portal.work import WorkState

BEGUN = datetime(2026, 1, 31, 23, 40, tzinfo=UTC)
VALUES = (None, Decimal("0.10"), Decimal("12.35"), Decimal(0), Decimal("880.07"))
OFFENCES = ("", OffenceType.THEFT, OffenceType.ASSAULT)
STATES = (None, *DecisionState)
QUALITIES = (None, 12.5, GOOD_QUALITY, 71.25)


def make_reports(force: Organisation, sender: User, reviewers: Sequence[User]) -> None:
    """Two campaigns of reports: every state of a decision with none to two stills of every state of work."""
    stores: list[Store | None] = [*sender.organisation.stores.order_by("pk"), None]
    for round_ in (1, 2):
        submission = _submission(force, sender, f"Campaign {round_}")
        works = [
            (),
            *((one,) for one in WorkState),
            (WorkState.DONE, WorkState.REFUSED),
            (WorkState.DONE,) * 2,
        ]
        for number, (state, works_of) in enumerate(product(STATES, works)):
            offender = Offender.objects.create(
                submission=submission,
                created_by=sender,
                rank=number % 30 + 1 if number < 30 else None,
                declared_at=BEGUN + timedelta(days=number, minutes=7 * number)
                if number % 5 and number < 30
                else None,
                store=stores[number % len(stores)],
                offence=OFFENCES[number % len(OFFENCES)],
                value=VALUES[number % len(VALUES)],
            )
            for place, work in enumerate(works_of):
                _still(offender, work, number + place)
            if state is not None:
                _decide(offender, state, number, round_, reviewers)


def _submission(force: Organisation, sender: User, name: str) -> Submission:
    campaign = Campaign.objects.create(force=force, name=name)
    return Submission.objects.create(campaign=campaign, retailer=sender.organisation, started_by=sender)


def _still(offender: Offender, work: WorkState, number: int) -> None:
    begun = BEGUN + timedelta(days=9 * number)
    still = Still.objects.create(
        offender=offender,
        added_by=offender.created_by,
        added_at=begun,
        original_sha256=f"{offender.pk}-{number}",
        **dict.fromkeys(("original_bytes", "original_width", "original_height", "width", "height"), 1),
        work_state=work,
        work_queued_at=begun,
        work_finished_at=begun + timedelta(seconds=number, microseconds=2 * number),
    )
    score = QUALITIES[number % len(QUALITIES)]
    quality = {} if score is None else {"unified_score": score}
    if work != WorkState.DONE:
        return
    box = dict.fromkeys(("x", "y", "w", "h", "detection_score"), 1)
    still.chosen_face = Face.objects.create(still=still, position=0, landmarks=[], quality=quality, **box)
    still.save()
    if number % 4:
        _search(still, begun)


def _search(still: Still, at: datetime) -> None:
    numbers = ("duration_ms", "list_length", "gallery_seq", "gallery_size", "excluded_count")
    campaign = still.offender.submission.campaign
    Search.objects.create(
        still=still, face=still.chosen_face, campaign=campaign, at=at, **dict.fromkeys(numbers, 1)
    )


def _decide(
    offender: Offender, state: DecisionState, number: int, round_: int, reviewers: Sequence[User]
) -> None:
    decided = state == DecisionState.DECIDED
    outcome = list(Outcome)[number % len(Outcome)] if decided else ""
    Decision.objects.create(
        offender=offender,
        force=offender.submission.campaign.force,
        state=state,
        round=round_,
        outcome=outcome,
        decided_at=BEGUN + timedelta(days=40, hours=number) if decided else None,
        first_reviewer=reviewers[0] if decided else None,
        second_reviewer=reviewers[1] if decided else None,
        subject_uid=offender.uid if decided else None,
    )


# --- one by one -----------------------------------------------------------------------------------
def differences(retailer: Organisation) -> list[str]:
    """Where the database's figures are not the plain ones; also an error if there was nothing to count."""
    offenders = Offender.objects.filter(submission__retailer=retailer)
    reports = list(offenders.select_related("decision", "submission"))
    codes = {pk: status.code for pk, status in statuses_of(reports).items()}
    searched = {pk: status.searched_at for pk, status in statuses_of(reports).items()}
    stills = list(
        Still.objects.filter(offender__in=reports).select_related("chosen_face", "offender__submission")
    )
    of_offender: dict[str, Callable[[Offender], object]] = {
        CAMPAIGN: lambda one: one.submission.campaign_id,
        STORE: lambda one: one.store_id,
        OFFENCE: lambda one: one.offence,
    }
    by_offender = {**of_offender, STATUS: lambda one: codes[one.pk]}
    by_still: dict[str, Callable[[Still], object]] = {
        name: lambda one, of=of: of(one.offender)  # type: ignore[misc]
        for name, of in of_offender.items()
    }
    by_still[MONTH] = lambda one: f"{timezone.localtime(one.added_at):%Y-%m-01 00:00:00}"

    def count(some: list[Offender]) -> OffenderTally:
        return _offenders(some, searched)

    assert len(reports) > 50
    assert len(set(codes.values())) > 8
    return [
        *_unlike(offender_tallies(offenders), reports, by_offender, count),
        *_unlike(still_tallies(offenders), stills, by_still, _stills),
    ]


def _unlike(
    found: Tallies[Any], rows: Sequence[Any], by: dict[str, Callable[[Any], object]], count: Any
) -> list[str]:
    wrong = [] if found.whole == count(rows) else [f"the whole: {found.whole} is not {count(rows)}"]
    for name, key in by.items():
        groups: dict[str | None, list[Any]] = {}
        for row in rows:
            groups.setdefault(None if key(row) is None else str(key(row)), []).append(row)
        plain = {value: count(some) for value, some in groups.items()}
        if plain != found.by[name]:
            wrong += [
                f"{name} {one}: {found.by[name].get(one)} is not {plain.get(one)}"
                for one in {*plain, *found.by[name]}
                if plain.get(one) != found.by[name].get(one)
            ]
    return wrong


def _offenders(some: list[Offender], searched: dict[int, datetime | None]) -> OffenderTally:
    decisions = {one.pk: getattr(one, "decision", None) for one in some}
    decided = {pk: one for pk, one in decisions.items() if one and one.state == DecisionState.DECIDED}
    values = [one.value for one in some if one.value is not None]
    waits = [
        decided[one.pk].decided_at - one.declared_at for one in some if one.declared_at and one.pk in decided
    ]
    return OffenderTally(
        len(some),
        sum(one.declared_at is not None for one in some),
        sum(searched[one.pk] is not None for one in some),
        len(decided),
        sum(one.outcome == Outcome.IDENTIFIED for one in decided.values()),
        sum(values, Decimal()) if values else None,
        _middle(waits),
    )


def _stills(some: list[Still]) -> StillTally:
    scores = [one.chosen_face.quality.get("unified_score") for one in some if one.chosen_face]
    known = [score for score in scores if score is not None]
    done = [one for one in some if one.work_state == WorkState.DONE]
    took = [
        one.work_finished_at - one.work_queued_at
        for one in done
        if one.offender.declared_at and one.work_finished_at
    ]
    good = sum(score >= GOOD_QUALITY for score in known)
    return StillTally(len(some), len(done), good, _middle(took), median(known) if known else None)


def _middle(lengths: Iterable[timedelta]) -> timedelta | None:
    seconds = [one.total_seconds() for one in lengths]
    return timedelta(seconds=median(seconds)) if seconds else None
