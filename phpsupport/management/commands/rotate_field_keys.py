"""Bring every encrypted value to the newest key of FIELD_KEYS.

    FIELD_KEYS=2027a:<new>,2026a:<old>  manage.py rotate_field_keys [--dry-run]

It covers every encrypted column of every model, history and append-only tables included, and the
tokens kept elsewhere that are registered with `register_rotator`. It runs as the owner of the
tables, since only the owner may pass the triggers that protect history; `manage.py` sees to it.

The application may run meanwhile. Each batch is one short transaction that locks its table against
writers, disables the table's own triggers, rewrites the batch and enables them again: nobody else's
write can slip past a trigger, and a rotation leaves no trace in the history as if people had
changed rows. It may be interrupted at any time and started again; finished rows are not touched.
The old key may go from FIELD_KEYS once this has reported that no value refers to it.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, models, transaction
from psycopg import sql

from phpsupport.lib.encryption import (
    FORMAT,
    ROTATORS,
    SEPARATOR,
    EncryptionError,
    KeyRing,
    key_id_of,
    ring,
)
from phpsupport.lib.fields import EncryptedField

BATCH = 500
# pg_trigger.tgenabled -> how the trigger comes back exactly as it was
ENABLED = {"O": "ENABLE", "A": "ENABLE ALWAYS", "R": "ENABLE REPLICA"}


@dataclass(frozen=True)
class Table:
    """One table with encrypted columns: its name, key and fields."""

    model: type[models.Model]
    fields: tuple[EncryptedField, ...]

    @property
    def name(self) -> str:
        return self.model._meta.db_table

    @property
    def identifier(self) -> sql.Composable:
        return sql.Identifier(self.name)

    @property
    def key(self) -> sql.Composable:
        return sql.Identifier(str(self.model._meta.pk.column))

    @property
    def key_type(self) -> sql.Composable:
        # The column's type as PostgreSQL names it, from Django itself: never from outside.
        return sql.SQL(str(self.model._meta.pk.rel_db_type(connection)))  # type: ignore[arg-type]

    @property
    def columns(self) -> list[sql.Composable]:
        return [sql.Identifier(str(field.column)) for field in self.fields]

    @property
    def older(self) -> sql.Composable:
        """The condition that some column of a row does not begin with %(prefix)s."""
        return sql.SQL("({})").format(
            sql.SQL(" OR ").join(
                sql.SQL("({c} <> '' AND NOT starts_with({c}, %(prefix)s))").format(c=column)
                for column in self.columns
            )
        )


def tables() -> list[Table]:
    """Every managed table that has encrypted columns, by name; history tables included."""
    found = []
    for model in apps.get_models(include_auto_created=True):
        if model._meta.proxy or not model._meta.managed:
            continue
        fields = [f for f in model._meta.local_concrete_fields if isinstance(f, EncryptedField)]
        if fields:
            found.append(Table(model, tuple(fields)))
    return sorted(found, key=lambda table: table.name)


class Command(BaseCommand):
    help = "Re-encrypt every encrypted value with the newest key of FIELD_KEYS."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="count what would be done and change nothing"
        )
        parser.add_argument(
            "--batch-size",
            type=int,
            default=BATCH,
            help=f"rows per transaction, {BATCH} unless told",
        )

    def handle(self, *args: Any, dry_run: bool, batch_size: int, **options: Any) -> None:
        if batch_size < 1:
            raise CommandError("--batch-size is a number from 1 up.")
        keys, all_tables = ring(), tables()
        _require_owner(all_tables)
        self.stdout.write(f"The newest key is {keys.newest!r}.")
        counts = {table.name: _key_ids(table) for table in all_tables}
        _require_known(keys, counts)
        rewritten = 0
        for table in all_tables:
            older = sum(number for key, number in counts[table.name].items() if key != keys.newest)
            verb = "older"
            if older and not dry_run:
                rewritten += _rotate(table, keys, batch_size)
                verb = "rewritten"
            self.stdout.write(
                f"{table.name}: {sum(counts[table.name].values())} values, {older} {verb}"
                + _parenthesis(counts[table.name])
            )
        for name, rotate in sorted(ROTATORS.items()):
            self.stdout.write(
                f"{name}: {rotate(dry_run)} {'older' if dry_run else 'values rewritten'}"
            )
        if dry_run:
            self.stdout.write("Nothing was changed (--dry-run).")
            return
        self._prove(keys, all_tables)
        self.stdout.write(
            self.style.SUCCESS(
                f"{rewritten} rows rewritten. Every value now refers to {keys.newest!r}; "
                f"older keys may go from FIELD_KEYS."
            )
        )

    def _prove(self, keys: KeyRing, all_tables: list[Table]) -> None:
        """Count once more: the promise is about what is stored, not about what was written."""
        left = {
            table.name: number
            for table in all_tables
            if (number := sum(n for key, n in _key_ids(table).items() if key != keys.newest))
        }
        left |= {name: number for name, rotate in ROTATORS.items() if (number := rotate(True))}
        if left:
            rest = ", ".join(f"{name} ({number})" for name, number in left.items())
            raise CommandError(
                f"Values under older keys are left in {rest}: a process with the old FIELD_KEYS "
                f"still writes. Restart the application with the new setting, then run this again."
            )


def _parenthesis(counts: Counter[str]) -> str:
    return f" ({', '.join(f'{key}: {n}' for key, n in sorted(counts.items()))})" if counts else ""


def _require_owner(all_tables: list[Table]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c WHERE c.oid = ANY(%s::regclass[]) "
            "AND NOT pg_has_role(current_user, c.relowner, 'USAGE')",
            [[connection.ops.quote_name(table.name) for table in all_tables]],
        )
        foreign = sorted(row[0] for row in cursor.fetchall())
    if foreign:
        raise CommandError(
            f"This must run as the owner of the tables; {foreign[0]} belongs to another role. "
            "Run it through manage.py, with DATABASE_OWNER_URL set to the owner's address."
        )


def _key_ids(table: Table) -> Counter[str]:
    """How many values of the table stand under each key id. What is no token counts under ''."""
    found: Counter[str] = Counter()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL row_security = off")  # an error rather than a hidden row
        for column in table.columns:
            cursor.execute(
                sql.SQL(
                    "SELECT CASE WHEN split_part({c}, %(sep)s, 1) = %(format)s "
                    "THEN split_part({c}, %(sep)s, 2) ELSE '' END AS key_id, count(*) "
                    "FROM {t} WHERE {c} <> '' GROUP BY 1"
                ).format(c=column, t=table.identifier),
                {"sep": SEPARATOR, "format": FORMAT},
            )
            found.update(dict(cursor.fetchall()))
    return found


def _require_known(keys: KeyRing, counts: dict[str, Counter[str]]) -> None:
    for name, found in counts.items():
        for key_id, number in found.items():
            if not key_id:
                raise CommandError(
                    f"{name} holds {number} values that are not encrypted: they were written past "
                    "the application. Nothing was changed; find and correct them first."
                )
            if key_id not in keys.keys:
                raise CommandError(
                    f"{name} holds {number} values under the key {key_id!r}, which is not in "
                    f"FIELD_KEYS. Nothing was changed; put that key back after the newest, "
                    f"as in FIELD_KEYS=...,{key_id}:<its 32 bytes in base64>."
                )


def _rotate(table: Table, keys: KeyRing, size: int) -> int:
    """Rewrite the table's older rows batch by batch; the number of rows rewritten."""
    return sum(len(batch) for batch in _batches(table, keys, size))


