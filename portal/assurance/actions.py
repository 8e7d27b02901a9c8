"""The only writer of known-answer checks, their results, and of what became known later."""

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone

from matching.decoding import normalise
from matching.errors import RejectedImage
from portal import storage
from portal.accounts.models import Organisation, OrganisationKind, Store, User
from portal.accounts.roles import Role
from portal.assurance.cover import RANDOM, Subject, custody_record_for, report_for
from portal.assurance.models import Check, CheckPolicy, CheckResult, LaterTruth
from portal.assurance.queries import check_of, rate_of, ready_checks, ungraded_reviews
from portal.assurance.states import CHECK_MOVES, CheckState, Grade, Origin, TruthKind
from portal.audit.log import Actor, SystemActor, record
from portal.audit.tags import Tag
from portal.gallery.actions import add_custody_image, request_deletion
from portal.gallery.models import CustodyImage
from portal.reviews.models import Decision, Review
from portal.reviews.states import DecisionState, Outcome
from portal.submissions.actions import SubmissionRefused, Upload, add_offender, add_still, start_submission
from portal.submissions.genuine import genuine
from portal.submissions.models import Campaign, Offender, Submission
from portal.submissions.states import MAX_OFFENDERS, CampaignState

ASSURANCE = SystemActor("assurance")
HIGHEST_RATE = 50  # per cent; more checks than reports would be a school, not a queue
INTERRUPTED_AFTER = timedelta(minutes=1)
SENDER = "Other retailers"  # tells nothing where a name has to stand

log = structlog.get_logger(__name__)


class NotRecorded(Exception):
    """What was entered cannot stand; the message says why."""


# --- the pool -------------------------------------------------------------------------------------
def prepare_check(force: Organisation, subject: Subject, *, by: Actor = ASSURANCE) -> Check:
    """Put one check into the force's pool; its custody image, if any, is enrolled like every other.

    RejectedImage (matching.errors) where a picture is not usable, StorageUnavailable where it cannot be kept.
    """
    normalise(subject.still)  # refuse now what the queue would refuse then
    offender_uid = uuid4()
    planted = _plant(force, subject, offender_uid, by) if subject.custody else None
    key = storage.store(storage.originals(), subject.still)
    with transaction.atomic():
        check = Check.objects.create(
            force=force,
            origin=subject.origin,
            person=subject.person,
            subject_uid=planted,
            offender_uid=offender_uid,
            picture_key=key,
            description={"sex": subject.sex, "age": subject.age},
        )
        record(Tag.CHECKS_PREPARED, actor=by, subject=check, origin=check.origin, present=bool(planted))
    return check


def _plant(force: Organisation, subject: Subject, offender_uid: UUID, by: Actor) -> UUID:
    content = subject.custody or b""
    about = custody_record_for(force, subject)
    digest = hashlib.sha256(content).hexdigest()
    image, _ = add_custody_image(
        force, about, content, digest, normalise(content), by=by, only_for=offender_uid
    )
    return image.subject.uid


def withdraw_person(force: Organisation, person: str, *, by: Actor, reason: str) -> int:
    """A person took back their consent: no check of them enters any more; how many were in the pool.

    Their planted images leave every list at once and are erased by the next round of retention, with a
    certificate. Stills that are in the queue already follow when their retention period ends.
    """
    theirs = Check.objects.filter(force=force, origin=Origin.CONSENTED, person=person)
    for image in CustodyImage.objects.filter(subject__only_for__in=theirs.values("offender_uid")):
        request_deletion(image, by=_sender(force, 1), reason=reason)
    prepared = list(theirs.filter(state=CheckState.PREPARED))
    for check in prepared:
        withdraw_check(check, by=by, reason=reason)
    return len(prepared)


@transaction.atomic
def withdraw_check(check: Check, *, by: Actor, reason: str) -> None:
    """Take a check out of the pool with its stored still; NotRecorded once it is in the queue."""
    _move(check, CheckState.WITHDRAWN)
    key = check.picture_key
    Check.objects.filter(pk=check.pk).update(picture_key="")
    transaction.on_commit(lambda: storage.originals().delete(key))
    record(Tag.CHECK_WITHDRAWN, actor=by, subject=check, reason=reason)


def _move(check: Check, to: CheckState, **fields: Any) -> None:
    origins = [state for state, targets in CHECK_MOVES.items() if to in targets]
    if Check.objects.filter(pk=check.pk, state__in=origins).update(state=to, **fields) != 1:
        raise NotRecorded("This check is no longer at this step.")
    check.refresh_from_db()


