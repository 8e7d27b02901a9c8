"""The machine-readable record of a package: record.json, described by record.schema.json beside this file.

Candidates have opaque ids; the identified subject alone is named. A disclosure package leaves out how to
reach reporters: that goes to the officer in the case only.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.files.storage import Storage
from django.db.models import Model, Prefetch, QuerySet

from portal import storage
from portal.accounts.context import CAVEAT
from portal.accounts.models import User
from portal.assurance.models import LaterTruth
from portal.cases.models import Case, CaseOffence, Package, Pair
from portal.cases.states import PackageKind, PairState
from portal.questions.models import Document, Question
from portal.questions.states import QuestionState
from portal.reviews.models import Decision, Judgement, Review
from portal.searches.models import Candidate, Search
from portal.searches.strength import Support, supports_for
from portal.submissions.models import Offender, Still

FORMAT = "stillmatch.package/1"
REPORT = (
    "incident_reference", "crime_reference", "offence", "started_at", "ended_at", "clock_offset_minutes",
    "place_in_store", "camera", "goods", "quantity", "value", "recovered", "violence", "threats", "weapon",
    "hate_element", "police_called", "build", "height", "hair", "clothing", "marks", "under_18",
    "offender_count", "direction", "vehicle", "vrm", "method", "prolific", "organised", "linked_incidents",
    "footage_kept", "footage_until", "receipt_held", "statement_signed", "declared_at",
)  # fmt: skip
REPORTER = ("reporter_name", "reporter_contact")
SEARCH = (
    "uid", "at", "duration_ms", "probe_sha256", "query_sha256", "model", "model_version", "detector",
    "quality", "list_length", "engine", "grid", "occasion", "basis", "crowd_mean", "crowd_spread",
)  # fmt: skip
GALLERY = ("gallery_seq", "gallery_size", "gallery_digest", "excluded_count", "excluded_digest")
QUESTION = ("uid", "kind", "text", "due_on", "asked_at", "provided", "answer", "answered_at")
DOCUMENT = ("uid", "name", "format", "bytes", "sha256", "added_at")
REVIEW = (
    "uid", "round", "list_requests", "stage", "state", "role", "claimed_at", "grounds", "list_length",
    "probes", "blind_saved_at", "blind_sha256", "completed_at", "outcome", "subject_uid", "rationale",
    "caveat_acknowledged", "view_edits",
)  # fmt: skip
JUDGEMENT = (
    "uid", "position", "subject_uid", "blind", "features", "confidence", "seconds_viewed", "after",
    "after_reason",
)  # fmt: skip
EARLIER = ("number", "outcome", "decided_at", "reopened_at", "reopened_by", "reason")
CASE = (
    "uid", "number", "state", "opened_at", "oic_name", "oic_contact", "crime_reference", "urn",
    "custody_record", "pnc_id", "cro_number", "exhibits", "result", "concluded_at",
)  # fmt: skip
NO_THRESHOLD = "none: the candidates are the best of the list length by score"


@dataclass(frozen=True)
class Enclosed:
    """A file of the archive that comes from a storage: its name there, its key, its sha256.

    `shown`: a picture for the paper too. Everything else goes in as it was received, and is never opened.
    """

    name: str
    key: str
    sha256: str
    shown: bool = False

    @property
    def place(self) -> Storage:
        """The storage it is in."""
        return storage.stills() if self.shown else storage.originals()


def plain(value: Any) -> Any:
    """A value as JSON holds it: times in UTC, money and ids as text."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, date | UUID | Decimal):
        return str(value)
    return value


def fields(row: Model, names: Iterable[str]) -> dict[str, Any]:
    """These fields of a row, as JSON holds them."""
    return {name: plain(getattr(row, name)) for name in names}


def _person(user: User | None) -> dict[str, str] | None:
    return {"name": user.name, "role": user.role} if user else None


def offences_of(case: Case) -> list[CaseOffence]:
    """The offences that stand in a case, with everything a package tells of them, oldest first."""
    judgements = Judgement.objects.select_related("candidate")
    reviews = Review.objects.select_related("reviewer").prefetch_related(
        Prefetch("judgements", judgements), "searches"
    )
    rows = (
        case.offences.filter(removed_at=None)
        .select_related(
            "offender__submission__retailer", "offender__submission__campaign", "offender__store", "decision"
        )
        .prefetch_related(
            Prefetch("offender__questions", _answered(), to_attr="answered"),
            Prefetch("offender__stills", Still.objects.select_related("chosen_face")),
            "offender__decision__earlier_rounds",
            Prefetch("offender__decision__reviews", reviews.order_by("pk")),
        )
    )
    return sorted(rows, key=lambda one: (plain(one.offender.started_at) or "", one.pk))


