"""Campaigns, stores, submissions, offenders."""

from typing import Any, ClassVar

from django.db.models import F
from django.db.models.expressions import OrderBy
from django.shortcuts import get_object_or_404
from django.urls import reverse
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.access import Audience
from portal.accounts.models import User
from portal.api.access import ANYONE, Endpoint, account
from portal.api.filters import ORDERS, OffenderQuery, filtered
from portal.api.idempotency import once, remember
from portal.api.lists import OLDEST_FIRST, page, query_of
from portal.api.queries import campaigns_of, offenders_of, stores_of, submissions_of
from portal.api.schema import IDEMPOTENCY_KEY, documented, listed
from portal.api.scopes import Scope
from portal.api.serializers import (
    CampaignOut,
    NewOffender,
    OffenderIn,
    OffenderOut,
    PageQuery,
    StatusOut,
    StoreOut,
    SubmissionIn,
    SubmissionOut,
)
from portal.reviews.disclosure import disclose
from portal.reviews.status import Status, statuses_of
from portal.submissions.actions import (
    add_offender,
    change_offender,
    declare_offender,
    discard_draft,
    start_submission,
)
from portal.submissions.clock import with_usual_clock
from portal.submissions.footage import keep_clock
from portal.submissions.models import Offender


class Campaigns(Endpoint):
    """Campaigns the retailer is invited to."""

    @documented(
        "list_campaigns", Scope.SUBMISSIONS_READ, {200: listed("CampaignList", CampaignOut)}, query=PageQuery
    )
    def get(self, request: Request) -> Response:
        """List the campaigns you are invited to."""
        query = query_of(request)
        rows = campaigns_of(account(request))
        return Response(page(request, query, rows, lambda part: CampaignOut(part, many=True).data))


class Stores(Endpoint):
    """The retailer's stores."""

    @documented("list_stores", Scope.SUBMISSIONS_READ, {200: listed("StoreList", StoreOut)}, query=PageQuery)
    def get(self, request: Request) -> Response:
        """List your stores."""
        query = query_of(request)
        rows = stores_of(account(request))
        return Response(page(request, query, rows, lambda part: StoreOut(part, many=True).data, OLDEST_FIRST))


class Submissions(Endpoint):
    """The retailer's submissions, one a campaign."""

    @documented(
        "list_submissions",
        Scope.SUBMISSIONS_READ,
        {200: listed("SubmissionList", SubmissionOut)},
        query=PageQuery,
    )
    def get(self, request: Request) -> Response:
        """List your submissions."""
        query = query_of(request)
        rows = submissions_of(account(request))
        return Response(page(request, query, rows, lambda part: SubmissionOut(part, many=True).data))

    @documented(
        "start_submission",
        Scope.SUBMISSIONS_WRITE,
        {200: SubmissionOut, 201: SubmissionOut},
        404,
        409,
        413,
        415,
        takes=SubmissionIn,
    )
    def post(self, request: Request) -> Response:
        """Start your submission to a campaign; 200 where it was already started."""
        wanted = SubmissionIn(data=request.data)
        wanted.is_valid(raise_exception=True)
        user = account(request)
        campaign = get_object_or_404(campaigns_of(user), uid=wanted.validated_data["campaign"])
        begun = campaign.submission_uid is not None  # type: ignore[attr-defined]
        started = remember(request, request.data, lambda: start_submission(campaign, by=user), by=user)
        shown = SubmissionOut(submissions_of(user).get(pk=started.pk)).data
        return Response(shown, status=200 if begun else 201)


class SubmissionDetail(Endpoint):
    """One submission."""

    @documented("get_submission", Scope.SUBMISSIONS_READ, {200: SubmissionOut}, 404)
    def get(self, request: Request, uid: str) -> Response:
        """One of your submissions."""
        return Response(SubmissionOut(get_object_or_404(submissions_of(account(request)), uid=uid)).data)


class SubmissionOffenders(Endpoint):
    """Adding offenders to a submission."""

    @documented(
        "add_offender",
        Scope.SUBMISSIONS_WRITE,
        {200: OffenderOut, 201: OffenderOut},
        *(404, 409, 413, 415, 422),
        takes=NewOffender,
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request, uid: str) -> Response:
        """Report an offender, at the next free of 30 places; 200 where the Idempotency-Key made it before."""
        user = account(request)
        submission = get_object_or_404(submissions_of(user), uid=uid)
        report = NewOffender(data=request.data, context={"user": user})
        report.is_valid(raise_exception=True)
        fields = dict(report.validated_data)
        declared = fields.pop("declaration")

        def make() -> Offender:
            return add_offender(submission, _with_clocks(Offender(), fields), by=user, declared=declared)

        offender, created = once(
            request,
            request.data,
            make,
            lambda known: get_object_or_404(offenders_of(user), uid=known),
            by=user,
        )
        answer = Response(shown([offender], user)[0], status=201 if created else 200)
        answer["Location"] = reverse("api:offender", kwargs={"uid": offender.uid})
        return answer


