"""The log on the demo's database: the same rules, kept by SQLite itself."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.audit.manage import manage

WRITE = """
from portal.audit.log import SystemActor, record
from portal.audit.tags import Tag
for step in range(4):
    record(Tag.LOGGED_IN, actor=SystemActor("test"), subject=("test", step), share=step / 3, big=1e20)
"""
REFUSED = [
    "UPDATE audit_entry SET reason = 'changed' WHERE number = 2",
    "DELETE FROM audit_entry WHERE number = 2",
    "DELETE FROM audit_entry",
    # Replacing deletes the old row without asking a DELETE trigger.
    """INSERT OR REPLACE INTO audit_entry SELECT number, at, tag, actor_id, actor, organisation_id,
       subject_type, subject_id, 'changed', details, previous, digest FROM audit_entry WHERE number = 2""",
    "UPDATE OR REPLACE audit_entry SET number = 3 WHERE number = 2",
]


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A throw-away state with four entries in its log."""
    state = tmp_path_factory.mktemp("sqlite")
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    env = {**kept, "STILLMATCH_STATE_DIR": str(state), "DJANGO_SETTINGS_MODULE": "portal.settings"}
    for words in (["migrate", "--verbosity", "0"], ["shell", "-c", WRITE]):
        done = manage(env, *words)
        assert done.returncode == 0, done.stderr
    return env


@pytest.fixture
def database(env: dict[str, str]) -> Iterator[sqlite3.Connection]:
    """Somebody with the file in hand, who did not remove the triggers."""
    connection = sqlite3.connect(Path(env["STILLMATCH_STATE_DIR"]) / "stillmatch.sqlite3")
    yield connection
    connection.rollback()
    connection.close()


@pytest.mark.parametrize("statement", REFUSED)
def test_sqlite_refuses_to_change_an_entry(database: sqlite3.Connection, statement: str) -> None:
    before = database.execute("SELECT * FROM audit_entry ORDER BY number").fetchall()
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        database.execute(statement)
    assert database.execute("SELECT * FROM audit_entry ORDER BY number").fetchall() == before
    assert len(before) == 4


def test_who_removes_the_triggers_is_found(env: dict[str, str], database: sqlite3.Connection) -> None:
    good = manage(env, "audit_verify")
    assert good.stdout.startswith("4 entries hold"), good.stderr
    triggers = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for (name,) in triggers:
        if name.startswith("audit_entry"):
            database.execute(f"DROP TRIGGER {name}")
    database.execute("UPDATE audit_entry SET actor = 'system:somebody' WHERE number = 2")
    database.commit()
    bad = manage(env, "audit_verify")
    assert bad.returncode != 0
    assert "entry 2: was altered" in bad.stderr