def _answered() -> QuerySet[Question]:
    """What officers asked and the retailer answered, with its documents, in the order of asking."""
    answered = Question.objects.filter(state=QuestionState.ANSWERED).order_by("asked_at", "pk")
    return answered.select_related("asked_by").prefetch_related("documents")


def documents_of(offences: Sequence[CaseOffence]) -> list[Document]:
    """The documents that came with answers about these offences."""
    questions = (question for one in offences for question in one.offender.answered)  # type: ignore[attr-defined]
    return [document for question in questions for document in question.documents.all()]


def searches_of(offences: Sequence[CaseOffence]) -> dict[int, list[Search]]:
    """Every search of each offender's stills, with its candidates, by offender id."""
    found: dict[int, list[Search]] = {one.offender_id: [] for one in offences}
    rows = Search.objects.filter(still__offender__in=list(found)).select_related("still").order_by("pk")
    for search in rows.prefetch_related("candidates"):
        if search.still is not None:
            found[search.still.offender_id].append(search)
    return found


def enclosed(package: Package, offences: Sequence[CaseOffence]) -> list[Enclosed]:
    """What goes in: normalised stills, for the prosecutor the untouched originals too, documents."""
    files = []
    for still in (still for one in offences for still in one.offender.stills.all()):
        files.append(Enclosed(f"stills/{still.uid}.jpg", still.copy_key, still.copy_sha256, shown=True))
        if package.kind == PackageKind.DISCLOSURE:
            name = f"originals/{still.uid}.{still.original_format.lower()}"
            files.append(Enclosed(name, still.original_key, still.original_sha256))
    return files + [Enclosed(_name_of(one), one.key, one.sha256) for one in documents_of(offences)]


def _name_of(document: Document) -> str:
    """In the archive: a name of ours, never the sender's."""
    return f"documents/{document.uid}.{document.format.lower()}"


def supports_of(searches: Mapping[int, Sequence[Search]]) -> dict[int, Support]:
    """What each candidate's score is worth by the calibration of today, by candidate id."""
    every = [one for found in searches.values() for search in found for one in search.candidates.all()]
    return supports_for(every)


def truths_of(offences: Sequence[CaseOffence]) -> dict[int, list[LaterTruth]]:
    """What became known later of each offender's decision, by offender id, the newest first."""
    found: dict[int, list[LaterTruth]] = {one.offender_id: [] for one in offences}
    rows = LaterTruth.objects.filter(decision__offender__in=list(found))
    for truth in rows.select_related("decision", "recorded_by"):
        found[truth.decision.offender_id].append(truth)
    return found


def record_of(package: Package, offences: Sequence[CaseOffence]) -> dict[str, Any]:
    """Everything, as JSON holds it. record.json is this, written with sorted keys."""
    case, searches, truths = package.case, searches_of(offences), truths_of(offences)
    supports = supports_of(searches)
    told = {pk: [_search(one, supports) for one in found] for pk, found in searches.items()}
    return {
        "format": FORMAT,
        "caveat": CAVEAT,
        "kind": package.kind,
        "package": {
            "uid": str(package.uid),
            "made_for": package.purpose,
            "requested_at": plain(package.requested_at),
            "requested_by": _person(package.requested_by),
            "force": case.force.name,
        },
        "case": {**fields(case, CASE), "steps": _steps(case)},
        "subject": _subject(case),
        "offences": [
            _offence(package, one, told[one.offender_id], truths[one.offender_id]) for one in offences
        ],
        "series": _pairs([one.offender_id for one in offences]),
    }


def _steps(case: Case) -> list[dict[str, Any]]:
    names = ("at", "origin", "to", "result", "reason")
    return [{**fields(one, names), "by": _person(one.by)} for one in case.steps.select_related("by")]


def _subject(case: Case) -> dict[str, Any]:
    """The one person whom a package names."""
    known = fields(case.subject, ("reference", "name", "born_on")) if case.subject else {}
    return {"uid": str(case.subject_uid), "held": case.subject is not None, **known}


def _offence(
    package: Package,
    offence: CaseOffence,
    searches: Sequence[Mapping[str, Any]],
    truths: Sequence[LaterTruth],
) -> dict[str, Any]:
    offender = offence.offender
    decision: Decision | None = getattr(offender, "decision", None)
    return {
        "offender": str(offender.uid),
        "basis": offence.basis,
        "retailer": offender.submission.retailer.name,
        "store": offender.store.name if offender.store else None,
        "report": _report(offender, package.kind),
        "campaign": offender.submission.campaign.name,
        "stills": [_still(package, still) for still in offender.stills.all()],
        "questions": [_question(one, package.kind) for one in offender.answered],  # type: ignore[attr-defined]
        "searches": list(searches),
        "decision": _decision(decision, truths) if decision else None,
    }


