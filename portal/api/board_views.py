"""The board of a submission: the tray, places, merging and splitting drafts, discarding them; the receipt."""

from typing import Any

from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.access import Endpoint, account
from portal.api.board_serializers import DismissIn, MergeIn, PlacedOut, PlaceIn, ReceiptOut, SuggestionOut
from portal.api.idempotency import once
from portal.api.parsers import BoundedMultiPart
from portal.api.problems import absent
from portal.api.queries import offenders_of, stills_of, submissions_of
from portal.api.schema import IDEMPOTENCY_KEY, documented
from portal.api.scopes import Scope
from portal.api.serializers import OffenderOut, StillIn, StillOut
from portal.api.still_views import taken
from portal.api.views import shown
from portal.audit.log import record
from portal.audit.tags import Tag
from portal.submissions import board
from portal.submissions.actions import add_draft
from portal.submissions.grouping import suggestions
from portal.submissions.models import Offender, Submission
from portal.submissions.receipt_pdf import receipt_pdf


class SubmissionTray(Endpoint):
    """Stills whose offender has no place yet."""

    parser_classes = [BoundedMultiPart]

    @documented(
        "add_draft",
        Scope.SUBMISSIONS_WRITE,
        {200: StillOut, 201: StillOut},
        *(404, 409, 413, 415, 422, 503),
        takes={"multipart/form-data": StillIn},
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request, uid: str) -> Response:
        """Send a still as a new offender without a place; 200 where this submission has the file already."""
        user = account(request)
        submission = get_object_or_404(submissions_of(user), uid=uid)
        return taken(request, lambda upload: add_draft(submission, upload, by=user))


class SubmissionSuggestions(Endpoint):
    """Which drafts may be one person."""

    @documented("list_suggestions", Scope.SUBMISSIONS_READ, {200: SuggestionOut(many=True)}, 404)
    def get(self, request: Request, uid: str) -> Response:
        """Drafts that may show one person, by file name or face. Nothing is merged unless you do it."""
        user = account(request)
        submission = get_object_or_404(submissions_of(user), uid=uid)
        drafts = offenders_of(user).filter(submission=submission, declared_at=None)
        found = suggestions(list(drafts.prefetch_related("stills")))
        return Response(SuggestionOut(found, many=True).data)  # type: ignore[arg-type]


class SuggestionDismissal(Endpoint):
    """A suggestion that is wrong."""

    @documented(
        "dismiss_suggestion",
        Scope.SUBMISSIONS_WRITE,
        {204: None},
        *(404, 409, 413, 415, 422),
        takes=DismissIn,
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request, uid: str) -> Response:
        """Say that these drafts are different people: no two of them are suggested together again."""
        user = account(request)
        submission = get_object_or_404(submissions_of(user), uid=uid)
        wanted = DismissIn(data=request.data)
        wanted.is_valid(raise_exception=True)

        def dismiss() -> Submission:
            uids = set(wanted.validated_data["offenders"])
            drafts = list(offenders_of(user).filter(submission=submission, uid__in=uids))
            if len(drafts) != len(uids):
                raise absent("offenders")
            board.dismiss_grouping(drafts, by=user)
            return submission

        once(request, request.data, dismiss, lambda _: submission, by=user)
        return Response(status=204)


class SubmissionPlaces(Endpoint):
    """The places of a submission."""

    @documented(
        "place_all",
        Scope.SUBMISSIONS_WRITE,
        {200: PlacedOut},
        *(404, 409, 413, 415, 422),
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request, uid: str) -> Response:
        """Put everything that has no place into the free places, in the order of file names."""
        user = account(request)
        submission = get_object_or_404(submissions_of(user), uid=uid)
        counts: dict[str, int] = {"placed": 0}

        def place_all() -> Any:
            counts["placed"], _ = board.place_all(submission, by=user)
            return submission

        once(request, None, place_all, lambda _: submission, by=user)
        left = submission.offenders.filter(rank=None).count()
        return Response(PlacedOut({**counts, "left": left}).data)


