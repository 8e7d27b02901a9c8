"""The only writer of campaigns, submissions, offenders and stills."""

import hashlib
import unicodedata
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone

from matching.decoding import NormalisedImage, normalise
from matching.errors import RejectedImage
from portal import storage
from portal.accounts.models import Organisation, User
from portal.audit.log import record
from portal.audit.tags import Tag
from portal.celery import INTERACTIVE, send_on_commit
from portal.submissions.models import Campaign, Face, Likeness, Offender, RefusedUpload, Still, Submission
from portal.submissions.states import (
    CAMPAIGN_MOVES,
    MAX_OFFENDERS,
    MAX_STILLS,
    MAX_UNPLACED,
    CampaignState,
    FaceChoice,
)
from portal.work import WorkState, requeued

PROCESS_STILL = "searches.process_still"
log = structlog.get_logger(__name__)


class SubmissionRefused(Exception):
    """Something the sender can put right; `code` is stable for the API, the message is for a person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


CLOSED = ("campaign_closed", "This campaign is closed, so nothing can be added or changed.")
FULL = (
    "submission_full",
    f"All {MAX_OFFENDERS} places are taken. Discard a draft, or change one of the offenders instead.",
)
ALREADY_SENT = (
    "already_sent",
    "This report was sent to the police and cannot be discarded. Tell the officers if it is wrong.",
)
NOT_PLACED = ("not_placed", "Give this offender one of the places 1 to 30 first, then send it.")
NO_OFFENCE = ("report_incomplete", "Fill in the report first: say at least which offence it was.")
NO_STILL = ("still_missing", "Add at least one still first: without one nothing can be searched.")
TRAY_FULL = (
    "tray_full",
    f"{MAX_UNPLACED} offenders wait for a place already. Place or discard some, then send more files.",
)
TOO_MANY_STILLS = (
    "too_many_stills",
    f"This offender already has {MAX_STILLS} stills. Choose the best ones.",
)


# --- campaigns ------------------------------------------------------------------------------------
@transaction.atomic
def move_campaign(campaign: Campaign, to: CampaignState, *, by: User) -> None:
    """Open or close a campaign; SubmissionRefused where the move or its grounds are missing."""
    allowed = [state for state, targets in CAMPAIGN_MOVES.items() if to in targets]
    if to == CampaignState.OPEN and not campaign.is_lawful:
        raise SubmissionRefused(
            "grounds_missing",
            "Record the legal basis, purpose, necessity, proportionality and authoriser first.",
        )
    if Campaign.objects.filter(pk=campaign.pk, state__in=allowed).update(state=to) != 1:
        raise SubmissionRefused("wrong_state", "The campaign has changed meanwhile. Look again.")
    campaign.state = to
    tag = Tag.CAMPAIGN_OPENED if to == CampaignState.OPEN else Tag.CAMPAIGN_CLOSED
    record(tag, actor=by, subject=campaign)


@transaction.atomic
def save_campaign(campaign: Campaign, *, by: User, retailers: list[Organisation] | None = None) -> Campaign:
    """Store a new or changed campaign and whom it invites; its state moves through move_campaign only."""
    kept = ("id", "uid", "state")
    changeable = [field.name for field in Campaign._meta.concrete_fields if field.name not in kept]
    campaign.save(update_fields=changeable if campaign.pk else None)
    if retailers is not None:
        campaign.retailers.set(retailers)
    record(Tag.CAMPAIGN_CHANGED, actor=by, subject=campaign)
    return campaign


def accepts_submissions(campaign: Campaign) -> bool:
    """Open, lawful and within its dates."""
    today = timezone.localdate()
    begun = campaign.opens_on is None or campaign.opens_on <= today
    ended = campaign.closes_on is not None and campaign.closes_on < today
    return campaign.state == CampaignState.OPEN and campaign.is_lawful and begun and not ended


def must_accept(campaign_id: int) -> None:
    """Raise SubmissionRefused where the campaign takes nothing now."""
    if not accepts_submissions(Campaign.objects.get(pk=campaign_id)):
        raise SubmissionRefused(*CLOSED)


# --- submissions and offenders --------------------------------------------------------------------
def start_submission(campaign: Campaign, *, by: User) -> Submission:
    """The retailer's submission to a campaign, made on first use."""
    with transaction.atomic():
        submission, created = Submission.objects.get_or_create(
            campaign=campaign, retailer=by.organisation, defaults={"started_by": by}
        )
        if created:
            record(Tag.SUBMISSION_STARTED, actor=by, subject=submission, campaign=str(campaign.uid))
    return submission


