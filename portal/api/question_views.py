"""What officers ask, and answering it. Who asked is never told."""

import hashlib
from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.access import Endpoint, account
from portal.api.idempotency import once, remember
from portal.api.lists import page, query_of
from portal.api.parsers import BoundedMultiPart
from portal.api.problems import absent
from portal.api.schema import IDEMPOTENCY_KEY, documented, listed
from portal.api.scopes import Scope
from portal.api.serializers import PageQuery, StillIn, StillOut
from portal.api.still_views import taken
from portal.questions.actions import SETTLED, Answer, QuestionRefused, answer
from portal.questions.documents import add_document
from portal.questions.models import Document, Question
from portal.questions.queries import questions_to
from portal.questions.states import QuestionState
from portal.submissions.actions import Upload, add_still
from portal.submissions.states import MAX_STILLS


class QuestionQuery(PageQuery):
    """Which questions."""

    state = serializers.ChoiceField(choices=QuestionState.choices, required=False)
    offender = serializers.UUIDField(required=False)


class DocumentOut(serializers.ModelSerializer[Document]):
    """A document that came with an answer."""

    class Meta:
        model = Document
        fields = ("uid", "name", "format", "bytes", "sha256", "added_at")
        read_only_fields = fields


class DocumentIn(serializers.Serializer[Any]):
    """A document to take."""

    file = serializers.FileField(allow_empty_file=True, help_text="PDF, JPEG or PNG, up to 10 MB")


class QuestionOut(serializers.ModelSerializer[Question]):
    """A question and, once there is one, its answer."""

    offender = serializers.UUIDField(source="offender.uid", read_only=True)
    stills = serializers.SerializerMethodField()
    documents = DocumentOut(many=True, read_only=True)

    class Meta:
        model = Question
        fields = (
            "uid",
            "offender",
            "kind",
            "text",
            "due_on",
            "state",
            "asked_at",
            "provided",
            "answer",
            "collect_from",
            "stills",
            "documents",
            "answered_at",
        )
        read_only_fields = fields

    @extend_schema_field({"type": "array", "items": {"type": "string", "format": "uuid"}})
    def get_stills(self, question: Question) -> list[str]:
        """The uids of the stills that came with the answer."""
        return [str(still.uid) for still in question.stills.all()]


class AnswerIn(serializers.Serializer[Any]):
    """An answer; `stills` were sent to the question before, and documents go with it by themselves."""

    provided = serializers.BooleanField(help_text="whether you have what was asked for")
    text = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")
    collect_from = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
    stills = serializers.ListField(
        child=serializers.UUIDField(), max_length=MAX_STILLS, required=False, default=list
    )


class Questions(Endpoint):
    """What officers asked this retailer."""

    @documented(
        "list_questions",
        Scope.QUESTIONS_READ,
        {200: listed("QuestionList", QuestionOut)},
        query=QuestionQuery,
    )
    def get(self, request: Request) -> Response:
        """List what officers asked you, newest first."""
        query, rows = query_of(request, QuestionQuery), questions_to(account(request))
        rows = rows.prefetch_related("stills", "documents")
        if "state" in query:
            rows = rows.filter(state=query["state"])
        if "offender" in query:
            rows = rows.filter(offender__uid=query["offender"])
        return Response(page(request, query, rows, lambda part: QuestionOut(part, many=True).data))


class QuestionDetail(Endpoint):
    """One question."""

    @documented("get_question", Scope.QUESTIONS_READ, {200: QuestionOut}, 404)
    def get(self, request: Request, uid: str) -> Response:
        """One question and its answer."""
        return Response(QuestionOut(get_object_or_404(questions_to(account(request)), uid=uid)).data)


class QuestionStills(Endpoint):
    """Stills that were asked for."""

    parser_classes = [BoundedMultiPart]

    @documented(
        "add_still_for_question",
        Scope.QUESTIONS_WRITE,
        {200: StillOut, 201: StillOut},
        *(404, 409, 413, 415, 422, 503),
        takes={"multipart/form-data": StillIn},
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request, uid: str) -> Response:
        """Send a still that was asked for, also after the campaign closed; then name it in the answer."""
        user = account(request)
        question = get_object_or_404(questions_to(user), uid=uid)
        if not question.is_open:
            raise QuestionRefused(*SETTLED)
        return taken(request, lambda upload: add_still(question.offender, upload, by=user, asked_for=True))


class QuestionDocuments(Endpoint):
    """Documents that were asked for."""

    parser_classes = [BoundedMultiPart]

    @documented(
        "add_document_for_question",
        Scope.QUESTIONS_WRITE,
        {200: DocumentOut, 201: DocumentOut},
        *(404, 409, 413, 415, 422, 503),
        takes={"multipart/form-data": DocumentIn},
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request, uid: str) -> Response:
        """Send a statement or a receipt that was asked for; officers read it once you have answered."""
        user = account(request)
        question = get_object_or_404(questions_to(user), uid=uid)
        sent = DocumentIn(data=request.data)
        sent.is_valid(raise_exception=True)
        file = sent.validated_data["file"]
        content, fresh = file.read(), []

        def keep() -> Document:
            document, new = add_document(question, Upload(content, file.name), by=user)
            fresh.append(new)
            return document

        document = remember(request, [hashlib.sha256(content).hexdigest(), file.name], keep, by=user)
        return Response(DocumentOut(document).data, status=201 if fresh[0] else 200)


class QuestionAnswer(Endpoint):
    """The answer to a question."""

    @documented(
        "answer_question",
        Scope.QUESTIONS_WRITE,
        {200: QuestionOut},
        *(404, 409, 413, 415, 422),
        takes=AnswerIn,
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request, uid: str) -> Response:
        """Answer an open question, once."""
        user = account(request)
        question = get_object_or_404(questions_to(user), uid=uid)
        given = AnswerIn(data=request.data)
        given.is_valid(raise_exception=True)

        def settle() -> Question:
            fields = dict(given.validated_data)
            uids = set(fields["stills"])
            fields["stills"] = list(question.offender.stills.filter(uid__in=uids))
            if len(fields["stills"]) != len(uids):
                raise absent("stills")
            answer(question, Answer(**fields), by=user)
            return question

        once(request, request.data, settle, lambda _: question, by=user)
        return Response(QuestionOut(questions_to(user).get(pk=question.pk)).data)
