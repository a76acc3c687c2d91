"""No way changes what was signed: what the database refuses, and what only proving finds."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pgtrigger
import psycopg
import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.utils import Error
from django.urls import NoReverseMatch, reverse

from phpsupport.audit.models import AuditEvent
from sessions import digest, sealing
from sessions.actions.addenda import VERSIONS_APART, add_addendum, void_note
from sessions.actions.attendance import Mark, mark_attendance
from sessions.actions.review import cosign_note, return_note
from sessions.models import Addendum, Cosignature, GroupNote, NoteVoid, ProgressNote
from sessions.queries import signatures
from sessions.queries.signatures import Scope, verify
from tests.sessions.worlds import AFTER, World, make_world

pytestmark = pytest.mark.django_db
LATER = AFTER + timedelta(hours=1)
TABLES = {
    "group_sessions_groupnote": GroupNote,
    "group_sessions_progressnote": ProgressNote,
    "group_sessions_addendum": Addendum,
    "group_sessions_cosignature": Cosignature,
    "group_sessions_notevoid": NoteVoid,
}
NOTE = "group_sessions_progressnote"


def with_everything() -> World:
    """Notes that were returned, answered, cosigned, corrected, void and written anew."""
    world = make_world(3)
    first, second = world.signed().parts
    return_note(note=first, comment="What next?", by=world.supervisor, at=LATER)
    add_addendum(note=first, reason="Asked", words="A call.", by=world.leader, at=LATER)
    cosign_note(note=first, by=world.supervisor, at=LATER)
    add_addendum(note=first, reason="Later", words="She called.", by=world.leader, at=LATER)
    cosign_note(note=GroupNote.objects.get(), by=world.supervisor, at=LATER)
    world.session.refresh_from_db()
    mark_attendance(
        session=world.session, marks=[Mark(first.participant_id, "late")], by=world.leader, at=LATER,
        version=world.session.attendance_version, why="She came at ten past.",
    )  # fmt: skip
    void_note(note=second, reason="Another person.", by=world.leader, at=LATER)
    world.sign(seen={second.participant_id: VERSIONS_APART + 1}, at=LATER + timedelta(minutes=5))
    return world


def rows() -> dict[str, list[str]]:
    """Every sealed row as the database keeps it."""
    found = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT t::text FROM {table} t ORDER BY id")
            found[table] = [row[0] for row in cursor.fetchall()]
    return found


# --- what the application cannot do -----------------------------------------------------------------
def _ways() -> dict[str, Callable[[ProgressNote], object]]:
    mine = ProgressNote.objects

    def save(note: ProgressNote) -> None:
        note.minutes = 1
        note.save()

    def save_some(note: ProgressNote) -> None:
        note.minutes = 1
        note.save(update_fields=["minutes"])

    def upsert(note: ProgressNote) -> None:
        note.minutes = 1
        mine.bulk_create(
            [note], update_conflicts=True, unique_fields=["id"], update_fields=["minutes"]
        )

    def bulk(note: ProgressNote) -> None:
        note.minutes = 1
        mine.bulk_update([note], ["minutes"])

    def ignoring(note: ProgressNote) -> None:
        with pgtrigger.ignore():
            mine.filter(pk=note.pk).update(minutes=1)

    return {
        "save": save,
        "save some": save_some,
        "update": lambda note: mine.filter(pk=note.pk).update(minutes=1),
        "update or create": lambda note: mine.update_or_create({"minutes": 1}, pk=note.pk),
        "bulk update": bulk,
        "upsert": upsert,
        "ignoring triggers": ignoring,
        "delete": lambda note: note.delete(),
        "queryset delete": lambda note: mine.filter(pk=note.pk).delete(),
        "raw delete": lambda note: mine.filter(pk=note.pk)._raw_delete("default"),
        "lock": lambda note: list(mine.select_for_update().filter(pk=note.pk)),
    }


@pytest.mark.parametrize("way", _ways())
def test_the_application_changes_no_note_through_its_models(way: str) -> None:
    note = make_world(2).signed().parts[0]
    before = rows()
    with pytest.raises((Error, ValueError)), transaction.atomic():
        _ways()[way](ProgressNote.objects.get(pk=note.pk))
    assert rows() == before


SQL = {
    "update": "UPDATE {table} SET id = id",
    "delete": "DELETE FROM {table}",
    "truncate": "TRUNCATE {table} CASCADE",
    "upsert": "INSERT INTO {table} SELECT * FROM {table} ON CONFLICT (id) DO UPDATE SET id = {table}.id",
    "merge": "MERGE INTO {table} t USING {table} s ON t.id = s.id WHEN MATCHED THEN DELETE",
    "writable cte": "WITH gone AS (DELETE FROM {table} RETURNING 1) SELECT count(*) FROM gone",
}
AS_THE_OWNER_ONLY = {
    "disable": "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "drop trigger": "DROP TRIGGER sealed ON {table}",
    "drop": "DROP TABLE {table} CASCADE",
    "rule": "CREATE RULE r AS ON INSERT TO {table} DO INSTEAD NOTHING",
    "function": "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql "
                "AS 'BEGIN RETURN NEW; END'",
    "replication": "SET session_replication_role = replica",
    "owner": "ALTER TABLE {table} OWNER TO CURRENT_USER",
    "grant": "GRANT UPDATE ON {table} TO CURRENT_USER",
}  # fmt: skip


@pytest.mark.parametrize("table", TABLES)
def test_sql_of_the_application_changes_nothing(table: str) -> None:
    with_everything()
    before = rows()
    assert before[table]
    for way, words in (SQL | AS_THE_OWNER_ONLY).items():
        if way == "grant":  # is answered with a warning, and grants nothing
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(words.format(table=table))
                cursor.execute("SELECT has_table_privilege(%s, 'UPDATE')", [table])
                assert cursor.fetchone() == (False,)
            continue
        with pytest.raises(Error), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(words.format(table=table))
    assert rows() == before


def _copy_in(text: bytes) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {NOTE} FROM STDIN") as into:
        into.write(text)


def test_copy_adds_no_row_over_another() -> None:
    with_everything()
    before = rows()
    with connection.cursor() as cursor, cursor.copy(f"COPY {NOTE} TO STDOUT") as out:
        text = b"".join(bytes(part) for part in out)
    with pytest.raises(psycopg.errors.UniqueViolation), transaction.atomic():
        _copy_in(text)
    assert rows() == before


@pytest.mark.parametrize("table", TABLES)
def test_triggers_refuse_the_owner_too(as_owner: Any, table: str) -> None:
    with_everything()
    before = rows()
    for words in SQL.values():
        with pytest.raises(Exception, match="written once"):
            as_owner.execute(words.format(table=table))
    assert rows() == before


def test_no_page_of_an_administration_knows_the_notes() -> None:
    assert not apps.is_installed("django.contrib.admin")
    with pytest.raises(NoReverseMatch):
        reverse("admin:index")


# --- what only the owner of the tables can do, and what finds it -------------------------------------
@contextmanager
def past_the_triggers(owner: Any) -> Iterator[Any]:
    for table in TABLES:
        owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    try:
        yield owner
    finally:
        for table in TABLES:
            owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def _wrong() -> set[tuple[str, str]]:
    return {(kind, why) for kind, _, why in verify().wrong}


CHANGED, NOT_OURS = signatures.CHANGED, signatures.NOT_OURS
FORGED_TOKEN = "enc1:test:" + base64.urlsafe_b64encode(bytes(60)).decode()
# The first addendum was cosigned with the note, the next came afterwards.
FIRST_ADDED = "(SELECT id FROM group_sessions_addendum ORDER BY at LIMIT 1)"
NEXT_ADDED = "(SELECT id FROM group_sessions_addendum ORDER BY at LIMIT 1 OFFSET 1)"
ANOTHER_REASON = "(SELECT reason FROM group_sessions_addendum ORDER BY at DESC LIMIT 1)"
TAMPERED: dict[str, tuple[str, set[tuple[str, str]]]] = {
    "a fact": (
        f"UPDATE {NOTE} SET minutes = minutes + 1", {("progress note", CHANGED)},
    ),
    "the due time": (
        f"UPDATE {NOTE} SET due_at = due_at + interval '1 day'", {("progress note", CHANGED)},
    ),
    "that no cosignature is asked": (
        f"UPDATE {NOTE} SET needs_cosignature = NOT needs_cosignature",
        {("progress note", CHANGED)},
    ),
    "words of another column's row": (
        f"UPDATE {NOTE} SET own_words = (SELECT own_words FROM {NOTE} o WHERE o.id <> {NOTE}.id "
        f"AND o.participant_id <> {NOTE}.participant_id LIMIT 1)",
        {("progress note", CHANGED)},
    ),
    "words that nobody wrote": (
        f"UPDATE {NOTE} SET own_words = '{FORGED_TOKEN}'",
        {("progress note", signatures.UNREADABLE)},
    ),
    "words in clear": (
        f"UPDATE {NOTE} SET own_words = 'In clear.'", {("progress note", signatures.UNREADABLE)},
    ),
    "no words": (f"UPDATE {NOTE} SET own_words = ''", {("progress note", CHANGED)}),
    "a form that there is not": (
        f"UPDATE {NOTE} SET form = 7",
        {("progress note", signatures.UNKNOWN_FORM), ("progress note", NOT_OURS)},
    ),
    "an earlier form": (
        f"UPDATE {NOTE} SET form = 1", {("progress note", CHANGED), ("progress note", NOT_OURS)},
    ),
    "no seal": (f"UPDATE {NOTE} SET seal = ''", {("progress note", signatures.UNSEALED)}),
    "another seal": (
        f"UPDATE {NOTE} SET seal = repeat('0', 64)", {("progress note", NOT_OURS)},
    ),
    "a comment": (
        "UPDATE group_sessions_cosignature SET comment = '' WHERE decision = 'returned'",
        {("cosignature", CHANGED)},
    ),
    "who cosigned": (
        "UPDATE group_sessions_cosignature SET by_id = (SELECT author_id FROM "
        f"{NOTE} LIMIT 1) WHERE decision = 'given'",
        {("cosignature", CHANGED)},
    ),
    "an addendum that was cosigned": (
        f"UPDATE group_sessions_addendum SET reason = {ANOTHER_REASON} WHERE id = {FIRST_ADDED}",
        {("addendum", NOT_OURS), ("cosignature", CHANGED)},
    ),
    "an addendum after the cosignature": (
        f"UPDATE group_sessions_addendum SET reason = {ANOTHER_REASON} WHERE id = {NEXT_ADDED}",
        {("addendum", NOT_OURS)},
    ),
    "an addendum that answers something": (
        f"UPDATE group_sessions_addendum SET automatic = true WHERE id = {FIRST_ADDED}",
        {("addendum", NOT_OURS)},
    ),
    "an addendum that answers nothing": (
        "UPDATE group_sessions_addendum SET automatic = false WHERE automatic",
        {("addendum", NOT_OURS)},
    ),
    "beside which note an addendum stands": (
        "UPDATE group_sessions_addendum SET progress_note_id = (SELECT v.progress_note_id FROM "
        f"group_sessions_notevoid v) WHERE id = {NEXT_ADDED}",
        {("addendum", NOT_OURS)},
    ),
    "an addendum that is gone": (
        f"DELETE FROM group_sessions_addendum WHERE id = {NEXT_ADDED}",
        {("addendum", signatures.GONE)},
    ),
    "a cosignature that is gone": (
        "DELETE FROM group_sessions_cosignature WHERE group_note_id IS NOT NULL",
        {("cosignature", signatures.GONE)},
    ),
    "why a note is void": (
        "UPDATE group_sessions_notevoid SET at = at + interval '1 minute'", {("void", NOT_OURS)},
    ),
    "a void that is gone": (
        "DELETE FROM group_sessions_notevoid",
        {("void", signatures.GONE), ("progress note", signatures.OUT_OF_ORDER)},
    ),
    "a note that is gone": (
        f"DELETE FROM {NOTE} WHERE replaces_id IS NOT NULL", {("progress note", signatures.GONE)},
    ),
    "a cosignature that nobody gave": (
        "INSERT INTO group_sessions_cosignature (id, progress_note_id, by_id, at, decision, comment, "
        "digest, seal) SELECT gen_random_uuid(), n.id, c.by_id, c.at, 'given', '', c.digest, c.seal "
        f"FROM {NOTE} n, group_sessions_cosignature c WHERE n.replaces_id IS NOT NULL "
        "AND c.group_note_id IS NOT NULL",
        {("cosignature", CHANGED), ("cosignature", NOT_OURS), ("cosignature", signatures.OUT_OF_ORDER)},
    ),
}  # fmt: skip


@contextmanager
def put_back_afterwards(owner: Any) -> Iterator[None]:
    """The sealed rows as they were, once what was done to them has been looked at."""
    for table in TABLES:
        owner.execute(f"CREATE TEMP TABLE kept_{table} AS TABLE {table}")
    yield
    with past_the_triggers(owner), owner.transaction():
        for table in TABLES:
            owner.execute(f"DELETE FROM {table}")
            owner.execute(f"INSERT INTO {table} SELECT * FROM kept_{table}")
    for table in TABLES:
        owner.execute(f"DROP TABLE kept_{table}")


def test_proving_finds_what_the_owner_did_past_the_triggers(as_owner: Any) -> None:
    with_everything()
    for what, (statement, expected) in TAMPERED.items():
        assert not verify().wrong
        with put_back_afterwards(as_owner):
            with past_the_triggers(as_owner):
                assert as_owner.execute(statement).rowcount, what
            assert _wrong() == expected, what
    assert not verify().wrong


def test_proving_finds_what_the_owner_did_as_a_replica(as_owner: Any) -> None:
    note = make_world(2).signed().parts[0]
    as_owner.execute("SET session_replication_role = replica")
    as_owner.execute(f"UPDATE {NOTE} SET minutes = 1 WHERE id = %s", [note.pk])
    assert verify().wrong == [("progress note", note.pk, CHANGED)]


def test_a_new_digest_over_new_words_has_no_seal_of_ours(as_owner: Any) -> None:
    """Somebody who holds the tables and knows the words, but no key of the environment."""
    note = ProgressNote.objects.get(pk=make_world(2).signed().parts[0].pk)
    note.minutes += 1
    with past_the_triggers(as_owner):
        as_owner.execute(
            f"UPDATE {NOTE} SET minutes = %s, digest = %s WHERE id = %s",
            [note.minutes, digest.progress_note_digest(note), note.pk],
        )
    assert verify().wrong == [("progress note", note.pk, NOT_OURS)]


def test_a_row_that_was_copied_in_is_found(as_owner: Any) -> None:
    """COPY adds a row past no trigger: neither the seal nor the trail knows it."""
    note = make_world(2).signed().parts[0]
    names = [field.column for field in ProgressNote._meta.concrete_fields]
    chosen = ", ".join(names)
    kept = as_owner.execute(f"SELECT {chosen} FROM {NOTE} WHERE id = %s", [note.pk]).fetchone()
    forged = dict(zip(names, kept, strict=True))
    forged |= {"id": uuid4(), "replaces_id": note.pk}
    with as_owner.cursor().copy(f"COPY {NOTE} ({chosen}) FROM STDIN") as into:
        into.write_row([forged[name] for name in names])
    assert {(pk, why) for _, pk, why in verify().wrong} == {
        (forged["id"], why)
        for why in (CHANGED, NOT_OURS, signatures.NOT_IN_TRAIL, signatures.OUT_OF_ORDER)
    }


def test_a_trail_without_the_signature_is_found(as_owner: Any) -> None:
    note = make_world(2).signed().parts[0]
    as_owner.execute("ALTER TABLE audit_auditevent DISABLE TRIGGER USER")
    try:
        as_owner.execute("DELETE FROM audit_auditevent WHERE object_id = %s", [note.pk])
    finally:
        as_owner.execute("ALTER TABLE audit_auditevent ENABLE TRIGGER USER")
    assert verify().wrong == [("progress note", note.pk, signatures.NOT_IN_TRAIL)]


# --- the command ------------------------------------------------------------------------------------
def test_the_command_prints_figures_and_ids_and_ends_with_an_error(
    as_owner: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    world = with_everything()
    call_command("verify_signatures")
    said = capsys.readouterr().out
    for line in ("group note: 1 checked", "progress note: 3 checked", "addendum: 3 checked",
                 "cosignature: 3 checked", "void: 1 checked", "Every signature holds."):  # fmt: skip
        assert line in said
    note = ProgressNote.objects.filter(replaces=None).first()
    assert note
    with past_the_triggers(as_owner):
        as_owner.execute(f"UPDATE {NOTE} SET minutes = 1 WHERE id = %s", [note.pk])
    with pytest.raises(CommandError, match=r"^1 signatures do not hold\.$"):
        call_command("verify_signatures")
    said = capsys.readouterr().err
    assert said == f"progress note {note.pk}: {CHANGED}\n"
    # A changed note is no matter of another program, nor of what was signed afterwards.
    other = make_world(2).program
    call_command("verify_signatures", program=other.pk)
    call_command("verify_signatures", since=date(2026, 3, 5))
    for asked in ({"program": world.program.pk}, {"since": date(2026, 3, 3)}):
        with pytest.raises(CommandError):
            call_command("verify_signatures", **asked)
    with pytest.raises(CommandError, match="no program"):
        call_command("verify_signatures", program=uuid4())


def test_batches_reach_every_row(
    monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    monkeypatch.setattr(signatures, "AT_ONCE", 2)
    with_everything()
    found = verify()
    assert not found.wrong
    assert found.counted == {
        "group note": 1, "progress note": 3, "addendum": 3, "cosignature": 3, "void": 1,
        "event of the trail": 11,
    }  # fmt: skip
    monkeypatch.undo()
    with django_assert_max_num_queries(60):
        verify()


def test_a_scope_leaves_out_what_is_not_asked() -> None:
    world = with_everything()
    assert sum(verify(Scope(since=LATER)).counted.values()) < sum(verify().counted.values())
    assert verify(Scope(program_id=world.program.pk)).counted == verify().counted
    assert not verify(Scope(program_id=make_world(1).program.pk)).counted.total()


# --- forms and keys ---------------------------------------------------------------------------------
def _as_signed_before_seals(owner: Any) -> list[UUID]:
    """Make the stored notes what the first form was: its digest, no seal."""
    ids = []
    with past_the_triggers(owner):
        for table, model in (("group_sessions_groupnote", GroupNote), (NOTE, ProgressNote)):
            for note in model.objects.all():
                note.form = 1
                owner.execute(
                    f"UPDATE {table} SET form = 1, seal = '', digest = %s WHERE id = %s",
                    [sealing.digest_of_note(note), note.pk],
                )
                ids.append(note.pk)
    return ids


def test_notes_of_the_first_form_are_proved_by_it(
    as_owner: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    old = make_world(2)
    old.signed()
    _as_signed_before_seals(as_owner)
    assert not verify().wrong
    new = make_world(2)
    new.signed(at=AFTER + timedelta(minutes=1))
    call_command("verify_signatures")
    assert "progress note: 4 checked, 2 from before there were seals" in capsys.readouterr().out


def test_what_has_no_seal_after_others_had_is_found(as_owner: Any) -> None:
    make_world(2).signed(at=AFTER + timedelta(minutes=5))
    ids = _as_signed_before_seals(as_owner)
    make_world(2).signed()
    assert {(pk, why) for _, pk, why in verify().wrong} == {(pk, signatures.UNSEALED) for pk in ids}


def test_the_first_form_reads_as_it_always_did() -> None:
    """Its bytes, written out: whoever changes them can prove no note of that time."""

    class Then:
        form = 1
        id = session_id = program_id = author_id = participant_id = UUID(int=7)
        signed_at = due_at = datetime.fromisoformat("2026-03-03T11:00:00-05:00")
        credential, status, minutes, participation = "Initial certification 12", "late", 43, "quiet"
        own_words, response, follow_up = "“Zoë”", "", "line\nbreak"
        written_together, replaces_id = True, None

    seven = str(UUID(int=7))
    expected = [
        ["format", "progress-note-1"], ["id", seven], ["program_id", seven], ["session_id", seven],
        ["participant_id", seven], ["author_id", seven],
        ["signed_at", "2026-03-03T16:00:00.000000+00:00"],
        ["due_at", "2026-03-03T16:00:00.000000+00:00"], ["credential", "Initial certification 12"],
        ["status", "late"], ["minutes", 43], ["participation", "quiet"], ["own_words", "“Zoë”"],
        ["response", ""], ["follow_up", "line\nbreak"], ["written_together", True],
        ["replaces_id", None],
    ]  # fmt: skip
    text = json.dumps(expected, ensure_ascii=False, separators=(",", ":"))
    assert digest.progress_note_digest(Then()) == digest.digest_of(text)


def test_a_new_key_seals_and_the_old_one_still_proves(settings: Any) -> None:
    make_world(2).signed()
    old = settings.DIGEST_KEY
    settings.DIGEST_KEY = b"another key of thirty-two bytes!"
    assert {why for _, _, why in verify().wrong} == {NOT_OURS}
    settings.SEAL_KEYS = {"2027a": b"the newest key, of 32 bytes long", "2026a": old}
    make_world(2).signed()
    assert not verify().wrong
    settings.SEAL_KEYS = {"2026a": old}
    assert len(verify().wrong) == 3


def test_the_trail_names_every_row_beside_a_note() -> None:
    with_everything()
    told = {
        value
        for event in AuditEvent.objects.filter(action__startswith="note.")
        for key, value in event.detail.items()
        if key in {"addendum", "cosignature", "void"}
    }
    there = {
        str(pk) for model in (Addendum, Cosignature, NoteVoid)
        for pk in model.objects.values_list("pk", flat=True)
    }  # fmt: skip
    assert told == there
