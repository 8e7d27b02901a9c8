"""Tens of thousands of stills, searches and decisions, straight into the database, for measuring pages."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from uuid import uuid4

from django.db import connection
from django.utils import timezone

from portal.accounts.models import Organisation, OrganisationKind, Store, User
from portal.accounts.roles import Role
from portal.gallery.models import CustodyImage
from portal.reviews.models import Decision
from portal.reviews.states import DecisionState, Outcome
from portal.searches.models import Candidate, Search
from portal.submissions.models import Campaign, Face, Offender, Still, Submission
from portal.submissions.states import CampaignState, FaceChoice, OffenceType
from portal.work import WorkState
from tests.cast import ENGINE, Cast

RETAILERS = 12
PLACES = 30
STILLS_EACH = (1, 1, 1, 2)  # of an offender, in turn
CANDIDATES = 3  # listed of each search
BATCH = 5_000
QUALITY = {"unified_score": 40.0, "face_width": 80.0, "inter_eye_distance": 30.0}


@dataclass(frozen=True)
class Crowd:
    """What was made."""

    stills: int
    offenders: int
    decisions: int


def fill(cast: Cast, stills: int, images: list[CustodyImage]) -> Crowd:
    """`stills` stills of the cast's force, spread over twelve retailers, the cast's own among them."""
    chance = random.Random(7)
    senders = [cast.loss_prevention, *(_sender(number) for number in range(2, RETAILERS + 1))]
    offenders = list(islice(_offenders(cast, senders, chance), int(stills / 1.25)))
    Offender.objects.bulk_create(offenders, batch_size=BATCH)
    made = _stills(offenders, chance)[:stills]
    searches = _searches(made, cast)
    _candidates(searches, images, chance)
    decisions = _decisions(offenders, cast, images, chance)
    with connection.cursor() as cursor:
        # As autovacuum does by itself in a service that is up: tests run without it.
        cursor.execute("VACUUM ANALYZE")
    return Crowd(len(made), len(offenders), len(decisions))


def _sender(number: int) -> User:
    retailer = Organisation.objects.create(name=f"Retailer {number}", kind=OrganisationKind.RETAILER)
    Store.objects.create(retailer=retailer, name="Main store")
    return User.objects.create_user(
        f"sender{number}@example.org",
        role=Role.LOSS_PREVENTION,
        organisation=retailer,
        name=f"Sender {number}",
    )


def _offenders(cast: Cast, senders: list[User], chance: random.Random) -> Iterator[Offender]:
    number = 0
    while True:
        number += 1
        campaign = Campaign.objects.create(
            force=cast.force,
            name=f"Campaign {number}",
            state=CampaignState.CLOSED,
            **dict.fromkeys(("legal_basis", "purpose", "necessity"), "measurement"),
            proportionality="measurement",
            authoriser="measurement",
        )
        campaign.retailers.set([one.organisation for one in senders])
        sent = timezone.now() - timedelta(days=7 * number)
        for sender in senders:
            submission = Submission.objects.create(
                campaign=campaign, retailer=sender.organisation, started_by=sender
            )
            store = sender.organisation.stores.first()
            for rank in range(1, PLACES + 1):
                yield Offender(
                    submission=submission,
                    rank=rank,
                    created_by=sender,
                    declared_by=sender,
                    declared_at=sent,
                    store=store,
                    offence=chance.choice(OffenceType.values),
                    value=chance.randrange(5, 900),
                    started_at=sent - timedelta(days=2),
                    ended_at=sent - timedelta(days=2),
                )


def _sent(offender: Offender) -> datetime:
    assert offender.declared_at is not None
    return offender.declared_at


def _stills(offenders: list[Offender], chance: random.Random) -> list[Still]:
    made = [
        Still(
            offender=offender,
            added_by=offender.created_by,
            added_at=_sent(offender),
            name="still.jpg",
            original_sha256=f"{chance.getrandbits(256):064x}",
            original_bytes=1,
            original_width=640,
            original_height=480,
            width=640,
            height=480,
            work_state=WorkState.DONE,
            work_queued_at=_sent(offender),
            work_finished_at=_sent(offender) + timedelta(seconds=chance.randrange(1, 9)),
            chosen_how=FaceChoice.ENGINE,
        )
        for number, offender in enumerate(offenders)
        for _ in range(STILLS_EACH[number % len(STILLS_EACH)])
    ]
    Still.objects.bulk_create(made, batch_size=BATCH)
    faces = [
        Face(still=one, position=0, x=9, y=9, w=80, h=90, landmarks=[], detection_score=1, quality=QUALITY)
        for one in made
    ]
    Face.objects.bulk_create(faces, batch_size=BATCH)
    for still, face in zip(made, faces, strict=True):
        still.chosen_face = face
    Still.objects.bulk_update(made, ["chosen_face"], batch_size=BATCH)
    return made


def _searches(stills: list[Still], cast: Cast) -> list[Search]:
    return Search.objects.bulk_create(
        [
            Search(
                still=one,
                face=one.chosen_face,
                campaign=one.offender.submission.campaign,
                at=_sent(one.offender),
                duration_ms=9,
                probe_sha256=one.original_sha256,
                query_sha256="",
                model=ENGINE.model,
                model_version=ENGINE.model_version,
                detector=ENGINE.detector,
                quality=QUALITY,
                list_length=20,
                engine="flat",
                grid="2^-24",
                gallery_seq=1,
                gallery_size=4,
                gallery_digest="",
                excluded_count=0,
                excluded_digest="",
            )
            for one in stills
        ],
        batch_size=BATCH,
    )


def _candidates(searches: list[Search], images: list[CustodyImage], chance: random.Random) -> None:
    rows = (
        Candidate(
            search=search,
            rank=rank,
            subject=image.subject,
            subject_uid=image.subject.uid,
            image=image,
            template_id=rank,
            score=0.9 - rank / 10,
        )
        for search in searches
        for rank, image in enumerate(chance.sample(images, min(CANDIDATES, len(images))), start=1)
    )
    while batch := list(islice(rows, BATCH)):
        Candidate.objects.bulk_create(batch)


def _decisions(
    offenders: list[Offender], cast: Cast, images: list[CustodyImage], chance: random.Random
) -> list[Decision]:
    waiting = [state for state in DecisionState if state.name in ("AWAITING_FIRST", "AWAITING_SECOND")]
    return Decision.objects.bulk_create(
        [
            _decided(one, cast, images, chance)
            if chance.random() < 0.8
            else Decision(offender=one, force=cast.force, state=chance.choice(waiting), entered_at=_sent(one))
            for one in offenders
        ],
        batch_size=BATCH,
    )


def _decided(offender: Offender, cast: Cast, images: list[CustodyImage], chance: random.Random) -> Decision:
    outcome = chance.choice([Outcome.IDENTIFIED, Outcome.NO_MATCH, Outcome.INCONCLUSIVE])
    at = _sent(offender) + timedelta(days=chance.randrange(1, 9))
    return Decision(
        uid=uuid4(),
        offender=offender,
        force=cast.force,
        state=DecisionState.DECIDED,
        entered_at=at,
        decided_at=at,
        outcome=outcome,
        first_reviewer=cast.facial_reviewer,
        second_reviewer=cast.second_reviewer,
        subject_uid=chance.choice(images).subject.uid if outcome == Outcome.IDENTIFIED else None,
    )
