"""One object of every kind for each of three tenants: what the access walk and the page crawl visit.

`own` belongs to the cast's force and retailer; `rival` to another retailer in the same campaign; `other` to
another force and a retailer that the first force never invited. The facial reviewer has a blind review open,
the second reviewer a revealed one, the supervisor an adjudication; one offender is decided.
"""

from dataclasses import dataclass

import pytest

from portal.accounts.actions import invite
from portal.accounts.models import Invitation, Store, User
from portal.accounts.roles import Role
from portal.api.actions import make_token
from portal.api.models import Token
from portal.audit.models import Entry
from portal.cases.actions.cases import open_cases
from portal.cases.actions.packages import request_package
from portal.cases.models import Case, Package, Pair, Series
from portal.cases.states import PackageKind
from portal.gallery.models import CustodyImage
from portal.notifications.models import Mail
from portal.notifications.states import MailState
from portal.questions.documents import add_document
from portal.questions.models import Document, Question
from portal.questions.states import Kind
from portal.reviews import actions as reviews
from portal.reviews.models import Decision, Judgement, Review
from portal.reviews.states import Outcome, Stage, Verdict
from portal.searches.models import Search
from portal.submissions.actions import Upload
from portal.submissions.bulk.actions import take_table
from portal.submissions.models import (
    BulkUpload,
    Campaign,
    Offender,
    PartialUpload,
    Still,
    Submission,
)
from portal.submissions.uploads import Announced, begin_upload
from portal.webhooks.actions import make_webhook, send_test
from portal.webhooks.models import Delivery, Webhook
from portal.webhooks.states import Event
from tests.cases.staging import (
    bare_case,
    bare_series,
    judged_differently,
    judged_the_same,
    make_pair,
    series_of,
)
from tests.cast import (
    Cast,
    decide,
    decision_on,
    make_campaign,
    make_gallery,
    make_offender,
    make_still,
    make_user,
    review_as,
    searched_offender,
)
from tests.questions.asking import answered, make_question


@dataclass
class Side:
    """A tenant's objects. `draft` is an offender that was not sent yet."""

    campaign: Campaign
    submission: Submission
    draft: Offender
    offender: Offender
    still: Still
    upload: PartialUpload
    person: User
    invitation: Invitation
    token: Token
    store: Store
    webhook: Webhook
    delivery: Delivery
    bulk: BulkUpload
    image: CustodyImage | None = None
    search: Search | None = None
    decision: Decision | None = None
    review: Review | None = None
    judgement: Judgement | None = None
    revealed: Review | None = None
    adjudication: Review | None = None
    decided: Decision | None = None
    finished: Review | None = None
    waiting: Decision | None = None
    entry: Entry | None = None
    question: Question | None = None
    document: Document | None = None
    mail: Mail | None = None
    pair: Pair | None = None
    disputed: Pair | None = None
    series: Series | None = None
    case: Case | None = None
    package: Package | None = None


@dataclass(frozen=True)
class Scene:
    """The cast and the three sides."""

    cast: Cast
    own: Side
    rival: Side
    other: Side


def _invited(by: User, address: str) -> Invitation:
    role = Role.LOSS_PREVENTION if by.is_retailer else Role.FACIAL_REVIEWER
    return invite(inviter=by, organisation=by.organisation, role=role, email=address, name="Ines Invited")


def _arriving(submission: Submission, sender: User) -> PartialUpload:
    """A file of which nothing has arrived yet."""
    return begin_upload(submission, Announced("till.jpg", 1000, ""), by=sender)


def _reported(sender: User, manager: User, campaign: Campaign) -> Side:
    """What a retailer has: a draft with a still, and a searched offender."""
    offender = searched_offender(sender, campaign, method="Distracts staff at the till")
    draft = make_offender(sender, campaign, declared=False)
    make_still(draft)
    token, _ = make_token(sender, name="Case system", days=30, by=manager)
    webhook, _ = make_webhook("https://8.8.8.8/hooks", list(Event), by=manager)
    return Side(
        campaign=campaign,
        submission=offender.submission,
        draft=draft,
        offender=offender,
        still=offender.stills.get(),
        upload=_arriving(offender.submission, sender),
        person=sender,
        invitation=_invited(manager, f"invited-{manager.pk}@example.org"),
        token=token,
        store=sender.organisation.stores.order_by("code")[0],
        webhook=webhook,
        delivery=send_test(webhook),
        bulk=take_table(
            offender.submission, b"Store,Start of the incident,Offence\nx,y,z", "t.csv", None, by=sender
        ),
        search=Search.objects.get(still__offender=offender),
    )


