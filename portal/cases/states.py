"""States of pairs, cases and packages, their allowed moves, and the words of a judgement on a pair."""

from django.db.models import TextChoices

from portal.accounts.roles import REVIEWING_ROLES, Role

MAY_JUDGE = frozenset({Role.FACIAL_REVIEWER, Role.SECOND_REVIEWER})
MAY_SPLIT = frozenset({Role.SUPERVISOR})
MAY_RULE = frozenset({Role.SUPERVISOR})
MAY_EDIT = frozenset({Role.SUPERVISOR})
MAY_READ = REVIEWING_ROLES | {Role.AUDITOR}


class PairState(TextChoices):
    """Where two offenders who look like one person stand."""

    SUGGESTED = "suggested", "Waiting for a first look"
    AWAITING_SECOND = "awaiting_second", "Waiting for a second look"
    LINKED = "linked", "Linked: two officers judged it one person"
    DIFFERENT = "different", "Two officers judged these different people"
    UNRESOLVED = "unresolved", "Not linked: the officers did not agree, or could not tell"
    CONTRADICTED = "contradicted", "Not linked: it would contradict an earlier judgement"
    SPLIT = "split", "Taken apart"
    WITHDRAWN = "withdrawn", "Withdrawn: a still was erased"


_LATER = frozenset({PairState.WITHDRAWN, PairState.SPLIT})
_DISPUTED = frozenset({PairState.UNRESOLVED, PairState.CONTRADICTED})  # back there: a ruling taken back
_RULED = frozenset({PairState.SPLIT, PairState.LINKED, PairState.DIFFERENT, PairState.SUGGESTED})
PAIR_MOVES: dict[PairState, frozenset[PairState]] = {
    PairState.SUGGESTED: _LATER | {PairState.AWAITING_SECOND},
    PairState.AWAITING_SECOND: _LATER
    | {PairState.LINKED, PairState.DIFFERENT, PairState.UNRESOLVED, PairState.CONTRADICTED},
    PairState.LINKED: frozenset({PairState.SPLIT, *_DISPUTED}),
    PairState.UNRESOLVED: _RULED,
    PairState.CONTRADICTED: _RULED,
    PairState.WITHDRAWN: frozenset({PairState.SPLIT}),
    PairState.DIFFERENT: _DISPUTED,
    PairState.SPLIT: frozenset(),
}
TO_JUDGE = (PairState.SUGGESTED, PairState.AWAITING_SECOND)
DISPUTED = tuple(sorted(_DISPUTED))  # a supervisor may rule on these
APART = (PairState.DIFFERENT, PairState.SPLIT)  # never in one series, never suggested again


class PairVerdict(TextChoices):
    """A judgement on two stills."""

    SAME = "same", "Same person"
    DIFFERENT = "different", "Different people"
    CANNOT_TELL = "cannot_tell", "Cannot tell"


class Ruling(TextChoices):
    """What a supervisor rules on a pair that its two judgements did not settle."""

    SAME = "same", "One person: link the reports"
    DIFFERENT = "different", "Different people: never suggest them again"
    AGAIN = "again", "Have two other officers judge it again, blind"


class CaseState(TextChoices):
    """The work on one identified person."""

    OPENED = "opened", "Opened"
    WITH_OIC = "with_oic", "With the officer in the case"
    CONCLUDED = "concluded", "Concluded"


CASE_MOVES: dict[CaseState, frozenset[CaseState]] = {
    CaseState.OPENED: frozenset({CaseState.WITH_OIC, CaseState.CONCLUDED}),
    CaseState.WITH_OIC: frozenset({CaseState.OPENED, CaseState.CONCLUDED}),
    CaseState.CONCLUDED: frozenset({CaseState.WITH_OIC}),
}


class CaseResult(TextChoices):
    """How a case ended. "Wrong person" and "eliminated" count against the identification."""

    CHARGED = "charged", "Charged"
    OUT_OF_COURT = "out_of_court", "Out-of-court disposal"
    NFA = "nfa", "No further action"
    ELIMINATED = "eliminated", "Eliminated from the enquiry"
    WRONG_PERSON = "wrong_person", "Wrong person"
    OTHER = "other", "Other"


class Basis(TextChoices):
    """Why an offence stands in a case."""

    DECISION = "decision", "Identified"
    SERIES = "series", "Linked in a series with an identified offender"


class PackageKind(TextChoices):
    """What a package is for."""

    INTELLIGENCE = "intelligence", "Intelligence package (officer in the case)"
    DISCLOSURE = "disclosure", "Disclosure package (prosecutor)"