@transaction.atomic
def set_rate(force: Organisation, percent: float | None, *, by: Actor) -> None:
    """How many in a hundred of a force's queue shall be checks (0 to 50); None: the service's setting."""
    if percent is not None and not 0 <= percent <= HIGHEST_RATE:
        raise NotRecorded(f"The rate goes from 0 to {HIGHEST_RATE} per cent.")
    policy = policy_of(force)
    CheckPolicy.objects.filter(pk=policy.pk).update(percent=percent)
    record(Tag.CHECK_RATE_SET, actor=by, subject=force, before=policy.percent, after=percent)


def policy_of(force: Organisation) -> CheckPolicy:
    """The force's policy; a new one counts only decisions from now on."""
    newest = Decision.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    return CheckPolicy.objects.get_or_create(force=force, defaults={"counted_to": newest})[0]


# --- into the queue -------------------------------------------------------------------------------
def enter_check(check: Check, campaign: Campaign, *, percent: float) -> Offender:
    """Send a prepared check as a retailer would: report, still, search and queue take their usual way.

    Safe to call again where it was interrupted.
    """
    if check.state == CheckState.PREPARED:
        _move(check, CheckState.ENTERING, entering_at=timezone.now(), percent=percent)
    offender = _offender_of(check) or _report(check, campaign)
    content = storage.read(storage.originals(), check.picture_key)
    add_still(offender, Upload(content, "still.jpg", offender.started_at), by=offender.created_by)
    key = check.picture_key
    with transaction.atomic():
        moment = timezone.now()
        _move(check, CheckState.ENTERED, offender=offender, entered_at=moment, picture_key="")
        transaction.on_commit(lambda: storage.originals().delete(key))
        record(Tag.CHECK_ENTERED, actor=ASSURANCE, subject=check, percent=check.percent)
    return offender


def _offender_of(check: Check) -> Offender | None:
    return Offender.objects.filter(uid=check.offender_uid).select_related("created_by").first()


def _report(check: Check, campaign: Campaign) -> Offender:
    submission = _submission(campaign)
    sender = submission.started_by
    stores = list(sender.organisation.stores.order_by("pk"))
    fields = {
        **report_for(campaign, check.description),
        "uid": check.offender_uid,
        "store": RANDOM.choice(stores) if stores else None,
    }
    return add_offender(submission, fields, by=sender, declared=True)


def _submission(campaign: Campaign) -> Submission:
    """A submission with room: one sender has 30 places, like every other."""
    for number in count(1):
        submission = start_submission(campaign, by=_sender(campaign.force, number))
        if submission.offenders.count() < MAX_OFFENDERS:
            return submission
    raise AssertionError("unreachable: there is always a next sender")


def _sender(force: Organisation, number: int) -> User:
    """Who sends the force's checks: an account nobody can log in to, of an organisation without people."""
    address = f"checks-{number}-{force.uid.hex}@stillmatch.invalid"
    known = User.objects.filter(email=address).select_related("organisation").first()
    if known:
        return known
    with transaction.atomic():
        name = f"{SENDER} {number} ({force.name})"[:120]
        sender, _ = Organisation.objects.get_or_create(name=name, defaults={"kind": OrganisationKind.CHECKS})
        _copy_boroughs(force, sender)
        user = User.objects.create_user(address, role=Role.LOSS_PREVENTION, organisation=sender, name=SENDER)
        User.objects.filter(pk=user.pk).update(is_active=False)
        return user


def _copy_boroughs(force: Organisation, sender: Organisation) -> None:
    real = Store.objects.filter(
        offenders__submission__campaign__force=force, retailer__kind=OrganisationKind.RETAILER
    )
    boroughs = real.order_by().values_list("borough", flat=True).distinct()[:20]
    Store.objects.bulk_create(
        [Store(retailer=sender, name=f"Branch {n}", borough=one) for n, one in enumerate(boroughs, start=1)],
        ignore_conflicts=True,
    )


def enter_due_checks(force: Organisation) -> int:
    """After real decisions entered the force's queue, let checks follow at its rate; how many did.

    Each new decision is followed by a check with probability p / (1 - p): nobody can count to the next.
    """
    policy = policy_of(force)
    percent = rate_of(force)
    with transaction.atomic():
        policy = CheckPolicy.objects.select_for_update(no_key=True).get(pk=policy.pk)
        new = _decisions_since(policy)
        if not new:
            return 0
        CheckPolicy.objects.filter(pk=policy.pk).update(counted_to=new[-1].pk)
    chosen = [one for one in new if RANDOM.random() < percent / (100 - percent)]
    pool = ready_checks(force)[: len(chosen)]
    if len(pool) < len(chosen):
        log.warning("checks_pool_empty", force=str(force.uid), wanted=len(chosen), ready=len(pool))
    for decision, check in zip(chosen, pool, strict=False):
        _enter_quietly(check, decision.offender.submission.campaign, percent)
    return min(len(pool), len(chosen))