def _reviewed(side: Side, reviewer: User) -> None:
    """Open the first review of the side's offender."""
    side.decision = decision_on(side.offender)
    side.review = reviews.claim_review(side.decision, Stage.FIRST, by=reviewer)
    side.judgement = side.review.judgements.order_by("position").first()
    side.question = make_question(side.offender, reviewer)
    side.document = _receipt(side.offender, reviewer)
    side.mail = Mail.objects.create(user=reviewer, subject="News", body="1", state=MailState.FAILED)
    side.entry = Entry.objects.filter(actor_id=reviewer.pk).order_by("-number").first()


def _receipt(offender: Offender, asker: User) -> Document:
    """A document that came with the answer to a question."""
    question, sender = make_question(offender, asker, Kind.RECEIPT), offender.created_by
    document, _ = add_document(question, Upload(b"%PDF-1.7 receipt", "receipt.pdf"), by=sender)
    answered(question, sender)
    return document


def _revealed(offender: Offender, reviewer: User) -> Review:
    review = reviews.claim_review(decision_on(offender), Stage.FIRST, by=reviewer)
    for judgement in review.judgements.all():
        reviews.save_judgement(review, judgement.position, reviews.Judged(Verdict.CANNOT_TELL), by=reviewer)
    reviews.save_blind(review, by=reviewer)
    return review


def _adjudicated(offender: Offender, cast: Cast) -> Review:
    decision = decision_on(offender)
    review_as(decision, Stage.FIRST, cast.facial_reviewer, Outcome.IDENTIFIED)
    review_as(decision, Stage.SECOND, cast.second_reviewer, Outcome.NO_MATCH)
    decision.refresh_from_db()
    return reviews.claim_review(decision, Stage.ADJUDICATION, by=cast.supervisor)


def _own(cast: Cast) -> Side:
    sender = cast.loss_prevention
    gallery = make_gallery(cast.force, 4)
    side = _reported(sender, cast.retailer_manager, cast.campaign)
    side.image = gallery[0]
    offenders = [searched_offender(sender, cast.campaign, person=number) for number in (1, 2, 3, 4)]
    side.decided = decide(offenders[0], Outcome.IDENTIFIED, cast)
    side.finished = side.decided.reviews.first()
    side.adjudication = _adjudicated(offenders[1], cast)
    side.revealed = _revealed(offenders[2], cast.second_reviewer)
    side.waiting = decision_on(offenders[3])
    _reviewed(side, cast.facial_reviewer)
    _gathered(side, cast)
    return side


def _gathered(side: Side, cast: Cast) -> None:
    """A pair to judge, a series, the case of the identified offender, a package that waits."""
    loose, linked = (searched_offender(cast.loss_prevention, cast.campaign, person=8) for _ in range(2))
    side.pair = make_pair(loose, side.offender)
    side.disputed = judged_differently(make_pair(loose, linked), cast)
    side.series = series_of(judged_the_same(make_pair(side.offender, linked), cast))
    open_cases()
    side.case = Case.objects.get(offences__decision=side.decided)
    side.package = request_package(side.case, PackageKind.DISCLOSURE, "For court", by=cast.supervisor)


def _other(cast: Cast) -> Side:
    manager = make_user("una", "Una Quill", Role.RETAILER_MANAGER, cast.uninvited)
    administrator = make_user("ada", "Ada Finch", Role.ADMINISTRATOR, cast.other_force)
    gallery = make_gallery(cast.other_force, 1)
    side = _reported(cast.stranger, manager, make_campaign(cast.foreign_officer, [cast.uninvited]))
    side.image = gallery[0]
    side.person = cast.foreign_officer
    side.invitation = _invited(administrator, "officer@example.org")
    _reviewed(side, cast.foreign_officer)
    side.revealed = side.adjudication = side.finished = side.review
    side.decided = side.waiting = side.decision
    side.pair = make_pair(side.offender, searched_offender(cast.stranger, side.campaign, person=8))
    side.disputed = side.pair
    side.series, side.case = bare_series(side.offender), bare_case(side.offender)
    side.package = Package.objects.create(
        case=side.case, kind=PackageKind.DISCLOSURE, purpose="Theirs", requested_by=cast.foreign_officer
    )
    return side


@pytest.fixture
def scene(cast: Cast) -> Scene:
    """Everything, for one test."""
    manager = make_user("max", "Max Field", Role.RETAILER_MANAGER, cast.other_retailer)
    rival = _reported(cast.neighbour, manager, cast.campaign)
    rival.question = make_question(rival.offender, cast.supervisor)
    return Scene(cast, _own(cast), rival, _other(cast))
