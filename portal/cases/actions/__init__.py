"""The only writers of series, cases and packages; one module a subject."""


class Conflict(Exception):
    """Somebody else was quicker, or it is no longer at this step. The message is for the officer."""


class Invalid(Exception):
    """Something is missing or contradicts itself; the message says what to put right."""
