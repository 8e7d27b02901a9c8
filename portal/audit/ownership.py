"""Who may do what to the log's table: the services append and read, another role owns it.

The append-only triggers do not stop the table's owner. So the owner runs migrations only, and the role that
the services log in as has no more on the log than SELECT and INSERT (PostgreSQL 17, Privileges; the schema's
owner may drop what is in it, so that counts too).
"""

from django.db import connection
from psycopg import sql

from portal.audit.models import Entry

LOG = Entry._meta.db_table
READS_AND_APPENDS = "SELECT, INSERT"
WRITES = "SELECT, INSERT, UPDATE, DELETE"
POWERS = f"""
SELECT r.rolsuper, pg_has_role(c.relowner, 'MEMBER'), pg_has_role(n.nspowner, 'MEMBER'),
    has_any_column_privilege(c.oid, 'UPDATE'), has_table_privilege(c.oid, 'DELETE'),
    has_table_privilege(c.oid, 'TRUNCATE'), has_table_privilege(c.oid, 'TRIGGER')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles r ON r.rolname = current_user
WHERE c.oid = '{LOG}'::regclass
"""  # noqa: S608  (our own table's name)
WORDS = (
    "is the database's superuser",
    "owns the table",
    "owns the schema",
    "may update it",
    "may delete from it",
    "may truncate it",
    "may give it triggers",
)


class CannotOwn(Exception):
    """The roles do not allow it; the message says what to do."""


def powers() -> list[str]:
    """What this connection's role may do to the log beside appending and reading; [] is as it should be."""
    if connection.vendor != "postgresql":
        return ["owns the file"]
    with connection.cursor() as cursor:
        cursor.execute(POWERS)
        found = cursor.fetchone()
    if found[0]:
        return [WORDS[0]]  # everything else follows
    return [word for word, held in zip(WORDS, found, strict=True) if held]


def statements(role: str) -> list[str]:
    """What leaves `role` the services' work and of the log reading and appending only; run again at will.

    Raises CannotOwn where this connection's role does not own the log, or `role` could become its owner.
    """
    with connection.cursor() as cursor:
        schema, owner = _checked(role)
        names = {"schema": (schema,), "owner": (owner,), "role": (role,), "log": (schema, LOG)}
        parts = {key: sql.Identifier(*name) for key, name in names.items()}
        return [sql.SQL(text).format(**parts).as_string(cursor.cursor) for text in GRANTS]


GRANTS = (
    "GRANT USAGE ON SCHEMA {schema} TO {role}",
    "REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC, {role}",
    f"GRANT {WRITES} ON ALL TABLES IN SCHEMA {{schema}} TO {{role}}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
    f"ALTER DEFAULT PRIVILEGES FOR ROLE {{owner}} IN SCHEMA {{schema}} GRANT {WRITES} ON TABLES TO {{role}}",
    "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {schema} GRANT USAGE, SELECT ON SEQUENCES TO {role}",
    "REVOKE ALL ON {log} FROM PUBLIC, {role}",
    f"GRANT {READS_AND_APPENDS} ON {{log}} TO {{role}}",
)


def _checked(role: str) -> tuple[str, str]:
    """The log's schema and its owner."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n.nspname, o.rolname, pg_has_role(c.relowner, 'MEMBER') FROM pg_class c"
            " JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles o ON o.oid = c.relowner"
            " WHERE c.oid = %s::regclass",
            [LOG],
        )
        schema, owner, ours = cursor.fetchone()
        if role == owner:
            raise CannotOwn(
                f"{role} owns the log. Make another role its owner first, as the database's superuser: "
                f"CREATE ROLE {role}_owner LOGIN; REASSIGN OWNED BY {role} TO {role}_owner; "
                "then run this as that."
            )
        if not ours:
            raise CannotOwn(f"The log belongs to {owner}: run this with a DATABASE_URL of that role.")
        cursor.execute(
            "SELECT rolsuper OR pg_has_role(rolname, %s, 'MEMBER') FROM pg_roles WHERE rolname = %s",
            [owner, role],
        )
        found = cursor.fetchone()
    if not found:
        raise CannotOwn(f"There is no role {role}: make it with CREATE ROLE, or with --create.")
    if found[0]:
        raise CannotOwn(f"{role} is a superuser or a member of {owner}: it could undo whatever is set here.")
    return schema, owner


def create(role: str, password: str) -> None:
    """A role that may log in and nothing else, or the password of the one there is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        begin = "ALTER" if cursor.fetchone() else "CREATE"
        text = begin + " ROLE {} LOGIN PASSWORD {}"
        parts = (sql.Identifier(role), sql.Literal(password))
        cursor.execute(sql.SQL(text).format(*parts).as_string(cursor.cursor))
