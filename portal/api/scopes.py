"""What a token may be used for. Each operation declares the one scope it needs (portal.api.schema)."""

from django.db.models import TextChoices


class Scope(TextChoices):
    """`subject:act`. A scope to write does not include the one to read."""

    SUBMISSIONS_READ = "submissions:read", "Read reports, stills and their status"
    SUBMISSIONS_WRITE = "submissions:write", "Send and change reports and stills"
    QUESTIONS_READ = "questions:read", "Read what officers ask"
    QUESTIONS_WRITE = "questions:write", "Answer what officers ask"
    FIGURES_READ = "figures:read", "Read the figures of the dashboard"


LEAST = (Scope.SUBMISSIONS_READ,)
