"""What `manage.py check --database default` says of the gallery."""

from collections.abc import Sequence
from typing import Any

from django.core import checks
from django.db import DatabaseError

from matching.errors import EngineFault
from portal.gallery.serving import version_fault


@checks.register(checks.Tags.database)
def another_version(databases: Sequence[str] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """A warning, no error: the migration that comes before `reembed` must not be stopped by it."""
    if not databases:
        return []
    try:
        fault = version_fault()
    except (DatabaseError, EngineFault):
        return []  # not migrated yet; weights that are missing are said where they are needed
    what, _stop, remedy = fault.partition(" Run: ")
    said = "Nothing is searched or enrolled until the gallery is embedded again. " + what
    return [checks.Warning(said, hint=f"Run: {remedy}", id="gallery.W001")] if fault else []
