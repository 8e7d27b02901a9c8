"""The only writers of decisions, reviews and judgements, by subject.

Every step is a conditional update that must change exactly one row, with its audit entry in the
same transaction. Whoever comes second is told (Conflict), never overwritten.
"""

from portal.reviews.again import search_again
from portal.reviews.claims import claim_review, keep_lease, release_expired, release_review
from portal.reviews.concluding import Conclusion, change_judgement, complete_review, triage
from portal.reviews.judging import (
    LONGEST_VIEW,
    Judged,
    add_view_edits,
    blind_digest,
    rule_out_the_rest,
    save_blind,
    save_judgement,
)
from portal.reviews.lists import lengthen_list
from portal.reviews.moves import Conflict, Invalid
from portal.reviews.probes import forget_probe
from portal.reviews.reopening import reopen_decision

__all__ = [
    "LONGEST_VIEW",
    "Conclusion",
    "Conflict",
    "Invalid",
    "Judged",
    "add_view_edits",
    "blind_digest",
    "change_judgement",
    "claim_review",
    "complete_review",
    "forget_probe",
    "keep_lease",
    "lengthen_list",
    "release_expired",
    "release_review",
    "reopen_decision",
    "rule_out_the_rest",
    "save_blind",
    "save_judgement",
    "search_again",
    "triage",
]
