"""The local servers: shared, recovering, gone when nobody needs them, and with honest roles."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from phpsupport.devservices import PROJECT, Place, ServicesFault, reset, services
from tests.jobs import wait_until

HOLD = """
import sys, time
from phpsupport.devservices import services
with services("run") as env:
    print(env["DATABASE_URL"], flush=True)
    time.sleep(60)
"""


@pytest.fixture
def place(monkeypatch) -> Iterator[Place]:
    """A local folder of this test's own, which everybody may walk through."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    monkeypatch.setenv("PHPSUPPORT_LOCAL", str(folder))
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    place = Place("run")
    yield place
    place.await_end()
    reset("run")
    shutil.rmtree(folder)


def _keeper(place: Place) -> int:
    import json

    return int(json.loads(place.state.read_text())["keeper"])


def _holder() -> "subprocess.Popen[str]":
    """Another process that uses the servers."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout
    assert holder.stdout.readline().startswith("postgresql://")
    return holder


def test_the_application_owns_nothing_and_the_owner_is_no_superuser(place):
    with services("run") as env:
        with psycopg.connect(env["DATABASE_OWNER_URL"]) as owner:
            owner.execute("CREATE EXTENSION btree_gist")
            owner.execute("CREATE EXTENSION pg_trgm")
            owner.execute("CREATE TABLE trail (id int)")
            may = owner.execute(
                "SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles "
                "WHERE rolname = current_user"
            ).fetchone()
            assert may == (False, True, False)
        with psycopg.connect(env["DATABASE_URL"]) as application:
            for forbidden in ("CREATE TABLE mine (id int)", "SELECT * FROM trail"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    application.execute(forbidden)
                application.rollback()
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                application.execute("SET session_replication_role = replica")
        assert redis.Redis.from_url(env["REDIS_URL"]).ping()


def test_nothing_listens_on_the_network_but_valkey_with_a_password(place):
    with services("run") as env:
        with psycopg.connect(env["DATABASE_OWNER_URL"]) as owner:
            assert owner.execute("SHOW listen_addresses").fetchone() == ("",)
        folder = Path(env["DATABASE_URL"].partition("host=")[2])
        assert folder.stat().st_mode & 0o077 == 0
        without = redis.Redis.from_url("redis://" + env["REDIS_URL"].partition("@")[2])
        with pytest.raises(redis.AuthenticationError):
            without.ping()


def test_data_is_kept_and_everything_is_gone_between_starts(place):
    with services("run") as env:
        folder = Path(env["DATABASE_URL"].partition("host=")[2])
        with psycopg.connect(env["DATABASE_OWNER_URL"]) as owner:
            owner.execute("CREATE TABLE kept AS SELECT 7 AS number")
    assert wait_until(lambda: not place.keeper_is_alive(), seconds=60)
    assert not folder.exists()
    with services("run") as env, psycopg.connect(env["DATABASE_OWNER_URL"]) as owner:
        assert owner.execute("SELECT number FROM kept").fetchone() == (7,)


def test_a_second_user_joins_and_the_last_one_out_stops_the_servers(place):
    with services("run"):
        holder = _holder()
        keeper = _keeper(place)
    assert place.keeper_is_alive()
    with services("run"):
        assert _keeper(place) == keeper
        holder.kill()
        holder.wait()
    assert wait_until(lambda: not place.keeper_is_alive(), seconds=60)


def test_servers_go_when_their_user_is_killed(place):
    holder = _holder()
    holder.kill()
    holder.wait()
    assert wait_until(lambda: not place.keeper_is_alive(), seconds=60)
    assert not place.state.exists()


def test_a_killed_keeper_takes_the_servers_along_and_the_next_start_recovers(place):
    with services("run") as env:
        with psycopg.connect(env["DATABASE_OWNER_URL"], autocommit=True) as owner:
            owner.execute("CREATE TABLE kept AS SELECT 7 AS number")
        os.kill(_keeper(place), signal.SIGKILL)
        assert wait_until(lambda: not place.keeper_is_alive(), seconds=60)
    with services("run") as env, psycopg.connect(env["DATABASE_OWNER_URL"]) as owner:
        assert owner.execute("SELECT number FROM kept").fetchone() == (7,)


def test_reset_forgets_but_not_while_in_use(place):
    with services("run") as env:
        with psycopg.connect(env["DATABASE_OWNER_URL"], autocommit=True) as owner:
            owner.execute("CREATE TABLE kept AS SELECT 7 AS number")
        with pytest.raises(ServicesFault, match="stop it first"):
            reset("run")
    reset("run")
    with services("run") as env, psycopg.connect(env["DATABASE_OWNER_URL"]) as owner:
        assert owner.execute("SELECT to_regclass('kept')").fetchone() == (None,)


def test_given_servers_are_used_and_nothing_is_started(place, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://somebody@db.example/app")
    monkeypatch.setenv("REDIS_URL", "redis://broker.example/0")
    with services("run") as env:
        assert env == {
            "DATABASE_URL": "postgresql://somebody@db.example/app",
            "REDIS_URL": "redis://broker.example/0",
        }
    assert not place.folder.exists()


@pytest.mark.skipif(os.getuid() != 0, reason="only root has to lend the database another account")
def test_a_folder_others_cannot_enter_is_no_hindrance_for_root(place, monkeypatch):
    place.root.chmod(0o700)
    hidden = place.root / "hidden"
    hidden.mkdir(mode=0o700)
    monkeypatch.setenv("PHPSUPPORT_LOCAL", str(hidden / "local"))
    here, elsewhere = Place("run").data_candidates()
    with services("run") as env, psycopg.connect(env["DATABASE_OWNER_URL"]) as owner:
        assert owner.execute("SELECT 1").fetchone() == (1,)
        assert elsewhere.exists()
        assert not here.exists()
    reset("run")
    assert not elsewhere.exists()


def test_a_folder_that_cannot_be_written_is_named(monkeypatch):
    monkeypatch.setenv("PHPSUPPORT_LOCAL", "/proc/nowhere")
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ServicesFault, match="/proc/nowhere"), services("run"):
        pass