class SubmissionReceipt(Endpoint):
    """What was received."""

    @documented("get_receipt", Scope.SUBMISSIONS_READ, {200: ReceiptOut}, 404)
    def get(self, request: Request, uid: str) -> Response:
        """What you sent to this campaign, with the SHA-256 of every file as it was received."""
        user = account(request)
        submission = get_object_or_404(submissions_of(user), uid=uid)
        sent = offenders_of(user).filter(submission=submission, declared_at__isnull=False)
        context = {"offenders": sent.prefetch_related("stills").order_by("rank")}
        return Response(ReceiptOut(submission, context=context).data)


class SubmissionReceiptPdf(Endpoint):
    """What was received, to keep."""

    @documented(
        "get_receipt_pdf", Scope.SUBMISSIONS_READ, {(200, "application/pdf"): OpenApiTypes.BINARY}, 404
    )
    def get(self, request: Request, uid: str) -> HttpResponse:
        """The receipt as a PDF, drafts with it; recorded as an export."""
        user = account(request)
        submission = get_object_or_404(submissions_of(user).select_related("campaign__force"), uid=uid)
        ours = offenders_of(user).filter(submission=submission)
        offenders = list(
            ours.select_related("declared_by")
            .prefetch_related("stills__added_by")
            .order_by(F("rank").asc(nulls_last=True), "pk")
        )
        content = receipt_pdf(submission.campaign, offenders, user=user, at=timezone.now())
        record(
            Tag.EXPORTED,
            actor=user,
            subject=submission.campaign,
            what="receipt",
            offenders=len(offenders),
            stills=sum(len(one.stills.all()) for one in offenders),
        )
        answer = HttpResponse(content, content_type="application/pdf")
        answer["Content-Disposition"] = 'attachment; filename="receipt.pdf"'
        answer["Cache-Control"] = "private, no-store"
        return answer


class OffenderPlace(Endpoint):
    """The place of a draft."""

    @documented(
        "place_offender", Scope.SUBMISSIONS_WRITE, {200: OffenderOut}, 404, 409, 413, 415, takes=PlaceIn
    )
    def put(self, request: Request, uid: str) -> Response:
        """Give a draft a place from 1 to 30, or none; with `make_room` the drafts there move on."""
        user = account(request)
        offender = get_object_or_404(offenders_of(user), uid=uid)
        wanted = PlaceIn(data=request.data)
        wanted.is_valid(raise_exception=True)
        rank = wanted.validated_data["rank"]
        if rank is not None and wanted.validated_data["make_room"]:
            board.move(offender, rank, by=user)
        else:
            board.place(offender, rank, by=user)
        offender.refresh_from_db()
        return Response(shown([offender], user)[0])


class OffenderMerging(Endpoint):
    """Several drafts that are one person."""

    @documented(
        "merge_offenders",
        Scope.SUBMISSIONS_WRITE,
        {200: OffenderOut},
        *(404, 409, 413, 415, 422),
        takes=MergeIn,
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request, uid: str) -> Response:
        """Put other drafts into this one: their stills and every word move here, they are gone."""
        user = account(request)
        into = get_object_or_404(offenders_of(user), uid=uid)
        wanted = MergeIn(data=request.data)
        wanted.is_valid(raise_exception=True)

        def merge() -> Offender:
            uids = wanted.validated_data["offenders"]
            others = list(offenders_of(user).filter(uid__in=uids))
            if len(others) != len(set(uids)):
                raise absent("offenders")
            return board.merge_offenders(into, others, by=user)

        merged, _ = once(request, request.data, merge, lambda _: into, by=user)
        merged.refresh_from_db()
        return Response(shown([merged], user)[0])


class StillSplitting(Endpoint):
    """A still that shows somebody else."""

    @documented(
        "split_still",
        Scope.SUBMISSIONS_WRITE,
        {200: OffenderOut, 201: OffenderOut},
        *(404, 409, 413, 415, 422),
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request, uid: str) -> Response:
        """Make a still of a draft a draft of its own, without a place."""
        user = account(request)
        still = get_object_or_404(stills_of(user).select_related("offender__submission"), uid=uid)
        mine = offenders_of(user)
        new, made = once(
            request,
            None,
            lambda: board.split_still(still, by=user),
            lambda known: get_object_or_404(mine, uid=known),
            by=user,
        )
        answer = Response(shown([mine.get(pk=new.pk)], user)[0], status=201 if made else 200)
        answer["Location"] = reverse("api:offender", kwargs={"uid": new.uid})
        return answer
