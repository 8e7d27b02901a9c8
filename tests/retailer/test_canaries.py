"""Nothing from custody, no score, nothing of another retailer is on any page of a retailer."""

import re

from django.test import Client
from django.urls import resolve, reverse

from portal.questions.states import Kind
from portal.retailer.urls import urlpatterns
from portal.reviews.states import Outcome
from portal.searches.models import Candidate
from portal.submissions.bulk.actions import take_table
from tests.cast import (
    Cast,
    client_of,
    decide,
    make_custody_image,
    make_offender,
    make_still,
    searched_offender,
)
from tests.questions.asking import answered, make_question

CANARY = "CANARY"
# Only ever posted to or asked for by a script, or shown in states that the stage has none of.
NO_LINK = {
    "offender-save", "upload", "upload-begin", "board-dismiss", "board-place-all", "offender-place",
    "still-send-anyway", "still-split", "guesses", "refused-dismiss", "uploads-found",
}  # fmt: skip


def crawl(client: Client, start: str) -> dict[str, str]:
    """Every page that can be reached by links, forms' pages and pictures, as text with its headers."""
    found: dict[str, str] = {}
    waiting = [start]
    while waiting:
        url = waiting.pop()
        if url in found or not url.startswith("/retailer/"):
            continue
        response = client.get(url)
        assert response.status_code in (200, 302, 405), (url, response.status_code)  # 405: only posted to
        text = b"".join(response).decode(errors="replace")  # streamed or not
        found[url] = text + str(dict(response.headers))
        if response["Content-Type"].startswith("text/html"):
            links = re.findall(r'(?:href|src|action|hx-get)="([^"#]+)', text)
            waiting += [link.replace("&amp;", "&") for link in links]
    return found


def stage(cast: Cast) -> list[str]:
    """Custody, reviews and the neighbour full of canaries; what else must not appear."""
    for number in range(1, 4):
        make_custody_image(
            cast.force,
            number,
            name=f"{CANARY}-NAME{number}",
            reference=f"{CANARY}-REF{number}",
            pnc_id=f"{CANARY}-PNC{number}",
            cro_number=f"{CANARY}-CRO{number}",
            ethnicity=f"{CANARY}-ETH",
        )
    their = make_offender(
        cast.neighbour,
        cast.campaign,
        goods=f"{CANARY}-GOODS",
        method=f"{CANARY}-METHOD",
        incident_reference=f"{CANARY}-INCIDENT",
        reporter_name=f"{CANARY}-REPORTER",
    )
    make_still(their, name=f"{CANARY}-still.jpg")
    make_question(their, cast.facial_reviewer, text=f"{CANARY}-QUESTION")
    ours = [searched_offender(cast.loss_prevention, cast.campaign, person=n) for n in (1, 2, 3)]
    for offender, outcome in zip(
        ours, (Outcome.IDENTIFIED, Outcome.NO_MATCH, Outcome.UNSUITABLE), strict=True
    ):
        decide(offender, outcome, cast)
    make_question(ours[0], cast.facial_reviewer, Kind.STATEMENT)
    answered(make_question(ours[1], cast.second_reviewer, Kind.RECEIPT), cast.loss_prevention)
    searched_offender(cast.loss_prevention, cast.campaign, person=2)  # with an officer soon
    make_still(make_offender(cast.loss_prevention, cast.campaign, declared=False))
    mine = make_offender(cast.loss_prevention, cast.campaign, declared=False)
    take_table(
        mine.submission, b"Store,Start of the incident,Offence\nx,y,z", "t.csv", None, by=mine.created_by
    )
    candidates = Candidate.objects.all()
    assert candidates
    secrets = [str(one.uid) for one in candidates] + [str(one.subject_uid) for one in candidates]
    secrets += [repr(one.score) for one in candidates if abs(one.score) < 0.99]
    secrets += [f"{one.score:.4f}" for one in candidates if abs(one.score) < 0.99]
    officers = (cast.facial_reviewer, cast.second_reviewer, cast.neighbour)
    return [
        *secrets,
        *(user.name for user in officers),
        cast.other_retailer.name,
        "Compared feature by feature",
    ]


def test_no_canary_sings(cast: Cast) -> None:
    secrets = stage(cast)
    pages = crawl(client_of(cast.loss_prevention), reverse("retailer:dashboard"))
    seen = {resolve(url.partition("?")[0]).url_name for url in pages}
    assert {one.name for one in urlpatterns} - seen <= NO_LINK
    for url, text in pages.items():
        assert CANARY not in text, url
        for secret in secrets:
            assert secret not in text, (url, secret)
