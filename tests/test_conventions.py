"""The rules of the house that no linter knows: templates, words, grants, seals, safe requests."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver

from phpsupport.access.grants import _rules
from phpsupport.devservices import PROJECT
from phpsupport.lib.models import AppendOnly
from tests.access.table import TABLE, Open, Thing
from tests.access.test_matrix import url_of
from tests.access.world import build

PACKAGES = ("phpsupport", "participants", "facilitators", "sessions")
TEMPLATES = sorted((PROJECT / "templates").rglob("*.html"))
CODE = sorted(file for package in PACKAGES for file in (PROJECT / package).rglob("*.py"))


def named(file: Path) -> str:
    return str(file.relative_to(PROJECT))


# --- templates ----------------------------------------------------------------------------------------
INLINE = {
    "a script without a source": r"<script(?![^>]*\b(src=|type=\"application/json\"))[^>]*>",
    "a style element": r"<style\b",
    "a style attribute": r"\sstyle\s*=",
    "an on… attribute": r"<[^>]*\son[a-z]+\s*=\s*[\"']",
    "a javascript: address": r"javascript:",
    "|safe": r"\|\s*safe\b",
    "autoescape off": r"autoescape\s+off",
    "another host": r"(?:src|href|action)=\"(?:https?:)?//(?!www\.weather\.gov/\")",
}
# Letters are read by mail programs, which know no stylesheets.
LETTERS = "templates/email/"
MAY = {
    "templates/bootstrap5/layout/help_text.html": ["|safe"],  # help texts are the code's own words
}


def faults_of_template(text: str) -> list[str]:
    text = re.sub(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", "", text, flags=re.DOTALL)
    return [what for what, pattern in INLINE.items() if re.search(pattern, text, re.IGNORECASE)]


@pytest.mark.parametrize("file", TEMPLATES, ids=named)
def test_templates_carry_nothing_inline(file: Path) -> None:
    found = faults_of_template(file.read_text())
    if named(file).startswith(LETTERS):
        found = [f for f in found if f != "a style attribute"]
    assert found == MAY.get(named(file), [])


@pytest.mark.parametrize(
    "text",
    [
        "<script>x</script>", '<p style="color: red">', "<STYLE>", '<a onclick="x()">', "{{ x|safe }}",
        '<a href="javascript:x">', '<script src="//cdn.example/x.js"></script>', "{{ x | safe }}",
    ],
)  # fmt: skip
def test_what_is_inline_is_seen(text: str) -> None:
    assert faults_of_template(text)


def test_every_page_stands_in_a_frame() -> None:
    """A page extends another; what is a whole document itself, or a part, says so by name or place."""
    documents = {"base.html", "entrance.html", "500.html"}
    parts = ("components/", "email/", "bootstrap5/", "allauth/elements/")
    for file in TEMPLATES:
        place = str(file.relative_to(PROJECT / "templates"))
        if place in documents or place.startswith(parts) or "/snippets/" in place:
            continue
        if file.name.startswith("_"):
            assert "<html" not in file.read_text(), place
        else:
            assert re.search(r"\{%\s*extends\s", file.read_text()), f"{place} stands alone"


def test_every_form_that_is_sent_carries_its_token() -> None:
    for file in TEMPLATES:
        for form in re.findall(r"<form\b[^>]*>.*?</form>", file.read_text(), re.DOTALL):
            if re.search(r"method=\"post\"", form, re.IGNORECASE):
                assert "{% csrf_token %}" in form or "{% crispy" in form, named(file)


# --- code -----------------------------------------------------------------------------------------------
BANNED_CALLS = {
    "csrf_exempt": "forms are protected, always",
    "extra": "raw parts of SQL belong into a database function with parameters",
    "eval": "never",
    "exec": "never",
    "RawSQL": "use a Func with parameters",
}
BANNED_IMPORTS = {"pickle", "marshal", "shelve", "dill"}
# mark_safe is for constants alone.
MAY_MARK_SAFE: dict[str, str] = {
    "phpsupport/lib/templatetags/look.py": "constant attributes, and parts that format_html made",
}


def called(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                yield node.func.attr
            elif isinstance(node.func, ast.Name):
                yield node.func.id
        elif isinstance(node, ast.FunctionDef):
            yield from (d.id for d in node.decorator_list if isinstance(d, ast.Name))


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


@pytest.mark.parametrize("file", CODE, ids=named)
def test_code_keeps_off_what_is_unsafe(file: Path) -> None:
    tree = ast.parse(file.read_text())
    used = set(called(tree))
    assert not used & BANNED_CALLS.keys()
    assert not set(imported(tree)) & BANNED_IMPORTS
    if named(file) not in MAY_MARK_SAFE:
        assert "mark_safe" not in used


NOT_USED = ("service", "case", "patient", "util", "helper", "common", "manager")
# Words of Django and of operating systems.
ALLOWED_NAMES = {"UserManager": "Django's word for what makes rows", "ServicesFault": "of servers"}


def test_modules_and_classes_use_the_glossarys_words() -> None:
    def parts(name: str) -> set[str]:
        words = re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower().split("_")
        return {word.rstrip("s") for word in words} | set(words)

    for file in CODE:
        names = [file.stem, file.parent.name]
        tree = ast.parse(file.read_text())
        names += [n.name for n in ast.walk(tree) if isinstance(n, ast.ClassDef)]
        for name in names:
            if name not in ALLOWED_NAMES:
                assert not parts(name) & set(NOT_USED), f"{named(file)}: {name}"


def test_the_clock_is_read_in_one_place() -> None:
    """Views, tasks and commands ask phpsupport.lib.clock; what is below gets the time handed down."""
    for file in CODE:
        if named(file) in {"phpsupport/lib/clock.py"}:
            continue
        tree = ast.parse(file.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                asked = ast.unparse(node.func)
                assert asked not in {
                    "timezone.now", "datetime.now", "datetime.utcnow", "date.today", "datetime.today",
                }, f"{named(file)}: {asked}"  # fmt: skip


# --- rows -----------------------------------------------------------------------------------------------
OURS = [m for m in apps.get_models() if m.__module__.startswith(PACKAGES)]
# Rows about a person or a program that no page loads by themselves: they come with their parent.
WITH_THEIR_PARENT = {
    "access.RoleAssignment": "the office loads them by the programs one staffs",
    "access.Invitation": "the office loads them by the programs one staffs",
    "programs.Closure": "the office loads them by the programs one plans",
    "programs.PolicyProfile": "the office shows those of the program one leads",
    "outbox.OutboxMessage": "counted beside its session; no page opens one",
    "participants.ContactPoint": "with the participant",
    "participants.ChannelConsent": "with the participant",
    "facilitators.NamedInConcern": "with the concern",
    "facilitators.ConcernStep": "with the concern",
    "participants.LevelOfCareChange": "with the stay",
    "participants.CareTeamMembership": "with the stay",
    "facilitators.Availability": "with the facilitator",
    "facilitators.Leave": "with the facilitator",
    "facilitators.TrainingRecord": "with the facilitator",
    "facilitators.Certification": "with the facilitator",
    "facilitators.ClearanceOverride": "with the facilitator",
    "group_sessions.SeriesFacilitator": "with the series",
    "group_sessions.SessionFacilitator": "with the session",
    "group_sessions.Cosignature": "with the note",
    "group_sessions.Addendum": "with the note",
    "group_sessions.NoteVoid": "with the note",
    "group_sessions.SafetyAlert": "with the safety concern",
    "group_sessions.SafetyEntry": "with the safety concern",
}


LEADS_TO_PEOPLE = {
    "participant", "program", "program_id", "episode", "organization", "facilitator", "session",
    "concern", "group_note", "progress_note",
}  # fmt: skip


def about_people(model: type[models.Model]) -> bool:
    """Whether rows point at a participant or belong to a program."""
    fields = {f.name for f in model._meta.get_fields() if getattr(f, "concrete", False)}
    return bool(fields & LEADS_TO_PEOPLE)


def test_rows_about_people_have_grants_or_come_with_their_parent() -> None:
    open_models = {m for m in OURS if about_people(m) and not hasattr(m, "pgh_tracked_model")}
    for model in open_models:
        name = model._meta.label
        if name in {"programs.Program", "programs.Site", "audit.AuditEvent"}:
            continue
        if name not in WITH_THEIR_PARENT:
            assert _rules.get(model), f"{name} needs a grant, or a line in WITH_THEIR_PARENT"


def test_the_exceptions_are_still_needed() -> None:
    assert set(WITH_THEIR_PARENT) <= {m._meta.label for m in OURS}
    assert not [m._meta.label for m in _rules if m._meta.label in WITH_THEIR_PARENT]


def test_what_has_grants_is_asked_through_them() -> None:
    for model in _rules:
        assert hasattr(model._default_manager.all(), "visible_to"), model


def test_sealed_tables_are_sealed_by_a_migration() -> None:
    text = "".join(
        file.read_text()
        for package in PACKAGES
        for file in (PROJECT / package).rglob("migrations/*.py")
    )
    for model in OURS:
        if issubclass(model, AppendOnly):
            assert f'SealTable("{model._meta.db_table}")' in text, model._meta.label


def test_no_admin_and_no_login_beside_ours() -> None:
    assert "django.contrib.admin" not in settings.INSTALLED_APPS
    assert not [p for p in get_resolver().url_patterns if "admin" in str(p.pattern)]


# --- requests -------------------------------------------------------------------------------------------
WRITTEN_BY_READING = ("audit_auditevent", "django_session")


def test_reading_changes_nothing(db: None) -> None:
    """Every page of the table, opened by everybody whom it is for, writes the trail and nothing else."""
    from django.db import connection

    world = build()
    clients = {role: Client() for role in world.users}
    for role, client in clients.items():
        client.force_login(world.users[role])
    wrote = re.compile(r"^\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+\"?(\w+)", re.IGNORECASE)
    opened = 0
    for name, row in TABLE.items():
        if "GET" not in row.methods:
            continue
        may = (
            {next(iter(clients))}
            if isinstance(row, Open)
            else row.own
            if isinstance(row, Thing)
            else row.may
        )
        for role in sorted(may):
            with CaptureQueriesContext(connection) as asked:
                answer = clients[role].get(url_of(name, row, world, "own"))
            opened += answer.status_code == 200
            tables = {m[1] for q in asked.captured_queries if (m := wrote.match(q["sql"]))}
            assert tables <= set(WRITTEN_BY_READING), f"GET {name} as {role} wrote {tables}"
    assert opened > 50
