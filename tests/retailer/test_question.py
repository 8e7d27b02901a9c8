"""An officer's question: read, answered in place, or answered with why it is not there."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from portal.questions.actions import withdraw
from portal.questions.models import Question
from portal.questions.states import Kind
from portal.submissions.actions import move_campaign
from portal.submissions.states import CampaignState
from portal.work import WorkState
from tests.cast import Cast, client_of, make_offender, make_still, picture, searched_offender
from tests.questions.asking import answered, make_question


@pytest.fixture
def question(cast: Cast) -> Question:
    return make_question(searched_offender(cast.loss_prevention, cast.campaign), cast.facial_reviewer)


def url_of(question: Question) -> str:
    return reverse("retailer:question", args=[question.uid])


def post(client: Client, question: Question, **data: object) -> str:
    return client.post(url_of(question), data, follow=True).content.decode()


def test_it_stands_on_the_offender_and_in_the_navigation(lena: Client, question: Question) -> None:
    html = lena.get(reverse("retailer:offender", args=[question.offender.uid])).content.decode()
    assert "Waiting for you: a better still" in html
    assert url_of(question) in html
    assert html.count('<span class="count">1<') == 1
    withdraw(question, by=question.asked_by)
    html = lena.get(reverse("retailer:offender", args=[question.offender.uid])).content.decode()
    assert "Waiting for you" not in html
    assert 'class="count"' not in html


def test_a_poll_tells_a_new_question(cast: Cast, lena: Client) -> None:
    offender = searched_offender(cast.loss_prevention, cast.campaign)
    url = reverse("retailer:offender", args=[offender.uid])
    poll = {"X-Poll": "1", "HX-Request": "true"}
    seen = lena.get(url).context["seen"]
    assert lena.get(f"{url}?seen={seen}", headers=poll).status_code == 204
    make_question(offender, cast.supervisor, Kind.RECEIPT)
    assert "Waiting for you: a receipt" in lena.get(f"{url}?seen={seen}", headers=poll).content.decode()


def test_who_asked_is_an_officer(lena: Client, question: Question) -> None:
    html = lena.get(url_of(question)).content.decode()
    assert "An officer asks for a better still" in html
    assert question.text in html
    assert question.asked_by.name not in html


def test_a_better_still_is_searched_even_after_closing(cast: Cast, lena: Client, question: Question) -> None:
    move_campaign(cast.campaign, CampaignState.CLOSED, by=cast.supervisor)
    file = SimpleUploadedFile("till.jpg", picture(4711))
    html = post(lena, question, provided="yes", stills=[file], captured_at="2026-11-01T10:15", text="Till 3")
    assert "The new still is searched" in html
    question.refresh_from_db()
    still = question.stills.get()
    assert (still.work_state, still.captured_at) == (
        WorkState.QUEUED,
        datetime(2026, 11, 1, 10, 15, tzinfo=UTC),
    )
    assert (question.state, question.answer) == ("answered", "Till 3")
    assert "Till 3" in lena.get(url_of(question)).content.decode()


def test_a_file_that_is_no_picture_leaves_the_question_open(lena: Client, question: Question) -> None:
    html = post(
        lena, question, provided="yes", stills=[SimpleUploadedFile("x.jpg", b"GIF89a")], text="Till 3"
    )
    assert "x.jpg was not taken." in html
    assert "Choose at least one still." in html
    assert "Till 3" in html
    question.refresh_from_db()
    assert question.is_open


def test_the_still_they_have_already_is_no_answer(lena: Client, question: Question) -> None:
    old = picture(999)
    make_still(question.offender, old)
    Question.objects.filter(pk=question.pk).update(asked_at=datetime.now(UTC))
    html = post(lena, question, provided="yes", stills=[SimpleUploadedFile("x.jpg", old)])
    assert "the same file is kept once" in html
    question.refresh_from_db()
    assert question.is_open


def test_a_still_says_by_itself_that_it_is_there(lena: Client, question: Question) -> None:
    still = SimpleUploadedFile("till.jpg", picture(31))
    assert "Say whether you have it" not in post(lena, question, stills=[still])
    question.refresh_from_db()
    assert (question.state, question.provided) == ("answered", True)


def test_not_having_it_takes_a_reason(lena: Client, question: Question) -> None:
    assert "Say why you do not have it." in post(lena, question, provided="no", text=" ")
    html = post(lena, question, provided="no", text="Overwritten last week")
    assert "Thank you." in html
    assert "Waiting for you" not in html


@pytest.mark.parametrize("kind", [Kind.FULL_FOOTAGE, Kind.RECEIPT])
def test_where_it_can_be_collected(cast: Cast, lena: Client, kind: Kind) -> None:
    question = make_question(make_offender(cast.loss_prevention, cast.campaign), cast.supervisor, kind)
    assert "Say where it can be collected" in post(lena, question, provided="yes")
    post(lena, question, provided="yes", collect_from="Store office, duty manager")
    question.refresh_from_db()
    assert question.collect_from == "Store office, duty manager"


def test_a_settled_question_takes_no_answer(lena: Client, question: Question) -> None:
    withdraw(question, by=question.asked_by)
    file = SimpleUploadedFile("till.jpg", picture(4711))
    html = post(lena, question, provided="yes", stills=[file])
    assert "answered or withdrawn meanwhile" in html or "withdrew this question" in html
    assert question.offender.stills.count() == 1


def test_anothers_question_is_an_absent_one(cast: Cast, question: Question) -> None:
    for user in (cast.neighbour, cast.stranger):
        client = client_of(user)
        for method in ("get", "post"):
            theirs = getattr(client, method)(url_of(question))
            absent = getattr(client, method)(reverse("retailer:question", args=[uuid4()]))
            assert (theirs.status_code, theirs.content.replace(str(question.uid).encode(), b"")) == (
                404,
                absent.content.replace(absent.request["PATH_INFO"].split("/")[-2].encode(), b""),
            )


def test_colleagues_and_the_manager_answer(cast: Cast, question: Question) -> None:
    for user in (cast.team_mate, cast.retailer_manager):
        assert client_of(user).get(url_of(question)).status_code == 200
    answered(question, cast.team_mate, provided=False, text="Gone")
    assert cast.team_mate.name in client_of(cast.loss_prevention).get(url_of(question)).content.decode()
