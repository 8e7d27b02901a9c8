"""Stage 1 is blind: nothing of score, rank, name, record or of a colleague, wherever one looks."""

import io
import re
from collections.abc import Iterable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image

from portal.accounts.models import User
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.gallery.models import CustodyImage
from portal.police.crops import CROP_HEIGHT, CROP_WIDTH
from portal.reviews import actions
from portal.reviews.actions import Conclusion, Judged
from portal.reviews.models import Decision, Review
from portal.reviews.states import Outcome, ReviewState, Stage, Verdict
from portal.searches.models import Candidate
from tests.cast import (
    Cast,
    client_of,
    decision_on,
    make_custody_image,
    review_as,
    searched_offender,
)

SIZE = 6
CANARY = "Zzyzx-canary"


@pytest.fixture
def gallery(cast: Cast) -> list[CustodyImage]:
    """Custody records that are recognised wherever they leak."""
    personal: dict[str, Any] = {
        "born_on": None,
        "pnc_id": f"{CANARY}-pnc",
        "cro_number": f"{CANARY}-cro",
        "sex": "Other",
    }
    return [
        make_custody_image(
            cast.force, number, **personal, name=f"{CANARY} Name {number}", reference=f"{CANARY}/{number}"
        )
        for number in range(1, SIZE + 1)
    ]


def taken(cast: Cast, by: User, person: int = 1) -> Review:
    decision = decision_on(searched_offender(cast.loss_prevention, cast.campaign, person=person))
    return actions.claim_review(decision, Stage.FIRST, by=by)


def blind_answers(client: Client, review: Review) -> list[Any]:
    """Everything a reviewer gets to see or to download at stage 1."""
    one = review.judgements.first()
    assert one is not None
    save = reverse("police:judgement-save", args=[review.uid, one.uid])
    page = client.get(reverse("police:review-blind", args=[review.uid]))
    images = re.findall(
        r'(?:src|href)="(/police/(?:reviews|candidates)/[^"]+/(?:face|frame)/)"', page.content.decode()
    )
    assert len([url for url in images if "/candidates/" in url]) == review.judgements.count()
    return [
        page,
        client.get(reverse("police:queue")),
        client.get(reverse("police:queue"), headers={"X-Poll": "1"}),
        client.get(reverse("police:judgements-rest", args=[review.uid])),
        client.post(save, {"verdict": "not"}, headers={"Accept": "application/json"}),
        client.post(save, {"verdict": "nonsense"}, headers={"Accept": "application/json"}),
        *[client.get(url) for url in images],
    ]


def everything(answers: Iterable[Any]) -> str:
    """Bodies and headers as one text."""
    return "\n".join(
        f"{one.headers}\n{b''.join(one).decode('latin-1')}" for one in answers
    )  # images too: metadata would show as text


def secrets_of(review: Review) -> list[str]:
    """What must not appear: records, ids and scores of the candidates."""
    found = [CANARY]
    for one in Candidate.objects.filter(search__in=review.searches.all()).select_related("image", "subject"):
        assert one.image is not None
        found += [str(one.uid), str(one.subject_uid), str(one.image.uid), one.image.copy_key]
        found += [f"{one.score:.3f}", one.image.original_sha256]
    return found


def test_stage_one_shows_nothing_of_the_candidates(cast: Cast, gallery: list[CustodyImage]) -> None:
    review = taken(cast, cast.facial_reviewer)
    answers = blind_answers(client_of(cast.facial_reviewer), review)
    text = everything(answers)
    assert [secret for secret in secrets_of(review) if secret in text] == []
    words = re.sub(r"<[^>]*>", " ", answers[0].content.decode()).lower()
    assert re.findall(r"\b(score|rank|similarity|custody|name|aged?)\b", words) == []


def test_all_faces_have_one_size_and_no_telling_headers(cast: Cast, gallery: list[CustodyImage]) -> None:
    review, client = taken(cast, cast.facial_reviewer), client_of(cast.facial_reviewer)
    headers = set()
    for one in review.judgements.all():
        answer = client.get(reverse("police:candidate-face", args=[one.uid]))
        picture = Image.open(io.BytesIO(answer.content))
        assert picture.size == (CROP_WIDTH, CROP_HEIGHT)
        assert picture.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        kept = {name: value for name, value in answer.headers.items() if name != "Content-Length"}
        headers.add(tuple(sorted(kept.items())))
    assert len(headers) == 1
    (only,) = (dict(one) for one in headers)
    assert not only.keys() & {"ETag", "Last-Modified"}
    assert only["Content-Disposition"] == "inline"
    assert only["Cache-Control"] == "private, no-store"
    assert only["Content-Security-Policy"].startswith("sandbox")
    assert only["X-Content-Type-Options"] == "nosniff"


def test_every_face_shown_is_in_the_log(cast: Cast, gallery: list[CustodyImage]) -> None:
    review, client = taken(cast, cast.facial_reviewer), client_of(cast.facial_reviewer)
    one: Any = review.judgements.select_related("candidate__image").get(position=1)
    client.get(reverse("police:candidate-face", args=[one.uid]))
    entry = Entry.objects.filter(tag=Tag.CUSTODY_IMAGE_VIEWED).latest("number")
    assert (entry.actor_id, entry.subject_id) == (cast.facial_reviewer.pk, str(one.uid))
    assert entry.details == {"image": str(one.candidate.image.uid)}


