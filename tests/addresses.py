"""Which objects stand in the variable parts of each route. A new route needs a line here, or a test fails."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from django.urls import reverse

from tests.routes import Route
from tests.scene import Side

Part = Callable[[Side], Any]
NOWHERE = uuid4()
# Routes without a name cannot be reversed.
NAMELESS = {r"api:^[\s\S]*$": "/api/v1/no/such/address/"}


def _of(name: str) -> Part:
    return lambda side: getattr(side, name).uid


def _known(value: Any) -> Part:
    return lambda _: value


def _entry_number(side: Side) -> int:
    if side.entry is None:
        raise AttributeError
    return side.entry.number


def _case_still(side: Side) -> UUID:
    if side.case is None:
        raise AttributeError
    return side.case.offences.order_by("pk")[0].offender.stills.order_by("pk")[0].uid


CAMPAIGN, SUBMISSION, OFFENDER, STILL = _of("campaign"), _of("submission"), _of("offender"), _of("still")
DRAFT, PERSON, INVITATION, TOKEN = _of("draft"), _of("person"), _of("invitation"), _of("token")
DECIDED, WAITING, JUDGEMENT = _of("decided"), _of("waiting"), _of("judgement")
REVIEW, REVEALED, ADJUDICATION = _of("review"), _of("revealed"), _of("adjudication")
QUESTION = _of("question")
IMAGE, SEARCH, WEBHOOK = _of("image"), _of("search"), _of("webhook")

PAIR, SERIES, CASE, PACKAGE = _of("pair"), _of("series"), _of("case"), _of("package")
DISPUTED = _of("disputed")

PARAMETERS: dict[str, dict[str, Part]] = {
    "accounts:person": {"uid": PERSON},
    "accounts:person-switch": {"uid": PERSON},
    "accounts:person-second-factor": {"uid": PERSON},
    "accounts:invitation-resend": {"uid": INVITATION},
    "accounts:invitation-withdraw": {"uid": INVITATION},
    "accounts:organisation": {"uid": lambda side: side.store.retailer.uid},
    "accounts:store-edit": {"uid": _of("store")},
    "retailer:submission": {"uid": CAMPAIGN},
    "retailer:receipt": {"uid": CAMPAIGN},
    "retailer:board-drop": {"uid": CAMPAIGN},
    "retailer:board-place-all": {"uid": CAMPAIGN},
    "retailer:board-merge": {"uid": CAMPAIGN},
    "retailer:board-dismiss": {"uid": CAMPAIGN},
    "retailer:refused-dismiss": {"uid": CAMPAIGN},
    "retailer:upload-begin": {"uid": CAMPAIGN},
    "retailer:uploads-found": {"uid": CAMPAIGN},
    "retailer:upload": {"uid": _of("upload")},
    "retailer:offender-place": {"uid": DRAFT},
    "retailer:still-split": {"uid": STILL},
    "retailer:still-send-anyway": {"uid": STILL},
    "retailer:offender-add": {"uid": CAMPAIGN},
    "retailer:offender": {"uid": OFFENDER},
    "retailer:offender-edit": {"uid": DRAFT},
    "retailer:offender-step": {"uid": DRAFT, "step": _known("when-and-where")},
    "retailer:offender-save": {"uid": DRAFT},
    "retailer:receipt-pdf": {"uid": CAMPAIGN},
    "retailer:bulk": {"uid": CAMPAIGN},
    "retailer:bulk-template": {"uid": CAMPAIGN, "kind": _known("csv")},
    "retailer:bulk-result": {"uid": _of("bulk")},
    "retailer:bulk-rest": {"uid": _of("bulk"), "kind": _known("csv")},
    "retailer:submission-declare": {"uid": CAMPAIGN},
    "retailer:offender-declare": {"uid": DRAFT},
    "retailer:offender-discard": {"uid": DRAFT},
    "retailer:still-add": {"uid": DRAFT},
    "retailer:still-face": {"uid": STILL},
    "retailer:still-image": {"uid": STILL},
    "retailer:question": {"uid": QUESTION},
    "police:question-ask": {"decision_uid": _of("decision")},
    "police:question-document": {"document_uid": _of("document")},
    "police:question-withdraw": {"question_uid": QUESTION},
    "police:decision-take": {"decision_uid": WAITING},
    "police:decision-record": {"decision_uid": DECIDED},
    "police:later-truth": {"decision_uid": DECIDED},
    "police:review": {"review_uid": REVIEW},
    "police:review-blind": {"review_uid": REVIEW},
    "police:judgement-save": {"review_uid": REVIEW, "judgement_uid": JUDGEMENT},
    "police:judgement-change": {"review_uid": REVIEW, "judgement_uid": JUDGEMENT},
    "police:decision-search": {"decision_uid": DECIDED},
    "police:decision-reopen": {"decision_uid": DECIDED},
    "police:list-lengthen": {"review_uid": REVIEW},
    "police:review-replay": {"review_uid": _of("finished")},
    "police:probe-original": {"review_uid": _of("finished"), "number": _known(1)},
    "police:judgements-rest": {"review_uid": REVIEW},
    "police:view-edits": {"review_uid": REVIEW},
    "police:blind-save": {"review_uid": REVIEW},
    "police:review-reveal": {"review_uid": REVEALED},
    "police:review-adjudicate": {"review_uid": ADJUDICATION},
    "police:review-release": {"review_uid": REVIEW},
    "police:probe-face": {"review_uid": REVIEW, "number": _known(1)},
    "police:probe-frame": {"review_uid": REVIEW, "number": _known(1)},
    "police:candidate-face": {"judgement_uid": JUDGEMENT},
    "police:series-pair": {"pair_uid": PAIR},
    "police:pair-face": {"pair_uid": PAIR, "number": _known(1)},
    "police:series-ruling": {"pair_uid": DISPUTED},
    "police:series-detail": {"series_uid": SERIES},
    "police:series-face": {"series_uid": SERIES, "still_uid": STILL},
    "police:series-split": {"series_uid": SERIES, "offender_uid": OFFENDER},
    "police:case": {"case_uid": CASE},
    "police:case-edit": {"case_uid": CASE},
    "police:case-move": {"case_uid": CASE},
    "police:case-still": {"case_uid": CASE, "still_uid": _case_still},
    "police:package-make": {"case_uid": CASE},
    "police:package": {"package_uid": PACKAGE},
    "police:package-download": {"package_uid": PACKAGE},
    "police:campaign": {"campaign_uid": CAMPAIGN},
    "police:campaign-edit": {"campaign_uid": CAMPAIGN},
    "police:campaign-move": {"campaign_uid": CAMPAIGN},
    "police:custody-image": {"image_uid": IMAGE},
    "police:custody-picture": {"image_uid": IMAGE},
    "police:custody-review": {"image_uid": IMAGE},
    "police:deletion-request": {"image_uid": IMAGE},
    "police:custody-erase": {"image_uid": IMAGE},
    "oversight:mail-retry": {"uid": _of("mail")},
    "oversight:audit-entry": {"number": _entry_number},
    "oversight:search": {"uid": SEARCH},
    "oversight:search-replay": {"uid": SEARCH},
    "oversight:work-retry": {"kind": _known("stills"), "pk": lambda side: side.still.pk},
    "api:submission": {"uid": SUBMISSION},
    "api:submission-offenders": {"uid": SUBMISSION},
    "api:offender": {"uid": OFFENDER},
    "api:offender-status": {"uid": OFFENDER},
    "api:offender-declaration": {"uid": DRAFT},
    "api:offender-stills": {"uid": OFFENDER},
    "api:still": {"uid": STILL},
    "api:still-face": {"uid": STILL},
    "api:still-region": {"uid": STILL},
    "api:submission-stills": {"uid": SUBMISSION},
    "api:submission-places": {"uid": SUBMISSION},
    "api:submission-suggestions": {"uid": SUBMISSION},
    "api:suggestion-dismiss": {"uid": SUBMISSION},
    "api:submission-receipt": {"uid": SUBMISSION},
    "api:submission-receipt-pdf": {"uid": SUBMISSION},
    "api:submission-uploads": {"uid": SUBMISSION},
    "api:upload": {"uid": _of("upload")},
    "api:offender-place": {"uid": DRAFT},
    "api:offender-merge": {"uid": DRAFT},
    "api:still-split": {"uid": STILL},
    "api:question": {"uid": QUESTION},
    "api:question-stills": {"uid": QUESTION},
    "api:question-documents": {"uid": QUESTION},
    "api:question-answer": {"uid": QUESTION},
    "api:token-revoke": {"uid": TOKEN},
    "api:webhook": {"uid": WEBHOOK},
    "api:webhook-test": {"uid": WEBHOOK},
    "api:webhook-rotate": {"uid": WEBHOOK},
    "api:webhook-switch": {"uid": WEBHOOK},
    "api:webhook-remove": {"uid": WEBHOOK},
    "api:delivery-again": {"uid": _of("delivery")},
}
# Routes whose variable parts name no tenant's object: any value is answered alike.
WITHOUT_OWNER: dict[str, dict[str, Any]] = {
    "accounts:invitation-accept": {"token": "nonsense"},
    "account_reset_password_from_key": {"uidb36": "1", "key": "abc-def"},
    "oversight:subject": {"kind": "submissions.offender", "identifier": str(NOWHERE)},
    "oversight:quarantined": {"kind": "stills"},
    "oversight:work-retry-all": {"kind": "stills"},
}


def is_known(route: Route) -> bool:
    """Whether the variable parts of a route are described here; tests/test_access.py fails where not."""
    return not route.parameters or route.name in {**PARAMETERS, **WITHOUT_OWNER}


def address(route: Route, side: Side) -> str:
    """Where the side's object of this route is."""
    if route.name in NAMELESS:
        return NAMELESS[route.name]
    if route.name in WITHOUT_OWNER:
        return reverse(route.name, kwargs=WITHOUT_OWNER[route.name])
    parts = {name: of(side) for name, of in PARAMETERS[route.name].items()} if route.parameters else {}
    return reverse(route.name, kwargs=parts)


def absent_address(route: Route, side: Side) -> str:
    """The same address with objects that do not exist; a number counts as one where nothing else does."""
    parts = {name: of(side) for name, of in PARAMETERS[route.name].items()}
    by_number = not any(isinstance(value, UUID) for value in parts.values())
    return reverse(route.name, kwargs={name: _absent(value, by_number) for name, value in parts.items()})


def _absent(value: Any, by_number: bool) -> Any:
    if isinstance(value, UUID):
        return NOWHERE
    return 987_654_321 if by_number and isinstance(value, int) else value