def next_place(taken: Collection[int]) -> int | None:
    """The place the next offender gets: behind the last one, then the first gap; None when all are taken."""
    last = max(taken, default=0)
    if last < MAX_OFFENDERS:
        return last + 1
    return next((rank for rank in range(1, MAX_OFFENDERS + 1) if rank not in taken), None)


def _free_rank(submission: Submission) -> int:
    placed = submission.offenders.filter(rank__isnull=False)
    rank = next_place({rank for rank in placed.values_list("rank", flat=True) if rank is not None})
    if rank is None:
        raise SubmissionRefused(*FULL)
    return rank


def add_offender(submission: Submission, fields: dict[str, Any], *, by: User, declared: bool) -> Offender:
    """Add an offender at the next free place; SubmissionRefused for the 31st and after closing."""
    must_accept(submission.campaign_id)
    declaration = {"declared_by": by, "declared_at": timezone.now()} if declared else {}
    while True:
        try:
            with transaction.atomic():
                offender = Offender.objects.create(
                    submission=submission,
                    rank=_free_rank(submission),
                    created_by=by,
                    **declaration,
                    **fields,
                )
                record(Tag.OFFENDER_ADDED, actor=by, subject=offender, rank=offender.rank, declared=declared)
                return offender
        except IntegrityError as error:
            if "one_offender_per_place" not in str(error) and "rank" not in str(error):
                raise  # two people at once took the same place: look for the next one


@transaction.atomic
def change_offender(offender: Offender, fields: dict[str, Any], *, by: User) -> Offender:
    """Change fields of the report; the names of what changed are logged, not the values."""
    must_accept(offender.submission.campaign_id)
    changed = [name for name, value in fields.items() if getattr(offender, name) != value]
    for name in changed:
        setattr(offender, name, fields[name])
    if changed:
        offender.save(update_fields=changed)
        record(Tag.OFFENDER_CHANGED, actor=by, subject=offender, fields=sorted(changed))
    return offender


@transaction.atomic
def declare_offender(offender: Offender, *, by: User) -> None:
    """Make the declaration; from now on the stills are searched and an officer will see the report.

    SubmissionRefused where a place, the offence or a still is missing.
    """
    must_accept(offender.submission.campaign_id)
    drafts = Offender.objects.select_for_update(no_key=True).filter(pk=offender.pk, declared_at=None)
    draft = drafts.first()
    if draft is None:
        return
    _must_be_complete(draft)
    drafts.update(declared_by=by, declared_at=timezone.now())
    Likeness.objects.filter(still__offender=draft).delete()
    # A worker that read the still before the declaration would settle it without a search: take it back.
    offender.stills.filter(work_state__in=(WorkState.DONE, WorkState.RUNNING)).update(**requeued())
    for pk in offender.stills.values_list("pk", flat=True):
        send_on_commit(PROCESS_STILL, queue=INTERACTIVE, still_id=pk)
    record(Tag.OFFENDER_DECLARED, actor=by, subject=offender)


def _must_be_complete(draft: Offender) -> None:
    if draft.rank is None:
        raise SubmissionRefused(*NOT_PLACED)
    if not draft.offence:
        raise SubmissionRefused(*NO_OFFENCE)
    if not draft.stills.exists():
        raise SubmissionRefused(*NO_STILL)


@transaction.atomic
def discard_draft(offender: Offender, *, by: User) -> None:
    """Delete a report that was never declared, with its stills and their files; its place is free again."""
    must_accept(offender.submission.campaign_id)
    if not Offender.objects.select_for_update(no_key=True).filter(pk=offender.pk, declared_at=None).exists():
        raise SubmissionRefused(*ALREADY_SENT)
    uid, keys = offender.uid, list(offender.stills.values_list("original_key", "copy_key"))
    offender.delete()
    transaction.on_commit(lambda: delete_files(keys))
    record(Tag.OFFENDER_ERASED, actor=by, subject=("submissions.offender", uid), stills=len(keys))


