"""A check and a real decision, step by step as officers see them: nothing tells one from the other."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from io import BytesIO
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image

from portal.accounts.models import User
from portal.reviews.models import Decision, Review
from portal.reviews.states import Outcome, Stage
from portal.submissions.models import Campaign, Offender
from tests.assurance.checks import queued_check
from tests.cast import Cast, client_of, decision_on, make_gallery, review_as, searched_offender

UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9A-F]{4}-[0-9A-F]{4}")
SECRET = re.compile(r"[A-Za-z0-9_-]{32,}={0,2}")


class Shape(HTMLParser):
    """Tags and attributes in their order; ids and times made alike."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[Any, ...]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One tag."""
        self.found.append((tag, *((name, alike(value or "")) for name, value in attrs)))


def alike(text: str) -> str:
    """Without what differs between any two decisions."""
    text = SECRET.sub("S", UID.sub("U", text))
    return re.sub(r"\d+", "0", text)


def shape(response: Any) -> Any:
    """What can be told of a response besides names and numbers."""
    headers = {name: alike(value) for name, value in response.headers.items() if name != "Content-Length"}
    kind = headers.get("Content-Type", "")
    if kind.startswith("image/"):
        with Image.open(BytesIO(response.content)) as image:
            return response.status_code, headers, image.size, sorted(image.info)
    if kind.startswith("application/json"):
        return response.status_code, headers, response.content
    parsed = Shape()
    parsed.feed(response.content.decode())
    return response.status_code, headers, parsed.found


@dataclass
class Seen:
    """One step: what was seen, and how many questions it cost the database."""

    step: str
    shape: Any
    queries: int


def through(user: User, decision: Decision, outcome: Outcome) -> Iterator[Seen]:
    """A whole review by the pages."""
    client = client_of(user)

    def step(name: str, method: str, url: str, data: dict[str, Any] | None = None, **extra: Any) -> Seen:
        with CaptureQueriesContext(connection) as captured:
            response = getattr(client, method)(url, data or {}, **extra)
        return Seen(name, shape(response), len(captured))

    yield step("take", "post", reverse("police:decision-take", args=[decision.uid]))
    review = Review.objects.get(decision=decision, reviewer=user)
    pages = {
        name: reverse(f"police:{name}", args=[review.uid]) for name in ("review-blind", "judgements-rest")
    }
    for name, url in pages.items():
        yield step(name, "get", url)
    yield step("probe", "get", reverse("police:probe-face", args=[review.uid, 1]))
    yield step("frame", "get", reverse("police:probe-frame", args=[review.uid, 1]))
    best = review.judgements.order_by("candidate__rank").first()
    for one in review.judgements.all():
        yield step("candidate", "get", reverse("police:candidate-face", args=[one.uid]))
        verdict = "possible" if outcome == Outcome.IDENTIFIED and one == best else "not"
        url = reverse("police:judgement-save", args=[review.uid, one.uid])
        yield step("judge", "post", url, {"verdict": verdict}, headers={"Accept": "application/json"})
    yield step("save", "post", reverse("police:blind-save", args=[review.uid]))
    reveal = reverse("police:review-reveal", args=[review.uid])
    yield step("reveal", "get", reveal)
    candidate = best.candidate if best else None
    said = {"outcome": outcome, "rationale": "Compared.", "caveat_acknowledged": "on"}
    if outcome == Outcome.IDENTIFIED and candidate:
        said["candidate"] = str(candidate.uid)
    yield step("conclude", "post", reveal, said)


def pair(cast: Cast) -> tuple[Decision, Decision]:
    """A real decision and a check with reports of one kind and lists of one length."""
    make_gallery(cast.force, 5)
    Campaign.objects.filter(pk=cast.campaign.pk).update(list_length=3)
    cast.campaign.refresh_from_db()
    report = {"goods": "spirits", "value": 50, "method": "Hides bottles", "clothing": "coat", "build": "slim"}
    real = decision_on(searched_offender(cast.loss_prevention, cast.campaign, person=2, **report))
    return real, queued_check(cast.campaign, person=2)


@pytest.mark.parametrize("outcome", [Outcome.IDENTIFIED, Outcome.NO_MATCH])
def test_each_step_of_both_reviewers_looks_the_same(cast: Cast, outcome: Outcome) -> None:
    real, check = pair(cast)
    for user in (cast.facial_reviewer, cast.second_reviewer):
        seen = [list(through(user, decision, outcome)) for decision in (real, check)]
        assert len(seen[0]) == len(seen[1])
        for one, other in zip(*seen, strict=True):
            assert one == other
    states = set(Decision.objects.values_list("state", "outcome"))
    assert states == {("decided", outcome.value)}


def test_their_rows_in_the_queue_look_the_same(cast: Cast) -> None:
    real, check = pair(cast)
    text = client_of(cast.facial_reviewer).get(reverse("police:queue")).content.decode()
    listed = [row.partition("</tr>")[0] for row in text.split("<tr>")]
    rows = {one.pk: row for row in listed for one in (real, check) if str(one.uid) in row}
    shapes = []
    for decision in (real, check):
        parsed = Shape()
        parsed.feed(rows[decision.pk])
        shapes.append(parsed.found)
    assert shapes[0] == shapes[1]
    assert check.offender.submission.retailer.name not in text


def test_an_adjudicator_sees_no_difference(cast: Cast) -> None:
    shapes = []
    for decision in pair(cast):
        review_as(decision, Stage.FIRST, cast.facial_reviewer, Outcome.IDENTIFIED)
        review_as(decision, Stage.SECOND, cast.second_reviewer, Outcome.NO_MATCH)
        client = client_of(cast.supervisor)
        answer = client.post(reverse("police:decision-take", args=[decision.uid]), follow=True)
        shapes.append(shape(answer))
    assert shapes[0] == shapes[1]


def test_the_report_says_as_much_as_a_real_one(cast: Cast) -> None:
    real, check = pair(cast)
    names = [field.name for field in Offender._meta.concrete_fields if field.name != "store"]
    filled = [{name for name in names if getattr(one.offender, name)} for one in (real, check)]
    assert filled[0] == filled[1]
