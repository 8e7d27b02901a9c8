"""Loading the demo: a force, its gallery, twelve retailers with their top 30. Safe to run again and again."""

import hashlib
import time
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Protocol

import structlog
from django.utils import timezone

from matching.decoding import normalise
from matching.errors import RejectedImage
from portal.accounts.models import OrganisationKind, User
from portal.demo import people, pictures, reports
from portal.gallery.actions import CustodyRecord, add_custody_image
from portal.gallery.models import CaseOutcome, CustodyImage
from portal.submissions.actions import (
    Upload,
    add_offender,
    add_still,
    move_campaign,
    save_campaign,
    start_submission,
)
from portal.submissions.models import Campaign, Submission
from portal.submissions.states import CampaignState
from portal.work import WorkState

RETAILERS = 12
OFFENDERS = 30
GALLERY = 300
ELSEWHERE = 100_000  # seeds from here on are people who are not in the gallery
IN_GALLERY = 2 / 3
NUMBERS_EACH = 100  # a report's number is its retailer's hundred and its place
STILL_NAME = "still-"
CAMPAIGN = "Prolific retail offenders"
log = structlog.get_logger(__name__)


class Progress(Protocol):
    """Called often while loading, with a line for the terminal now and then; may raise to stop it."""

    def __call__(self, line: str = "") -> None: ...


@dataclass(frozen=True)
class Size:
    """How much to load."""

    retailers: int = RETAILERS
    offenders: int = OFFENDERS
    gallery: int = GALLERY


def prepare() -> Campaign:
    """Accounts and the open campaign."""
    for person in people.CAST:
        people.account(person)
    return _campaign(User.objects.get(email=people.CAST[4].email))


def load_gallery(size: Size, progress: Progress) -> None:
    """Custody images of people who do not exist, enrolled by the workers."""
    force = people.organisation(people.FORCE, OrganisationKind.FORCE)
    have = CustodyImage.objects.filter(subject__force=force, subject__only_for=None).count()
    wanted = [pictures.Custody(seed) for seed in range(size.gallery)][have:]
    if wanted:
        progress(f"Drawing {len(wanted)} custody images of people who do not exist …")
    for job, jpeg in pictures.drawn(wanted):
        digest = hashlib.sha256(jpeg).hexdigest()
        add_custody_image(force, _custody_record(job.seed), jpeg, digest, normalise(jpeg), by=people.DEMO)
        progress()
    _wait_for_enrolment(progress)


def load_submissions(size: Size, campaign: Campaign, progress: Progress) -> None:
    """Each retailer's offenders with a still each, most of them of people in the gallery."""
    retailers = [people.account(people.retailer_user(name)) for name in people.RETAILERS[: size.retailers]]
    submissions = [start_submission(campaign, by=retailer) for retailer in retailers]
    numbers = [
        first * NUMBERS_EACH + place
        for first, submission in enumerate(submissions)
        for place in range(submission.offenders.count(), size.offenders)
    ]
    for job, jpeg in pictures.drawn([pictures.Still(_who(number, size), number) for number in numbers]):
        which, place = divmod(job.view, NUMBERS_EACH)
        _load_offender(submissions[which], job.view, jpeg, by=retailers[which])
        progress(
            f"  {retailers[which].organisation}: {size.offenders} offenders" * (place + 1 == size.offenders)
        )


def _load_offender(submission: Submission, number: int, jpeg: bytes, *, by: User) -> None:
    stores = list(by.organisation.stores.order_by("pk"))
    fields = {**reports.report(number, now=timezone.now()), "store": stores[number % len(stores)]}
    offender = add_offender(submission, fields, by=by, declared=True)
    try:
        add_still(offender, Upload(jpeg, f"{STILL_NAME}{number:04}.jpg", fields["started_at"]), by=by)
    except RejectedImage as error:
        log.warning("demo_still_refused", code=error.code)


def _who(number: int, size: Size) -> int:
    """Seed of the person behind a report. Some people are reported by several retailers."""
    rng = Random(f"who {number}")  # noqa: S311  not for secrets
    if rng.random() < IN_GALLERY:
        return rng.randrange(size.gallery)
    return ELSEWHERE + rng.randrange(size.gallery)


def person_of(still_name: str, size: Size) -> int | None:
    """Seed of the person on a still the demo loaded, by its file name; None for anybody else's still."""
    number = still_name.removeprefix(STILL_NAME).removesuffix(".jpg")
    return _who(int(number), size) if number.isdigit() else None


def _campaign(supervisor: User) -> Campaign:
    found = Campaign.objects.filter(name=CAMPAIGN, force=supervisor.organisation).first()
    if found is None:
        found = save_campaign(
            Campaign(
                force=supervisor.organisation,
                name=CAMPAIGN,
                legal_basis="Common-law power to prevent and detect crime; Part 3 Data Protection Act 2018",
                purpose="Prevention, investigation and detection of shop theft and related offences.",
                necessity="The offenders are unknown to the retailers and other enquiries have failed.",
                proportionality="Only the 30 most prolific per retailer; one search each; two human reviews.",
                authoriser="Supt A. Example, 2 November 2026 (demo)",
                research_basis="The purpose goes on while an offender is unidentified; reviewed each month.",
            ),
            by=supervisor,
            retailers=[people.organisation(name, OrganisationKind.RETAILER) for name in people.RETAILERS],
        )
    if found.state == CampaignState.DRAFT:
        move_campaign(found, CampaignState.OPEN, by=supervisor)
    return found


def _custody_record(seed: int) -> CustodyRecord:
    rng = Random(f"custody {seed}")  # noqa: S311  not for secrets
    taken = timezone.localdate() - timedelta(days=rng.randint(30, 2000))
    person = pictures.description(seed)
    return CustodyRecord(
        reference=f"NM/{taken.year}/{seed:06}",
        captured_on=taken,
        review_on=timezone.localdate() + timedelta(days=rng.randint(60, 2000)),
        case_outcome=rng.choice((CaseOutcome.CONVICTED, CaseOutcome.CONVICTED, CaseOutcome.CHARGED)),
        name=rng.choice(FORENAMES) + " " + rng.choice(SURNAMES),
        born_on=date(taken.year - person.age, rng.randint(1, 12), rng.randint(1, 28)),
        age_at_capture=person.age,
        sex=person.sex,
    )


def _wait_for_enrolment(progress: Progress) -> None:
    open_work = CustodyImage.objects.filter(work_state__in=(WorkState.QUEUED, WorkState.RUNNING))
    while open_work.exists():
        progress()
        time.sleep(0.2)


FORENAMES = (
    "Alex",
    "Charlie",
    "Dana",
    "Eden",
    "Frankie",
    "Harley",
    "Jamie",
    "Kit",
    "Lee",
    "Max",
    "Nico",
    "Ray",
)
SURNAMES = (
    "Testcase",
    "Sample",
    "Placeholder",
    "Fictum",
    "Mockingham",
    "Dummy-Jones",
    "Exampleton",
    "Nonesuch",
)
