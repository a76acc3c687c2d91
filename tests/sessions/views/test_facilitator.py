"""The facilitator's pages: who opens them, what a form does, a fixed number of queries."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.users.models import User
from sessions.actions.attendance import Mark, mark_attendance
from sessions.actions.drafts import Typed, save_drafts
from sessions.actions.safety import raise_concern
from sessions.models import (
    Addendum,
    Attendance,
    GroupNote,
    NoteVoid,
    ProgressNote,
    ProgressNoteDraft,
    Status,
)
from sessions.queries.due import due_rules
from sessions.queries.my_day import unfinished
from tests.factories import (
    PASSWORD,
    enroll,
    make_facilitator,
    make_goal,
    make_group,
    make_participant,
    make_program,
    make_session,
    make_staff,
    make_user,
)
from tests.sessions.worlds import AFTER, DAY, DURING, World, make_world

pytestmark = pytest.mark.django_db
PAGES = ["attendance", "outcome", "note", "note-sign", "notes-of-session"]


@pytest.fixture(autouse=True)
def _that_tuesday() -> Iterator[None]:
    with time_machine.travel(AFTER, tick=False):
        yield


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(world: World, name: str) -> str:
    return reverse(f"sessions:{name}", args=[world.session.pk])


def sheet(world: World, *statuses: str, **more: str) -> dict[str, str]:
    data = {"version": str(world.session.attendance_version)}
    for person, status in zip(world.people, statuses, strict=False):
        data[f"p-{person.pk}-status"] = status
    return data | more


# --- who opens them -----------------------------------------------------------------------------------
@pytest.mark.parametrize("name", PAGES)
def test_who_leads_opens_each_page(name: str) -> None:
    world = make_world(2)
    assert signed_in(world.leader).get(page(world, name)).status_code == 200


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(
    ("who", "status"), [("other_leader", 403), ("supervisor", 403), ("stranger", 404), ("nobody", 403)]
)  # fmt: skip
def test_others_do_not(name: str, who: str, status: int) -> None:
    world = make_world(1)
    by = {
        "other_leader": lambda: make_facilitator(world.program).user,
        "supervisor": lambda: world.supervisor,
        "stranger": lambda: make_facilitator(make_program()).user,
        "nobody": make_user,
    }[who]()
    client = signed_in(by)
    assert client.get(page(world, name)).status_code == status
    if name != "notes-of-session":
        assert client.post(page(world, name), sheet(world, "present")).status_code == status
    assert not Attendance.objects.exists()
    assert not ProgressNoteDraft.objects.exists()


def test_signed_out_is_led_to_sign_in() -> None:
    world = make_world(1)
    answer = Client().get(page(world, "attendance"))
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("name", [*PAGES, "my-day"])
def test_the_number_of_queries_does_not_grow(name: str, django_assert_max_num_queries: Any) -> None:
    counts = []
    for people in (1, 3):
        world = make_world(people)
        world.mark(*[Status.PRESENT] * people)
        world.write(*["words"] * people)
        if name == "notes-of-session":
            world.sign(seen={None: 1, **{p.pk: 1 for p in world.people}})
        client = signed_in(world.leader)
        address = reverse("sessions:my-day") if name == "my-day" else page(world, name)
        client.get(address)  # the first page of a session writes when it began
        with django_assert_max_num_queries(15) as seen:
            assert client.get(address).status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]
    assert counts[0] <= 12, [q["sql"] for q in seen]


@pytest.mark.parametrize(("name", "most"), [("note", 11), ("note-sign", 10)])
def test_all_that_is_at_hand_costs_the_same(name: str, most: int) -> None:
    """One or three people, each with a goal, a draft and a note of last week, and as many text
    blocks and safety concerns."""
    counts = []
    for people in (1, 3):
        world = make_world(people)
        last_week = replace(world, session=make_session(world.series, DAY - timedelta(days=7)))
        for there in (last_week, world):
            ago = DAY - there.session.local_date
            there.mark(*[Status.PRESENT] * people, at=DURING - ago)
            there.write(*["words"] * people, at=AFTER - ago)
            if there is last_week:
                there.sign(seen={None: 1, **{p.pk: 1 for p in world.people}}, at=AFTER - ago)
        for person in world.people:
            make_goal(person, world.leader)
            raise_concern(session=world.session, participant=person, by=world.leader, at=AFTER)
            world.program.text_blocks.create(field="own_words", label=person.first_name, words="x")
        client = signed_in(world.leader)
        client.get(page(world, name))
        with CaptureQueriesContext(connection) as seen:
            shown = client.get(page(world, name)).context
        assert [part.before is not None for part in shown["desk"].parts] == [True] * people
        counts.append(len(seen))
    # Session, person, roles; the session, the trail, the roster, goals; the parts and the group's
    # part, each with what was signed before; then blocks and concerns, or who may be named.
    assert counts == [most, most], "\n".join(q["sql"][:90] for q in seen)


# --- attendance ---------------------------------------------------------------------------------------
def test_a_sheet_is_saved_and_shown() -> None:
    world = make_world(3)
    client = signed_in(world.leader)
    data = sheet(world, "present", "late", "excused")
    data[f"p-{world.people[1].pk}-arrived"] = "10:07"
    data[f"p-{world.people[2].pk}-reason"] = "transport"
    # typed before another mark was chosen: it does not belong to it any more
    data[f"p-{world.people[2].pk}-arrived"] = "10:30"
    data[f"p-{world.people[0].pk}-reason"] = "medical"
    answer = client.post(page(world, "attendance"), data, follow=True)
    assert "Attendance saved." in answer.content.decode()
    rows = Attendance.objects.values_list("status", "arrived", "reason").order_by("status")
    assert [(s, str(a or ""), r) for s, a, r in rows] == [
        ("excused", "", "transport"), ("late", "10:07:00", ""), ("present", "", ""),
    ]  # fmt: skip


def test_all_present_without_script_keeps_the_exceptions() -> None:
    world = make_world(3)
    answer = signed_in(world.leader).post(
        page(world, "attendance"), sheet(world, "absent", all="1")
    )
    found = {row.person.participant_id: row.value.status for row in answer.context["rows"]}
    assert [found[p.pk] for p in world.people] == ["absent", "present", "present"]
    # As with script: a tap before the page is ready saves nothing, so no mark has to be corrected.
    assert not Attendance.objects.exists()


def test_save_then_notes() -> None:
    world = make_world(1)
    answer = signed_in(world.leader).post(
        page(world, "attendance"), sheet(world, "present", notes="1")
    )
    assert answer.headers["Location"] == page(world, "note")


def test_what_was_typed_stays_after_a_fault() -> None:
    world = make_world(2)
    data = sheet(world, "present", "late")
    data[f"p-{world.people[1].pk}-arrived"] = "11:30"
    answer = signed_in(world.leader).post(page(world, "attendance"), data)
    assert answer.status_code == 422
    body = answer.content.decode()
    assert "the session ended at 10:50" in body
    assert 'value="11:30"' in body
    assert not Attendance.objects.exists()


def test_two_editors_see_both() -> None:
    world = make_world(2)
    data = sheet(world, "absent", "present")
    world.mark(Status.PRESENT)
    answer = signed_in(world.leader).post(page(world, "attendance"), data)
    body = answer.content.decode()
    assert answer.status_code == 409
    assert "Somebody else says: Present, marked at" in body
    assert f"by {world.leader.name}" in body
    assert Attendance.objects.get().status == "present"
    again = signed_in(world.leader).post(page(world, "attendance"), data | {"version": "1"})
    assert again.status_code == 302
    assert Attendance.objects.count() == 2


def test_a_walk_in_is_found_added_and_saved_without_losing_marks() -> None:
    world = make_world(1)
    guest = make_participant(world.program, first_name="Gil", last_name="Ortega")
    client = signed_in(world.leader)
    found = client.post(page(world, "attendance"), sheet(world, "late", find="1", q="gil"))
    assert f'value="{guest.pk}"' in found.content.decode()
    data = sheet(world, "late", add=str(guest.pk))
    added = client.post(page(world, "attendance"), data).content.decode()
    assert "walk-in, not saved yet" in added
    assert not Attendance.objects.exists()
    data.pop("add")
    data |= {f"p-{guest.pk}-status": "present", f"p-{guest.pk}-walk_in": "1"}
    assert client.post(page(world, "attendance"), data).status_code == 302
    assert Attendance.objects.get(participant=guest).walk_in
    assert Attendance.objects.exclude(participant=guest).get().status == "late"


@pytest.mark.parametrize("bad", ["x", "99999999999999999999", "-1", ""])
def test_a_version_that_is_none_is_a_fault_in_words(bad: str) -> None:
    world = make_world(1)
    data = sheet(world, "present") | {"version": bad}
    assert signed_in(world.leader).post(page(world, "attendance"), data).status_code == 422


def test_an_unknown_walk_in_is_left_out() -> None:
    world = make_world(1)
    client = signed_in(world.leader)
    for bad in ("nonsense", str(make_participant(make_program()).pk)):
        answer = client.post(page(world, "attendance"), sheet(world, "present", add=bad))
        assert answer.status_code == 200
        assert "not saved yet" not in answer.content.decode()


def test_a_cancelled_session_says_so() -> None:
    world = make_world(1)
    type(world.session).objects.update(state="cancelled")
    client = signed_in(world.leader)
    assert "was cancelled" in client.get(page(world, "attendance")).content.decode()
    assert client.post(page(world, "attendance"), sheet(world, "present")).status_code == 422


def test_no_surname_stands_on_the_sheet() -> None:
    world = make_world(3)
    body = signed_in(world.leader).get(page(world, "attendance")).content.decode()
    assert "Marisol R." in body
    for surname in ("Rivera", "Nguyễn", "Kowalski"):
        assert surname not in body


def test_a_scheduler_marks_but_reads_no_note() -> None:
    world = make_world(1)
    client = signed_in(make_staff(world.program, Role.SCHEDULER))
    assert client.get(page(world, "attendance")).status_code == 200
    assert client.post(page(world, "attendance"), sheet(world, "present")).status_code == 302
    for name in ("note", "note-sign", "notes-of-session"):
        assert client.get(page(world, name)).status_code == 403


def test_outcome_by_form() -> None:
    world = make_world(1)
    client = signed_in(world.leader)
    assert client.post(page(world, "outcome"), {"outcome": "not_held"}).status_code == 422
    answer = client.post(page(world, "outcome"), {"outcome": "not_held", "reason": "Fire drill"})
    assert answer.status_code == 302
    world.session.refresh_from_db()
    assert world.session.state == "not_held"


# --- notes --------------------------------------------------------------------------------------------
def note_data(world: World, words: str, version: int = 0) -> dict[str, str]:
    key = f"p-{world.people[0].pk}"
    return {f"{key}-own_words": words, f"{key}-version": str(version)}


def test_the_button_saves_without_script_and_shows_both_texts() -> None:
    world = make_world(1)
    world.mark(Status.PRESENT)
    client = signed_in(world.leader)
    assert client.post(page(world, "note"), note_data(world, "“first”")).status_code == 302
    answer = client.post(page(world, "note"), note_data(world, "“second”"))
    body = answer.content.decode()
    assert answer.status_code == 409
    assert "“first”" in body
    assert "“second”" in body
    assert client.post(page(world, "note"), note_data(world, "“second”", 1)).status_code == 302
    assert ProgressNoteDraft.objects.get().own_words == "“second”"


def test_too_long_a_text_is_not_called_saved() -> None:
    world = make_world(1)
    world.mark(Status.PRESENT)
    answer = signed_in(world.leader).post(page(world, "note"), note_data(world, "x" * 5001))
    assert answer.status_code == 422
    assert "x" * 5001 in answer.content.decode(), "what was typed stays"
    assert not ProgressNoteDraft.objects.exists()


def test_a_goal_is_one_of_their_own() -> None:
    world = make_world(2)
    world.mark(Status.PRESENT, Status.PRESENT)
    goals = [make_goal(person, world.leader) for person in world.people]
    key = f"p-{world.people[0].pk}"
    client = signed_in(world.leader)
    other = note_data(world, "“first”") | {f"{key}-goal_id": str(goals[1].pk)}
    answer = client.post(page(world, "note"), other)
    assert answer.status_code == 422
    assert "“first”" in answer.content.decode(), "what was typed stays"
    own = note_data(world, "“first”") | {f"{key}-goal_id": str(goals[0].pk)}
    assert client.post(page(world, "note"), own).status_code == 302
    assert ProgressNoteDraft.objects.get().goal == goals[0]


def test_last_time_stands_beside_each_person_and_is_a_read() -> None:
    world = make_world(2)
    world.mark(Status.PRESENT, Status.PRESENT)
    parts = {
        p.pk: Typed({"own_words": "A day.", "follow_up": f"Call {n}."})
        for n, p in enumerate(world.people)
    }
    drafts = save_drafts(
        session=world.session, parts={None: Typed({"what_was_done": "A round."}), **parts},
        by=world.leader, at=AFTER,
    )  # fmt: skip
    world.sign(seen=drafts.versions)
    nexts = make_session(world.series, DAY + timedelta(days=7))
    mark_attendance(
        session=nexts, marks=[Mark(p.pk, "present") for p in world.people], version=0,
        by=world.leader, at=nexts.starts_at,
    )  # fmt: skip
    shown = signed_in(world.leader).get(reverse("sessions:note", args=[nexts.pk])).content.decode()
    assert "Call 0." in shown
    assert "Call 1." in shown
    assert AuditEvent.objects.filter(action="note.read").count() == 2


def seen_on(client: Client, world: World) -> str:
    value: str = client.get(page(world, "note-sign")).context["seen"]
    return value


def sign_data(client: Client, world: World, **more: str) -> dict[str, str]:
    data = {
        "seen": seen_on(client, world), "attest": "on", "secret": PASSWORD, "started": "10:00",
        "ended": "10:50",
    }  # fmt: skip
    return data | more


def ready() -> tuple[World, Client]:
    world = make_world(2)
    world.mark(Status.PRESENT, Status.PRESENT)
    world.write("one", "two")
    return world, signed_in(world.leader)


def test_signing_by_form_with_the_password() -> None:
    world, client = ready()
    answer = client.post(page(world, "note-sign"), sign_data(client, world), follow=True)
    body = answer.content.decode()
    assert "3 notes are signed." in body
    assert "waiting for a cosignature" in body
    assert (GroupNote.objects.count(), ProgressNote.objects.count()) == (1, 2)


def test_signing_with_a_code_from_the_authenticator() -> None:
    from allauth.mfa.totp.internal.auth import (
        TOTP,
        format_hotp_value,
        generate_totp_secret,
        hotp_value,
        yield_hotp_counters_from_time,
    )

    world, client = ready()
    secret = generate_totp_secret()
    TOTP.activate(world.leader, secret)
    now = list(yield_hotp_counters_from_time())[-1]
    data = sign_data(client, world, secret=format_hotp_value(hotp_value(secret, now)))
    assert client.post(page(world, "note-sign"), data).status_code == 302
    assert GroupNote.objects.exists()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"secret": "wrong"}, "neither your password"), ({"attest": ""}, "Tick this box"),
        ({"ended": "09:00"}, "end must come after"), ({"secret": "123456"}, "neither your password"),
    ],
)  # fmt: skip
def test_a_signature_is_refused_in_words(more: dict[str, str], said: str) -> None:
    world, client = ready()
    answer = client.post(page(world, "note-sign"), sign_data(client, world, **more))
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not GroupNote.objects.exists()


def test_guessing_passwords_ends_after_ten() -> None:
    world, client = ready()
    data = sign_data(client, world, secret="wrong")
    for _ in range(10):
        client.post(page(world, "note-sign"), data)
    answer = client.post(page(world, "note-sign"), data | {"secret": PASSWORD})
    assert "Too many attempts" in answer.content.decode()
    assert not GroupNote.objects.exists()


@pytest.mark.parametrize("seen", ["", "forged", "eyJhIjoxfQ:1:x"])
def test_only_what_was_read_is_signed(seen: str) -> None:
    world, client = ready()
    client.post(page(world, "note-sign"), sign_data(client, world, seen=seen))
    assert not GroupNote.objects.exists()


def test_a_second_click_on_sign_leads_to_what_is_signed() -> None:
    world, client = ready()
    data = sign_data(client, world)
    client.post(page(world, "note-sign"), data)
    answer = client.post(page(world, "note-sign"), data, follow=True)
    assert "signed already" in answer.content.decode()
    assert GroupNote.objects.count() == 1


def test_a_name_is_explained_on_the_page() -> None:
    world, client = ready()
    world_note = note_data(world, "Sat with Tuấn.", 1)
    client.post(page(world, "note"), world_note)
    data = sign_data(client, world)
    refused = client.post(page(world, "note-sign"), data)
    assert "“Tuấn” may be Tuấn N." in refused.content.decode()
    name = f"explain-{world.people[0].pk}-{world.people[1].pk}"
    client.post(page(world, "note-sign"), data | {name: "It is a brother's name."})
    assert Addendum.objects.get().words == "It is a brother's name."


def test_adding_and_voiding_by_form() -> None:
    world = make_world(2)
    note = world.signed().parts[0]
    client = signed_in(world.leader)
    add = reverse("sessions:addendum", args=["progress", note.pk])
    assert client.get(add).status_code == 200
    assert client.post(add, {"reason": "Forgotten"}).status_code == 422
    assert client.post(add, {"reason": "Forgotten", "words": "More."}).status_code == 302
    assert Addendum.objects.get().words == "More."
    void = reverse("sessions:void", args=["progress", note.pk])
    assert client.post(void, {"reason": ""}).status_code == 422
    assert client.post(void, {"reason": "Wrong person."}).status_code == 302
    assert NoteVoid.objects.exists()
    assert client.post(void, {"reason": "Again."}).status_code == 422


@pytest.mark.parametrize(("who", "status"), [("stranger", 404), ("other", 404), ("clinician", 403)])
def test_others_neither_add_nor_void(who: str, status: int) -> None:
    world = make_world(2)
    note = world.signed().parts[0]
    by = {
        "stranger": lambda: make_facilitator(make_program()).user,
        "other": lambda: make_facilitator(world.program).user,
        "clinician": lambda: make_staff(world.program, Role.CLINICIAN),
    }[who]()
    client = signed_in(by)
    for name in ("addendum", "void"):
        address = reverse(f"sessions:{name}", args=["progress", note.pk])
        assert client.get(address).status_code == status
        assert client.post(address, {"reason": "x", "words": "y"}).status_code == status


# --- my day -------------------------------------------------------------------------------------------
def tasks(world: World) -> list[str]:
    body = signed_in(world.leader).get(reverse("sessions:my-day"))
    return [task.words for task in body.context["day"].tasks]


def test_my_day_follows_what_is_left() -> None:
    world = make_world(2)
    assert tasks(world) == ["2 people not marked"]
    world.mark(Status.PRESENT)
    assert tasks(world) == ["1 person not marked · 2 notes to sign"]
    world.mark(Status.PRESENT, Status.PRESENT)
    world.write("one", "two")
    assert tasks(world) == ["3 notes to sign"]
    signed = world.sign()
    assert tasks(world) == []
    from sessions.actions.review import return_note

    return_note(note=signed.parts[0], comment="Why?", by=world.supervisor, at=AFTER)
    assert tasks(world) == ["1 note returned with a comment"]


@pytest.mark.parametrize("state", ["not_held", "cancelled"])
def test_nothing_is_asked_about_what_did_not_take_place(state: str) -> None:
    world = make_world(2)
    type(world.session).objects.update(state=state)
    assert tasks(world) == []


def test_nobody_came_asks_only_whether_it_was_held() -> None:
    world = make_world(1)
    world.mark(Status.ABSENT)
    assert tasks(world) == ["was it held?"]


def test_somebody_elses_day_is_not_mine() -> None:
    world = make_world(2)
    other = make_facilitator(world.program)
    answer = signed_in(other.user).get(reverse("sessions:my-day"))
    assert answer.context["day"].tasks == []
    assert answer.context["day"].next is None
    assert "All done" in answer.content.decode()


def test_the_next_group_with_who_is_expected() -> None:
    world = make_world(2)
    series = world.series
    session = make_session(series, DAY.replace(day=10))
    enroll(
        series, make_participant(world.program, first_name="Zoe", admitted_on=DAY.replace(day=8))
    )
    day = signed_in(world.leader).get(reverse("sessions:my-day")).context["day"]
    assert day.next.session_id == session.pk
    assert [p.name for p in day.next.people][0:2] == ["Marisol R.", "Tuấn N."]
    assert ("wait", "first week") in day.next.people[2].tags
    assert not day.next.open


def test_many_sessions_are_read_in_one_query(django_assert_num_queries: Any) -> None:
    from sessions.models import GroupSession
    from sessions.queries.attendance import with_heading

    world = make_world(2)
    make_world(1, program=world.program, group=make_group(world.program))
    rules = due_rules(world.program)
    with django_assert_num_queries(1):
        found = unfinished(
            with_heading(GroupSession.objects.all()), user=world.leader, at=AFTER, rules=rules
        )
    assert len(found) == 2


def test_informal_contact_has_the_group_note_alone() -> None:
    world = make_world(2)
    type(world.series.group).objects.update(progress_notes=False)
    world.mark(Status.PRESENT, Status.PRESENT)
    client = signed_in(world.leader)
    assert "nobody has a part of their own" in client.get(page(world, "note")).content.decode()
    world.write(group="We cooked.")
    missing = client.get(page(world, "note-sign")).context["check"].missing
    assert [m.title for m in missing] == ["The confidentiality reminder is not ticked."]
    world.sign(seen={None: 1})
    assert tasks(world) == []
    assert client.get(page(world, "notes-of-session")).context["open_parts"] == []


def test_a_name_in_why_a_mark_changes_is_taken_out_or_explained() -> None:
    world = make_world(3)
    world.signed()
    world.session.refresh_from_db()
    client, first, bea = signed_in(world.leader), world.people[0].pk, world.people[2].pk
    typed = sheet(world, "absent", "late", why="Bea told me.")
    refused = client.post(page(world, "attendance"), typed)
    assert refused.status_code == 422
    body = refused.content.decode()
    assert "“Bea” may be Bea K. Take the name out, or say why it stays." in body
    assert 'value="Bea told me."' in body
    assert f'name="asked" value="{first}:{bea}"' in body
    assert not Addendum.objects.exists()
    more = {"asked": f"{first}:{bea}", "stays": "The name of her sister."}
    # A reason that was given for one name settles no other that is typed meanwhile.
    other = client.post(page(world, "attendance"), typed | more | {"why": "Bea and Tuan."})
    assert other.status_code == 422
    assert 'value="The name of her sister."' in other.content.decode()
    assert client.post(page(world, "attendance"), typed | more).status_code == 302
    said = {addendum.reason: addendum.words for addendum in Addendum.objects.all()}
    assert said == {
        "Attendance corrected": "Present became Absent. Bea told me.",
        "Why another name stands here": "The name of her sister.",
    }


def test_what_was_asked_about_names_stays_while_somebody_is_looked_for() -> None:
    world = make_world(3)
    world.signed()
    world.session.refresh_from_db()
    more = {"why": "Bea told me.", "stays": "Her sister.", "asked": "a:b", "find": "1", "q": "gil"}
    body = signed_in(world.leader).post(
        page(world, "attendance"), sheet(world, "absent", "late", **more)
    ).content.decode()  # fmt: skip
    for field in (
        'name="why" id="id_why" value="Bea told me."',
        'value="a:b"',
        'value="Her sister."',
    ):
        assert field in body
