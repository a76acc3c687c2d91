"""Every address × method × role × relation. An address without a row in the table fails."""

import inspect
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from phpsupport.access.gate import allow
from phpsupport.access.grants import GrantedQuerySet
from phpsupport.access.roles import Role
from tests import factories as make
from tests.access.table import ACCOUNT_PAGES, TABLE, Open, Page, Switch, Thing
from tests.access.world import World, build

METHODS = ("GET", "POST", "PUT", "DELETE")
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="\w+"')
RELATIONS = ("own", "same", "other", "nobody")


def addresses() -> dict[str, URLPattern]:
    """Every named address of the application; one without a name is told by its route."""

    def walk(resolver: URLResolver, space: str) -> Iterator[tuple[str, URLPattern]]:
        for pattern in resolver.url_patterns:
            if isinstance(pattern, URLResolver):
                inner = ":".join(part for part in (space, pattern.namespace or "") if part)
                yield from walk(pattern, inner)
            else:
                yield (
                    f"{space}:{pattern.name}" if space else str(pattern.name or pattern.pattern),
                    pattern,
                )

    return dict(walk(get_resolver(), ""))


ADDRESSES = addresses()


def test_every_address_is_in_the_table_and_no_other() -> None:
    listed = {name for name in ADDRESSES if not name.startswith(ACCOUNT_PAGES)}
    assert listed == set(TABLE), "add the address to tests/access/table.py, with who may open it"


@contextmanager
def undone() -> Iterator[None]:
    """Whatever a request changes is taken back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def ask(client: Client, method: str, url: str) -> HttpResponse:
    with undone():
        return getattr(client, method.lower())(url)  # type: ignore[no-any-return]


def answer(response: HttpResponse) -> str:
    """What an answer amounts to: open, sign in, refused, not there, not so, or broken."""
    status = response.status_code
    if status == 302 and response["Location"].startswith("/accounts/login/"):
        return "sign in"
    if status in {200, 204, 302, 400, 409, 422}:
        return "open"
    return {403: "refused", 404: "not there", 405: "not so"}.get(status, f"broken: {status}")


def url_of(name: str, row: Open | Page | Thing, world: World, relation: str) -> str:
    if isinstance(row, Thing):
        rows = {row.arg: row.kind, **row.also}
        things = world.things[relation]
        return reverse(
            name, kwargs={**row.fixed, **{arg: things[kind] for arg, kind in rows.items()}}
        )
    return reverse(name, kwargs=row.kwargs if isinstance(row, Open) else {})


def expected(row: Page | Thing, role: Role | None, relation: str, method: str) -> set[str]:
    """What must be answered to the role, for a method that the address takes."""
    if role is None:
        return {"sign in"}
    if isinstance(row, Switch):
        return {"not there"}
    if isinstance(row, Page):
        return {"open"} if role in row.may else {"refused"}
    if role not in row.opened:
        return {"refused"}
    if relation in {"other", "nobody"}:
        return {"not there"}
    if role in (row.own if relation == "own" else row.same):
        return {"refused"} if method == "POST" and role in row.reads else {"open"}
    return {"refused"} if role in row.refused else {"not there"}


def faults(name: str, world: World, clients: dict[Role | None, Client]) -> list[str]:
    """Where the address answers otherwise than the table says."""
    row = TABLE[name]
    found: list[str] = []

    def check(who: str, method: str, relation: str, got: str, wanted: set[str]) -> None:
        if got not in wanted:
            found.append(
                f"{method} {name} {relation} as {who}: {got}, not {' or '.join(sorted(wanted))}"
            )

    if isinstance(row, Open):
        url = url_of(name, row, world, "own")
        for who in (None, Role.PARTICIPANT):
            status = ask(clients[who], "GET", url).status_code
            if "GET" in row.methods and status != row.expect:
                found.append(f"GET {name}: {status}, not {row.expect}")
        for method in METHODS:
            if method not in row.methods:
                check("anybody", method, "own", answer(ask(clients[None], method, url)), {"not so"})
        return found

    not_there: dict[object, set[str]] = {}
    for relation in RELATIONS if isinstance(row, Thing) else ("own",):
        url = url_of(name, row, world, relation)
        for role, client in clients.items():
            # Whom the gate refuses it refuses before it knows whose row is meant.
            if relation != "own" and isinstance(row, Thing) and role not in row.opened:
                continue
            for method in row.methods.split():
                response = ask(client, method, url)
                got = answer(response)
                check(
                    str(role or "a stranger"),
                    method,
                    relation,
                    got,
                    expected(row, role, relation, method),
                )
                if got == "not there":
                    not_there.setdefault((role, method), set()).add(TOKEN.sub("", response.text))
    anyone = next(iter(row.opened if isinstance(row, Thing) else row.may))
    for method in METHODS:
        if method not in row.methods:
            url = url_of(name, row, world, "own")
            check(anyone, method, "own", answer(ask(clients[anyone], method, url)), {"not so"})
    if any(len(pages) > 1 for pages in not_there.values()):
        found.append(f"{name}: a foreign row and a missing one must look the same")
    return found


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Built once; every test stands in a transaction inside this one."""
    with django_db_blocker.unblock(), undone():
        yield build()


