"""What `manage.py check --deploy --database default` says of the log."""

from collections.abc import Sequence
from typing import Any

from django.core import checks
from django.db import DatabaseError

from portal.audit.ownership import powers


@checks.register(checks.Tags.database, deploy=True)
def log_can_be_changed(databases: Sequence[str] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """Only where it is asked for: the migrations' role rightly may do all this."""
    if not databases:
        return []
    try:
        held = powers()
    except DatabaseError:
        return []  # not migrated yet
    said = f"The database role of this connection could change the audit log: it {', '.join(held)}."
    hint = "Let the services log in as another role: docs/operations.md, The log's owner."
    return [checks.Warning(said, hint=hint, id="audit.W001")] if held else []
