"""The list of tasks: open ones first, overdue ones marked, and as many queries for many as for few."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.questions.states import Kind
from tests.cast import Cast, make_offender
from tests.questions.asking import answered, make_question

URL = "retailer:questions"


def test_nothing_asked_yet(lena: Client) -> None:
    assert "No officer has asked you for anything yet." in lena.get(reverse(URL)).content.decode()


def test_open_first_the_most_urgent_on_top(cast: Cast, lena: Client) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign)
    done = make_question(offender, cast.supervisor, Kind.RECEIPT, days=1)
    answered(done, cast.loss_prevention)
    later = make_question(offender, cast.supervisor, Kind.STATEMENT, days=9)
    overdue = make_question(offender, cast.supervisor, Kind.FULL_FOOTAGE, days=-2)
    make_question(make_offender(cast.neighbour, cast.campaign), cast.supervisor)
    response = lena.get(reverse(URL))
    assert list(response.context["page"]) == [overdue, later, done]
    html = response.content.decode()
    assert html.count("Overdue") == 1
    assert "<strong>2</strong> questions wait for an answer" in html


@pytest.mark.parametrize("url", [URL, "police:questions"])
def test_the_number_of_queries_does_not_depend_on_rows(cast: Cast, lena: Client, url: str) -> None:
    from tests.cast import client_of

    client = lena if url == URL else client_of(cast.supervisor)

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get(reverse(url)).status_code == 200
        return len(captured)

    make_question(make_offender(cast.loss_prevention, cast.campaign), cast.supervisor)
    queries()  # what is cached once
    few = queries()
    for kind in Kind:
        question = make_question(make_offender(cast.loss_prevention, cast.campaign), cast.supervisor, kind)
        if kind == Kind.RECEIPT:
            answered(question, cast.loss_prevention)
    assert queries() == few
