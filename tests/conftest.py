"""What every test stands on: the database as the application's role, an empty broker and cache."""

import functools
import os
from collections.abc import Iterator
from typing import Any

import hypothesis
import psycopg
import pytest
import redis
from django.conf import settings
from django.db import connection
from django.test import TransactionTestCase

from tests import databases

# How long an example takes says more about the machine than about the code. The suite draws the same
# examples each time; `make test ARGS=--hypothesis-profile=explore` looks for new ones.
hypothesis.settings.register_profile("suite", deadline=None, derandomize=True, database=None)
hypothesis.settings.register_profile("explore", deadline=None)
hypothesis.settings.load_profile("suite")


def pytest_configure(config: pytest.Config) -> None:
    # Argon2 is slow on purpose; its own test names it.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    known = settings.DATABASES["default"].setdefault("TEST", {})
    known["NAME"] = databases.name_of_this_run(config)


@pytest.fixture(scope="session")
def _made_by_the_owner() -> Iterator[dict[str, Any]]:
    """Around the making and the taking away of the test database."""
    application = {key: connection.settings_dict[key] for key in databases.owner()}
    connection.settings_dict.update(databases.owner())
    connection.settings_dict["TEST"]["TEMPLATE"] = databases.migrated_template()
    yield application
    connection.settings_dict.update(databases.owner())


@pytest.fixture(scope="session")
def django_db_setup(
    _made_by_the_owner: dict[str, Any], django_db_setup: None, django_db_blocker: Any
) -> Iterator[None]:
    """The test database, made and migrated by its owner; the tests use it as the application."""
    with django_db_blocker.unblock():
        connection.close()
        connection.settings_dict.update(_made_by_the_owner)
    yield
    with django_db_blocker.unblock():
        connection.close()
        connection.settings_dict.update(databases.owner())


TransactionTestCase._fixture_teardown = databases.empty_the_tables  # type: ignore[method-assign]


@pytest.fixture
def as_owner(transactional_db: None) -> Iterator["psycopg.Connection[Any]"]:
    """The owner's own connection, for tests of triggers and privileges."""
    with databases.owner_connection() as owner:
        yield owner


@pytest.fixture(autouse=True)
def _empty_broker_and_cache() -> None:
    """Rate limits, queues and signs of life of the test before are gone."""
    _broker().flushdb()


@functools.cache
def _broker() -> "redis.Redis":
    """A patient client: the application's own gives up after a second."""
    return redis.Redis.from_url(os.environ["REDIS_URL"], socket_timeout=60)
