"""Analytics: figures of real decisions, narrowed, small groups kept back, a recorded download."""

import csv
from datetime import timedelta
from io import StringIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.assurance.models import Check, CheckResult
from portal.assurance.states import CheckState, Grade, Origin
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.oversight.analytics import asked_by, figures
from portal.reviews import actions
from portal.reviews.models import Decision
from portal.reviews.states import Outcome, Stage, Verdict
from tests.assurance.checks import queued_check
from tests.cast import Cast, client_of, decide, decision_on, make_custody_image, review_as, searched_offender

PAGE = "oversight:analytics"


@pytest.fixture
def decided(cast: Cast) -> list[Decision]:
    """Two agreed, one adjudicated after a disagreement; one judgement changed after the reveal."""
    for number in range(1, 7):
        make_custody_image(cast.force, number, sex="Male" if number < 6 else "Female")
    one, two, three = (
        searched_offender(cast.loss_prevention, cast.campaign, person=number) for number in (1, 2, 3)
    )
    disputed = decision_on(three)
    review_as(disputed, Stage.FIRST, cast.facial_reviewer, Outcome.IDENTIFIED)
    review_as(disputed, Stage.SECOND, cast.second_reviewer, Outcome.NO_MATCH)
    review_as(disputed, Stage.ADJUDICATION, cast.supervisor, Outcome.INCONCLUSIVE)
    return [
        decide(one, Outcome.IDENTIFIED, cast),
        decide(two, Outcome.NO_MATCH, cast),
        disputed,
    ]


def rows_of(cast: Cast, code: str, **given: object) -> list[tuple[object, ...]]:
    """The rows of one figure."""
    found = {one.code: one for one in figures(asked_by(cast.supervisor, given))}
    return [tuple(row) for row in found[code].rows]


def test_the_figures(cast: Cast, decided: list[Decision]) -> None:
    outcomes = {row[0]: row[1] for row in rows_of(cast, "outcomes")}
    assert (outcomes[Outcome.IDENTIFIED.label], outcomes[Outcome.NO_MATCH.label]) == (1, 1)
    candidates, outcomes_agreed = rows_of(cast, "agreement")
    assert candidates[1:3] == (18, "94 %")
    assert outcomes_agreed[1:3] == (3, "67 %")
    assert [row[1] for row in rows_of(cast, "time")] == [3, 3, 1]
    assert rows_of(cast, "changes")[0][1] == "0 % (0 of 36)"
    assert sum(int(str(row[1])) for row in rows_of(cast, "rank")) == 3
    assert rows_of(cast, "rank")[0] == ("1", 3)
    assert sum(int(str(row[1])) for row in rows_of(cast, "position")) == 3


def test_small_groups_are_kept_back(cast: Cast, decided: list[Decision]) -> None:
    sexes = {row[0]: row[1:] for row in rows_of(cast, "sex")}
    assert sexes["Female"] == ("fewer than 10", "–", "–", "–")
    assert sexes["Male"][0] == 30
    quality = {row[0]: row[1] for row in rows_of(cast, "quality")}
    assert set(quality.values()) == {"fewer than 10", 0}


def test_narrowed_by_date_campaign_and_reviewer(cast: Cast, decided: list[Decision]) -> None:
    assert rows_of(cast, "time", reviewer=cast.second_reviewer)[0][1] == 0
    assert rows_of(cast, "time", reviewer=cast.second_reviewer)[1][1] == 3
    assert rows_of(cast, "agreement", reviewer=cast.another_reviewer)[1][1] == 0
    yesterday = timezone.localdate() - timedelta(days=1)
    assert {row[1] for row in rows_of(cast, "outcomes", end=yesterday)} == {0}
    client = client_of(cast.auditor)
    assert client.get(reverse(PAGE), {"begin": "2026-02-02", "end": "2026-01-01"}).status_code == 422
    assert client.get(reverse(PAGE), {"campaign": "x", "reviewer": "999999"}).status_code == 422


