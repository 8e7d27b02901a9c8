"""A fixed cast for tests, and the shortest ways to bring them somewhere, all through our own actions.

`cast` has one person per role, a force, two retailers with stores, an open lawful campaign inviting both,
and strangers: a retailer and a force that must see nothing. The functions take it from there without a
worker; tests that want one use the `worker` fixture and `make_still(offender, face_picture(7))`.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings
from django.contrib.auth import login
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
from django.test import Client, RequestFactory
from django.utils import timezone
from PIL import Image

from matching import catalogue
from matching.decoding import NormalisedImage, normalise
from matching.engine import DEFAULT_MODEL, EngineInfo, EngineSettings, QualityMeasures
from matching.engine import Face as FoundFace
from matching.geometry import Box
from portal import work
from portal.accounts.models import Organisation, OrganisationKind, Store, User
from portal.accounts.roles import POLICE_ROLES, Role
from portal.audit.log import SystemActor
from portal.gallery.actions import CustodyRecord, add_custody_image, enrol
from portal.gallery.models import CaseOutcome, CustodyImage
from portal.reviews import actions as reviews
from portal.reviews.models import Decision, Review
from portal.reviews.queries import open_decisions
from portal.reviews.states import DecisionState, Outcome, Stage, Verdict
from portal.searches import actions as searches
from portal.searches.models import Search
from portal.submissions.actions import (
    Upload,
    add_offender,
    add_still,
    move_campaign,
    save_campaign,
    start_submission,
)
from portal.submissions.models import Campaign, Offender, Still, Submission
from portal.submissions.states import CampaignState, OffenceType

PASSWORD = "correct-horse-battery"
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
# What a real worker takes for its own: it searches among these vectors.
ENGINE = EngineInfo("cascade", "test", DEFAULT_MODEL, catalogue.version(EngineSettings()), 256)


@dataclass(frozen=True)
class Cast:
    """Who there is. `team_mate` works with `loss_prevention`; `neighbour` for the other invited retailer."""

    force: Organisation
    other_force: Organisation
    retailer: Organisation
    other_retailer: Organisation
    uninvited: Organisation
    store: Store
    second_store: Store
    other_store: Store
    loss_prevention: User
    team_mate: User
    retailer_manager: User
    neighbour: User
    stranger: User
    facial_reviewer: User
    another_reviewer: User
    second_reviewer: User
    supervisor: User
    gallery_manager: User
    administrator: User
    auditor: User
    foreign_officer: User
    campaign: Campaign

    @property
    def by_role(self) -> dict[Role, User]:
        """One person per role."""
        return {role: getattr(self, role.value) for role in Role}


def make_user(mailbox: str, name: str, role: Role, organisation: Organisation) -> User:
    """An account with PASSWORD; for a police role with its second factor set up (TOTP_SECRET)."""
    user = User.objects.create_user(
        f"{mailbox}@example.org", PASSWORD, role=role, organisation=organisation, name=name
    )
    if role in POLICE_ROLES:
        TOTP.activate(user, TOTP_SECRET)
    return user


def make_organisation(name: str, kind: OrganisationKind, *stores: str) -> Organisation:
    """An organisation and its stores."""
    organisation = Organisation.objects.create(name=name, kind=kind)
    for number, store in enumerate(stores, start=1):
        Store.objects.create(retailer=organisation, name=store, code=f"{number:03}", footage_days=28)
    return organisation


def make_campaign(
    by: User, retailers: list[Organisation], *, name: str = "Winter campaign", opened: bool = True
) -> Campaign:
    """A campaign with recorded grounds, open unless said otherwise."""
    grounds = {
        "legal_basis": "Common-law power to prevent and detect crime; Part 3 Data Protection Act 2018",
        "purpose": "Detection of shop theft and related offences",
        "necessity": "The offenders are unknown and other enquiries have failed",
        "proportionality": "Thirty per retailer, one search each, two human reviews",
        "authoriser": "Supt Example, 2 November 2026",
    }
    campaign = Campaign(force=by.organisation, name=name, **grounds)
    save_campaign(campaign, by=by, retailers=retailers)
    if opened:
        move_campaign(campaign, CampaignState.OPEN, by=by)
    return campaign


@pytest.fixture
def cast(db: None) -> Cast:
    """The cast, on the stage of this test's database."""
    force = make_organisation("Northmoor Police", OrganisationKind.FORCE)
    other_force = make_organisation("Southfell Police", OrganisationKind.FORCE)
    retailer = make_organisation("Aldermere Foods", OrganisationKind.RETAILER, "High Street", "Station")
    other_retailer = make_organisation("Brightwater Chemists", OrganisationKind.RETAILER, "Quayside")
    uninvited = make_organisation("Calloway Stores", OrganisationKind.RETAILER, "Mill Lane")
    supervisor = make_user("supervisor", "Sunniva Peel", Role.SUPERVISOR, force)
    high_street, station = retailer.stores.order_by("code")
    return Cast(
        force=force,
        other_force=other_force,
        retailer=retailer,
        other_retailer=other_retailer,
        uninvited=uninvited,
        store=high_street,
        second_store=station,
        other_store=other_retailer.stores.get(),
        loss_prevention=make_user("lena", "Lena Prior", Role.LOSS_PREVENTION, retailer),
        team_mate=make_user("terry", "Terry Marsh", Role.LOSS_PREVENTION, retailer),
        retailer_manager=make_user("morgan", "Morgan Ashe", Role.RETAILER_MANAGER, retailer),
        neighbour=make_user("nell", "Nell Brook", Role.LOSS_PREVENTION, other_retailer),
        stranger=make_user("stan", "Stan Hurd", Role.LOSS_PREVENTION, uninvited),
        facial_reviewer=make_user("robin", "Robin Vale", Role.FACIAL_REVIEWER, force),
        another_reviewer=make_user("ash", "Ash Fielding", Role.FACIAL_REVIEWER, force),
        second_reviewer=make_user("sam", "Sam Orchard", Role.SECOND_REVIEWER, force),
        supervisor=supervisor,
        gallery_manager=make_user("gale", "Gale Mercer", Role.GALLERY_MANAGER, force),
        administrator=make_user("adel", "Adel Mason", Role.ADMINISTRATOR, force),
        auditor=make_user("audrey", "Audrey Tarn", Role.AUDITOR, force),
        foreign_officer=make_user("fran", "Fran Moor", Role.FACIAL_REVIEWER, other_force),
        campaign=make_campaign(supervisor, [retailer, other_retailer]),
    )


