"""Drafts, signatures and what comes after them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.utils import Error

from facilitators.models import Certification, ClearanceOverride
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.lib.errors import Refused
from phpsupport.outbox.models import OutboxMessage
from phpsupport.programs.models import PolicyProfile
from sessions import digest
from sessions.actions.addenda import add_addendum, void_note
from sessions.actions.attendance import Mark, mark_attendance
from sessions.actions.drafts import Typed, save_drafts
from sessions.models import (
    Addendum,
    GroupNote,
    GroupNoteDraft,
    NoteVoid,
    ProgressNote,
    ProgressNoteDraft,
    Status,
)
from sessions.sealing import digest_of_note
from tests.factories import make_facilitator, make_program, make_staff
from tests.sessions.worlds import AFTER, DAY, World, make_world

pytestmark = pytest.mark.django_db


def refused(code: str, act: Any, **asked: Any) -> str:
    with pytest.raises(Refused) as fault:
        act(**asked)
    assert fault.value.code == code
    return fault.value.sentence


# --- drafts -------------------------------------------------------------------------------------------
def test_typing_is_kept_and_counted() -> None:
    world = make_world(2)
    saved = world.write("one", "two")
    assert set(saved.versions.values()) == {1}
    again = save_drafts(
        session=world.session, by=world.leader, at=AFTER,
        parts={world.people[0].pk: Typed({"own_words": "one more"}, 1)},
    )  # fmt: skip
    assert again.versions == {world.people[0].pk: 2}
    assert ProgressNoteDraft.objects.get(participant=world.people[0]).own_words == "one more"
    assert GroupNoteDraft.objects.get().what_was_done == "We opened with a round."


def test_saving_the_same_again_writes_nothing() -> None:
    world = make_world(1)
    world.write("one")
    assert world.write("one").changed == 0
    assert ProgressNoteDraft.objects.get().version == 1


def test_an_empty_part_makes_no_draft() -> None:
    world = make_world(2)
    world.write("one", "", group="")
    assert ProgressNoteDraft.objects.count() == 1
    assert not GroupNoteDraft.objects.exists()


def test_a_stale_save_keeps_both_texts() -> None:
    world = make_world(2)
    world.write("one", "two")
    saved = save_drafts(
        session=world.session, by=world.leader, at=AFTER,
        parts={
            world.people[0].pk: Typed({"own_words": "mine"}, 0),
            world.people[1].pk: Typed({"own_words": "two, and on"}, 1),
        },
    )  # fmt: skip
    assert saved.stale[world.people[0].pk]["own_words"] == "one"
    assert not saved.whole
    words = dict(ProgressNoteDraft.objects.values_list("participant_id", "version"))
    assert words == {world.people[0].pk: 1, world.people[1].pk: 2}
    assert ProgressNoteDraft.objects.get(participant=world.people[0]).own_words == "one"


@pytest.mark.parametrize("who", ["supervisor", "other", "stranger"])
def test_only_those_who_lead_write(who: str) -> None:
    world = make_world(1)
    by = {
        "supervisor": lambda: world.supervisor,
        "other": lambda: make_facilitator(world.program).user,
        "stranger": lambda: make_facilitator(make_program()).user,
    }[who]()
    with pytest.raises(Refused, match="those who lead"):
        world.write("one", by=by)
    assert not ProgressNoteDraft.objects.exists()


def test_no_draft_for_a_cancelled_session() -> None:
    world = make_world(1)
    type(world.session).objects.update(state="cancelled")
    with pytest.raises(Refused, match="cancelled"):
        world.write("one")


# --- signing ------------------------------------------------------------------------------------------
def test_a_signature_holds_time_credential_and_digest() -> None:
    world = make_world(3)
    signed = world.signed()
    group, part = GroupNote.objects.get(), ProgressNote.objects.get(participant=world.people[1])
    number = world.facilitator.certifications.get().number
    assert group.credential == f"Initial certification {number}"
    assert (group.present, group.expected) == (2, 3)
    assert group.digest == digest.group_note_digest(group)
    assert part.digest == digest.progress_note_digest(part)
    assert (part.status, part.minutes) == ("late", 50)
    assert part.due_at == world.session.ends_at + timedelta(hours=24)
    assert not part.late
    assert {note.pk for note in signed.notes} == {
        group.pk, *ProgressNote.objects.values_list("pk", flat=True)
    }  # fmt: skip
    assert not GroupNoteDraft.objects.exists()
    assert not ProgressNoteDraft.objects.exists()
    assert AuditEvent.objects.filter(action="note.signed").count() == 3


def test_minutes_follow_arrival_and_departure() -> None:
    world = make_world(2)
    from datetime import time

    mark_attendance(
        session=world.session, version=0, by=world.leader, at=AFTER,
        marks=[
            Mark(world.people[0].pk, "late", arrived=time(10, 7)),
            Mark(world.people[1].pk, "left_early", departed=time(10, 40)),
        ],
    )  # fmt: skip
    world.write("one", "two")
    world.sign()
    minutes = dict(ProgressNote.objects.values_list("participant_id", "minutes"))
    assert minutes == {world.people[0].pk: 43, world.people[1].pk: 40}


def test_a_second_click_is_refused_without_harm() -> None:
    world = make_world(2)
    world.signed()
    before = list(ProgressNote.objects.values_list("pk", "digest"))
    refused("signed", world.sign)
    assert list(ProgressNote.objects.values_list("pk", "digest")) == before
    assert GroupNote.objects.count() == 1


def test_what_changed_since_it_was_read_is_not_signed() -> None:
    world = make_world(2)
    world.mark(Status.PRESENT, Status.PRESENT)
    world.write("one", "two")
    save_drafts(
        session=world.session, by=world.leader, at=AFTER,
        parts={world.people[0].pk: Typed({"own_words": "other words"}, 1)},
    )  # fmt: skip
    refused("changed", world.sign)
    assert not ProgressNote.objects.exists()


def test_unmarked_people_are_marked_first() -> None:
    world = make_world(2)
    world.mark(Status.PRESENT)
    world.write("one", "two")
    assert "Tuấn N." in refused("unmarked", world.sign)


def test_nothing_written_is_not_signed() -> None:
    world = make_world(2)
    world.mark(Status.PRESENT, Status.PRESENT)
    world.write("one", group="")
    refused("nothing", world.sign, seen={})
    refused("missing", world.sign, seen={None: 0, world.people[0].pk: 1})
    refused("missing", world.sign, seen={world.people[1].pk: 0})
    assert not ProgressNote.objects.exists()


def test_the_rest_can_be_signed_later() -> None:
    world = make_world(2)
    world.mark(Status.PRESENT, Status.PRESENT)
    world.write("one", "two")
    world.sign(seen={None: 1, world.people[0].pk: 1})
    world.sign(seen={world.people[1].pk: 1})
    assert ProgressNote.objects.count() == 2


@pytest.mark.parametrize("state", ["cancelled", "not_held"])
def test_nothing_is_signed_where_nothing_took_place(state: str) -> None:
    world = make_world(2)
    world.mark(Status.PRESENT, Status.PRESENT)
    world.write("one", "two")
    type(world.session).objects.update(state=state)
    refused(state.replace("_", "-"), world.sign)


def test_a_session_that_goes_on_is_not_signed_unless_it_ended_early() -> None:
    world = make_world(3)
    world.mark(Status.PRESENT, Status.PRESENT, Status.PRESENT)
    world.write("one", "two")
    at = world.session.ends_at - timedelta(minutes=10)
    assert "10:50" in refused("too-early", world.sign, at=at)
    world.sign(at=at, ended_at=at - timedelta(minutes=5))
    assert GroupNote.objects.get().ended_at == at - timedelta(minutes=5)
    # The signed group note says when it ended, also for a part that is written later.
    late = world.people[2]
    save_drafts(
        session=world.session, by=world.leader, at=at,
        parts={late.pk: Typed({"own_words": "“Me, too.”"})},
    )  # fmt: skip
    world.sign(at=at, seen={late.pk: 1})
    # Nobody was there for longer than it ran.
    assert set(ProgressNote.objects.values_list("participant_id", "minutes")) == {
        (person.pk, 35) for person in world.people
    }


def test_without_clearance_that_day_nobody_signs() -> None:
    world = make_world(2)
    Certification.objects.update(expires_on=DAY - timedelta(days=1))
    world.mark(Status.PRESENT, Status.PRESENT)
    world.write("one", "two")
    said = refused("not-cleared", world.sign)
    assert "counts only through 2 Mar 2026" in said
    assert ProgressNoteDraft.objects.count() == 2


def test_a_supervisors_leave_lets_sign_and_asks_for_a_cosignature() -> None:
    world = make_world(2, stage="active")
    Certification.objects.update(expires_on=DAY - timedelta(days=1))
    ClearanceOverride.objects.create(
        facilitator=world.facilitator, from_on=DAY, until_on=DAY, reason="Renewal is on its way",
        given_by=world.supervisor, given_at=AFTER,
    )  # fmt: skip
    assert world.signed().needs_cosignature


def test_late_is_after_the_policys_hours() -> None:
    world = make_world(2)
    for day, rules in ((date(2026, 1, 1), {"note_due_hours": 2}), (DAY, {"group_cap": 8})):
        PolicyProfile.objects.create(
            program=world.program, effective_from=day, rules=rules, set_at=AFTER
        )
    due = world.session.ends_at + timedelta(hours=2)
    assert not world.signed(at=due).late
    other = make_world(2)
    assert other.signed(at=other.session.ends_at + timedelta(hours=24, seconds=1)).late


@pytest.mark.parametrize(
    ("kind", "asked", "needed"),
    [
        ("initial", ["initial"], True), ("full", ["initial"], False), ("full", ["full"], True),
        ("initial", [], False),
    ],
)  # fmt: skip
def test_policy_says_whose_notes_are_cosigned(kind: str, asked: list[str], needed: bool) -> None:
    world = make_world(2)
    world.facilitator.certifications.update(kind=kind)
    PolicyProfile.objects.create(
        program=world.program, effective_from=date(2026, 1, 1), rules={"cosign_for": asked},
        set_at=AFTER,
    )  # fmt: skip
    signed = world.signed()
    assert signed.needs_cosignature is needed
    told = OutboxMessage.objects.filter(kind="note_awaits")
    assert [m.recipient_id for m in told] == ([world.supervisor.pk] if needed else [])


def test_without_a_supervisor_the_program_lead_is_told() -> None:
    world = make_world(2)
    lead = make_staff(world.program, Role.PROGRAM_LEAD)
    type(world.facilitator).objects.update(supervisor=None)
    world.signed()
    assert OutboxMessage.objects.get(kind="note_awaits").recipient_id == lead.pk


# --- names --------------------------------------------------------------------------------------------
def test_somebody_elses_name_blocks_until_it_is_explained() -> None:
    world = make_world(3)
    world.mark(Status.PRESENT, Status.PRESENT, Status.PRESENT)
    world.write("Sat with Tuan today.", "“A good day.”")
    assert "Tuan" in refused("names", world.sign)
    assert not ProgressNote.objects.exists()
    key = f"{world.people[0].pk}:{world.people[1].pk}"
    refused("names", world.sign, explained={key: "  "})
    world.sign(explained={key: "It is the name of a brother."})
    addendum = Addendum.objects.get()
    assert addendum.progress_note.participant_id == world.people[0].pk
    assert addendum.words == "It is the name of a brother."


def test_nobody_is_named_in_the_group_note() -> None:
    world = make_world(3)
    world.mark(Status.PRESENT, Status.PRESENT)
    world.write("one", "two", group="Bea opened the round.")
    refused("names", world.sign)


def test_ones_own_name_in_ones_own_part_is_no_finding() -> None:
    world = make_world(2)
    world.mark(Status.PRESENT, Status.PRESENT)
    world.write("Marisol offered to open.", "Tuấn's plan holds.")
    world.sign()


# --- after signing ------------------------------------------------------------------------------------
def test_an_addendum_stands_beside_and_a_second_click_adds_none() -> None:
    world = make_world(2)
    note = world.signed().parts[0]
    said = {"reason": "Forgotten", "words": "She also asked for the phone list."}
    first = add_addendum(note=note, **said, by=world.leader, at=AFTER)
    again = add_addendum(note=note, **said, by=world.leader, at=AFTER + timedelta(seconds=1))
    assert first.pk == again.pk
    assert Addendum.objects.get().words == said["words"]


@pytest.mark.parametrize("missing", ["reason", "words"])
def test_an_addendum_has_a_reason_and_words(missing: str) -> None:
    world = make_world(2)
    note = world.signed().parts[0]
    said = {"reason": "Forgotten", "words": "More.", missing: " "}
    with pytest.raises(Refused) as fault:
        add_addendum(note=note, **said, by=world.leader, at=AFTER)
    assert fault.value.field == missing


def test_somebody_else_adds_nothing() -> None:
    world = make_world(2)
    note = world.signed().parts[0]
    for by in (make_facilitator(world.program).user, make_staff(make_program(), Role.SUPERVISOR),
               make_staff(world.program, Role.SUPERVISOR)):  # fmt: skip
        with pytest.raises(Refused, match="who signed"):
            add_addendum(note=note, reason="x", words="y", by=by, at=AFTER)
        with pytest.raises(Refused, match="who signed"):
            void_note(note=note, reason="x", by=by, at=AFTER)
    assert not Addendum.objects.exists()
    assert not NoteVoid.objects.exists()


def test_a_void_note_stays_and_another_stands_in_for_it() -> None:
    world = make_world(2)
    old = world.signed().parts[0]
    void_note(note=old, reason="The wrong person.", by=world.supervisor, at=AFTER)
    with pytest.raises(Refused, match="void already"):
        void_note(note=old, reason="Again.", by=world.supervisor, at=AFTER)
    with pytest.raises(Refused, match="void"):
        add_addendum(note=old, reason="x", words="y", by=world.leader, at=AFTER)
    draft = ProgressNoteDraft.objects.get()
    assert draft.own_words == old.own_words
    save_drafts(
        session=world.session, by=world.leader, at=AFTER,
        parts={old.participant_id: Typed({"own_words": "“The right words.”"}, draft.version)},
    )  # fmt: skip
    new = world.sign(seen={old.participant_id: draft.version + 1}).parts[0]
    assert new.replaces_id == old.pk
    refused("signed", world.sign, seen={old.participant_id: 1})
    assert ProgressNote.objects.get(pk=old.pk).own_words == "“I rang my sister.”"
    assert OutboxMessage.objects.get(kind="note_returned").recipient_id == world.leader.pk


def test_who_still_has_the_draft_from_before_open_writes_nothing_over_the_new_one() -> None:
    world = make_world(2)
    person = world.people[0]
    note = next(n for n in world.signed().parts if n.participant_id == person.pk)
    void_note(note=note, reason="Another word.", by=world.leader, at=AFTER)
    for version in (0, 1, 2):
        saved = save_drafts(
            session=world.session, by=world.leader, at=AFTER,
            parts={person.pk: Typed({"own_words": "typed before"}, version)},
        )  # fmt: skip
        assert list(saved.stale) == [person.pk]
    assert ProgressNoteDraft.objects.get().own_words == note.own_words


# --- the database -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "table", ["groupnote", "progressnote", "addendum", "cosignature", "notevoid"]
)
@pytest.mark.parametrize(
    "act", ["UPDATE group_sessions_{} SET id = id", "DELETE FROM group_sessions_{}"]
)
def test_sql_changes_no_signed_row(table: str, act: str) -> None:
    world = make_world(2)
    world.signed()
    with pytest.raises(Error), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(act.format(table))


def test_signatures_are_proved_and_a_changed_byte_is_found(
    as_owner: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    world = make_world(2)
    signed = world.signed()
    call_command("verify_signatures")
    assert "progress note: 2 checked" in capsys.readouterr().out
    note = signed.parts[0]
    as_owner.execute("ALTER TABLE group_sessions_progressnote DISABLE TRIGGER sealed")
    try:
        as_owner.execute(
            "UPDATE group_sessions_progressnote SET minutes = 49 WHERE id = %s", [note.pk]
        )
    finally:
        as_owner.execute("ALTER TABLE group_sessions_progressnote ENABLE TRIGGER sealed")
    with pytest.raises(CommandError, match="1 signatures do not hold"):
        call_command("verify_signatures")
    assert str(note.pk) in capsys.readouterr().err


def test_no_word_of_a_note_stands_in_the_tables() -> None:
    world = make_world(2)
    world.mark(Status.PRESENT, Status.PRESENT)
    world.write("xylophone", "yesterday")
    world.sign(seen={world.people[0].pk: 1})
    note = ProgressNote.objects.get()
    add_addendum(note=note, reason="Forgotten", words="zeppelin", by=world.leader, at=AFTER)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' "
            "AND relnamespace = 'public'::regnamespace"
        )
        tables = [row[0] for row in cursor.fetchall()]
        held = 0
        for table in tables:
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            for (row,) in cursor.fetchall():
                held += 1
                for word in ("xylophone", "yesterday", "zeppelin", "opened with a round"):
                    assert word not in row, table
    assert held > 20


# --- two at once --------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_of_two_signatures_at_once_one_stands() -> None:
    world = make_world(2)
    world.mark(Status.PRESENT, Status.PRESENT)
    world.write("one", "two")

    def sign(_: int) -> str:
        try:
            world.sign()
        except Refused as refusal:
            return refusal.code
        finally:
            connection.close()
        return "signed now"

    with ThreadPoolExecutor(2) as pool:
        said = sorted(pool.map(sign, range(2)))
    assert said == ["signed", "signed now"]
    assert (GroupNote.objects.count(), ProgressNote.objects.count()) == (1, 2)


@pytest.mark.django_db(transaction=True)
def test_of_two_first_saves_at_once_none_is_lost_unseen() -> None:
    world = make_world(1)

    def save(words: str) -> bool:
        try:
            return world.write(words, group="").whole
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(save, ["mine", "yours"])) == [False, True]


def test_the_digest_speaks_for_every_word_and_fact() -> None:
    world: World = make_world(2)
    signed = world.signed()
    for note, forms in (
        (signed.parts[0], digest.PROGRESS_NOTE), (signed.group, digest.GROUP_NOTE),
    ):  # fmt: skip
        for form, names in forms.items():
            _each_name_counts(note, form, names)
    utc = datetime(2026, 3, 3, 15, tzinfo=UTC)
    assert (
        digest.text_of("x", [("a", utc)])
        == '[["format","x"],["a","2026-03-03T15:00:00.000000+00:00"]]'
    )


def test_no_column_of_a_note_is_left_out() -> None:
    proved = {"form", "digest", "seal"}  # what proves is over the rest
    for model, forms in ((ProgressNote, digest.PROGRESS_NOTE), (GroupNote, digest.GROUP_NOTE)):
        columns = {field.attname for field in model._meta.concrete_fields}
        assert columns - proved == set(forms[digest.NEWEST])


def _each_name_counts(note: Any, form: int, names: Any) -> None:
    note.form = form
    whole = digest_of_note(note)
    for name in names:
        changed = type(note).objects.get(pk=note.pk)
        changed.form = form
        before = getattr(changed, name)
        if isinstance(before, datetime):
            other: Any = before + timedelta(microseconds=1)
        elif isinstance(before, bool):
            other = not before
        elif isinstance(before, int):
            other = before + 1
        else:
            other = "something else"
        setattr(changed, name, other)
        assert digest_of_note(changed) != whole, name
