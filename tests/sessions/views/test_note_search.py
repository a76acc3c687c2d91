"""Finding notes: by words and by what narrows, only what one may read, no word left behind."""

import json
from collections.abc import Iterator
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
from sessions import finding
from sessions.actions.addenda import add_addendum, void_note
from sessions.actions.review import return_note
from sessions.models import GroupNote, ProgressNote
from sessions.queries import note_search
from tests.factories import make_facilitator, make_session, make_staff
from tests.sessions.worlds import AFTER, DAY, make_world


@pytest.fixture(autouse=True)
def _that_tuesday() -> Iterator[None]:
    with time_machine.travel(AFTER, tick=False):
        yield


def look(user: User, **asked: Any) -> Any:
    client = Client()
    client.force_login(user)
    return client.post(reverse("sessions:note-search"), asked)


def found(user: User, **asked: Any) -> list[str]:
    search = look(user, **asked).context["search"]
    return [hit.person or "group" for hit in search.notes]


@pytest.mark.parametrize(
    ("asked", "text", "there"),
    [
        ("sister", "I rang my SISTERS.", True),
        ("art", "We started.", False),
        ("nguyen", "Nguyễn", True),
        ("cafe", "A café.", True),
        ("rang sister", "my sister rang", True),
        ('"rang sister"', "my sister rang", False),
        ("“my  sister”", "my\nsister rang", True),
        ("don't", "I don’t know", True),
        ("妹妹", "我打电话给妹妹了", True),
        ("sister brother", "my sister rang", False),
    ],
)
def test_words(asked: str, text: str, there: bool) -> None:
    assert finding.matches(text, finding.terms_of(asked)) is there


def test_the_snippet_marks_the_words_as_they_were_written() -> None:
    text = "x " * 100 + "Em gặp Tuấn ở quán cà phê. " + "y " * 100
    pieces = finding.snippet(["other", text], finding.terms_of("tuan phe"))
    assert [piece for piece, marked in pieces if marked] == ["Tuấn", "phê"]
    assert pieces[0][0] == "… "
    assert "".join(p for p, _ in pieces).strip("… ") in text


@pytest.mark.django_db
def test_found_by_words_in_parts_group_note_and_addenda() -> None:
    world = make_world(2)
    part = world.signed().parts[0]
    add_addendum(note=part, reason="Forgotten", words="Also the harbour walk.", by=world.leader, at=AFTER)  # fmt: skip
    assert found(world.leader, words="SISTER") == ["Marisol R."]
    assert found(world.leader, words="opened round") == ["group"]
    assert found(world.leader, words="harbour sister") == ["Marisol R."]
    assert found(world.leader, words="giraffe") == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("narrow", "many"),
    [
        ({}, 3), ({"person": "marisol"}, 1), ({"since": DAY}, 3), ({"since": DAY + timedelta(1)}, 0),
        ({"until": DAY - timedelta(1)}, 0), ({"until": DAY}, 3),
    ],
)  # fmt: skip
def test_what_narrows(narrow: dict[str, Any], many: int) -> None:
    world = make_world(2)
    world.signed()
    assert len(found(world.leader, **narrow)) == many
    assert len(found(world.leader, **narrow, author=world.leader.pk)) == many
    assert len(found(world.leader, **narrow, author=world.supervisor.pk)) == 0
    assert len(found(world.leader, **narrow, group=world.series.group_id)) == many


@pytest.mark.django_db
def test_only_what_one_may_read() -> None:
    world = make_world(2)
    world.signed()
    assert found(make_facilitator(world.program).user, words="sister") == []
    assert found(make_staff(world.program, Role.CLINICIAN), words="sister") == []
    assert found(world.supervisor, words="sister") == ["Marisol R."]
    type(world.people[0]).objects.filter(pk=world.people[0].pk).update(sealed_at=AFTER)
    assert found(world.leader, words="sister") == []
    for role in (Role.SCHEDULER, Role.PRIVACY_OFFICER, Role.PARTICIPANT):
        assert look(make_staff(world.program, role), words="sister").status_code == 403


