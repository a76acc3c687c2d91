"""The page on which notes are checked and signed: what was found stands at its place."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from sessions.actions.drafts import Typed, save_drafts
from sessions.actions.signing import sign_notes
from sessions.models import Addendum, GroupNote, ProgressNote, Status
from sessions.queries.nearby import LATELY
from tests.factories import PASSWORD, enroll, make_participant, make_session
from tests.sessions.views.test_facilitator import page, sign_data, signed_in
from tests.sessions.worlds import AFTER, DAY, World, make_world

pytestmark = pytest.mark.django_db


def written(*words: str, group: str = "We opened with a round.", people: int = 3, **more: Any) -> tuple[World, Client]:  # fmt: skip
    world = make_world(people, **more)
    world.mark(*[Status.PRESENT] * people)
    world.write(*words, group=group)
    return world, signed_in(world.leader)


def body_of(client: Client, world: World) -> str:
    return client.get(page(world, "note-sign")).content.decode()


def checked(client: Client, world: World) -> Any:
    return client.get(page(world, "note-sign")).context["check"]


def test_a_name_stands_marked_in_its_text_with_a_way_to_the_very_field() -> None:
    world, client = written("Sat with Tuan.", "Fine.", "Well.")
    body = body_of(client, world)
    assert '<mark class="found name">Tuan<span class="visually-hidden"> (may be Tuấn N.)' in body
    part = world.people[0].pk
    assert f'href="{page(world, "note")}#id_p-{part}-own_words">Take it out</a>' in body
    assert 'id="name-1"' in body
    assert 'form="signature"' in body
    assert "1 name to settle" in body


def test_a_name_in_the_second_field_leads_to_that_field() -> None:
    world, client = written("Fine.")
    save_drafts(
        session=world.session, by=world.leader, at=AFTER,
        parts={world.people[1].pk: Typed({"own_words": "Good.", "follow_up": "Call Marisol."})},
    )  # fmt: skip
    (settle,) = [one for part in checked(client, world).parts for one in part.names]
    assert settle.url.endswith(f"#id_p-{world.people[1].pk}-follow_up")


def test_nothing_found_is_said_too() -> None:
    world, client = written("Fine.", "Good.", "Well.")
    assert "no names of others found" in body_of(client, world)


@pytest.mark.parametrize("explanation", ["", "   "])
def test_a_name_without_a_reason_holds_the_signature_up(explanation: str) -> None:
    world, client = written("Sat with Tuan.", "Fine.", "Well.")
    name = f"explain-{world.people[0].pk}-{world.people[1].pk}"
    answer = client.post(page(world, "note-sign"), sign_data(client, world, **{name: explanation}))
    assert answer.status_code == 422
    body = answer.content.decode()
    assert "Take the name out, or say why it stays." in body
    assert PASSWORD not in body  # the secret is never filled in again
    assert not GroupNote.objects.exists()


def test_a_reason_is_kept_when_something_else_is_wrong() -> None:
    world, client = written("Sat with Tuan.", "Fine.", "Well.")
    name = f"explain-{world.people[0].pk}-{world.people[1].pk}"
    answer = client.post(
        page(world, "note-sign"), sign_data(client, world, secret="wrong", **{name: "A brother."})
    )
    assert 'value="A brother."' in answer.content.decode()


def test_two_names_in_two_parts_have_a_reason_each() -> None:
    world, client = written("Sat with Tuan.", "Sat with Bea.", "Well.")
    first, second, third = (person.pk for person in world.people)
    reasons = {f"explain-{first}-{second}": "A brother.", f"explain-{second}-{third}": "A niece."}
    assert client.post(page(world, "note-sign"), sign_data(client, world, **reasons)).status_code == 302  # fmt: skip
    by_part = {a.progress_note.participant_id: a.words for a in Addendum.objects.all()}
    assert by_part == {first: "A brother.", second: "A niece."}


def test_a_word_that_may_name_two_people_is_one_line_and_has_one_reason() -> None:
    world, client = written("Sat with Tony.", "Fine.", "Well.", people=4)
    for person, first in zip(world.people[2:], ("Anthony", "Tony"), strict=True):
        person.first_name = first
        person.save()
    body = body_of(client, world)
    line = "“Tony” may be Tony Q. or a short name of Anthony K."
    assert body.count(line) == 1
    assert "1 name to settle" in body
    # A reason that was given for one of them alone does not settle the other.
    one = {f"explain-{world.people[0].pk}-{world.people[3].pk}": "Her son."}
    assert client.post(page(world, "note-sign"), sign_data(client, world, **one)).status_code == 422
    both = "-".join(sorted(str(person.pk) for person in world.people[2:]))
    reason = {f"explain-{world.people[0].pk}-{both}": "Her son."}
    assert client.post(page(world, "note-sign"), sign_data(client, world, **reason)).status_code == 302  # fmt: skip
    assert [addendum.words for addendum in Addendum.objects.all()] == ["Her son."]


def test_what_somebody_is_also_called_is_looked_for() -> None:
    world, client = written("Sat with Smiley.", "Fine.", "Well.")
    world.people[2].also_called = "T-Bone, Smiley"
    world.people[2].save()
    assert [f.found for f in checked(client, world).findings] == ["Smiley"]


def test_others_in_the_program_are_looked_for_by_their_full_name() -> None:
    world, client = written("Talked about Renata Okafor and about Renata.", "Fine.", "Well.")
    assert checked(client, world).findings == []
    other = make_participant(world.program, first_name="Renata", last_name="Okafor")
    (finding,) = checked(client, world).findings
    assert (finding.about, finding.found) == (other.pk, "Renata Okafor")
    refused = client.post(page(world, "note-sign"), sign_data(client, world))
    assert refused.status_code == 422
    # People speak of who left for a while; after that nobody is looked for who was never there.
    other.episodes.update(admitted_on=DAY - LATELY * 2, discharged_on=DAY - LATELY)
    assert [f.about for f in checked(client, world).findings] == [other.pk]
    other.episodes.update(discharged_on=DAY - LATELY - timedelta(days=1))
    assert checked(client, world).findings == []


def test_who_left_the_group_lately_is_looked_for_by_all_names() -> None:
    world, client = written("Talked about Renata and her plans.", "Fine.", "Well.")
    gone = make_participant(world.program, first_name="Renata", last_name="Okafor")
    place = enroll(world.series, gone, from_on=DAY - LATELY, until_on=DAY - timedelta(days=7))
    (finding,) = checked(client, world).findings
    assert (finding.about, finding.found) == (gone.pk, "Renata")
    refused = client.post(page(world, "note-sign"), sign_data(client, world))
    assert refused.status_code == 422
    type(place).objects.filter(pk=place.pk).update(
        from_on=DAY - LATELY * 2, until_on=DAY - LATELY - timedelta(days=1)
    )
    assert checked(client, world).findings == []


def test_who_joins_the_roster_after_the_page_was_read_is_looked_for_at_signing() -> None:
    world, client = written("Sat with Renata Okafor.", "Fine.", "Well.")
    data = sign_data(client, world)
    make_participant(world.program, first_name="Renata", last_name="Okafor")
    answer = client.post(page(world, "note-sign"), data)
    assert answer.status_code == 422
    assert "“Renata Okafor” may be Renata O." in answer.content.decode()
    assert not ProgressNote.objects.exists()


def test_who_leads_the_session_may_be_named() -> None:
    world, client = written("Dana offered to call.", "Fine.", "Well.")
    type(world.people[2]).objects.filter(pk=world.people[2].pk).update(first_name="Diana")
    assert checked(client, world).findings == []


def test_judging_words_are_marked_and_hold_nothing_up() -> None:
    world, client = written("Was non-compliant today.", "“I am an addict.”", "Well.")
    body = body_of(client, world)
    assert '<mark class="found hint">non-compliant' in body
    assert "chose not to" in body
    assert "addict</mark>" not in body
    assert client.post(page(world, "note-sign"), sign_data(client, world)).status_code == 302


LONG = (
    "Took part from the start and shared how the first week at home went, with three good things."
)


def test_parts_that_read_alike_name_each_other_and_hold_nothing_up() -> None:
    world, client = written(LONG, LONG, "Well.")
    body = body_of(client, world)
    assert "Reads 100 % like the part of Tuấn N." in body
    assert "Reads 100 % like the part of Marisol R." in body
    assert f'href="#check-p-{world.people[0].pk}"' in body
    assert client.post(page(world, "note-sign"), sign_data(client, world)).status_code == 302


def test_what_is_copied_from_the_last_note_is_said_with_its_day() -> None:
    world, _ = written(LONG, "Good.", "Well.")
    world.sign()
    world.session = make_session(world.series, DAY + timedelta(days=7))
    later = AFTER + timedelta(days=7)
    world.mark(Status.PRESENT, at=later)
    world.write(f"{LONG} Today.", group="", at=later)
    with time_machine.travel(later, tick=False):
        (part,) = checked(signed_in(world.leader), world).parts
    ((sentence, address),) = part.alike
    assert sentence.endswith("like their note of Tue 3 Mar.")
    assert address == ""


def test_what_misses_is_one_list_with_a_way_to_each() -> None:
    world = make_world(4)
    world.mark(Status.PRESENT, Status.PRESENT)
    world.write("Fine.", group="")
    client = signed_in(world.leader)
    missing = {m.title: m.url for m in checked(client, world).missing}
    assert missing == {
        "Not everybody is marked.": page(world, "attendance"),
        "The group note is not written yet.": f"{page(world, 'note')}#group",
        "Nothing is written about Tuấn N. yet.": f"{page(world, 'note')}#p-{world.people[1].pk}",
    }


def test_what_stops_a_signature_is_said_as_such() -> None:
    world, client = written("Fine.", "Good.", "Well.", group="")
    save_drafts(
        session=world.session, by=world.leader, at=AFTER, parts={None: Typed({"topic": "Sleep"})}
    )
    (stops,) = [m for m in checked(client, world).missing if m.stops]
    assert stops.title == "Write what the group did."
    assert stops.url.endswith("#id_group-what_was_done")


def test_attendance_that_changes_after_reading_is_read_again() -> None:
    world, client = written("Fine.", "Good.", "Well.")
    data = sign_data(client, world)
    world.mark(Status.PRESENT, Status.LATE, Status.PRESENT, at=AFTER)
    answer = client.post(page(world, "note-sign"), data)
    assert answer.status_code == 409
    assert "changed since you opened this page" in answer.content.decode()
    assert not GroupNote.objects.exists()
    again = {"seen": answer.context["seen"], "attest": "on", "secret": PASSWORD}
    assert client.post(page(world, "note-sign"), data | again).status_code == 302


# --- reasons that were typed ------------------------------------------------------------------------------
def explained() -> tuple[World, Client, dict[str, str]]:
    """Three names to settle, and the page filled in."""
    world, client = written("Sat with Tuan.", "Sat with Bea.", "Sat with Marisol.")
    first, second, third = (person.pk for person in world.people)
    reasons = {
        f"explain-{first}-{second}": "A brother.",
        f"explain-{second}-{third}": "A niece.",
        f"explain-{third}-{first}": "A neighbor.",
    }
    return world, client, sign_data(client, world, started="10:05", **reasons) | reasons


def colleague_writes(world: World, number: int, words: str) -> None:
    save_drafts(
        session=world.session, by=world.leader, at=AFTER,
        parts={world.people[number].pk: Typed({"own_words": words}, 1)},
    )  # fmt: skip


@pytest.mark.parametrize("more", [{}, {"secret": "wrong"}, {"attest": ""}])
def test_reasons_stay_where_the_notes_changed_meanwhile(more: dict[str, str]) -> None:
    world, client, data = explained()
    colleague_writes(world, 1, "Sat with Bea, and laughed.")
    answer = client.post(page(world, "note-sign"), data | more)
    body = answer.content.decode()
    assert answer.status_code == 409
    assert "changed since you opened this page" in body
    assert "and laughed" in body
    for reason in ("A brother.", "A niece.", "A neighbor.", "10:05"):
        assert f'value="{reason}"' in body
    # It is read, ticked and signed anew.
    form = answer.context["form"]
    assert not form["attest"].value()
    assert PASSWORD not in body
    assert not GroupNote.objects.exists()
    again = data | {"seen": answer.context["seen"]}
    assert client.post(page(world, "note-sign"), again).status_code == 302
    assert {a.words for a in Addendum.objects.all()} == {"A brother.", "A niece.", "A neighbor."}


def test_a_name_that_came_meanwhile_is_asked_for_beside_the_reasons_that_stay() -> None:
    world, client, data = explained()
    colleague_writes(world, 1, "Sat with Bea and Marisol.")
    answer = client.post(page(world, "note-sign"), data)
    body = answer.content.decode()
    assert answer.status_code == 409
    assert 'value="A niece."' in body
    assert "4 names to settle" in body


def test_reasons_stay_where_a_colleague_signed_one_part() -> None:
    world, client, data = explained()
    first, second = world.people[0].pk, world.people[1].pk
    sign_notes(
        session=world.session, seen={first: 1}, by=world.leader, at=AFTER,
        explained={f"{first}:{second}": "Her own reason."},
    )  # fmt: skip
    answer = client.post(page(world, "note-sign"), data)
    assert answer.status_code == 409
    assert 'value="A niece."' in answer.content.decode()
    again = data | {"seen": answer.context["seen"]}
    assert client.post(page(world, "note-sign"), again).status_code == 302
    assert ProgressNote.objects.count() == 3


def test_a_page_that_is_none_of_ours_loses_no_reason() -> None:
    world, client, data = explained()
    answer = client.post(page(world, "note-sign"), data | {"seen": "forged"})
    assert answer.status_code == 409
    assert 'value="A brother."' in answer.content.decode()
    assert not GroupNote.objects.exists()


def test_markup_in_a_text_stays_text() -> None:
    world, client = written("<b>Tuan</b> & <script>x</script>", "Fine.", "Well.")
    body = body_of(client, world)
    assert "&lt;b&gt;<mark" in body
    assert "<script>x" not in body


def test_nothing_to_sign_says_how_to_begin() -> None:
    world = make_world(1)
    body = body_of(signed_in(world.leader), world)
    assert "Nothing to sign yet" in body
    assert reverse("sessions:note", args=[world.session.pk]) in body