def test_the_order_is_each_reviewers_own(cast: Cast, gallery: list[CustodyImage]) -> None:
    """Eight lists of six in rank order by chance: once in 10^22."""
    orders = []
    for number in range(8):
        review = taken(cast, cast.facial_reviewer, person=1 + number % SIZE)
        orders.append(list(review.judgements.order_by("position").values_list("candidate__rank", flat=True)))
    assert any(order != sorted(order) for order in orders)
    assert len({tuple(order) for order in orders}) > 1


def test_there_is_no_way_round_the_blind_stage(cast: Cast, gallery: list[CustodyImage]) -> None:
    review, client = taken(cast, cast.facial_reviewer), client_of(cast.facial_reviewer)
    blind = reverse("police:review-blind", args=[review.uid])
    for name in ("review-reveal", "review"):
        answer = client.get(reverse(f"police:{name}", args=[review.uid]), follow=True)
        assert answer.redirect_chain[-1][0] == blind
        assert CANARY not in answer.content.decode()
    assert client.get(reverse("police:review-adjudicate", args=[review.uid])).status_code == 403
    assert client.get(reverse("police:decision-record", args=[review.decision.uid])).status_code == 404
    early = {"outcome": "no_match", "rationale": "x", "caveat_acknowledged": "on"}
    client.post(reverse("police:review-reveal", args=[review.uid]), early)
    client.post(reverse("police:blind-save", args=[review.uid]))
    review.refresh_from_db()
    assert review.state == ReviewState.BLIND


# --- the second reviewer ----------------------------------------------------------------------------
NOISE = (
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UID"),
    (r"\b[0-9A-F]{4}-[0-9A-F]{4}\b", "SHORT"),
    (r'(csrfmiddlewaretoken" value|nonce)="[^"]*"', "TOKEN"),
    (r"<time.*?</time>|Yours until \d\d:\d\d", "TIME"),
)


def face_of(page: Any) -> str:
    """A page without what differs between any two reviews."""
    text = page.content.decode()
    for pattern, word in NOISE:
        text = re.sub(pattern, word, text)
    return text


def judged_first(decision: Decision, by: User, outcome: Outcome) -> Review:
    """A first review that leaves as many traces as one can."""
    review = actions.claim_review(decision, Stage.FIRST, by=by)
    best = review.judgements.order_by("candidate__rank").select_related("candidate").first()
    positive = outcome == Outcome.IDENTIFIED
    for one in review.judgements.all():
        verdict = Verdict.POSSIBLE if positive and one == best else Verdict.NOT_THIS_PERSON
        judged = Judged(verdict, {"nose": "similar"}, 5, 77.7)
        actions.save_judgement(review, one.position, judged, by=by)
    actions.save_blind(review, by=by)
    uid = best.candidate.uid if positive and best and best.candidate else None
    actions.complete_review(review, Conclusion(outcome, f"{CANARY} rationale", True, uid), by=by)
    return review


def test_the_second_look_is_like_the_first_whatever_the_first_was(
    cast: Cast, gallery: list[CustodyImage]
) -> None:
    client, pages = client_of(cast.second_reviewer), []
    for outcome in (None, Outcome.IDENTIFIED, Outcome.NO_MATCH):
        decision = decision_on(searched_offender(cast.loss_prevention, cast.campaign))
        if outcome is not None:
            judged_first(decision, cast.facial_reviewer, outcome)
            decision.refresh_from_db()
        stage = Stage.SECOND if outcome else Stage.FIRST
        review = actions.claim_review(decision, stage, by=cast.second_reviewer)
        pages.append(face_of(client.get(reverse("police:review-blind", args=[review.uid]))))
        text = everything(blind_answers(client, review))
        for trace in (CANARY, cast.facial_reviewer.name, "77.7", "possible match was", "First review"):
            assert trace not in text
    assert pages[0] == pages[1] == pages[2]


def test_the_second_reviewer_cannot_open_the_firsts_review(cast: Cast, gallery: list[CustodyImage]) -> None:
    decision = decision_on(searched_offender(cast.loss_prevention, cast.campaign))
    first = judged_first(decision, cast.facial_reviewer, Outcome.IDENTIFIED)
    client = client_of(cast.second_reviewer)
    for name in ("review", "review-blind", "review-reveal", "judgements-rest"):
        assert client.get(reverse(f"police:{name}", args=[first.uid])).status_code == 404
    face = reverse("police:candidate-face", args=[first.judgements.get(position=1).uid])
    assert client.get(face).status_code == 404
    assert client.get(reverse("police:decision-record", args=[decision.uid])).status_code == 404


def test_the_first_reviewer_sees_the_record_only_once_decided(
    cast: Cast, gallery: list[CustodyImage]
) -> None:
    decision = decision_on(searched_offender(cast.loss_prevention, cast.campaign))
    review_as(decision, Stage.FIRST, cast.facial_reviewer, Outcome.IDENTIFIED)
    url = reverse("police:decision-record", args=[decision.uid])
    client = client_of(cast.facial_reviewer)
    assert client.get(url).status_code == 404
    review_as(decision, Stage.SECOND, cast.second_reviewer, Outcome.IDENTIFIED)
    answer = client.get(url)
    assert answer.status_code == 200
    assert CANARY in answer.content.decode()