@pytest.mark.django_db
def test_words_of_a_void_note_are_found_by_who_answers_for_it() -> None:
    world = make_world(2)
    note = world.signed().parts[0]
    other = make_facilitator(world.program)
    world.session.assignments.create(
        facilitator=other, person=other.user, part="co",
        starts_at=world.session.starts_at, ends_at=world.session.ends_at,
    )  # fmt: skip
    assert found(other.user, words="sister") == ["Marisol R."]
    return_note(note=note, comment="Between us.", by=world.supervisor, at=AFTER)
    assert "Between us." not in look(other.user, words="sister").content.decode()
    void_note(note=note, reason="About another person.", by=world.leader, at=AFTER)
    lead = make_staff(world.program, Role.PROGRAM_LEAD)
    for by in (world.leader, world.supervisor, lead):
        page = look(by, words="sister")
        assert [hit.person for hit in page.context["search"].notes] == ["Marisol R."]
        assert "About another person." in page.content.decode()
    # Somebody else who led finds that it is void, by what narrows, and none of its words.
    assert found(other.user, words="sister") == []
    page = look(other.user, person="marisol")
    assert [hit.person for hit in page.context["search"].notes] == ["Marisol R."]
    body = page.content.decode()
    assert "Declared void" in body
    for words in ("sister", "About another person.", "Between us."):
        assert words not in body
    shown = AuditEvent.objects.filter(action="note.read", object_id=note.pk)
    assert shown.filter(actor_id=other.user_id).count() == 2, "before it was void"


@pytest.mark.django_db
def test_who_answers_for_a_note_that_was_found_may_add_to_it() -> None:
    world = make_world(2)
    note = world.signed().parts[0]
    add, void = (reverse(f"sessions:{n}", args=["progress", note.pk]) for n in ("addendum", "void"))
    other = make_facilitator(world.program)
    world.session.assignments.create(
        facilitator=other, person=other.user, part="co",
        starts_at=world.session.starts_at, ends_at=world.session.ends_at,
    )  # fmt: skip
    lead = make_staff(world.program, Role.PROGRAM_LEAD)
    for by, may in ((world.leader, 1), (world.supervisor, 1), (lead, 1), (other.user, 0)):
        body = look(by, words="sister").content.decode()
        assert (body.count(add), body.count(void)) == (may, may)
    void_note(note=note, reason="About another person.", by=lead, at=AFTER)
    assert add not in look(world.supervisor, words="sister").content.decode()


@pytest.mark.django_db
def test_the_trail_says_that_and_not_what() -> None:
    world = make_world(2)
    world.signed()
    page = look(world.leader, words="sister giraffe", person="")
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]
    found(world.leader, words="sister")
    events = AuditEvent.objects.filter(actor_id=world.leader.pk)
    assert events.filter(action="note.searched").count() == 2
    assert events.filter(action="note.read").count() == 1
    assert "sister" not in json.dumps([list(events.values_list("detail", flat=True))])


@pytest.mark.django_db
def test_an_address_never_searches() -> None:
    world = make_world(2)
    world.signed()
    client = Client()
    client.force_login(world.leader)
    url = reverse("sessions:note-search")
    page = client.get(f"{url}?words=sister&group={world.series.group_id}")
    assert page.context["search"] is None
    assert "sister" not in page.content.decode()
    assert 'method="post"' in page.content.decode()


@pytest.mark.django_db
def test_at_most_so_many_are_opened_and_the_page_says_so(monkeypatch: Any) -> None:
    world = make_world(2)
    world.signed()
    monkeypatch.setattr(note_search, "DECRYPTED_AT_MOST", 2)
    page = look(world.leader, words="sister")
    assert (
        "Looked through the newest 2 of 3 notes; narrow by date or group" in page.content.decode()
    )


@pytest.mark.django_db
def test_the_same_queries_for_one_and_three() -> None:
    world = make_world(2)
    world.signed()
    client = Client()
    client.force_login(world.leader)
    client.post(reverse("sessions:note-search"), {"words": "words"})
    counts = []
    for n in (1, 2):
        for more in range(n):
            session = make_session(world.series, DAY - timedelta(7 * (2 * n + more)))
            shared = {
                "program": world.program, "session": session, "author": world.leader,
                "signed_at": AFTER, "due_at": AFTER, "credential": "x", "digest": "0" * 64,
            }  # fmt: skip
            ProgressNote.objects.create(
                participant=world.people[0],
                status="present",
                minutes=50,
                own_words="words",
                **shared,
            )
            GroupNote.objects.create(
                started_at=AFTER, ended_at=AFTER, present=1, expected=1, what_was_done="words", **shared
            )  # fmt: skip
        with CaptureQueriesContext(connection) as seen:
            page = client.post(reverse("sessions:note-search"), {"words": "words"})
        assert page.context["search"].found == 2 * (1 if n == 1 else 3)
        counts.append(len(seen))
    # Session, person, roles; two choices of the form; which fit, the two kinds, what stands beside
    # them; the search and what was read.
    assert counts == [11, 11], [q["sql"][:90] for q in seen]
