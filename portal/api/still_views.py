"""Stills: sending them, following them, choosing the face."""

import hashlib
from collections.abc import Callable
from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.models import User
from portal.api.access import Endpoint, account
from portal.api.idempotency import remember
from portal.api.lists import OLDEST_FIRST, page, query_of
from portal.api.parsers import BoundedMultiPart
from portal.api.queries import offenders_of, stills_of
from portal.api.schema import IDEMPOTENCY_KEY, documented, listed
from portal.api.scopes import Scope
from portal.api.serializers import FaceChoiceIn, PageQuery, RegionIn, StillIn, StillOut
from portal.submissions.actions import Upload, add_still, choose_face, draw_region
from portal.submissions.models import Face, Still


class OffenderStills(Endpoint):
    """The stills of an offender."""

    parser_classes = [BoundedMultiPart]

    @documented(
        "list_stills", Scope.SUBMISSIONS_READ, {200: listed("StillList", StillOut)}, 404, query=PageQuery
    )
    def get(self, request: Request, uid: str) -> Response:
        """List the stills of one of your offenders."""
        query, user = query_of(request), account(request)
        offender = get_object_or_404(offenders_of(user), uid=uid)
        rows = stills_of(user).filter(offender=offender)
        return Response(page(request, query, rows, lambda part: StillOut(part, many=True).data, OLDEST_FIRST))

    @documented(
        "add_still",
        Scope.SUBMISSIONS_WRITE,
        {200: StillOut, 201: StillOut},
        *(404, 409, 413, 415, 422, 503),
        takes={"multipart/form-data": StillIn},
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request, uid: str) -> Response:
        """Send a still; 200 where this offender already has the very same file."""
        user = account(request)
        offender = get_object_or_404(offenders_of(user), uid=uid)
        return taken(request, lambda upload: add_still(offender, upload, by=user))


def taken(request: Request, take: Callable[[Upload], tuple[Still, bool]]) -> Response:
    """The answer to a file that was sent: the still it became, or that it was already."""
    user, sent = account(request), StillIn(data=request.data)
    sent.is_valid(raise_exception=True)
    file, captured_at = sent.validated_data["file"], sent.validated_data.get("captured_at")
    content, fresh = file.read(), []

    def keep() -> Still:
        still, new = take(Upload(content, file.name, captured_at))
        fresh.append(new)
        return still

    told = [hashlib.sha256(content).hexdigest(), file.name, str(captured_at)]
    still = remember(request, told, keep, by=user)
    answer = Response(_shown(user, still), status=201 if fresh[0] else 200)
    answer["Location"] = reverse("api:still", kwargs={"uid": still.uid})
    return answer


def _shown(user: User, still: Still) -> dict[str, Any]:
    return dict(StillOut(stills_of(user).get(pk=still.pk)).data)


class StillDetail(Endpoint):
    """One still."""

    @documented("get_still", Scope.SUBMISSIONS_READ, {200: StillOut}, 404)
    def get(self, request: Request, uid: str) -> Response:
        """One of your stills: where it stands, and the faces found."""
        return Response(StillOut(get_object_or_404(stills_of(account(request)), uid=uid)).data)


class StillFace(Endpoint):
    """Which face of a still is searched."""

    @documented(
        "choose_face", Scope.SUBMISSIONS_WRITE, {200: StillOut}, 404, 409, 413, 415, takes=FaceChoiceIn
    )
    def put(self, request: Request, uid: str) -> Response:
        """Search another of the faces found."""
        user = account(request)
        still = get_object_or_404(stills_of(user), uid=uid)
        choice = FaceChoiceIn(data=request.data)
        choice.is_valid(raise_exception=True)
        face = get_object_or_404(Face, still=still, uid=choice.validated_data["face"])
        choose_face(still, face.uid, by=user)
        return Response(_shown(user, still))


class StillRegion(Endpoint):
    """Where in a still to look for the face."""

    @documented("draw_region", Scope.SUBMISSIONS_WRITE, {200: StillOut}, 404, 409, 413, 415, takes=RegionIn)
    def put(self, request: Request, uid: str) -> Response:
        """Look for the face again in a box that a person drew."""
        user = account(request)
        still = get_object_or_404(stills_of(user), uid=uid)
        region = RegionIn(data=request.data, context={"still": still})
        region.is_valid(raise_exception=True)
        draw_region(still, dict(region.validated_data), by=user)
        return Response(_shown(user, still))