def delete_files(keys: Iterable[tuple[str, str]]) -> None:
    """Delete originals and copies after the commit that took their rows.

    What cannot be deleted now has no row any more, and portal.retention.orphans finds it."""
    for original_key, copy_key in keys:
        for place, key in ((storage.originals(), original_key), (storage.stills(), copy_key)):
            try:
                place.delete(key)
            except OSError as error:
                log.warning("file_not_deleted", key=key, error=str(error))


# --- stills ---------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Upload:
    """A file as a sender gave it."""

    content: bytes
    name: str
    captured_at: Any = None


def clean_name(name: str) -> str:
    """A file name fit to be shown: no path, no control or bidirectional characters, 255 at most."""
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(char for char in base if unicodedata.category(char)[0] != "C")
    return unicodedata.normalize("NFC", kept)[:255]


def add_still(offender: Offender, upload: Upload, *, by: User, asked_for: bool = False) -> tuple[Still, bool]:
    """Take one still: decode safely, keep the original, queue it. Returns the still and whether it is new.

    `asked_for`: an officer asked for it (portal.questions), so that it is taken after closing, too.

    The same file sent twice for an offender is the same still. RejectedImage (matching.errors) where
    the file is not usable, SubmissionRefused where the offender may not have another; both recorded.
    StorageUnavailable where it cannot be kept now; then nothing of it is.
    """
    if not asked_for:
        must_accept(offender.submission.campaign_id)
    digest = hashlib.sha256(upload.content).hexdigest()
    existing = offender.stills.filter(original_sha256=digest).first()
    if existing:
        return existing, False
    if offender.stills.count() >= MAX_STILLS:
        raise SubmissionRefused(*TOO_MANY_STILLS)
    image = _decoded(offender.submission, offender, upload, digest, by)
    return _keep(_Place(offender.submission, offender), upload, digest, image, by)


def add_draft(submission: Submission, upload: Upload, *, by: User) -> tuple[Still, bool]:
    """Take one still as an offender of its own in the tray. Returns the still and whether it is new.

    The same file sent twice for a submission is the same still, wherever it has got to meanwhile.
    Raises as add_still does.
    """
    must_accept(submission.campaign_id)
    digest = hashlib.sha256(upload.content).hexdigest()
    existing = still_of(submission, digest)
    if existing:
        return existing, False
    _must_have_room(submission)
    image = _decoded(submission, None, upload, digest, by)
    return _keep(_Place(submission), upload, digest, image, by)


def still_of(submission: Submission, digest: str) -> Still | None:
    """The still of a submission whose original has this sha256 (hex)."""
    return Still.objects.filter(offender__submission=submission, original_sha256=digest).first()


def _must_have_room(submission: Submission) -> None:
    if submission.offenders.filter(rank=None).count() >= MAX_UNPLACED:
        raise SubmissionRefused(*TRAY_FULL)


def _decoded(
    submission: Submission, offender: Offender | None, upload: Upload, digest: str, by: User
) -> NormalisedImage:
    try:
        return normalise(upload.content)
    except RejectedImage as error:
        refuse(submission, upload, error.code, error.message, by=by, offender=offender, digest=digest)
        raise


@transaction.atomic
def refuse(
    submission: Submission,
    upload: Upload,
    code: str,
    message: str,
    *,
    by: User,
    offender: Offender | None = None,
    digest: str = "",
    size: int | None = None,
    tag: Tag = Tag.STILL_REFUSED,
) -> None:
    """Keep for the sender and the operator that a file was not taken, and why.

    `size` in bytes, where not the whole content is at hand.
    """
    digest = digest or hashlib.sha256(upload.content).hexdigest()
    RefusedUpload.objects.create(
        submission=submission,
        offender=offender,
        sent_by=by,
        name=clean_name(upload.name),
        sha256=digest,
        bytes=len(upload.content) if size is None else size,
        code=code,
        message=message,
    )
    record(tag, actor=by, subject=offender or submission, code=code, sha256=digest)