def client_of(user: User) -> Client:
    """A test client in which this person is logged in (force_login() has no address, which the log wants)."""
    client, request = Client(), RequestFactory().post("/")
    request.session = SessionStore()
    login(request, user, settings.AUTHENTICATION_BACKENDS[0])
    request.session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = str(request.session.session_key)
    return client


def browser_cookie(user: User, live_server_url: str) -> dict[str, str]:
    """For Playwright's `context.add_cookies([...])`: this person is logged in, without the log-in page."""
    session = client_of(user).cookies[settings.SESSION_COOKIE_NAME].value
    return {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server_url}


# --- what retailers send --------------------------------------------------------------------------
def submission_of(by: User, campaign: Campaign) -> Submission:
    """The submission of this person's retailer."""
    return start_submission(campaign, by=by)


def make_offender(by: User, campaign: Campaign, *, declared: bool = True, **fields: Any) -> Offender:
    """An offender at the next free place of the retailer's submission."""
    start = timezone.now() - timedelta(days=3)
    report = {
        "offence": OffenceType.THEFT,
        "store": by.organisation.stores.order_by("code").first(),
        "started_at": start,
        "ended_at": start + timedelta(minutes=10),
        **fields,
    }
    return add_offender(submission_of(by, campaign), report, by=by, declared=declared)


def make_still(offender: Offender, content: bytes | None = None, *, name: str = "still.jpg") -> Still:
    """A still of an offender, stored and queued; without `content` a picture of noise."""
    content = picture(offender.pk * 100 + offender.stills.count()) if content is None else content
    still, _ = add_still(offender, Upload(content, name), by=offender.created_by)
    return still


