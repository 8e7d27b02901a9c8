"""The throw-away force, retailers, campaigns and gallery that a pilot runs on."""

import time
from collections.abc import Callable, Sequence
from datetime import date, timedelta

import numpy as np
from django.db import connection, transaction
from django.utils import timezone

from matching.engine import EngineInfo
from matching.index import GRID, to_grid
from portal.accounts.models import Organisation, OrganisationKind, Store, User
from portal.accounts.roles import Role
from portal.api.actions import make_token
from portal.api.scopes import Scope
from portal.audit.log import SystemActor
from portal.gallery import events
from portal.gallery.importing import ManifestRow, Tally, import_rows
from portal.gallery.index import index_of
from portal.gallery.models import CustodyImage, CustodySubject, EventKind, Template
from portal.gallery.vectors import sealed
from portal.pilot.people import Picture, Say
from portal.submissions.actions import move_campaign, save_campaign
from portal.submissions.models import Campaign
from portal.submissions.states import MAX_OFFENDERS, CampaignState
from portal.work import WorkState

PILOT = SystemActor("pilot")
CLUSTER = 20  # padding templates around one centre, as the faces of like people lie
SPREAD = 0.55  # length of the random part against a centre of length 1
BATCH = 10_000
SCOPES = (Scope.SUBMISSIONS_READ, Scope.SUBMISSIONS_WRITE)
Look = Callable[[], None]


def people(retailers: int) -> tuple[User, list[tuple[User, str]]]:
    """A supervisor, and for each retailer a loss-prevention user with an API token."""
    force = Organisation.objects.create(name="Pilot Police", kind=OrganisationKind.FORCE)
    supervisor = _user("supervisor", Role.SUPERVISOR, force)
    users = []
    for number in range(1, retailers + 1):
        retailer = Organisation.objects.create(name=f"Retailer {number}", kind=OrganisationKind.RETAILER)
        Store.objects.create(retailer=retailer, name="Main store")
        user = _user(f"retailer{number}", Role.LOSS_PREVENTION, retailer)
        users.append((user, make_token(user, name="pilot", days=1, by=user, scopes=SCOPES)[1]))
    return supervisor, users


def _user(mailbox: str, role: Role, organisation: Organisation) -> User:
    return User.objects.create_user(
        f"{mailbox}@pilot.example", role=role, organisation=organisation, name=mailbox
    )


def campaigns(supervisor: User, stills: int, retailers: int) -> list[Campaign]:
    """As many open campaigns as it takes to give every still an offender's place of its own."""
    needed = -(-stills // (retailers * MAX_OFFENDERS)) or 1
    invited = list(Organisation.objects.filter(kind=OrganisationKind.RETAILER))
    opened = []
    for number in range(1, needed + 1):
        campaign = Campaign(
            force=supervisor.organisation,
            name=f"Pilot {number}",
            legal_basis="measurement on throw-away data",
            purpose="measurement",
            necessity="measurement",
            proportionality="measurement",
            authoriser="the operator of this command",
        )
        save_campaign(campaign, by=supervisor, retailers=invited)
        move_campaign(campaign, CampaignState.OPEN, by=supervisor)
        opened.append(campaign)
    return opened


# --- the gallery ----------------------------------------------------------------------------------
def references(pictures: Sequence[Picture]) -> dict[str, str]:
    """A custody reference for each identity."""
    identities = sorted({one.identity for one in pictures})
    return {identity: f"P{number:07}" for number, identity in enumerate(identities, start=1)}


def import_gallery(
    force: Organisation, pictures: Sequence[Picture], known_as: dict[str, str], say: Say, look: Look
) -> None:
    """Import and wait until the workers have enrolled everything."""
    today = timezone.localdate()
    dates = {"captured_on": today.isoformat(), "review_on": (today + timedelta(days=365)).isoformat()}
    for folder in sorted({one.folder for one in pictures}):
        rows = [
            ManifestRow(line, {"path": one.path, "reference": known_as[one.identity], **dates})
            for line, one in enumerate(pictures, start=2)
            if one.folder == folder
        ]

        def progress(tally: Tally) -> None:
            look()
            done = tally.imported + tally.already_there + tally.refused
            if done % 500 == 0 or done == tally.rows:
                say(f"{done} of {tally.rows} custody images imported")

        for row, why in import_rows(force, rows, folder, by=PILOT, progress=progress):
            say(f"left out: {row.values['path']}: {why}")
    _wait_for_enrolment(say, look)


def _wait_for_enrolment(say: Say, look: Look) -> None:
    waiting = CustodyImage.objects.filter(work_state__in=(WorkState.QUEUED, WorkState.RUNNING))
    said = time.monotonic()
    while count := waiting.count():
        look()
        time.sleep(0.1)
        if time.monotonic() - said > 5:
            said = time.monotonic()
            say(f"{count} custody images are still to be enrolled")


# --- padding --------------------------------------------------------------------------------------
def clustered(count: int, dimension: int, seed: int = 1) -> np.ndarray:
    """float32 (count, dimension) unit vectors in clusters of 20."""
    rng = np.random.default_rng(seed)
    centres = _unit(rng.standard_normal((-(-count // CLUSTER), dimension), dtype=np.float32))
    noise = _unit(rng.standard_normal((count, dimension), dtype=np.float32))
    return _unit(np.repeat(centres, CLUSTER, axis=0)[:count] + np.float32(SPREAD) * noise)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def pad(force: Organisation, count: int, info: EngineInfo, say: Say, look: Look) -> None:
    """Add templates of nobody, each with a subject and an image row, as if they had been enrolled."""
    vectors = clustered(count, info.dimension)
    for start in range(0, count, BATCH):
        look()
        _pad_batch(force, start, vectors[start : start + BATCH], info)
        if (start + BATCH) % 100_000 == 0:
            say(f"{start + BATCH} of {count} padding templates added")


@transaction.atomic
def _pad_batch(force: Organisation, start: int, vectors: np.ndarray, info: EngineInfo) -> None:
    numbers = range(start, start + len(vectors))
    subjects = CustodySubject.objects.bulk_create(
        CustodySubject(force=force, reference=f"PAD{number:08}") for number in numbers
    )
    images = CustodyImage.objects.bulk_create(
        CustodyImage(
            subject=subject,
            captured_on=date(2020, 1, 1),
            review_on=date(2100, 1, 1),
            original_sha256=f"{number:064x}",
            work_state=WorkState.DONE,
        )
        for number, subject in zip(numbers, subjects, strict=True)
    )
    templates = Template.objects.bulk_create(
        Template(
            image=image,
            model=info.model,
            model_version=info.model_version,
            detector="padding",
            grid=GRID,
            vector=sealed(vector, image_id=image.pk, model=info.model),
        )
        for image, vector in zip(images, to_grid(vectors), strict=True)
    )
    events.append(EventKind.ADDED, [template.pk for template in templates], model=info.model)


def index_gallery(info: EngineInfo) -> int:
    """Bring the host's index up to date; how many templates it holds."""
    index = index_of(model=info.model, dimension=info.dimension)
    index.catch_up()
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return index.flat.snapshot().count