@dataclass(frozen=True)
class _Place:
    """Where a still goes: to an offender, or (None) to a new one in the tray."""

    submission: Submission
    offender: Offender | None = None

    def known(self, digest: str) -> Still | None:
        """The same file, where it would be the same still."""
        if self.offender is None:
            return still_of(self.submission, digest)
        return self.offender.stills.filter(original_sha256=digest).first()

    def hold(self, digest: str, by: User) -> Offender:
        """Lock what decides whether the still may come, then say whose it is."""
        if self.offender is None:
            Submission.objects.select_for_update(no_key=True).get(pk=self.submission.pk)
            if self.known(digest):
                raise IntegrityError("somebody was quicker")
            _must_have_room(self.submission)
            return Offender.objects.create(submission=self.submission, created_by=by)
        Offender.objects.select_for_update(no_key=True).get(pk=self.offender.pk)
        if self.offender.stills.count() >= MAX_STILLS:
            raise SubmissionRefused(*TOO_MANY_STILLS)
        return self.offender


def _keep(place: _Place, upload: Upload, digest: str, image: NormalisedImage, by: User) -> tuple[Still, bool]:
    # Files first: a row must never name a file that is not there. A file without a row is swept up
    # (portal.retention.orphans).
    keys = _store(upload.content, image.jpeg)
    still = Still(
        added_by=by,
        name=clean_name(upload.name),
        captured_at=upload.captured_at,
        original_key=keys[0],
        original_sha256=digest,
        original_bytes=len(upload.content),
        original_format=image.source_format,
        original_width=image.source_width,
        original_height=image.source_height,
        copy_key=keys[1],
        copy_sha256=image.sha256,
        width=image.width,
        height=image.height,
    )
    try:
        _enter(place, still, by)
    except (IntegrityError, SubmissionRefused):
        delete_files([keys])
        existing = place.known(digest)
        if existing is None:
            raise
        return existing, False
    return still, True


@transaction.atomic
def _enter(place: _Place, still: Still, by: User) -> None:
    still.offender = place.hold(still.original_sha256, by)
    still.save(force_insert=True)
    send_on_commit(PROCESS_STILL, queue=INTERACTIVE, still_id=still.pk)
    details: dict[str, Any] = {"sha256": still.original_sha256, "offender": str(still.offender.uid)}
    if place.offender is None:
        details["new_offender"] = True
    record(Tag.STILL_RECEIVED, actor=by, subject=still, **details)


def _store(original: bytes, copy: bytes) -> tuple[str, str]:
    original_key = storage.store(storage.originals(), original)
    try:
        return original_key, storage.store(storage.stills(), copy, suffix=".jpg")
    except storage.StorageUnavailable:
        with suppress(OSError):  # else it is swept up as a file without a row
            storage.originals().delete(original_key)
        raise


@transaction.atomic
def choose_face(still: Still, face_uid: UUID, *, by: User) -> None:
    """Search another of the faces found; Face.DoesNotExist where it is not one of this still's."""
    must_accept(still.offender.submission.campaign_id)
    face = Face.objects.get(still=still, uid=face_uid)
    _search_again(still, {"chosen_face": face, "chosen_how": FaceChoice.PERSON})
    record(Tag.FACE_CHOSEN, actor=by, subject=still, face=str(face.uid))


@transaction.atomic
def draw_region(still: Still, region: dict[str, float], *, by: User) -> None:
    """Look for the face again, in a box (pixels of the normalised copy) that a person drew."""
    must_accept(still.offender.submission.campaign_id)
    _search_again(still, {"region": region, "chosen_face": None, "chosen_how": FaceChoice.DRAWN})
    record(Tag.FACE_CHOSEN, actor=by, subject=still, region=region)


def _search_again(still: Still, fields: dict[str, Any]) -> None:
    settled = (WorkState.DONE, WorkState.REFUSED)
    changed = Still.objects.filter(pk=still.pk, work_state__in=settled).update(**fields, **requeued())
    if changed != 1:
        raise SubmissionRefused("still_busy", "This still is being checked right now. Try again in a moment.")
    send_on_commit(PROCESS_STILL, queue=INTERACTIVE, still_id=still.pk)


@transaction.atomic
def send_anyway(still: Still, *, by: User) -> None:
    """Keep that a person was told how poor the still is and sends it all the same; once is enough."""
    must_accept(still.offender.submission.campaign_id)
    asked = Still.objects.filter(pk=still.pk, sent_anyway_at=None)
    if asked.update(sent_anyway_at=timezone.now(), sent_anyway_by=by) == 1:
        record(Tag.STILL_SENT_ANYWAY, actor=by, subject=still)
