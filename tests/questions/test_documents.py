"""Documents that come with an answer: taken by their first bytes, kept untouched, downloaded, erased."""

import hashlib
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal import storage
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.questions.actions import QuestionRefused, withdraw
from portal.questions.documents import MAX_BYTES, MAX_DOCUMENTS, add_document
from portal.questions.models import Document, Question
from portal.questions.states import Kind
from portal.retention.models import ErasureCertificate
from portal.retention.orphans import orphans, sweep_orphans
from portal.retention.tasks import purge_due
from portal.submissions.actions import Upload
from portal.submissions.models import RefusedUpload, Still
from tests.cast import Cast, client_of, picture, searched_offender
from tests.questions.asking import answered, make_question

PDF = b"%PDF-1.7\n<script>alert(1)</script>"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'/>"


@pytest.fixture
def question(cast: Cast) -> Question:
    offender = searched_offender(cast.loss_prevention, cast.campaign)
    return make_question(offender, cast.facial_reviewer, Kind.RECEIPT)


def send(client: Client, question: Question, *files: SimpleUploadedFile, **more: object) -> str:
    url = reverse("retailer:question", args=[question.uid])
    return client.post(url, {"documents": files, **more}, follow=True).content.decode()


def test_a_receipt_answers_the_question_and_is_downloaded_by_the_officer(
    cast: Cast, question: Question
) -> None:
    client = client_of(cast.loss_prevention)
    assert "Thank you." in send(client, question, SimpleUploadedFile("../till\u202efdp.html", PDF))
    question.refresh_from_db()
    document = question.documents.get()
    assert (question.state, question.provided, document.name) == ("answered", True, "tillfdp.html")
    assert (document.format, document.sha256) == ("PDF", hashlib.sha256(PDF).hexdigest())
    assert "tillfdp.html" in client.get(reverse("retailer:question", args=[question.uid])).content.decode()
    officer, url = client_of(cast.facial_reviewer), reverse("police:question-document", args=[document.uid])
    assert url in officer.get(reverse("police:questions")).content.decode()
    answer = officer.get(url)
    assert answer.content == PDF
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"] == f'attachment; filename="{document.uid}.pdf"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("sandbox")
    assert "no-store" in answer["Cache-Control"]
    viewed = Entry.objects.get(tag=Tag.DOCUMENT_VIEWED)
    assert (viewed.details["sha256"], viewed.actor_id) == (document.sha256, cast.facial_reviewer.pk)
    assert client.get(url).status_code == 403
    assert (
        client_of(cast.second_reviewer).get(url).status_code == 404
    )  # not decided yet, asked by a colleague
    assert client_of(cast.foreign_officer).get(url).status_code == 404


def test_a_wrong_document_is_named_and_the_right_one_stays(cast: Cast, question: Question) -> None:
    client = client_of(cast.loss_prevention)
    files = SimpleUploadedFile("letter.docx", b"PK docx"), SimpleUploadedFile("receipt.pdf", PDF)
    html = send(client, question, *files)
    assert "letter.docx: Only PDF, JPEG and PNG documents can be taken." in html
    assert "Received already" in html
    assert "receipt.pdf" in html
    assert question.documents.count() == 1
    assert "Thank you." in send(client, question)  # nothing has to be chosen again


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (SVG, "document_type"),
        (b"MZ\x90\x00" + PDF, "document_type"),
        (b"", "document_empty"),
        (PDF.ljust(MAX_BYTES + 1, b" "), "document_too_large"),
    ],
    ids=["svg", "program", "empty", "large"],
)
def test_what_is_no_document_is_refused_and_said(
    cast: Cast, question: Question, content: bytes, code: str
) -> None:
    html = send(
        client_of(cast.loss_prevention), question, SimpleUploadedFile("r.pdf", content), text="Till 3"
    )
    refused = RefusedUpload.objects.get()
    assert (refused.code, refused.message in html, "Till 3" in html) == (code, True, True)
    question.refresh_from_db()
    assert question.is_open
    assert not Document.objects.exists()
    assert Entry.objects.filter(tag=Tag.DOCUMENT_REFUSED).count() == 1


def test_the_same_file_is_kept_once_and_too_many_are_refused(cast: Cast, question: Question) -> None:
    lena = cast.loss_prevention
    first, new = add_document(question, Upload(PDF, "a.pdf"), by=lena)
    assert (new, add_document(question, Upload(PDF, "b.pdf"), by=lena)) == (True, (first, False))
    for number in range(1, MAX_DOCUMENTS):
        add_document(question, Upload(PDF + b"%d" % number, "c.pdf"), by=lena)
    with pytest.raises(QuestionRefused, match="5 documents"):
        add_document(question, Upload(PDF + b"x", "d.pdf"), by=lena)
    with pytest.raises(QuestionRefused, match="somebody else"):
        add_document(question, Upload(PDF, "d.pdf"), by=cast.neighbour)
    withdraw(question, by=question.asked_by)
    with pytest.raises(QuestionRefused, match="withdrawn"):
        add_document(question, Upload(PDF + b"y", "d.pdf"), by=lena)
    kept = set(question.documents.values_list("key", flat=True))
    assert len(kept) == MAX_DOCUMENTS
    assert not [key for key in orphans(storage.originals(), set()) if key in kept]  # too young to be one


def test_nothing_is_read_before_the_answer(cast: Cast, question: Question) -> None:
    document, _ = add_document(question, Upload(PDF, "a.pdf"), by=cast.loss_prevention)
    url = reverse("police:question-document", args=[document.uid])
    assert client_of(cast.facial_reviewer).get(url).status_code == 404


def test_a_document_goes_with_the_last_still_and_its_file_too(cast: Cast, question: Question) -> None:
    document, _ = add_document(question, Upload(PDF, "a.pdf"), by=cast.loss_prevention)
    answered(question, cast.loss_prevention)
    sweep_orphans()
    purge_due()
    assert storage.read(storage.originals(), document.key) == PDF
    Still.objects.update(added_at=timezone.now() - timedelta(days=400))
    purge_due()
    assert not Document.objects.exists()
    assert not storage.originals().exists(document.key)
    certificate = ErasureCertificate.objects.get(subject_type="questions.document")
    assert (certificate.subject_id, certificate.files) == (str(document.uid), 1)


def test_a_still_is_no_document(cast: Cast) -> None:
    offender = searched_offender(cast.loss_prevention, cast.campaign)
    question = make_question(offender, cast.facial_reviewer, Kind.FULL_FOOTAGE)
    with pytest.raises(QuestionRefused, match="No document was asked for"):
        add_document(question, Upload(picture(1), "a.jpg"), by=cast.loss_prevention)
