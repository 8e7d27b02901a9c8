"""What a stage must hide, sought by every role in pages, answers, images and their headers."""

import io
import re
from typing import Any

import pytest
from django.urls import reverse
from PIL import Image

from portal.accounts.models import User
from portal.gallery.models import CustodyImage
from portal.reviews import actions
from portal.reviews.models import Review
from portal.reviews.states import Stage, Verdict
from portal.searches.models import Candidate
from tests.cast import Cast, client_of, decision_on, make_custody_image, searched_offender

CANARY = "Zzyzx-canary"
SIZE = 24


@pytest.fixture
def gallery(cast: Cast) -> list[CustodyImage]:
    return [
        make_custody_image(cast.force, n, name=f"{CANARY} {n}", reference=f"{CANARY}/{n}")
        for n in range(1, SIZE + 1)
    ]


@pytest.fixture
def review(cast: Cast, gallery: list[CustodyImage]) -> Review:
    words = f"Distracts staff at {cast.retailer.name}, mostly {cast.store.name.upper()}"
    offender = searched_offender(cast.loss_prevention, cast.campaign, method=words, marks=words)
    return actions.claim_review(decision_on(offender), Stage.FIRST, by=cast.facial_reviewer)


def addresses(review: Review) -> dict[str, str]:
    """Every address of a review that can be read, by name."""
    judgements = list(review.judgements.order_by("position"))
    named = {name: reverse(f"police:{name}", args=[review.uid]) for name in PAGES}
    faces = {f"face {one.position}": reverse("police:candidate-face", args=[one.uid]) for one in judgements}
    probes = {name: reverse(f"police:{name}", args=[review.uid, 1]) for name in ("probe-face", "probe-frame")}
    record = reverse("police:decision-record", args=[review.decision.uid])
    return {**named, **faces, **probes, "decision-record": record, "queue": reverse("police:queue")}


PAGES = ("review", "review-blind", "judgements-rest", "review-reveal", "review-adjudicate", "review-replay")


def secrets_of(review: Review) -> set[str]:
    found = {CANARY}
    rows = Candidate.objects.filter(search__in=review.searches.all()).select_related("image")
    for one in rows:
        assert one.image is not None
        found |= {str(one.uid), str(one.subject_uid), str(one.image.uid), one.image.copy_key}
        found |= {f"{one.score:.{digits}f}" for digits in (3, 4, 6)}
        found |= {one.image.original_sha256, str(one.image.captured_on)}
    return found


def everything(answer: Any) -> str:
    body = b"".join(answer).decode("latin-1")
    return f"{answer.headers}\n{body}"


def test_the_reviewer_finds_nothing_that_stage_one_hides(cast: Cast, review: Review) -> None:
    actions.lengthen_list(review, 50, why="twins", by=cast.facial_reviewer)
    client, secrets = client_of(cast.facial_reviewer), secrets_of(review)
    for name, address in addresses(review).items():
        text = everything(client.get(address, follow=True))
        assert [secret for secret in secrets if secret in text] == [], name


def test_nobody_else_finds_anything_at_all(cast: Cast, review: Review) -> None:
    own = {name: url for name, url in addresses(review).items() if name != "queue"}
    readers = (cast.facial_reviewer, cast.supervisor, cast.auditor)
    others = [one for one in vars(cast).values() if isinstance(one, User) and one not in readers]
    for person in others:
        client = client_of(person)
        for name, address in own.items():
            answer = client.get(address)
            assert answer.status_code in (403, 404), (person.role, name)
            assert CANARY not in everything(answer)


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("page", ["review-blind", "review-reveal"])
def test_whose_report_it_is_stays_unsaid_until_the_record(
    cast: Cast, review: Review, page: str, verdict: Verdict
) -> None:
    actions.save_judgement(review, 1, actions.Judged(verdict), by=cast.facial_reviewer)
    if page == "review-reveal":
        actions.rule_out_the_rest(review, by=cast.facial_reviewer)
        actions.save_blind(review, by=cast.facial_reviewer)
    client = client_of(cast.facial_reviewer)
    text = client.get(reverse(f"police:{page}", args=[review.uid])).content.decode().lower()
    names = (cast.retailer.name, cast.store.name, cast.other_retailer.name, cast.loss_prevention.name)
    assert [name for name in names if name.lower() in text] == []
    assert ("distracts staff at [retailer], mostly [retailer]" in text) == (page == "review-reveal")


def test_pictures_differ_in_nothing_but_the_picture(cast: Cast, review: Review) -> None:
    client, kept = client_of(cast.facial_reviewer), set()
    for name, address in addresses(review).items():
        if not name.startswith("face"):
            continue
        answer = client.get(address)
        headers = {key: value for key, value in answer.headers.items() if key != "Content-Length"}
        assert not headers.keys() & {"ETag", "Last-Modified", "Age", "Expires", "Server-Timing"}
        picture = Image.open(io.BytesIO(answer.content))
        kept.add((picture.size, picture.mode, *sorted(headers.items())))
        again = client.get(address, headers={"If-None-Match": '"x"', "If-Modified-Since": "now"})
        assert (again.status_code, again.content) == (200, answer.content)
    assert len(kept) == 1


def test_pictures_are_fetched_in_the_order_shown_and_named_by_nothing(cast: Cast, review: Review) -> None:
    actions.lengthen_list(review, 50, why="twins", by=cast.facial_reviewer)
    client = client_of(cast.facial_reviewer)
    page = client.get(reverse("police:review-blind", args=[review.uid])).content.decode()
    asked = re.findall(r'src="/police/candidates/([0-9a-f-]{36})/face/"', page)
    shown = [str(uid) for uid in review.judgements.order_by("position").values_list("uid", flat=True)]
    assert asked == shown
    assert 'rel="preload"' not in page
    ranks = list(review.judgements.order_by("position").values_list("candidate__rank", flat=True))
    assert sorted(ranks[:20]) == list(range(1, 21))  # an extension says no more than that it is one
    assert ranks[:20] != sorted(ranks[:20])


def test_place_and_rank_do_not_go_together(cast: Cast, gallery: list[CustodyImage]) -> None:
    """Mean rank at the first places over many lists: 10.5 expected, 0.5 its standard error."""
    first: list[int] = []
    for number in range(1, 25):
        offender = searched_offender(cast.loss_prevention, cast.campaign, person=number)
        review = actions.claim_review(decision_on(offender), Stage.FIRST, by=cast.facial_reviewer)
        first += list(review.judgements.order_by("position").values_list("candidate__rank", flat=True)[:5])
    assert abs(sum(first) / len(first) - 10.5) < 3


def test_answers_to_a_judgement_say_only_whether_it_was_kept(cast: Cast, review: Review) -> None:
    client = client_of(cast.facial_reviewer)
    said = set()
    for one in review.judgements.all():
        save = reverse("police:judgement-save", args=[review.uid, one.uid])
        answer = client.post(save, {"verdict": "not"}, headers={"Accept": "application/json"})
        said.add(answer.content)
    assert said == {b'{"problem": ""}'}