@lru_cache(maxsize=256)
def picture(seed: int = 0, *, width: int = 320, height: int = 240) -> bytes:
    """A JPEG of smooth noise: a sound picture without a face; equal seeds give equal bytes."""
    coarse = np.random.default_rng(seed).integers(40, 216, (height // 16, width // 16, 3), dtype=np.uint8)
    return _jpeg(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


@lru_cache(maxsize=64)
def face_picture(person_seed: int, view: int = 0, *, face_px: float | None = None) -> bytes:
    """A JPEG of a shop aisle with a person who does not exist; `face_px` wide where it matters."""
    from matching.synthetic import cctv_still, person

    pixels, _ = cctv_still(person(person_seed), view, face_px=face_px)
    return _jpeg(Image.fromarray(pixels))


@lru_cache(maxsize=64)
def custody_picture(person_seed: int) -> bytes:
    """A JPEG custody view of a person who does not exist."""
    from matching.synthetic import custody_image, person

    return _jpeg(Image.fromarray(custody_image(person(person_seed))))


def _jpeg(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "JPEG", quality=90)
    return out.getvalue()


@lru_cache(maxsize=64)
def _normalised(content: bytes) -> NormalisedImage:
    return normalise(content)


# --- what a worker would have done ----------------------------------------------------------------
def unit_vector(seed: int) -> np.ndarray:
    """float32 (d,) of ENGINE.dimension, unit length."""
    vector = np.random.default_rng(seed).standard_normal(ENGINE.dimension).astype(np.float32)
    return vector / np.linalg.norm(vector)


def quality(**measures: float) -> QualityMeasures:
    """Measures of a good face, except for what is given."""
    good = {
        "inter_eye_distance": 60.0,
        "face_width": 120.0,
        "sharpness": 80.0,
        "illumination_uniformity": 0.8,
        "under_exposure": 0.0,
        "over_exposure": 0.0,
        "contrast": 0.3,
        "yaw": 3.0,
        "pitch": 2.0,
        "roll": 1.0,
        "compression": 0.0,
        "unified_score": 80.0,
    }
    return QualityMeasures(**{**good, **measures})


def found_face(x: float = 20, y: float = 20, w: float = 40, h: float = 50, **measures: float) -> FoundFace:
    """A face as an engine reports it, in pixels of the still."""
    points = np.array([(x + w * 0.3, y + h * 0.4), (x + w * 0.7, y + h * 0.4), (x + w / 2, y + h * 0.6)])
    landmarks = np.vstack([points, [(x + w * 0.35, y + h * 0.8), (x + w * 0.65, y + h * 0.8)]])
    chip = np.zeros((150, 150, 3), np.uint8)
    return FoundFace(Box(x, y, w, h), landmarks, 0.99, quality(**{"face_width": w, **measures}), chip)


def search_still(still: Still, found: list[FoundFace] | None = None, *, person: int = 1) -> Search | None:
    """Settle a still as a worker would: these faces, the first one searched as unit_vector(person)."""
    still = Still.objects.select_related("offender__submission__campaign", "chosen_face").get(pk=still.pk)
    held = work.claim(Still, still.pk)
    assert held is not None, f"{still} is not waiting"
    found = [found_face()] if found is None else found
    if not found:
        searches.finish_without_face(held, ENGINE)
        return None
    if not still.offender.declared_at:
        searches.finish_draft(held, still, found, 0, vector=unit_vector(person), info=ENGINE)
        return None
    return searches.finish(held, still, found, 0, vector=unit_vector(person), info=ENGINE)


def searched_offender(by: User, campaign: Campaign, *, person: int = 1, **fields: Any) -> Offender:
    """An offender whose one still was searched."""
    with transaction.atomic():  # a worker that is up must not be quicker
        offender = make_offender(by, campaign, **fields)
        search_still(make_still(offender), person=person)
    return offender


# --- what is searched -----------------------------------------------------------------------------
def make_custody_image(
    force: Organisation, number: int, *, person: int | None = None, **about: Any
) -> CustodyImage:
    """An enrolled custody image whose template is unit_vector(person or number); the picture is noise."""
    content = picture(0)
    known = CustodyRecord(
        reference=f"NM/{number:06}",
        captured_on=timezone.localdate() - timedelta(days=400),
        review_on=timezone.localdate() + timedelta(days=400),
        case_outcome=CaseOutcome.CONVICTED,
        name=f"Person Number{number}",
    )
    about_it = CustodyRecord(**{**known.__dict__, **about})
    digest, copy = hashlib.sha256(content).hexdigest(), _normalised(content)
    with transaction.atomic():  # a worker that is up must not be quicker
        image, _ = add_custody_image(force, about_it, content, digest, copy, by=SystemActor("test"))
        held = work.claim(CustodyImage, image.pk)
        assert held is not None
        enrol(held, found_face(), unit_vector(number if person is None else person), ENGINE)
    image.refresh_from_db()
    return image


def make_gallery(force: Organisation, size: int = 5) -> list[CustodyImage]:
    """Custody images 1 to `size`: a still searched as person n finds number n first."""
    return [make_custody_image(force, number) for number in range(1, size + 1)]


# --- what officers do -----------------------------------------------------------------------------
def decision_on(offender: Offender) -> Decision:
    """The decision record of an offender that is ready for review."""
    open_decisions()
    return Decision.objects.get(offender=offender)


def review_as(decision: Decision, stage: Stage, by: User, outcome: Outcome) -> Review:
    """A whole review: taken, judged blind (best candidate possible if identified), revealed, concluded."""
    decision.refresh_from_db()
    review = reviews.claim_review(decision, stage, by=by)
    best = review.judgements.order_by("candidate__rank").first() if outcome == Outcome.IDENTIFIED else None
    if stage != Stage.ADJUDICATION:
        for judgement in review.judgements.all():
            verdict = Verdict.POSSIBLE if judgement == best else Verdict.NOT_THIS_PERSON
            reviews.save_judgement(review, judgement.position, reviews.Judged(verdict), by=by)
        reviews.save_blind(review, by=by)
    chosen = best.candidate.uid if best is not None and best.candidate is not None else None
    conclusion = reviews.Conclusion(outcome, "Compared feature by feature.", True, chosen)
    reviews.complete_review(review, conclusion, by=by)
    return review


def decide(offender: Offender, outcome: Outcome, cast: Cast) -> Decision:
    """Bring an offender to its outcome by two officers who agree (one, where one is enough)."""
    decision = decision_on(offender)
    review_as(decision, Stage.FIRST, cast.facial_reviewer, outcome)
    decision.refresh_from_db()
    if decision.state != DecisionState.DECIDED:
        review_as(decision, Stage.SECOND, cast.second_reviewer, outcome)
        decision.refresh_from_db()
    assert decision.state == DecisionState.DECIDED
    return decision
