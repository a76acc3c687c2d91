"""What every test stands on: the database as owner for its making, as application for its use."""

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from django.test import TransactionTestCase

from phpsupport.lib import env

# Rows that belong to the schema: Django makes them with the tables.
KEPT_TABLES = {"django_migrations", "django_content_type", "auth_permission"}


def pytest_configure(config: pytest.Config) -> None:
    # Argon2 is slow on purpose; its own test names it.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = _database_name(config)


def _database_name(config: pytest.Config) -> str:
    name = os.environ.get("PHPSUPPORT_TEST_DB")
    if not name:
        # A name of its own for each run, so that two runs never meet; a kept database has one name.
        name = "kept" if config.getoption("reuse_db") else f"run{os.getpid()}"
    return f"test_phpsupport_{name}"


# ---------------------------------------------------------------- owner and application


def _owner() -> dict[str, Any]:
    url = os.environ.get("DATABASE_OWNER_URL")
    found = env.database("DATABASE_OWNER_URL" if url else "DATABASE_URL")
    return {key: found[key] for key in ("USER", "PASSWORD", "HOST", "PORT")}


@pytest.fixture(scope="session")
def _made_by_the_owner() -> Iterator[dict[str, Any]]:
    application = {key: connection.settings_dict[key] for key in _owner()}
    connection.settings_dict.update(_owner())
    yield application
    connection.settings_dict.update(_owner())


@pytest.fixture(scope="session")
def django_db_setup(
    _made_by_the_owner: dict[str, Any], django_db_setup: None, django_db_blocker: Any
) -> Iterator[None]:
    """The test database, made and migrated by its owner; the tests use it as the application."""
    with django_db_blocker.unblock():
        connection.close()
        connection.settings_dict.update(_made_by_the_owner)
        yield
        connection.close()
        connection.settings_dict.update(_owner())


def owner_connection() -> "psycopg.Connection[Any]":
    """A connection to the test database as its owner, for what the application may not do."""
    owner = _owner()
    return psycopg.connect(
        dbname=connection.settings_dict["NAME"],
        user=owner["USER"],
        password=owner["PASSWORD"] or None,
        host=owner["HOST"] or None,
        port=owner["PORT"] or None,
        autocommit=True,
    )


@pytest.fixture
def as_owner(transactional_db: None) -> Iterator["psycopg.Connection[Any]"]:
    """The owner's own connection, for tests of triggers and privileges."""
    with owner_connection() as owner:
        yield owner


def _empty_the_tables(case: TransactionTestCase) -> None:
    """In place of Django's flush: only tables with rows, as owner, past append-only triggers."""
    connection.close()
    with owner_connection() as owner:
        tables = [
            row[0]
            for row in owner.execute(
                "SELECT quote_ident(relname) FROM pg_class WHERE relkind IN ('r', 'p') "
                "AND relnamespace = 'public'::regnamespace AND relname <> ALL(%s)",
                [list(KEPT_TABLES)],
            )
        ]
        asked = " UNION ALL ".join(
            f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {table})"
            for table in tables
        )
        full = [row[0] for row in owner.execute(asked)] if asked else []
        if full:
            owner.execute("SET lock_timeout = '20s'")
            if _may_pass_triggers(owner):
                owner.execute("SET session_replication_role = replica")
            owner.execute(f"TRUNCATE {', '.join(full)} RESTART IDENTITY CASCADE")


def _may_pass_triggers(owner: "psycopg.Connection[Any]") -> bool:
    found = owner.execute(
        "SELECT has_parameter_privilege(current_user, 'session_replication_role', 'SET')"
    ).fetchone()
    return bool(found and found[0])


TransactionTestCase._fixture_teardown = _empty_the_tables  # type: ignore[method-assign]


# ---------------------------------------------------------------- the broker and the cache


@pytest.fixture(autouse=True)
def _empty_broker_and_cache() -> None:
    """Rate limits, queues and heartbeats of the test before are gone."""
    _store().flushdb()


_client: Any = None


def _store() -> Any:
    global _client
    if _client is None:
        import redis

        _client = redis.Redis.from_url(settings.REDIS_URL)
    return _client
