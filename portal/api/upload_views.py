"""Files in parts: the tus protocol 1.0.0 for a token (portal.submissions.tus has the rules)."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.models import User
from portal.api.access import Endpoint, account
from portal.api.board_serializers import UploadOut
from portal.api.idempotency import remember
from portal.api.queries import offenders_of, submissions_of
from portal.api.schema import IDEMPOTENCY_KEY, documented
from portal.api.scopes import Scope
from portal.submissions import tus
from portal.submissions.actions import SubmissionRefused
from portal.submissions.models import Offender, PartialUpload, Submission

GONE = ("no_such_offender", "This offender is not there any more.")
RAW = {tus.OCTETS: OpenApiTypes.BINARY}


def _header(name: str, description: str) -> OpenApiParameter:
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, required=True, description=description)


VERSION = _header("Tus-Resumable", "1.0.0")
LENGTH = _header("Upload-Length", "bytes of the whole file")
METADATA = _header(
    "Upload-Metadata", "tus pairs: filename, sha256 (hex), fingerprint, offender (uid; else into the tray)"
)
OFFSET = _header("Upload-Offset", "bytes that are here")


def uploads_of(user: User) -> QuerySet[PartialUpload]:
    """The uploads of this account."""
    return PartialUpload.objects.filter(sender=user).select_related("submission", "target", "still")


class TusEndpoint(Endpoint):
    """An endpoint whose every answer, a refusal too, says which protocol it speaks."""

    http_method_names = [*Endpoint.http_method_names, "options"]

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """With the headers of the protocol."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        for name, value in tus.ALWAYS.items():
            answer[name] = value
        return answer


def _response(reply: tus.Reply) -> Response:
    return Response(status=reply.status, headers=reply.headers)


def _body(request: Request) -> HttpRequest:
    """The bytes themselves, read as they come: DRF has not touched them."""
    return request._request


class SubmissionUploads(TusEndpoint):
    """Where an upload begins."""

    @documented(
        "begin_upload",
        Scope.SUBMISSIONS_WRITE,
        {201: None},
        *(404, 409, 412, 413, 415, 422),
        parameters=[VERSION, LENGTH, METADATA, IDEMPOTENCY_KEY],
    )
    def post(self, request: Request, uid: str) -> Response:
        """Begin to send a still in parts, or find the upload begun before: Location takes the bytes."""
        user = account(request)
        submission = get_object_or_404(submissions_of(user), uid=uid)
        target = self._target(request, submission, user)
        replies: list[tus.Reply] = []

        def begin() -> PartialUpload:
            upload, reply = tus.create(request.headers, submission, by=user, target=target)
            replies.append(reply)
            return upload

        told = [request.headers.get(name, "") for name in ("Upload-Length", "Upload-Metadata")]
        upload = remember(request, told, begin, by=user)
        answer = _response(replies[0])
        answer["Location"] = reverse("api:upload", kwargs={"uid": upload.uid})
        return answer

    @staticmethod
    def _target(request: Request, submission: Submission, user: User) -> Offender | None:
        wanted = tus.metadata_of(request.headers).get("offender", "")
        if not wanted:
            return None
        mine = {str(one.uid): one for one in offenders_of(user).filter(submission=submission)}
        if wanted not in mine:
            raise SubmissionRefused(*GONE)
        return mine[wanted]

    def options(self, request: Request, *_: object, **__: object) -> Response:  # type: ignore[override]
        """What this server can do."""
        return _response(tus.options())

    options.scope = Scope.SUBMISSIONS_WRITE  # type: ignore[attr-defined]


class Upload(TusEndpoint):
    """One upload."""

    @documented("get_upload", Scope.SUBMISSIONS_READ, {200: UploadOut}, 404)
    def get(self, request: Request, uid: str) -> Response:
        """What became of the file."""
        return Response(UploadOut(get_object_or_404(uploads_of(account(request)), uid=uid)).data)

    def head(self, request: Request, uid: str) -> Response:
        """How much of the file is here."""
        return _response(tus.head(get_object_or_404(uploads_of(account(request)), uid=uid)))

    head.scope = Scope.SUBMISSIONS_READ  # type: ignore[attr-defined]

    @documented(
        "send_part",
        Scope.SUBMISSIONS_WRITE,
        {204: None},
        *(404, 409, 410, 412, 413, 415, 503),
        takes=RAW,
        parameters=[VERSION, OFFSET],
    )
    def patch(self, request: Request, uid: str) -> Response:
        """Send the bytes that follow; Upload-Offset in the answer says how many are here."""
        user = account(request)
        upload = get_object_or_404(uploads_of(user), uid=uid)
        return _response(tus.patch(upload, request.headers, _body(request), by=user))

    @documented("end_upload", Scope.SUBMISSIONS_WRITE, {204: None}, 404, 409, 410, 412, parameters=[VERSION])
    def delete(self, request: Request, uid: str) -> Response:
        """Give the upload up."""
        return _response(
            tus.delete(get_object_or_404(uploads_of(account(request)), uid=uid), request.headers)
        )
