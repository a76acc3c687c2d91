"""Handing a series over: who writes it, who reads what of it, and nobody else's name in it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.lib.errors import Refused
from phpsupport.users.models import User
from sessions.actions.handing_over import write_hand_over
from sessions.models import GroupSeries, HandOver, HandOverPart, SeriesFacilitator
from sessions.queries.handing_over import handing
from sessions.queries.leavers import missing
from tests.factories import enroll, make_facilitator, make_participant, make_session, make_staff
from tests.sessions.worlds import AFTER, DAY, World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _that_tuesday() -> Iterator[None]:
    with time_machine.travel(AFTER, tick=False):
        yield


def hand_over(world: World, words: str = "They like to open with a round.", **parts: str):
    said = {world.people[int(key[1:])].pk: text for key, text in parts.items()}
    return write_hand_over(series=world.series, words=words, parts=said, by=world.leader, at=AFTER)


def follows(world: World, *, days: int) -> User:
    """Somebody leads the series in `days` days; who led it until now does no more."""
    world.series.assignments.all().delete()
    next_one = make_facilitator(world.program, first_name="Ana")
    SeriesFacilitator.objects.create(
        series=world.series, facilitator=next_one, from_on=DAY + timedelta(days=days)
    )
    return next_one.user


def test_it_is_written_once_and_the_same_words_twice_are_one() -> None:
    world = make_world()
    first = hand_over(world, p0="Likes to be asked twice.")
    assert hand_over(world, p0="Likes to be asked twice.") == first
    assert [part.words for part in first.parts.all()] == ["Likes to be asked twice."]


@pytest.mark.parametrize(
    ("words", "part", "field"),
    [
        ("Marisol keeps the round going.", "", "words"),
        ("All well.", "She gets on with Bea.", "part"),
        ("All well.", "She gets on with Kowalsky.", "part"),  # likely misspelled
        ("Renata Okafor visited.", "", "words"),  # in the program, not on the roster
        ("All well.", "She misses Olu.", "part"),  # left lately
    ],
)
def test_nobody_else_is_named(words: str, part: str, field: str) -> None:
    world = make_world()
    make_participant(world.program, first_name="Renata", last_name="Okafor")
    gone = make_participant(world.program, first_name="Olu", last_name="Falana")
    enroll(world.series, gone, until_on=DAY - timedelta(days=30))
    with pytest.raises(Refused) as no:
        hand_over(world, words, p0=part)
    assert no.value.code == "named"
    assert no.value.field == ("words" if field == "words" else f"p-{world.people[0].pk}")
    assert not HandOver.objects.exists()


def test_only_people_on_the_roster_have_a_part() -> None:
    world = make_world()
    stranger = make_participant(world.program)
    with pytest.raises(Refused):
        write_hand_over(
            series=world.series, words="Well.", parts={stranger.pk: "x"}, by=world.leader, at=AFTER
        )


def test_strangers_do_not_write_it_and_who_led_lately_does() -> None:
    world = make_world()
    with pytest.raises(Refused):
        write_hand_over(
            series=world.series, words="Well.", parts={},
            by=make_facilitator(world.program).user, at=AFTER,
        )  # fmt: skip
    follows(world, days=1)
    world.leader.__dict__.pop("_scope", None)
    assert [x.group for x in handing(user=world.leader, program=world.program, at=AFTER).to_write]
    hand_over(world)
    assert not handing(user=world.leader, program=world.program, at=AFTER).to_write
    with pytest.raises(Refused):
        write_hand_over(
            series=world.series, words="Late.", parts={}, by=world.leader,
            at=AFTER + timedelta(days=15),
        )  # fmt: skip


def asked(world: World, at: datetime = AFTER) -> list[tuple[str, bool]]:
    world.leader.__dict__.pop("_scope", None)
    return [(x.words, x.overdue) for x in handing(user=world.leader, program=world.program, at=at).to_write]  # fmt: skip


def stops(world: World) -> None:
    """The leader was taken off the series and nobody follows; one session was theirs to the end."""
    world.series.assignments.all().delete()


def test_who_stops_without_a_successor_is_asked_too() -> None:
    world = make_world()
    assert asked(world) == []
    stops(world)
    ((words, overdue),) = asked(world)
    assert words.startswith("Nobody leads it next yet.")
    assert not overdue
    assert asked(world, AFTER + timedelta(days=1))[0][1]
    GroupSeries.objects.update(until_on=DAY)
    assert asked(world) == []  # what is over needs no hand-over


def test_nobody_is_asked_months_before_they_stop() -> None:
    world = make_world()
    make_session(world.series, DAY + timedelta(days=21))
    stops(world)
    assert asked(world) == []
    assert asked(world, AFTER + timedelta(days=7)) != []


def test_whose_role_ends_is_asked_while_they_can_still_write() -> None:
    world = make_world()
    world.leader.role_assignments.update(ends_on=DAY + timedelta(days=3))
    make_session(world.series, DAY + timedelta(days=7))  # after their last day
    ((words, overdue),) = asked(world)
    assert words.startswith("Nobody leads it next yet.")
    assert not overdue
    assert missing(user=world.supervisor, program=world.program, at=AFTER) == []
    (gone,) = missing(user=world.supervisor, program=world.program, at=AFTER + timedelta(days=9))
    assert gone.last == world.session.ends_at


def test_it_is_no_longer_asked_once_nothing_was_to_hand_over() -> None:
    world = make_world()
    stops(world)
    client = Client()
    client.force_login(world.leader)
    day, url = (
        reverse("sessions:my-day"),
        reverse("sessions:hand-over-write", args=[world.series.pk]),
    )
    page = client.get(day).content.decode()
    assert "Hand over Morning Check-in" in page
    assert " to finish" in page
    refused = client.post(url, {"words": "Well.", "nothing": "1"})
    assert refused.status_code == 422
    assert not HandOver.objects.exists()
    assert client.post(url, {"nothing": "1"}).status_code == 302
    assert asked(world) == []
    assert "Hand over Morning Check-in" not in client.get(day).content.decode()
    assert client.post(url, {"nothing": "1"}).status_code == 302
    made = HandOver.objects.get()
    assert made.words == ""
    next_one = follows(world, days=1)
    assert handing(user=next_one, program=world.program, at=AFTER).to_read == []


def test_what_nobody_wrote_stands_with_who_answers_for_it() -> None:
    world = make_world()
    stops(world)
    client = Client()
    client.force_login(world.supervisor)
    board = reverse("facilitators:board")
    url = reverse("sessions:hand-over-missing", args=[world.series.pk])
    title, line = (
        "Morning Check-in was not handed over",
        f"{world.leader.name} led it until Tue 3 Mar",
    )
    assert title not in client.get(board).content.decode()  # the day is not over
    with time_machine.travel(AFTER + timedelta(days=1), tick=False):
        client.force_login(world.supervisor)
        body = client.get(board).content.decode()
        assert title in body
        assert line in body
        assert line in client.get(url).content.decode()
        for _ in range(2):
            assert client.post(url).status_code == 302
        assert HandOver.objects.get().author == world.supervisor
        assert title not in client.get(board).content.decode()
        assert asked(world) == []
        client.force_login(make_staff(world.program, Role.SUPERVISOR))
        assert client.post(url).status_code == 403


def test_who_co_facilitated_hands_over_for_themselves(django_assert_num_queries: Any) -> None:
    world = make_world()
    other = make_facilitator(world.program, supervisor=world.supervisor, first_name="Ana")
    SeriesFacilitator.objects.create(series=world.series, facilitator=other)
    world.session.assignments.create(
        facilitator=other, person=other.user, part="co",
        starts_at=world.session.starts_at, ends_at=world.session.ends_at,
    )  # fmt: skip
    stops(world)
    hand_over(world)
    assert [x.group for x in handing(user=other.user, program=world.program, at=AFTER).to_write]
    later, lead = AFTER + timedelta(days=1), make_staff(world.program, Role.PROGRAM_LEAD)
    scope_of(world.supervisor)  # read once for a page
    with django_assert_num_queries(2):
        (left,) = missing(user=world.supervisor, program=world.program, at=later)
    assert left.person_id == other.user_id
    assert missing(user=lead, program=world.program, at=later) == [left]


@pytest.mark.parametrize(("days", "sees"), [(0, True), (14, True), (15, False)])
def test_the_next_one_reads_it_from_two_weeks_before(days: int, sees: bool) -> None:
    world = make_world()
    made = hand_over(world, p0="Likes to be asked twice.")
    user = follows(world, days=days)
    assert HandOver.objects.visible_to(user).exists() is sees
    assert HandOverPart.objects.visible_to(user).exists() is sees
    client = Client()
    client.force_login(user)
    answer = client.get(reverse("sessions:handed-over", args=[made.pk]))
    assert answer.status_code == (200 if sees else 404)
    assert ("Likes to be asked twice." in answer.content.decode()) is sees
    day = client.get(reverse("sessions:my-day")).content.decode()
    assert ("Dana" in day and "hands over to you" in day) is sees


def test_who_covers_one_session_reads_only_the_nameless_part() -> None:
    world = make_world()
    hand_over(world, p0="Likes to be asked twice.")
    stands_in = make_facilitator(world.program)
    world.session.assignments.create(
        facilitator=stands_in, person=stands_in.user, part="co",
        starts_at=AFTER + timedelta(days=1), ends_at=AFTER + timedelta(days=1, hours=1),
    )  # fmt: skip
    assert HandOver.objects.visible_to(stands_in.user).exists()
    assert not HandOverPart.objects.visible_to(stands_in.user).exists()


def test_a_part_of_somebody_gone_is_not_the_next_ones() -> None:
    world = make_world()
    hand_over(world, p0="Likes to be asked twice.", p1="Likes tea.")
    world.series.enrollments.filter(participant=world.people[0]).update(
        until_on=DAY - timedelta(days=3)
    )
    seen = HandOverPart.objects.visible_to(follows(world, days=0))
    assert [part.words for part in seen] == ["Likes tea."]
    assert HandOverPart.objects.visible_to(world.leader).count() == 2
    assert HandOverPart.objects.visible_to(world.supervisor).count() == 2


def test_a_participant_reads_their_own_part() -> None:
    world = make_world()
    hand_over(world, p0="Likes to be asked twice.", p1="Likes tea.")
    me = make_staff(world.program, Role.PARTICIPANT)
    world.people[0].user = me
    world.people[0].save()
    assert [p.words for p in HandOverPart.objects.visible_to(me)] == ["Likes to be asked twice."]
    assert not HandOver.objects.visible_to(me).exists()
    client = Client()
    client.force_login(me)
    body = client.get(reverse("sessions:participant-record", args=[world.people[0].pk]))
    assert "Likes to be asked twice." in body.content.decode()
    assert "Likes tea." not in body.content.decode()


def test_a_name_is_taken_out_or_explained() -> None:
    world = make_world()
    client = Client()
    client.force_login(world.leader)
    url = reverse("sessions:hand-over-write", args=[world.series.pk])
    first, _, bea = world.people
    typed = {"words": "All is fine, says Dana.", f"p-{first.pk}": "Her sister is called Bea."}
    answer = client.post(url, typed)
    body = answer.content.decode()
    assert answer.status_code == 422
    assert "Her sister is called Bea." in body
    assert "“Bea” may be Bea K. Why does it stay?" in body
    assert "Take the name out above, or say why it stays." in body
    assert not HandOver.objects.exists()
    reason = {f"explain-{first.pk}-{bea.pk}": "It is her sister’s name"}
    assert client.post(url, typed | reason).status_code == 302
    made = HandOver.objects.get()
    # Beside the name, so that who reads about the group alone does not read it.
    assert made.words == "All is fine, says Dana."
    why = "Her sister is called Bea.\n\nWhy another name stands here: It is her sister’s name."
    assert [part.words for part in made.parts.all()] == [why]
    assert client.post(url, typed | reason).status_code == 302
    assert HandOver.objects.count() == 1


def test_a_reason_about_the_group_names_nobody() -> None:
    world = make_world()
    first, _, bea = world.people
    named = f"{first.first_name} {first.last_name} chose it."
    written = {
        "series": world.series, "words": "We sang “Bea”.", "parts": {}, "by": world.leader,
        "at": AFTER,
    }  # fmt: skip
    with pytest.raises(Refused, match="without naming anybody"):
        write_hand_over(explained={f"group:{bea.pk}": named}, **written)
    made = write_hand_over(explained={f"group:{bea.pk}": "“Bea” is a song."}, **written)
    assert made.words == "We sang “Bea”.\n\nWhy another name stands here: “Bea” is a song."