def _report(offender: Offender, kind: str) -> dict[str, Any]:
    return fields(offender, REPORT + (REPORTER if kind == PackageKind.INTELLIGENCE else ()))


def _question(question: Question, kind: str) -> dict[str, Any]:
    """What was asked and answered; whom to collect it from goes to the officer in the case only."""
    reach = ("collect_from",) if kind == PackageKind.INTELLIGENCE else ()
    return {
        **fields(question, QUESTION + reach),
        "asked_by": _person(question.asked_by),
        "documents": [{**fields(one, DOCUMENT), "file": _name_of(one)} for one in question.documents.all()],
    }


def _still(package: Package, still: Still) -> dict[str, Any]:
    face = still.chosen_face
    face_fields = ("x", "y", "w", "h", "landmarks", "detection_score", "quality")
    original = package.kind == PackageKind.DISCLOSURE
    return {
        **fields(still, ("uid", "added_at", "captured_at", "chosen_how", "region", "detector")),
        "original": {
            "sha256": still.original_sha256,
            "bytes": still.original_bytes,
            "format": still.original_format,
            "width": still.original_width,
            "height": still.original_height,
            "file": f"originals/{still.uid}.{still.original_format.lower()}" if original else None,
        },
        "normalised": {
            "sha256": still.copy_sha256,
            "width": still.width,
            "height": still.height,
            "file": f"stills/{still.uid}.jpg",
            "steps": "decoded in a bounded process, turned upright, 8-bit RGB, metadata removed, JPEG",
        },
        "face": fields(face, face_fields) if face else None,
        "state": still.work_state,
        "why_not_searched": still.work_error,
    }


def _search(search: Search, supports: Mapping[int, Support]) -> dict[str, Any]:
    rows: Iterable[Candidate] = search.candidates.all()
    return {
        **fields(search, SEARCH),
        "still": str(search.still.uid) if search.still else None,
        "threshold": NO_THRESHOLD,
        "gallery": fields(search, GALLERY),
        "candidates": [_candidate(one, supports[one.pk]) for one in rows],
    }


def _candidate(candidate: Candidate, support: Support) -> dict[str, Any]:
    band = {"words": support.words, "meaning": support.meaning, "span": support.span}
    band |= {"reason": support.reason, "basis": support.basis}
    return {**fields(candidate, ("uid", "rank", "subject_uid", "score")), "support": band}


def _decision(decision: Decision, truths: Sequence[LaterTruth]) -> dict[str, Any]:
    known = ("kind", "source", "known_on", "note", "recorded_at")
    return {
        **fields(decision, ("uid", "round", "state", "outcome", "decided_at", "subject_uid")),
        "earlier_rounds": [fields(one, EARLIER) for one in decision.earlier_rounds.all()],
        "adjudicated": decision.adjudicator_id is not None,
        "reviews": [_review(one) for one in decision.reviews.all()],
        "later_truth": [{**fields(one, known), "by": _person(one.recorded_by)} for one in truths],
    }


def _review(review: Review) -> dict[str, Any]:
    return {
        **fields(review, REVIEW),
        "reviewer": _person(review.reviewer),
        "searches": [str(one.uid) for one in review.searches.all()],
        "judgements": [_judgement(one) for one in review.judgements.all()],
    }


def _judgement(judgement: Judgement) -> dict[str, Any]:
    candidate = judgement.candidate
    shown = {"rank": candidate.rank, "score": candidate.score} if candidate else None
    return {**fields(judgement, JUDGEMENT), "shown_after": shown}


def _pairs(offender_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Every link between the offences, and every judgement of it."""
    rows = (
        Pair.objects.filter(first__in=offender_ids, second__in=offender_ids, state=PairState.LINKED)
        .select_related("first", "second", "first_search", "second_search", "link")
        .prefetch_related("judgements__officer", "rulings__by")
    )
    return [_pair(one) for one in rows]


def _pair(pair: Pair) -> dict[str, Any]:
    names = ("verdict", "reason", "first_on_the_left", "round", "at")
    searches: Mapping[str, Search | None] = {"first": pair.first_search, "second": pair.second_search}
    return {
        **fields(pair, ("uid", "score", "threshold", "suggested_at", "settled_at")),
        "offenders": [str(pair.first.uid), str(pair.second.uid)],
        "searches": [str(one.uid) if one else None for one in searches.values()],
        "judgements": [{**fields(one, names), "by": _person(one.officer)} for one in pair.judgements.all()],
        "rulings": [
            {
                **fields(one, ("ruling", "reason", "origin", "round", "at", "taken_back_at")),
                "by": _person(one.by),
            }
            for one in pair.rulings.all()
        ],
    }
