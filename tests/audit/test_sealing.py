"""The database itself refuses to change what is written once."""

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.utils import Error, InternalError, ProgrammingError

from phpsupport.audit.models import AuditEvent
from phpsupport.audit.privileges import write_once_tables
from phpsupport.audit.trail import record
from phpsupport.lib import clock
from phpsupport.lib.models import AppendOnly

SEALED = [m for m in apps.get_models() if issubclass(m, AppendOnly)]


def refused(sql: str) -> str:
    """What the database said when it refused `sql` as the application."""
    with pytest.raises(Error) as fault, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert isinstance(fault.value, ProgrammingError | InternalError)
    return str(fault.value)


@pytest.mark.django_db
@pytest.mark.parametrize("table", write_once_tables())
def test_the_application_may_only_add(table: str) -> None:
    with connection.cursor() as cursor:
        column = connection.introspection.get_table_description(cursor, table)[0].name
    for sql in (
        f"UPDATE {table} SET {column} = {column}",
        f"DELETE FROM {table}",
        f"TRUNCATE {table}",
        f"ALTER TABLE {table} DISABLE TRIGGER ALL",
        f"DROP TABLE {table}",
    ):
        assert "permission denied" in refused(sql) or "must be owner" in refused(sql)


@pytest.mark.django_db
@pytest.mark.parametrize("model", SEALED, ids=lambda m: m._meta.label)
def test_every_sealed_table_has_its_triggers(model: type[AppendOnly]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgenabled = 'O'",
            [model._meta.db_table],
        )
        names = {row[0] for row in cursor.fetchall()}
    assert {"sealed", "sealed_whole"} <= names


def test_even_the_owner_cannot_rewrite_the_trail(as_owner) -> None:  # type: ignore[no-untyped-def]
    record("test.act", by=None, at=clock.now())
    event = AuditEvent.objects.get()
    for sql in ("UPDATE audit_auditevent SET action = 'x'", "DELETE FROM audit_auditevent"):
        with pytest.raises(Exception, match="written once"):
            as_owner.execute(sql)
    event.refresh_from_db()
    assert event.action == "test.act"


@pytest.mark.django_db
def test_the_application_may_add_and_read() -> None:
    record("test.act", by=None, at=clock.now())
    assert AuditEvent.objects.count() == 1


@pytest.mark.django_db
def test_the_application_owns_nothing() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_class WHERE relowner = "
            "(SELECT oid FROM pg_roles WHERE rolname = current_user)"
        )
        assert cursor.fetchone()[0] == 0
