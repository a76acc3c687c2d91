"""Test databases: made by the owner, copied from a migrated template, used by the application."""

import fcntl
import os
import subprocess
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.db import connection
from psycopg import sql

from phpsupport.devservices import PROJECT, Place
from phpsupport.lib import env
from phpsupport.runner import MIGRATE

# Rows that belong to the schema: Django makes them with the tables.
KEPT_TABLES = {"django_migrations", "django_content_type", "auth_permission"}
TEMPLATE = "template_phpsupport_"
TEMPLATES_KEPT = 3
# What decides how a freshly migrated database looks.
PACKAGES = ("phpsupport", "participants", "facilitators", "sessions")
DECISIVE = (
    *(f"{package}/**/migrations/*.py" for package in PACKAGES),
    *(f"{package}/**/models.py" for package in PACKAGES),
    *(f"{package}/**/models/*.py" for package in PACKAGES),
    "phpsupport/lib/*.py",
    "phpsupport/audit/privileges.py",
    "requirements-dev.txt",
)


def owner_url() -> str:
    return os.environ.get("DATABASE_OWNER_URL") or os.environ["DATABASE_URL"]


def owner() -> dict[str, Any]:
    """Django's connection settings that differ between owner and application."""
    name = "DATABASE_OWNER_URL" if os.environ.get("DATABASE_OWNER_URL") else "DATABASE_URL"
    found = env.database(name)
    return {key: found[key] for key in ("USER", "PASSWORD", "HOST", "PORT")}


def owner_connection(database: str | None = None) -> "psycopg.Connection[Any]":
    """A connection as the owner, to the test database where none is named."""
    known = owner()
    return psycopg.connect(
        dbname=database or connection.settings_dict["NAME"],
        user=known["USER"],
        password=known["PASSWORD"] or None,
        host=known["HOST"] or None,
        port=known["PORT"] or None,
        autocommit=True,
    )


def name_of_this_run(config: pytest.Config) -> str:
    """A database of its own for each run, so that two never meet; a kept one has one name."""
    name = os.environ.get("PHPSUPPORT_TEST_DB")
    if not name:
        name = "kept" if config.getoption("reuse_db") else f"run{os.getpid()}"
    return f"test_phpsupport_{name}"


def migrated_template() -> str:
    """The name of a database with the present schema, made once per state of the migrations."""
    name = TEMPLATE + _fingerprint()
    place = Place("test")
    place.make()
    with (place.folder / "template.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with owner_connection("postgres") as server:
            there = [
                row[0]
                for row in server.execute(
                    "SELECT datname FROM pg_database WHERE starts_with(datname, %s) "
                    "ORDER BY oid DESC",
                    [TEMPLATE],
                )
            ]
            if name not in there:
                _make_template(server, name)
                for old in there[TEMPLATES_KEPT - 1 :]:
                    drop = sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(old))
                    server.execute(drop)
    return name


def _make_template(server: "psycopg.Connection[Any]", name: str) -> None:
    making = f"making_{name}"
    words = {"making": sql.Identifier(making), "name": sql.Identifier(name)}
    server.execute(sql.SQL("DROP DATABASE IF EXISTS {making}").format(**words))
    server.execute(sql.SQL("CREATE DATABASE {making}").format(**words))
    url = urlunsplit(urlsplit(owner_url())._replace(path=f"/{making}"))
    done = subprocess.run(
        [*MIGRATE, "--verbosity=0", "--skip-checks"],
        cwd=PROJECT,
        env=os.environ | {"DATABASE_OWNER_URL": url, "DATABASE_ROLE": "owner"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise pytest.UsageError(f"The migrations do not run:\n{done.stderr[-4000:]}")
    server.execute(sql.SQL("ALTER DATABASE {making} RENAME TO {name}").format(**words))


def _fingerprint() -> str:
    seen = sha256()
    files = {file for pattern in DECISIVE for file in PROJECT.glob(pattern)}
    for file in sorted(files):
        seen.update(f"{file.relative_to(PROJECT)}\n".encode() + file.read_bytes())
    return seen.hexdigest()[:16]


def empty_the_tables(case: object = None) -> None:
    """In place of Django's flush: only tables with rows, as owner, past append-only triggers."""
    connection.close()
    with owner_connection() as server:
        tables = [
            row[0]
            for row in server.execute(
                "SELECT quote_ident(relname) FROM pg_class WHERE relkind IN ('r', 'p') "
                "AND relnamespace = 'public'::regnamespace AND relname <> ALL(%s)",
                [list(KEPT_TABLES)],
            )
        ]
        asked = " UNION ALL ".join(
            f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {table})" for table in tables
        )
        full = [row[0] for row in server.execute(asked)] if asked else []
        if full:
            server.execute("SET lock_timeout = '20s'")
            if _may_pass_triggers(server):
                server.execute("SET session_replication_role = replica")
            _delete_all(server, full)


def _delete_all(server: "psycopg.Connection[Any]", tables: list[str]) -> None:
    """Once what a page had still under way is through. Few rows are deleted sooner than truncated."""
    for last in (False, False, False, True):
        try:
            with server.transaction():
                server.execute(f"LOCK TABLE {', '.join(tables)} IN SHARE ROW EXCLUSIVE MODE")
                for table in tables:
                    server.execute(f"DELETE FROM {table}")
            return
        except (psycopg.errors.DeadlockDetected, psycopg.errors.LockNotAvailable):
            if last:
                raise


def _may_pass_triggers(server: "psycopg.Connection[Any]") -> bool:
    found = server.execute(
        "SELECT has_parameter_privilege(current_user, 'session_replication_role', 'SET')"
    ).fetchone()
    return bool(found and found[0])