@pytest.fixture(scope="module")
def clients(world: World) -> dict[Role | None, Client]:
    made: dict[Role | None, Client] = {None: Client(raise_request_exception=False)}
    for role, user in world.users.items():
        made[role] = Client(raise_request_exception=False)
        made[role].force_login(user)
    return made


pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", sorted(TABLE))
def test_who_may(name: str, world: World, clients: dict[Role | None, Client]) -> None:
    assert faults(name, world, clients) == []


def test_somebody_without_a_role_opens_nothing(world: World) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(make.make_user())
    for name, row in TABLE.items():
        if isinstance(row, Thing):
            got = answer(ask(client, row.methods.split()[0], url_of(name, row, world, "own")))
            assert got == "refused", name
        elif isinstance(row, Page) and row.may != frozenset(Role):
            assert (
                answer(ask(client, row.methods.split()[0], url_of(name, row, world, "own")))
                == "refused"
            ), name


@contextmanager
def planted(name: str, view: Callable[..., Any]) -> Iterator[None]:
    """The address with another view behind it."""
    with mock.patch.object(ADDRESSES[name], "callback", view):
        yield


def test_a_missing_gate_is_found(world: World, clients: dict[Role | None, Client]) -> None:
    def everybody(request: Any, **kwargs: Any) -> HttpResponse:
        return HttpResponse("here you are")

    for name in ("office:people", "office:end-role"):
        with planted(name, everybody):
            told = faults(name, world, clients)
        assert any("a stranger" in line for line in told)
        assert any("participant" in line for line in told)
    assert any("other" in line for line in told)


@pytest.mark.parametrize("name", ["office:people", "office:trail", "sessions:session-move"])
def test_a_gate_that_lets_every_role_in_is_found(
    name: str, world: World, clients: dict[Role | None, Client]
) -> None:
    view = inspect.unwrap(ADDRESSES[name].callback)
    with planted(name, allow(*Role, methods=TABLE[name].methods.split())(view)):
        told = faults(name, world, clients)
    assert any("as participant" in line for line in told)
    assert not any("as a stranger" in line for line in told)


@pytest.mark.parametrize(
    ("name", "relation"),
    [
        ("participants:detail", "same"),
        ("participants:detail", "other"),
        ("sessions:participant-record", "same"),
        ("sessions:session", "other"),
        ("facilitators:concern", "other"),
    ],
)
def test_rows_loaded_past_the_grants_are_found(
    name: str, relation: str, world: World, clients: dict[Role | None, Client]
) -> None:
    with mock.patch.object(GrantedQuerySet, "visible_to", lambda rows, user: rows):
        told = faults(name, world, clients)
    assert any(f"{name} {relation} as" in line for line in told)