def _decisions_since(policy: CheckPolicy) -> list[Decision]:
    real = Decision.objects.filter(genuine("offender__"), pk__gt=policy.counted_to)
    mine = real.filter(force=policy.force_id)
    return list(mine.select_related("offender__submission__campaign__force").order_by("pk"))


def _enter_quietly(check: Check, campaign: Campaign, percent: float) -> None:
    try:
        enter_check(check, campaign, percent=percent)
    except (SubmissionRefused, NotRecorded, IntegrityError, RejectedImage, OSError) as error:
        # Tried again by the next round, if it was begun; a closed campaign gets no checks.
        log.warning("check_not_entered", check=str(check.uid), why=str(error))


def resume_entering() -> int:
    """Finish what was interrupted on its way into the queue; how many."""
    stuck = Check.objects.filter(
        state=CheckState.ENTERING, entering_at__lt=timezone.now() - INTERRUPTED_AFTER
    ).select_related("force")
    for check in stuck:
        running = Campaign.objects.filter(force=check.force, state=CampaignState.OPEN)
        if campaign := running.order_by("-pk").first():
            _enter_quietly(check, campaign, check.percent or 0.0)
    return len(stuck)


# --- what reviewers made of it --------------------------------------------------------------------
def grade(review: Review, check: Check) -> tuple[Grade, bool]:
    """How a completed review of a check ended, and whether the planted subject was in its list."""
    planted = check.subject_uid
    listed = planted is not None and review.judgements.filter(subject_uid=planted).exists()
    if review.outcome == Outcome.IDENTIFIED:
        right = planted is not None and review.subject_uid == planted
        return (Grade.FOUND if right else Grade.WRONG_PERSON), listed
    if review.outcome == Outcome.NO_MATCH:
        return (Grade.MISSED if listed else Grade.CLEARED), listed
    return Grade.UNDECIDED, listed


def grade_reviews() -> int:
    """Record the result of every completed review of a check that has none yet; how many."""
    return sum(_grade_one(review) for review in ungraded_reviews())


@transaction.atomic
def _grade_one(review: Review) -> bool:
    check = check_of(review.decision)
    if check is None:
        return False
    found, listed = grade(review, check)
    _, created = CheckResult.objects.get_or_create(
        review=review,
        defaults={
            "check_taken": check,
            "reviewer_id": review.reviewer_id,
            "stage": review.stage,
            "listed": listed,
            "grade": found,
            "reviewed_at": review.completed_at or timezone.now(),
        },
    )
    if created:
        record(Tag.CHECK_GRADED, actor=ASSURANCE, subject=review, grade=found)
    return created


# --- later truth ----------------------------------------------------------------------------------
@dataclass(frozen=True)
class Truth:
    """What became known of an identification, where from, and when."""

    kind: TruthKind
    source: str
    known_on: date
    note: str = ""


@transaction.atomic
def record_later_truth(decision: Decision, truth: Truth, *, by: User) -> LaterTruth:
    """Keep what became known; the newest entry stands. NotRecorded where there is nothing it could be of."""
    current = Decision.objects.select_for_update(no_key=True).get(pk=decision.pk)
    subject = current.subject_uid
    if current.state != DecisionState.DECIDED or current.outcome != Outcome.IDENTIFIED or subject is None:
        raise NotRecorded("Nobody was identified, so nothing can have become known of them.")
    if not truth.source.strip():
        raise NotRecorded("Say where this is known from.")
    if truth.known_on > timezone.localdate():
        raise NotRecorded("The date lies in the future.")
    if not Decision.objects.filter(genuine("offender__"), pk=current.pk).exists():
        raise NotRecorded("This was a known-answer check: its truth is known.")
    kept = LaterTruth.objects.create(
        decision=current,
        subject_uid=subject,
        kind=truth.kind,
        source=truth.source.strip()[:200],
        known_on=truth.known_on,
        note=truth.note.strip()[:500],
        recorded_by=by,
    )
    record(Tag.TRUTH_RECORDED, actor=by, subject=current, kind=truth.kind, known_on=str(truth.known_on))
    return kept