def _batches(table: Table, keys: KeyRing, size: int) -> Iterator[list[Any]]:
    last: Any = None
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL row_security = off")
            # Keeps writers, not readers, away until the batch is committed.
            cursor.execute(
                sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(table.identifier)
            )
            triggers = _triggers(cursor, table)
            for trigger, _ in triggers:
                _alter_trigger(cursor, table, "DISABLE", trigger)
            cursor.execute(
                sql.SQL(
                    "SELECT {key}, {columns} FROM {table} WHERE {older} "
                    "AND (%(last)s::{type} IS NULL OR {key} > %(last)s::{type}) "
                    "ORDER BY {key} LIMIT %(size)s"
                ).format(
                    key=table.key,
                    columns=sql.SQL(", ").join(table.columns),
                    table=table.identifier,
                    older=table.older,
                    type=table.key_type,
                ),
                {"prefix": keys.prefix, "last": last, "size": size},
            )
            rows = cursor.fetchall()
            if rows:
                _write(cursor, table, [_renewed(table, keys, row) for row in rows])
                # Deferred checks are done now: a table with checks pending cannot be altered.
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for trigger, state in triggers:
                _alter_trigger(cursor, table, ENABLED[state], trigger)
        if not rows:
            return
        last = rows[-1][0]
        yield rows


def _triggers(cursor: Any, table: Table) -> list[tuple[str, str]]:
    """Name and state of the table's own triggers that are not disabled already."""
    cursor.execute(
        "SELECT tgname, tgenabled::text FROM pg_trigger "
        "WHERE tgrelid = %s::regclass AND NOT tgisinternal AND tgenabled <> 'D' ORDER BY tgname",
        [connection.ops.quote_name(table.name)],
    )
    return list(cursor.fetchall())


def _alter_trigger(cursor: Any, table: Table, act: str, trigger: str) -> None:
    cursor.execute(
        sql.SQL("ALTER TABLE {} {} TRIGGER {}").format(
            table.identifier, sql.SQL(act), sql.Identifier(trigger)
        )
    )


def _renewed(table: Table, keys: KeyRing, row: tuple[Any, ...]) -> list[Any]:
    """The key and the re-encrypted values of one row. A fault names the row, never its value."""
    values: list[Any] = [row[0]]
    for field, token in zip(table.fields, row[1:], strict=True):
        try:
            values.append(None if token is None else keys.reencrypt(token, field.context))
        except EncryptionError as fault:
            raise CommandError(
                f"{table.name}, row {row[0]}: {fault}. What was done before stays done."
            ) from None
        if token and key_id_of(values[-1]) != keys.newest:
            raise CommandError(f"{table.name}, row {row[0]}: the value was not rewritten.")
    return values


def _write(cursor: Any, table: Table, rows: list[list[Any]]) -> None:
    names = [sql.Identifier(f"v{number}") for number in range(len(table.fields))]
    cursor.execute(
        sql.SQL(
            "UPDATE {table} AS t SET {sets} "
            "FROM unnest(%s::{type}[], {arrays}) AS n(key, {names}) WHERE t.{key} = n.key"
        ).format(
            table=table.identifier,
            sets=sql.SQL(", ").join(
                sql.SQL("{} = n.{}").format(column, name)
                for column, name in zip(table.columns, names, strict=True)
            ),
            type=table.key_type,
            arrays=sql.SQL(", ").join([sql.SQL("%s::text[]")] * len(names)),
            names=sql.SQL(", ").join(names),
            key=table.key,
        ),
        [list(column) for column in zip(*rows, strict=True)],
    )
