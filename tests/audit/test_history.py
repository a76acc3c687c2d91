"""The database's own row history: no way of writing goes past it, and it says who and when."""

import ast
import re
from typing import Any
from uuid import UUID

import pghistory
import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse
from pghistory.core import event_models

from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.devservices import PROJECT
from phpsupport.programs.models import Closure, Program
from tests import factories as make

PACKAGES = ("phpsupport", "participants", "facilitators", "sessions")
History = apps.get_model("programs", "ClosureEvent")


@pytest.fixture
def program(db: None) -> Program:
    return make.make_program()


def closure(program: Program, day: str = "2027-01-01", reason: str = "New Year") -> Closure:
    return Closure(program=program, date=day, reason=reason)


def seen(label: str) -> list[str]:
    rows = History.objects.filter(pgh_label=label).order_by("pgh_id")
    return list(rows.values_list("reason", flat=True))


def test_single_bulk_and_raw_writes_are_all_seen(program: Program) -> None:
    one = closure(program)
    one.save()
    Closure.objects.bulk_create([closure(program, f"2027-02-0{n}", f"r{n}") for n in (1, 2, 3)])
    assert seen("insert") == ["New Year", "r1", "r2", "r3"]

    Closure.objects.filter(reason__startswith="r").update(reason="snow")
    assert seen("update") == ["snow"] * 3
    rows = list(Closure.objects.filter(reason="snow"))
    for row in rows:
        row.reason = "ice"
    Closure.objects.bulk_update(rows, ["reason"])
    assert seen("update") == ["snow"] * 3 + ["ice"] * 3
    with connection.cursor() as cursor:
        cursor.execute("UPDATE programs_closure SET reason = 'raw' WHERE reason = 'ice'")
        cursor.execute("DELETE FROM programs_closure WHERE reason = 'raw'")
    assert seen("update")[6:] == ["raw"] * 3
    assert seen("delete") == ["raw"] * 3
    one.delete()
    assert seen("delete") == ["raw"] * 3 + ["New Year"]


def test_what_did_not_change_is_no_entry(program: Program) -> None:
    closure(program).save()
    Closure.objects.update(reason="New Year")
    assert seen("update") == []


def test_a_sent_form_tells_who_and_in_which_request(program: Program, client: Client) -> None:
    user = make.make_staff(program, Role.SCHEDULER)
    client.force_login(user)
    client.post(reverse("office:closures"), {"date": "2027-07-05", "reason": "Holiday"})
    entry = History.objects.get(reason="Holiday")
    told = AuditEvent.objects.get(action="day.closed")
    assert entry.pgh_context == {"user": str(user.pk), "request": str(told.request_id)}
    assert isinstance(told.request_id, UUID)
    assert told.actor_id == user.pk
    client.post(reverse("office:closures"), {"date": "2027-07-06", "reason": "Another"})
    assert AuditEvent.objects.filter(request_id=told.request_id).count() == 1


def test_a_bulk_write_within_a_request_carries_the_context(program: Program) -> None:
    with pghistory.context(user="u", request="r"):
        Closure.objects.bulk_create([closure(program, f"2027-03-0{n}") for n in (1, 2)])
        Closure.objects.update(reason="x")
    assert {str(e.pgh_context) for e in History.objects.all()} == {"{'user': 'u', 'request': 'r'}"}


# Tables that hold no person's data, or that keep their own history.
UNTRACKED = {
    "outbox.OutboxMessage": "its own states; ids only, no words",
    "group_sessions.GroupNoteDraft": "saved as one types; what is signed of it is written once",
    "group_sessions.ProgressNoteDraft": "saved as one types; what is signed of it is written once",
}


def test_every_table_of_ours_has_a_history_or_is_written_once() -> None:
    from phpsupport.lib.models import AppendOnly

    tracked = {event.pgh_tracked_model for event in event_models()}
    for model in apps.get_models():
        if not model.__module__.startswith(PACKAGES) or model in event_models():
            continue
        if issubclass(model, AppendOnly) or model._meta.label in UNTRACKED:
            continue
        assert model in tracked, f"{model._meta.label} needs @tracked()"


# --- what would go past the history's context (pitfalls of pghistory) -------------------------------
def calls(tree: ast.AST) -> set[str]:
    return {
        node.func.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }


def test_nothing_writes_in_ways_that_lose_the_context() -> None:
    """`executemany()` fails inside the context, COPY forgets it, server-side binding breaks it."""
    for package in PACKAGES:
        for file in (PROJECT / package).rglob("*.py"):
            text = file.read_text()
            named = str(file.relative_to(PROJECT))
            # COPY belongs to the cursor; `copy` of Python and of querysets is another thing.
            assert not calls(ast.parse(text)) & {"executemany", "copy_from", "copy_expert"}, named
            assert not re.search(r"\bCOPY\s+\w+.*\b(FROM|TO)\s+(STDIN|STDOUT)", text, re.I), named
    options: Any = settings.DATABASES["default"].get("OPTIONS") or {}
    assert not options.get("server_side_binding")


def test_the_ban_sees_what_it_bans() -> None:
    assert "executemany" in calls(ast.parse("cursor.executemany('INSERT', rows)"))
