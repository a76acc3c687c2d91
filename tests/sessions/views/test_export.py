"""A file of somebody's record: only with consent, only theirs, registered, nobody else in it."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from participants.actions.consents import end_consent, revoke_consent, take_consent
from participants.models import (
    CareTeamMembership,
    Consent,
    Disclosure,
    Goal,
    Participant,
    RecordPart,
)
from phpsupport.access.roles import Role
from phpsupport.lib.errors import Refused
from phpsupport.users.models import User
from sessions.actions.addenda import void_note
from sessions.actions.export import export_record
from sessions.actions.safety import close_concern, raise_concern, take_back
from sessions.models import EXPLAINED, Addendum, HandOver, HandOverPart, SafetyConcern, Status
from sessions.queries.nearby import LATELY
from sessions.record_file import SCHEMA, printed
from tests.factories import (
    enroll,
    make_goal,
    make_group,
    make_participant,
    make_program,
    make_series,
    make_staff,
)
from tests.sessions.worlds import AFTER, World, make_world

pytestmark = pytest.mark.django_db
PARTS = list(RecordPart.values)


@pytest.fixture(autouse=True)
def _that_tuesday() -> Iterator[None]:
    with time_machine.travel(AFTER, tick=False):
        yield


@pytest.fixture
def world() -> World:
    world = make_world(3)
    world.mark(Status.PRESENT, Status.LATE, Status.PRESENT)
    world.write("“I rang my sister.”", "“A good day.”")
    world.sign()
    return world


def lead(world: World) -> User:
    return make_staff(world.program, Role.PROGRAM_LEAD)


def consent(world: World, by: User, **more: Any) -> Consent:
    said: dict[str, Any] = {
        "recipient": "Dr. Vale", "covers": PARTS, "purpose": "Care", "signed_on": AFTER.date(),
        "expires_on": AFTER.date(),
    } | more  # fmt: skip
    return take_consent(participant=world.people[0], program=world.program, by=by, at=AFTER, **said)


def make(world: World, by: User, **more: Any) -> Any:
    asked: dict[str, Any] = {
        "key": uuid4(), "participant": world.people[0], "program": world.program,
        "parts": PARTS, "kind": "json", "at": AFTER,
    } | more  # fmt: skip
    return export_record(by=by, **asked)


def test_with_a_live_consent_it_is_made_and_registered(world: World) -> None:
    by = lead(world)
    given = consent(world, by)
    made = make(world, by, consent=given)
    record = json.loads(made.content)
    assert record["notes"][0]["own_words"] == "“I rang my sister.”"
    assert len(record["notes"][0]["signature"]["digest"]) == 64
    assert record["recipient"] == "Dr. Vale"
    assert record["notice"] == made.disclosure.notice != ""
    row = Disclosure.objects.get()
    assert (row.consent, row.recipient, row.purpose) == (given, "Dr. Vale", "Care")
    assert b"A good day" not in made.content


@pytest.mark.parametrize("fault", ["revoked", "ended", "expired", "covers", "another", "none"])
def test_without_a_consent_that_holds_and_covers_there_is_none(world: World, fault: str) -> None:
    by = lead(world)
    given: Consent | None = consent(
        world, by, covers=["attendance"] if fault == "covers" else PARTS, expires_when="the end"
    )
    at = AFTER
    if fault == "revoked":
        revoke_consent(consent=given, by=by, at=AFTER)  # type: ignore[arg-type]
    elif fault == "ended":
        end_consent(consent=given, by=by, at=AFTER)  # type: ignore[arg-type]
    elif fault == "expired":
        at = AFTER + timedelta(hours=13)  # 0:00 on the next day in New York
        make(world, by, consent=given, at=at - timedelta(minutes=1))
    elif fault == "another":
        Consent.objects.filter(pk=given.pk).update(participant=world.people[1])  # type: ignore[union-attr]
    elif fault == "none":
        given = None
    before = Disclosure.objects.count()
    with pytest.raises(Refused):
        make(world, by, consent=given, at=at)
    assert Disclosure.objects.count() == before


def test_a_safety_concern_stands_in_it_once_it_is_closed_with_what_was_done(world: World) -> None:
    by = lead(world)

    def raised(minutes: int) -> SafetyConcern:
        at = AFTER + timedelta(minutes=minutes)
        asked: dict[str, Any] = {"session": world.session, "participant": world.people[0]}
        return raise_concern(**asked, by=world.leader, at=at)

    def told() -> list[dict[str, Any]]:
        made = make(world, by, parts=["safety"], identity_attested=True)
        return json.loads(made.content)["safety"]  # type: ignore[no-any-return]

    mistake = raised(0)
    assert told() == []
    take_back(concern=mistake, by=world.leader, at=AFTER)
    assert told() == []
    acted_on = raised(11)
    assert told() == []
    close_concern(concern=acted_on, words="We talked.", by=by, at=AFTER + timedelta(minutes=12))
    assert "We talked." in [entry["words"] for entry in told()[0]["entries"]]
    assert len(told()) == 1


def test_a_program_that_the_person_has_left_gives_no_goals_named_after_it(world: World) -> None:
    by, person = lead(world), world.people[0]
    make_goal(person, by, words="See my sister")

    def told() -> list[str]:
        made = make(world, by, parts=["goals"], identity_attested=True)
        return [goal["words"] for goal in json.loads(made.content)["goals"]]

    assert told() == ["See my sister"]
    left = AFTER.date() - timedelta(days=1)
    Goal.objects.update(named_on=left)
    person.episodes.update(discharged_on=left)
    make_goal(person, by, words="Find a flat near the new place", named_on=AFTER.date())
    assert told() == ["See my sister"]
    own = make_staff(world.program, Role.PARTICIPANT)
    Participant.objects.filter(pk=person.pk).update(user=own)
    person.refresh_from_db()
    copy = make(world, own, parts=["goals"])
    assert len(json.loads(copy.content)["goals"]) == 2, "their own copy is whole"


def test_other_peoples_names_are_absent() -> None:
    world = make_world(3)
    world.mark(Status.PRESENT, Status.PRESENT, Status.PRESENT)
    world.write("“Bea Kowalski and Tuấn helped me.”")
    keys = {f"{world.people[0].pk}:{p.pk}": f"She asked {p.pk}." for p in world.people[1:]}
    world.sign(seen={None: 1, world.people[0].pk: 1}, explained=keys)
    assert Addendum.objects.filter().count() == 2
    made = make(world, lead(world), identity_attested=True)
    text = made.content.decode()
    for word in ("Bea", "Kowalski", "Tuấn", "She asked", EXPLAINED):
        assert word not in text
    record = json.loads(text)
    assert record["notes"][0]["own_words"] == "“[another person] and [another person] helped me.”"
    assert record["left_out"]["names_replaced"] == 2


def replaced(world: World, by: User, **more: Any) -> int:
    record = json.loads(make(world, by, identity_attested=True, **more).content)
    return int(record["left_out"]["names_replaced"])


@pytest.mark.parametrize(
    ("words", "many"),
    [
        ("Ines was here.", 0), ("Ines Abara was here.", 1), ("Olu was here.", 1), ("Bea was.", 1),
        ("Mira was here.", 1),
    ],
)  # fmt: skip
def test_who_is_looked_for_was_on_a_roster_of_these_days(words: str, many: int) -> None:
    """By the first name who had a place on the day or until lately, as before signing; by the full
    one who left the group long before."""
    world, day = make_world(3), AFTER.date()
    for name, last, until in (
        ("Ines", "Abara", day - LATELY - timedelta(days=1)),
        ("Mira", "Sandoval", day - LATELY),
        ("Olu", "Falana", day),
    ):
        person = make_participant(world.program, first_name=name, last_name=last)
        enroll(world.series, person, from_on=day - LATELY * 2, until_on=until)
    world.mark(Status.PRESENT, Status.PRESENT, Status.PRESENT)
    world.write(words)
    about = Participant.objects.filter(first_name=words.split()[0]).values_list("pk", flat=True)
    key = f"{world.people[0].pk}:{about[0]}"
    world.sign(seen={None: 1, world.people[0].pk: 1}, explained={key: "They asked for it."})
    assert replaced(world, lead(world)) == many


def test_what_belongs_to_no_session_is_looked_through_for_all_days(world: World) -> None:
    by = lead(world)
    make_goal(world.people[0], by, "To cook with Bea.")
    long_after = AFTER.date() + timedelta(days=60)
    parts = ["notes", "goals", "hand_over"]
    assert replaced(world, by, parts=parts, since=long_after) == 1
    series = make_series(make_program(), facilitator=world.facilitator)
    for run, words in ((world.series, "From here."), (series, "From elsewhere.")):
        told = HandOver.objects.create(
            program=run.program, series=run, author=world.leader, at=AFTER, words=""
        )
        HandOverPart.objects.create(hand_over=told, participant=world.people[0], words=words)
    made = make(world, by, identity_attested=True)
    assert [told["words"] for told in json.loads(made.content)["hand_over"]] == ["From here."]


def test_void_notes_are_left_out(world: World) -> None:
    note = world.people[0].progress_notes.get()
    void_note(note=note, reason="Wrong.", by=world.leader, at=AFTER)
    record = json.loads(make(world, lead(world), identity_attested=True).content)
    assert record["notes"] == []
    assert record["left_out"]["void_notes"] == 1


def test_sent_twice_is_one_file_and_later_none(world: World) -> None:
    by, key = lead(world), uuid4()
    for kind in ("pdf", "json"):
        key = uuid4()
        first = make(world, by, key=key, kind=kind, identity_attested=True)
        again = make(world, by, key=key, kind=kind, identity_attested=True, at=AFTER + timedelta(seconds=1))  # fmt: skip
        assert first.content == again.content
        with pytest.raises(Refused):
            make(world, by, key=key, kind=kind, identity_attested=True, at=AFTER + timedelta(hours=1))  # fmt: skip
    assert Disclosure.objects.count() == 2


def test_the_pdf_is_tagged(world: World) -> None:
    file = make(world, lead(world), kind="pdf", identity_attested=True).content
    assert file.startswith(b"%PDF-")
    assert b"pdfuaid" in file


def test_days_and_times_are_printed_in_words_at_the_site(world: World) -> None:
    by, late = lead(world), AFTER + timedelta(hours=11)  # 22:00, the next day in UTC
    make_goal(world.people[0], by, named_on=date(2026, 2, 2))
    world.people[0].date_of_birth = date(1990, 3, 4)
    world.people[0].save()
    given = consent(world, by)
    record = json.loads(make(world, by, consent=given, at=late, since=AFTER.date()).content)
    said = printed(record)
    assert said["made"]["at"] == "Tue 3 Mar 2026, 22:00"
    assert said["span"] == {"since": "Tue 3 Mar 2026", "until": None}
    assert said["consent"]["signed_on"] == "Tue 3 Mar 2026"
    assert said["consent"]["until"] == record["consent"]["until"]
    assert said["participant"]["date_of_birth"] == "4 Mar 1990"
    assert said["goals"][0]["named_on"] == "Mon 2 Feb 2026"
    assert said["notes"][0]["session"]["date"] == "Tue 3 Mar 2026"
    assert said["notes"][0]["signature"]["at"] == "Tue 3 Mar 2026, 11:00"
    assert said["notes"][0]["own_words"] == record["notes"][0]["own_words"]
    assert not re.search(r"\d{4}-\d\d-\d\d", json.dumps(said))
    assert record["made"]["at"] == "2026-03-04T03:00:00+00:00"


@pytest.mark.parametrize(
    ("who", "may"),
    [
        ("lead", True), ("privacy", True), ("treats", True), ("oneself", True), ("clinician", False),
        ("leader", False), ("supervisor", False), ("scheduler", False), ("other_lead", False),
    ],
)  # fmt: skip
def test_who_may(world: World, who: str, may: bool) -> None:
    if who == "treats":
        by = make_staff(world.program, Role.CLINICIAN)
        CareTeamMembership.objects.create(
            episode=world.people[0].episodes.get(), user=by, from_on=date(2026, 1, 5)
        )
    elif who == "oneself":
        by = make_staff(world.program, Role.PARTICIPANT)
        world.people[0].user = by
        world.people[0].save()
    else:
        by = {
            "lead": lambda: lead(world),
            "privacy": lambda: make_staff(world.program, Role.PRIVACY_OFFICER),
            "clinician": lambda: make_staff(world.program, Role.CLINICIAN),
            "leader": lambda: world.leader,
            "supervisor": lambda: world.supervisor,
            "scheduler": lambda: make_staff(world.program, Role.SCHEDULER),
            "other_lead": lambda: make_staff(make_program(), Role.PROGRAM_LEAD),
        }[who]()
    if may:
        make(world, by, identity_attested=who != "oneself")
    else:
        with pytest.raises(Refused):
            make(world, by, identity_attested=True)


def test_a_sealed_chart_is_for_the_privacy_officer(world: World) -> None:
    by = lead(world)
    world.people[0].sealed_at = AFTER
    world.people[0].save()
    with pytest.raises(Refused):
        make(world, by, identity_attested=True)
    make(world, make_staff(world.program, Role.PRIVACY_OFFICER), identity_attested=True)


def test_the_page_previews_and_makes_the_file(world: World) -> None:
    by = lead(world)
    client = Client()
    client.force_login(by)
    url = reverse("sessions:record-export", args=[world.people[0].pk])
    assert "There is no live consent" in client.get(url).content.decode()
    given = consent(world, by)
    asked = {"whom": str(given.pk), "parts": ["notes"], "kind": "json"}
    page = client.get(url, asked)
    assert page.context["preview"]["contents"].counts() == {"notes": 1}
    assert "sister" not in page.content.decode()
    file = client.post(url, asked | {"key": str(page.context["preview"]["key"])})
    assert file["Content-Disposition"] == 'attachment; filename="record-2026-03-03.json"'
    assert json.loads(file.content)["parts"] == ["notes"]
    revoke_consent(consent=given, by=by, at=AFTER)
    refused = client.post(url, asked | {"key": str(uuid4())})
    assert refused["Content-Type"].startswith("text/html")
    assert Disclosure.objects.count() == 1


@pytest.mark.parametrize("preview", [False, True])
def test_the_page_makes_the_same_queries_for_one_and_three(preview: bool) -> None:
    """One or three consents, sessions and notes of them, concerns, goals, hand-overs, people."""
    world = make_world(2)
    by, counts = lead(world), []
    client = Client()
    client.force_login(by)
    url = reverse("sessions:record-export", args=[world.people[0].pk])
    for n in range(3):
        if n:
            other = make_world(
                2, program=world.program, group=make_group(world.program),
                starts=time(7 + n), ends=time(7 + n, 50),
            )  # fmt: skip
            person = make_participant(world.program, first_name=f"Ada{n}", last_name="Oduya")
            enroll(other.series, world.people[0])
            enroll(other.series, person)
            world = replace(other, people=[world.people[0], person])
        world.signed()
        raised = raise_concern(
            session=world.session, participant=world.people[0], by=world.leader, at=AFTER
        )
        close_concern(concern=raised, words="We talked.", by=by, at=AFTER)
        make_goal(world.people[0], by)
        told = HandOver.objects.create(
            program=world.program, series=world.series, author=world.leader, at=AFTER, words=""
        )
        HandOverPart.objects.create(hand_over=told, participant=world.people[0], words="Tea.")
        given = consent(world, by, recipient=f"Clinic {n}")
        if n == 1:
            continue
        asked = {"whom": str(given.pk), "parts": PARTS, "kind": "pdf"} if preview else {}
        client.get(url)
        with CaptureQueriesContext(connection) as seen:
            page = client.get(url, asked)
        assert len(page.context["live"]) == n + 1
        if preview:
            assert page.context["preview"]["contents"].counts() == dict.fromkeys(PARTS, n + 1)
        counts.append(len(seen))
    # Session, person, roles; whose record, the trail, the consents; for the preview also their
    # sessions, who may be named, and one for each part and for what stands beside the notes.
    assert counts == ([14, 14] if preview else [6, 6]), [q["sql"][:90] for q in seen]


def test_strangers_find_no_page(world: World) -> None:
    url = reverse("sessions:record-export", args=[world.people[0].pk])
    for by, status in (
        (make_staff(make_program(), Role.PROGRAM_LEAD), 404),
        (make_staff(world.program, Role.CLINICIAN), 403),  # not on the care team
        (make_staff(world.program, Role.SCHEDULER), 403),
        (make_staff(world.program, Role.PARTICIPANT), 404),
    ):
        client = Client()
        client.force_login(by)
        assert client.get(url).status_code == status
    assert "/accounts/login/" in Client().get(url)["Location"]


def faults(value: Any, schema: dict[str, Any], where: str = "record") -> list[str]:
    """Where a value is not as the schema says; the words of JSON Schema that ours uses."""
    if "anyOf" in schema:
        told = [faults(value, one, where) for one in schema["anyOf"]]
        return [] if any(not one for one in told) else told[0]
    if "const" in schema or "enum" in schema:
        allowed = schema.get("enum", [schema.get("const")])
        return [] if value in allowed else [f"{where}: {value!r}"]
    kinds = {
        "object": dict, "array": list, "string": str, "integer": int, "boolean": bool,
        "null": type(None),
    }  # fmt: skip
    if type(value) is not kinds[schema["type"]]:
        return [f"{where}: {value!r} is no {schema['type']}"]
    found = []
    if isinstance(value, dict):
        found += [f"{where}: no {key}" for key in schema["required"] if key not in value]
        found += [f"{where}: {key} unknown" for key in value if key not in schema["properties"]]
        for key, inner in value.items():
            found += faults(
                inner, schema["properties"].get(key, {"enum": [inner]}), f"{where}.{key}"
            )
    elif isinstance(value, list):
        for inner in value:
            found += faults(inner, schema["items"], f"{where}[]")
    elif "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{where}: {value!r}")
    return found


@pytest.mark.parametrize("with_consent", [True, False])
def test_the_structured_file_is_of_the_documented_shape(world: World, with_consent: bool) -> None:
    by = lead(world)
    Goal.objects.create(
        participant=world.people[0], words="Sleep.", named_on=AFTER.date(), state_on=AFTER.date(),
        written_by=by,
    )  # fmt: skip
    given = consent(world, by) if with_consent else None
    made = make(world, by, consent=given, identity_attested=True)
    schema = json.loads(SCHEMA.read_text())
    record = json.loads(made.content)
    assert faults(record, schema) == []
    assert faults(record | {"more": 1}, schema) == ["record: more unknown"]
    assert faults(record | {"version": 2}, schema) == ["record.version: 2"]
