"""SQLite replaces a row without asking its DELETE trigger: a number that is taken is refused before that."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

SQLITE = """CREATE TRIGGER audit_entry_no_replace BEFORE INSERT ON audit_entry
    WHEN EXISTS (SELECT 1 FROM audit_entry WHERE number = NEW.number)
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"""


def protect(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """PostgreSQL knows no such statement: its ON CONFLICT … UPDATE asks the UPDATE trigger."""
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute(SQLITE)


class Migration(migrations.Migration):
    """One more append-only trigger."""

    dependencies = [("audit", "0002_append_only")]
    operations = [migrations.RunPython(protect, migrations.RunPython.noop)]
