"""Statements and receipts that come with an answer: kept as they were sent.

They are never decoded, converted or shown here, and leave only as downloads of officers.
"""

import hashlib

from django.db import IntegrityError, transaction

from portal import storage
from portal.accounts.models import User
from portal.audit.log import record
from portal.audit.tags import Tag
from portal.questions.actions import SETTLED, QuestionRefused
from portal.questions.models import Document, Question
from portal.questions.states import DOCUMENTED, QuestionState
from portal.submissions.actions import Upload, clean_name, refuse

MAX_BYTES = 10 * 2**20
MAX_DOCUMENTS = 5  # of one question
FIRST_BYTES = {"PDF": b"%PDF-", "JPEG": b"\xff\xd8\xff", "PNG": b"\x89PNG\r\n\x1a\n"}

NOT_ASKED_FOR = (
    "document_not_wanted",
    "No document was asked for. Say in words what the officer should know.",
)
TOO_LARGE = (
    "document_too_large",
    "This document is larger than 10 MB. Scan it coarser, or send it in parts.",
)
EMPTY = ("document_empty", "This file is empty.")
WRONG_TYPE = (
    "document_type",
    "Only PDF, JPEG and PNG documents can be taken. Save it as a PDF and send that.",
)
TOO_MANY = ("too_many_documents", f"A question takes {MAX_DOCUMENTS} documents. Put the pages into one PDF.")


def format_of(content: bytes) -> str | None:
    """PDF, JPEG or PNG by the first bytes; the name and what the sender says of it do not count."""
    return next((name for name, first in FIRST_BYTES.items() if content.startswith(first)), None)


def add_document(question: Question, upload: Upload, *, by: User) -> tuple[Document, bool]:
    """Keep a document with an open question, for officers once it is answered; and whether it is new.

    QuestionRefused where it cannot be taken; of a file, that is recorded for the sender and the operator.
    StorageUnavailable where it cannot be kept now; then nothing of it is.
    """
    if by.organisation_id != question.offender.submission.retailer_id:
        raise QuestionRefused("not_yours", "This question was put to somebody else.")
    if question.kind not in DOCUMENTED:
        raise QuestionRefused(*NOT_ASKED_FOR, "documents")
    form = _checked(question, upload, by)
    digest = hashlib.sha256(upload.content).hexdigest()
    key = storage.store(storage.originals(), upload.content)
    try:
        return _keep(
            question, Document(name=clean_name(upload.name), format=form, sha256=digest, key=key), upload, by
        )
    except (IntegrityError, QuestionRefused) as error:
        storage.originals().delete(key)
        known = question.documents.filter(sha256=digest).first()
        if known is None or isinstance(error, QuestionRefused):
            raise
        return known, False


def _checked(question: Question, upload: Upload, by: User) -> str:
    form = format_of(upload.content)
    wrong = None
    if not upload.content:
        wrong = EMPTY
    elif len(upload.content) > MAX_BYTES:
        wrong = TOO_LARGE
    elif form is None:
        wrong = WRONG_TYPE
    if wrong is not None or form is None:
        code, message = wrong or WRONG_TYPE
        offender = question.offender
        refuse(offender.submission, upload, code, message, by=by, offender=offender, tag=Tag.DOCUMENT_REFUSED)
        raise QuestionRefused(code, message, "documents")
    return form


@transaction.atomic
def _keep(question: Question, document: Document, upload: Upload, by: User) -> tuple[Document, bool]:
    held = Question.objects.select_for_update(no_key=True).get(pk=question.pk)
    if held.state != QuestionState.OPEN:
        raise QuestionRefused(*SETTLED)
    if held.documents.filter(sha256=document.sha256).exists():
        raise IntegrityError("the same document is here already")
    if held.documents.count() >= MAX_DOCUMENTS:
        raise QuestionRefused(*TOO_MANY, "documents")
    document.question, document.added_by, document.bytes = held, by, len(upload.content)
    document.save(force_insert=True)
    record(
        Tag.DOCUMENT_RECEIVED,
        actor=by,
        subject=document,
        question=str(held.uid),
        sha256=document.sha256,
        format=document.format,
    )
    return document, True


def content_of(document: Document) -> bytes:
    """The bytes as they were sent; OSError where they are not what was received."""
    content = storage.read(storage.originals(), document.key)
    if hashlib.sha256(content).hexdigest() != document.sha256:
        raise OSError("the stored document is not what was received")
    return content