def test_a_change_after_the_reveal_counts(cast: Cast) -> None:
    make_custody_image(cast.force, 1)
    decision = decision_on(searched_offender(cast.loss_prevention, cast.campaign))
    review = actions.claim_review(decision, Stage.FIRST, by=cast.facial_reviewer)
    actions.rule_out_the_rest(review, by=cast.facial_reviewer)
    actions.save_blind(review, by=cast.facial_reviewer)
    one = review.judgements.get()
    actions.change_judgement(review, one.uid, Verdict.CANNOT_TELL, "marks", by=cast.facial_reviewer)
    end = actions.Conclusion(Outcome.INCONCLUSIVE, "because", caveat_acknowledged=True)
    actions.complete_review(review, end, by=cast.facial_reviewer)
    assert [row[1] for row in rows_of(cast, "changes")] == ["100 % (1 of 1)", "100 % (1 of 1)"]


def test_the_download_says_the_same_runs_nothing_and_is_recorded(cast: Cast, decided: list[Decision]) -> None:
    type(cast.second_reviewer).objects.filter(pk=cast.second_reviewer.pk).update(name="=1+1")
    check = queued_check(cast.campaign, person=30)
    decide(check.offender, Outcome.NO_MATCH, cast)
    actions_graded = client_of(cast.supervisor).post(reverse("oversight:analytics-export"))
    assert actions_graded["Content-Type"].startswith("text/csv")
    rows = list(csv.reader(StringIO(actions_graded.content.decode().lstrip("\N{ZERO WIDTH NO-BREAK SPACE}"))))
    assert rows[0] == ["Figure", "Row", "Column", "Value"]
    assert ["Outcomes", Outcome.IDENTIFIED.label, "Offenders", "1"] in rows
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "@"))]
    entry = Entry.objects.get(tag=Tag.EXPORTED)
    assert entry.actor_id == cast.supervisor.pk


def graded(cast: Cast, wrong: int, right: int) -> None:
    """Results of as many checks, oldest first."""
    for _ in range(wrong + right):
        decision = Decision.objects.order_by("?")[0]
        review = decision.reviews.filter(reviewer=cast.facial_reviewer)[0]
        copy = type(review).objects.get(pk=review.pk)
        copy.pk, copy.round = None, 1 + type(review).objects.count()
        copy.uid = check_uid = Check().uid
        copy.save()
        check = Check.objects.create(
            uid=check_uid, force=cast.force, origin=Origin.SYNTHETIC, state=CheckState.WITHDRAWN
        )
        grade = Grade.WRONG_PERSON if CheckResult.objects.count() % (wrong + right) < wrong else Grade.CLEARED
        CheckResult.objects.create(
            check_taken=check,
            review=copy,
            reviewer=cast.facial_reviewer,
            stage=Stage.FIRST,
            listed=False,
            grade=grade,
            reviewed_at=timezone.now(),
        )


def test_drift_warns_on_both_pages(cast: Cast, decided: list[Decision]) -> None:
    graded(cast, wrong=0, right=40)
    client = client_of(cast.supervisor)
    assert "more often of late" not in client.get(reverse(PAGE)).content.decode()
    graded(cast, wrong=30, right=0)
    for page in (PAGE, "oversight:operations"):
        text = client.get(reverse(page)).content.decode()
        assert "The room: named the wrong person more often of late" in " ".join(text.split())
    administrator = client_of(cast.administrator).get(reverse("oversight:operations")).content.decode()
    assert "more often of late" not in administrator


def test_queries_do_not_grow(cast: Cast, decided: list[Decision]) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client_of(cast.supervisor).get(reverse(PAGE))
        return len(captured)

    few = queries()
    for number in (4, 5, 6):
        decide(searched_offender(cast.neighbour, cast.campaign, person=number), Outcome.NO_MATCH, cast)
    assert queries() == few
