"""The number of queries of a page does not depend on how much it shows."""

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.reviews import actions
from portal.reviews.models import Review
from portal.reviews.states import Outcome, Stage
from tests.cast import (
    Cast,
    client_of,
    decision_on,
    make_custody_image,
    make_offender,
    make_still,
    review_as,
    search_still,
    searched_offender,
)


def queries(client: Client, url: str) -> int:
    client.get(url)  # sessions and caches are warm
    with CaptureQueriesContext(connection) as caught:
        answer = client.get(url)
    assert answer.status_code == 200, answer
    return len(caught)


def grow_queue(cast: Cast, start: int) -> None:
    """Three more offenders: one waiting, one in review, one without a face."""
    searched_offender(cast.loss_prevention, cast.campaign, person=start)
    decision = decision_on(searched_offender(cast.neighbour, cast.campaign, person=start))
    actions.claim_review(decision, Stage.FIRST, by=cast.facial_reviewer)
    faceless = make_offender(cast.loss_prevention, cast.campaign)
    search_still(make_still(faceless), found=[])
    decision_on(faceless)


def grow_gallery(cast: Cast, start: int) -> None:
    for number in range(start, start + 3):
        make_custody_image(cast.force, number)


def test_queue_triage_and_progress(cast: Cast) -> None:
    grow_gallery(cast, 1)
    reviewer, supervisor = client_of(cast.facial_reviewer), client_of(cast.supervisor)
    pages = [(reviewer, name) for name in ("queue", "triage", "campaigns", "my-accuracy")]
    pages.append((supervisor, "dashboard"))
    grow_queue(cast, 1)
    few = [queries(client, reverse(f"police:{name}")) for client, name in pages]
    for number in range(2, 5):
        grow_queue(cast, number)
    assert [queries(client, reverse(f"police:{name}")) for client, name in pages] == few


def reviews_of(cast: Cast, person: int) -> dict[str, str]:
    """Pages of a review and of a record made on the gallery as it now is; by name."""
    decision = decision_on(searched_offender(cast.loss_prevention, cast.campaign, person=person))
    blind = actions.claim_review(decision, Stage.FIRST, by=cast.facial_reviewer)
    decided = decision_on(searched_offender(cast.loss_prevention, cast.campaign, person=person))
    review_as(decided, Stage.FIRST, cast.facial_reviewer, Outcome.IDENTIFIED)
    review_as(decided, Stage.SECOND, cast.second_reviewer, Outcome.NO_MATCH)
    return {
        "blind": reverse("police:review-blind", args=[blind.uid]),
        "record": reverse("police:decision-record", args=[decided.uid]),
        "replay": reverse("police:review-replay", args=[decided.reviews.order_by("pk")[0].uid]),
        "decision": str(decided.uid),
    }


def test_pages_of_a_review(cast: Cast) -> None:
    counts = []
    for step in range(2):
        grow_gallery(cast, 1 + 3 * step)
        urls = reviews_of(cast, person=1)
        reviewer, supervisor = client_of(cast.facial_reviewer), client_of(cast.supervisor)
        review = Review.objects.get(uid=urls["blind"].split("/")[3])
        counted = {"blind": queries(reviewer, urls["blind"])}
        counted |= {name: queries(supervisor, urls[name]) for name in ("record", "replay")}
        actions.rule_out_the_rest(review, by=cast.facial_reviewer)
        actions.save_blind(review, by=cast.facial_reviewer)
        reveal = reverse("police:review-reveal", args=[review.uid])
        counted["reveal"] = queries(reviewer, reveal)
        answer = supervisor.post(reverse("police:take-next"), follow=True)
        assert answer.resolver_match.view_name == "police:review-adjudicate"
        counted["adjudicate"] = queries(supervisor, answer.request["PATH_INFO"])
        counts.append(counted)
    assert counts[0] == counts[1]


def test_gallery_pages(cast: Cast) -> None:
    client = client_of(cast.gallery_manager)
    urls = [reverse("police:gallery"), reverse("police:gallery-images")]
    grow_gallery(cast, 1)
    few = [queries(client, url) for url in urls]
    grow_gallery(cast, 4)
    assert [queries(client, url) for url in urls] == few
