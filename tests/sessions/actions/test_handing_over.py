"""Handing a series over: who writes it, who reads what of it, and nobody else's name in it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from phpsupport.access.roles import Role
from phpsupport.lib.errors import Refused
from phpsupport.users.models import User
from sessions.actions.handing_over import write_hand_over
from sessions.models import HandOver, HandOverPart, SeriesFacilitator
from sessions.queries.handing_over import handing
from tests.factories import make_facilitator, make_participant, make_staff
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
    ],
)
def test_nobody_else_is_named(words: str, part: str, field: str) -> None:
    world = make_world()
    make_participant(world.program, first_name="Renata", last_name="Okafor")
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
    # Who hands over and who receives read why; the participant reads their own part alone.
    assert made.words.endswith("\n\nWhy another name stands here: It is her sister’s name.")
    assert [part.words for part in made.parts.all()] == ["Her sister is called Bea."]
    assert client.post(url, typed | reason).status_code == 302
    assert HandOver.objects.count() == 1
