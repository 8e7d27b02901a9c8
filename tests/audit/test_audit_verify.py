"""`manage.py audit_verify` as a program: what it prints and how it ends."""

import pytest
from django.db import connection, transaction

from portal.audit.log import SystemActor, record
from portal.audit.models import Entry
from portal.audit.tags import Tag
from tests.audit.manage import manage

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_it_ends_well_then_badly_at_the_first_break(service_env: dict[str, str]) -> None:
    for step in range(5):
        record(Tag.LOGGED_IN, actor=SystemActor("test"), subject=("test", step))
    head = Entry.objects.get(number=5).digest
    good = manage(service_env, "audit_verify")
    assert (good.returncode, good.stdout.strip()) == (0, f"5 entries hold; anchor 5:{head}")

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE audit_entry SET reason = 'changed' WHERE number IN (3, 4)")
    bad = manage(service_env, "audit_verify", "--anchor", f"5:{head}")
    assert bad.returncode != 0
    assert "entry 3: was altered" in bad.stderr
    assert not bad.stdout