def _with_clocks(before: Offender, fields: dict[str, Any]) -> dict[str, Any]:
    """What the store's settings say, as on the pages: how wrong its clock is, until when footage is kept."""
    return keep_clock(before, with_usual_clock(before, fields))


def _statuses(offenders: list[Offender], user: User) -> dict[int, Status]:
    statuses = statuses_of(offenders)
    disclose(offenders, statuses, to=user)
    return statuses


def shown(offenders: list[Offender], user: User) -> list[dict[str, Any]]:
    """The reports as the retailer may see them; outcomes told for the first time are logged."""
    context = {"statuses": _statuses(offenders, user)}
    return [dict(OffenderOut(one, context=context).data) for one in offenders]


def _order(name: str) -> OrderBy:
    """Those without a place come last, whichever way round."""
    field = F(name.removeprefix("-"))
    return field.desc(nulls_last=True) if name.startswith("-") else field.asc(nulls_last=True)


class Offenders(Endpoint):
    """The retailer's offenders."""

    @documented(
        "list_offenders",
        Scope.SUBMISSIONS_READ,
        {200: listed("OffenderList", OffenderOut)},
        query=OffenderQuery,
    )
    def get(self, request: Request) -> Response:
        """List your offenders with their status."""
        query, user = query_of(request, OffenderQuery), account(request)
        rows = filtered(offenders_of(user), query)
        return Response(page(request, query, rows, lambda part: shown(part, user), ORDERS[query["ordering"]]))


class OffenderDetail(Endpoint):
    """One offender."""

    @documented("get_offender", Scope.SUBMISSIONS_READ, {200: OffenderOut}, 404)
    def get(self, request: Request, uid: str) -> Response:
        """One of your offenders."""
        user = account(request)
        return Response(shown([get_object_or_404(offenders_of(user), uid=uid)], user)[0])

    @documented(
        "change_offender", Scope.SUBMISSIONS_WRITE, {200: OffenderOut}, 404, 409, 413, 415, takes=OffenderIn
    )
    def patch(self, request: Request, uid: str) -> Response:
        """Change fields of a report while its campaign is open."""
        user = account(request)
        offender = get_object_or_404(offenders_of(user), uid=uid)
        report = OffenderIn(offender, data=request.data, partial=True, context={"user": user})
        report.is_valid(raise_exception=True)
        change_offender(offender, _with_clocks(offender, dict(report.validated_data)), by=user)
        return Response(shown([offender], user)[0])

    @documented("discard_offender", Scope.SUBMISSIONS_WRITE, {204: None}, 404, 409)
    def delete(self, request: Request, uid: str) -> Response:
        """Discard a draft with its stills; what was sent cannot be."""
        user = account(request)
        discard_draft(get_object_or_404(offenders_of(user), uid=uid), by=user)
        return Response(status=204)


class OffenderStatus(Endpoint):
    """What became of a report."""

    @documented("get_offender_status", Scope.SUBMISSIONS_READ, {200: StatusOut}, 404)
    def get(self, request: Request, uid: str) -> Response:
        """The status of one of your offenders."""
        user = account(request)
        offender = get_object_or_404(offenders_of(user), uid=uid)
        return Response(StatusOut(_statuses([offender], user)[offender.pk]).data)


class OffenderDeclaration(Endpoint):
    """The declaration that sends a report off."""

    @documented("declare_offender", Scope.SUBMISSIONS_WRITE, {200: OffenderOut}, 404, 409)
    def put(self, request: Request, uid: str) -> Response:
        """Declare: accurate, lawfully obtained, no names guessed. From now on the stills are searched."""
        user = account(request)
        offender = get_object_or_404(offenders_of(user), uid=uid)
        declare_offender(offender, by=user)
        offender.refresh_from_db()
        return Response(shown([offender], user)[0])


class NoSuchAddress(Endpoint):
    """Every address under /api/v1/ that is none: told in the same form as every other refusal."""

    audience: ClassVar[Audience] = ANYONE
    authentication_classes = []
    throttle_classes = []

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """404 for every method."""
        raise NotFound("There is nothing at this address. Addresses end with a slash.")
